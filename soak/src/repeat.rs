//! What happens in one case?

use crate::args::{Options, Repeat};
use crate::device;
use crate::judge::Verdict;
use crate::trial::{self, Mode, Ran, caught};
use anyhow::{Context, Result, ensure};
use robocache::registry::operations;

/// Runs one case on every variant, or on one, checks it, and prints what happens.
///
/// # Errors
/// If there is no such operation, variant or device.
pub fn run(repeat: &Repeat, options: &Options) -> Result<Verdict> {
    let op = operations()
        .into_iter()
        .find(|op| op.name == repeat.op)
        .with_context(|| format!("there is no operation {:?}", repeat.op))?;
    let generate = op
        .generate_case
        .context("built without the feature `testing`, which draws cases")?;
    let (devices, notes) = device::open(&options.device)?;
    let described = caught(|| generate(repeat.seed).describe());
    println!("{}", described.unwrap_or_else(|what| what));
    let outcome = trial::run(
        op,
        generate,
        repeat.seed,
        Mode {
            devices: &devices,
            check: true,
            variant: repeat.variant.as_deref(),
            plant: None,
        },
    );
    for note in notes {
        println!("{note}");
    }
    ensure!(
        !outcome.ran.is_empty() || !outcome.failures.is_empty(),
        "no device here has the variant {}",
        repeat.variant.as_deref().unwrap_or("")
    );
    for (device, variant, ran) in &outcome.ran {
        let device = devices[*device].id.to_string();
        let failure = outcome
            .failures
            .iter()
            .find(|f| f.variant.as_deref() == Some(variant) && f.device == device);
        let what = match (ran, failure) {
            (_, Some(failure)) => format!("{:?}: {}", failure.kind, failure.what),
            (Ran::Refused(reason), None) => format!("refused: {reason}"),
            (_, None) => "right".to_owned(),
        };
        println!("{variant} on {device}: {what}");
    }
    for failure in outcome.failures.iter().filter(|f| f.variant.is_none()) {
        println!("{:?}: {}", failure.kind, failure.what);
    }
    Ok(if outcome.failures.is_empty() {
        Verdict::Pass
    } else {
        Verdict::Fail
    })
}
