//! Which types may a column have, and how do bytes and text become numbers?

/// A type in which the values of a cloud are kept.
pub(super) trait Number: Copy + Default {
    /// The value of an `f32`: the same bits, where that is the type.
    fn from_f32(value: f32) -> Self;

    /// The value of anything else, which `f64` holds; the nearest one, where this is narrower.
    fn from_f64(value: f64) -> Self;
}

impl Number for f32 {
    fn from_f32(value: f32) -> Self {
        value
    }

    fn from_f64(value: f64) -> Self {
        value as f32
    }
}

impl Number for f64 {
    fn from_f32(value: f32) -> Self {
        f64::from(value)
    }

    fn from_f64(value: f64) -> Self {
        value
    }
}

/// Where the values of a column lie among bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Column {
    pub(super) kind: Kind,
    /// The first byte of the first value.
    pub(super) start: usize,
    /// Bytes from each value to the next.
    pub(super) step: usize,
}

/// Defines everything that exists once for each type of a column.
macro_rules! kinds {
    ($($kind:ident($type:ty) $letter:literal $words:literal $convert:expr;)*) => {
        /// The type of a column.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Kind {
            $($kind,)*
        }

        impl Kind {
            #[cfg(test)]
            pub(super) const ALL: &'static [Kind] = &[$(Kind::$kind),*];

            /// The type of that letter (F, I or U) and number of bytes.
            pub(super) fn of(letter: &str, size: usize) -> Option<Kind> {
                $(if letter == $letter && size == size_of::<$type>() {
                    return Some(Kind::$kind);
                })*
                None
            }

            /// Bytes of one value.
            pub(super) fn size(self) -> usize {
                match self {
                    $(Kind::$kind => size_of::<$type>(),)*
                }
            }

            /// What its values are, in words.
            pub(super) fn words(self) -> &'static str {
                match self {
                    $(Kind::$kind => $words,)*
                }
            }

            /// The number that a text says, if it is one of this type.
            pub(super) fn parse<T: Number>(self, text: &str) -> Option<T> {
                match self {
                    $(Kind::$kind => {
                        let convert: fn($type) -> T = $convert;
                        text.parse::<$type>().ok().map(convert)
                    })*
                }
            }
        }

        impl Column {
            /// Copies the column's values to place `at` of each row of `width` values. All of the
            /// values have to lie within the bytes.
            pub(super) fn copy<T: Number>(
                &self,
                bytes: &[u8],
                rows: &mut [T],
                width: usize,
                at: usize,
            ) {
                match self.kind {
                    $(Kind::$kind => {
                        let convert: fn($type) -> T = $convert;
                        let values = bytes.get(self.start..).unwrap_or(&[]).chunks(self.step);
                        for (row, value) in rows.chunks_exact_mut(width).zip(values) {
                            if let Some(&value) = value.first_chunk() {
                                row[at] = convert(<$type>::from_le_bytes(value));
                            }
                        }
                    })*
                }
            }
        }
    };
}

kinds! {
    F4(f32) "F" "a 32-bit floating-point number" |value| T::from_f32(value);
    F8(f64) "F" "a 64-bit floating-point number" |value| T::from_f64(value);
    I1(i8) "I" "an integer from -128 to 127" |value| T::from_f64(f64::from(value));
    I2(i16) "I" "an integer of 16 bits" |value| T::from_f64(f64::from(value));
    I4(i32) "I" "an integer of 32 bits" |value| T::from_f64(f64::from(value));
    I8(i64) "I" "an integer of 64 bits" |value| T::from_f64(value as f64);
    U1(u8) "U" "an integer from 0 to 255" |value| T::from_f64(f64::from(value));
    U2(u16) "U" "an integer from 0 to 65535" |value| T::from_f64(f64::from(value));
    U4(u32) "U" "an integer from 0 to 4294967295" |value| T::from_f64(f64::from(value));
    U8(u64) "U" "an integer of 64 bits from 0 on" |value| T::from_f64(value as f64);
}

impl Kind {
    /// Whether `f32` holds every value to the last digit.
    pub(super) fn fits_f32(self) -> bool {
        matches!(self, Kind::F4 | Kind::I1 | Kind::I2 | Kind::U1 | Kind::U2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_found_by_letter_and_size() {
        let mut found = Vec::new();
        for letter in ["F", "I", "U"] {
            for size in 0..17 {
                found.extend(Kind::of(letter, size).inspect(|kind| assert_eq!(kind.size(), size)));
            }
        }
        assert_eq!(found, Kind::ALL);
        for (letter, size) in [("F", 1), ("F", 2), ("I", 3), ("f", 4), ("FF", 4), ("", 4)] {
            assert_eq!(Kind::of(letter, size), None, "{letter}{size}");
        }
    }

    #[test]
    fn what_fits_f32_comes_through_it_unchanged() {
        for (kind, text) in [
            (Kind::F4, "0.1"),
            (Kind::I1, "-128"),
            (Kind::I2, "-32768"),
            (Kind::U1, "255"),
            (Kind::U2, "65535"),
        ] {
            assert!(kind.fits_f32());
            let narrow: f32 = kind.parse(text).unwrap();
            assert_eq!(kind.parse::<f64>(text), Some(f64::from(narrow)), "{text}");
        }
        for (kind, text, value) in [
            (Kind::F8, "0.1", 0.1),
            (Kind::I4, "-2147483647", -2_147_483_647.0),
            (Kind::U4, "4294967295", 4_294_967_295.0),
            (Kind::I8, "-9007199254740993", -9_007_199_254_740_992.0),
            (
                Kind::U8,
                "18446744073709551615",
                18_446_744_073_709_551_616.0,
            ),
        ] {
            assert!(!kind.fits_f32());
            assert_eq!(kind.parse::<f64>(text), Some(value));
        }
    }

    #[test]
    fn text_beyond_a_type_is_none() {
        for (kind, text) in [
            (Kind::F4, "1,5"),
            (Kind::F8, ""),
            (Kind::I1, "128"),
            (Kind::I2, "nan"),
            (Kind::I4, "1.0"),
            (Kind::U1, "256"),
            (Kind::U2, "-1"),
            (Kind::U8, "18446744073709551616"),
        ] {
            assert_eq!(kind.parse::<f64>(text), None, "{} {text}", kind.words());
        }
        assert!(Kind::F4.parse::<f32>("-nan").is_some_and(f32::is_nan));
        assert!(Kind::F8.parse::<f64>("NaN").is_some_and(f64::is_nan));
    }

    #[test]
    fn columns_are_copied_with_their_steps() {
        // Rows of a u16, a padding byte and an i8.
        let bytes = [0x34, 0x12, 0, 0xff, 0xff, 0xff, 0, 0x7f];
        let mut rows = [0.0f32; 4];
        let first = Column {
            kind: Kind::U2,
            start: 0,
            step: 4,
        };
        let second = Column {
            kind: Kind::I1,
            start: 3,
            step: 4,
        };
        first.copy(&bytes, &mut rows, 2, 1);
        second.copy(&bytes, &mut rows, 2, 0);
        assert_eq!(rows, [-1.0, 4660.0, 127.0, 65535.0]);
    }

    #[test]
    fn a_float_keeps_its_bits_also_where_it_is_no_number() {
        // A packed colour: as a float it is a NaN that signals.
        let colour = 0xff90_4020u32;
        let column = Column {
            kind: Kind::F4,
            start: 0,
            step: 4,
        };
        let mut rows = [0.0f32];
        column.copy(&colour.to_le_bytes(), &mut rows, 1, 0);
        assert_eq!(rows[0].to_bits(), colour);
    }
}
