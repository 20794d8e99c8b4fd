//! What does the text of one cell say?

/// The cell as an integer, if it is written as one and fits.
///
/// `-0` is not taken: as an integer it would lose its sign.
pub(super) fn integer(cell: &[u8]) -> Option<i64> {
    let (negative, digits) = match cell {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    // Counted downwards, as there is one more negative number than there are positive ones.
    let mut value = 0i64;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.checked_mul(10)?.checked_sub(i64::from(digit))?;
    }
    match negative {
        true if value == 0 => None,
        true => Some(value),
        false => value.checked_neg(),
    }
}

/// The cell as the nearest floating-point number, if it is a number, an infinity or nan.
pub(super) fn float(cell: &[u8]) -> Option<f64> {
    std::str::from_utf8(cell).ok()?.parse().ok()
}

/// The cell as true or false, in any case.
pub(super) fn boolean(cell: &[u8]) -> Option<bool> {
    if cell.eq_ignore_ascii_case(b"true") {
        Some(true)
    } else if cell.eq_ignore_ascii_case(b"false") {
        Some(false)
    } else {
        None
    }
}

/// Whether floating point holds the integer to the last digit.
pub(super) fn is_exact(integer: i64) -> bool {
    // Through i128, as the cast back to i64 would saturate at 2^63.
    integer as f64 as i128 == i128::from(integer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn integers_are_taken_to_the_edges_of_the_type_and_no_further() {
        assert_eq!(integer(b"9223372036854775807"), Some(i64::MAX));
        assert_eq!(integer(b"9223372036854775808"), None);
        assert_eq!(integer(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!(integer(b"-9223372036854775809"), None);
        assert_eq!(integer(b"99999999999999999999999"), None);
        assert_eq!(integer(b"+7"), Some(7));
        assert_eq!(integer(b"007"), Some(7));
        assert_eq!(integer(b"0"), Some(0));
        for other in [
            "", "-", "+", "-0", "1.0", "1e3", "1_0", "--1", "1 ", "\u{0661}",
        ] {
            assert_eq!(integer(other.as_bytes()), None, "{other:?}");
        }
    }

    #[test]
    fn floats_are_taken_as_they_are_usually_written() {
        for (text, value) in [
            ("1", 1.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("+1e-3", 1e-3),
            ("1E400", f64::INFINITY),
            ("inf", f64::INFINITY),
            ("-inf", f64::NEG_INFINITY),
            ("Infinity", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
        ] {
            assert_eq!(float(text.as_bytes()), Some(value), "{text:?}");
        }
        assert_eq!(float(b"-0").map(f64::to_bits), Some((-0.0f64).to_bits()));
        assert!(float(b"NaN").is_some_and(f64::is_nan));
        assert!(float(b"nan").is_some_and(f64::is_nan));
        for other in ["", "-", "1,5", "0x10", "1 2", "NA", "true", "e5", "."] {
            assert_eq!(float(other.as_bytes()), None, "{other:?}");
        }
        assert_eq!(float(b"1\xff"), None);
    }

    #[test]
    fn booleans_are_the_two_words() {
        assert_eq!(boolean(b"True"), Some(true));
        assert_eq!(boolean(b"FALSE"), Some(false));
        assert_eq!(boolean(b"t"), None);
        assert_eq!(boolean(b"1"), None);
    }

    #[test]
    fn exactness_ends_where_digits_are_lost() {
        assert!(is_exact(1 << 53));
        assert!(!is_exact((1 << 53) + 1));
        assert!(is_exact(i64::MIN));
        assert!(!is_exact(i64::MAX));
        assert!(is_exact(1_403_715_273_262_142_976));
        assert!(!is_exact(1_403_715_273_262_142_977));
    }

    proptest! {
        #[test]
        fn every_integer_survives(value: i64) {
            prop_assert_eq!(integer(value.to_string().as_bytes()), Some(value));
        }

        #[test]
        fn integers_agree_with_the_standard_library(text in "[-+]?[0-9]{1,21}") {
            let expected = text.parse::<i64>().ok().filter(|&v| v != 0 || !text.starts_with('-'));
            prop_assert_eq!(integer(text.as_bytes()), expected);
        }
    }
}
