//! How many cases ran where, and what refused?

use crate::device::Device;
use crate::trial::{Failure, Outcome, Ran};
use robocache::registry::OpEntry;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Failures kept in full; more are only counted.
const KEPT: usize = 20;
/// Different reasons kept for each variant; a reason may carry numbers of its problem.
const REASONS: usize = 12;

/// Cases of one variant on one device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// The operation.
    pub op: String,
    /// The variant.
    pub variant: String,
    /// The device.
    pub device: String,
    /// Cases that gave outputs.
    pub outputs: u64,
    /// Cases that it refused.
    pub refused: u64,
    /// Cases that failed to run.
    pub failed: u64,
    /// Why it refused, and how often.
    pub reasons: BTreeMap<String, u64>,
}

/// Everything that is counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Cases drawn.
    pub cases: u64,
    /// Outputs held against the oracle.
    pub checks: u64,
    /// Outputs held against another variant's.
    pub comparisons: u64,
    /// Failures, all of them.
    pub failed: u64,
    /// The first failures.
    pub failures: Vec<Failure>,
    /// Every variant of every operation on every device that it is built for.
    pub cells: Vec<Cell>,
}

impl Tally {
    /// Nothing counted yet, with a cell for every variant.
    pub fn new(ops: &[&OpEntry], devices: &[Device]) -> Tally {
        let mut tally = Tally::default();
        for op in ops {
            for device in devices {
                for info in device.variants(op) {
                    tally.cells.push(Cell {
                        op: op.name.to_owned(),
                        variant: info.id.to_owned(),
                        device: device.id.to_string(),
                        outputs: 0,
                        refused: 0,
                        failed: 0,
                        reasons: BTreeMap::new(),
                    });
                }
            }
        }
        tally
    }

    /// Counts a case, and gives its failures back.
    pub fn add(&mut self, outcome: Outcome, devices: &[Device], at: f64) -> Vec<Failure> {
        self.cases += 1;
        self.checks += outcome.checks;
        self.comparisons += outcome.comparisons;
        for (device, variant, ran) in outcome.ran {
            let device = devices[device].id.to_string();
            let cell = self
                .cells
                .iter_mut()
                .find(|cell| cell.variant == variant && cell.device == device);
            let Some(cell) = cell else { continue };
            match ran {
                Ran::Outputs => cell.outputs += 1,
                Ran::Failed => cell.failed += 1,
                Ran::Refused(reason) => {
                    cell.refused += 1;
                    let known = cell.reasons.len() < REASONS || cell.reasons.contains_key(&reason);
                    let reason = if known {
                        reason
                    } else {
                        "other reasons".into()
                    };
                    *cell.reasons.entry(reason).or_default() += 1;
                }
            }
        }
        let mut failures = outcome.failures;
        for failure in &mut failures {
            failure.at = at;
            self.fail(failure.clone());
        }
        failures
    }

    /// Counts a failure.
    pub fn fail(&mut self, failure: Failure) {
        self.failed += 1;
        if self.failures.len() < KEPT {
            self.failures.push(failure);
        }
    }

    /// The variants that no case reached.
    pub fn unreached(&self) -> Vec<&Cell> {
        let never = |cell: &&Cell| cell.outputs + cell.failed == 0;
        self.cells.iter().filter(never).collect()
    }

    /// The operations of a device that no case gave outputs for.
    pub fn idle(&self) -> Vec<String> {
        let mut seen: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for cell in &self.cells {
            *seen.entry((&cell.op, &cell.device)).or_default() += cell.outputs;
        }
        seen.into_iter()
            .filter(|&(_, outputs)| outputs == 0)
            .map(|((op, device), _)| format!("{op} on {device}"))
            .collect()
    }
}
