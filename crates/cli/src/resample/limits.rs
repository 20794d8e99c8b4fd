//! Which values are valid, and what becomes of the others?

use crate::console::{count, note};
use crate::failure::usage;
use crate::time::{Duration, Stamps, Unit};
use anyhow::Result;
use clap::ValueEnum;
use robocache::TimeScalar;
use robocache::trajectory::{Invalid, Options};

/// How far samples may be from a row that is made of them.
#[derive(Debug, clap::Args)]
pub(super) struct Limits {
    /// The largest gap between two samples in which values are made, such as 100ms, 0.1s, 250us,
    /// 40000ns, or a number in the unit of the times
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    max_gap: Option<Duration>,

    /// The largest distance in time from a row to each sample that its value is made of
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    tolerance: Option<Duration>,

    /// What becomes of values beyond --max-gap or --tolerance: nan (the default), or keep, for a log
    /// whose --mask says it
    #[arg(long, value_name = "WHAT")]
    on_invalid: Option<OnInvalid>,
}

/// What becomes of invalid values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OnInvalid {
    Nan,
    Keep,
}

impl Limits {
    /// Makes sure that what is asked for has an effect.
    ///
    /// # Errors
    /// If it has none.
    pub(super) fn check(&self, has_mask: bool) -> Result<()> {
        match self.on_invalid {
            Some(_) if self.max_gap.is_none() && self.tolerance.is_none() => Err(usage(
                "--on-invalid is about values beyond --max-gap or --tolerance; give one of them",
            )),
            Some(OnInvalid::Keep) if !has_mask => Err(usage(
                "--on-invalid keep leaves invalid values as if they were valid; add --mask NAME, which \
                 tells them apart",
            )),
            _ => Ok(()),
        }
    }

    /// The options of a call for stamps in that unit.
    ///
    /// # Errors
    /// For a duration that is too short for stamps that are integers.
    pub(super) fn options(&self, stamps: &Stamps, unit: Unit) -> Result<Options> {
        let mut options = Options::default().invalid(match self.on_invalid {
            Some(OnInvalid::Keep) => Invalid::Keep,
            _ => Invalid::Fill,
        });
        if let Some(gap) = &self.max_gap {
            options = options.max_gap(scalar("--max-gap", gap, stamps, unit)?);
        }
        if let Some(tolerance) = &self.tolerance {
            options = options.tolerance(scalar("--tolerance", tolerance, stamps, unit)?);
        }
        Ok(options)
    }

    /// Says how many rows are beyond the limits, if there are limits.
    pub(super) fn tell(&self, mask: &[bool]) {
        let given = [
            self.max_gap.as_ref().map(|gap| format!("--max-gap {gap}")),
            self.tolerance
                .as_ref()
                .map(|tolerance| format!("--tolerance {tolerance}")),
        ];
        let given: Vec<String> = given.into_iter().flatten().collect();
        let invalid = mask.iter().filter(|valid| !**valid).count();
        if given.is_empty() || invalid == 0 {
            return;
        }
        let what = match self.on_invalid {
            Some(OnInvalid::Keep) => "kept",
            _ => "NaN",
        };
        note(&format!(
            "{} of {} rows are not covered by samples within {}; values beyond that are {what}",
            count(invalid as u128),
            count(mask.len() as u128),
            given.join(" and ")
        ));
    }
}

fn scalar(option: &str, duration: &Duration, stamps: &Stamps, unit: Unit) -> Result<TimeScalar> {
    let scalar = duration.on(stamps, unit);
    if scalar == TimeScalar::I64(0) && !duration.is_zero() {
        return Err(usage(format!(
            "{option} {duration} is shorter than the times can tell, which are integers in {unit}; \
             give a longer one with its unit, such as 100ms"
        )));
    }
    Ok(scalar)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(max_gap: Option<&str>, on_invalid: Option<OnInvalid>) -> Limits {
        Limits {
            max_gap: max_gap.map(|text| text.parse().expect("a duration")),
            tolerance: None,
            on_invalid,
        }
    }

    #[test]
    fn what_has_no_effect_is_refused() {
        use OnInvalid::{Keep, Nan};
        assert!(limits(None, None).check(false).is_ok());
        assert!(limits(None, Some(Nan)).check(true).is_err());
        assert!(limits(Some("1s"), Some(Nan)).check(false).is_ok());
        assert!(limits(Some("1s"), Some(Keep)).check(false).is_err());
        assert!(limits(Some("1s"), Some(Keep)).check(true).is_ok());
    }

    #[test]
    fn less_than_a_tick_is_refused_but_nothing_is_not() {
        let of = |text, stamps: &Stamps| limits(Some(text), None).options(stamps, Unit::Nanos);
        let ticks = Stamps::Ticks(vec![]);
        assert!(of("0.1", &ticks).is_err());
        assert!(of("0.1", &Stamps::Float(vec![])).is_ok());
        let gap = |text| of(text, &ticks).ok().and_then(|options| options.max_gap);
        assert_eq!(gap("0"), Some(TimeScalar::I64(0)));
        assert_eq!(gap("0.1us"), Some(TimeScalar::I64(100)));
    }
}
