//! The operation table: everything that treats operations alike iterates over it.

use robocache_core::{Refusal, Result};

use crate::{VariantInfo, Workloads};

/// A device by name, for code that does not care how it is driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeviceId {
    /// The CPU.
    Cpu,
    /// A CUDA device by ordinal.
    Cuda(u32),
}

impl std::fmt::Display for DeviceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DeviceId::Cpu => f.write_str("cpu"),
            DeviceId::Cuda(ordinal) => write!(f, "cuda:{ordinal}"),
        }
    }
}

/// One operation, without its types.
pub struct OpEntry {
    /// Its name, the first part of its variants' ids.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// Its variants, sorted by id.
    pub variants: fn() -> Vec<&'static VariantInfo>,
    /// Runs a small problem with a known answer on every variant for a device.
    pub self_test: fn(DeviceId) -> Vec<SelfTest>,
    /// Problems to time, for the tuner and the benchmarks.
    pub workloads: &'static Workloads,
    /// Draws a test case; present when the operation crate's feature `testing` is on.
    pub generate_case: Option<fn(seed: u64) -> Box<dyn Case>>,
}

inventory::collect!(OpEntry);

/// Every operation linked into the program, sorted by name.
pub fn operations() -> Vec<&'static OpEntry> {
    let mut entries: Vec<_> = inventory::iter::<OpEntry>.into_iter().collect();
    entries.sort_by_key(|entry| entry.name);
    entries
}

/// What became of a variant in a self-test.
#[derive(Clone, Debug)]
pub struct SelfTest {
    /// The variant's id.
    pub variant: &'static str,
    /// What happened.
    pub outcome: SelfTestOutcome,
}

/// The result of a self-test.
#[derive(Clone, Debug)]
pub enum SelfTestOutcome {
    /// Every output was right.
    Passed {
        /// The best time of a few runs, in microseconds.
        micros: f64,
        /// The bytes that had to be moved, over that time, in 10⁹ bytes per second.
        gigabytes_per_second: f64,
    },
    /// The variant does not run on this device, or does not take the problem.
    Refused(Refusal),
    /// It ran and was wrong, or failed.
    Failed(String),
}

/// A randomly drawn problem with its inputs, for tests, soak and fuzzing.
pub trait Case: Send + Sync {
    /// The problem in one line: enough to understand a failure, with the seed to repeat it.
    fn describe(&self) -> String;

    /// Runs it on a variant.
    ///
    /// # Errors
    /// What the operation reports for a problem that the variant does not refuse.
    fn run(&self, variant: &str, device: DeviceId) -> Result<CaseOutcome>;

    /// Compares outputs with the float64 oracle.
    ///
    /// # Errors
    /// The first difference, in words.
    fn check(&self, outputs: &CaseOutputs) -> Result<(), String>;

    /// Compares the outputs of two variants under the operation's promise: bit for bit where the
    /// contract says so.
    ///
    /// # Errors
    /// The first difference, in words.
    fn same(&self, one: &CaseOutputs, other: &CaseOutputs) -> Result<(), String>;
}

/// Raw bytes of each output, in the operation's order.
pub type CaseOutputs = Vec<Vec<u8>>;

/// What a variant made of a case.
#[derive(Clone, Debug)]
pub enum CaseOutcome {
    /// It does not take it.
    Refused(Refusal),
    /// Its outputs.
    Outputs(CaseOutputs),
}
