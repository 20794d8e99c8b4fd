//! How long is a duration that a person wrote, in the type and unit of the stamps?
//!
//! It is kept as a decimal number, so that `0.1s` is 100,000,000 nanoseconds exactly, and in floating
//! point the number nearest to 0.1 in whatever unit.

use super::{Stamps, Unit};
use robocache::TimeScalar;
use std::fmt;
use std::str::FromStr;

/// `digits` times ten to the `exponent` of a unit; of that of the stamps where none was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Duration {
    /// As it was written.
    text: String,
    digits: u128,
    exponent: i32,
    unit: Option<Unit>,
}

/// Units by their names; `s` comes last, as the others end with it.
const UNITS: [(&str, Unit); 6] = [
    ("ms", Unit::Millis),
    ("us", Unit::Micros),
    ("µs", Unit::Micros),
    ("μs", Unit::Micros),
    ("ns", Unit::Nanos),
    ("s", Unit::Seconds),
];

impl FromStr for Duration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let with_unit = UNITS.iter().find_map(|&(name, unit)| {
            let number = text.strip_suffix(name)?;
            Some((number.trim_end(), Some(unit)))
        });
        let (number, unit) = with_unit.unwrap_or((text, None));
        let (digits, exponent) = decimal(number).ok_or(
            "expected a duration such as 100ms, 0.1s, 250us or 40000ns, or a number, which is in \
             the unit of the times",
        )?;
        Ok(Duration {
            text: text.to_owned(),
            digits,
            exponent,
            unit,
        })
    }
}

/// A decimal number as digits and a power of ten; `None` if it is none, or has too many digits.
fn decimal(text: &str) -> Option<(u128, i32)> {
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse().ok()?),
        None => (text, 0i32),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    if !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return None; // `parse` would take a plus sign.
    }
    let places = i32::try_from(fraction.len()).ok()?;
    Some((all.parse().ok()?, exponent.checked_sub(places)?))
}

impl Duration {
    /// In the type of the stamps, which are in that unit. Integers are rounded down: distances between
    /// integers are within a limit if they are within the integer below it. Beyond the type, it is
    /// the type's largest number, which limits nothing.
    pub(crate) fn on(&self, stamps: &Stamps, unit: Unit) -> TimeScalar {
        let own = self.unit.unwrap_or(unit);
        let shift = unit.power_of_ten() - own.power_of_ten();
        let exponent = self.exponent.saturating_add(shift);
        match stamps {
            Stamps::Float(_) => {
                let text = format!("{}e{exponent}", self.digits);
                TimeScalar::F64(text.parse().unwrap_or(f64::INFINITY))
            }
            Stamps::Ticks(_) => TimeScalar::I64(self.ticks(exponent)),
        }
    }

    fn ticks(&self, exponent: i32) -> i64 {
        let scale = 10u128.checked_pow(exponent.unsigned_abs());
        let ticks = if self.digits == 0 {
            0
        } else if exponent < 0 {
            scale.map_or(0, |scale| self.digits / scale)
        } else {
            scale.map_or(u128::MAX, |scale| self.digits.saturating_mul(scale))
        };
        i64::try_from(ticks).unwrap_or(i64::MAX)
    }

    /// Whether it is no time at all.
    pub(crate) fn is_zero(&self) -> bool {
        self.digits == 0
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(text: &str, stamps: &Stamps, unit: Unit) -> TimeScalar {
        let duration: Duration = text.parse().expect("a duration");
        duration.on(stamps, unit)
    }

    #[test]
    fn nanoseconds_are_exact() {
        let ticks = |text: &str| on(text, &Stamps::Ticks(vec![]), Unit::Nanos);
        for (text, expected) in [
            ("100ms", 100_000_000),
            ("0.1s", 100_000_000),
            ("0.1 s", 100_000_000),
            ("250us", 250_000),
            ("250µs", 250_000),
            ("40000ns", 40_000),
            ("40000", 40_000),
            ("4e4", 40_000),
            ("1e-3s", 1_000_000),
            (".5s", 500_000_000),
            ("5.s", 5_000_000_000),
            ("0", 0),
            ("0e99s", 0),
            ("1.999999999ns", 1),
            ("9007199.254740993s", 9_007_199_254_740_993),
            ("1e99s", i64::MAX),
            ("1e2147483647s", i64::MAX),
            ("1e-2147483000s", 0),
        ] {
            assert_eq!(ticks(text), TimeScalar::I64(expected), "{text}");
        }
        let millis = on("0.25s", &Stamps::Ticks(vec![]), Unit::Millis);
        assert_eq!(millis, TimeScalar::I64(250));
    }

    #[test]
    fn floating_point_is_rounded_once() {
        let floats = |text: &str, unit| on(text, &Stamps::Float(vec![]), unit);
        for text in ["100ms", "0.1s", "0.1", "100000us", "1e8ns"] {
            assert_eq!(floats(text, Unit::Seconds), TimeScalar::F64(0.1), "{text}");
        }
        assert_eq!(floats("0.3ms", Unit::Micros), TimeScalar::F64(300.0));
        assert_eq!(
            floats("1e999s", Unit::Seconds),
            TimeScalar::F64(f64::INFINITY)
        );
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "",
            "s",
            "ms",
            "-1",
            "-1ms",
            "+1",
            "1e",
            "1ee2",
            ".",
            "nan",
            "inf",
            "1min",
            "1 2s",
            "1e99999999999",
            "1,5s",
        ] {
            assert!(text.parse::<Duration>().is_err(), "{text:?}");
        }
        let long = "1".repeat(50);
        assert!(long.parse::<Duration>().is_err());
    }
}
