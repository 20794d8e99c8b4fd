//! Sine, arc tangent and the wrapping of angles, by operations that round alike everywhere: the functions of
//! the system's library and of CUDA's do not.

use super::arith::{Arith, Trig};

/// `x + x³ P(x²)`, Horner's way.
#[inline(always)]
fn odd<A: Arith>(coefficients: &[A], x: A) -> A {
    let square = x * x;
    let mut sum = A::ZERO;
    for &coefficient in coefficients.iter().rev() {
        sum = sum * square + coefficient;
    }
    x + x * (square * sum)
}

/// The sine of an angle of at most π/2.
#[inline(always)]
pub(crate) fn plain_sin<A: Arith>(x: A) -> A {
    odd(A::TRIG.sin, x)
}

/// The sine of any angle; within [−π/2, π/2] without further roundings.
#[inline(always)]
pub(crate) fn sin<A: Arith>(x: A) -> A {
    let Trig { half, pi, .. } = A::TRIG;
    let mut x = x;
    if x.abs() > half {
        x = wrap(x);
        if x > half {
            x = pi - x;
        } else if x < -half {
            x = -pi - x;
        }
    }
    plain_sin(x)
}

/// The arc tangent of a number in [0, 1].
#[inline(always)]
pub(crate) fn atan<A: Arith>(x: A) -> A {
    let Trig {
        eighth, quarter, ..
    } = A::TRIG;
    let steep = x > eighth;
    let turned = (x - A::ONE) / (x + A::ONE);
    let angle = odd(A::TRIG.atan, if steep { turned } else { x });
    if steep { quarter + angle } else { angle }
}

/// The angle in (−π, π] that differs from one by whole turns.
#[inline(always)]
pub(crate) fn wrap<A: Arith>(x: A) -> A {
    let Trig {
        pi,
        tau,
        turns,
        parts,
        most_turns,
        ..
    } = A::TRIG;
    let whole = (x * turns).round_ties_even();
    let mut rest = x;
    if whole != A::ZERO {
        if whole.is_nan() || whole.abs() > most_turns {
            return A::NAN;
        }
        rest = ((x - whole * parts[0]) - whole * parts[1]) - whole * parts[2];
    }
    if rest > pi {
        rest - tau
    } else if rest <= -pi {
        rest + tau
    } else {
        rest
    }
}

/// Between two angles, along the shorter arc; `weight` may lie outside of [0, 1].
#[inline(always)]
pub(crate) fn blend_angles<A: Arith>(weight: A, a: A, b: A) -> A {
    wrap(weight.blend_by(wrap(a), wrap(b), wrap(b - a)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest error of a function over an interval, in units of the result's last place.
    fn worst(range: [f64; 2], of: impl Fn(f64) -> (f64, f64, f64)) -> f64 {
        let steps = 200_000;
        let at = |i: i32| range[0] + (range[1] - range[0]) * f64::from(i) / f64::from(steps);
        (0..=steps)
            .map(|i| {
                let (found, expected, unit) = of(at(i));
                (found - expected).abs() / (expected.abs() * unit).max(f64::MIN_POSITIVE)
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn sine_and_arc_tangent_are_good_to_the_last_place_or_two() {
        let half = std::f64::consts::FRAC_PI_2;
        let single = f64::from(f32::EPSILON);
        let f32_sin = |x: f64| {
            let x = x as f32;
            (f64::from(sin(x)), f64::from(x).sin(), single)
        };
        let f32_atan = |x: f64| {
            let x = x as f32;
            (f64::from(atan(x)), f64::from(x).atan(), single)
        };
        assert!(worst([1e-3, half], f32_sin) < 1.5);
        assert!(worst([1e-3, 1.0], f32_atan) < 2.0);
        // The library's own error is among these.
        let f64_sin = |x: f64| (sin(x), x.sin(), f64::EPSILON);
        let f64_atan = |x: f64| (atan(x), x.atan(), f64::EPSILON);
        assert!(worst([1e-3, half], f64_sin) < 2.0);
        assert!(worst([1e-3, 1.0], f64_atan) < 2.0);
        for x in [1.6, 2.0, 3.0, -2.0, 4.0, 100.0, -100.0] {
            assert!((sin::<f64>(x) - x.sin()).abs() < 1e-14, "{x}");
        }
        assert_eq!(sin(0.0f32), 0.0);
        assert_eq!(atan(0.0f64), 0.0);
    }

    #[test]
    fn angles_end_up_within_half_a_turn() {
        use std::f64::consts::{PI, TAU};
        for turns in [0, 1, -1, 7, -1000, 65_535, -65_536] {
            for part in [0.0, 0.1, -0.1, 0.49, -0.49, 0.25] {
                let x = (f64::from(turns) + part) * TAU;
                // What is left of x itself after its own rounding, from twice the precision.
                let whole = f64::from(turns);
                let exact = whole.mul_add(-TAU, x) - whole * 2.4492935982947064e-16;
                assert!((wrap(x) - exact).abs() < 1e-15, "{turns} {part}");
                let single = wrap(x as f32);
                assert!(single > -std::f32::consts::PI && single <= std::f32::consts::PI);
                let whole = whole.mul_add(-TAU, f64::from(x as f32));
                assert!((f64::from(single) - whole).abs() < 6e-7, "{turns} {part}");
            }
        }
        assert_eq!(wrap(PI), PI);
        assert!(wrap(-PI) > 3.1 && wrap(3.2f32) < -3.0);
        assert_eq!(wrap(-0.0f32).to_bits(), (-0.0f32).to_bits());
        assert!(wrap(f32::INFINITY).is_nan() && wrap(f64::NAN).is_nan() && wrap(1e30f32).is_nan());
    }

    #[test]
    fn angles_take_the_shorter_arc() {
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        near(blend_angles(0.5, 3.0, -3.0).abs(), std::f64::consts::PI);
        near(
            blend_angles(0.25, 3.0, -3.0),
            3.0 + 0.25 * (std::f64::consts::TAU - 6.0),
        );
        near(blend_angles(0.5, 0.2, 0.4), 0.3);
        near(blend_angles(2.0, 0.2, 0.4), 0.6);
        near(blend_angles(-1.0, 0.2, 0.4), 0.0);
    }
}
