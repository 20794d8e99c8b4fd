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

/// The value between the middle two of four samples. The outer ones count only where their ratio is positive, and may
/// else be any number. A weight outside of [0, 1] goes on along the tangent.
#[inline(always)]
pub(crate) fn value<A: Arith>(
    rule: Rule,
    weight: A,
    ratios: Ratios<A>,
    [previous, a, b, next]: [A; 4],
) -> A {
    let rise = b - a;
    let before = Slope::new(ratios.before, a - previous);
    let after = Slope::new(ratios.after, next - b);
    let (at_a, at_b) = match rule {
        Rule::Pchip => (
            monotone(rise, &before, &after),
            monotone(rise, &after, &before),
        ),
        _ => (parabola(rise, &before), parabola(rise, &after)),
    };
    let bend = (at_a - rise) + (at_b - rise);
    // From the nearer end, which is its mirror image.
    let (early, rest) = (weight < A::HALF, A::ONE - weight);
    let pick = |if_early: A, if_late: A| if early { if_early } else { if_late };
    let (end, near, toward) = (pick(a, b), pick(weight, rest), pick(weight, -rest));
    let (here, there) = (pick(at_a, at_b), pick(at_b, at_a));
    let curved = here + near * (curve(rise, here, there) + near * bend);
    end + toward * if near < A::ZERO { here } else { curved }
}

/// The coefficient of the square, seen from the end whose tangent is `here`.
#[inline(always)]
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
    #[inline(always)]
    fn new(ratio: A, difference: A) -> Self {
        let counts = |value: A| if ratio > A::ZERO { value } else { A::ZERO };
        Slope {
            ratio,
            share: counts(ratio / (A::ONE + ratio)),
            rise: counts(ratio * difference),
        }
    }
}

/// The derivative of the parabola through three samples at the middle one; without a neighbour, the line.
#[inline(always)]
fn parabola<A: Arith>(rise: A, beside: &Slope<A>) -> A {
    let tangent = rise + beside.share * (beside.rise - rise);
    if beside.ratio > A::ZERO {
        tangent
    } else {
        rise
    }
}

/// The tangent that keeps the cubic within its samples: at the end of the recording by the bracket on
/// the `other` side.
#[inline(always)]
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
#[inline(always)]
fn harmonic<A: Arith>(rise: A, beside: &Slope<A>) -> A {
    let Slope {
        share, rise: other, ..
    } = *beside;
    // All of it without jumps, which would be taken at random.
    let up = (rise > A::ZERO) & (other > A::ZERO);
    let down = (rise < A::ZERO) & (other < A::ZERO);
    // By the smaller one over the larger one, which neither overflows nor vanishes.
    let (theirs, ours) = (A::ONE + share, (A::ONE + A::ONE) - share);
    let other_is_smaller = other.abs() < rise.abs();
    let pick = |if_other: A, if_rise: A| if other_is_smaller { if_other } else { if_rise };
    let (smaller, larger) = (pick(other, rise), pick(rise, other));
    let mean = A::THREE * smaller / (pick(theirs, ours) + pick(ours, theirs) * (smaller / larger));
    let tangent = if up | down { mean } else { A::ZERO };
    if other.is_nan() { other } else { tangent }
}

/// The three-point formula at the first or the last sample, held to the sign of the slope there and to three
/// times as much.
#[inline(always)]
fn at_the_end<A: Arith>(rise: A, other: &Slope<A>) -> A {
    let tangent = rise + other.share * (rise - other.rise);
    let same_sign =
        |x: A, y: A| ((x > A::ZERO) == (y > A::ZERO)) & ((x < A::ZERO) == (y < A::ZERO));
    let most = A::THREE * rise;
    let too_much = !same_sign(rise, other.rise) & (tangent.abs() > most.abs());
    let limited = if too_much { most } else { tangent };
    let found = if same_sign(tangent, rise) {
        limited
    } else {
        A::ZERO
    };
    if tangent.is_nan() { tangent } else { found }
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
            [
                *samples.get(i.wrapping_sub(1)).unwrap_or(&f64::NAN),
                samples[i],
                samples[i + 1],
                *samples.get(i + 2).unwrap_or(&f64::NAN),
            ],
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
