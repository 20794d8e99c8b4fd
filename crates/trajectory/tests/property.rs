//! Every operation in the table, on random problems: each variant against the oracle, and all against
//! each other. CUDA variants run on the devices that are there, and emulated on the CPU everywhere.
//!
//! `ROBOCACHE_TEST_SEEDS` is the number of problems, `ROBOCACHE_TEST_SEED_START` the first seed;
//! `ROBOCACHE_REQUIRE_GPU=1` makes a missing device a failure.

mod common;

use common::{Device, devices, number};
use robocache_registry::{Case, CaseOutcome, OpEntry, operations};
use robocache_trajectory as _;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Failures told of before the test gives up.
const ENOUGH: usize = 5;

/// Runs the problems of some seeds of an operation on a device, on as many threads as it pays, and
/// returns the variants that took one.
fn survey(
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
    for info in (op.variants)() {
        if info.runs_on(&device.caps).is_err() {
            continue;
        }
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
    (op.variants)()
        .into_iter()
        .filter(|info| info.runs_on(&cpu.caps).is_ok())
        .find_map(|info| match case.run(info.id, cpu.id) {
            Ok(CaseOutcome::Outputs(outputs)) => Some((info.id, outputs)),
            _ => None,
        })
}

fn survey_all(device: &Device, seeds: u64) {
    survey_some(device, 0, seeds);
}

fn survey_some(device: &Device, start: u64, seeds: u64) {
    let start = number("ROBOCACHE_TEST_SEED_START", start);
    let seeds = number("ROBOCACHE_TEST_SEEDS", seeds);
    let mut surveyed = 0;
    for op in operations() {
        let Some(generate) = op.generate_case else {
            panic!("{} has no cases: its feature `testing` is off", op.name);
        };
        let begun = std::time::Instant::now();
        let reached = survey(op, generate, device, start..start + seeds);
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

#[test]
fn every_variant_of_the_cpu_agrees_with_the_oracle() {
    survey_all(&Device::cpu(), 6000);
}

#[test]
fn every_variant_of_every_cuda_device_agrees_with_the_oracle_and_the_cpu() {
    for device in devices() {
        if !device.is_cpu() && !device.is_emulated() {
            survey_all(device, 4000);
        }
    }
}

/// Each on problems of its own: what the kernels do is the same on all of them, but for the shapes of launches.
#[test]
fn every_cuda_variant_emulated_on_the_cpu_agrees_with_the_oracle_and_the_cpu() {
    for (i, device) in devices().iter().filter(|d| d.is_emulated()).enumerate() {
        survey_some(device, 10_000 * (1 + i as u64), 500);
    }
}

#[test]
fn a_wrong_output_is_noticed() {
    let op = operations()[0];
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
