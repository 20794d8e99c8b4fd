//! Rotations between two quaternions, along the shorter arc at constant speed.
//!
//! The angle comes from the chord and its counterpart, `tan(θ/2) = |b − a| / |b + a|`, which unlike the arc
//! cosine loses no digits where the two are close (Kahan, "How futile are mindless assessments of roundoff",
//! 2006).

use super::arith::Arith;
use super::trig::{atan, plain_sin, sin};

/// Four components in the order of their columns, whichever that is.
pub(crate) type Quad<A> = [A; 4];

/// A quaternion over its length; `None` if that is zero.
#[inline(always)]
pub(crate) fn unit<A: Arith>(q: Quad<A>) -> Option<Quad<A>> {
    let mut q = q;
    let mut square = dot(q, q);
    if !has_digits(square) {
        // Squares would lose digits or overflow, so by the largest component first.
        let largest = q
            .into_iter()
            .map(A::abs)
            .fold(A::ZERO, |m, c| if c > m { c } else { m });
        if largest == A::ZERO {
            return None;
        }
        q = q.map(|component| component / largest);
        square = dot(q, q);
    }
    let length = square.sqrt();
    Some(q.map(|component| component / length))
}

/// The rotation between `a` and `b`, of length one; `None` if one of them has no direction. A weight outside
/// of [0, 1] goes on at the same speed.
#[inline(always)]
pub(crate) fn slerp<A: Arith>(weight: A, a: Quad<A>, b: Quad<A>) -> Option<Quad<A>> {
    let mixed = mix(weight, unit(a)?, unit(b)?, &mut Closely);
    Some(unit(mixed).unwrap_or([A::NAN; 4]))
}

/// [`slerp`] without jumps, and whether it is one: if neither lengths nor angles are out of the ordinary.
#[inline(always)]
pub(crate) fn plain_slerp<A: Arith>(weight: A, a: Quad<A>, b: Quad<A>) -> (Quad<A>, bool) {
    let mut plainly = Plainly(true);
    let (a, b) = (plainly.unit(a), plainly.unit(b));
    let mixed = mix(weight, a, b, &mut plainly);
    (plainly.unit(mixed), plainly.0)
}

/// How the sine of an angle is found. (Closures cannot be told to be part of a loop.)
trait Sine {
    fn sin<A: Arith>(&mut self, x: A) -> A;
}

struct Closely;

impl Sine for Closely {
    #[inline(always)]
    fn sin<A: Arith>(&mut self, x: A) -> A {
        sin(x)
    }
}

/// As if nothing were out of the ordinary, and whether it has not been so far.
struct Plainly(bool);

impl Plainly {
    #[inline(always)]
    fn unit<A: Arith>(&mut self, q: Quad<A>) -> Quad<A> {
        let square = dot(q, q);
        self.0 &= has_digits(square);
        let length = square.sqrt();
        [q[0] / length, q[1] / length, q[2] / length, q[3] / length]
    }
}

impl Sine for Plainly {
    #[inline(always)]
    fn sin<A: Arith>(&mut self, x: A) -> A {
        self.0 &= x.is_nan() | (x.abs() <= A::TRIG.half);
        plain_sin(x)
    }
}

/// Whether a sum of squares has neither overflown nor lost digits. (NaN has none to lose.)
#[inline(always)]
fn has_digits<A: Arith>(square: A) -> bool {
    let [low, high] = A::TRIG.squares;
    !((square < low) | (square > high))
}

/// Two rotations of length 1 in the shares that make the one between them, up to its length.
#[inline(always)]
fn mix<A: Arith>(weight: A, a: Quad<A>, b: Quad<A>, by: &mut impl Sine) -> Quad<A> {
    let is_other_way = dot(a, b) < A::ZERO;
    let same_way = |component: A| if is_other_way { -component } else { component };
    let b = [
        same_way(b[0]),
        same_way(b[1]),
        same_way(b[2]),
        same_way(b[3]),
    ];
    let difference = [b[0] - a[0], b[1] - a[1], b[2] - a[2], b[3] - a[3]];
    let sum = [b[0] + a[0], b[1] + a[1], b[2] + a[2], b[3] + a[3]];
    let (chord, across) = (dot(difference, difference), dot(sum, sum));
    let rest = A::ONE - weight;
    let half = atan(chord.sqrt() / across.sqrt());
    let angle = half + half;
    let sine = by.sin(angle);
    let curved = (by.sin(rest * angle) / sine, by.sin(weight * angle) / sine);
    // Far beyond the two, even a small angle is not a line.
    let inside = (weight >= A::ZERO) & (rest >= A::ZERO);
    let flat = (chord < A::TRIG.flat) & (inside | (chord == A::ZERO));
    let of_a = if flat { rest } else { curved.0 };
    let of_b = if flat { weight } else { curved.1 };
    let mixed = |i: usize| of_a * a[i] + of_b * b[i];
    [mixed(0), mixed(1), mixed(2), mixed(3)]
}

#[inline(always)]
fn dot<A: Arith>(a: Quad<A>, b: Quad<A>) -> A {
    ((a[0] * b[0] + a[1] * b[1]) + a[2] * b[2]) + a[3] * b[3]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A rotation about z, as xyzw.
    fn about_z(angle: f64) -> Quad<f64> {
        [0.0, 0.0, (angle / 2.0).sin(), (angle / 2.0).cos()]
    }

    fn near(found: Option<Quad<f64>>, expected: Quad<f64>) {
        let found = found.unwrap();
        let error = (0..4)
            .map(|i| (found[i] - expected[i]).abs())
            .fold(0.0, f64::max);
        assert!(error < 1e-14, "{found:?}, expected {expected:?}");
    }

    #[test]
    fn speed_is_constant_along_the_shorter_arc() {
        for weight in [0.0, 0.1, 0.5, 0.75, 1.0, -0.5, 1.5, 4.0] {
            for angle in [0.0, 1e-9, 1e-4, 0.3, 1.5, 3.0] {
                let found = slerp(weight, about_z(0.2), about_z(0.2 + angle));
                near(found, about_z(0.2 + weight * angle));
                // The same rotation by the quaternion's other sign and any length.
                let other = about_z(0.2 + angle).map(|c| -17.0 * c);
                near(
                    slerp(weight, about_z(0.2), other),
                    about_z(0.2 + weight * angle),
                );
            }
        }
    }

    #[test]
    fn small_angles_add_up_to_large_ones() {
        for weight in [1e6, -1e6] {
            let found = slerp(weight, about_z(0.0), about_z(1e-6)).unwrap();
            let expected = about_z(1e-6 * weight);
            assert!((found[2] - expected[2]).abs() < 1e-8, "{found:?}");
        }
    }

    #[test]
    fn opposite_quaternions_are_one_rotation_and_zero_is_none() {
        let q = about_z(1.0);
        near(slerp(0.5, q, q.map(|c| -c)), q);
        assert_eq!(slerp(0.5, q, [0.0; 4]), None);
        assert_eq!(slerp(0.5, [0.0f32; 4], [1.0; 4]), None);
        let lost = slerp(0.5, q, [f64::NAN, 0.0, 0.0, 1.0]).unwrap();
        assert!(lost.into_iter().all(f64::is_nan));
    }

    #[test]
    fn lengths_from_one_end_of_the_type_to_the_other() {
        for length in [f32::MIN_POSITIVE, 1e-30, 1e-10, 1e10, 1e25, 3e38] {
            let q = unit([0.0, 0.6 * length, 0.0, -0.8 * length]).unwrap();
            assert!(
                (q[1] - 0.6).abs() < 2e-7 && (q[3] + 0.8).abs() < 2e-7,
                "{length:e}"
            );
        }
        assert!(unit([f32::from_bits(1); 4]).is_some());
    }
}
