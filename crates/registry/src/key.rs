//! Which problems are alike: what a choice is remembered under.

/// The features of a problem by which variants compete: types, forms, and sizes by powers of two.
///
/// Problems with one key run fastest on the same variant, as far as anybody knows; whether a variant
/// accepts a problem at all is asked each time and is no business of the key.
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

    /// Adds a feature of `width` bits.
    ///
    /// # Panics
    /// If the key is full or the value is wider: both are mistakes of an operation's author that any
    /// test of the operation finds.
    #[inline]
    #[must_use]
    pub const fn with(self, value: u32, width: u32) -> ProblemKey {
        assert!(width < 32 && value < (1 << width) && self.used + width <= 128);
        ProblemKey {
            bits: self.bits | (value as u128) << self.used,
            used: self.used + width,
        }
    }

    /// Adds a size, by the number of its bits: 0, 1, 2 to 3, 4 to 7, and so on.
    #[inline]
    #[must_use]
    pub const fn with_size(self, size: usize) -> ProblemKey {
        self.with(usize::BITS - size.leading_zeros(), 7)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_fall_into_powers_of_two() {
        let key = |n| ProblemKey::new().with(3, 2).with_size(n);
        assert_eq!(key(4), key(7));
        assert_ne!(key(7), key(8));
        assert_ne!(key(0), key(1));
        assert_eq!(key(usize::MAX), key(usize::MAX / 2 + 1));
    }

    #[test]
    #[should_panic]
    fn a_value_wider_than_its_field_is_caught() {
        let _ = ProblemKey::new().with(4, 2);
    }
}
