//! Sizes, strides, alignment and element types.

use crate::common::{
    Sizes, around, errors, everywhere, kinds_of, op, per_row, samples_of, shared, times, trial,
    uneven,
};
use robocache_core::{DType, Error, TimeScalar, TimeType};
use robocache_registry::{Case, DeviceCaps};
use robocache_testkit::devices::devices;
use robocache_testkit::guard::indices;
use robocache_testkit::survey::outcome;
use robocache_trajectory::testing::{Axis, Operand, Space, Style, Trial};
use robocache_trajectory::{Extrapolation, Invalid, Kind, Span, Spans};

const FLOATS: [DType; 4] = [DType::F16, DType::Bf16, DType::F32, DType::F64];
const WIDTHS: [usize; 10] = [1, 3, 7, 14, 31, 32, 33, 255, 256, 257];

/// The trial with samples and values of a type.
fn with_dtype(mut trial: Trial, dtype: DType) -> Trial {
    trial.data = samples_of(dtype, trial.data.space.layout.shape, Style::default());
    trial.out = Space::new(dtype, trial.shape(), Style::default());
    trial
}

#[test]
fn samples_0_1_2_3_and_targets_0_1() {
    for samples in 0..4 {
        for targets in [0, 1, 2, 40] {
            for columns in [0, 1, 4, 7] {
                for kind in kinds_of(columns) {
                    for extrapolation in Extrapolation::ALL {
                        let mut trial = trial("few", kind, Sizes(3, samples, targets, columns));
                        trial.options.extrapolation = extrapolation;
                        everywhere(&trial);
                    }
                }
            }
        }
    }
    for kind in kinds_of(5) {
        everywhere(&trial("no rows", kind, Sizes(0, 3, 4, 5)));
    }
}

#[test]
fn spans_without_columns_count_only_where_there_is_nothing_else() {
    let spans = |list: &[(usize, Kind)]| {
        let list = list.iter().map(|&(columns, kind)| Span { columns, kind });
        Spans::new(&list.collect::<Vec<_>>()).unwrap()
    };
    let mut masks = Vec::new();
    for (columns, kinds) in [
        (0, spans(&[(0, Kind::Previous)])),
        (0, spans(&[(0, Kind::Linear), (0, Kind::Previous)])),
        (1, spans(&[(0, Kind::Linear), (1, Kind::Previous)])),
        (
            0,
            spans(&[(0, Kind::Linear), (1, Kind::Previous)]).repeated(),
        ),
    ] {
        let mut trial = trial("no columns", Kind::Linear, Sizes(2, 5, 1, columns));
        trial.target = shared(TimeType::F64, &[1e6]);
        trial.options = trial.options.kind(kinds);
        masks.push(everywhere(&trial).0[1].clone());
    }
    assert_eq!(masks, [[1, 1], [0, 0], [1, 1], [1, 1]]);
}

#[test]
fn columns_around_every_width() {
    for columns in WIDTHS {
        for dtype in FLOATS {
            let plain = trial("width", Kind::Linear, Sizes(3, 19, 23, columns));
            everywhere(&with_dtype(plain, dtype));
        }
        for kind in kinds_of(columns) {
            everywhere(&trial("width", kind, Sizes(2, 9, 30, columns)));
        }
    }
}

/// Values of more than 2 MiB are written past the caches where rows are whole vectors that are made here: as lines, as
/// units of 16 bytes, or not at all, as they begin at a line, at a unit or at neither.
#[test]
fn values_past_the_caches() {
    let sizes_of = |dtype: DType| Sizes(1, 900, (2 << 20) / (32 * dtype.size()) + 70, 32);
    for (index, dtype) in FLOATS.into_iter().enumerate() {
        for (further, out) in FLOATS.into_iter().enumerate() {
            let unit = 16 / out.size();
            let shifts = match out == dtype {
                true => vec![0, unit, 3 * unit, 1],
                false => vec![(index + further) % 2 * unit],
            };
            for shift in shifts {
                let mut past = with_dtype(trial("past", Kind::Linear, sizes_of(out)), dtype);
                let style = Style {
                    shift,
                    ..Style::default()
                };
                past.out = Space::new(out, past.shape(), style);
                everywhere(&all_between(past));
            }
        }
        everywhere(&with_dtype(
            trial("past, in no order", Kind::Linear, sizes_of(dtype)),
            dtype,
        ));
        let held = trial("past, held", Kind::Nearest, sizes_of(dtype));
        everywhere(&all_between(with_dtype(held, dtype)));
    }
    // Whole vectors of AVX2 alone, rows that are none, one row behind another, and some that jump over samples.
    for sizes in [
        Sizes(1, 900, 70_000, 8),
        Sizes(1, 900, 17_000, 33),
        Sizes(3, 90, 26_000, 7),
        Sizes(8, 5000, 1100, 64),
    ] {
        everywhere(&all_between(trial("large", Kind::Linear, sizes)));
    }
    // Rows with something between them are not for lines.
    let mut apart = trial("large, apart", Kind::Linear, Sizes(2, 900, 9000, 32));
    let style = Style {
        pads: [0, 0, 4],
        ..Style::default()
    };
    apart.out = Space::new(DType::F32, apart.shape(), style);
    everywhere(&apart);
    // Others between them, which are written as ever.
    let mut some = trial(
        "past, some invalid",
        Kind::Linear,
        Sizes(2, 900, 20_000, 16),
    );
    some.options = some
        .options
        .extrapolation(Extrapolation::Nan)
        .invalid(Invalid::Fill)
        .max_gap(TimeScalar::F64(1.0));
    let valid: usize = everywhere(&some).0[1].iter().map(|&m| usize::from(m)).sum();
    assert!((10_000..30_000).contains(&valid), "{valid}");
}

/// The trial with targets in order that lie between two knots, so that whole tiles do.
fn all_between(mut trial: Trial) -> Trial {
    let [_, samples, _] = trial.data.space.layout.shape;
    let [_, targets, _] = trial.shape();
    let step = (samples - 1) as f64 / targets as f64;
    let target: Vec<f64> = (0..targets).map(|t| (t as f64 + 0.5) * step).collect();
    trial.target = shared(TimeType::F64, &target);
    trial
}

#[test]
fn a_batch_of_70_000() {
    for columns in [1, 4] {
        everywhere(&trial("batch", Kind::Linear, Sizes(70_000, 3, 2, columns)));
    }
    // Each row with its own times.
    let mut own = trial("batch, own times", Kind::Previous, Sizes(70_000, 2, 1, 1));
    own.source = Axis::PerRow(Operand::floats(
        DType::F64,
        [70_000, 2],
        Style::default(),
        |[b, s]| (b % 100) as f64 + s as f64,
    ));
    own.target = Axis::PerRow(Operand::floats(
        DType::F64,
        [70_000, 1],
        Style::default(),
        |[b, _]| (b % 100) as f64 + 0.5,
    ));
    everywhere(&own);
}

#[test]
fn base_pointers_off_by_one_element() {
    for dtype in FLOATS {
        for columns in [1, 4, 8, 33] {
            let sizes = Sizes(2, 12, 17, columns);
            for (data, out) in [(1, 0), (0, 1), (1, 1), (3, 5)] {
                let mut trial = trial("shifted", Kind::Linear, sizes);
                trial.data = samples_of(dtype, [2, 12, columns], Style::shifted(data));
                trial.out = Space::new(dtype, [2, 17, columns], Style::shifted(out));
                trial.mask = Some(Space::new(DType::U8, [2, 17], Style::shifted(1)));
                let off = |seconds: &[f64]| {
                    let row = times(TimeType::F64, seconds);
                    let n = row.len();
                    Axis::Shared(Operand::times(DType::F64, [n], Style::shifted(1), |_| &row))
                };
                trial.source = off(&uneven(12));
                trial.target = off(&around(&uneven(12), 17));
                everywhere(&trial);
            }
        }
    }
}

#[test]
fn strides_of_zero_and_below() {
    for columns in [1, 4, 16, 33] {
        let (data, out) = ([3, 11, columns], [3, 21, columns]);
        let source = vec![times(TimeType::F64, &uneven(11)); 3];
        let target = vec![times(TimeType::F64, &around(&uneven(11), 21)); 3];
        for axis in 0..3 {
            let mut reversed = trial("reversed", Kind::Linear, Sizes(3, 11, 21, columns));
            let mut style = Style::<3>::default();
            style.reversed[axis] = true;
            reversed.data = samples_of(DType::F32, data, style);
            reversed.out = Space::new(DType::F32, out, style);
            let mut style = Style::<2>::default();
            style.reversed[axis % 2] = true;
            reversed.source = per_row(&source, style);
            reversed.target = per_row(&target, style);
            reversed.mask = Some(Space::new(DType::U8, [3, 21], style));
            everywhere(&reversed);

            // Samples one after another, values not.
            let dtype = [DType::F16, DType::F32, DType::F64][axis];
            let scattered = trial("scattered", Kind::Linear, Sizes(3, 11, 21, columns));
            let mut scattered = with_dtype(scattered, dtype);
            let mut style = Style::<3>::default();
            style.reversed[axis] = true;
            scattered.out = Space::new(dtype, out, style);
            everywhere(&scattered);

            // The same samples at every index of a dimension, as numpy's broadcast_to makes them.
            let mut repeated = trial("repeated", Kind::Linear, Sizes(3, 11, 21, columns));
            let mut style = Style::<3>::default();
            style.repeated[axis] = true;
            repeated.data = samples_of(DType::F32, data, style);
            let mut style = Style::<2>::default();
            style.repeated[0] = true;
            repeated.source = per_row(&source, style);
            repeated.target = per_row(&target, style);
            everywhere(&repeated);
        }
        let mut transposed = trial("transposed", Kind::Nearest, Sizes(3, 11, 21, columns));
        let style = Style {
            order: [2, 1, 0],
            ..Style::default()
        };
        transposed.data = samples_of(DType::F32, data, style);
        transposed.out = Space::new(DType::F32, out, style);
        everywhere(&transposed);
    }
}

/// Kernels keep times, or whole rows, in shared memory where they fit: 16 KiB of times; a block's
/// shared memory of rows (that of consumer devices, A100 and
/// H100, and of every device here).
#[test]
fn samples_across_each_shared_memory_limit() {
    for (time_type, size) in [(TimeType::F32, 4), (TimeType::F64, 8)] {
        for off in -1..=1isize {
            let samples = (16 * 1024 / size + off) as usize;
            let mut trial = trial("staged times", Kind::Linear, Sizes(2, samples, 9, 4));
            trial.source = shared(time_type, &uneven(samples));
            trial.target = shared(time_type, &around(&uneven(samples), 9));
            everywhere(&trial);
        }
    }
    // 28 bytes of data and 8 of time per sample, beside some brackets: from well below to above.
    let long = |samples| trial("row", Kind::Linear, Sizes(2, samples, 9, 7));
    for limit in [99, 163, 227].map(|kibibytes| kibibytes * 1024) {
        for samples in [limit / 36 - 8, limit / 36 - 7, limit / 36, limit / 36 + 1] {
            everywhere(&long(samples));
        }
    }
    for device in devices() {
        let DeviceCaps::Cuda(cuda) = &device.caps else {
            continue;
        };
        let limit = cuda.shared_per_block_optin as usize;
        let mut by_row = Vec::new();
        for samples in limit / 36 - 12..limit / 36 + 2 {
            let trial = long(samples);
            let (expected, _) = everywhere(&trial);
            for info in device
                .variants(op())
                .filter(|info| info.id.contains(".row."))
            {
                let outputs = outcome(&trial, info.id, device).unwrap();
                by_row.push(outputs.is_some());
                assert!(outputs.is_none_or(|outputs| trial.same(&outputs, &expected).is_ok()));
            }
        }
        // Taken up to the limit and refused from there on.
        assert!(by_row.is_sorted_by(|a, b| a >= b), "{by_row:?}");
        assert_eq!((by_row.first(), by_row.last()), (Some(&true), Some(&false)));
    }
}

#[test]
fn every_pair_of_types() {
    for in_dtype in FLOATS {
        for out_dtype in FLOATS {
            for columns in [3, 16] {
                let mut trial = trial("cast", Kind::Linear, Sizes(2, 9, 40, columns));
                trial.data = samples_of(in_dtype, [2, 9, columns], Style::default());
                trial.out = Space::new(out_dtype, [2, 40, columns], Style::default());
                everywhere(&trial);
                trial.options.kind = Kind::Previous.into();
                everywhere(&trial);
            }
        }
    }
}

/// Converting by way of f32 would round numbers like these twice, and end at the other neighbour.
#[test]
fn numbers_a_hair_off_the_middle_between_two_of_16_bits() {
    for (out_dtype, half) in [(DType::F16, 2f64.powi(-11)), (DType::Bf16, 2f64.powi(-8))] {
        for kind in kinds_of(16) {
            let mut trial = trial("hair", kind, Sizes(1, 9, 40, 16));
            trial.data = Operand::floats(DType::F64, [1, 9, 16], Style::default(), |[_, s, d]| {
                let hair = [2f64.powi(-40), 0.0, -(2f64.powi(-40))][s % 3];
                let sign = if d % 4 == 0 { -1.0 } else { 1.0 };
                sign * (1.0 + half * (2 * d + 1) as f64 + hair)
            });
            trial.out = Space::new(out_dtype, [1, 40, 16], Style::default());
            everywhere(&trial);
        }
    }
}

#[test]
fn a_target_too_many_is_an_overflow_and_not_a_wrap() {
    let mut trial = trial("too long", Kind::Linear, Sizes(1, 2, 1, 0));
    let targets = 1usize << 31;
    trial.target = Axis::Uniform {
        start: TimeScalar::F64(0.0),
        step: TimeScalar::F64(1.0),
        len: targets,
    };
    trial.out = Space::new(DType::F32, [1, targets, 0], Style::default());
    trial.mask = None;
    assert_eq!(indices(trial.shape()).count(), 0);
    for (what, error) in errors(&trial) {
        assert!(
            matches!(error, Error::Overflow { .. }),
            "{error} from {what}"
        );
    }
}
