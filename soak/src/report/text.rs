//! How are numbers and times written?

use std::fmt::{self, Write as _};

/// Text with HTML's special characters replaced.
pub(super) struct Escaped<'t>(pub(super) &'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\n' => f.write_char('\n')?,
                control if control.is_control() => f.write_char('\u{fffd}')?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// A count with its thousands set apart.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// About three digits, with a true minus; a dash for what is not known.
pub(super) fn number(value: Option<f64>) -> String {
    let Some(value) = value.filter(|value| value.is_finite()) else {
        return "\u{2013}".to_owned();
    };
    let size = value.abs();
    let text = if size == 0.0 {
        "0".to_owned()
    } else if size >= 9_999.5 {
        count(size.round() as u64)
    } else {
        // 99.96 has the decimals of 100.
        let power = format!("{size:.2e}");
        let power: i32 = power
            .rsplit_once('e')
            .and_then(|(_, power)| power.parse().ok())
            .unwrap_or(0);
        let decimals = (2 - power).clamp(0, 9) as usize;
        let text = format!("{size:.decimals$}");
        match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => text,
        }
    };
    if value < 0.0 && text != "0" {
        format!("\u{2212}{text}")
    } else {
        text
    }
}

/// A duration as hours, minutes or seconds.
pub(super) fn duration(seconds: f64) -> String {
    match seconds {
        s if s >= 5400.0 => format!("{} h", number(Some(s / 3600.0))),
        s if s >= 100.0 => format!("{} min", number(Some(s / 60.0))),
        s => format!("{} s", number(Some(s))),
    }
}

/// A moment, in seconds since 1970, as date and time in UTC.
pub(super) fn moment(seconds: u64) -> String {
    let (days, second) = ((seconds / 86_400) as i64, seconds % 86_400);
    // Howard Hinnant, "chrono-compatible low-level date algorithms": years that start in March.
    let z = days + 719_468;
    let (era, day) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    format!(
        "{year}-{month:02}-{date:02} {:02}:{:02} UTC",
        second / 3600,
        second % 3600 / 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_moments() {
        assert_eq!(number(Some(0.0)), "0");
        assert_eq!(number(Some(99.96)), "100");
        assert_eq!(number(Some(-1.2345)), "\u{2212}1.23");
        assert_eq!(number(Some(0.012_34)), "0.0123");
        assert_eq!(number(Some(1_234_567.0)), "1\u{202f}234\u{202f}567");
        assert_eq!(number(Some(f64::NAN)), "\u{2013}");
        assert_eq!(number(None), "\u{2013}");
        assert_eq!(moment(0), "1970-01-01 00:00 UTC");
        assert_eq!(moment(951_782_400), "2000-02-29 00:00 UTC");
        assert_eq!(moment(1_798_761_599), "2026-12-31 23:59 UTC");
        assert_eq!(duration(7200.0), "2 h");
        assert_eq!(duration(600.0), "10 min");
        assert_eq!(duration(20.0), "20 s");
    }

    #[test]
    fn text_cannot_break_out() {
        let text = Escaped("<b a=\"1\">&\u{7}").to_string();
        assert_eq!(text, "&lt;b a=&quot;1&quot;&gt;&amp;\u{fffd}");
    }
}
