//! Numbers without the library's help: element formats bit by bit, and arithmetic of twice the
//! precision of f64.

use robocache_core::DType;
use std::ops::Add;

/// The shape of a binary floating-point format.
struct Format {
    /// Bits of the fraction.
    fraction: i32,
    /// The exponent of the smallest normal number.
    lowest: i32,
    /// The exponent of the largest number.
    highest: i32,
}

fn format(dtype: DType) -> Option<Format> {
    let (fraction, lowest, highest) = match dtype {
        DType::F16 => (10, -14, 15),
        DType::Bf16 => (7, -126, 127),
        DType::F32 => (23, -126, 127),
        DType::F64 => (52, -1022, 1023),
        _ => return None,
    };
    Some(Format {
        fraction,
        lowest,
        highest,
    })
}

/// Two to a power that f64 holds, subnormal ones included.
fn power_of_two(exponent: i32) -> f64 {
    match exponent {
        -1022..=1023 => f64::from_bits(((exponent + 1023) as u64) << 52),
        -1074..=-1023 => f64::from_bits(1 << (exponent + 1074)),
        _ if exponent > 0 => f64::INFINITY,
        _ => 0.0,
    }
}

/// The exponent of a finite number other than zero: `2^e <= |x| < 2^(e+1)`.
fn exponent(x: f64) -> i32 {
    let bits = x.abs().to_bits();
    match (bits >> 52) as i32 {
        0 => bits.ilog2() as i32 - 1074,
        biased => biased - 1023,
    }
}

/// A number, rounded once to nearest, ties to even, to a float type; integers are not rounded to.
pub fn round_to(dtype: DType, x: f64) -> f64 {
    let Some(format) = format(dtype) else {
        return x;
    };
    if dtype == DType::F64 || x == 0.0 || !x.is_finite() {
        return x;
    }
    // All formats but f64 itself are so much narrower that the scaled number is exact.
    let quantum = power_of_two(exponent(x).max(format.lowest) - format.fraction);
    let scaled = x.abs() / quantum;
    let whole = scaled.floor();
    let rest = scaled - whole;
    let odd = whole % 2.0 == 1.0;
    let up = rest > 0.5 || (rest == 0.5 && odd);
    let rounded = (whole + f64::from(u8::from(up))) * quantum;
    let limit = power_of_two(format.highest) * (2.0 - power_of_two(-format.fraction));
    let rounded = if rounded > limit {
        f64::INFINITY
    } else {
        rounded
    };
    rounded.copysign(x)
}

/// The distance of the two smallest numbers of a float type.
pub fn smallest(dtype: DType) -> f64 {
    format(dtype).map_or(0.0, |f| power_of_two(f.lowest - f.fraction))
}

/// Half the distance of one and the next number: the relative error of one rounding.
pub fn unit_roundoff(dtype: DType) -> f64 {
    format(dtype).map_or(0.0, |f| power_of_two(-f.fraction - 1))
}

/// The number that little-endian bytes of a float type stand for; exact, NaN for what is no float.
pub fn decode(dtype: DType, bytes: &[u8]) -> f64 {
    let mut word = [0u8; 8];
    let size = dtype.size().min(bytes.len());
    word[..size].copy_from_slice(&bytes[..size]);
    let bits = u64::from_le_bytes(word);
    let Some(f) = format(dtype) else {
        return f64::NAN;
    };
    if dtype == DType::F64 {
        return f64::from_bits(bits);
    }
    let width = 8 * dtype.size() as i32;
    let fraction = (bits & ((1 << f.fraction) - 1)) as f64;
    let biased = ((bits >> f.fraction) & ((1 << (width - 1 - f.fraction)) - 1)) as i32;
    let step = power_of_two(-f.fraction);
    let magnitude = if biased == f.highest - f.lowest + 2 {
        if fraction == 0.0 {
            f64::INFINITY
        } else {
            f64::NAN
        }
    } else if biased == 0 {
        fraction * step * power_of_two(f.lowest)
    } else {
        (1.0 + fraction * step) * power_of_two(biased - 1 + f.lowest)
    };
    if bits >> (width - 1) == 1 {
        -magnitude
    } else {
        magnitude
    }
}

/// The little-endian bytes of a number that was rounded to a float type; NaN is the quiet one.
pub fn encode(dtype: DType, x: f64) -> Vec<u8> {
    let Some(f) = format(dtype) else {
        return Vec::new();
    };
    let x = round_to(dtype, x);
    if dtype == DType::F64 {
        return x.to_le_bytes().to_vec();
    }
    let width = 8 * dtype.size() as i32;
    let all_ones = (f.highest - f.lowest + 2) as u64;
    let magnitude = if x.is_nan() {
        all_ones << f.fraction | 1 << (f.fraction - 1)
    } else if x.is_infinite() {
        all_ones << f.fraction
    } else if x == 0.0 {
        0
    } else if exponent(x) < f.lowest {
        (x.abs() / power_of_two(f.lowest - f.fraction)) as u64
    } else {
        let e = exponent(x);
        let fraction = (x.abs() / power_of_two(e - f.fraction)) as u64 - (1 << f.fraction);
        ((e - f.lowest + 1) as u64) << f.fraction | fraction
    };
    let sign = u64::from(x.is_sign_negative() && !x.is_nan()) << (width - 1);
    (sign | magnitude).to_le_bytes()[..dtype.size()].to_vec()
}

/// A number as the sum of two: about 106 bits (Dekker, "A floating-point technique for extending the
/// available precision", 1971; the sums are Knuth's).
#[derive(Clone, Copy, Debug)]
pub struct Double {
    /// The number, rounded to f64.
    pub high: f64,
    /// What that rounding lost.
    pub low: f64,
}

impl Double {
    /// The exact sum.
    pub fn sum(a: f64, b: f64) -> Double {
        let high = a + b;
        let back = high - a;
        Double {
            high,
            low: (a - (high - back)) + (b - back),
        }
    }

    /// The product with a number.
    pub fn times(self, factor: f64) -> Double {
        let high = self.high * factor;
        let low = self.high.mul_add(factor, -high) + self.low * factor;
        Double::sum(high, low)
    }

    /// The sum with a number.
    pub fn plus(self, other: f64) -> Double {
        let sum = Double::sum(self.high, other);
        Double::sum(sum.high, sum.low + self.low)
    }
}

impl Add for Double {
    type Output = Double;

    fn add(self, other: Double) -> Double {
        let sum = Double::sum(self.high, other.high);
        Double::sum(sum.high, sum.low + (self.low + other.low))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    const FLOATS: [DType; 4] = [DType::F16, DType::Bf16, DType::F32, DType::F64];

    #[test]
    fn every_sixteen_bit_pattern_survives_decoding_and_encoding() {
        for dtype in [DType::F16, DType::Bf16] {
            for bits in 0..=u16::MAX {
                let x = decode(dtype, &bits.to_le_bytes());
                if x.is_nan() {
                    continue;
                }
                assert_eq!(encode(dtype, x), bits.to_le_bytes(), "{dtype} {bits:#06x}");
                assert_eq!(round_to(dtype, x).to_bits(), x.to_bits());
            }
        }
        assert_eq!(decode(DType::F16, &0x7bffu16.to_le_bytes()), 65504.0);
        assert_eq!(decode(DType::F16, &0x0001u16.to_le_bytes()), 2f64.powi(-24));
        assert_eq!(decode(DType::Bf16, &0x3f80u16.to_le_bytes()), 1.0);
        assert!(decode(DType::F16, &0x7c01u16.to_le_bytes()).is_nan());
    }

    #[test]
    fn rounding_to_f32_is_the_languages() {
        let mut random = Random::new(1);
        for _ in 0..100_000 {
            let x = f64::from_bits(random.bits());
            let near = f64::from(f32::from_bits(random.bits() as u32)) * (1.0 + 1e-9);
            for x in [x, near] {
                let expected = f64::from(x as f32);
                let found = round_to(DType::F32, x);
                assert!(
                    found.to_bits() == expected.to_bits() || (x.is_nan() && found.is_nan()),
                    "{x:e}: {found:e}, not {expected:e}"
                );
            }
        }
    }

    #[test]
    fn ties_go_to_even_and_are_decided_once() {
        // Half-way between 1 and the next f16, and a hair above: by way of f32 both would be ties.
        let tie = 1.0 + 2f64.powi(-11);
        assert_eq!(round_to(DType::F16, tie), 1.0);
        let above = tie + 2f64.powi(-50);
        assert_eq!(round_to(DType::F16, above), 1.0 + 2f64.powi(-10));
        assert_eq!(round_to(DType::F16, 65519.0), 65504.0);
        assert_eq!(round_to(DType::F16, 65520.0), f64::INFINITY);
        assert_eq!(round_to(DType::F16, 2f64.powi(-25)), 0.0);
        assert!(round_to(DType::F16, -1e-20).is_sign_negative());
    }

    #[test]
    fn constants_of_the_formats() {
        assert_eq!(smallest(DType::F32), f64::from(f32::from_bits(1)));
        assert_eq!(smallest(DType::F64), f64::from_bits(1));
        for dtype in FLOATS {
            let u = unit_roundoff(dtype);
            assert_eq!(round_to(dtype, 1.0 + u), 1.0);
            assert_eq!(round_to(dtype, 1.0 + 2.0 * u), 1.0 + 2.0 * u);
        }
    }

    #[test]
    fn doubles_keep_what_f64_loses() {
        let sum = Double::sum(1.0, 1e-30);
        assert_eq!((sum.high, sum.low), (1.0, 1e-30));
        let third = 1.0 / 3.0;
        let product = Double::sum(third, 0.0).times(3.0).plus(-1.0);
        assert_eq!(product.high + product.low, -(2f64.powi(-54)));
        let tiny = 2f64.powi(-80);
        let lows = Double::sum(1.0, tiny) + Double::sum(-1.0, 2.0 * tiny);
        assert_eq!(lows.high + lows.low, 3.0 * tiny);
    }
}
