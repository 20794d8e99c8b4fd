//! A random trial.

use super::axes::{source, target, uniform};
use super::clock::Clock;
use super::trial::{Axis, Batch, Trial};
use crate::{Extrapolation, Invalid, Kind, Kinds, Options, Span, Spans};
use robocache_core::{DType, TimeScalar, TimeType};
use robocache_testkit::operand::{Operand, Space, Style};
use robocache_testkit::oracle::{Number, Times};
use robocache_testkit::random::Random;
use std::cell::RefCell;

const FLOATS: [DType; 4] = [DType::F16, DType::Bf16, DType::F32, DType::F64];
const INTEGERS: [DType; 4] = [DType::U8, DType::I16, DType::I32, DType::I64];

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
    let in_dtype = if random.once_in(8) {
        random.pick(&INTEGERS)
    } else {
        random.pick(&FLOATS)
    };
    let out_dtype = if random.once_in(4) {
        random.pick(&FLOATS)
    } else {
        in_dtype
    };
    let kind = kinds(random, in_dtype, columns);
    let time_type = random.pick(&[TimeType::F32, TimeType::F64, TimeType::I64]);
    let clock = Clock::draw(random, time_type, samples.max(batch * samples / 2));
    let (rows, spans, stored) = rows(random, batch, samples);
    let packed = matches!(rows, Batch::Packed(_));
    let (source, knots) = source(random, clock, &spans, packed, batch, stored);
    let options = options(random, clock, &source, &knots).kind(kind);
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
    let data = data(
        random,
        in_dtype,
        [stored_rows, stored, columns],
        &kind,
        real,
    );
    let out_style = style(random);
    let mask = (!random.once_in(3)).then(|| {
        let style = style(random);
        Space::new(DType::U8, [batch, targets], style)
    });
    let age = random.once_in(4).then(|| {
        let style = style(random);
        Space::new(DType::F32, [batch, targets], style)
    });
    Trial {
        name: format!("seed {seed}"),
        data,
        batch: rows,
        source,
        target,
        out: Space::new(out_dtype, [batch, targets, columns], out_style),
        mask,
        age,
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
        4 => {
            // So many that a block of a large device takes several.
            batch = 1_100 + random.below(600);
            samples = samples.min(random.below(6));
            targets = targets.min(1 + random.below(3));
            columns = columns.min(3);
        }
        _ => {}
    }
    let budget = match batch {
        1_000.. => 150_000,
        _ => random.pick(&[2_000, 5_000, 10_000, 20_000, 150_000]),
    };
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
        kind: Kind::default().into(),
        extrapolation: random.pick(&Extrapolation::ALL),
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
    kinds: &Kinds,
    real: impl Fn(usize, usize) -> bool,
) -> Operand<3> {
    let mut style = style(random);
    if shape[0] > 0 && random.once_in(10) {
        style.repeated[0] = true;
    }
    let repeated = style.repeated[0];
    let temper = random.below(8);
    let numbers = RefCell::new(Random::new(random.bits()));
    if !dtype.is_float() {
        return Operand::numbers(dtype, shape, style, |_| {
            Number::Integer(integer(&mut numbers.borrow_mut(), dtype, temper))
        });
    }
    let has = |sort: fn(Kind) -> bool| match kinds {
        Kinds::All(kind) => sort(*kind),
        Kinds::Spans(spans) => spans.list().iter().any(|span| sort(span.kind)),
    };
    let turns = has(|kind| kind == Kind::Angle);
    let rotations = has(|kind| matches!(kind, Kind::Slerp(_) | Kind::Pose(_)));
    let zero_in = random.pick(&[5, 40]);
    Operand::floats(dtype, shape, style, |[row, sample, _]| {
        let random = &mut numbers.borrow_mut();
        if !(repeated || real(row, sample)) {
            return f64::NAN;
        }
        // Of a sample's columns all or none, so that there are quaternions without a direction.
        if rotations && Random::new((row * 8191 + sample) as u64).once_in(zero_in) {
            return 0.0;
        }
        let number = number(random, temper);
        // Angles of more turns than the contract speaks of.
        if turns && number.is_finite() && number.abs() > 3e5 {
            return number % 1e5;
        }
        number
    })
}

fn integer(random: &mut Random, dtype: DType, temper: usize) -> i64 {
    let any = random.bits() as i64;
    // What fills an output before it is written would look like an element that was not.
    let other_than_poison = |word: i64| match word & 0xff {
        0x7f | 0xfa => 0,
        _ => word,
    };
    match (dtype, temper) {
        (DType::U8, _) => other_than_poison(any & 0xff),
        (DType::I16, _) => other_than_poison(i64::from(any as i16)),
        (DType::I32, _) => i64::from(any as i32),
        (_, 0..4) => any >> random.below(63),
        // Beside the middle of two numbers of f32, or of bf16.
        (_, 4) => {
            (1 << 62)
                + (1 << random.pick(&[38, 54])) * (2 * random.below(50) + 1) as i64
                + (any % 2)
        }
        _ => any,
    }
}

/// One kind for all columns, or spans that cover them, once or in rounds.
fn kinds(random: &mut Random, dtype: DType, columns: usize) -> Kinds {
    if !dtype.is_float() {
        return match columns > 1 && random.once_in(3) {
            true => spans(random, &Kind::HOLDS, columns).into(),
            false => random.pick(&Kind::HOLDS).into(),
        };
    }
    let fitting: Vec<Kind> = Kind::ALL
        .into_iter()
        .filter(|kind| columns.is_multiple_of(kind.width()))
        .collect();
    match random.below(10) {
        // What the fast variants take.
        0..4 => random
            .pick(&[
                Kind::Linear,
                Kind::Linear,
                Kind::Previous,
                Kind::Next,
                Kind::Nearest,
            ])
            .into(),
        4..7 => random.pick(&fitting).into(),
        _ if columns > 1 => {
            let rounds: Vec<usize> = (2..columns)
                .filter(|&n| columns.is_multiple_of(n))
                .collect();
            if rounds.is_empty() || random.once_in(2) {
                return spans(random, &Kind::ALL, columns).into();
            }
            let round = columns / random.pick(&rounds);
            spans(random, &Kind::ALL, round).repeated().into()
        }
        _ => random.pick(&fitting).into(),
    }
}

/// Spans of such kinds that cover some columns once.
fn spans(random: &mut Random, kinds: &[Kind], columns: usize) -> Spans {
    let mut list = Vec::new();
    let mut left = columns;
    while left > 0 && list.len() + 1 < Spans::MOST {
        let kind = random.pick(kinds);
        let units = left / kind.width();
        if units == 0 {
            continue;
        }
        // One pose, as each counts as two spans.
        let units = 1 + random.below(units.min(if kind.width() == 7 { 1 } else { 20 }));
        list.push(Span {
            columns: units * kind.width(),
            kind,
        });
        left -= units * kind.width();
    }
    if left > 0 || list.is_empty() {
        let kind = random.pick(&Kind::HOLDS);
        list.push(Span {
            columns: left,
            kind,
        });
    }
    Spans::new(&list).expect("a short list of whole widths")
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
