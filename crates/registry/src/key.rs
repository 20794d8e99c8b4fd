//! Which problems are alike: what a choice is remembered and stored under.
//!
//! An operation lists the features of a problem once, into anything that implements [`Features`]: packed
//! into the bits of a [`ProblemKey`] for the lookup before every launch, or written out as a [`KeyText`]
//! for files and people.

use std::fmt::Write as _;

/// Collects the features by which variants compete: types, forms, and sizes by powers of two.
///
/// Problems with the same features run fastest on the same variant, as far as anybody knows; whether a
/// variant accepts a problem at all is asked each time and is no business of the key.
pub trait Features: Sized {
    /// Adds a feature of `width` bits, with its value in words.
    #[must_use]
    fn with(self, name: &'static str, value: u32, width: u32, word: &'static str) -> Self;

    /// Adds a number that matters exactly, below 2 to the power of `width`.
    #[must_use]
    fn with_number(self, name: &'static str, value: u32, width: u32) -> Self;

    /// Adds a size, by the number of its bits: 0, 1, 2 to 3, 4 to 7, and so on.
    #[must_use]
    fn with_size(self, name: &'static str, size: usize) -> Self;
}

/// Features packed into bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct ProblemKey {
    bits: u128,
    used: u32,
}

impl ProblemKey {
    /// A key without features.
    pub const fn new() -> ProblemKey {
        ProblemKey { bits: 0, used: 0 }
    }

    /// # Panics
    /// If the key is full or the value is wider: both are mistakes of an operation's author that any
    /// test of the operation finds.
    #[inline]
    fn push(self, value: u32, width: u32) -> ProblemKey {
        assert!(width < 32 && value < (1 << width) && self.used + width <= 128);
        ProblemKey {
            bits: self.bits | (value as u128) << self.used,
            used: self.used + width,
        }
    }

    /// Well mixed bits of the key, of the operation and of the device.
    #[inline]
    pub(crate) fn hash(self, op: u64, device: u32) -> u64 {
        let mut hash = (self.bits as u64) ^ op.rotate_left(32) ^ u64::from(device);
        hash = hash.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        hash ^= (self.bits >> 64) as u64;
        hash = hash.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        hash ^ (hash >> 32)
    }
}

impl Features for ProblemKey {
    #[inline]
    fn with(self, _: &'static str, value: u32, width: u32, _: &'static str) -> Self {
        self.push(value, width)
    }

    #[inline]
    fn with_number(self, _: &'static str, value: u32, width: u32) -> Self {
        self.push(value, width)
    }

    #[inline]
    fn with_size(self, _: &'static str, size: usize) -> Self {
        self.push(usize::BITS - size.leading_zeros(), 7)
    }
}

/// Features in words, such as `in=f32 kind=linear batch=64.. columns=8..`: a size stands for all up to
/// twice as much. Equal for two problems exactly if their [`ProblemKey`]s are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct KeyText(String);

impl KeyText {
    /// A text without features.
    pub const fn new() -> KeyText {
        KeyText(String::new())
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn push(mut self, name: &str, value: std::fmt::Arguments<'_>) -> KeyText {
        let gap = if self.0.is_empty() { "" } else { " " };
        // Writing to a string does not fail.
        let _ = write!(self.0, "{gap}{name}={value}");
        self
    }
}

impl Features for KeyText {
    fn with(self, name: &'static str, _: u32, _: u32, word: &'static str) -> Self {
        self.push(name, format_args!("{word}"))
    }

    fn with_number(self, name: &'static str, value: u32, _: u32) -> Self {
        self.push(name, format_args!("{value}"))
    }

    fn with_size(self, name: &'static str, size: usize) -> Self {
        match size.checked_ilog2() {
            None => self.push(name, format_args!("0")),
            Some(power) => self.push(name, format_args!("{}..", 1usize << power)),
        }
    }
}

impl std::fmt::Display for KeyText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(size: usize, form: u32) -> (ProblemKey, KeyText) {
        fn list<F: Features>(into: F, size: usize, form: u32) -> F {
            into.with("form", form, 2, ["dense", "packed"][form as usize])
                .with_number("align", 16, 5)
                .with_size("size", size)
        }
        (
            list(ProblemKey::new(), size, form),
            list(KeyText::new(), size, form),
        )
    }

    #[test]
    fn sizes_fall_into_powers_of_two_in_bits_and_in_words() {
        let sizes = [0, 1, 2, 3, 4, 7, 8, 1000, usize::MAX / 2 + 1, usize::MAX];
        for a in sizes {
            for b in sizes {
                for form in [0, 1] {
                    let (one, other) = (both(a, 0), both(b, form));
                    assert_eq!(one.0 == other.0, one.1 == other.1, "{a} {b} {form}");
                }
            }
        }
        assert_eq!(both(4, 0), both(7, 0));
        assert_ne!(both(7, 0), both(8, 0));
        assert_eq!(both(5, 1).1.as_str(), "form=packed align=16 size=4..");
        assert_eq!(both(0, 0).1.as_str(), "form=dense align=16 size=0");
    }

    #[test]
    #[should_panic]
    fn a_value_wider_than_its_field_is_caught() {
        let _ = ProblemKey::new().with_number("four", 4, 2);
    }
}
