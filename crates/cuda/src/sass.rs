//! Which instructions a compiled entry consists of, read from its machine code.
//!
//! A source that asks for 128-bit accesses gets narrower ones where the compiler cannot rely on the
//! alignment, and its results stay right; only the code tells.
//!
//! The encoding is not documented. What is used of it here was held against disassemblies for sm_90, and for
//! sm_80 to sm_120 against small kernels with and without each instruction: an instruction is 16 bytes,
//! little-endian; its lowest 9 bits say what it does, the next three which forms its operands have, and
//! bits 73 to 75 how wide a plain load or store is. Older devices than sm_70 have another encoding.

use robocache_registry::{Instruction, VariantInfo};
use std::collections::BTreeMap;

/// How often the code of an entry contains each kind of instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instructions {
    /// The entry's symbol.
    pub entry: String,
    counts: BTreeMap<Instruction, usize>,
}

impl Instructions {
    /// Counts the instructions of an entry in a cubin for sm_70 or later.
    ///
    /// # Errors
    /// In words, why these bytes are no cubin, or that it lacks the entry.
    pub fn read(cubin: &[u8], entry: &str) -> Result<Instructions, String> {
        if !cubin.starts_with(ELF64) || number(cubin, MACHINE, 2) != Some(CUDA) {
            return Err("expected a cubin, an ELF file for CUDA; found other bytes".into());
        }
        let code = section(cubin, &format!(".text.{entry}"));
        let code = code.ok_or("the cubin is cut short or damaged")?;
        let code = code.ok_or_else(|| format!("the cubin has no entry {entry}"))?;
        let (instructions, rest) = code.as_chunks::<16>();
        if instructions.is_empty() || !rest.is_empty() {
            return Err(format!(
                "the code of {entry} has {} bytes, expected 16 for each instruction",
                code.len()
            ));
        }
        let mut counts = BTreeMap::new();
        for bytes in instructions {
            if let Some(kind) = kind_of(u128::from_le_bytes(*bytes)) {
                *counts.entry(kind).or_default() += 1;
            }
        }
        Ok(Instructions {
            entry: entry.to_owned(),
            counts,
        })
    }

    /// How many of a kind there are.
    pub fn count(&self, kind: Instruction) -> usize {
        self.counts.get(&kind).copied().unwrap_or(0)
    }

    /// The kinds that are there.
    pub fn kinds(&self) -> impl Iterator<Item = Instruction> {
        self.counts.keys().copied()
    }
}

/// What the kernels of a variant's entry should contain and do not, or the other way round, in words.
pub fn faults(kernels: &[&Instructions], entry: &str, variant: &VariantInfo) -> Vec<String> {
    let is_missing = |kind: &&Instruction| kernels.iter().all(|kernel| kernel.count(**kind) == 0);
    let missing = variant.instructions.iter().filter(is_missing);
    let missing = missing.map(|kind| format!("{entry}: no {kind}, which it should have"));
    let local = |kernel: &&Instructions| {
        let found = [Instruction::LocalLoad, Instruction::LocalStore].map(|kind| {
            let count = kernel.count(kind);
            (count > 0 && variant.budget.spill_bytes == 0)
                .then(|| format!("{}: {kind} {count}, no spill bytes allowed", kernel.entry))
        });
        found.into_iter().flatten()
    };
    missing.chain(kernels.iter().flat_map(local)).collect()
}

/// The kind of an instruction; none for most. The comments name it as disassemblers do.
fn kind_of(instruction: u128) -> Option<Instruction> {
    let is_128_bits_wide = instruction >> 73 & 7 == 6;
    match instruction & 0x1ff {
        0x181 if is_128_bits_wide => Some(Instruction::Load128), // LDG
        0x186 if is_128_bits_wide => Some(Instruction::Store128), // STG
        // From sm_100 on these have their width elsewhere.
        0x1ae => Some(Instruction::AsyncCopy),  // LDGSTS
        0x1ba => Some(Instruction::BulkCopy),   // UBLKCP
        0x183 => Some(Instruction::LocalLoad),  // LDL
        0x187 => Some(Instruction::LocalStore), // STL
        _ => None,
    }
}

/// How a little-endian file of 64 bits begins.
const ELF64: &[u8] = b"\x7fELF\x02\x01";
/// Where a file says for which machine it is, and what it says there.
const MACHINE: usize = 18;
const CUDA: usize = 190;

/// The section with a name, if there is one; none at all if the file is no sound ELF file. Offsets are those
/// of `Elf64_Ehdr` and `Elf64_Shdr` in the ELF specification.
fn section<'a>(elf: &'a [u8], name: &str) -> Option<Option<&'a [u8]>> {
    const HEADER: usize = 64;
    let (table, size) = (number(elf, 40, 8)?, number(elf, 58, 2)?);
    let (count, names) = (number(elf, 60, 2)?, number(elf, 62, 2)?);
    if size != HEADER {
        return None;
    }
    let header = |index: usize| slice(elf, table.checked_add(index * HEADER)?, HEADER);
    let body = |header: &[u8]| slice(elf, number(header, 24, 8)?, number(header, 32, 8)?);
    let names = body(header(names)?)?;
    for index in 0..count {
        let header = header(index)?;
        let called = names.get(number(header, 0, 4)?..)?;
        if called.split(|byte| *byte == 0).next() == Some(name.as_bytes()) {
            return Some(Some(body(header)?));
        }
    }
    Some(None)
}

fn slice(bytes: &[u8], at: usize, length: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(length)?)
}

/// A little-endian number of so many bytes.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let digits = slice(bytes, at, length)?.iter().rev();
    let number = digits.fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    usize::try_from(number).ok()
}

#[cfg(test)]
mod tests;
