//! What is an array in memory?

use super::element::Element;
use crate::Result;
use half::f16;
use std::borrow::Cow;
use std::ops::Range;

/// An array with its values, in C order: the last index runs fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Elements along each dimension; empty for a single value without dimensions.
    pub shape: Vec<usize>,
    /// The elements, as many as the product of the shape.
    pub values: Values,
}

/// A borrowed array, in C order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ArrayRef<'a> {
    /// Elements along each dimension.
    pub shape: &'a [usize],
    /// The elements, as many as the product of the shape.
    pub values: ValuesRef<'a>,
}

impl Array {
    /// The array, borrowed.
    pub fn as_ref(&self) -> ArrayRef<'_> {
        ArrayRef {
            shape: &self.shape,
            values: self.values.as_ref(),
        }
    }
}

impl<'a> ArrayRef<'a> {
    /// An array of that shape.
    pub fn new(shape: &'a [usize], values: impl Into<ValuesRef<'a>>) -> Self {
        ArrayRef {
            shape,
            values: values.into(),
        }
    }
}

/// Defines everything that exists once for each element type.
macro_rules! element_types {
    ($($variant:ident($type:ty) $name:literal $descr:literal $doc:literal;)*) => {
        /// The elements of an array.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Values {
            $(#[doc = $doc] $variant(Vec<$type>),)*
        }

        /// The elements of a borrowed array.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum ValuesRef<'a> {
            $(#[doc = $doc] $variant(&'a [$type]),)*
        }

        /// An element type.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Kind {
            $($variant,)*
        }

        impl Kind {
            #[cfg(test)]
            pub(super) const ALL: &'static [Kind] = &[$(Kind::$variant),*];

            /// The type that numpy calls `code`, such as `f4`.
            pub(super) fn from_code(code: &str) -> Option<Kind> {
                $(if code == &$descr[1..] {
                    return Some(Kind::$variant);
                })*
                None
            }

            #[cfg(test)]
            pub(super) fn code(self) -> &'static str {
                match self {
                    $(Kind::$variant => &$descr[1..],)*
                }
            }

            /// A vector of elements of this type.
            pub(super) fn collect(self, source: &mut impl Collect) -> Result<Values> {
                Ok(match self {
                    $(Kind::$variant => Values::$variant(source.collect::<$type>()?),)*
                })
            }

            /// Bytes of one element.
            pub(super) fn size(self) -> usize {
                match self {
                    $(Kind::$variant => <$type as Element>::SIZE,)*
                }
            }
        }

        impl Values {
            /// Number of elements.
            pub fn len(&self) -> usize {
                match self {
                    $(Values::$variant(values) => values.len(),)*
                }
            }

            /// The elements, borrowed.
            pub fn as_ref(&self) -> ValuesRef<'_> {
                match self {
                    $(Values::$variant(values) => ValuesRef::$variant(values),)*
                }
            }

            fn converted(&self) -> Vec<f64> {
                match self {
                    $(Values::$variant(values) => {
                        values.iter().map(|&value| value.to_f64()).collect()
                    })*
                }
            }
        }

        impl<'a> ValuesRef<'a> {
            /// Number of elements.
            pub fn len(&self) -> usize {
                match self {
                    $(ValuesRef::$variant(values) => values.len(),)*
                }
            }

            /// The element type's name: `f32`, `u8`, `bool`.
            pub fn dtype(&self) -> &'static str {
                match self {
                    $(ValuesRef::$variant(_) => $name,)*
                }
            }

            /// Bytes of all elements.
            pub(super) fn bytes(&self) -> usize {
                match self {
                    $(ValuesRef::$variant(values) => size_of_val(*values),)*
                }
            }

            /// Appends the little-endian bytes of the elements of that range.
            pub(super) fn put(&self, range: Range<usize>, bytes: &mut Vec<u8>) {
                match self {
                    $(ValuesRef::$variant(values) => Element::put(&values[range], bytes),)*
                }
            }

            /// The element type as numpy writes it.
            pub(super) fn descr(&self) -> &'static str {
                match self {
                    $(ValuesRef::$variant(_) => $descr,)*
                }
            }
        }

        $(
            impl From<Vec<$type>> for Values {
                fn from(values: Vec<$type>) -> Self {
                    Values::$variant(values)
                }
            }

            impl<'a> From<&'a [$type]> for ValuesRef<'a> {
                fn from(values: &'a [$type]) -> Self {
                    ValuesRef::$variant(values)
                }
            }
        )*
    };
}

element_types! {
    F16(f16) "f16" "<f2" "16-bit floating point.";
    F32(f32) "f32" "<f4" "32-bit floating point.";
    F64(f64) "f64" "<f8" "64-bit floating point.";
    I8(i8) "i8" "|i1" "Signed 8-bit integers.";
    I16(i16) "i16" "<i2" "Signed 16-bit integers.";
    I32(i32) "i32" "<i4" "Signed 32-bit integers.";
    I64(i64) "i64" "<i8" "Signed 64-bit integers.";
    U8(u8) "u8" "|u1" "Unsigned 8-bit integers.";
    U16(u16) "u16" "<u2" "Unsigned 16-bit integers.";
    U32(u32) "u32" "<u4" "Unsigned 32-bit integers.";
    U64(u64) "u64" "<u8" "Unsigned 64-bit integers.";
    Bool(bool) "bool" "|b1" "Booleans.";
}

/// Something that gives a vector of any element type.
pub(super) trait Collect {
    fn collect<T: Element>(&mut self) -> Result<Vec<T>>;
}

impl Values {
    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element type's name: `f32`, `u8`, `bool`.
    pub fn dtype(&self) -> &'static str {
        self.as_ref().dtype()
    }

    /// The elements as 64-bit floating point; booleans are 1 and 0.
    ///
    /// Integers beyond 2^53 are rounded to the nearest number that there is.
    pub fn to_f64(&self) -> Cow<'_, [f64]> {
        match self {
            Values::F64(values) => Cow::Borrowed(values),
            other => Cow::Owned(other.converted()),
        }
    }
}

impl ValuesRef<'_> {
    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_found_by_what_numpy_calls_it() {
        for &kind in Kind::ALL {
            let code = kind.code();
            assert_eq!(Kind::from_code(code), Some(kind));
            assert!(code.ends_with(&kind.size().to_string()), "{code}");
        }
        assert_eq!(Kind::from_code("f16"), None);
    }

    #[test]
    fn conversion_to_f64_keeps_values() {
        let half = Values::F16(vec![f16::from_f32(0.5), f16::INFINITY]);
        assert_eq!(*half.to_f64(), [0.5, f64::INFINITY]);
        assert_eq!(*Values::Bool(vec![true, false]).to_f64(), [1.0, 0.0]);
        assert_eq!(
            *Values::U64(vec![u64::MAX]).to_f64(),
            [18_446_744_073_709_551_616.0]
        );
        let wide = Values::F64(vec![0.1]);
        assert!(matches!(wide.to_f64(), Cow::Borrowed([0.1])));
    }
}
