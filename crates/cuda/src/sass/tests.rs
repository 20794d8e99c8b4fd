use super::*;
use robocache_registry::{Budget, Target};

/// Instructions as a disassembler for sm_90 writes them, with their words.
const LOAD: [(&str, u64, u64); 4] = [
    (
        "LDG.E.128.CONSTANT R4, desc[UR18][R6.64]",
        0x0000_0012_0604_7981,
        0x000f_6200_0c1e_9d00,
    ),
    (
        "LDG.E.64 R4, desc[UR8][R6.64]",
        0x0000_0008_0604_0981,
        0x000e_a400_0c1e_1b00,
    ),
    (
        "LD.E.64 R12, desc[UR18][R12.64]",
        0x0000_0012_0c0c_7980,
        0x000e_a200_0c10_1b00,
    ),
    (
        "LDS.128 R12, [R12]",
        0x0000_0000_0c0c_7984,
        0x000f_e600_0000_0c00,
    ),
];
const STORE: [(&str, u64, u64); 3] = [
    (
        "STG.E.128 desc[UR8][R16.64], R12",
        0x0000_000c_1000_7986,
        0x0001_e200_0c10_1d08,
    ),
    (
        "STG.E.U8 desc[UR8][R8.64], R16",
        0x0000_0010_0800_7986,
        0x0005_e200_0c10_1108,
    ),
    (
        "STS.64 [UR11+0x10], R4",
        0x0000_1004_ff00_7988,
        0x0003_e200_0800_0a0b,
    ),
];
const COPY: [(&str, u64, u64); 4] = [
    (
        "UBLKCP.S.G [UR14], [UR12], UR10",
        0x0000_000e_0c00_73ba,
        0x0001_e400_0800_020a,
    ),
    (
        "LDGSTS, sm_80",
        0x0000_0000_0e11_7fae,
        0x0003_e600_0b90_1c48,
    ),
    (
        "LDGSTS, sm_120",
        0x0000_0000_1a19_7fae,
        0x0005_e200_0b98_1808,
    ),
    ("LDGDEPBAR", 0x0000_0000_0000_79af, 0x000e_2200_0000_0000),
];
const LOCAL: [(&str, u64, u64); 3] = [
    (
        "STL [R1+0xc], R0",
        0x0000_0c00_0100_7387,
        0x0001_e200_0010_0800,
    ),
    (
        "LDL R0, [R1+0xc]",
        0x0000_0c00_0100_7983,
        0x000e_a200_0010_0800,
    ),
    (
        "LDL.LU R0, [R1]",
        0x0000_0000_0100_7983,
        0x000e_a800_0030_0800,
    ),
];

fn code(instructions: &[(&str, u64, u64)]) -> Vec<u8> {
    let words = instructions.iter().flat_map(|(_, low, high)| [low, high]);
    words.flat_map(|word| word.to_le_bytes()).collect()
}

/// A cubin of sections: the header, their bodies, their names, and their headers at the end.
fn cubin(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = vec![0; 64];
    let mut names = Vec::new();
    let mut headers = Vec::new();
    let add = |file: &mut Vec<u8>, headers: &mut Vec<u8>, name: usize, body: &[u8]| {
        let mut header = [0; 64];
        header[..4].copy_from_slice(&(name as u32).to_le_bytes());
        header[24..32].copy_from_slice(&(file.len() as u64).to_le_bytes());
        header[32..40].copy_from_slice(&(body.len() as u64).to_le_bytes());
        headers.extend(header);
        file.extend(body);
    };
    for (name, body) in sections {
        add(&mut file, &mut headers, names.len(), body);
        names.extend(name.as_bytes());
        names.push(0);
    }
    let own = names.len();
    names.extend(b".shstrtab\0");
    add(&mut file, &mut headers, own, &names);
    let table = file.len() as u64;
    file.extend(headers);
    file[..6].copy_from_slice(b"\x7fELF\x02\x01");
    file[18..20].copy_from_slice(&190u16.to_le_bytes());
    file[40..48].copy_from_slice(&table.to_le_bytes());
    file[58..60].copy_from_slice(&64u16.to_le_bytes());
    file[60..62].copy_from_slice(&(sections.len() as u16 + 1).to_le_bytes());
    file[62..64].copy_from_slice(&(sections.len() as u16).to_le_bytes());
    file
}

fn toy() -> Vec<u8> {
    let all = [&LOAD[..], &STORE, &COPY, &LOCAL, &STORE[..1]].concat();
    cubin(&[
        (".nv.info", &[1, 2, 3]),
        (".text.toy_f32", &code(&LOCAL)),
        (".text.toy", &code(&all)),
    ])
}

#[test]
fn instructions_are_told_apart() {
    let found = Instructions::read(&toy(), "toy").unwrap();
    for (kind, count) in [
        (Instruction::Load128, 1),
        (Instruction::Store128, 2),
        (Instruction::AsyncCopy, 2),
        (Instruction::BulkCopy, 1),
        (Instruction::LocalLoad, 2),
        (Instruction::LocalStore, 1),
    ] {
        assert_eq!(found.count(kind), count, "{kind}");
    }
    let other = Instructions::read(&toy(), "toy_f32").unwrap();
    let kinds: Vec<_> = other.kinds().collect();
    assert_eq!(kinds, [Instruction::LocalLoad, Instruction::LocalStore]);
}

#[test]
fn what_is_no_cubin_is_an_error() {
    let error = |bytes: &[u8], entry| Instructions::read(bytes, entry).unwrap_err();
    assert!(error(b"", "toy").contains("found other bytes"));
    let mut of_a_cpu = toy();
    of_a_cpu[18] = 62;
    assert!(error(&of_a_cpu, "toy").contains("found other bytes"));
    let mut of_other_headers = toy();
    of_other_headers[58] = 40;
    assert!(error(&of_other_headers, "toy").contains("damaged"));
    assert_eq!(error(&toy(), "to"), "the cubin has no entry to");
    for bad in [&[][..], &[0; 17]] {
        let error = error(&cubin(&[(".text.toy", bad)]), "toy");
        assert!(
            error.contains(&format!("has {} bytes", bad.len())),
            "{error}"
        );
    }
    // The table of sections is the last thing in the file.
    for length in 0..toy().len() {
        error(&toy()[..length], "toy");
    }
}

#[test]
fn no_bytes_make_it_panic() {
    // Offsets, sizes and indices at the ends of their ranges.
    let table = number(&toy(), 40, 8).unwrap();
    for at in [40, 58, 60, 62].into_iter().chain(table..table + 4 * 64) {
        for value in [u64::MAX, u64::MAX - 63, u64::MAX / 64, 1 << 40, 0] {
            let mut damaged = toy();
            let end = damaged.len().min(at + 8);
            damaged[at..end].copy_from_slice(&value.to_le_bytes()[..end - at]);
            let _ = Instructions::read(&damaged, "toy");
        }
    }
    // Random bytes, with and without the beginning of a cubin.
    let mut state = 1u64;
    let mut random = || {
        // Knuth's generator, MMIX.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    for _ in 0..2000 {
        let mut bytes: Vec<u8> = (0..random() % 400).map(|_| random() as u8).collect();
        assert!(Instructions::read(&bytes, "toy").is_err());
        let head = bytes.len().min(20);
        bytes[..head].copy_from_slice(&toy()[..head]);
        assert!(Instructions::read(&bytes, "toy").is_err());
        let mut damaged = toy();
        for _ in 0..4 {
            let at = random() % damaged.len();
            damaged[at] = random() as u8;
        }
        let _ = Instructions::read(&damaged, "toy");
    }
}

#[test]
fn an_entry_is_held_against_its_variant() {
    let variant = |spill_bytes| VariantInfo {
        id: "toy.wide.sm80",
        op: "toy",
        summary: "",
        target: Target::Cuda { min: 80, max: None },
        dtypes: &[],
        source: None,
        entries: &[],
        budget: Budget {
            registers: 64,
            shared_bytes: 0,
            spill_bytes,
        },
        instructions: &[Instruction::Load128, Instruction::Store128],
    };
    let of = |instructions: &[_], spill_bytes| {
        let cubin = cubin(&[(".text.toy", &code(instructions))]);
        let found = Instructions::read(&cubin, "toy").unwrap();
        faults(&[&found], "toy", &variant(spill_bytes))
    };
    let both = [LOAD[0], STORE[0]];
    assert!(of(&both, 0).is_empty());
    assert_eq!(of(&LOAD, 0), ["toy: no store128, which it should have"]);
    let spilled = [&both[..], &LOCAL].concat();
    assert_eq!(
        of(&spilled, 0),
        [
            "toy: local_load 2, no spill bytes allowed",
            "toy: local_store 1, no spill bytes allowed"
        ]
    );
    assert!(of(&spilled, 16).is_empty());
}
