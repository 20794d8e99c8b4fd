//! Random time axes in every form.

use super::clock::{Clock, collect};
use super::draw::style;
use super::trial::Axis;
use robocache_core::{DType, TimeScalar, TimeType};
use robocache_testkit::operand::Operand;
use robocache_testkit::oracle::Times;
use robocache_testkit::random::Random;

/// The source axis, and the times of each row's real samples.
pub(super) fn source(
    random: &mut Random,
    clock: Clock,
    spans: &[(usize, usize)],
    packed: bool,
    batch: usize,
    stored: usize,
) -> (Axis, Vec<Times>) {
    let dtype = clock.time_type().dtype();
    let form = random.below(4);
    if form == 0 {
        let start = clock.at(random.below(1000) as u64);
        let step = match random.below(16) {
            0 => TimeScalar::zero(clock.time_type()),
            // Below the resolution of the epoch: several knots round to one time.
            1 if clock.time_type() == TimeType::F64 => TimeScalar::F64(1e-8),
            _ => clock.duration(0.5 + random.unit()),
        };
        let knots = spans
            .iter()
            .map(|&(_, count)| uniform(start, step, count))
            .collect();
        let len = stored;
        return (Axis::Uniform { start, step, len }, knots);
    }
    if packed {
        // Each row starts over, so the whole is not sorted; slack belongs to no row.
        let mut whole = clock.sorted(random, stored);
        for &(first, count) in spans {
            let row = clock.sorted(random, count);
            overwrite(&mut whole, first, &row);
        }
        let times = Operand::times(dtype, [stored], style(random), |_| &whole);
        let knots = spans
            .iter()
            .map(|&(first, count)| whole.part(first, count))
            .collect();
        return (Axis::Shared(times), knots);
    }
    if form == 1 {
        let mut distinct: Vec<Times> = (0..batch).map(|_| clock.sorted(random, stored)).collect();
        let mut knots = Vec::with_capacity(batch);
        for (times, &(_, count)) in distinct.iter_mut().zip(spans) {
            knots.push(times.truncated(count));
            spoil(times, count);
        }
        let times = Operand::times(dtype, [batch, stored], style(random), |b| &distinct[b]);
        return (Axis::PerRow(times), knots);
    }
    let shared = clock.sorted(random, stored);
    let knots = spans
        .iter()
        .map(|&(_, count)| shared.truncated(count))
        .collect();
    let axis = if form == 2 {
        Axis::PerRow(expanded(random, dtype, [batch, stored], &shared))
    } else {
        Axis::Shared(Operand::times(dtype, [stored], style(random), |_| &shared))
    };
    (axis, knots)
}

pub(super) fn uniform(start: TimeScalar, step: TimeScalar, len: usize) -> Times {
    Times::uniform(start, step, len).unwrap_or(Times::I64(Vec::new()))
}

/// Makes the times from `count` on such as would show if they were used.
fn spoil(times: &mut Times, count: usize) {
    match times {
        Times::F32(times) => times[count..].fill(f32::NAN),
        Times::F64(times) => times[count..].fill(f64::NAN),
        Times::I64(times) => times[count..].fill(i64::MIN),
    }
}

fn overwrite(whole: &mut Times, first: usize, row: &Times) {
    let range = first..first + row.len();
    match (whole, row) {
        (Times::F32(whole), Times::F32(row)) => whole[range].copy_from_slice(row),
        (Times::F64(whole), Times::F64(row)) => whole[range].copy_from_slice(row),
        (Times::I64(whole), Times::I64(row)) => whole[range].copy_from_slice(row),
        _ => {}
    }
}

/// `[B, N]` of batch stride zero.
fn expanded(random: &mut Random, dtype: DType, shape: [usize; 2], row: &Times) -> Operand<2> {
    let mut style = style(random);
    style.repeated[0] = true;
    Operand::times(dtype, shape, style, |_| row)
}

/// The target axis, around the knots of the rows.
pub(super) fn target(
    random: &mut Random,
    clock: Clock,
    knots: &[Times],
    batch: usize,
    count: usize,
    offset: Option<TimeScalar>,
) -> Axis {
    let dtype = clock.time_type().dtype();
    let none = collect(clock.time_type(), std::iter::empty());
    // Around the first row that has samples, where one sequence serves all.
    let main = knots
        .iter()
        .find(|times| !times.is_empty())
        .unwrap_or(&none);
    let order = random.below(3);
    let sequence = |random: &mut Random, source: &Times| {
        let mut times: Vec<_> = (0..count)
            .map(|_| clock.target(random, source, offset))
            .collect();
        match order {
            0 => times.sort_by(later),
            1 => times.sort_by(|a, b| later(b, a)),
            _ => {}
        }
        collect(clock.time_type(), times.into_iter())
    };
    match random.below(4) {
        0 => {
            let (start, step) = clock.uniform_targets(random, main, count);
            let len = count;
            Axis::Uniform { start, step, len }
        }
        1 => {
            let shared = sequence(random, main);
            Axis::Shared(Operand::times(dtype, [count], style(random), |_| &shared))
        }
        2 => {
            let shared = sequence(random, main);
            Axis::PerRow(expanded(random, dtype, [batch, count], &shared))
        }
        _ => {
            let rows: Vec<_> = knots.iter().map(|row| sequence(random, row)).collect();
            let style = style(random);
            Axis::PerRow(Operand::times(dtype, [batch, count], style, |b| &rows[b]))
        }
    }
}

fn later(a: &TimeScalar, b: &TimeScalar) -> std::cmp::Ordering {
    match (a, b) {
        (TimeScalar::F32(a), TimeScalar::F32(b)) => a.total_cmp(b),
        (TimeScalar::F64(a), TimeScalar::F64(b)) => a.total_cmp(b),
        (TimeScalar::I64(a), TimeScalar::I64(b)) => a.cmp(b),
        _ => std::cmp::Ordering::Equal,
    }
}
