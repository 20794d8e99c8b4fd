//! What becomes of one case on every variant of every device?

use crate::device::Device;
use crate::plant::Plant;
use crate::seed::mix;
use robocache::Error;
use robocache::registry::operation::CaseOutputs;
use robocache::registry::{Case, CaseOutcome, OpEntry};
use serde::{Deserialize, Serialize};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How a case failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The oracle says otherwise.
    Wrong,
    /// Two variants do not agree.
    Differs,
    /// The operation reported an error for a good problem.
    Error,
    /// The CUDA driver reported an error.
    Device,
    /// Code panicked.
    Panic,
    /// No variant of the device took the problem.
    Refused,
    /// A case did not end.
    Hung,
}

/// A case that failed, with what is needed to repeat it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// How.
    pub kind: Kind,
    /// The operation.
    pub op: String,
    /// The case's seed.
    pub seed: u64,
    /// The variant, if one is to blame.
    pub variant: Option<String>,
    /// The device.
    pub device: String,
    /// The problem in one line.
    pub case: String,
    /// What is wrong.
    pub what: String,
    /// Seconds from the run's start.
    pub at: f64,
}

impl Failure {
    /// The arguments that run it again.
    pub fn repeat(&self) -> String {
        let variant = self.variant.as_ref().map(|v| format!(":{v}"));
        format!(
            "--repeat {}:{}{} --device {}",
            self.op,
            self.seed,
            variant.unwrap_or_default(),
            self.device
        )
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let variant = self.variant.as_deref().unwrap_or("no variant");
        write!(
            f,
            "{:?}: {variant} on {}, {} seed {}: {}\n  {}",
            self.kind, self.device, self.op, self.seed, self.what, self.case
        )
    }
}

/// What a variant made of a case.
#[derive(Clone, Debug, PartialEq)]
pub enum Ran {
    /// It gave outputs.
    Outputs,
    /// It refused, for a reason.
    Refused(String),
    /// It failed.
    Failed,
}

/// What became of a case.
#[derive(Default)]
pub struct Outcome {
    /// Each device by its index, each variant that is built for it.
    pub ran: Vec<(usize, &'static str, Ran)>,
    /// Outputs held against the oracle.
    pub checks: u64,
    /// Outputs held against another variant's.
    pub comparisons: u64,
    /// What failed.
    pub failures: Vec<Failure>,
}

/// How a case is run.
#[derive(Clone, Copy)]
pub struct Mode<'m> {
    /// The devices to run it on.
    pub devices: &'m [Device],
    /// Whether every output is held against the oracle; else none is.
    pub check: bool,
    /// One variant alone.
    pub variant: Option<&'m str>,
    /// A planted fault.
    pub plant: Option<Plant>,
}

/// Runs a case on every variant of every device that takes it, and compares. Panics are failures.
pub fn run(op: &OpEntry, generate: fn(u64) -> Box<dyn Case>, seed: u64, mode: Mode<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    let failure = |kind, variant: Option<&str>, device: &Device, case: &str, what| Failure {
        kind,
        op: op.name.to_owned(),
        seed,
        variant: variant.map(str::to_owned),
        device: device.id.to_string(),
        case: case.to_owned(),
        what,
        at: 0.0,
    };
    let case = match caught(|| generate(seed)) {
        Ok(case) => case,
        Err(what) => {
            let what = format!("while the case was drawn: {what}");
            let first = &mode.devices[0];
            let failed = failure(Kind::Panic, None, first, "", what);
            outcome.failures.push(failed);
            return outcome;
        }
    };
    let case = &*case;
    // A panic in it must not hide what failed.
    let describe = || caught(|| case.describe()).unwrap_or_else(|what| format!("({what})"));
    let mut first: Option<(String, CaseOutputs)> = None;
    for (index, device) in mode.devices.iter().enumerate() {
        let mut reached = false;
        let mut asked = 0;
        for info in device.variants(op) {
            if mode.variant.is_some_and(|only| only != info.id) {
                continue;
            }
            asked += 1;
            let fail = |kind, what| failure(kind, Some(info.id), device, &describe(), what);
            let ran = match caught(|| case.run(info.id, device.id)) {
                Ok(Ok(CaseOutcome::Refused(refusal))) => Ran::Refused(refusal.to_string()),
                Ok(Ok(CaseOutcome::Outputs(mut outputs))) => {
                    reached = true;
                    if let Some(plant) = mode.plant {
                        plant.wrong(mix(seed ^ asked), &mut outputs);
                    }
                    let compared = compare(case, &outputs, mode.check, &first, &mut outcome);
                    outcome
                        .failures
                        .extend(compared.into_iter().map(|(kind, what)| fail(kind, what)));
                    let name = || format!("{} on {}", info.id, device.id);
                    first.get_or_insert_with(|| (name(), outputs));
                    Ran::Outputs
                }
                Ok(Err(error)) => {
                    let kind = match error {
                        Error::Driver { .. } => Kind::Device,
                        _ => Kind::Error,
                    };
                    outcome.failures.push(fail(kind, error.to_string()));
                    Ran::Failed
                }
                Err(what) => {
                    outcome.failures.push(fail(Kind::Panic, what));
                    Ran::Failed
                }
            };
            reached |= ran == Ran::Failed;
            outcome.ran.push((index, info.id, ran));
        }
        if !reached && asked > 0 && mode.variant.is_none() {
            let what = "every variant refused".to_owned();
            let failed = failure(Kind::Refused, None, device, &describe(), what);
            outcome.failures.push(failed);
        }
    }
    outcome
}

/// Holds outputs against the oracle and against the first variant's.
fn compare(
    case: &dyn Case,
    outputs: &CaseOutputs,
    check: bool,
    first: &Option<(String, CaseOutputs)>,
    outcome: &mut Outcome,
) -> Vec<(Kind, String)> {
    let mut failed = Vec::new();
    if check {
        outcome.checks += 1;
        match caught(|| case.check(outputs)) {
            Ok(Ok(())) => {}
            Ok(Err(what)) => failed.push((Kind::Wrong, what)),
            Err(what) => failed.push((Kind::Panic, format!("in the check: {what}"))),
        }
    }
    if let Some((other, expected)) = first {
        outcome.comparisons += 1;
        match caught(|| case.same(outputs, expected)) {
            Ok(Ok(())) => {}
            Ok(Err(what)) => failed.push((Kind::Differs, format!("differs from {other}: {what}"))),
            Err(what) => failed.push((Kind::Panic, format!("in the comparison: {what}"))),
        }
    }
    failed
}

/// Runs something that may panic, and gives the panic's words.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // Nothing of what panicked is used again but through locks that hold nothing half done.
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let words = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned());
        format!(
            "panicked: {}",
            words.unwrap_or_else(|| "without words".into())
        )
    })
}

#[cfg(test)]
pub(crate) mod tests;
