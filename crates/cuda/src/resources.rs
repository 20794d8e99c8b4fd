//! What compiled entries use, as the assembler reports it.

use robocache_registry::Budget;

/// The resources of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resources {
    /// The entry's symbol.
    pub entry: String,
    /// Registers per thread.
    pub registers: u32,
    /// Static shared memory, bytes per block.
    pub shared_bytes: u32,
    /// Stores and loads of spilled registers, bytes per thread.
    pub spill_bytes: u32,
    /// Stack frame, bytes per thread: not zero where an array is indexed at run time.
    pub stack_bytes: u32,
}

impl Resources {
    /// Reads the assembler's `-v` report, which NVRTC puts into its log.
    pub fn parse(log: &str) -> Vec<Resources> {
        let mut all: Vec<Resources> = Vec::new();
        for line in log.lines() {
            if let Some((_, rest)) = line.split_once("Compiling entry function '") {
                let entry = rest.split('\'').next().unwrap_or("").to_owned();
                all.push(Resources {
                    entry,
                    registers: 0,
                    shared_bytes: 0,
                    spill_bytes: 0,
                    stack_bytes: 0,
                });
            }
            let Some(last) = all.last_mut() else { continue };
            if line.contains("bytes stack frame") {
                last.stack_bytes = number_before(line, " bytes stack frame");
                last.spill_bytes = number_before(line, " bytes spill stores")
                    + number_before(line, " bytes spill loads");
            }
            if line.contains("Used ") && line.contains(" registers") {
                last.registers = number_before(line, " registers");
                last.shared_bytes = number_before(line, " bytes smem");
            }
        }
        all
    }

    /// Where this exceeds a budget, in words.
    pub fn excess(&self, budget: &Budget) -> Vec<String> {
        let over = |what: &str, used: u32, allowed: u32| {
            (used > allowed).then(|| format!("{}: {what} {used}, budget {allowed}", self.entry))
        };
        [
            over("registers", self.registers, budget.registers),
            over("shared bytes", self.shared_bytes, budget.shared_bytes),
            over("spill bytes", self.spill_bytes, budget.spill_bytes),
            // A stack frame holds spills; anything else in it is an array indexed at run time.
            over("stack bytes", self.stack_bytes, budget.spill_bytes),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn number_before(line: &str, what: &str) -> u32 {
    let Some((before, _)) = line.split_once(what) else {
        return 0;
    };
    let digits = before
        .rsplit(|c: char| !c.is_ascii_digit())
        .next()
        .unwrap_or("");
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'wide_f32' for 'sm_90'
ptxas info    : Function properties for wide_f32
    8 bytes stack frame, 4 bytes spill stores, 12 bytes spill loads
ptxas info    : Used 52 registers, used 1 barriers, 8 bytes cumulative stack size, 1024 bytes smem
ptxas info    : Compiling entry function 'wide_f64' for 'sm_90'
ptxas info    : Function properties for wide_f64
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 40 registers, used 1 barriers";

    #[test]
    fn the_report_is_read_and_held_against_the_budget() {
        let all = Resources::parse(LOG);
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].registers, all[0].shared_bytes), (52, 1024));
        assert_eq!((all[0].spill_bytes, all[0].stack_bytes), (16, 8));
        assert_eq!((all[1].entry.as_str(), all[1].registers), ("wide_f64", 40));
        let budget = Budget {
            registers: 52,
            shared_bytes: 1000,
            spill_bytes: 0,
        };
        let excess = all[0].excess(&budget);
        assert_eq!(excess.len(), 3, "{excess:?}");
        assert!(all[1].excess(&budget).is_empty());
    }
}
