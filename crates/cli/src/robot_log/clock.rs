//! When was each sample taken?

use std::collections::BTreeSet;

use super::random::Random;

/// Jitter reaches at most this share of a period to either side, so that times never reorder:
/// two neighbours stay at least a tenth of a period apart.
const REACH: f64 = 0.45;

/// Logs this short, in samples, drop nothing.
const MIN_SAMPLES_FOR_DROPS: usize = 100;

/// How one device is polled.
#[derive(Debug, Clone)]
pub(super) struct Poll {
    /// The rate asked for, in samples per second.
    pub(super) hz: f64,
    /// When the device starts, in seconds of session time; more than the jitter's reach, so
    /// that no time is negative.
    pub(super) offset: f64,
    /// The standard deviation of a sample's time about the device's grid, in seconds.
    pub(super) jitter: f64,
    /// By which share the device's clock runs slow (positive) or fast (negative).
    pub(super) skew: f64,
    /// One sample in this many is lost on its way, and never fewer than three of a log.
    pub(super) drop_one_in: Option<usize>,
    /// A span of session time in which nothing was polled.
    pub(super) stall: Option<(f64, f64)>,
}

impl Poll {
    /// The times of the samples of a session of `seconds`, strictly increasing, in whole
    /// microseconds as a logger stamps them.
    pub(super) fn times(&self, seconds: f64, random: &mut Random) -> Vec<f64> {
        let period = (1.0 + self.skew) / self.hz;
        let count = (seconds * self.hz).floor() as usize;
        let dropped = self.drops(count, random);
        (0..count)
            .filter_map(|index| {
                let grid = self.offset + index as f64 * period;
                // Drawn for every sample, so that a loss does not shift what follows it.
                let late = self.lateness(random);
                let stalled = self
                    .stall
                    .is_some_and(|(from, to)| (from..to).contains(&grid));
                if stalled || dropped.contains(&index) {
                    return None;
                }
                Some(((grid + late) * 1e6).round() / 1e6)
            })
            .collect()
    }

    /// How late a sample is, in seconds: normal, and redrawn where it would leave its reach.
    fn lateness(&self, random: &mut Random) -> f64 {
        let reach = REACH / self.hz;
        // A draw lies within reach far more often than not; the bound only guards against
        // jitter far beyond the period.
        (0..64)
            .map(|_| self.jitter * random.normal())
            .find(|late| late.abs() <= reach)
            .unwrap_or(0.0)
    }

    fn drops(&self, count: usize, random: &mut Random) -> BTreeSet<usize> {
        let mut dropped = BTreeSet::new();
        if let Some(one_in) = self.drop_one_in
            && count >= MIN_SAMPLES_FOR_DROPS
        {
            let wanted = (count / one_in.max(2)).max(3);
            while dropped.len() < wanted {
                dropped.insert(1 + random.below(count - 2));
            }
        }
        dropped
    }
}
