//! Any small resampling on every variant of the CPU: all of the same bits as the reference, right by the
//! oracle, and nothing written that is not theirs. See [`trial`](super::trial) for the bytes.

use super::trial::{Decoded, decode};
use crate::variants::everywhere;
use robocache_core::{Error, TimeFault};
use robocache_registry::Case;
use robocache_registry::operation::CaseOutputs;
use robocache_testkit::oracle::Times;
use robocache_trajectory::testing::Axis;
use robocache_trajectory::{Extrapolation, dispatcher};

const REFERENCE: &str = "trajectory.scalar.cpu";

/// Runs and compares. Whether the trial was accepted.
///
/// # Panics
/// On a bug.
pub fn run(data: &[u8]) -> bool {
    let decoded = decode(data);
    let infos = dispatcher().variants().iter().map(|variant| variant.info);
    let found = everywhere(&decoded.trial, REFERENCE, infos);
    match &found {
        Ok(outputs) => accepted(&decoded, outputs),
        Err(error) => refused(&decoded, error),
    }
    found.is_ok()
}

fn accepted(decoded: &Decoded, outputs: &CaseOutputs) {
    let trial = &decoded.trial;
    let [batch, targets, columns] = trial.shape();
    let per_target = trial.mask.is_some()
        || trial.age.is_some()
        || trial.options.extrapolation == Extrapolation::Error;
    if batch == 0 || targets == 0 || (columns == 0 && !per_target) {
        return;
    }
    assert!(
        decoded.is_index_sound,
        "bad rows accepted\n{}",
        trial.describe()
    );
    if trial.options.check && !matches!(trial.source, Axis::Uniform { .. }) {
        let disorder = (0..batch).find_map(|row| disorder(&trial.source_times(row)));
        assert_eq!(disorder, None, "bad times accepted\n{}", trial.describe());
    }
    if let Err(what) = trial.check(outputs) {
        panic!("{REFERENCE}: {what}\n{}", trial.describe());
    }
}

fn refused(decoded: &Decoded, error: &Error) {
    let trial = &decoded.trial;
    let is_just = match error {
        Error::Time {
            fault: TimeFault::TooCoarse,
            ..
        } => trial.options.check,
        Error::Time {
            batch,
            index,
            fault,
        } => {
            let found = disorder(&trial.source_times(*batch as usize));
            trial.options.check && found == Some((*index as usize, *fault))
        }
        Error::Range {
            argument: "lengths" | "offsets",
            ..
        } => !decoded.is_index_sound,
        Error::Range {
            argument: "source_times",
            ..
        } => is_uniform(&trial.source),
        Error::Range {
            argument: "target_times",
            ..
        } => is_uniform(&trial.target),
        Error::Range {
            argument: "offset", ..
        } => trial
            .options
            .offset
            .is_some_and(|offset| !offset.is_finite()),
        Error::Range {
            argument: "tolerance",
            ..
        } => trial
            .options
            .tolerance
            .is_some_and(|limit| !limit.is_duration()),
        Error::Range {
            argument: "max_gap",
            ..
        } => trial
            .options
            .max_gap
            .is_some_and(|limit| !limit.is_duration()),
        _ => false,
    };
    assert!(
        is_just,
        "refused without a reason: {error}\n{}",
        trial.describe()
    );
}

fn is_uniform(axis: &Axis) -> bool {
    matches!(axis, Axis::Uniform { .. })
}

/// The first time that is not finite or lies before the one before it.
pub(crate) fn disorder(times: &Times) -> Option<(usize, TimeFault)> {
    times
        .fault()
        .filter(|(_, fault)| *fault != TimeFault::TooCoarse)
}
