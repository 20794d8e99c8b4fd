//! What do a stream's times say about its clock?

use std::borrow::Cow;

/// A spacing of this many medians is a gap.
const GAP: f64 = 4.0;

/// What a stream's times say about its clock.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Clock<'t> {
    /// The finite times, in order.
    pub(super) times: Cow<'t, [f64]>,
    /// How many times do not come after the time before them, or are not finite.
    pub(super) faults: usize,
    /// The median spacing in seconds.
    pub(super) median: Option<f64>,
    /// The widest spacing in seconds, and where it starts.
    pub(super) widest: Option<(f64, f64)>,
    /// Spans without samples that are far wider than the median spacing.
    pub(super) gaps: Vec<(f64, f64)>,
}

impl<'t> Clock<'t> {
    /// Reads the clock off the times of its samples.
    pub(super) fn of(times: &'t [f64]) -> Self {
        let faults = times.iter().filter(|time| !time.is_finite()).count()
            + times.windows(2).filter(|pair| pair[1] <= pair[0]).count();
        let times = if times.iter().all(|t| t.is_finite()) && times.is_sorted() {
            Cow::Borrowed(times)
        } else {
            let mut times: Vec<f64> = times.iter().copied().filter(|t| t.is_finite()).collect();
            times.sort_by(f64::total_cmp);
            Cow::Owned(times)
        };
        let mut spacings: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let middle = spacings.len() / 2;
        let median = if spacings.is_empty() {
            None
        } else {
            Some(*spacings.select_nth_unstable_by(middle, f64::total_cmp).1)
        };
        let widest = times
            .windows(2)
            .map(|pair| (pair[1] - pair[0], pair[0]))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let limit = reach(median);
        let gaps = times
            .windows(2)
            .filter(|pair| pair[1] - pair[0] > limit)
            .map(|pair| (pair[0], pair[1]))
            .collect();
        Self {
            times,
            faults,
            median,
            widest,
            gaps,
        }
    }

    /// The widest spacing that is not a gap, in seconds.
    pub(super) fn reach(&self) -> f64 {
        reach(self.median)
    }

    /// The widest of the gaps.
    pub(super) fn widest_gap(&self) -> Option<(f64, f64)> {
        let width = |gap: &(f64, f64)| gap.1 - gap.0;
        self.gaps
            .iter()
            .copied()
            .max_by(|a, b| width(a).total_cmp(&width(b)))
    }
}

fn reach(median: Option<f64>) -> f64 {
    match median {
        Some(median) if median > 0.0 => GAP * median,
        // Where most times are doubled, no spacing says what is usual.
        _ => f64::INFINITY,
    }
}

/// The window of a close look: about 0.6 s around the widest gap, or else in the middle.
///
/// The window is shorter or longer where samples are so dense or so sparse that it would show
/// more than 80 or fewer than 12 of them, and always shows some of what surrounds the gap.
pub(super) fn close_look(clock: &Clock<'_>, whole: (f64, f64)) -> (f64, f64) {
    let (from, to) = whole;
    let gap = clock.widest_gap();
    let usual = match clock.median {
        Some(median) if median > 0.0 => 0.6f64.min(80.0 * median).max(12.0 * median),
        _ => 0.6,
    };
    let width = gap.map_or(usual, |(start, end)| usual.max(1.6 * (end - start)));
    if width >= to - from {
        return whole;
    }
    let middle = gap.map_or(0.5 * (from + to), |(start, end)| 0.5 * (start + end));
    let start = (middle - 0.5 * width).clamp(from, to - width);
    (start, start + width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_knows_its_gaps_and_faults() {
        let mut times: Vec<f64> = (0..100).map(|i| f64::from(i) * 0.01).collect();
        times.drain(50..80);
        let clock = Clock::of(&times);
        assert!(clock.median.is_some_and(|m| (m - 0.01).abs() < 1e-9));
        assert_eq!(clock.gaps, [(0.49, 0.8)]);
        assert!(
            clock
                .widest
                .is_some_and(|(w, at)| (w - 0.31).abs() < 1e-9 && at == 0.49)
        );
        assert_eq!(clock.faults, 0);

        let clock = Clock::of(&[1.0, 0.0, 0.0, f64::NAN]);
        assert_eq!((clock.faults, &*clock.times), (3, &[0.0, 0.0, 1.0][..]));
        for few in [&[][..], &[1.0], &[f64::NAN, f64::INFINITY]] {
            let clock = Clock::of(few);
            assert_eq!((clock.median, clock.widest), (None, None));
            assert!(clock.gaps.is_empty() && clock.reach() == f64::INFINITY);
        }
    }

    #[test]
    fn a_close_look_is_at_the_widest_gap_or_the_middle() {
        let mut times: Vec<f64> = (0..1000).map(|i| f64::from(i) * 0.01).collect();
        let whole = (0.0, 9.99);
        let (from, to) = close_look(&Clock::of(&times), whole);
        assert!((from - 4.695).abs() < 1e-9 && (to - 5.295).abs() < 1e-9);
        times.drain(100..140);
        let (from, to) = close_look(&Clock::of(&times), whole);
        assert!(from < 0.95 && to > 1.45 && to - from < 0.7, "{from} {to}");
        times.drain(0..50);
        times.drain(200..700);
        let clock = Clock::of(&times);
        let gap = clock.widest_gap().expect("a gap");
        let (from, to) = close_look(&clock, whole);
        assert!(from < gap.0 && gap.1 < to);
        assert_eq!(close_look(&Clock::of(&[0.0, 0.1]), (0.0, 0.1)), (0.0, 0.1));
    }
}
