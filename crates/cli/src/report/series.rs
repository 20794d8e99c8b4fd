//! Which points of a column are drawn?

use super::clock::Clock;

/// A point of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    /// Seconds since the start of the report.
    pub(super) t: f64,
    pub(super) v: f64,
    /// Whether the line reaches this point from the point before it.
    pub(super) joined: bool,
    /// Whether the value may be used.
    pub(super) valid: bool,
}

/// A column's points, in order of time, all of them finite.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Series {
    points: Vec<Point>,
}

impl Series {
    /// The finite values at finite times, as far as the shorter of the two goes.
    ///
    /// The line breaks where a value is not finite, and where a spacing is above `reach`.
    pub(super) fn new(
        times: &[f64],
        values: &[f64],
        mask: Option<&[bool]>,
        origin: f64,
        reach: f64,
    ) -> Self {
        let mut rows: Vec<(f64, f64, bool)> = times
            .iter()
            .zip(values)
            .enumerate()
            .filter(|(_, (time, _))| time.is_finite())
            .map(|(row, (time, value))| {
                let valid = mask.is_none_or(|mask| mask.get(row).copied().unwrap_or(false));
                (time - origin, *value, valid)
            })
            .collect();
        if !rows.is_sorted_by(|a, b| a.0 <= b.0) {
            rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        let mut points = Vec::with_capacity(rows.len());
        let mut last: Option<f64> = None;
        for (t, v, valid) in rows {
            if !v.is_finite() {
                last = None;
                continue;
            }
            let joined = last.is_some_and(|last| t - last <= reach);
            last = Some(t);
            points.push(Point {
                t,
                v,
                joined,
                valid,
            });
        }
        Self { points }
    }

    /// The spacing in milliseconds before each of `times` but the first, as a step line that
    /// holds it over the span it measures.
    pub(super) fn spacings(clock: &Clock<'_>, origin: f64) -> Self {
        let times = &clock.times;
        let mut points = Vec::with_capacity(times.len());
        let mut joined = false;
        for pair in times.windows(2) {
            let spacing = (pair[1] - pair[0]) * 1e3;
            // A logarithmic axis has no place for a spacing of zero.
            if spacing > 0.0 && spacing.is_finite() {
                points.push(Point {
                    t: pair[0] - origin,
                    v: spacing,
                    joined,
                    valid: true,
                });
            }
            joined = spacing > 0.0 && spacing.is_finite();
        }
        if let (Some(last), Some(end)) = (points.last().copied(), times.last()) {
            points.push(Point {
                t: end - origin,
                joined: true,
                ..last
            });
        }
        Self { points }
    }

    pub(super) fn points(&self) -> &[Point] {
        &self.points
    }

    /// The points in a window, with one more on either side for the line to come from.
    pub(super) fn around(&self, (from, to): (f64, f64)) -> &[Point] {
        let first = self.points.partition_point(|p| p.t < from);
        let end = self.points.partition_point(|p| p.t <= to);
        let end = (end + 1).min(self.points.len());
        self.points.get(first.saturating_sub(1)..end).unwrap_or(&[])
    }

    /// The points in a window.
    pub(super) fn inside(&self, (from, to): (f64, f64)) -> &[Point] {
        let first = self.points.partition_point(|p| p.t < from);
        let end = self.points.partition_point(|p| p.t <= to);
        self.points.get(first..end).unwrap_or(&[])
    }

    /// Whether a point or a part of the line lies in a window.
    pub(super) fn shows_in(&self, window: (f64, f64)) -> bool {
        // Where no point lies inside, the line does if the point after is joined to the one before.
        !self.inside(window).is_empty() || matches!(self.around(window), [_, after] if after.joined)
    }
}

/// At most four points for each pixel column: its first, least, greatest and last.
///
/// `column` says in which pixel column a time falls. A line through the result covers the same
/// pixels as one through all points, but for breaks that lie within one pixel column.
pub(super) fn thinned(points: &[Point], column: impl Fn(f64) -> i64) -> Vec<Point> {
    let mut kept = Vec::new();
    for group in points.chunk_by(|a, b| column(a.t) == column(b.t)) {
        if group.len() <= 4 {
            kept.extend_from_slice(group);
            continue;
        }
        let by_value = |a: &usize, b: &usize| group[*a].v.total_cmp(&group[*b].v);
        let least = (0..group.len()).min_by(by_value).unwrap_or(0);
        let greatest = (0..group.len()).max_by(by_value).unwrap_or(0);
        let mut picks = [0, least, greatest, group.len() - 1];
        picks.sort_unstable();
        let mut previous = None;
        for pick in picks {
            if previous != Some(pick) {
                let joined = previous.is_some() || group[pick].joined;
                kept.push(Point {
                    joined,
                    ..group[pick]
                });
            }
            previous = Some(pick);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(times: &[f64], values: &[f64]) -> Series {
        Series::new(times, values, None, 0.0, f64::INFINITY)
    }

    #[test]
    fn values_that_are_not_finite_break_the_line() {
        let nan = f64::NAN;
        let got = series(
            &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0],
            &[1.0, 2.0, nan, 3.0, f64::INFINITY, 4.0],
        );
        let joined: Vec<_> = got.points().iter().map(|p| (p.v, p.joined)).collect();
        assert_eq!(
            joined,
            [(1.0, false), (2.0, true), (3.0, false), (4.0, false)]
        );
        assert!(series(&[0.0, 1.0], &[nan, nan]).points().is_empty());
    }

    #[test]
    fn gaps_break_the_line_and_disorder_is_sorted() {
        let got = Series::new(
            &[10.0, 12.0, 11.0, 20.0, f64::NAN],
            &[0.0, 2.0, 1.0, 3.0, 9.0],
            Some(&[true, true, false]),
            10.0,
            2.0,
        );
        let points: Vec<_> = got
            .points()
            .iter()
            .map(|p| (p.t, p.v, p.joined, p.valid))
            .collect();
        assert_eq!(
            points,
            [
                (0.0, 0.0, false, true),
                (1.0, 1.0, true, false),
                (2.0, 2.0, true, true),
                (10.0, 3.0, false, false)
            ]
        );
    }

    #[test]
    fn thinning_keeps_the_extremes_of_every_pixel() {
        let times: Vec<f64> = (0..100_000).map(|i| f64::from(i) * 1e-3).collect();
        let mut values: Vec<f64> = times.iter().map(|t| t.sin()).collect();
        values[31_415] = 50.0;
        values[77_777] = -50.0;
        let all = series(&times, &values);
        let column = |t: f64| (t * 7.0).floor() as i64;
        let kept = thinned(all.points(), column);
        assert!(kept.len() <= 4 * 701, "{} points", kept.len());
        assert!(kept.iter().any(|p| p.v == 50.0) && kept.iter().any(|p| p.v == -50.0));
        assert!(kept.is_sorted_by(|a, b| a.t < b.t));
        for group in all.points().chunk_by(|a, b| column(a.t) == column(b.t)) {
            let of = |points: &[Point]| super::super::scale::extent(points.iter().map(|p| p.v));
            let here: Vec<_> = kept
                .iter()
                .copied()
                .filter(|p| column(p.t) == column(group[0].t))
                .collect();
            assert_eq!(of(group), of(&here));
            assert_eq!(group.first().map(|p| p.t), here.first().map(|p| p.t));
            assert_eq!(group.last().map(|p| p.t), here.last().map(|p| p.t));
        }
    }

    #[test]
    fn thinning_keeps_breaks_between_pixels() {
        let times: Vec<f64> = (0..40).map(|i| f64::from(i) * 0.1).collect();
        let mut values = vec![1.0; 40];
        values[20] = f64::NAN;
        let kept = thinned(series(&times, &values).points(), |t| t.floor() as i64);
        let breaks: Vec<_> = kept.iter().filter(|p| !p.joined).map(|p| p.t).collect();
        assert_eq!(breaks, [0.0, times[21]]);
    }

    #[test]
    fn windows_include_a_neighbour_on_either_side() {
        let got = series(&[0.0, 1.0, 2.0, 3.0, 4.0], &[0.0; 5]);
        let times = |points: &[Point]| points.iter().map(|p| p.t).collect::<Vec<_>>();
        assert_eq!(times(got.around((1.5, 2.5))), [1.0, 2.0, 3.0]);
        assert_eq!(times(got.inside((1.0, 2.5))), [1.0, 2.0]);
        assert_eq!(times(got.around((9.0, 10.0))), [4.0]);
        assert!(got.inside((9.0, 10.0)).is_empty());
        assert!(Series::default().around((0.0, 1.0)).is_empty());

        assert!(got.shows_in((1.0, 1.1)) && got.shows_in((1.2, 1.3)));
        assert!(!got.shows_in((4.5, 5.0)) && !got.shows_in((-1.0, -0.5)));
        assert!(!Series::default().shows_in((0.0, 1.0)));
        let gapped = Series::new(&[0.0, 9.0], &[0.0; 2], None, 0.0, 1.0);
        assert!(!gapped.shows_in((4.0, 5.0)));
    }

    #[test]
    fn spacings_hold_over_what_they_measure() {
        let times = [5.0, 5.01, 5.01, 5.4];
        let got = Series::spacings(&Clock::of(&times), 5.0);
        let points: Vec<_> = got
            .points()
            .iter()
            .map(|p| ((p.t * 1e3).round(), p.v.round(), p.joined))
            .collect();
        assert_eq!(
            points,
            [
                (0.0, 10.0, false),
                (10.0, 390.0, false),
                (400.0, 390.0, true)
            ]
        );
        assert!(
            Series::spacings(&Clock::of(&[1.0]), 0.0)
                .points()
                .is_empty()
        );
    }
}
