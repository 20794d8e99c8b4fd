//! A small resampling with all of its memory, from bytes.
//!
//! Any bytes are one. Choices come first, in a fixed order; what is left are the numbers.

use super::kinds;
use crate::bytes::Bytes;
use crate::style::style;
use robocache_core::{DType, TimeScalar, TimeType};
use robocache_testkit::guard::POISON;
use robocache_testkit::oracle::{Number, Times};
use robocache_trajectory::testing::{Axis, Batch, Operand, Space, Style, Trial};
use robocache_trajectory::{Extrapolation, Invalid, Kind, Kinds, Options};
use std::cell::RefCell;

const TYPES: [TimeType; 3] = [TimeType::F32, TimeType::F64, TimeType::I64];

/// A trial, with what cannot be seen from it.
pub struct Decoded {
    /// The trial.
    pub trial: Trial,
    /// Whether lengths or offsets are what they should be.
    pub is_index_sound: bool,
}

/// The trial that some bytes describe.
pub fn decode(bytes: &[u8]) -> Decoded {
    let from = &mut Bytes(bytes);
    let in_dtype = from.pick(&DType::ALL);
    let out_dtype = from.pick(&[
        in_dtype,
        in_dtype,
        DType::F16,
        DType::Bf16,
        DType::F32,
        DType::F64,
    ]);
    let time_type = from.pick(&TYPES);
    // Past the columns of one vector of the widest instructions, and of two; but wide or long, not both,
    // as a thousand runs a second find more than a hundred.
    let (batch, samples) = (from.below(4), from.below(24));
    let (targets, columns) = (from.below(24), from.below(72));
    let targets = if columns > 20 { targets % 6 } else { targets };
    let (kinds, columns) = kinds::fitting(from, in_dtype, columns);
    let mut options = options(from, time_type).kind(kinds);
    let (batch_form, spans, stored, is_index_sound) = rows(from, batch, samples);
    let is_packed = matches!(batch_form, Batch::Packed(_));
    let (data_style, out_style) = (style(from, true), style(from, false));
    let mut per_target = |dtype| {
        from.flag().then(|| {
            let style = style(from, false);
            Space::new(dtype, [batch, targets], style)
        })
    };
    let (mask, age) = (per_target(DType::U8), per_target(DType::F32));
    let source = match from.below(if is_packed { 2 } else { 3 }) {
        0 => shared(from, time_type, stored, None),
        1 => uniform(from, time_type, stored),
        _ => per_row(from, time_type, [batch, stored], None),
    };
    let knots = match &source {
        Axis::PerRow(times) if batch > 0 => times.read_times(stored, |i| [0, i]),
        Axis::Shared(times) => times.read_times(stored, |i| [i]),
        &Axis::Uniform { start, step, len } => Times::uniform(start, step, len).expect("one type"),
        Axis::PerRow(_) => moments(from, time_type, 0, None),
    };
    let target = match from.below(3) {
        0 => shared(from, time_type, targets, Some(&knots)),
        1 => uniform(from, time_type, targets),
        _ => per_row(from, time_type, [batch, targets], Some(&knots)),
    };
    let rows = if is_packed { 1 } else { batch };
    let shape = [rows, stored, columns];
    let data = numbers(from, in_dtype, shape, data_style, has_angles(&kinds));
    // A check that is not asked for leaves bad times unspecified; so does one that is not made.
    options.check &= !from.flag();
    let mut trial = Trial {
        name: "from bytes".into(),
        data,
        batch: batch_form,
        source,
        target,
        out: Space::new(out_dtype, [batch, targets, columns], out_style),
        mask,
        age,
        options,
        unspecified: false,
    };
    trial.unspecified = is_index_sound
        && !trial.options.check
        && !matches!(trial.source, Axis::Uniform { .. })
        && (0..spans).any(|row| super::variants::disorder(&trial.source_times(row)).is_some());
    Decoded {
        trial,
        is_index_sound,
    }
}

fn options(from: &mut Bytes<'_>, time_type: TimeType) -> Options {
    let mut options = Options::default()
        .extrapolation(from.pick(&Extrapolation::ALL))
        .invalid(from.pick(&[Invalid::Keep, Invalid::Fill]))
        .fill(from.pick(&[f64::NAN, 0.0, -1.5, 1e300]));
    let given = from.byte();
    options.offset = (given & 1 != 0).then(|| moment(from, time_type));
    options.tolerance = (given & 2 != 0).then(|| moment(from, time_type));
    options.max_gap = (given & 4 != 0).then(|| moment(from, time_type));
    options
}

/// The form of the batch, its rows, the samples stored along the time dimension, and whether lengths or
/// offsets are sound.
fn rows(from: &mut Bytes<'_>, batch: usize, samples: usize) -> (Batch, usize, usize, bool) {
    let dtype = from.pick(&[DType::I32, DType::I64]);
    let form = from.below(4);
    if form < 2 {
        return (Batch::Dense, batch, samples, true);
    }
    let style = style(from, false);
    // Now and then any small number, below zero and beyond the samples too.
    let is_wild = from.below(8) == 7;
    let mut number = |most: usize| match is_wild {
        true => i64::from(from.byte() as i8),
        false => from.below(most + 1) as i64,
    };
    if form == 2 {
        let lengths: Vec<i64> = (0..batch).map(|_| number(samples)).collect();
        let is_sound = lengths.iter().all(|&n| (0..=samples as i64).contains(&n));
        let operand = Operand::integers(dtype, [batch], style, |[b]| lengths[b]);
        return (Batch::Lengths(operand), batch, samples, is_sound);
    }
    let mut offsets = vec![number(3)];
    for row in 0..batch {
        let next = number(samples / 2);
        offsets.push(if is_wild { next } else { offsets[row] + next });
    }
    let stored = match is_wild {
        true => samples,
        false => offsets[batch] as usize + samples % 3,
    };
    let inside = |&n: &i64| (0..=stored as i64).contains(&n);
    let is_sound = offsets.is_sorted() && offsets.iter().all(inside);
    let operand = Operand::integers(dtype, [batch + 1], style, |[b]| offsets[b]);
    (Batch::Packed(operand), batch, stored, is_sound)
}

fn shared(from: &mut Bytes<'_>, of: TimeType, count: usize, near: Option<&Times>) -> Axis {
    let style = style(from, near.is_some());
    let times = moments(from, of, count, near);
    Axis::Shared(Operand::times(of.dtype(), [count], style, |_| &times))
}

fn per_row(from: &mut Bytes<'_>, of: TimeType, shape: [usize; 2], near: Option<&Times>) -> Axis {
    let style = style(from, true);
    let rows: Vec<Times> = (0..shape[0])
        .map(|_| moments(from, of, shape[1], near))
        .collect();
    Axis::PerRow(Operand::times(of.dtype(), shape, style, |row| &rows[row]))
}

fn uniform(from: &mut Bytes<'_>, of: TimeType, len: usize) -> Axis {
    let (start, step) = (moment(from, of), moment(from, of));
    Axis::Uniform { start, step, len }
}

/// A moment or a duration: a usual one, or any bits.
fn moment(from: &mut Bytes<'_>, of: TimeType) -> TimeScalar {
    let choice = from.byte();
    if choice & 1 != 0 {
        return scalar(of, from.word());
    }
    let usual = [0.0, 1.0, 0.5, -1.0, 2.0, 0.1, 100.0, 1.7e9][usize::from(choice >> 1 & 7)];
    match of {
        TimeType::F32 => TimeScalar::F32(usual as f32),
        TimeType::F64 => TimeScalar::F64(usual),
        TimeType::I64 => TimeScalar::I64((usual * 10.0) as i64),
    }
}

fn scalar(of: TimeType, bits: u64) -> TimeScalar {
    match of {
        TimeType::F32 => TimeScalar::F32(f32::from_bits(bits as u32)),
        TimeType::F64 => TimeScalar::F64(f64::from_bits(bits)),
        TimeType::I64 => TimeScalar::I64(bits as i64),
    }
}

/// Times: small steps from a start, any bits, any bits in order, or, near others, those and their
/// neighbours.
fn moments(from: &mut Bytes<'_>, of: TimeType, count: usize, near: Option<&Times>) -> Times {
    let mode = from.below(4);
    let start = moment(from, of);
    let mut ticks = 0u32;
    let mut next = || match (mode, near) {
        (3, Some(near)) if !near.is_empty() => {
            let choice = from.byte();
            beside(near.at(usize::from(choice >> 2) % near.len()), choice & 3)
        }
        (1 | 3, _) => scalar(of, from.word()),
        (2, _) => match of {
            TimeType::I64 => scalar(of, from.word()),
            // Any exponent, without the bits that nobody needs.
            TimeType::F32 => scalar(
                of,
                u64::from(from.byte()) << 24 | u64::from(from.byte()) << 16,
            ),
            TimeType::F64 => scalar(
                of,
                u64::from(from.byte()) << 56 | u64::from(from.byte()) << 48,
            ),
        },
        _ => {
            ticks += u32::from(from.byte() & 7);
            match start {
                TimeScalar::F32(start) => TimeScalar::F32(start + ticks as f32 * 0.125),
                TimeScalar::F64(start) => TimeScalar::F64(start + f64::from(ticks) * 0.125),
                TimeScalar::I64(start) => TimeScalar::I64(start.saturating_add(i64::from(ticks))),
            }
        }
    };
    let found: Vec<TimeScalar> = (0..count).map(|_| next()).collect();
    let mut times = match of {
        TimeType::F32 => Times::F32(
            found
                .iter()
                .map(|t| f32::from_bits(t.to_bits() as u32))
                .collect(),
        ),
        TimeType::F64 => Times::F64(found.iter().map(|t| f64::from_bits(t.to_bits())).collect()),
        TimeType::I64 => Times::I64(found.iter().map(|t| t.to_bits() as i64).collect()),
    };
    if mode == 2 {
        match &mut times {
            Times::F32(times) => times.sort_by(f32::total_cmp),
            Times::F64(times) => times.sort_by(f64::total_cmp),
            Times::I64(times) => times.sort_unstable(),
        }
    }
    times
}

/// A moment or one of its neighbours.
fn beside(time: TimeScalar, side: u8) -> TimeScalar {
    match (time, side) {
        (TimeScalar::F32(time), 1) => TimeScalar::F32(time.next_up()),
        (TimeScalar::F32(time), 2) => TimeScalar::F32(time.next_down()),
        (TimeScalar::F64(time), 1) => TimeScalar::F64(time.next_up()),
        (TimeScalar::F64(time), 2) => TimeScalar::F64(time.next_down()),
        (TimeScalar::I64(time), 1) => TimeScalar::I64(time.saturating_add(1)),
        (TimeScalar::I64(time), 2) => TimeScalar::I64(time.saturating_sub(1)),
        (time, _) => time,
    }
}

fn has_angles(kinds: &Kinds) -> bool {
    match kinds {
        Kinds::All(kind) => *kind == Kind::Angle,
        Kinds::Spans(spans) => spans.list().iter().any(|span| span.kind == Kind::Angle),
    }
}

/// Samples: the bytes that are left, repeated, as bits or as small numbers, or numbers that tell where they
/// stand but for samples that are zero.
fn numbers(
    from: &mut Bytes<'_>,
    dtype: DType,
    shape: [usize; 3],
    style: Style<3>,
    are_angles: bool,
) -> Operand<3> {
    let mode = from.below(3);
    let pool: &[u8] = if from.0.is_empty() { &[0] } else { from.0 };
    let at = RefCell::new(0usize);
    let next = || {
        *at.borrow_mut() += 1;
        pool[(*at.borrow() - 1) % pool.len()]
    };
    let scaled = |whole: i64, part: f64| match dtype.is_float() {
        true => Number::Float(whole as f64 + part),
        // Of bytes, those that are left of it.
        false if dtype == DType::U8 => Number::Integer(whole & 0xff),
        false => Number::Integer(whole),
    };
    Operand::numbers(dtype, shape, style, |[row, sample, column]| {
        let number = match mode {
            0 => {
                let bytes: Vec<u8> = (0..dtype.size()).map(|_| next()).collect();
                Number::decode(dtype, &bytes)
            }
            1 => {
                let moment = row * 41 + sample;
                let place = moment * 73 + column;
                let salt = pool[place % pool.len()];
                match pool[moment % pool.len()] & 7 {
                    7 => scaled(0, 0.0),
                    _ => scaled(place as i64, -f64::from(salt) / 64.0),
                }
            }
            _ => {
                let byte = i64::from(next() as i8);
                scaled(byte >> 5, (byte & 31) as f64 / 32.0)
            }
        };
        fit(number, dtype, are_angles)
    })
}

/// A number that the contract speaks of, and that an output may hold: angles of not too many turns, and
/// nothing that looks like memory before it was written.
fn fit(number: Number, dtype: DType, is_angle: bool) -> Number {
    let bytes = number.encode(dtype);
    match number {
        // All NaNs are one.
        Number::Float(value) if value.is_nan() => Number::Float(f64::NAN),
        Number::Float(value) if is_angle && value.is_finite() && value.abs() > 3e5 => {
            Number::Float(value % 1e5)
        }
        Number::Integer(_) if bytes.iter().all(|byte| POISON.contains(byte)) => Number::Integer(0),
        number => number,
    }
}
