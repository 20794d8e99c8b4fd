//! A made-up operation, some of whose variants are bad.

use super::*;
use robocache::registry::{Budget, CpuLevel, Target, VariantInfo, Workloads};
use robocache::{Error, Refusal};

const fn variant(id: &'static str) -> VariantInfo {
    VariantInfo {
        id,
        op: "doubling",
        summary: "doubles a number",
        target: Target::Cpu(CpuLevel::Scalar),
        dtypes: &[],
        source: None,
        entries: &[],
        budget: Budget {
            registers: 0,
            shared_bytes: 0,
            spill_bytes: 0,
        },
        instructions: &[],
    }
}

static GOOD: VariantInfo = variant("doubling.good.cpu");
static ALSO: VariantInfo = variant("doubling.also.cpu");
static WRONG: VariantInfo = variant("doubling.wrong.cpu");
static ERROR: VariantInfo = variant("doubling.error.cpu");
static DEVICE: VariantInfo = variant("doubling.device.cpu");
static PANIC: VariantInfo = variant("doubling.panic.cpu");
static REFUSES: VariantInfo = variant("doubling.refuses.cpu");

struct Doubling(u64);

impl Case for Doubling {
    fn describe(&self) -> String {
        format!("twice {}", self.0)
    }

    fn run(
        &self,
        variant: &str,
        _: robocache::registry::DeviceId,
    ) -> robocache::Result<CaseOutcome> {
        let twice = self.0.wrapping_mul(2);
        let answer = match variant.split('.').nth(1) {
            Some("wrong") => twice + 1,
            Some("error") => return Err(Error::Overflow { what: "the number" }),
            Some("device") => {
                return Err(Error::Driver {
                    call: "cuLaunchKernel",
                    code: 700,
                    name: "CUDA_ERROR_ILLEGAL_ADDRESS".into(),
                });
            }
            Some("panic") => panic!("cannot double {}", self.0),
            Some("refuses") => return Ok(CaseOutcome::Refused(Refusal::because("never"))),
            _ => twice,
        };
        Ok(CaseOutcome::Outputs(vec![answer.to_le_bytes().to_vec()]))
    }

    fn check(&self, outputs: &CaseOutputs) -> Result<(), String> {
        match outputs[0] == self.0.wrapping_mul(2).to_le_bytes() {
            true => Ok(()),
            false => Err("not twice".into()),
        }
    }

    fn same(&self, one: &CaseOutputs, other: &CaseOutputs) -> Result<(), String> {
        match one == other {
            true => Ok(()),
            false => Err(format!("{one:?} and {other:?}")),
        }
    }
}

fn generate(seed: u64) -> Box<dyn Case> {
    Box::new(Doubling(seed))
}

static NOTHING_TO_TIME: Workloads = Workloads {
    syntax: "",
    shapes: |_| Vec::new(),
    random: |_, _| String::new(),
    open: |_, _, _| Err(Error::Overflow { what: "the shape" }),
};

/// An operation of some variants.
pub fn operation(variants: fn() -> Vec<&'static VariantInfo>) -> &'static OpEntry {
    Box::leak(Box::new(OpEntry {
        name: "doubling",
        summary: "doubles a number",
        variants,
        self_test: |_| Vec::new(),
        workloads: &NOTHING_TO_TIME,
        generate_case: Some(generate),
    }))
}

/// One with a variant that panics and one that is right.
pub fn panicking() -> &'static OpEntry {
    operation(|| vec![&PANIC, &GOOD])
}

/// One without a fault.
pub fn sound() -> &'static OpEntry {
    operation(|| vec![&ALSO, &GOOD, &REFUSES])
}

fn outcome(variants: fn() -> Vec<&'static VariantInfo>, check: bool) -> Outcome {
    let mode = Mode {
        devices: &[Device::cpu()],
        check,
        variant: None,
        plant: None,
    };
    run(operation(variants), generate, 21, mode)
}

fn kinds(outcome: &Outcome) -> Vec<Kind> {
    outcome
        .failures
        .iter()
        .map(|failure| failure.kind)
        .collect()
}

#[test]
fn what_is_right_is_counted_and_compared() {
    let outcome = outcome(|| vec![&GOOD, &ALSO, &REFUSES], true);
    assert_eq!(kinds(&outcome), []);
    assert_eq!((outcome.checks, outcome.comparisons), (2, 1));
    assert_eq!(outcome.ran[2].2, Ran::Refused("never".into()));
}

#[test]
fn each_fault_is_a_failure_of_its_kind() {
    assert_eq!(kinds(&outcome(|| vec![&WRONG], true)), [Kind::Wrong]);
    assert_eq!(kinds(&outcome(|| vec![&WRONG], false)), []);
    let differs = outcome(|| vec![&GOOD, &WRONG], false);
    assert_eq!(kinds(&differs), [Kind::Differs]);
    assert!(differs.failures[0].what.contains("doubling.good.cpu"));
    assert_eq!(kinds(&outcome(|| vec![&ERROR, &GOOD], true)), [Kind::Error]);
    assert_eq!(
        kinds(&outcome(|| vec![&DEVICE, &GOOD], true)),
        [Kind::Device]
    );
    assert_eq!(kinds(&outcome(|| vec![&REFUSES], true)), [Kind::Refused]);
}

#[test]
fn a_panic_is_a_failure_and_the_other_variants_still_run() {
    let outcome = outcome(|| vec![&PANIC, &GOOD], true);
    assert_eq!(kinds(&outcome), [Kind::Panic]);
    let failure = &outcome.failures[0];
    assert!(
        failure.what.contains("cannot double 21"),
        "{}",
        failure.what
    );
    assert_eq!(failure.case, "twice 21");
    assert_eq!(
        failure.repeat(),
        "--repeat doubling:21:doubling.panic.cpu --device cpu"
    );
    assert_eq!(outcome.ran[1].2, Ran::Outputs);
}

#[test]
fn a_planted_bit_is_noticed() {
    let mut noticed = 0;
    for seed in 0..400 {
        let mode = Mode {
            devices: &[Device::cpu()],
            check: true,
            variant: None,
            plant: Some(Plant::Wrong),
        };
        let outcome = run(operation(|| vec![&GOOD, &ALSO]), generate, seed, mode);
        noticed += usize::from(!outcome.failures.is_empty());
    }
    assert!((15..80).contains(&noticed), "{noticed} of 400");
}
