//! Element types and their arithmetic.

use super::arith::Arith;
#[cfg(feature = "cuda")]
use robocache_core::DType;
use robocache_core::{Element, bf16, f16, round};

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
    f16, f64, round::f16_from_f64;
    bf16, f64, round::bf16_from_f64;
    f32, f64, |v| v as f32;
    f64, f64, |v| v;
    f16, i64, round::f16_from_i64;
    bf16, i64, round::bf16_from_i64;
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
    fn fill_values_of_integers_saturate() {
        assert_eq!(
            [u8::fill(-3.0), u8::fill(300.0), u8::fill(f64::NAN)],
            [0, 255, 0]
        );
        assert_eq!([i16::fill(-1.9), i16::not_a_time(7.0)], [-1, 7]);
        assert!(f32::not_a_time(7.0).is_nan() && f32::fill(7.0) == 7.0);
    }
}
