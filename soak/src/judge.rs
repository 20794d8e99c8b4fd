//! Is a rise a fault, harmless, or not to be told yet?
//!
//! A series has a budget: what it may rise by in eight hours. Three rules, in this order:
//!
//! 1. **Seen.** If the lower end of the 99.9 % interval says that the series has risen by the `alarm`
//!    (several budgets) within the time judged, and did not slow down from the first half of it to the
//!    second, it is a fault, whenever that is noticed. Nothing is projected, so that looking again and
//!    again raises no false alarm: noise without a trend does not rise by that much, one step is not in
//!    both halves, and what warms up slows down.
//! 2. **Projected.** If the 99 % interval lies above zero and the slope reaches the budget in eight hours,
//!    it is a fault, provided that one run was judged for [`LONG`]: memory that settles rises for minutes,
//!    and a few megabytes of that would be a hundred in eight hours.
//! 3. **Bounded.** If the upper end of the interval stays within the budget, the series passes. If not, a
//!    leak as large as the budget could hide in the noise, and it cannot be told; but once [`FULL`] time was
//!    judged, more would not be asked of any run, and what is no fault passes.

use crate::slope::{Point, SURE, Slope, VERY_SURE, blocks, theil_sen};
use serde::{Deserialize, Serialize};

/// The hours that budgets are for.
pub const HOURS: f64 = 8.0;
/// The part of a run that is warm-up, and not judged.
pub const WARM_UP: f64 = 0.2;
/// The shortest time judged, in seconds, from which anything can be told of a slope.
pub const SHORT: f64 = 240.0;
/// The time of one run judged, in seconds, from which a slope is projected.
pub const LONG: f64 = 1800.0;
/// The time judged in a run of eight hours.
pub const FULL: f64 = (1.0 - WARM_UP) * HOURS * 3600.0;
/// The blocks that a run's samples are taken together in, and the fewest that tell something.
pub const BLOCKS: usize = 48;
const FEWEST: usize = 20;
/// The first moment, in seconds, at which a rise can be seen: programs start by growing.
const FIRST_LOOK: f64 = 20.0;
/// What the second half of a rise that does not slow down has, at least, of the first half's.
const STEADY: f64 = 0.6;

/// What a series may do.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// What it may rise by in eight hours.
    pub budget: f64,
    /// The rise that is a fault when it is seen.
    pub alarm: f64,
    /// Whether both are shares of the series' median.
    pub relative: bool,
}

impl Limit {
    /// In the series' own unit.
    pub const fn absolute(budget: f64, alarm: f64) -> Limit {
        Limit {
            budget,
            alarm,
            relative: false,
        }
    }

    /// In shares of the series' median.
    pub const fn relative(budget: f64, alarm: f64) -> Limit {
        Limit {
            budget,
            alarm,
            relative: true,
        }
    }
}

/// What can be said of a run or a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// All is well.
    Pass,
    /// Too short, or too noisy, to tell.
    CannotTell,
    /// A fault.
    Fail,
}

impl Verdict {
    /// The program's exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Verdict::Pass => 0,
            Verdict::Fail => 1,
            Verdict::CannotTell => 2,
        }
    }

    /// As people read it.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::CannotTell => "cannot tell",
        }
    }
}

/// What was found of a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trend {
    /// What follows from it.
    pub verdict: Verdict,
    /// Why, in words.
    pub reason: String,
    /// What the series would rise by in eight hours: slope, lower and upper end of the 99 % interval,
    /// where they are known; in the limit's terms.
    pub rise: Option<f64>,
    /// See `rise`.
    pub low: Option<f64>,
    /// See `rise`.
    pub high: Option<f64>,
    /// Seconds judged, of all runs together.
    pub seconds: f64,
    /// The moment in seconds and the value around which the slope turns, for drawing it.
    pub pivot: Option<Point>,
}

/// The points that are judged: those after the warm-up.
pub fn judged(points: &[Point]) -> &[Point] {
    let end = points.last().map_or(0.0, |point| point.0);
    let first = points.partition_point(|point| point.0 < WARM_UP * end);
    &points[first..]
}

/// The slope's rise in eight hours.
fn per_budget(slope: Slope) -> Slope {
    let hours = |per_second: f64| per_second * 3600.0 * HOURS;
    Slope {
        value: hours(slope.value),
        low: hours(slope.low),
        high: hours(slope.high),
    }
}

/// A group in the limit's terms.
fn scaled(limit: Limit, group: &[Point]) -> Vec<Point> {
    let scale = match crate::slope::median(&group.iter().map(|p| p.1).collect::<Vec<_>>()) {
        Some(median) if limit.relative && median > 0.0 => median,
        _ => 1.0,
    };
    group.iter().map(|&(t, value)| (t, value / scale)).collect()
}

fn span(points: &[Point]) -> f64 {
    match points {
        [first, .., last] => last.0 - first.0,
        _ => 0.0,
    }
}

/// Whether a run's series, times in seconds from its start, has risen by the alarm already.
pub fn seen(points: &[Point], limit: Limit) -> bool {
    let end = points.last().map_or(0.0, |point| point.0);
    if end < FIRST_LOOK {
        return false;
    }
    let judged = &scaled(limit, judged(points))[..];
    let rise = |points: &[Point], end: fn(Slope) -> f64| {
        let points = blocks(points, BLOCKS / 2);
        let slope = theil_sen(std::slice::from_ref(&points), VERY_SURE);
        match slope.filter(|_| points.len() >= 8) {
            Some(slope) => end(slope) * span(&points),
            None => 0.0,
        }
    };
    let middle = judged.partition_point(|point| point.0 < (judged[0].0 + end) / 2.0);
    let early = rise(&judged[..middle], |slope| slope.value);
    let late = rise(&judged[middle..], |slope| slope.value);
    rise(judged, |slope| slope.low) >= limit.alarm && early > 0.0 && late >= STEADY * early
}

/// Judges a series over runs, each with times in seconds from its start.
pub fn judge(runs: &[Vec<Point>], limit: Limit) -> Trend {
    let groups: Vec<Vec<Point>> = runs
        .iter()
        .map(|run| blocks(judged(run), BLOCKS))
        .filter(|group| group.len() >= 3)
        .collect();
    // The sum of nothing is -0.
    let seconds = groups.iter().map(|group| span(group)).sum::<f64>() + 0.0;
    let longest = groups.iter().map(|group| span(group)).fold(0.0, f64::max);
    let points: usize = groups.iter().map(Vec::len).sum();
    let alike: Vec<_> = groups.iter().map(|group| scaled(limit, group)).collect();
    let slope = theil_sen(&alike, SURE).map(per_budget);
    let (verdict, reason) = if runs.iter().any(|run| seen(run, limit)) {
        (Verdict::Fail, "has risen by several budgets".to_owned())
    } else {
        match slope {
            Some(slope) if seconds >= SHORT * 0.99 && points >= FEWEST => {
                project(slope, limit, seconds, longest)
            }
            _ => (
                Verdict::CannotTell,
                format!("{seconds:.0} s after the warm-up are too short for a slope"),
            ),
        }
    };
    let finite = |of: fn(&Slope) -> f64| slope.as_ref().map(of).filter(|value| value.is_finite());
    let pivot = groups.last().and_then(|group| {
        let part =
            |of: fn(&Point) -> f64| crate::slope::median(&group.iter().map(of).collect::<Vec<_>>());
        Some((part(|p| p.0)?, part(|p| p.1)?))
    });
    Trend {
        verdict,
        reason,
        rise: finite(|slope| slope.value),
        low: finite(|slope| slope.low),
        high: finite(|slope| slope.high),
        seconds,
        pivot,
    }
}

fn project(slope: Slope, limit: Limit, seconds: f64, longest: f64) -> (Verdict, String) {
    let budget = limit.budget;
    if slope.low > 0.0 && slope.value > budget {
        return if longest >= LONG * 0.99 {
            (Verdict::Fail, "rises past its budget".into())
        } else {
            let reason = "rises, but not for long enough to be projected over eight hours";
            (Verdict::CannotTell, reason.into())
        };
    }
    if slope.high <= budget {
        (Verdict::Pass, "stays within its budget".into())
    } else if seconds >= FULL * 0.99 {
        let reason = "is not seen to rise past its budget in the time of a full run";
        (Verdict::Pass, reason.into())
    } else {
        let reason = "a rise as large as the budget could hide in the noise of this time";
        (Verdict::CannotTell, reason.into())
    }
}

/// Latency drifts if it does so both by the clock and beside the yardstick: in the first case alone the
/// machine became slower, in the second alone the yardstick faster.
pub fn latency(clock: &Trend, beside: &Trend) -> (Verdict, String) {
    use Verdict::{CannotTell, Fail, Pass};
    match (clock.verdict, beside.verdict) {
        (Fail, Fail) => (Fail, clock.reason.clone()),
        (Fail, Pass) => (
            Pass,
            "the machine became slower, the library did not: beside the yardstick it stays".into(),
        ),
        (Pass, Fail) => (
            Pass,
            "stays by the clock; the yardstick became faster".into(),
        ),
        (Pass, _) => (Pass, clock.reason.clone()),
        (_, Pass) => (Pass, format!("beside the yardstick {}", beside.reason)),
        (CannotTell, _) => (CannotTell, clock.reason.clone()),
        (_, CannotTell) => (
            CannotTell,
            format!("beside the yardstick {}", beside.reason),
        ),
    }
}

#[cfg(test)]
mod tests;
