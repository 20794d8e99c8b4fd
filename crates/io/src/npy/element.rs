//! How do numbers become bytes, and bytes numbers?

use half::f16;

/// A type of which arrays can be made.
pub(super) trait Element: Copy {
    /// Bytes of one element.
    const SIZE: usize;

    /// Appends the elements whose bytes these are; an incomplete one at the end is left out.
    fn take(bytes: &[u8], order: ByteOrder, elements: &mut Vec<Self>);

    /// Appends the elements' little-endian bytes.
    fn put(elements: &[Self], bytes: &mut Vec<u8>);

    /// The nearest 64-bit floating-point number.
    fn to_f64(self) -> f64;
}

/// The order of the bytes of one element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    /// The order of the machine that this runs on.
    pub(super) const NATIVE: ByteOrder = if cfg!(target_endian = "big") {
        ByteOrder::Big
    } else {
        ByteOrder::Little
    };
}

macro_rules! numbers {
    ($($type:ty as $to_f64:expr;)*) => {
        $(impl Element for $type {
            const SIZE: usize = size_of::<$type>();

            fn take(bytes: &[u8], order: ByteOrder, elements: &mut Vec<Self>) {
                let (numbers, _) = bytes.as_chunks::<{ size_of::<$type>() }>();
                match order {
                    ByteOrder::Little => {
                        elements.extend(numbers.iter().map(|&n| <$type>::from_le_bytes(n)));
                    }
                    ByteOrder::Big => {
                        elements.extend(numbers.iter().map(|&n| <$type>::from_be_bytes(n)));
                    }
                }
            }

            fn put(elements: &[Self], bytes: &mut Vec<u8>) {
                bytes.extend(elements.iter().flat_map(|element| element.to_le_bytes()));
            }

            fn to_f64(self) -> f64 {
                let convert: fn($type) -> f64 = $to_f64;
                convert(self)
            }
        })*
    };
}

numbers! {
    f16 as |value| value.to_f64();
    f32 as f64::from;
    f64 as |value| value;
    i8 as f64::from;
    i16 as f64::from;
    i32 as f64::from;
    i64 as |value| value as f64;
    u8 as f64::from;
    u16 as f64::from;
    u32 as f64::from;
    u64 as |value| value as f64;
}

impl Element for bool {
    const SIZE: usize = 1;

    fn take(bytes: &[u8], _: ByteOrder, elements: &mut Vec<Self>) {
        // numpy takes any other byte than 0 for true.
        elements.extend(bytes.iter().map(|&byte| byte != 0));
    }

    fn put(elements: &[Self], bytes: &mut Vec<u8>) {
        bytes.extend(elements.iter().map(|&element| u8::from(element)));
    }

    fn to_f64(self) -> f64 {
        f64::from(u8::from(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take<T: Element>(bytes: &[u8], order: ByteOrder) -> Vec<T> {
        let mut elements = Vec::new();
        T::take(bytes, order, &mut elements);
        elements
    }

    #[test]
    fn both_byte_orders_are_read_and_little_endian_is_written() {
        assert_eq!(
            take::<u16>(&[1, 2, 3, 4, 5], ByteOrder::Little),
            [0x0201, 0x0403]
        );
        assert_eq!(
            take::<u16>(&[1, 2, 3, 4, 5], ByteOrder::Big),
            [0x0102, 0x0304]
        );
        assert_eq!(take::<f32>(&[0x3f, 0x80, 0, 0], ByteOrder::Big), [1.0]);
        assert_eq!(
            take::<bool>(&[0, 1, 7], ByteOrder::Big),
            [false, true, true]
        );
        let mut bytes = Vec::new();
        f16::put(&[f16::ONE], &mut bytes);
        i32::put(&[-2], &mut bytes);
        bool::put(&[true], &mut bytes);
        assert_eq!(bytes, [0x00, 0x3c, 0xfe, 0xff, 0xff, 0xff, 1]);
    }
}
