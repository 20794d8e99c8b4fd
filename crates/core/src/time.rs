//! Time axes: when the samples of a stream were taken, and when they are wanted.

use crate::{DType, Error, Place, Result, TensorView};

/// The type of a time axis; all axes of one call share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TimeType {
    /// Binary32, any unit. Too coarse for seconds since an epoch.
    F32 = 0,
    /// Binary64, any unit.
    F64 = 1,
    /// Integer ticks, normally nanoseconds.
    I64 = 2,
}

impl TimeType {
    /// The element type of an explicit axis.
    pub const fn dtype(self) -> DType {
        match self {
            TimeType::F32 => DType::F32,
            TimeType::F64 => DType::F64,
            TimeType::I64 => DType::I64,
        }
    }
}

/// One time or duration, in the type and unit of its axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TimeScalar {
    /// For an f32 axis.
    F32(f32),
    /// For an f64 axis.
    F64(f64),
    /// For an i64 axis.
    I64(i64),
}

impl TimeScalar {
    /// The type of axis this belongs to.
    pub const fn time_type(self) -> TimeType {
        match self {
            TimeScalar::F32(_) => TimeType::F32,
            TimeScalar::F64(_) => TimeType::F64,
            TimeScalar::I64(_) => TimeType::I64,
        }
    }

    /// Zero in a given type.
    pub const fn zero(time_type: TimeType) -> TimeScalar {
        match time_type {
            TimeType::F32 => TimeScalar::F32(0.0),
            TimeType::F64 => TimeScalar::F64(0.0),
            TimeType::I64 => TimeScalar::I64(0),
        }
    }

    /// The bits, in the low bytes of a word: how a scalar travels to a kernel.
    pub const fn to_bits(self) -> u64 {
        match self {
            TimeScalar::F32(value) => value.to_bits() as u64,
            TimeScalar::F64(value) => value.to_bits(),
            TimeScalar::I64(value) => value as u64,
        }
    }

    /// Whether this is a number that a duration can be: not NaN, not negative. Infinity means "no
    /// limit".
    pub fn is_duration(self) -> bool {
        match self {
            TimeScalar::F32(value) => value >= 0.0,
            TimeScalar::F64(value) => value >= 0.0,
            TimeScalar::I64(value) => value >= 0,
        }
    }

    /// Whether this is neither NaN nor infinite.
    pub fn is_finite(self) -> bool {
        match self {
            TimeScalar::F32(value) => value.is_finite(),
            TimeScalar::F64(value) => value.is_finite(),
            TimeScalar::I64(_) => true,
        }
    }
}

impl std::fmt::Display for TimeScalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TimeScalar::F32(value) => write!(f, "{value:?}"),
            TimeScalar::F64(value) => write!(f, "{value:?}"),
            TimeScalar::I64(value) => write!(f, "{value}"),
        }
    }
}

/// A time axis in one of its three forms. Forms of the same numbers give bit-equal results.
#[derive(Clone, Copy, Debug)]
pub enum TimeAxis<'a> {
    /// `[B, N]`: each batch row has its own times.
    PerRow(TensorView<'a, 2>),
    /// `[N]`: all rows share the times. (For packed batches: the rows' times one after another.)
    Shared(TensorView<'a, 1>),
    /// Knot i is `start + i * step`, each operation rounded in the axis' type; no array at all.
    Uniform {
        /// The first knot.
        start: TimeScalar,
        /// The distance of two neighbours.
        step: TimeScalar,
        /// The number of knots.
        len: usize,
    },
}

impl<'a> TimeAxis<'a> {
    /// The numeric type of the times.
    ///
    /// # Errors
    /// [`Error::DType`] for arrays of other types than f32, f64 and i64, and for a uniform axis whose
    /// start and step differ in type.
    pub fn time_type(&self, argument: &'static str) -> Result<TimeType> {
        const EXPECTED: &str = "f32, f64 or i64 times";
        let of = |dtype| match dtype {
            DType::F32 => Ok(TimeType::F32),
            DType::F64 => Ok(TimeType::F64),
            DType::I64 => Ok(TimeType::I64),
            found => Err(Error::DType {
                argument,
                found,
                expected: EXPECTED,
            }),
        };
        match self {
            TimeAxis::PerRow(view) => of(view.dtype()),
            TimeAxis::Shared(view) => of(view.dtype()),
            TimeAxis::Uniform { start, step, .. } if start.time_type() == step.time_type() => {
                Ok(start.time_type())
            }
            TimeAxis::Uniform { step, .. } => Err(Error::DType {
                argument,
                found: step.time_type().dtype(),
                expected: "a step of the same type as the start",
            }),
        }
    }

    /// Number of knots along the time dimension.
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            TimeAxis::PerRow(view) => view.shape()[1],
            TimeAxis::Shared(view) => view.shape()[0],
            TimeAxis::Uniform { len, .. } => *len,
        }
    }

    /// Whether the axis has no knots.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the array lies; `None` for a uniform axis.
    #[inline]
    pub fn place(&self) -> Option<Place> {
        match self {
            TimeAxis::PerRow(view) => Some(view.place()),
            TimeAxis::Shared(view) => Some(view.place()),
            TimeAxis::Uniform { .. } => None,
        }
    }

    /// Address of the array's first element; 0 for a uniform axis.
    #[inline]
    pub fn address(&self) -> u64 {
        match self {
            TimeAxis::PerRow(view) => view.address(),
            TimeAxis::Shared(view) => view.address(),
            TimeAxis::Uniform { .. } => 0,
        }
    }

    /// Strides of batch and time in elements; zeros for a uniform axis.
    #[inline]
    pub fn strides(&self) -> [isize; 2] {
        match self {
            TimeAxis::PerRow(view) => view.layout().strides,
            TimeAxis::Shared(view) => [0, view.layout().strides[0]],
            TimeAxis::Uniform { .. } => [0, 0],
        }
    }

    /// The bytes that the array spans.
    #[inline]
    pub fn byte_range(&self) -> Option<(u64, u64)> {
        match self {
            TimeAxis::PerRow(view) => view.byte_range(),
            TimeAxis::Shared(view) => view.byte_range(),
            TimeAxis::Uniform { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bit_times_are_refused() {
        let halves = [crate::f16::ONE; 3];
        let axis = TimeAxis::Shared(TensorView::from_slice(&halves, [3]).unwrap());
        assert!(matches!(
            axis.time_type("source_times"),
            Err(Error::DType { .. })
        ));
    }

    #[test]
    fn a_uniform_axis_has_one_type() {
        let axis = |start, step| TimeAxis::Uniform {
            start,
            step,
            len: 3,
        };
        let mixed = axis(TimeScalar::F64(0.0), TimeScalar::F32(1.0));
        assert!(mixed.time_type("source_times").is_err());
        let good = axis(TimeScalar::I64(0), TimeScalar::I64(5));
        assert_eq!(good.time_type("source_times"), Ok(TimeType::I64));
    }

    #[test]
    fn nan_and_negative_are_no_durations() {
        assert!(!TimeScalar::F64(f64::NAN).is_duration());
        assert!(!TimeScalar::F32(-0.5).is_duration());
        assert!(!TimeScalar::I64(-1).is_duration());
        assert!(TimeScalar::F64(f64::INFINITY).is_duration());
    }
}
