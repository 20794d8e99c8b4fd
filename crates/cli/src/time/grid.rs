//! Which targets are on a clock of a given rate?
//!
//! Target k is `first + k / rate`, as long as that is not after the last sample. Each is computed
//! from its number k and never from the target before it, so that nothing adds up over a long log.

use super::{Stamps, Unit};
use std::fmt;

/// More targets than this in one log are taken for a mistake; the library takes no more either.
const MOST: u64 = i32::MAX as u64;

/// The targets from `first` to `last`, which are times in the unit.
pub(crate) fn grid(stamps: &Stamps, unit: Unit, rate: f64) -> Result<Stamps, TooMany> {
    Ok(match stamps {
        Stamps::Float(values) => Stamps::Float(match (values.first(), values.last()) {
            (Some(&first), Some(&last)) => floats(first, last, unit, rate)?,
            _ => Vec::new(),
        }),
        Stamps::Ticks(values) => Stamps::Ticks(match (values.first(), values.last()) {
            (Some(&first), Some(&last)) => ticks(first, last, unit, rate)?,
            _ => Vec::new(),
        }),
    })
}

/// How many targets there are in an interval, about.
pub(crate) fn per_interval(stamps: &Stamps, unit: Unit, rate: f64) -> f64 {
    let span = match stamps {
        Stamps::Float(values) => match (values.first(), values.last()) {
            (Some(first), Some(last)) => last - first,
            _ => return 0.0,
        },
        Stamps::Ticks(values) => match (values.first(), values.last()) {
            (Some(&first), Some(&last)) => last.abs_diff(first) as f64,
            _ => return 0.0,
        },
    };
    (span / unit.per_second() as f64 * rate).floor() + 1.0
}

/// A rate that gives more targets than anybody means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TooMany {
    /// How many, about.
    pub(crate) targets: f64,
    rate: f64,
    /// The seconds to be filled.
    seconds: f64,
}

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a rate of {} Hz over {} s makes {:.3e} targets, at most {MOST} can be computed; lower \
             the rate, or correct the unit of the times by --time-unit",
            self.rate, self.seconds, self.targets
        )
    }
}

impl std::error::Error for TooMany {}

fn check(seconds: f64, rate: f64) -> Result<(), TooMany> {
    let targets = (seconds * rate).floor() + 1.0;
    if targets > MOST as f64 {
        return Err(TooMany {
            targets,
            rate,
            seconds,
        });
    }
    Ok(())
}

fn floats(first: f64, last: f64, unit: Unit, rate: f64) -> Result<Vec<f64>, TooMany> {
    let per_second = unit.per_second() as f64;
    check((last - first) / per_second, rate)?;
    if first == last {
        return Ok(vec![first]);
    }
    let target = |k: u64| first + k as f64 * per_second / rate;
    Ok((0..MOST)
        .map(target)
        .take_while(|&time| time <= last)
        .collect())
}

fn ticks(first: i64, last: i64, unit: Unit, rate: f64) -> Result<Vec<i64>, TooMany> {
    if last < first {
        return Ok(Vec::new());
    }
    let span = last.abs_diff(first);
    check(span as f64 / unit.per_second() as f64, rate)?;
    if span == 0 {
        return Ok(vec![first]);
    }
    let Some(step) = Step::new(unit, rate) else {
        return Ok(vec![first]);
    };
    Ok((0..MOST)
        .map_while(|k| step.times(k))
        .take_while(|&after| after <= u128::from(span))
        // Not after `last`, so it fits.
        .map(|after| (i128::from(first) + after as i128) as i64)
        .collect())
}

/// The distance of two targets in ticks, exactly: a rate in f64 is a fraction of integers.
struct Step {
    numerator: u128,
    denominator: u128,
}

impl Step {
    /// `None` if a part is beyond 128 bits: the step is then far beyond any span of 64 bits, as rates
    /// that would make it tiny have been refused.
    fn new(unit: Unit, rate: f64) -> Option<Step> {
        // rate = mantissa * 2^exponent
        let bits = rate.to_bits();
        let field = (bits >> 52 & 0x7ff) as i32;
        let fraction = bits & ((1 << 52) - 1);
        let (mantissa, exponent) = match field {
            0 => (fraction, -1074),
            _ => (fraction | 1 << 52, field - 1075),
        };
        let zeros = mantissa.trailing_zeros();
        let (mantissa, exponent) = (u128::from(mantissa >> zeros), exponent + zeros as i32);
        let shift = exponent.unsigned_abs();
        let ticks = u128::from(unit.per_second());
        let shifted = |value: u128| (value.leading_zeros() > shift).then(|| value << shift);
        Some(if exponent >= 0 {
            Step {
                numerator: ticks,
                denominator: shifted(mantissa)?,
            }
        } else {
            Step {
                numerator: shifted(ticks)?,
                denominator: mantissa,
            }
        })
    }

    /// `k` steps, rounded to the nearest tick, halves up.
    fn times(&self, k: u64) -> Option<u128> {
        let twice = self.numerator.checked_mul(2 * u128::from(k))?;
        Some(twice.checked_add(self.denominator)? / (2 * self.denominator))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(first: i64, last: i64, rate: f64) -> Vec<i64> {
        ticks(first, last, Unit::Nanos, rate).expect("not too many")
    }

    #[test]
    fn thirty_hertz_in_nanoseconds_do_not_drift() {
        let first = 1_403_715_524_907_143_168;
        let day = 86_400_000_000_000;
        let found = nanos(first, first + day, 30.0);
        assert_eq!(found.len(), 86_400 * 30 + 1);
        assert_eq!(found[1] - first, 33_333_333);
        assert_eq!(found[2] - first, 66_666_667);
        assert_eq!(found[3] - first, 100_000_000);
        assert_eq!(found[found.len() - 1], first + day);
        for (k, &target) in (0i128..).zip(&found) {
            let exact = k * 1_000_000_000;
            assert!((30 * i128::from(target - first) - exact).abs() <= 15, "{k}");
        }
    }

    #[test]
    fn halves_of_a_tick_are_rounded_up() {
        // 10⁹ / 1024 = 976562.5
        assert_eq!(nanos(0, 2_000_000, 1024.0), [0, 976_563, 1_953_125]);
        assert_eq!(nanos(-5, -4, 1e9), [-5, -4]);
    }

    #[test]
    fn extreme_rates_and_spans_end() {
        assert_eq!(nanos(7, 7, 1e300), [7]);
        assert_eq!(nanos(0, i64::MAX, 1e-300), [0]);
        assert_eq!(nanos(0, i64::MAX, f64::MIN_POSITIVE * f64::EPSILON), [0]);
        assert_eq!(nanos(i64::MIN, i64::MAX, 1e-9).len(), 19);
        assert_eq!(nanos(5, 4, 10.0), [0i64; 0]);
        let seconds = |first, last, rate| floats(first, last, Unit::Seconds, rate);
        assert_eq!(seconds(1.0, 1.0, 1e300), Ok(vec![1.0]));
        assert_eq!(seconds(0.0, 1.0, 1e-300), Ok(vec![0.0]));
        assert_eq!(seconds(0.0, 1e-300, 1e300).map(|all| all.len()), Ok(2));
        assert!(seconds(-f64::MAX, f64::MAX, 1.0).is_err());
    }

    #[test]
    fn too_many_targets_are_counted_and_not_made() {
        let error = ticks(0, 100_000_000_000, Unit::Nanos, 1e9).expect_err("10¹¹ targets");
        assert_eq!(error.targets, 100_000_000_001.0);
        assert!(error.to_string().contains("1.000e11"), "{error}");
        assert!(ticks(0, 1, Unit::Nanos, 1e300).is_err());
        assert!(floats(0.0, 1.0, Unit::Seconds, 3e9).is_err());
    }

    #[test]
    fn float_targets_are_first_plus_k_over_rate() {
        let found = floats(2.5, 3.5, Unit::Seconds, 30.0).expect("31 targets");
        assert_eq!(found.len(), 31);
        for (k, &target) in found.iter().enumerate() {
            assert_eq!(target, 2.5 + k as f64 / 30.0);
        }
        let found = floats(1.5e15, 1.5e15 + 1e6, Unit::Micros, 50.0).expect("51 targets");
        assert_eq!(found[1], 1.5e15 + 20_000.0);
        assert_eq!(found.len(), 51);
    }

    #[test]
    fn counts_are_known_before_anything_is_made() {
        let stamps = Stamps::Ticks(vec![0, 500_000_000, 1_000_000_000]);
        assert_eq!(per_interval(&stamps, Unit::Nanos, 30.0), 31.0);
        assert_eq!(grid(&stamps, Unit::Nanos, 30.0).map(|t| t.len()), Ok(31));
        assert_eq!(
            per_interval(&Stamps::Float(vec![]), Unit::Seconds, 30.0),
            0.0
        );
    }
}
