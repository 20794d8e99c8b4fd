//! What did a race find, and does a second look agree?

use anyhow::Result;
use robocache::registry::tune::race::median;
use robocache::registry::tune::{Effort, Sample};
use robocache::registry::{CacheState, DeviceId, OpEntry, Subject, Workload};
use serde::Serialize;

/// What was found for one problem.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) op: &'static str,
    pub(super) shape: String,
    /// The problems that this one stands for.
    pub(super) key: String,
    /// The model.
    pub(super) device: String,
    /// With what it was measured, in words.
    pub(super) with: String,
    pub(super) default: String,
    pub(super) choice: String,
    /// The times of the race, in microseconds.
    pub(super) samples: Vec<Sample>,
    /// A second look, if that was asked for.
    pub(super) again: Option<Again>,
}

/// The default, the default once more, and the choice, in turn; microseconds with cold caches.
#[derive(Debug, Serialize)]
pub(super) struct Again {
    default: Vec<f64>,
    twin: Vec<f64>,
    choice: Vec<f64>,
}

impl Again {
    /// How much less time the choice takes than the default, in percent.
    pub(super) fn gain(&self) -> f64 {
        percent(&self.default, &self.choice)
    }

    /// The same of the default and itself: what a difference means nothing below.
    pub(super) fn noise(&self) -> f64 {
        percent(&self.default, &self.twin)
    }
}

fn percent(slow: &[f64], fast: &[f64]) -> f64 {
    let ratios = slow.iter().zip(fast).map(|(slow, fast)| slow / fast);
    100.0 * (median(ratios) - 1.0)
}

impl Finding {
    /// The median time of a variant in the race, in microseconds.
    pub(super) fn median(&self, variant: &str) -> f64 {
        let sample = self.samples.iter().find(|s| s.variant == variant);
        sample.map_or(f64::NAN, Sample::median)
    }
}

/// Races the variants for a shape.
///
/// # Errors
/// A shape that is none; whatever the operation reports.
pub(super) fn tune(
    op: &'static OpEntry,
    shape: &str,
    device: DeviceId,
    seed: u64,
    effort: Effort,
    verify: bool,
) -> Result<Finding> {
    let mut workload = (op.workloads.open)(shape, device, seed)?;
    let entry = workload.tune(effort)?;
    let again = if verify {
        Some(look_again(&mut *workload, &entry.default, &entry.choice)?)
    } else {
        None
    };
    let driver = match entry.driver {
        0 => String::new(),
        version => format!("CUDA {}.{}, ", version / 1000, version % 1000 / 10),
    };
    Ok(Finding {
        op: op.name,
        shape: workload.shape().to_owned(),
        key: entry.key.clone(),
        device: entry.device.clone(),
        with: format!("{driver}robocache {}", env!("CARGO_PKG_VERSION")),
        default: entry.default.clone(),
        choice: entry.choice.clone(),
        samples: entry.samples.clone(),
        again,
    })
}

fn look_again(workload: &mut dyn Workload, default: &str, choice: &str) -> Result<Again> {
    const ROUNDS: usize = 40;
    const BURST: usize = 3;
    let candidates = workload.candidates();
    let id = |name: &str| candidates.iter().copied().find(|&id| id == name);
    let (Some(default), Some(choice)) = (id(default), id(choice)) else {
        anyhow::bail!("{default} or {choice} does not take the problem any more");
    };
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        // Each takes its turn at every place.
        for turn in 0..3 {
            let place = (turn + round) % 3;
            let subject = Subject::Variant([default, default, choice][place]);
            let micros = workload.time(subject, CacheState::Cold, BURST)?;
            times[place].push(median(micros.into_iter()));
        }
    }
    let [default, twin, choice] = times;
    Ok(Again {
        default,
        twin,
        choice,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_say_how_much_less_time_it_takes() {
        assert_eq!(percent(&[2.0, 4.0, 300.0], &[1.0, 2.0, 3.0]), 100.0);
        assert_eq!(percent(&[1.0], &[2.0]), -50.0);
    }
}
