//! Does every variant agree with the oracle, and with every other?
//!
//! `ROBOCACHE_TEST_SEEDS` is the number of random problems of a survey, `ROBOCACHE_TEST_SEED_START` the first seed.

use crate::devices::{Device, Wrong, next_devices, number};
use robocache_core::Error;
use robocache_registry::operation::CaseOutputs;
use robocache_registry::{Case, CaseOutcome, OpEntry, operations};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Failures told of before the test gives up.
const ENOUGH: usize = 5;

/// Runs the problems of some seeds of an operation on a device, on as many threads as it pays, and
/// returns the variants that took one.
fn one_operation(
    op: &OpEntry,
    generate: fn(u64) -> Box<dyn Case>,
    device: &Device,
    seeds: std::ops::Range<u64>,
) -> BTreeSet<&'static str> {
    let next = AtomicU64::new(seeds.start);
    let reached = Mutex::new(BTreeSet::new());
    let failures = Mutex::new(Vec::new());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end || failures.lock().unwrap().len() >= ENOUGH {
                return;
            }
            let case = generate(seed);
            match one(op, &*case, device) {
                Ok(variants) => reached.lock().unwrap().extend(variants),
                Err(failure) => failures.lock().unwrap().push(failure),
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(8));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    reached.into_inner().unwrap()
}

/// One problem on every variant of a device that takes it; the first one that does is compared with the
/// CPU's, too.
fn one(op: &OpEntry, case: &dyn Case, device: &Device) -> Result<Vec<&'static str>, String> {
    let fail = |variant: &str, what: String| {
        format!("{variant} on {device}: {what}\n  {}", case.describe())
    };
    let mut reached = Vec::new();
    let mut first = None;
    if !device.is_cpu() {
        first = on_the_cpu(op, case);
    }
    for info in device.variants(op) {
        let outputs = match device.run(case, info.id) {
            Ok(CaseOutcome::Refused(_)) => continue,
            Ok(CaseOutcome::Outputs(outputs)) => outputs,
            Err(error) => return Err(fail(info.id, error.to_string())),
        };
        case.check(&outputs).map_err(|what| fail(info.id, what))?;
        match &first {
            None => first = Some((info.id, outputs)),
            Some((other, expected)) => case
                .same(&outputs, expected)
                .map_err(|what| fail(info.id, format!("differs from {other}: {what}")))?,
        }
        reached.push(info.id);
    }
    if reached.is_empty() {
        return Err(fail("no variant", "every one refused".into()));
    }
    Ok(reached)
}

/// What the first variant for the CPU makes of a problem.
fn on_the_cpu(
    op: &OpEntry,
    case: &dyn Case,
) -> Option<(&'static str, robocache_registry::operation::CaseOutputs)> {
    let cpu = Device::cpu();
    cpu.variants(op)
        .find_map(|info| match case.run(info.id, cpu.id) {
            Ok(CaseOutcome::Outputs(outputs)) => Some((info.id, outputs)),
            _ => None,
        })
}

/// Runs random problems of every operation in the table on a device: each variant against the oracle, and all against
/// each other.
///
/// # Panics
/// If one is wrong, or if of many problems none reached some variant.
pub fn survey(device: &Device, start: u64, seeds: u64) {
    let start = number("ROBOCACHE_TEST_SEED_START", start);
    let seeds = number("ROBOCACHE_TEST_SEEDS", seeds);
    let mut surveyed = 0;
    for op in operations() {
        let Some(generate) = op.generate_case else {
            panic!("{} has no cases: its feature `testing` is off", op.name);
        };
        // An operation need not have variants for every kind of device.
        if device.variants(op).next().is_none() {
            continue;
        }
        let begun = std::time::Instant::now();
        let reached = one_operation(op, generate, device, start..start + seeds);
        surveyed += 1;
        for info in (op.variants)() {
            match info.runs_on(&device.caps) {
                // A few problems, looked at once more by their seeds, need not reach all.
                Ok(()) => assert!(
                    seeds < 100 || reached.contains(info.id),
                    "no case of {seeds} reached {} on {device}",
                    info.id
                ),
                Err(refusal) => println!("{} skipped on {device}: {refusal}", info.id),
            }
        }
        println!(
            "{}: {seeds} problems on {device} by {} variants in {:.1} s",
            op.name,
            reached.len(),
            begun.elapsed().as_secs_f64()
        );
    }
    assert!(surveyed > 0, "the operation table is empty");
}

/// Makes outputs wrong and looks whether that is noticed, by the oracle and by the comparison of variants.
///
/// # Panics
/// If it is not.
pub fn notices_wrong_outputs(op: &OpEntry) {
    let generate = op.generate_case.expect("the feature `testing` is on");
    let cpu = Device::cpu();
    let mut noticed = 0;
    for seed in 0..50 {
        let case = generate(seed);
        let Some((_, outputs)) = on_the_cpu(op, &*case) else {
            continue;
        };
        for output in 0..outputs.len() {
            if outputs[output].is_empty() {
                continue;
            }
            let mut wrong = outputs.clone();
            // The sign and exponent of a number in the middle, or a flag.
            let middle = (outputs[output].len() / 2) | 7;
            let at = middle.min(outputs[output].len() - 1);
            wrong[output][at] ^= 0x41;
            let checked = case.check(&wrong).is_err();
            let compared = case.same(&wrong, &outputs).is_err();
            assert!(
                checked && compared,
                "output {output} of {}",
                case.describe()
            );
            noticed += 1;
        }
        let short: Vec<_> = outputs.iter().map(|o| o[..o.len() / 2].to_vec()).collect();
        assert!(short == outputs || case.check(&short).is_err());
    }
    assert!(noticed > 40, "{noticed} on {}", cpu.id);
}

/// What a variant makes of a case; `None` if it refuses it.
///
/// # Errors
/// As [`Device::run`].
pub fn outcome(
    case: &dyn Case,
    variant: &str,
    device: &Device,
) -> Result<Option<CaseOutputs>, Wrong> {
    Ok(match device.run(case, variant)? {
        CaseOutcome::Refused(_) => None,
        CaseOutcome::Outputs(outputs) => Some(outputs),
    })
}

/// Runs a case on every variant of the devices whose turn it is: each must agree with the oracle and bit for bit
/// with the first one. Returns the outputs and the variants that took it. An emulated device gets it if it is `small`.
///
/// # Panics
/// If one is wrong, fails or refuses what no other one takes.
pub fn everywhere(op: &OpEntry, case: &dyn Case, small: bool) -> (CaseOutputs, Vec<&'static str>) {
    let mut first: Option<CaseOutputs> = None;
    let mut reached = Vec::new();
    for device in next_devices(small).filter(|device| device.variants(op).next().is_some()) {
        let before = reached.len();
        for info in device.variants(op) {
            let what = || format!("{} on {device}: {}", info.id, case.describe());
            let outputs = match outcome(case, info.id, device) {
                Ok(None) => continue,
                Ok(Some(outputs)) => outputs,
                Err(wrong) => panic!("{wrong}\n  {}", what()),
            };
            if let Err(difference) = case.check(&outputs) {
                panic!("{difference}\n  {}", what());
            }
            match &first {
                None => first = Some(outputs),
                Some(expected) => {
                    if let Err(difference) = case.same(&outputs, expected) {
                        panic!("differs from {}: {difference}\n  {}", reached[0], what());
                    }
                }
            }
            reached.push(info.id);
        }
        assert!(
            reached.len() > before,
            "no variant of {device} took {}",
            case.describe()
        );
    }
    (first.expect("the CPU is a device"), reached)
}

/// Runs a case that must fail, on every variant that does not refuse it, of the devices whose turn it is: where, and
/// the error.
///
/// # Panics
/// If it succeeds somewhere, or nowhere runs.
pub fn errors(op: &OpEntry, case: &dyn Case, small: bool) -> Vec<(String, Error)> {
    let mut all = Vec::new();
    for device in next_devices(small) {
        for info in device.variants(op) {
            let what = format!("{} on {device}: {}", info.id, case.describe());
            match outcome(case, info.id, device) {
                Ok(None) => {}
                Ok(Some(_)) => panic!("succeeded: {what}"),
                Err(Wrong::Error(error)) => all.push((what, error)),
                Err(wrong) => panic!("{wrong}\n  {what}"),
            }
        }
    }
    assert!(!all.is_empty(), "refused by all: {}", case.describe());
    all
}
