//! Element types and their arithmetic.

use super::axis::Arith;
#[cfg(feature = "cuda")]
use robocache_core::DType;
use robocache_core::{Element, bf16, f16};

/// A float type of samples.
pub(crate) trait Sample: Element {
    /// What is computed in.
    type Arith: Arith;
    fn widen(self) -> Self::Arith;
}

/// A float type of values, made from the arithmetic type by one rounding.
pub(crate) trait Value<A>: Element {
    fn narrow(value: A) -> Self;
}

macro_rules! sample {
    ($($ty:ty, $arith:ty, $widen:expr;)*) => {$(
        impl Sample for $ty {
            type Arith = $arith;
            #[inline]
            fn widen(self) -> $arith {
                $widen(self)
            }
        }
    )*};
}

sample! {
    f16, f32, f16::to_f32;
    bf16, f32, bf16::to_f32;
    f32, f32, |v| v;
    f64, f64, |v| v;
}

macro_rules! value {
    ($($ty:ty, $arith:ty, $narrow:expr;)*) => {$(
        impl Value<$arith> for $ty {
            #[inline]
            fn narrow(value: $arith) -> Self {
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

/// The fill value in a type, as its bits in the low bytes: how it travels to a kernel.
#[cfg(feature = "cuda")]
pub(crate) fn fill_bits(fill: f64, dtype: DType) -> u64 {
    match dtype {
        DType::F16 => u64::from(<f16 as Value<f64>>::narrow(fill).to_bits()),
        DType::Bf16 => u64::from(<bf16 as Value<f64>>::narrow(fill).to_bits()),
        DType::F32 => u64::from((fill as f32).to_bits()),
        _ => fill.to_bits(),
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
}
