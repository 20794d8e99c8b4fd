//! Element types and their arithmetic.

use super::arith::Arith;
#[cfg(feature = "cuda")]
use robocache_core::DType;
use robocache_core::{Element, bf16, f16};

/// A type of samples.
pub(crate) trait Sample: Element {
    /// What holds every sample exactly, and from which values are rounded.
    type Wide: Copy;
    /// What is computed in; for integers, which are only held, what weights are.
    type Arith: Arith;
    fn widen(self) -> Self::Wide;
}

/// A type of values, made from a wide one by one rounding.
pub(crate) trait Value<W>: Output {
    fn narrow(value: W) -> Self;
}

/// A type of values.
pub(crate) trait Output: Element {
    /// The value of a target without samples.
    fn fill(fill: f64) -> Self;
    /// The value of a target that is NaN.
    fn not_a_time(fill: f64) -> Self;
}

macro_rules! sample {
    ($($ty:ty, $wide:ty, $arith:ty, $widen:expr;)*) => {$(
        impl Sample for $ty {
            type Wide = $wide;
            type Arith = $arith;
            #[inline]
            fn widen(self) -> $wide {
                $widen(self)
            }
        }
    )*};
}

sample! {
    f16, f32, f32, f16::to_f32;
    bf16, f32, f32, bf16::to_f32;
    f32, f32, f32, |v| v;
    f64, f64, f64, |v| v;
    u8, i64, f32, i64::from;
    i16, i64, f32, i64::from;
    i32, i64, f32, i64::from;
    i64, i64, f32, |v| v;
}

macro_rules! value {
    ($($ty:ty, $wide:ty, $narrow:expr;)*) => {$(
        impl Value<$wide> for $ty {
            #[inline]
            fn narrow(value: $wide) -> Self {
                $narrow(value)
            }
        }
    )*};
}

value! {
    f16, f32, f16::from_f32;
    bf16, f32, bf16::from_f32;
    f32, f32, |v| v;
    f64, f32, f64::from;
    f16, f64, |v| f16::from_f32(toward_odd(v));
    bf16, f64, |v| bf16::from_f32(toward_odd(v));
    f32, f64, |v| v as f32;
    f64, f64, |v| v;
    f16, i64, |v| f16::from_f32(toward_odd(whole_toward_odd(v)));
    bf16, i64, |v| bf16::from_f32(toward_odd(whole_toward_odd(v)));
    f32, i64, |v| v as f32;
    f64, i64, |v| v as f64;
    // Back to what they were.
    u8, i64, |v| v as u8;
    i16, i64, |v| v as i16;
    i32, i64, |v| v as i32;
    i64, i64, |v| v;
}

/// A row of samples as values: as they are if the types are the same.
#[inline(always)]
pub(crate) fn convert<I: Sample, O: Value<I::Wide>>(samples: &[I], values: &mut [O]) {
    assert_eq!(samples.len(), values.len());
    if I::DTYPE == O::DTYPE {
        let (from, to) = (samples.as_ptr().cast(), values.as_mut_ptr());
        // SAFETY: one type, as its tag says; the values are exclusively borrowed.
        unsafe { std::ptr::copy_nonoverlapping(from, to, samples.len()) }
        return;
    }
    for (value, sample) in values.iter_mut().zip(samples) {
        *value = O::narrow(sample.widen());
    }
}

macro_rules! output {
    ($($float:ty),*; $($integer:ty),*) => {
        $(impl Output for $float {
            fn fill(fill: f64) -> Self {
                Value::narrow(fill)
            }
            fn not_a_time(_: f64) -> Self {
                Value::narrow(f64::NAN)
            }
        })*
        $(impl Output for $integer {
            fn fill(fill: f64) -> Self {
                fill as $integer
            }
            fn not_a_time(fill: f64) -> Self {
                Output::fill(fill)
            }
        })*
    };
}

output!(f16, bf16, f32, f64; u8, i16, i32, i64);

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

/// The fill value in a type, as its bits in the low bytes: how it travels to a kernel.
#[cfg(feature = "cuda")]
pub(crate) fn fill_bits(fill: f64, dtype: DType) -> u64 {
    match dtype {
        DType::F16 => u64::from(f16::fill(fill).to_bits()),
        DType::Bf16 => u64::from(bf16::fill(fill).to_bits()),
        DType::F32 => u64::from(f32::fill(fill).to_bits()),
        DType::F64 => fill.to_bits(),
        DType::U8 => u64::from(u8::fill(fill)),
        DType::I16 => u64::from(i16::fill(fill) as u16),
        DType::I32 => u64::from(i32::fill(fill) as u32),
        _ => i64::fill(fill) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_round_once_on_their_way_to_sixteen_bits() {
        // Just above the middle between 1 and the next f16: two roundings would end at 1.
        let above = 1.0 + f64::powi(2.0, -11) + f64::powi(2.0, -40);
        assert_eq!(
            <f16 as Value<f64>>::narrow(above),
            f16::from_bits(f16::ONE.to_bits() + 1)
        );
        assert_eq!(
            <f16 as Value<f64>>::narrow(-above),
            -f16::from_bits(f16::ONE.to_bits() + 1)
        );
        let above = 1.0 + f64::powi(2.0, -8) + f64::powi(2.0, -40);
        assert_eq!(
            <bf16 as Value<f64>>::narrow(above),
            bf16::from_bits(bf16::ONE.to_bits() + 1)
        );
        // The exact middle goes to the even neighbour.
        assert_eq!(
            <f16 as Value<f64>>::narrow(1.0 + f64::powi(2.0, -11)),
            f16::ONE
        );
        assert!(<f16 as Value<f64>>::narrow(f64::NAN).is_nan());
        assert_eq!(<f16 as Value<f64>>::narrow(1e300), f16::INFINITY);
        assert_eq!(<bf16 as Value<f64>>::narrow(-1e300), bf16::NEG_INFINITY);
        assert_eq!(<f16 as Value<f64>>::narrow(1e-300), f16::ZERO);
    }

    #[test]
    fn integers_round_once_on_their_way_to_sixteen_bits() {
        // A hair above and below the middle between two bf16, too thin for f64.
        let middle = (1i64 << 62) + (1 << 54);
        let up = bf16::from_bits(bf16::from_f64(f64::powi(2.0, 62)).to_bits() + 1);
        assert_eq!(<bf16 as Value<i64>>::narrow(middle + 1), up);
        assert_eq!(<bf16 as Value<i64>>::narrow(-middle - 1), -up);
        assert_eq!(
            <bf16 as Value<i64>>::narrow(middle),
            bf16::from_f64(f64::powi(2.0, 62))
        );
        assert_eq!(
            <bf16 as Value<i64>>::narrow(middle - 1),
            bf16::from_f64(f64::powi(2.0, 62))
        );
        assert_eq!(<f16 as Value<i64>>::narrow(2049), f16::from_f32(2048.0));
        assert_eq!(<f16 as Value<i64>>::narrow(i64::MIN), f16::NEG_INFINITY);
        assert_eq!(<f32 as Value<i64>>::narrow(i64::MAX), 9.223372e18);
    }

    #[test]
    fn fill_values_of_integers_saturate() {
        assert_eq!(
            [u8::fill(-3.0), u8::fill(300.0), u8::fill(f64::NAN)],
            [0, 255, 0]
        );
        assert_eq!([i16::fill(-1.9), i16::not_a_time(7.0)], [-1, 7]);
        assert!(f32::not_a_time(7.0).is_nan() && f32::fill(7.0) == 7.0);
    }
}
