//! What kernels expect of recordings when they decide which samples to copy to shared memory, and what becomes of
//! those that are otherwise.

use crate::common::{Sizes, everywhere, kinds_of, plain_kinds, samples_of, shared, trial};
use robocache_core::{DType, TimeType};
use robocache_trajectory::testing::{Axis, Operand, Space, Style, Trial};
use robocache_trajectory::{Extrapolation, Kind};

/// Rows of every sort: some bytes, no whole chunks, a few chunks, more than a block has threads for.
const COLUMNS: [usize; 4] = [1, 7, 32, 64];

/// The trial on shared axes.
fn on(mut trial: Trial, source: &[f64], target: &[f64]) -> Trial {
    trial.source = shared(TimeType::F64, source);
    trial.target = shared(TimeType::F64, target);
    trial
}

fn everywhere_of_all_kinds(name: &str, source: &[f64], target: &[f64]) {
    for columns in COLUMNS {
        for kind in kinds_of(columns) {
            let sizes = Sizes(2, source.len(), target.len(), columns);
            everywhere(&on(trial(name, kind, sizes), source, target));
        }
    }
}

fn evenly(n: usize, first: f64, last: f64) -> Vec<f64> {
    let step = (last - first) / n as f64;
    (0..n).map(|i| first + (i as f64 + 0.5) * step).collect()
}

/// Targets are not where they would be in an even recording.
#[test]
fn a_recording_that_is_a_hundred_times_denser_at_first() {
    let mut source = evenly(900, 0.0, 1.0);
    source.extend(evenly(100, 1.0, 100.0));
    everywhere_of_all_kinds("dense at first", &source, &evenly(150, -1.0, 101.0));
    everywhere_of_all_kinds("dense at first", &source, &evenly(150, 0.0, 1.0));
}

/// What a block reads of the times ends among equal ones, of which the last counts.
#[test]
fn times_that_are_there_thrice() {
    let mut knots = evenly(300, 0.0, 1.0);
    knots.extend(evenly(60, 1.0, 60.0));
    let source: Vec<f64> = knots.iter().flat_map(|&time| [time; 3]).collect();
    let mut target = knots.clone();
    target.extend(evenly(150, -0.5, 1.5));
    target.sort_by(f64::total_cmp);
    everywhere_of_all_kinds("thrice", &source, &target);
    let even: Vec<f64> = (0..360).flat_map(|i| [f64::from(i); 3]).collect();
    let on_knots: Vec<f64> = (0..360).map(f64::from).collect();
    everywhere_of_all_kinds("thrice, even", &even, &on_knots);
}

/// More lies between a block's targets than there is room for.
#[test]
fn targets_in_no_order() {
    let source = evenly(700, 0.0, 70.0);
    let mut target = evenly(170, -1.0, 71.0);
    let n = target.len();
    for i in 0..n {
        target.swap(i, (i * 7919 + 13) % n);
    }
    everywhere_of_all_kinds("no order", &source, &target);
    let ends: Vec<_> = (0..100).map(|i| [0.05, 69.95][i % 2]).collect();
    everywhere_of_all_kinds("both ends in turn", &source, &ends);
}

#[test]
fn targets_far_apart() {
    everywhere_of_all_kinds(
        "far apart",
        &evenly(3000, 0.0, 30.0),
        &evenly(11, 0.0, 30.0),
    );
    // Samples that are read where they are, and values without any.
    for (columns, dtype) in [
        (7, DType::F32),
        (3, DType::Bf16),
        (6, DType::F16),
        (5, DType::F64),
    ] {
        for kind in plain_kinds() {
            let sizes = Sizes(3, 700, 60, columns);
            let mut trial = trial("far apart, filled", kind, sizes);
            trial.data = samples_of(dtype, trial.data.space.layout.shape, Style::default());
            trial.out = Space::new(dtype, trial.shape(), Style::default());
            trial.options.extrapolation = Extrapolation::Nan;
            everywhere(&on(trial, &evenly(700, 0.0, 70.0), &evenly(60, -5.0, 75.0)));
        }
    }
}

/// Lanes without a target hold the time zero, which here lies after all times that their warp has read, and before or
/// after those that it has not.
#[test]
fn times_of_one_sign_around_few_targets() {
    for sign in [-1.0, 1.0] {
        let source = evenly(400, 60.0 * sign - 20.0, 60.0 * sign + 20.0);
        let target = evenly(177, 60.0 * sign - 10.0, 60.0 * sign + 10.0);
        for (columns, dtype) in [(256, DType::F64), (128, DType::F32), (64, DType::Bf16)] {
            let sizes = Sizes(1, source.len(), target.len(), columns);
            let mut trial = trial("one sign", Kind::Linear, sizes);
            trial.data = samples_of(dtype, trial.data.space.layout.shape, Style::default());
            trial.out = Space::new(dtype, trial.shape(), Style::default());
            everywhere(&on(trial, &source, &target));
        }
    }
}

/// So many turns that a tile takes them all one after another, as it has little room.
#[test]
fn targets_that_are_thick_and_in_no_order() {
    let source = evenly(90, 0.0, 9.0);
    let mut target = evenly(400, -1.0, 10.0);
    let n = target.len();
    for i in 0..n {
        target.swap(i, (i * 7919 + 13) % n);
    }
    everywhere_of_all_kinds("thick, no order", &source, &target);
    // Enough rows that tiles are of several targets.
    let (source, target) = (evenly(20, 0.0, 9.0), &target[..100]);
    for kind in plain_kinds() {
        let trial = trial("thick, no order, many rows", kind, Sizes(24, 20, 100, 16));
        everywhere(&on(trial, &source, target));
        everywhere(&on(trial_of_doubles(kind), &source, target));
    }
}

fn trial_of_doubles(kind: Kind) -> Trial {
    let mut trial = trial("thick, doubles", kind, Sizes(24, 20, 100, 8));
    trial.data = samples_of(DType::F64, trial.data.space.layout.shape, Style::default());
    trial.out = Space::new(DType::F64, trial.shape(), Style::default());
    trial
}

#[test]
fn targets_much_thicker_than_samples() {
    everywhere_of_all_kinds("thick", &evenly(9, 0.0, 9.0), &evenly(600, -1.0, 10.0));
    everywhere_of_all_kinds("on one sample", &evenly(400, 0.0, 40.0), &[20.05; 300]);
}

/// A block takes several rows, the last one fewer.
#[test]
fn rows_so_many_that_a_block_takes_several() {
    const BATCH: usize = 1_601;
    let own = |trial: &mut Trial, samples: usize, targets: usize| {
        let times = |n: usize, shift: f64| {
            let time = move |[b, i]: [usize; 2]| (b % 97) as f64 + i as f64 + shift;
            Axis::PerRow(Operand::floats(
                DType::F64,
                [BATCH, n],
                Style::default(),
                time,
            ))
        };
        trial.source = times(samples, 0.0);
        trial.target = times(targets, 0.25);
    };
    for (samples, targets, columns) in [(4, 3, 1), (3, 2, 7), (1, 1, 2), (0, 2, 1)] {
        for kind in kinds_of(columns) {
            let sizes = Sizes(BATCH, samples, targets, columns);
            everywhere(&trial("many, one axis", kind, sizes));
            let mut trial = trial("many, own times", kind, sizes);
            own(&mut trial, samples, targets);
            everywhere(&trial);
        }
    }
    let mut unlike = trial("many, own times", Kind::Linear, Sizes(BATCH, 3, 2, 2));
    own(&mut unlike, 3, 2);
    unlike.options.offset = Some(robocache_core::TimeScalar::F64(0.125));
    everywhere(&unlike);
}
