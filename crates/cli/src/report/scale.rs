//! Where does a value lie on an axis, and which values does the axis name?

use super::text::{grouped, signed};

/// Ranges narrower than this share of their values are drawn as a constant: the digits that
/// would tell them apart are rounding noise.
const NARROWEST: f64 = 1e-9;

/// Values beyond this are drawn at it, so that the width of a range stays finite.
const LARGEST: f64 = 1e300;

/// The least and the greatest finite value.
pub(super) fn extent(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values
        .into_iter()
        .filter(|value| value.is_finite())
        .fold(None, |range, value| match range {
            None => Some((value, value)),
            Some((low, high)) => Some((low.min(value), high.max(value))),
        })
}

/// How the axis is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Linear,
    Logarithmic,
}

/// A range of values, finite and not empty, laid along an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    kind: Kind,
    low: f64,
    high: f64,
}

/// A value that an axis names.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub(super) at: f64,
    pub(super) label: String,
}

impl Scale {
    /// The axis from `low` to `high`; from zero to one if that is no range.
    pub(super) fn linear(low: f64, high: f64) -> Self {
        let (low, high) = (low.max(-LARGEST), high.min(LARGEST));
        let (low, high) = if low < high { (low, high) } else { (0.0, 1.0) };
        Self {
            kind: Kind::Linear,
            low,
            high,
        }
    }

    /// An axis with some room around `range`, at least `least` wide.
    ///
    /// A constant lies in the middle; no range at all gives zero to one.
    pub(super) fn around(range: Option<(f64, f64)>, least: f64) -> Self {
        let Some((low, high)) = range else {
            return Self::linear(0.0, 1.0);
        };
        let (low, high) = (low.max(-LARGEST), high.min(LARGEST));
        let size = low.abs().max(high.abs());
        let width = high - low;
        if width <= size * NARROWEST || width < 1e-290 {
            let room = match 0.5 * least {
                room if room > size * NARROWEST => room,
                _ if size < 1e-290 => 1.0,
                _ => 0.1 * size,
            };
            return Self::linear(low - room, high + room);
        }
        let room = (0.06 * width).max(0.5 * (least - width));
        Self::linear(low - room, high + room)
    }

    /// A logarithmic axis with some room around `range`, both of whose ends must be above
    /// zero; at least a factor of four from end to end.
    pub(super) fn logarithmic(range: Option<(f64, f64)>) -> Self {
        let (low, high) = match range {
            // Held so that the ratio of the ends stays finite.
            Some((low, high)) if low > 0.0 && high >= low => {
                (low.clamp(1e-140, 1e140), high.clamp(1e-140, 1e140))
            }
            _ => (1.0, 10.0),
        };
        let room = (high / low).powf(0.06).max((4.0 * low / high).sqrt());
        Self {
            kind: Kind::Logarithmic,
            low: low / room,
            high: high * room,
        }
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn low(&self) -> f64 {
        self.low
    }

    pub(super) fn high(&self) -> f64 {
        self.high
    }

    /// Where `value` lies between the low end, at zero, and the high end, at one.
    pub(super) fn share(&self, value: f64) -> f64 {
        match self.kind {
            Kind::Linear => (value - self.low) / (self.high - self.low),
            Kind::Logarithmic => {
                let value = value.max(f64::MIN_POSITIVE);
                (value / self.low).ln() / (self.high / self.low).ln()
            }
        }
    }

    /// At most about `most` round values on this axis, with their labels.
    pub(super) fn ticks(&self, most: usize) -> Vec<Tick> {
        match self.kind {
            Kind::Linear => self.linear_ticks(most),
            Kind::Logarithmic => self.logarithmic_ticks(most),
        }
    }

    fn linear_ticks(&self, most: usize) -> Vec<Tick> {
        let rough = (self.high - self.low) / most.max(1) as f64;
        let mut power = rough.log10().floor() as i32;
        let mantissa = rough / pow10(power);
        let digit = match mantissa {
            m if m <= 1.0 + 1e-9 => 1.0,
            m if m <= 2.0 + 1e-9 => 2.0,
            m if m <= 5.0 + 1e-9 => 5.0,
            _ => {
                power += 1;
                1.0
            }
        };
        let values = self.multiples(digit, power, most);
        if values.len() >= 2 || most < 2 {
            return labelled(values, power);
        }
        // A single value gives no sense of the scale: one step finer gives more.
        let (digit, power) = match digit {
            5.0 => (2.0, power),
            2.0 => (1.0, power),
            _ => (5.0, power - 1),
        };
        labelled(self.multiples(digit, power, most), power)
    }

    /// The multiples of `digit * 10^power` on this axis.
    fn multiples(&self, digit: f64, power: i32, most: usize) -> Vec<f64> {
        let step = digit * pow10(power);
        let first = (self.low / step - 1e-9).ceil();
        let last = (self.high / step + 1e-9).floor();
        let count = ((last - first).max(-1.0) + 1.0) as usize;
        // The bound only matters where rounding left no sensible count.
        (0..count.min(4 * most.max(1)))
            .map(|index| {
                let multiple = (first + index as f64) * digit;
                // Dividing by a whole power of ten gives the double nearest to the decimal.
                let value = if power < 0 {
                    multiple / pow10(-power)
                } else {
                    multiple * pow10(power)
                };
                // No negative zero.
                if value == 0.0 { 0.0 } else { value }
            })
            .collect()
    }

    fn logarithmic_ticks(&self, most: usize) -> Vec<Tick> {
        let from = self.low.log10().floor() as i32;
        let to = self.high.log10().ceil() as i32;
        let sets: [&[f64]; 3] = [&[1.0, 2.0, 5.0], &[1.0, 3.0], &[1.0]];
        for digits in sets {
            let values: Vec<(f64, i32)> = (from..=to)
                .flat_map(|power| digits.iter().map(move |d| (d * pow10(power), power)))
                .filter(|(value, _)| (self.low..=self.high).contains(value))
                .collect();
            if (3..=most.max(3)).contains(&values.len()) {
                return with_powers(values);
            }
        }
        let decades = usize::try_from(to - from).unwrap_or(0);
        if decades <= 2 {
            // Round values of the usual kind, if not evenly apart.
            return self.linear_ticks(most);
        }
        let stride = decades.div_ceil(most.max(1)).max(1);
        let values = (from..=to)
            .step_by(stride)
            .map(|power| (pow10(power), power))
            .filter(|(value, _)| (self.low..=self.high).contains(value))
            .collect();
        with_powers(values)
    }
}

fn pow10(power: i32) -> f64 {
    10f64.powi(power)
}

/// Labels that have as many digits as a step of `10^power` needs.
fn labelled(values: Vec<f64>, power: i32) -> Vec<Tick> {
    let size = values.iter().fold(0.0, |size: f64, v| size.max(v.abs()));
    let decimals = usize::try_from(-power).unwrap_or(0);
    let digits = usize::try_from(size.max(1e-308).log10().floor() as i32 - power).unwrap_or(0);
    let exponent = match size {
        size if (1e-3..1e6).contains(&size) => false,
        // A long mantissa with an exponent is harder to read than the number in full.
        size if (1e6..1e15).contains(&size) => digits <= 3,
        _ => true,
    };
    let label = |value: f64| {
        if value == 0.0 {
            "0".to_owned()
        } else if exponent {
            signed(&format!("{value:.digits$e}"))
        } else if size >= 1e6 && decimals == 0 {
            grouped(value)
        } else {
            signed(&format!("{value:.decimals$}"))
        }
    };
    values
        .into_iter()
        .map(|at| Tick {
            at,
            label: label(at),
        })
        .collect()
}

/// Labels for values whose digits differ by their power of ten.
fn with_powers(values: Vec<(f64, i32)>) -> Vec<Tick> {
    values
        .into_iter()
        .flat_map(|(at, power)| labelled(vec![at], power))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale, most: usize) -> Vec<String> {
        scale.ticks(most).into_iter().map(|t| t.label).collect()
    }

    #[test]
    fn linear_ticks_are_ones_twos_and_fives() {
        assert_eq!(
            labels(Scale::linear(0.0, 1.0), 5),
            ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(
            labels(Scale::linear(-0.31, 0.27), 4),
            ["\u{2212}0.2", "0", "0.2"]
        );
        assert_eq!(
            labels(Scale::linear(3.0, 29.0), 6),
            ["5", "10", "15", "20", "25"]
        );
        // One value on the axis would be too few.
        assert_eq!(
            labels(Scale::linear(1.2, 1.8), 2),
            ["1.2", "1.4", "1.6", "1.8"]
        );
        assert_eq!(
            labels(Scale::linear(81.0, 89.0), 2),
            ["82", "84", "86", "88"]
        );
        assert_eq!(labels(Scale::linear(0.0, 30.0), 3), ["0", "10", "20", "30"]);
        assert_eq!(
            labels(Scale::linear(0.1, 0.3), 4),
            ["0.10", "0.15", "0.20", "0.25", "0.30"]
        );
    }

    #[test]
    fn extreme_ranges_have_short_distinct_labels() {
        assert_eq!(
            labels(Scale::linear(0.0, 4e9), 4),
            ["0", "1e9", "2e9", "3e9", "4e9"]
        );
        assert_eq!(
            labels(Scale::linear(-2e-7, 2e-7), 4),
            [
                "\u{2212}2e\u{2212}7",
                "\u{2212}1e\u{2212}7",
                "0",
                "1e\u{2212}7",
                "2e\u{2212}7"
            ]
        );
        assert_eq!(
            labels(Scale::linear(1e9 - 9.0, 1e9 + 9.0), 4),
            [
                "999\u{202f}999\u{202f}995",
                "1\u{202f}000\u{202f}000\u{202f}000",
                "1\u{202f}000\u{202f}000\u{202f}005"
            ]
        );
        let close = labels(Scale::around(Some((1e17, 1e17 + 4e9)), 0.0), 4);
        assert!(close.len() >= 3, "{close:?}");
        for pair in close.windows(2) {
            assert_ne!(pair[0], pair[1]);
        }
    }

    #[test]
    fn ticks_lie_on_the_axis_and_are_few() {
        for (low, high) in [
            (0.0, 1e-12),
            (-1e300, 1e300),
            (f64::MIN, f64::MAX),
            (123.456, 123.457),
            (-7.0, -6.5),
            (5.0, 5.0),
            (0.0, 0.0),
            (f64::MIN_POSITIVE, f64::MIN_POSITIVE),
            (-3.0, 1e17),
        ] {
            for most in 1..9 {
                let scale = Scale::around(Some((low, high)), 0.0);
                assert!(scale.low() < scale.high() && (scale.high() - scale.low()).is_finite());
                let ticks = scale.ticks(most);
                assert!(ticks.len() <= most + 2, "{low} {high}: {ticks:?}");
                assert!(
                    most < 2 || ticks.len() >= 2,
                    "{low} {high} {most}: {ticks:?}"
                );
                for tick in ticks {
                    let share = scale.share(tick.at);
                    assert!(
                        (-1e-6..=1.0 + 1e-6).contains(&share),
                        "{low} {high}: {tick:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_constant_lies_in_the_middle() {
        for value in [0.0, 3.0, -2e-9, 1e12] {
            let scale = Scale::around(Some((value, value)), 0.0);
            assert!((scale.share(value) - 0.5).abs() < 1e-9, "{value}");
        }
        assert_eq!(Scale::around(None, 0.0), Scale::linear(0.0, 1.0));
    }

    #[test]
    fn a_least_width_widens_evenly() {
        let scale = Scale::around(Some((1.0, 1.001)), 0.5);
        assert!((scale.high() - scale.low() - 0.5).abs() < 1e-9);
        assert!((scale.share(1.0005) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn logarithmic_ticks_adapt_to_the_decades() {
        let labels_of = |low, high| labels(Scale::logarithmic(Some((low, high))), 5);
        assert_eq!(labels_of(1.2, 410.0), ["1", "10", "100"]);
        assert_eq!(labels_of(2.0, 40.0), ["2", "5", "10", "20"]);
        assert_eq!(labels_of(5.0, 5.0), ["4", "6", "8", "10"]);
        assert_eq!(labels_of(0.002, 2.0), ["0.01", "0.1", "1"]);
        let wide = labels_of(1e-9, 1e12);
        assert!((3..=6).contains(&wide.len()), "{wide:?}");
    }

    #[test]
    fn logarithmic_axes_accept_anything() {
        for range in [
            None,
            Some((0.0, 5.0)),
            Some((-1.0, 1.0)),
            Some((f64::MIN_POSITIVE, f64::MAX)),
        ] {
            let scale = Scale::logarithmic(range);
            assert!(scale.low() > 0.0 && scale.low() < scale.high(), "{range:?}");
            assert!(scale.share(0.0).is_finite());
            assert!(!scale.ticks(4).is_empty());
        }
    }

    #[test]
    fn extent_ignores_what_is_not_finite() {
        let values = [f64::NAN, 3.0, f64::INFINITY, -1.0];
        assert_eq!(extent(values), Some((-1.0, 3.0)));
        assert_eq!(extent([f64::NAN]), None);
    }
}
