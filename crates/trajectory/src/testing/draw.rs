//! A random trial.

use super::axes::{source, target, uniform};
use super::clock::Clock;
use super::operand::{Operand, Space, Style};
use super::trial::{Axis, Batch, Trial};
use crate::{Extrapolation, Invalid, Kind, Options};
use robocache_core::{DType, TimeScalar, TimeType};
use robocache_testkit::oracle::Times;
use robocache_testkit::random::Random;
use std::cell::RefCell;

const FLOATS: [DType; 4] = [DType::F16, DType::Bf16, DType::F32, DType::F64];

/// Around the widths of vectors, of 16-byte chunks and of tiles.
const COLUMNS: [usize; 24] = [
    0, 1, 1, 2, 3, 4, 4, 6, 7, 8, 8, 14, 15, 16, 16, 17, 31, 32, 33, 64, 100, 255, 256, 257,
];

/// B, S, T and D.
#[derive(Clone, Copy)]
struct Sizes {
    batch: usize,
    samples: usize,
    targets: usize,
    columns: usize,
}

pub(super) fn trial(seed: u64) -> Trial {
    let random = &mut Random::new(seed);
    let sizes = sizes(random);
    let Sizes {
        batch,
        samples,
        targets,
        columns,
    } = sizes;
    let in_dtype = random.pick(&FLOATS);
    let out_dtype = if random.once_in(4) {
        random.pick(&FLOATS)
    } else {
        in_dtype
    };
    let time_type = random.pick(&[TimeType::F32, TimeType::F64, TimeType::I64]);
    let clock = Clock::draw(random, time_type, samples.max(batch * samples / 2));
    let (rows, spans, stored) = rows(random, batch, samples);
    let packed = matches!(rows, Batch::Packed(_));
    let (source, knots) = source(random, clock, &spans, packed, batch, stored);
    let options = options(random, clock, &source, &knots);
    let target = target(random, clock, &knots, batch, targets, options.offset);
    let real = |row: usize, sample: usize| {
        let inside = |&(first, count): &(usize, usize)| (first..first + count).contains(&sample);
        if packed {
            spans.iter().any(inside)
        } else {
            inside(&spans[row])
        }
    };
    let stored_rows = if packed { 1 } else { batch };
    let data = data(random, in_dtype, [stored_rows, stored, columns], real);
    let out_style = style(random);
    let mask = (!random.once_in(3)).then(|| {
        let style = style(random);
        Space::new(DType::U8, [batch, targets], style)
    });
    Trial {
        name: format!("seed {seed}"),
        data,
        batch: rows,
        source,
        target,
        out: Space::new(out_dtype, [batch, targets, columns], out_style),
        mask,
        options,
        unspecified: false,
    }
}

/// Mostly small, so that thousands run in seconds; now and then large enough to be spread over threads,
/// and past the number of times that a kernel keeps in shared memory.
fn sizes(random: &mut Random) -> Sizes {
    let mut batch = random.pick(&[1, 1, 1, 2, 2, 3, 3, 5, 17]);
    let mut samples = match random.below(20) {
        0 => 0,
        1 => 1,
        2 => 2,
        3 => 3,
        4..14 => 4 + random.below(60),
        _ => 64 + random.below(400),
    };
    let mut targets = match random.below(20) {
        0 => 1,
        1..12 => 2 + random.below(40),
        _ => 42 + random.below(300),
    };
    let mut columns = random.pick(&COLUMNS);
    match random.below(60) {
        0 => batch = 0,
        1 => targets = 0,
        2 => {
            samples = 4097 + random.below(2000);
            targets = targets.min(64);
            columns = columns.min(4);
            batch = 1;
        }
        3 => batch = 100 + random.below(200),
        _ => {}
    }
    let budget = random.pick(&[2_000, 5_000, 10_000, 20_000, 150_000]);
    while batch * columns.max(1) * samples.max(targets) > budget && batch * targets > 1 {
        if targets > 8 && targets >= samples / 4 {
            targets /= 2;
        } else if batch > 1 {
            batch = batch.div_ceil(2);
        } else if samples > 8 && samples <= 4096 {
            samples /= 2;
        } else if targets > 1 {
            targets /= 2;
        } else {
            break;
        }
    }
    Sizes {
        batch,
        samples,
        targets,
        columns,
    }
}

/// The form of the batch, first sample and number of samples of each row, and the samples stored along
/// the time dimension.
fn rows(random: &mut Random, batch: usize, samples: usize) -> (Batch, Vec<(usize, usize)>, usize) {
    let dtype = random.pick(&[DType::I32, DType::I64]);
    let form = random.below(5);
    if form < 3 {
        return (Batch::Dense, vec![(0, samples); batch], samples);
    }
    let counts: Vec<usize> = (0..batch)
        .map(|_| match random.below(5) {
            0 => 0,
            1 => samples,
            _ => random.below(samples + 1),
        })
        .collect();
    let index_style = style(random);
    if form == 3 {
        let lengths = Operand::integers(dtype, [batch], index_style, |[b]| counts[b] as i64);
        let spans = counts.iter().map(|&count| (0, count)).collect();
        return (Batch::Lengths(lengths), spans, samples);
    }
    let mut end = if random.once_in(4) {
        random.below(5)
    } else {
        0
    };
    let mut ends = vec![end];
    let spans = counts
        .iter()
        .map(|&count| {
            let first = end;
            end += count;
            ends.push(end);
            (first, count)
        })
        .collect();
    let stored = end
        + if random.once_in(4) {
            random.below(5)
        } else {
            0
        };
    let offsets = Operand::integers(dtype, [batch + 1], index_style, |[b]| ends[b] as i64);
    (Batch::Packed(offsets), spans, stored)
}

fn options(random: &mut Random, clock: Clock, source: &Axis, knots: &[Times]) -> Options {
    let limit = |random: &mut Random| match random.below(8) {
        0 => Some(TimeScalar::zero(clock.time_type())),
        1 => Some(clock.duration(1.0)),
        2 => Some(clock.duration(2.0 * random.unit())),
        3 => Some(match clock {
            Clock::F32 { .. } => TimeScalar::F32(f32::INFINITY),
            Clock::F64 { .. } => TimeScalar::F64(f64::INFINITY),
            Clock::I64 { .. } => TimeScalar::I64(i64::MAX),
        }),
        _ => None,
    };
    let offset = match random.below(6) {
        0 => Some(clock.duration(3.0 * random.unit())),
        1 => Some(clock.duration(-3.0 * random.unit())),
        2 => Some(TimeScalar::zero(clock.time_type())),
        _ => None,
    };
    // An axis that is too coarse is fine as long as nobody asks for the check. Of a uniform one, the check
    // takes all knots, however short the rows are.
    let sound = knots.iter().all(|times| times.fault().is_none())
        && match *source {
            Axis::Uniform { start, step, len } => uniform(start, step, len).fault().is_none(),
            _ => true,
        };
    Options {
        kind: random.pick(&Kind::ALL),
        extrapolation: random.pick(&[Extrapolation::Hold, Extrapolation::Nan]),
        offset,
        tolerance: limit(random),
        max_gap: limit(random),
        invalid: random.pick(&[Invalid::Keep, Invalid::Fill]),
        fill: random.pick(&[f64::NAN, f64::NAN, 0.0, -1.5, 0.1, 1e300, f64::INFINITY]),
        check: sound && !random.once_in(4),
        variant: None,
    }
}

/// Numbers of one temper: tame, whole, huge, tiny, or with every special value among them. What is not
/// real is NaN, so that using it shows.
fn data(
    random: &mut Random,
    dtype: DType,
    shape: [usize; 3],
    real: impl Fn(usize, usize) -> bool,
) -> Operand<3> {
    let mut style = style(random);
    if shape[0] > 0 && random.once_in(10) {
        style.repeated[0] = true;
    }
    let repeated = style.repeated[0];
    let temper = random.below(8);
    let numbers = RefCell::new(Random::new(random.bits()));
    Operand::floats(dtype, shape, style, |[row, sample, _]| {
        if repeated || real(row, sample) {
            number(&mut numbers.borrow_mut(), temper)
        } else {
            f64::NAN
        }
    })
}

fn number(random: &mut Random, temper: usize) -> f64 {
    const SPECIAL: [f64; 12] = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        0.0,
        -0.0,
        6.0e-8,
        -1.0e-40,
        1.0e-310,
        3.4e38,
        -3.4e38,
        65504.0,
        -65504.0,
    ];
    match temper {
        0 => random.below(2001) as f64 - 1000.0,
        1 => random.between(-6e4, 6e4),
        2 => random.between(-1e-6, 1e-6),
        3 => random.between(-3e-39, 3e-39),
        4 if random.once_in(4) => random.pick(&SPECIAL),
        // Beside the middle of two numbers of f16, or of bf16: rounding twice would show.
        6 => {
            let half = random.pick(&[2f64.powi(-11), 2f64.powi(-8)]);
            let hair = random.pick(&[2f64.powi(-40), 0.0, -(2f64.powi(-40))]);
            1.0 + half * (2 * random.below(60) + 1) as f64 + hair
        }
        5 => 1000.0 + random.unit(),
        _ => random.between(-1.0, 1.0),
    }
}

/// Half of the time plain, else padded rows, or anything that strides can say but for repetition, which is
/// the caller's choice.
pub(super) fn style<const R: usize>(random: &mut Random) -> Style<R> {
    let mut style = Style::default();
    if random.once_in(3) {
        style.shift = random.pick(&[1, 1, 2, 3, 4, 8]);
    }
    match random.below(9) {
        0..5 => {}
        5 => style.pads = [random.pick(&[1, 16]); R],
        _ => {
            for axis in (1..R).rev() {
                if random.once_in(4) {
                    style.order.swap(axis, random.below(axis + 1));
                }
            }
            for axis in 0..R {
                style.steps[axis] = random.pick(&[1, 1, 1, 2, 3]);
                style.pads[axis] = random.pick(&[0, 0, 0, 1, 2, 5, 16]);
                style.reversed[axis] = random.once_in(5);
            }
        }
    }
    style
}

#[cfg(test)]
mod tests;
