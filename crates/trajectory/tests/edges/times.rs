//! Times, targets, and rows that are not all real.

use crate::common::{
    Sizes, around, everywhere, kinds_of, op, plain_kinds, samples_of, shared, shared_times, trial,
    uneven,
};
use robocache_core::{DType, Error, TimeScalar, TimeType};
use robocache_testkit::devices::{Wrong, devices};
use robocache_testkit::oracle::Times;
use robocache_testkit::survey::outcome;
use robocache_trajectory::testing::{Axis, Batch, Operand, Space, Style};
use robocache_trajectory::{Extrapolation, Kind};

const TIMES: [TimeType; 3] = [TimeType::F32, TimeType::F64, TimeType::I64];

#[test]
fn ragged_batches_with_empty_rows() {
    let counts = [0usize, 5, 0, 1, 12, 2, 0];
    let batch = counts.len();
    for columns in [1, 4, 7] {
        for kind in kinds_of(columns) {
            for dtype in [DType::I32, DType::I64] {
                let mut padded = trial("lengths", kind, Sizes(batch, 12, 15, columns));
                let lengths = |[b]: [usize; 1]| counts[b] as i64;
                padded.batch =
                    Batch::Lengths(Operand::integers(dtype, [batch], Style::default(), lengths));
                // What is not real is NaN: it would show.
                padded.data = Operand::floats(
                    DType::F32,
                    [batch, 12, columns],
                    Style::default(),
                    |[b, s, d]| {
                        if s < counts[b] {
                            (b + 10 * s + d) as f64
                        } else {
                            f64::NAN
                        }
                    },
                );
                everywhere(&padded);
                padded.source = Axis::Uniform {
                    start: TimeScalar::F64(0.5),
                    step: TimeScalar::F64(0.75),
                    len: 12,
                };
                everywhere(&padded);

                let total: usize = counts.iter().sum();
                let mut packed = trial("offsets", kind, Sizes(batch, total, 15, columns));
                let offsets = |[b]: [usize; 1]| counts[..b].iter().sum::<usize>() as i64;
                packed.batch = Batch::Packed(Operand::integers(
                    dtype,
                    [batch + 1],
                    Style::default(),
                    offsets,
                ));
                packed.data = samples_of(DType::F32, [1, total, columns], Style::default());
                let rows: Vec<f64> = counts.iter().flat_map(|&count| uneven(count)).collect();
                packed.source = shared(TimeType::F64, &rows);
                packed.target = shared(TimeType::F64, &around(&uneven(12), 15));
                everywhere(&packed);
                packed.source = Axis::Uniform {
                    start: TimeScalar::F64(0.5),
                    step: TimeScalar::F64(0.75),
                    len: total,
                };
                everywhere(&packed);
            }
        }
    }
}

/// On the CPU an error; on a device, where nobody looks, anything but an access outside of the buffers.
#[test]
fn lengths_and_offsets_that_lie() {
    let bad_lengths: [[i64; 3]; 3] = [[4, 7, 2], [4, -1, 2], [4, i64::MAX, 2]];
    let bad_offsets: [[i64; 4]; 4] = [
        [0, 3, 2, 6],
        [-1, 3, 4, 6],
        [0, 3, 4, 7],
        [0, i64::MIN, i64::MAX, 6],
    ];
    for dtype in [DType::I32, DType::I64] {
        let held = |x: i64| match dtype {
            DType::I32 => x.clamp(i32::MIN.into(), i32::MAX.into()),
            _ => x,
        };
        let mut lies = Vec::new();
        for lengths in bad_lengths {
            let mut trial = trial("bad lengths", Kind::Linear, Sizes(3, 6, 10, 4));
            let index = Operand::integers(dtype, [3], Style::default(), |[b]| held(lengths[b]));
            trial.batch = Batch::Lengths(index);
            lies.push(("lengths", trial));
        }
        for offsets in bad_offsets {
            let mut trial = trial("bad offsets", Kind::Linear, Sizes(3, 6, 10, 4));
            let index = Operand::integers(dtype, [4], Style::default(), |[b]| held(offsets[b]));
            trial.batch = Batch::Packed(index);
            trial.data = samples_of(DType::F32, [1, 6, 4], Style::default());
            lies.push(("offsets", trial));
        }
        for (argument, mut trial) in lies {
            trial.unspecified = true;
            trial.options.check = false;
            for device in devices() {
                for info in device.variants(op()) {
                    let found = outcome(&trial, info.id, device);
                    if matches!(found, Ok(None)) {
                        continue;
                    }
                    let what = format!("{} on {device}: {}", info.id, trial.name);
                    if device.is_cpu() {
                        let named = matches!(&found, Err(Wrong::Error(Error::Range { argument: a, .. })) if *a == argument);
                        assert!(named, "{found:?} from {what}");
                    } else {
                        assert!(found.is_ok(), "{found:?} from {what}");
                    }
                }
            }
        }
    }
}

/// Unchecked times that break the contract: any values, but nothing outside of the buffers.
#[test]
fn unsorted_times_that_nobody_checks() {
    for seconds in [
        vec![5.0, 4.0, 3.0, 2.0, 1.0, 0.0],
        vec![0.0, f64::NAN, 1.0, f64::NAN, 2.0, 3.0],
        vec![f64::NAN; 6],
        vec![f64::INFINITY, 0.0, f64::NEG_INFINITY, 1.0, 2.0, 3.0],
    ] {
        for columns in [4, 7] {
            for kind in kinds_of(columns) {
                let mut trial = trial("bad times", kind, Sizes(2, 6, 33, columns));
                trial.source = shared(TimeType::F64, &seconds);
                trial.target = shared(TimeType::F64, &around(&uneven(6), 33));
                trial.options.check = false;
                trial.unspecified = true;
                everywhere(&trial);
            }
        }
    }
}

#[test]
fn targets_descending() {
    for time_type in TIMES {
        for kind in kinds_of(4) {
            let mut trial = trial("descending", kind, Sizes(2, 40, 150, 4));
            let mut seconds = around(&uneven(40), 150);
            seconds.sort_by(|a, b| b.total_cmp(a));
            trial.source = shared(time_type, &uneven(40));
            trial.target = shared(time_type, &seconds);
            everywhere(&trial);
        }
    }
}

#[test]
fn equal_times_at_the_first_a_middle_and_the_last_knot() {
    let rows: [&[f64]; 6] = [
        &[0.0, 0.0, 0.0, 1.0, 2.0, 3.0],
        &[0.0, 1.0, 1.5, 1.5, 1.5, 3.0],
        &[0.0, 1.0, 2.0, 3.0, 3.0, 3.0],
        &[0.0, 0.0, 1.0, 1.0, 3.0, 3.0],
        &[2.0, 2.0],
        &[2.0, 2.0, 2.0, 2.0, 2.0, 2.0],
    ];
    for seconds in rows {
        for time_type in TIMES {
            for columns in [1, 4, 7] {
                for kind in kinds_of(columns) {
                    let sizes = Sizes(2, seconds.len(), 60, columns);
                    let mut trial = trial("equal times", kind, sizes);
                    trial.source = shared(time_type, seconds);
                    trial.target = shared(time_type, &around(seconds, 60));
                    // A third of the steps may be zero, which on an f32 axis is too coarse.
                    trial.options.check = time_type != TimeType::F32;
                    everywhere(&trial);
                }
            }
        }
    }
}

/// Their weights round to the end's, where the sample on the other side of the bracket counts.
#[test]
fn a_hair_beyond_the_ends_beside_a_nan() {
    for kind in plain_kinds() {
        let mut trial = trial("a hair beyond", kind, Sizes(1, 4, 4, 3));
        trial.source = shared(TimeType::F64, &[0.0, 1.0, 2.0, 3.0]);
        trial.target = shared(TimeType::F64, &[-1e-50, -1e-9, 3.0 + 1e-9, 3.1]);
        trial.data = Operand::floats(DType::F32, [1, 4, 3], Style::default(), |[_, s, d]| match (
            s, d,
        ) {
            (1, 0) | (2, 1) => f64::NAN,
            _ => (s * s + d) as f64,
        });
        trial.options.extrapolation = Extrapolation::Linear;
        everywhere(&trial);
    }
}

#[test]
fn targets_that_are_nan_or_infinite() {
    let odd = [
        f64::NAN,
        0.5,
        f64::INFINITY,
        2.5,
        f64::NEG_INFINITY,
        f64::NAN,
        1e300,
        -1e300,
    ];
    for time_type in [TimeType::F32, TimeType::F64] {
        for kind in kinds_of(4) {
            for extrapolation in Extrapolation::ALL {
                for samples in [1, 2, 6] {
                    let mut trial = trial("odd targets", kind, Sizes(2, samples, 8, 4));
                    trial.source = shared(time_type, &uneven(samples));
                    trial.target = shared(time_type, &odd);
                    trial.options.extrapolation = extrapolation;
                    everywhere(&trial);
                    trial.options.fill = -3.0;
                    everywhere(&trial);
                }
            }
        }
    }
}

/// What stands for values without samples is kept beside them, and is found in another way by each sort of row.
#[test]
fn nan_and_fill_in_rows_of_every_sort() {
    let few = [f64::NAN, 0.5, -1.0, 2.5, f64::NAN, 99.0];
    // Far apart: samples are read where they are.
    let far: Vec<_> = (0..60)
        .map(|t| [f64::NAN, -9.0, 11.25 * t as f64][t % 3])
        .collect();
    for columns in [1, 3, 4, 7, 32] {
        for dtype in [DType::F32, DType::Bf16] {
            for (samples, target) in [(6, &few[..]), (700, &far)] {
                for kind in [Kind::Linear, Kind::Previous, Kind::Nearest] {
                    let sizes = Sizes(3, samples, target.len(), columns);
                    let mut trial = trial("nan and fill", kind, sizes);
                    trial.data = samples_of(dtype, [3, samples, columns], Style::default());
                    trial.out = Space::new(dtype, trial.shape(), Style::default());
                    trial.source = shared(TimeType::F64, &uneven(samples));
                    trial.target = shared(TimeType::F64, target);
                    trial.options.extrapolation = Extrapolation::Nan;
                    trial.options.fill = -3.0;
                    everywhere(&trial);
                }
            }
        }
    }
}

#[test]
fn integers_at_the_ends_of_their_range() {
    let sources = [vec![i64::MIN, -1, 0, 1, i64::MAX], vec![i64::MIN, i64::MAX]];
    let target = Times::I64(vec![
        i64::MIN,
        i64::MIN + 1,
        i64::MIN / 2,
        -1,
        1,
        2,
        i64::MAX / 2,
        i64::MAX / 2 + 1,
        i64::MAX / 2 + 2,
        i64::MAX - 1,
        i64::MAX,
    ]);
    for kind in kinds_of(4) {
        for (source, offset) in [0, 1, -1, i64::MAX, i64::MIN]
            .into_iter()
            .flat_map(|offset| sources.iter().map(move |source| (source, offset)))
        {
            let mut trial = trial("ends", kind, Sizes(2, source.len(), 11, 4));
            trial.source = shared_times(&Times::I64(source.clone()));
            trial.target = shared_times(&target);
            trial.options.offset = Some(TimeScalar::I64(offset));
            trial.options.tolerance = Some(TimeScalar::I64(i64::MAX));
            everywhere(&trial);
        }
    }
}

/// Knots of a uniform axis whose step is below the resolution of its start coincide.
#[test]
fn uniform_axes_finer_than_their_type() {
    for (start, step) in [
        (TimeScalar::F64(1.7e9), TimeScalar::F64(1e-8)),
        (TimeScalar::F32(1000.0), TimeScalar::F32(1e-5)),
        (TimeScalar::F64(3.0), TimeScalar::F64(0.0)),
        (TimeScalar::F32(-1e-30), TimeScalar::F32(1e-38)),
        (TimeScalar::I64(5), TimeScalar::I64(0)),
    ] {
        for kind in kinds_of(4) {
            let mut trial = trial("fine", kind, Sizes(2, 300, 100, 4));
            trial.source = Axis::Uniform {
                start,
                step,
                len: 300,
            };
            let knots = trial.source_times(0);
            let sequence = match &knots {
                Times::F32(t) => {
                    let near = (0..100).map(|i| match i % 3 {
                        0 => t[3 * i],
                        1 => t[3 * i].next_up(),
                        _ => t[3 * i].next_down(),
                    });
                    Times::F32(near.collect())
                }
                Times::F64(t) => {
                    let near = (0..100).map(|i| match i % 3 {
                        0 => t[3 * i],
                        1 => t[3 * i].next_up(),
                        _ => t[3 * i].next_down(),
                    });
                    Times::F64(near.collect())
                }
                Times::I64(t) => {
                    let near = (0..100).map(|i| t[3 * i] + (i % 3) as i64 - 1);
                    Times::I64(near.collect())
                }
            };
            trial.target = shared_times(&sequence);
            trial.options.check = false;
            everywhere(&trial);
        }
    }
}
