//! Cubics between two samples, by their tangents there.
//!
//! Tangents are kept times the width of the bracket, so that times occur only as ratios of widths, which
//! are the same for all columns.

use super::arith::Arith;
use crate::runs::Rule;

/// The width of a bracket over the width of each of its neighbours. Zero where the neighbour has no
/// width, so that it says nothing about a slope; negative where there is no neighbour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ratios<A> {
    pub before: A,
    pub after: A,
}

impl<A: Arith> Ratios<A> {
    pub const ALONE: Self = Ratios {
        before: A::ZERO,
        after: A::ZERO,
    };
}

/// The value between `a` and `b`. `previous` and `next` are the samples before and after them, and are
/// called for only where their ratio is positive. A weight outside of [0, 1] goes on along the tangent.
#[inline]
pub(crate) fn value<A: Arith>(
    rule: Rule,
    weight: A,
    ratios: Ratios<A>,
    [a, b]: [A; 2],
    previous: impl FnOnce() -> A,
    next: impl FnOnce() -> A,
) -> A {
    let rise = b - a;
    let before = Slope::new(ratios.before, || a - previous());
    let after = Slope::new(ratios.after, || next() - b);
    let (at_a, at_b) = match rule {
        Rule::Pchip => (
            monotone(rise, &before, &after),
            monotone(rise, &after, &before),
        ),
        _ => (parabola(rise, &before), parabola(rise, &after)),
    };
    if weight < A::ZERO {
        return a + weight * at_a;
    }
    let rest = A::ONE - weight;
    if rest < A::ZERO {
        return b - rest * at_b;
    }
    let bend = (at_a - rise) + (at_b - rise);
    // From the nearer end, which is its mirror image.
    if weight < A::HALF {
        a + weight * (at_a + weight * (curve(rise, at_a, at_b) + weight * bend))
    } else {
        b - rest * (at_b + rest * (curve(rise, at_b, at_a) + rest * bend))
    }
}

/// The coefficient of the square, seen from the end whose tangent is `here`.
#[inline]
fn curve<A: Arith>(rise: A, here: A, there: A) -> A {
    let down = rise - here;
    (down + down) + (rise - there)
}

/// What a neighbouring bracket says.
struct Slope<A> {
    ratio: A,
    /// `ratio / (1 + ratio)`: this bracket's width as a part of both.
    share: A,
    /// The neighbour's slope, times this bracket's width.
    rise: A,
}

impl<A: Arith> Slope<A> {
    #[inline]
    fn new(ratio: A, difference: impl FnOnce() -> A) -> Self {
        if ratio > A::ZERO {
            Slope {
                ratio,
                share: ratio / (A::ONE + ratio),
                rise: ratio * difference(),
            }
        } else {
            Slope {
                ratio,
                share: A::ZERO,
                rise: A::ZERO,
            }
        }
    }
}

/// The derivative of the parabola through three samples at the middle one; without a neighbour, the line.
#[inline]
fn parabola<A: Arith>(rise: A, beside: &Slope<A>) -> A {
    if beside.ratio > A::ZERO {
        rise + beside.share * (beside.rise - rise)
    } else {
        rise
    }
}

/// The tangent that keeps the cubic within its samples: at the end of the recording by the bracket on
/// the `other` side.
#[inline]
fn monotone<A: Arith>(rise: A, beside: &Slope<A>, other: &Slope<A>) -> A {
    if beside.ratio > A::ZERO {
        harmonic(rise, beside)
    } else if beside.ratio < A::ZERO && other.ratio > A::ZERO {
        at_the_end(rise, other)
    } else {
        rise
    }
}

/// The weighted harmonic mean of two slopes of one sign, else zero.
#[inline]
fn harmonic<A: Arith>(rise: A, beside: &Slope<A>) -> A {
    let Slope {
        share, rise: other, ..
    } = *beside;
    let (up, down) = (
        rise > A::ZERO && other > A::ZERO,
        rise < A::ZERO && other < A::ZERO,
    );
    if up || down {
        // By the smaller one over the larger one, which neither overflows nor vanishes.
        let (theirs, ours) = (A::ONE + share, (A::ONE + A::ONE) - share);
        if other.abs() < rise.abs() {
            A::THREE * other / (theirs + ours * (other / rise))
        } else {
            A::THREE * rise / (ours + theirs * (rise / other))
        }
    } else if other.is_nan() {
        other
    } else {
        A::ZERO
    }
}

/// The three-point formula at the first or the last sample, held to the sign of the slope there and to three
/// times as much.
#[inline]
fn at_the_end<A: Arith>(rise: A, other: &Slope<A>) -> A {
    let tangent = rise + other.share * (rise - other.rise);
    if tangent.is_nan() {
        return tangent;
    }
    let same_sign = |x: A, y: A| (x > A::ZERO) == (y > A::ZERO) && (x < A::ZERO) == (y < A::ZERO);
    let most = A::THREE * rise;
    if !same_sign(tangent, rise) {
        A::ZERO
    } else if !same_sign(rise, other.rise) && tangent.abs() > most.abs() {
        most
    } else {
        tangent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value at `t` among samples at some times, bracket `i`.
    fn at(rule: Rule, times: &[f64], samples: &[f64], i: usize, t: f64) -> f64 {
        let width = |i: usize| times[i + 1] - times[i];
        let ratio = |j: Option<usize>| match j.filter(|&j| j + 1 < times.len()) {
            None => -1.0,
            Some(j) if width(j) == 0.0 => 0.0,
            Some(j) => width(i) / width(j),
        };
        value(
            rule,
            (t - times[i]) / width(i),
            Ratios {
                before: ratio(i.checked_sub(1)),
                after: ratio(Some(i + 1)),
            },
            [samples[i], samples[i + 1]],
            || samples[i - 1],
            || samples[i + 2],
        )
    }

    #[test]
    fn a_parabola_is_found_again_between_inner_samples() {
        let times = [0.0, 1.0, 1.5, 4.0];
        let samples = times.map(|t: f64| 3.0 - t + 0.5 * t * t);
        for t in [1.1, 1.25, 1.4] {
            let expected = 3.0 - t + 0.5 * t * t;
            assert!((at(Rule::Cubic, &times, &samples, 1, t) - expected).abs() < 1e-14);
        }
    }

    #[test]
    fn lines_stay_lines_and_go_on_beyond_the_ends() {
        let times = [0.0, 1.0, 1.5, 4.0];
        let samples = times.map(|t: f64| 2.0 * t - 1.0);
        for rule in [Rule::Cubic, Rule::Pchip] {
            for (i, t) in [(0, 0.3), (1, 1.2), (2, 3.9), (0, -2.0), (2, 6.0)] {
                let found = at(rule, &times, &samples, i, t);
                assert!((found - (2.0 * t - 1.0)).abs() < 1e-14, "{rule:?} {t}");
            }
        }
    }

    #[test]
    fn steps_are_not_overshot_and_equal_times_say_nothing() {
        let times = [0.0, 1.0, 2.0, 3.0];
        let samples = [0.0, 0.0, 1.0, 1.0];
        assert_eq!(at(Rule::Pchip, &times, &samples, 1, 1.5), 0.5);
        assert_eq!(at(Rule::Pchip, &times, &samples, 0, 0.5), 0.0);
        assert!(at(Rule::Cubic, &times, &samples, 0, 0.5) < 0.0);
        let times = [0.0, 0.0, 2.0, 2.0];
        for rule in [Rule::Cubic, Rule::Pchip] {
            assert_eq!(at(rule, &times, &[9.0, 0.0, 1.0, 9.0], 1, 0.5), 0.25);
        }
    }

    #[test]
    fn nan_next_door_is_not_lost() {
        let times = [0.0, 1.0, 2.0, 3.0];
        for rule in [Rule::Cubic, Rule::Pchip] {
            for lost in 0..4 {
                let mut samples = [0.0, 1.0, 1.0, 3.0];
                samples[lost] = f64::NAN;
                assert!(
                    at(rule, &times, &samples, 1, 1.5).is_nan(),
                    "{rule:?} {lost}"
                );
            }
            assert!(at(rule, &times, &[0.0, 1.0, f64::NAN, 3.0], 0, 0.5).is_nan());
        }
    }
}
