//! How are numbers written?

use crate::stats::Estimate;

/// A time in microseconds: what clocks resolve, and no more than anybody reads.
pub fn micros(value: f64) -> String {
    match value.abs() {
        size if size < 9.995 => format!("{value:.2}"),
        size if size < 999.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// A size or a speed: three digits, more before the point.
pub fn number(value: f64) -> String {
    match value.abs() {
        size if size < 9.995 => format!("{value:.2}"),
        size if size < 99.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// An interval of times.
pub fn interval(of: &Estimate) -> String {
    format!("{}–{}", micros(of.low), micros(of.high))
}

/// A ratio with its interval, finely, for comparisons of like with like.
pub fn fine(of: &Estimate) -> String {
    format!("{:.3} [{:.3}, {:.3}]", of.value, of.low, of.high)
}

/// Bytes in 10⁶.
pub fn megabytes(bytes: f64) -> String {
    number(bytes / 1e6)
}

/// Seconds since 1970 as a date of the Gregorian calendar, UTC (Hinnant's `civil_from_days`).
pub fn date(seconds: u64) -> String {
    let days = (seconds / 86_400) as i64 + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    format!("{:04}-{month:02}-{day:02}", era * 400 + year + next)
}

/// Text for XML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_as_many_digits_as_they_deserve() {
        let written = [0.034, 4.7, 9.996, 48.13, 99.96, 1234.5].map(number);
        assert_eq!(written, ["0.03", "4.70", "10.0", "48.1", "100", "1234"]);
        let written = [0.034, 9.996, 102.34, 999.96].map(micros);
        assert_eq!(written, ["0.03", "10.0", "102.3", "1000"]);
        assert_eq!(megabytes(561_048.0), "0.56");
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(951_782_400), "2000-02-29");
        assert_eq!(date(1_735_689_599), "2024-12-31");
    }
}
