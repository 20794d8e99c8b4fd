//! Element types.

use crate::{bf16, f16};
use std::fmt;

/// The type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[non_exhaustive]
pub enum DType {
    /// IEEE 754 binary16.
    F16 = 0,
    /// bfloat16: the upper half of a binary32.
    Bf16 = 1,
    /// IEEE 754 binary32.
    F32 = 2,
    /// IEEE 754 binary64.
    F64 = 3,
    /// Unsigned 8-bit integer; images and masks.
    U8 = 4,
    /// Signed 16-bit integer.
    I16 = 5,
    /// Signed 32-bit integer.
    I32 = 6,
    /// Signed 64-bit integer; nanosecond stamps, lengths and offsets.
    I64 = 7,
}

impl DType {
    /// Every type, in the order of the discriminants.
    pub const ALL: [DType; 8] = [
        DType::F16,
        DType::Bf16,
        DType::F32,
        DType::F64,
        DType::U8,
        DType::I16,
        DType::I32,
        DType::I64,
    ];

    /// Bytes of one element.
    pub const fn size(self) -> usize {
        match self {
            DType::U8 => 1,
            DType::F16 | DType::Bf16 | DType::I16 => 2,
            DType::F32 | DType::I32 => 4,
            DType::F64 | DType::I64 => 8,
        }
    }

    /// Whether this is one of the four floating-point types.
    pub const fn is_float(self) -> bool {
        matches!(self, DType::F16 | DType::Bf16 | DType::F32 | DType::F64)
    }

    /// The name used in messages, registry.toml and kernel entry points.
    pub const fn name(self) -> &'static str {
        match self {
            DType::F16 => "f16",
            DType::Bf16 => "bf16",
            DType::F32 => "f32",
            DType::F64 => "f64",
            DType::U8 => "u8",
            DType::I16 => "i16",
            DType::I32 => "i32",
            DType::I64 => "i64",
        }
    }

    /// The type of that [`name`](Self::name), if there is one.
    pub fn from_name(name: &str) -> Option<DType> {
        DType::ALL.into_iter().find(|dtype| dtype.name() == name)
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

mod sealed {
    pub trait Sealed {}
}

/// A Rust type that can be an element of a tensor.
///
/// Sealed: every implementor is a plain number for which all bit patterns are valid, which is what
/// makes it sound to read memory as a slice of them.
pub trait Element: sealed::Sealed + Copy + Send + Sync + fmt::Debug + PartialEq + 'static {
    /// The run-time tag of this type.
    const DTYPE: DType;
}

macro_rules! elements {
    ($($rust:ty => $dtype:ident),* $(,)?) => {$(
        impl sealed::Sealed for $rust {}
        impl Element for $rust {
            const DTYPE: DType = DType::$dtype;
        }
    )*};
}

elements! {
    f16 => F16, bf16 => Bf16, f32 => F32, f64 => F64,
    u8 => U8, i16 => I16, i32 => I32, i64 => I64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found_again() {
        for dtype in DType::ALL {
            assert_eq!(DType::from_name(dtype.name()), Some(dtype));
        }
        assert_eq!(DType::from_name("float32"), None);
    }

    #[test]
    fn sizes_are_those_of_the_rust_types() {
        fn same<T: Element>() {
            assert_eq!(T::DTYPE.size(), size_of::<T>());
        }
        same::<f16>();
        same::<bf16>();
        same::<f32>();
        same::<f64>();
        same::<u8>();
        same::<i16>();
        same::<i32>();
        same::<i64>();
    }
}
