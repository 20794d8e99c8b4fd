//! Any small resampling on every variant of the CPU: all of the same bits as the reference, right by the
//! oracle, and nothing written that is not theirs. See [`trial`](crate::trial) for the bytes.

use crate::trial::{Decoded, decode};
use robocache_core::{Error, TimeFault};
use robocache_registry::operation::CaseOutputs;
use robocache_registry::{Case, CaseOutcome, DeviceCaps, DeviceId};
use robocache_testkit::oracle::Times;
use robocache_trajectory::testing::{Axis, Trial};
use robocache_trajectory::{Extrapolation, dispatcher};

const REFERENCE: &str = "trajectory.scalar.cpu";

/// Runs and compares. Whether the trial was accepted.
///
/// # Panics
/// On a bug.
pub fn run(data: &[u8]) -> bool {
    let decoded = decode(data);
    let trial = &decoded.trial;
    let expected = on(trial, REFERENCE).expect("the reference takes everything");
    match &expected {
        Ok(outputs) => accepted(&decoded, outputs),
        Err(error) => refused(&decoded, error),
    }
    for variant in dispatcher().variants() {
        let id = variant.info.id;
        if id == REFERENCE || variant.info.runs_on(DeviceCaps::cpu()).is_err() {
            continue;
        }
        let same = match (on(trial, id), &expected) {
            (None, _) => continue,
            (Some(Ok(found)), Ok(expected)) => trial.same(&found, expected),
            (Some(Err(found)), Err(expected)) if found == *expected => Ok(()),
            (Some(found), expected) => Err(format!("{found:?}, expected {expected:?}")),
        };
        if let Err(what) = same {
            panic!(
                "{id} differs from {REFERENCE}: {what}\n{}",
                trial.describe()
            );
        }
    }
    expected.is_ok()
}

/// What a variant makes of a trial; `None` if it does not take it.
fn on(trial: &Trial, id: &str) -> Option<Result<CaseOutputs, Error>> {
    match trial.run(id, DeviceId::Cpu) {
        Ok(CaseOutcome::Outputs(outputs)) => Some(Ok(outputs)),
        Ok(CaseOutcome::Refused(_)) => None,
        // Inputs changed, guards overwritten, elements not written: none of it is the trial's fault.
        Err(error @ Error::Memory { .. }) => panic!("{id}: {error}\n{}", trial.describe()),
        Err(error) => Some(Err(error)),
    }
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
