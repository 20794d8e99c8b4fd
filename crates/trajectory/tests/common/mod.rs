//! What the tests of resampling share: a trial on all variants of all devices, and what trials are made of.

#![allow(dead_code)] // Each test program uses a part of it.

use robocache_core::{DType, Error, TimeScalar, TimeType};
use robocache_registry::operation::CaseOutputs;
use robocache_registry::{OpEntry, operations};
use robocache_testkit::oracle::Times;
use robocache_testkit::survey;
use robocache_trajectory::testing::{Axis, Batch, Operand, Space, Style, Trial};
use robocache_trajectory::{Kind, Options};

/// Resampling.
pub fn op() -> &'static OpEntry {
    let mut all = operations().into_iter();
    all.find(|op| op.name == "trajectory")
        .expect("it is linked")
}

/// Targets and their columns that an emulated device is given at most: it takes a microsecond where others
/// take a nanosecond.
const EMULATED_TARGETS: usize = 5_000;
const EMULATED_VALUES: usize = 50_000;

fn is_small(trial: &Trial) -> bool {
    let [batch, targets, columns] = trial.shape();
    batch * targets <= EMULATED_TARGETS && batch * targets * columns <= EMULATED_VALUES
}

/// Runs a trial on every variant of the devices whose turn it is: each must agree with the oracle and bit for bit
/// with the first one. Returns the outputs and the variants that took it.
pub fn everywhere(trial: &Trial) -> (CaseOutputs, Vec<&'static str>) {
    survey::everywhere(op(), trial, is_small(trial))
}

/// Runs a trial that must fail, on every variant that does not refuse it, of the devices whose turn it is.
pub fn errors(trial: &Trial) -> Vec<(String, Error)> {
    survey::errors(op(), trial, is_small(trial))
}

/// The kinds that so many columns can have.
pub fn kinds_of(columns: usize) -> impl Iterator<Item = Kind> {
    let fits = move |kind: &Kind| columns.is_multiple_of(kind.width());
    Kind::ALL.into_iter().filter(fits)
}

/// The kinds that give a sample back as it is where a target coincides with it.
pub fn plain_kinds() -> impl Iterator<Item = Kind> {
    let changed = |kind: Kind| kind.width() > 1 || kind == Kind::Angle;
    Kind::ALL.into_iter().filter(move |&kind| !changed(kind))
}

/// B, S, T and D of a plain problem.
#[derive(Clone, Copy, Debug)]
pub struct Sizes(pub usize, pub usize, pub usize, pub usize);

/// A problem of some sizes: f32 samples that differ from each other, uneven f64 times shared by all rows,
/// targets in no order, on knots, between them and outside, contiguous memory, a mask.
pub fn trial(name: &str, kind: Kind, sizes: Sizes) -> Trial {
    let Sizes(batch, samples, targets, columns) = sizes;
    let source = uneven(samples);
    let target = around(&source, targets);
    Trial {
        name: format!("{name}, {}, {sizes:?}", kind.name()),
        data: samples_of(DType::F32, [batch, samples, columns], Style::default()),
        batch: Batch::Dense,
        source: shared(TimeType::F64, &source),
        target: shared(TimeType::F64, &target),
        out: Space::new(DType::F32, [batch, targets, columns], Style::default()),
        mask: Some(Space::new(DType::U8, [batch, targets], Style::default())),
        age: None,
        options: Options::default().kind(kind),
        unspecified: false,
    }
}

/// Samples that differ from each other, rounded to a type.
pub fn samples_of(dtype: DType, shape: [usize; 3], style: Style<3>) -> Operand<3> {
    Operand::floats(dtype, shape, style, |[b, s, d]| {
        let x = (b * 7919 + s * 104_729 + d * 1299) % 100_003;
        x as f64 / 50_000.0 - 1.0
    })
}

/// `n` strictly increasing times, uneven, in multiples of 1/8: exact in every type.
pub fn uneven(n: usize) -> Vec<f64> {
    (0..n)
        .map(|i| i as f64 + 0.125 * ((i * 5) % 7) as f64)
        .collect()
}

/// `n` targets around some times, in no order.
pub fn around(times: &[f64], n: usize) -> Vec<f64> {
    let (first, last) = match times {
        [] => (0.0, 4.0),
        times => (times[0], times[times.len() - 1]),
    };
    (0..n)
        .map(|i| {
            let scrambled = (i * 37 + 11) % n.max(1);
            match i % 5 {
                0 if !times.is_empty() => times[(i * 13) % times.len()],
                1 => first - 0.5 + (last - first + 1.0) * (scrambled as f64 / n as f64),
                _ => first + (last - first) * (scrambled as f64 / n as f64),
            }
        })
        .collect()
}

/// Times of a type; ticks of i64 are 1/1000.
pub fn times(time_type: TimeType, seconds: &[f64]) -> Times {
    match time_type {
        TimeType::F32 => Times::F32(seconds.iter().map(|&t| t as f32).collect()),
        TimeType::F64 => Times::F64(seconds.to_vec()),
        TimeType::I64 => Times::I64(seconds.iter().map(|&t| (1000.0 * t) as i64).collect()),
    }
}

/// One duration in a type.
pub fn scalar(time_type: TimeType, seconds: f64) -> TimeScalar {
    times(time_type, &[seconds]).at(0)
}

/// `[N]`.
pub fn shared(time_type: TimeType, seconds: &[f64]) -> Axis {
    shared_times(&times(time_type, seconds))
}

/// `[N]`.
pub fn shared_times(times: &Times) -> Axis {
    Axis::Shared(Operand::times(
        dtype_of(times),
        [times.len()],
        Style::default(),
        |_| times,
    ))
}

/// `[B, N]` in a style.
pub fn per_row(rows: &[Times], style: Style<2>) -> Axis {
    let shape = [rows.len(), rows.first().map_or(0, Times::len)];
    let dtype = rows.first().map_or(DType::F64, dtype_of);
    Axis::PerRow(Operand::times(dtype, shape, style, |row| &rows[row]))
}

/// The element type of times.
pub fn dtype_of(times: &Times) -> DType {
    match times {
        Times::F32(_) => DType::F32,
        Times::F64(_) => DType::F64,
        Times::I64(_) => DType::I64,
    }
}

/// An output as f32 numbers.
pub fn as_f32(bytes: &[u8]) -> Vec<f32> {
    bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect()
}
