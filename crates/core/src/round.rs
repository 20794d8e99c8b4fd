//! Numbers rounded once, to nearest, to types of 16 bits that no instruction rounds them to; and truncated, by one
//! instruction for a whole vector.

use crate::{bf16, f16};

/// A double as the nearest f16.
pub fn f16_from_f64(value: f64) -> f16 {
    f16::from_f32(toward_odd(value))
}

/// A double as the nearest bf16.
pub fn bf16_from_f64(value: f64) -> bf16 {
    bf16::from_f32(toward_odd(value))
}

/// An integer as the nearest f16.
pub fn f16_from_i64(value: i64) -> f16 {
    f16_from_f64(whole_toward_odd(value))
}

/// An integer as the nearest bf16.
pub fn bf16_from_i64(value: i64) -> bf16 {
    bf16_from_f64(whole_toward_odd(value))
}

/// A float without what is behind its point, held within 0 and the largest float that is an i32; 0 for NaN. Unlike `as`,
/// a loop of this becomes one of vectors.
#[inline]
pub fn positive_i32(value: f32) -> i32 {
    const MOST: f32 = 2_147_483_520.0;
    // What is no number fails the first comparison.
    let positive = if value > 0.0 { value } else { 0.0 };
    let held = if positive < MOST { positive } else { MOST };
    // SAFETY: a number, and within what i32 holds.
    unsafe { held.to_int_unchecked() }
}

/// A double on its way to 16 bits: truncated to a float whose last bit is set if anything was lost
/// (rounding to odd), so that the second rounding ends where a single one would have. (Boldo and
/// Melquiond, "Emulation of FMA and correctly rounded sums", 2008.)
fn toward_odd(value: f64) -> f32 {
    let nearest = value as f32;
    if f64::from(nearest) == value || value.is_nan() {
        return nearest;
    }
    let beyond = f64::from(nearest).abs() > value.abs();
    f32::from_bits((nearest.to_bits() - u32::from(beyond)) | 1)
}

/// An integer on its way to 16 bits, likewise.
fn whole_toward_odd(value: i64) -> f64 {
    let nearest = value as f64;
    let (exact, found) = (i128::from(value), nearest as i128);
    if exact == found {
        return nearest;
    }
    let beyond = found.abs() > exact.abs();
    f64::from_bits((nearest.to_bits() - u64::from(beyond)) | 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_truncated_as_far_as_they_fit() {
        let infinity = f32::INFINITY;
        for (value, expected) in [
            (0.0, 0),
            (-0.0, 0),
            (0.99, 0),
            (1.0, 1),
            (8_388_607.5, 8_388_607),
            (2e9, 2_000_000_000),
            (-1.5, 0),
            (f32::NAN, 0),
            (-f32::NAN, 0),
            (2_147_483_648.0, 2_147_483_520),
            (infinity, 2_147_483_520),
            (-infinity, 0),
        ] {
            assert_eq!(positive_i32(value), expected, "{value}");
        }
    }

    #[test]
    fn doubles_round_once_on_their_way_to_sixteen_bits() {
        // Just above the middle between 1 and the next f16: two roundings would end at 1.
        let above = 1.0 + f64::powi(2.0, -11) + f64::powi(2.0, -40);
        let next = f16::from_bits(f16::ONE.to_bits() + 1);
        assert_eq!([f16_from_f64(above), f16_from_f64(-above)], [next, -next]);
        let above = 1.0 + f64::powi(2.0, -8) + f64::powi(2.0, -40);
        let next = bf16::from_bits(bf16::ONE.to_bits() + 1);
        assert_eq!(bf16_from_f64(above), next);
        // The exact middle goes to the even neighbour.
        assert_eq!(f16_from_f64(1.0 + f64::powi(2.0, -11)), f16::ONE);
        assert!(f16_from_f64(f64::NAN).is_nan());
        assert_eq!(f16_from_f64(1e300), f16::INFINITY);
        assert_eq!(bf16_from_f64(-1e300), bf16::NEG_INFINITY);
        assert_eq!(f16_from_f64(1e-300), f16::ZERO);
    }

    #[test]
    fn integers_round_once_on_their_way_to_sixteen_bits() {
        // A hair above and below the middle between two bf16, too thin for f64.
        let middle = (1i64 << 62) + (1 << 54);
        let below = bf16::from_f64(f64::powi(2.0, 62));
        let up = bf16::from_bits(below.to_bits() + 1);
        assert_eq!(bf16_from_i64(middle + 1), up);
        assert_eq!(bf16_from_i64(-middle - 1), -up);
        assert_eq!(bf16_from_i64(middle), below);
        assert_eq!(bf16_from_i64(middle - 1), below);
        assert_eq!(f16_from_i64(2049), f16::from_f32(2048.0));
        assert_eq!(f16_from_i64(i64::MIN), f16::NEG_INFINITY);
    }
}
