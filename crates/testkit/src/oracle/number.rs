//! An element of any type, exact.

use super::exact::{self, round_to};
use robocache_core::DType;

/// An element: no single type of Rust holds every f64 and every i64.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// Of a float type.
    Float(f64),
    /// Of an integer type.
    Integer(i64),
}

impl From<f64> for Number {
    fn from(value: f64) -> Number {
        Number::Float(value)
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Number {
        Number::Integer(value)
    }
}

impl Number {
    /// The number that little-endian bytes of a type stand for.
    pub fn decode(dtype: DType, bytes: &[u8]) -> Number {
        if dtype.is_float() {
            return Number::Float(exact::decode(dtype, bytes));
        }
        let mut word = [0u8; 8];
        let size = dtype.size().min(bytes.len());
        word[..size].copy_from_slice(&bytes[..size]);
        let bits = u64::from_le_bytes(word);
        Number::Integer(match dtype {
            DType::U8 => i64::from(bits as u8),
            DType::I16 => i64::from(bits as i16),
            DType::I32 => i64::from(bits as i32),
            _ => bits as i64,
        })
    }

    /// The little-endian bytes of the number as an element of a type.
    pub fn encode(self, dtype: DType) -> Vec<u8> {
        match self.to(dtype) {
            Number::Float(value) => exact::encode(dtype, value),
            Number::Integer(value) => value.to_le_bytes()[..dtype.size()].to_vec(),
        }
    }

    /// The number as an element of a type: floats are rounded once to nearest; to an integer, toward
    /// zero, as near as the type goes, and NaN becomes 0.
    #[must_use]
    pub fn to(self, dtype: DType) -> Number {
        match self {
            Number::Float(value) if dtype.is_float() => Number::Float(round_to(dtype, value)),
            Number::Integer(value) if dtype.is_float() => Number::Float(rounded(dtype, value)),
            // Through i64 this saturates twice, the second time at the narrower limits.
            Number::Float(value) => Number::Integer(saturated(dtype, value as i64)),
            Number::Integer(value) => Number::Integer(saturated(dtype, value)),
        }
    }

    /// The number as f64, integers rounded.
    pub fn float(self) -> f64 {
        match self {
            Number::Float(value) => value,
            Number::Integer(value) => value as f64,
        }
    }

    /// Whether two elements are the same: bit for bit, but every NaN equals every other.
    pub fn same(self, other: Number) -> bool {
        match (self, other) {
            (Number::Float(a), Number::Float(b)) => {
                a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
            }
            (Number::Integer(a), Number::Integer(b)) => a == b,
            _ => false,
        }
    }
}

fn saturated(dtype: DType, value: i64) -> i64 {
    let (least, greatest) = match dtype {
        DType::U8 => (0, u8::MAX.into()),
        DType::I16 => (i16::MIN.into(), i16::MAX.into()),
        DType::I32 => (i32::MIN.into(), i32::MAX.into()),
        _ => (i64::MIN, i64::MAX),
    };
    value.clamp(least, greatest)
}

/// An integer, rounded once to a float type.
fn rounded(dtype: DType, value: i64) -> f64 {
    if dtype == DType::F64 {
        return value as f64;
    }
    // By way of f64 a number near a tie would be rounded twice. Where f64 cannot hold all bits, the
    // last that it holds stands for the lost ones ("rounding to odd"): it is far below any tie.
    let magnitude = value.unsigned_abs();
    let lost = 11u32.saturating_sub(magnitude.leading_zeros());
    let kept = magnitude >> lost;
    let odd = kept | u64::from(kept << lost != magnitude);
    let sign = if value < 0 { -1.0 } else { 1.0 };
    round_to(dtype, sign * (odd as f64) * (1u64 << lost) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn integers_survive_decoding_and_encoding() {
        let mut random = Random::new(2);
        for dtype in [DType::U8, DType::I16, DType::I32, DType::I64] {
            for _ in 0..1000 {
                let bytes = &random.bits().to_le_bytes()[..dtype.size()];
                assert_eq!(Number::decode(dtype, bytes).encode(dtype), bytes, "{dtype}");
            }
        }
        assert_eq!(
            Number::decode(DType::I16, &[0xfe, 0xff]),
            Number::Integer(-2)
        );
        assert_eq!(Number::decode(DType::U8, &[0xfe]), Number::Integer(254));
    }

    #[test]
    fn integers_are_rounded_once() {
        let mut random = Random::new(3);
        for _ in 0..100_000 {
            let value = (random.bits() as i64) >> random.below(64);
            let to = |dtype| Number::Integer(value).to(dtype);
            assert_eq!(
                to(DType::F32),
                Number::Float(f64::from(value as f32)),
                "{value}"
            );
            assert_eq!(to(DType::F64), Number::Float(value as f64), "{value}");
        }
        // Just above the middle between two neighbours in bf16; f64 would round it to the middle.
        let middle = (1i64 << 62) + (1 << 54);
        let to_bf16 = |value| Number::Integer(value).to(DType::Bf16).float();
        assert_eq!(to_bf16(middle), 2f64.powi(62));
        assert_eq!(to_bf16(middle + 1), 2f64.powi(62) + 2f64.powi(55));
        assert_eq!(to_bf16(-middle - 1), -to_bf16(middle + 1));
        assert_eq!(to_bf16(i64::MIN), -(2f64.powi(63)));
        assert!(to_bf16(0).is_sign_positive());
    }

    #[test]
    fn floats_become_integers_as_in_the_language() {
        let to = |value: f64, dtype| Number::from(value).to(dtype);
        assert_eq!(to(-2.9, DType::I16), Number::Integer(-2));
        assert_eq!(to(-2.9, DType::U8), Number::Integer(0));
        assert_eq!(to(300.0, DType::U8), Number::Integer(255));
        assert_eq!(to(1e300, DType::I32), Number::Integer(i32::MAX.into()));
        assert_eq!(to(f64::NEG_INFINITY, DType::I64), Number::Integer(i64::MIN));
        assert_eq!(to(f64::NAN, DType::I64), Number::Integer(0));
    }
}
