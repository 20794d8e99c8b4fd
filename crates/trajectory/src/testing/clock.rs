//! Random times: sorted ones with the habits of real recorders, and targets around them.

use robocache_core::{TimeScalar, TimeType};
use robocache_testkit::oracle::Times;
use robocache_testkit::random::Random;

/// A way of counting: where ticks start, how long one is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Clock {
    F32 { start: f32, unit: f32 },
    F64 { start: f64, unit: f64 },
    I64 { start: i64, unit: i64 },
}

/// Ticks from one sample to the next, about.
const GAP: u64 = 100;

impl Clock {
    /// A clock of a type, for axes of up to `knots` knots.
    pub fn draw(random: &mut Random, time_type: TimeType, knots: usize) -> Clock {
        match time_type {
            TimeType::F32 => Clock::F32 {
                start: random.pick(&[0.0, 0.0, -3.5, 100.0]),
                unit: random.pick(&[1e-4, 2f32.powi(-10)]),
            },
            TimeType::F64 => Clock::F64 {
                start: random.pick(&[0.0, -1.0, 1.7e9]),
                unit: random.pick(&[1e-4, 2f64.powi(-10), 1e-6]),
            },
            TimeType::I64 => {
                // Gaps are at most 100 times the usual one.
                let most = (100 * GAP).saturating_mul(knots as u64 + 2);
                let widest = (u64::MAX / most) as i64;
                match random.below(8) {
                    0 => Clock::I64 {
                        start: i64::MIN,
                        unit: widest,
                    },
                    1 => Clock::I64 { start: -7, unit: 1 },
                    2 => Clock::I64 {
                        start: -5000,
                        unit: 100_000,
                    },
                    _ => Clock::I64 {
                        start: 1_700_000_000_000_000_000,
                        unit: random.pick(&[1, 100_000]),
                    },
                }
            }
        }
    }

    /// The moment of a tick.
    pub fn at(self, tick: u64) -> TimeScalar {
        match self {
            Clock::F32 { start, unit } => TimeScalar::F32(start + tick as f32 * unit),
            Clock::F64 { start, unit } => TimeScalar::F64(start + tick as f64 * unit),
            Clock::I64 { start, unit } => TimeScalar::I64(clamped(
                i128::from(start) + i128::from(tick) * i128::from(unit),
            )),
        }
    }

    /// A number of samples' usual distances, as a duration.
    pub fn duration(self, samples: f64) -> TimeScalar {
        let ticks = samples * GAP as f64;
        match self {
            Clock::F32 { unit, .. } => TimeScalar::F32(ticks as f32 * unit),
            Clock::F64 { unit, .. } => TimeScalar::F64(ticks * unit),
            Clock::I64 { unit, .. } => TimeScalar::I64((ticks * unit as f64) as i64),
        }
    }

    /// `count` sorted moments: steady, jittered, in bursts, with stalls, with equal times anywhere.
    pub fn sorted(self, random: &mut Random, count: usize) -> Times {
        let style = random.below(8);
        let mut tick = 0u64;
        let ticks: Vec<u64> = (0..count)
            .map(|i| {
                let jittered = GAP / 2 + random.below(GAP as usize) as u64;
                let equal = match style {
                    3 => i == 1,
                    4 => i == count / 2,
                    5 => i + 1 == count,
                    6 => random.once_in(3),
                    _ => false,
                };
                tick += match style {
                    _ if i == 0 || equal => 0,
                    0 => GAP,
                    7 if random.once_in(10) => 100 * GAP,
                    7 => random.pick(&[0, 1, GAP]),
                    _ => jittered,
                };
                tick
            })
            .collect();
        let style = random.below(16);
        let at = |&tick: &u64| self.at(if style == 0 { 0 } else { tick });
        collect(self.time_type(), ticks.iter().map(at))
    }

    pub fn time_type(self) -> TimeType {
        match self {
            Clock::F32 { .. } => TimeType::F32,
            Clock::F64 { .. } => TimeType::F64,
            Clock::I64 { .. } => TimeType::I64,
        }
    }

    /// One target for a row with these source times: on a knot, between two, half-way, outside, or no
    /// number at all.
    pub fn target(
        self,
        random: &mut Random,
        source: &Times,
        offset: Option<TimeScalar>,
    ) -> TimeScalar {
        if random.once_in(40) {
            return match self {
                Clock::F32 { .. } => {
                    TimeScalar::F32(random.pick(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY]))
                }
                Clock::F64 { .. } => {
                    TimeScalar::F64(random.pick(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY]))
                }
                Clock::I64 { .. } => TimeScalar::I64(random.pick(&[i64::MIN, i64::MAX])),
            };
        }
        let Some(last) = source.len().checked_sub(1) else {
            return self.at(random.below(1000) as u64);
        };
        let knot = random.below(last + 1);
        let next = (knot + 1).min(last);
        let (low, high) = (source.at(0), source.at(last));
        let q = match random.below(12) {
            0..3 => source.at(knot),
            3 => between(source.at(knot), source.at(next), 0.5),
            4..7 => between(source.at(knot), source.at(next), random.unit()),
            7 => between(low, high, -0.2 * random.unit()),
            8 => between(low, high, 1.0 + 0.2 * random.unit()),
            9 => random.pick(&[low, high]),
            _ => between(low, high, random.unit()),
        };
        offset.map_or(q, |offset| plus(q, offset))
    }

    /// Start and step of a uniform axis of `len` targets over a row's range and a little beyond, forwards
    /// or backwards.
    pub fn uniform_targets(
        self,
        random: &mut Random,
        source: &Times,
        len: usize,
    ) -> (TimeScalar, TimeScalar) {
        let (low, high) = match source.len() {
            0 => (self.at(0), self.at(10 * GAP)),
            n => (source.at(0), source.at(n - 1)),
        };
        let (from, to) = (between(low, high, -0.1), between(low, high, 1.1));
        let (from, to) = random.pick(&[(from, to), (to, from), (low, high)]);
        let steps = len.max(2) - 1;
        let step = match (from, to) {
            (TimeScalar::F32(from), TimeScalar::F32(to)) => {
                TimeScalar::F32((to - from) / steps as f32)
            }
            (TimeScalar::F64(from), TimeScalar::F64(to)) => {
                TimeScalar::F64((to - from) / steps as f64)
            }
            (TimeScalar::I64(from), TimeScalar::I64(to)) => {
                TimeScalar::I64(clamped((i128::from(to) - i128::from(from)) / steps as i128))
            }
            _ => TimeScalar::zero(self.time_type()),
        };
        (from, step)
    }
}

/// A sequence of moments of one type.
pub(super) fn collect(time_type: TimeType, times: impl Iterator<Item = TimeScalar>) -> Times {
    match time_type {
        TimeType::F32 => Times::F32(
            times
                .map(|time| f32::from_bits(time.to_bits() as u32))
                .collect(),
        ),
        TimeType::F64 => Times::F64(times.map(|time| f64::from_bits(time.to_bits())).collect()),
        TimeType::I64 => Times::I64(times.map(|time| time.to_bits() as i64).collect()),
    }
}

/// `a + (b - a) * fraction`; exactly `a` for 0.
fn between(a: TimeScalar, b: TimeScalar, fraction: f64) -> TimeScalar {
    match (a, b) {
        (TimeScalar::F32(a), TimeScalar::F32(b)) => {
            TimeScalar::F32((f64::from(a) + (f64::from(b) - f64::from(a)) * fraction) as f32)
        }
        (TimeScalar::F64(a), TimeScalar::F64(b)) => TimeScalar::F64(a + (b - a) * fraction),
        (TimeScalar::I64(a), TimeScalar::I64(b)) => {
            let width = i128::from(b) - i128::from(a);
            TimeScalar::I64(clamped(i128::from(a) + (width as f64 * fraction) as i128))
        }
        _ => a,
    }
}

fn plus(a: TimeScalar, b: TimeScalar) -> TimeScalar {
    match (a, b) {
        (TimeScalar::F32(a), TimeScalar::F32(b)) => TimeScalar::F32(a + b),
        (TimeScalar::F64(a), TimeScalar::F64(b)) => TimeScalar::F64(a + b),
        (TimeScalar::I64(a), TimeScalar::I64(b)) => TimeScalar::I64(a.saturating_add(b)),
        _ => a,
    }
}

fn clamped(ticks: i128) -> i64 {
    ticks.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}
