//! What is the unit of the stamps?

use super::Stamps;
use anyhow::{Result, bail};
use clap::ValueEnum;
use std::fmt;

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Unit {
    /// Seconds.
    #[value(name = "s")]
    Seconds,
    /// Milliseconds.
    #[value(name = "ms")]
    Millis,
    /// Microseconds.
    #[value(name = "us")]
    Micros,
    /// Nanoseconds.
    #[value(name = "ns")]
    Nanos,
}

impl Unit {
    /// How many of them are a second.
    pub(crate) const fn per_second(self) -> u64 {
        match self {
            Unit::Seconds => 1,
            Unit::Millis => 1_000,
            Unit::Micros => 1_000_000,
            Unit::Nanos => 1_000_000_000,
        }
    }

    /// The power of ten that [`per_second`](Self::per_second) is.
    pub(crate) const fn power_of_ten(self) -> i32 {
        self.per_second().ilog10() as i32
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unit::Seconds => "seconds",
            Unit::Millis => "milliseconds",
            Unit::Micros => "microseconds",
            Unit::Nanos => "nanoseconds",
        })
    }
}

/// A unit and where it was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) unit: Unit,
    /// How it was derived; `None` if it was given, or is what stamps of that type are by default.
    pub(crate) by: Option<&'static str>,
}

/// The unit of a column of stamps: the one given; else the one in the column's name; else, for large
/// stamps, the one in which they are Unix times of our days; else seconds for floating point.
///
/// # Errors
/// For integers that nothing of this applies to, and for stamps whose sizes contradict each other.
pub(crate) fn find(name: &str, stamps: &Stamps, given: Option<Unit>) -> Result<Found> {
    if let Some(unit) = given {
        return Ok(Found { unit, by: None });
    }
    if let Some(unit) = in_name(name) {
        let by = Some("by the column's name");
        return Ok(Found { unit, by });
    }
    let (first, last) = stamps.sizes();
    match (by_size(first), by_size(last)) {
        (Some(unit), Some(other)) if unit == other => Ok(Found {
            unit,
            by: Some("by the size of its stamps, as Unix time"),
        }),
        (None, None) if matches!(stamps, Stamps::Float(_)) => Ok(Found {
            unit: Unit::Seconds,
            by: None,
        }),
        (None, None) => bail!(
            "the unit of {name:?} is unknown: integers such as {} can be anything; give \
             --time-unit s, ms, us or ns",
            stamps.example()
        ),
        _ => bail!(
            "the unit of {name:?} is unknown: its stamps go from {first:e} to {last:e}; give \
             --time-unit s, ms, us or ns"
        ),
    }
}

/// The unit of stamps of that size, if they count from 1970: each unit's range begins in 1973.
fn by_size(size: f64) -> Option<Unit> {
    match size {
        size if size >= 1e17 => Some(Unit::Nanos),
        size if size >= 1e14 => Some(Unit::Micros),
        size if size >= 1e11 => Some(Unit::Millis),
        _ => None,
    }
}

/// The unit that a name ends with (`t_ns`, `timeMs`) or has in brackets (`time [ns] of capture`).
fn in_name(name: &str) -> Option<Unit> {
    let bracketed = name
        .split(['[', '(', '{'])
        .skip(1)
        .filter_map(|rest| rest.split([']', ')', '}']).next())
        .find_map(|inside| word(inside.trim()));
    bracketed.or_else(|| {
        let is_mark = |c: char| !c.is_alphanumeric();
        let last = name.trim_end_matches(is_mark).rsplit(is_mark).next()?;
        word(last).or_else(|| word(last_hump(last)))
    })
}

/// What follows the last change from small to capital letters: `Ns` of `timestampNs`.
fn last_hump(word: &str) -> &str {
    let mut start = 0;
    let mut before: Option<char> = None;
    for (at, letter) in word.char_indices() {
        if letter.is_uppercase() && before.is_some_and(|before| !before.is_uppercase()) {
            start = at;
        }
        before = Some(letter);
    }
    &word[start..]
}

fn word(text: &str) -> Option<Unit> {
    let text = text.to_lowercase();
    Some(match text.as_str() {
        "s" | "sec" | "secs" | "second" | "seconds" => Unit::Seconds,
        "ms" | "msec" | "msecs" | "millis" | "millisec" | "millisecond" | "milliseconds" => {
            Unit::Millis
        }
        "us" | "µs" | "μs" | "usec" | "usecs" | "micros" | "microsec" | "microsecond"
        | "microseconds" => Unit::Micros,
        "ns" | "nsec" | "nsecs" | "nanos" | "nanosec" | "nanosecond" | "nanoseconds" => Unit::Nanos,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_their_unit() {
        for (name, unit) in [
            ("t_ns", Unit::Nanos),
            ("#timestamp [ns]", Unit::Nanos),
            ("time [us] of capture", Unit::Micros),
            ("Time (ms)", Unit::Millis),
            ("stamp_s", Unit::Seconds),
            ("time.sec", Unit::Seconds),
            ("timestampNs", Unit::Nanos),
            ("timeMs", Unit::Millis),
            ("t_µs ", Unit::Micros),
            ("utime microseconds", Unit::Micros),
            ("NS", Unit::Nanos),
        ] {
            assert_eq!(in_name(name), Some(unit), "{name:?}");
        }
        for name in [
            "timestamp",
            "Time",
            "t",
            "timestamps",
            "terms",
            "",
            "[]",
            "[m] x",
            "class",
        ] {
            assert_eq!(in_name(name), None, "{name:?}");
        }
    }

    fn of(stamps: Stamps) -> Option<Found> {
        find("t", &stamps, None).ok()
    }

    #[test]
    fn integers_are_unix_time_or_unknown() {
        let by_size = |first: i64, unit| {
            let found = of(Stamps::Ticks(vec![first, first + 1]));
            assert_eq!(found.map(|found| found.unit), Some(unit));
            assert!(found.is_some_and(|found| found.by.is_some()));
        };
        by_size(1_403_715_524_907_143_168, Unit::Nanos);
        by_size(1_403_715_524_907_143, Unit::Micros);
        by_size(1_403_715_524_907, Unit::Millis);
        by_size(100_000_000_000_000_000, Unit::Nanos);
        by_size(99_999_999_999_999_000, Unit::Micros);
        assert_eq!(of(Stamps::Ticks(vec![0, 20, 40])), None);
        assert_eq!(of(Stamps::Ticks(vec![1_403_715_524])), None);
        assert_eq!(of(Stamps::Ticks(vec![0, 1_403_715_524_907_143_168])), None);
        let millis_and_micros = vec![1_600_000_000_000, 1_600_000_000_000_000];
        assert_eq!(of(Stamps::Ticks(millis_and_micros)), None);
        let given = find("t", &Stamps::Ticks(vec![0]), Some(Unit::Millis));
        assert!(given.is_ok_and(|found| found.unit == Unit::Millis && found.by.is_none()));
    }

    #[test]
    fn floats_are_seconds_unless_they_are_too_large() {
        let seconds = Found {
            unit: Unit::Seconds,
            by: None,
        };
        assert_eq!(of(Stamps::Float(vec![0.0, 1.0])), Some(seconds));
        assert_eq!(of(Stamps::Float(vec![1.4e9])), Some(seconds));
        let micros = of(Stamps::Float(vec![1.55e15, 1.56e15]));
        assert_eq!(micros.map(|found| found.unit), Some(Unit::Micros));
        let named = find("t_ms", &Stamps::Float(vec![3.0]), None);
        assert!(named.is_ok_and(|found| found.unit == Unit::Millis && found.by.is_some()));
        assert_eq!(of(Stamps::Float(vec![0.0, 1e15])), None);
    }
}
