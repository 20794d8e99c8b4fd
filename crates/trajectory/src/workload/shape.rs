//! What is timed: shapes as text, and the numbers for them.

use crate::Kind;
use robocache_core::{DType, Element, Error, Result, TimeType};
use std::str::FromStr;

/// How a shape is written.
pub const SYNTAX: &str = "BxSxD->T [f32|f64|f16|bf16] \
                          [linear|previous|next|nearest|cubic|pchip|slerp|slerp-wxyz|pose|pose-wxyz|angle] \
                          [f32-times|f64-times|i64-times]";

/// `[batch, samples, columns]` onto `[batch, targets]`, with times per row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub batch: usize,
    pub samples: usize,
    pub columns: usize,
    pub targets: usize,
    pub dtype: DType,
    pub kind: Kind,
    pub time: TimeType,
}

const FLOATS: [DType; 4] = [DType::F32, DType::F64, DType::F16, DType::Bf16];
/// The kinds that more than one variant of a device takes.
const KINDS: [Kind; 4] = [Kind::Linear, Kind::Previous, Kind::Next, Kind::Nearest];
const TIMES: [(&str, TimeType); 3] = [
    ("f32-times", TimeType::F32),
    ("f64-times", TimeType::F64),
    ("i64-times", TimeType::I64),
];

impl Shape {
    /// A shape drawn at random, sizes evenly by their logarithm; smaller ones for a CPU.
    pub fn random(small: bool, seed: u64) -> Shape {
        let mut random = Random::new(seed);
        let most_bytes = if small { 16 << 20 } else { 512 << 20 };
        loop {
            let mut size = |from: f64, to: f64| {
                let power = from.log2() + random.unit() * (to.log2() - from.log2());
                power.exp2().round() as usize
            };
            let (batch, samples) = (size(1.0, 16_384.0), size(2.0, 4000.0));
            let (columns, targets) = (size(1.0, 768.0), size(1.0, 4000.0));
            let mut pick = |count: usize| (random.unit() * count as f64) as usize;
            let shape = Shape {
                batch,
                samples,
                columns,
                targets,
                dtype: FLOATS[pick(FLOATS.len())],
                kind: KINDS[pick(KINDS.len())],
                time: TIMES[pick(TIMES.len())].1,
            };
            let bytes = batch * samples.max(targets) * columns * shape.dtype.size();
            // Below that, every variant takes as long as a launch.
            if (most_bytes / 512..=most_bytes).contains(&bytes) {
                return shape;
            }
        }
    }
}

impl FromStr for Shape {
    type Err = Error;

    fn from_str(text: &str) -> Result<Shape> {
        let wrong = || Error::Range {
            argument: "shape",
            found: format!("{text:?}"),
            expected: SYNTAX,
        };
        let mut words = text.split_whitespace();
        let sizes = words.next().ok_or_else(wrong)?;
        let (source, targets) = sizes.split_once("->").ok_or_else(wrong)?;
        let number = |text: &str| text.parse::<usize>().ok().filter(|&n| n > 0);
        let numbers: Option<Vec<_>> = source.split('x').map(number).collect();
        let (Some(&[batch, samples, columns]), Some(targets)) =
            (numbers.as_deref(), number(targets))
        else {
            return Err(wrong());
        };
        let mut shape = Shape {
            batch,
            samples,
            columns,
            targets,
            dtype: DType::F32,
            kind: Kind::Linear,
            time: TimeType::F32,
        };
        for word in words {
            if let Some(dtype) = FLOATS.into_iter().find(|d| d.name() == word) {
                shape.dtype = dtype;
            } else if let Some(kind) = Kind::ALL.into_iter().find(|k| k.name() == word) {
                shape.kind = kind;
            } else if let Some((_, time)) = TIMES.into_iter().find(|(name, _)| *name == word) {
                shape.time = time;
            } else {
                return Err(wrong());
            }
        }
        crate::Runs::of(&shape.kind.into(), columns)?;
        // Sizes whose products fit, so that nothing below has to ask again.
        let sizes = [batch, samples.max(targets), columns, 16];
        let bytes = sizes.iter().try_fold(1usize, |all, &n| all.checked_mul(n));
        match bytes {
            Some(bytes) if bytes < 1 << 46 => Ok(shape),
            _ => Err(Error::Overflow { what: "the shape" }),
        }
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [b, s, d, t] = [self.batch, self.samples, self.columns, self.targets];
        write!(f, "{b}x{s}x{d}->{t} {}", self.dtype)?;
        if self.kind != Kind::Linear {
            write!(f, " {}", self.kind.name())?;
        }
        match TIMES.iter().find(|(_, time)| *time == self.time) {
            Some((name, time)) if *time != TimeType::F32 => write!(f, " {name}"),
            _ => Ok(()),
        }
    }
}

/// Times of a type.
pub enum Stamps {
    F32(Vec<f32>),
    F64(Vec<f64>),
    I64(Vec<i64>),
}

impl Stamps {
    /// From milliseconds: in milliseconds for f32, which keeps long axes exact enough there, in seconds
    /// since 1970 for f64, and in nanoseconds since 1970 for i64.
    fn of(millis: Vec<f64>, time: TimeType) -> Stamps {
        const EPOCH: f64 = 1.7e9;
        match time {
            TimeType::F32 => Stamps::F32(millis.into_iter().map(|t| t as f32).collect()),
            TimeType::F64 => Stamps::F64(millis.into_iter().map(|t| EPOCH + t / 1e3).collect()),
            TimeType::I64 => Stamps::I64(
                millis
                    .into_iter()
                    .map(|t| (EPOCH * 1e9) as i64 + (t * 1e6) as i64)
                    .collect(),
            ),
        }
    }
}

/// A jittery clock of about 1 kHz, and targets evenly over its range.
pub struct Times {
    pub source: Stamps,
    pub target: Stamps,
    /// Distinct samples that some target uses, of all rows.
    pub used: usize,
}

impl Times {
    pub fn new(shape: &Shape, seed: u64) -> Times {
        let mut random = Random::new(seed);
        let (mut source, mut target) = (Vec::new(), Vec::new());
        let mut used = 0;
        for _ in 0..shape.batch {
            let first = source.len();
            source.extend((0..shape.samples).map(|i| i as f64 + 0.4 * random.unit()));
            let last = (shape.samples - 1) as f64;
            let begin = target.len();
            target
                .extend((0..shape.targets).map(|t| (t as f64 + 0.5) * last / shape.targets as f64));
            used += distinct(&source[first..], &target[begin..], shape.kind);
        }
        Times {
            source: Stamps::of(source, shape.time),
            target: Stamps::of(target, shape.time),
            used,
        }
    }

    /// The bytes that have to move: each sample that some target uses once, each value once, the
    /// times once.
    pub fn bytes(&self, shape: &Shape) -> usize {
        let values = shape.batch * shape.targets;
        let stamps = shape.batch * (shape.samples + shape.targets);
        (self.used + values) * shape.columns * shape.dtype.size()
            + stamps * shape.time.dtype().size()
    }
}

/// How many of a row's samples its targets use.
fn distinct(source: &[f64], target: &[f64], kind: Kind) -> usize {
    let mut used = vec![false; source.len()];
    for &q in target {
        let after = source.partition_point(|&t| t <= q);
        let (low, high) = (after.saturating_sub(1), after.min(source.len() - 1));
        let nearer = if q - source[low] <= source[high] - q {
            low
        } else {
            high
        };
        match kind {
            // Targets lie within the recording; the tangents reach one sample further on either side.
            Kind::Cubic | Kind::Pchip => {
                for used in &mut used[low.saturating_sub(1)..source.len().min(high + 2)] {
                    *used = true;
                }
            }
            Kind::Linear | Kind::Slerp(_) | Kind::Pose(_) | Kind::Angle => {
                (used[low], used[high]) = (true, true);
            }
            Kind::Previous => used[low] = true,
            Kind::Next => used[high] = true,
            Kind::Nearest => used[nearer] = true,
        }
    }
    used.into_iter().filter(|&used| used).count()
}

/// Random samples between -1 and 1: zeros would be faster than real data on some devices.
pub fn samples<T: Element>(shape: &Shape, seed: u64, convert: impl Fn(f32) -> T) -> Vec<T> {
    let mut random = Random::new(seed);
    (0..shape.batch * shape.samples * shape.columns)
        .map(|_| convert(2.0 * random.unit() as f32 - 1.0))
        .collect()
}

/// A linear congruential generator (Knuth's MMIX constants): the same numbers everywhere.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// In [0, 1), in steps that f32 holds.
    fn unit(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / (1u64 << 24) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_read_as_they_are_written() {
        for text in [
            "64x1000x512->500 f32",
            "1x2x3->4 bf16 nearest",
            "8x250x7->125 f64 i64-times",
            "8x250x7->125 f16 previous f64-times",
        ] {
            assert_eq!(text.parse::<Shape>().unwrap().to_string(), text);
        }
        let short: Shape = "2x3x4->5".parse().unwrap();
        assert_eq!(short.to_string(), "2x3x4->5 f32");
        for text in [
            "",
            "2x3->5",
            "2x3x4x5->5",
            "2x3x4",
            "0x3x4->5",
            "2x3x4->0",
            "2x3x4->5 i32",
            "-2x3x4->5",
            "2x3x4->5 f32 spline",
            "2x3x6->5 f32 slerp",
            "99999999999999999999x3x4->5",
        ] {
            assert!(
                matches!(text.parse::<Shape>(), Err(Error::Range { .. })),
                "{text}"
            );
        }
        let huge = "4294967296x4294967296x4294967296->5".parse::<Shape>();
        assert!(matches!(huge, Err(Error::Overflow { .. })));
    }

    #[test]
    fn bytes_are_those_of_the_samples_that_are_used() {
        let source = [0.0, 1.0, 2.0, 3.0];
        assert_eq!(distinct(&source, &[0.4], Kind::Linear), 2);
        assert_eq!(distinct(&source, &[0.4, 0.6], Kind::Nearest), 2);
        assert_eq!(distinct(&source, &[0.4, 0.6], Kind::Previous), 1);
        assert_eq!(distinct(&source, &[0.4, 5.0], Kind::Next), 2);
        let shape: Shape = "3x10x7->100 f32 f64-times".parse().unwrap();
        let bytes = Times::new(&shape, 1).bytes(&shape);
        assert_eq!(bytes, 3 * (10 + 100) * 7 * 4 + 3 * 110 * 8);
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_sorted_times() {
        let shape: Shape = "2x50x3->20".parse().unwrap();
        let numbers = |seed| samples(&shape, seed, |x| x);
        assert_eq!(numbers(3), numbers(3));
        assert_ne!(numbers(3), numbers(4));
        let Stamps::F32(source) = Times::new(&shape, 3).source else {
            panic!("f32 was asked for")
        };
        assert!(source[..50].is_sorted() && source[50..].is_sorted());
    }
}
