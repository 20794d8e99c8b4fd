//! How are text and numbers written into the page?

use std::fmt::{self, Write as _};

/// Text with HTML's special characters replaced, fit for elements and quoted attributes.
pub(super) struct Escaped<'t>(pub(super) &'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\t' | '\n' => f.write_char(character)?,
                // No document may hold other control characters.
                control if control.is_control() => f.write_char('\u{fffd}')?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// A coordinate in a drawing, to a tenth of a unit and as short as it gets.
pub(super) struct Px(pub(super) f64);

impl fmt::Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Far outside of any drawing, but still a number that every renderer takes.
        let tenths = (self.0.clamp(-1e5, 1e5) * 10.0).round() as i64;
        let (whole, tenth) = (tenths / 10, (tenths % 10).abs());
        let sign = if tenths < 0 && whole == 0 { "-" } else { "" };
        match tenth {
            0 => write!(f, "{whole}"),
            _ => write!(f, "{sign}{whole}.{tenth}"),
        }
    }
}

/// A number's text with a true minus sign for each hyphen.
pub(super) fn signed(number: &str) -> String {
    number.replace('-', "\u{2212}")
}

/// A count with its thousands set apart.
pub(super) fn count(number: usize) -> String {
    group(&number.to_string())
}

/// A count and its noun.
pub(super) fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// `value` to about `digits` significant digits, without an exponent where that is readable;
/// a dash if it is not finite.
pub(super) fn significant(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return "\u{2013}".to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let digits = digits.max(1);
    if !(1e-4..1e12).contains(&value.abs()) {
        return signed(&format!("{value:.*e}", digits - 1));
    }
    // Printed once to learn the power of ten after rounding: 9.996 has that of 10.
    let rounded = format!("{value:.*e}", digits - 1);
    let power: i32 = rounded
        .rsplit_once('e')
        .and_then(|(_, power)| power.parse().ok())
        .unwrap_or(0);
    let decimals = usize::try_from(digits as i32 - 1 - power).unwrap_or(0);
    let text = format!("{value:.decimals$}");
    match text.split_once('.') {
        Some((whole, rest)) => format!("{}.{rest}", group(whole)),
        None => group(&text),
    }
}

/// `value` to the next whole number, with its thousands set apart.
pub(super) fn grouped(value: f64) -> String {
    group(&format!("{value:.0}"))
}

/// Sets the thousands of a whole number apart.
fn group(number: &str) -> String {
    let digits = number.trim_start_matches('-');
    let mut text = signed(&number[..number.len() - digits.len()]);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A value of a column: in full if it is a whole number of a readable size.
pub(super) fn value(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e12 {
        // Adding zero takes the sign off a negative zero.
        grouped(value + 0.0)
    } else {
        significant(value, 4)
    }
}

/// A span of time in the unit that suits it.
pub(super) fn duration(seconds: f64) -> String {
    let (value, unit) = match seconds.abs() {
        size if size >= 1.0 || size == 0.0 => (seconds, "s"),
        size if size >= 0.9995e-3 => (seconds * 1e3, "ms"),
        size if size >= 0.9995e-6 => (seconds * 1e6, "\u{b5}s"),
        _ => (seconds * 1e9, "ns"),
    };
    let unit = if seconds.is_finite() { unit } else { "" };
    format!("{}\u{a0}{unit}", significant(value, 3))
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_characters_are_escaped() {
        assert_eq!(
            Escaped("<a href=\"x\">'&'\u{0}\u{1b}</a>").to_string(),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;\u{fffd}\u{fffd}&lt;/a&gt;"
        );
        assert_eq!(Escaped("关节 1 ∆θ").to_string(), "关节 1 ∆θ");
    }

    #[test]
    fn coordinates_are_short() {
        let got =
            [0.04, -0.04, -0.26, 12.0, -3.05, 99.96, f64::NAN, 1e30].map(|x| Px(x).to_string());
        assert_eq!(got, ["0", "0", "-0.3", "12", "-3.1", "100", "0", "100000"]);
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(counted(1, "gap", "gaps"), "1 gap");
        let got = [9.996, 0.012_345, -4.0, 12_345.6, 0.0, 1e-7, f64::NAN, 999.6]
            .map(|v| significant(v, 3));
        assert_eq!(
            got,
            [
                "10.0",
                "0.0123",
                "\u{2212}4.00",
                "12\u{202f}346",
                "0",
                "1.00e\u{2212}7",
                "\u{2013}",
                "1\u{202f}000"
            ]
        );
    }

    #[test]
    fn whole_values_have_no_decimals() {
        let got = [1.0, -0.0, -12.0, 0.5, 2e6].map(value);
        assert_eq!(
            got,
            ["1", "0", "\u{2212}12", "0.5000", "2\u{202f}000\u{202f}000"]
        );
    }

    #[test]
    fn durations_have_a_fitting_unit() {
        let got = [30.0, 0.4123, 0.0099, 1.234e-5, 5e-9, 0.0, f64::INFINITY].map(duration);
        assert_eq!(
            got,
            [
                "30.0\u{a0}s",
                "412\u{a0}ms",
                "9.90\u{a0}ms",
                "12.3\u{a0}\u{b5}s",
                "5.00\u{a0}ns",
                "0\u{a0}s",
                "\u{2013}"
            ]
        );
    }
}
