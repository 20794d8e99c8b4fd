//! What is said of source times that are not what they should be.

use crate::common::{
    Sizes, around, errors, everywhere, per_row, samples_of, shared, shared_times, times, trial,
    uneven,
};
use robocache_core::{DType, Error, TimeFault, TimeScalar, TimeType};
use robocache_testkit::oracle::Times;
use robocache_trajectory::Kind;
use robocache_trajectory::testing::{Axis, Batch, Operand, Style, Trial};

const TIMES: [TimeType; 3] = [TimeType::F32, TimeType::F64, TimeType::I64];

fn assert_time(trial: &Trial, batch: u64, index: u64, fault: TimeFault) {
    let expected = Error::Time {
        batch,
        index,
        fault,
    };
    for (what, error) in errors(trial) {
        assert_eq!(error, expected, "{what}");
    }
}

/// On the CPU as the error of the call, on a device through the status word.
#[test]
fn bad_source_times_are_named_by_row_and_index() {
    let good = uneven(50);
    for columns in [1, 4, 7] {
        // At 32, where kernels have a warp look at times, its first lane comes round again.
        for (row, index) in [(0, 1), (0, 49), (2, 32), (3, 17), (4, 48)] {
            let faults = [
                (good[index - 1] - 0.5, TimeFault::Unsorted),
                (f64::NAN, TimeFault::NotFinite),
                (f64::INFINITY, TimeFault::NotFinite),
                (f64::NEG_INFINITY, TimeFault::NotFinite),
            ];
            for (bad, fault) in faults {
                for time_type in TIMES {
                    if time_type == TimeType::I64 && fault == TimeFault::NotFinite {
                        continue;
                    }
                    let mut rows = vec![good.clone(); 5];
                    rows[row][index] = bad;
                    // A later fault in the same row, and one in a later row: the first is told of.
                    if index < 49 {
                        rows[row][49] = -1.0;
                    }
                    if row < 4 {
                        rows[4][2] = -1.0;
                    }
                    let rows: Vec<_> = rows.iter().map(|row| times(time_type, row)).collect();
                    let mut trial = trial("bad", Kind::Linear, Sizes(5, 50, 20, columns));
                    trial.source = per_row(&rows, Style::default());
                    trial.target = shared(time_type, &around(&good, 20));
                    assert_time(&trial, row as u64, index as u64, fault);
                }
            }
        }
    }
}

#[test]
fn bad_times_of_shared_and_ragged_axes_are_named_too() {
    let mut seconds = uneven(12);
    seconds[7] = 0.5;
    let mut bad = trial("bad, shared", Kind::Linear, Sizes(4, 12, 10, 4));
    bad.source = shared(TimeType::F64, &seconds);
    assert_time(&bad, 0, 7, TimeFault::Unsorted);

    // Rows that end before the fault are fine; the first that reaches it is named.
    let counts = [3i64, 7, 0, 9];
    bad.batch = Batch::Lengths(Operand::integers(
        DType::I64,
        [4],
        Style::default(),
        |[b]| counts[b],
    ));
    assert_time(&bad, 3, 7, TimeFault::Unsorted);
    let fine = [3i64, 7, 0, 5];
    bad.batch = Batch::Lengths(Operand::integers(
        DType::I64,
        [4],
        Style::default(),
        |[b]| fine[b],
    ));
    everywhere(&bad);

    // Packed: where one row ends and the next begins, times may fall.
    let ends = [0i64, 4, 8, 8, 12];
    let mut packed = trial("bad, packed", Kind::Linear, Sizes(4, 12, 10, 4));
    packed.batch = Batch::Packed(Operand::integers(
        DType::I32,
        [5],
        Style::default(),
        |[b]| ends[b],
    ));
    packed.data = samples_of(DType::F32, [1, 12, 4], Style::default());
    let mut rows = [uneven(4), uneven(4), uneven(4)].concat();
    packed.source = shared(TimeType::F64, &rows);
    everywhere(&packed);
    rows[10] = -2.0;
    packed.source = shared(TimeType::F64, &rows);
    assert_time(&packed, 3, 2, TimeFault::Unsorted);
}

#[test]
fn seconds_since_1970_are_too_coarse_for_f32() {
    let epoch: Vec<f64> = (0..100).map(|i| 1.7e9 + 0.01 * f64::from(i)).collect();
    for columns in [1, 4] {
        let mut coarse = trial("coarse", Kind::Linear, Sizes(2, 100, 10, columns));
        coarse.source = shared(TimeType::F32, &epoch);
        coarse.target = shared(TimeType::F32, &epoch[..10]);
        assert_time(&coarse, 0, 0, TimeFault::TooCoarse);
        coarse.options.check = false;
        everywhere(&coarse);
        let session: Vec<f64> = (0..100).map(|i| 0.01 * f64::from(i)).collect();
        coarse.options.check = true;
        coarse.source = shared(TimeType::F32, &session);
        everywhere(&coarse);
    }
}

/// The check looks at the knots, whatever the form in which they come.
#[test]
fn uniform_and_explicit_axes_are_checked_alike() {
    let axes = [
        (1.7e9, 0.01, true),
        (0.0, 0.01, false),
        // Steps of about 5 ulp up to 512, of half as many from there on: a third of them.
        (511.97, 1.5e-4, false),
    ];
    for (start, step, coarse) in axes {
        let len = 300;
        let (start, step) = (TimeScalar::F32(start), TimeScalar::F32(step));
        let knots = Times::uniform(start, step, len).unwrap();
        let explicit = shared_times(&knots);
        for source in [explicit, Axis::Uniform { start, step, len }] {
            let mut trial = trial("checked", Kind::Linear, Sizes(1, len, 10, 1));
            trial.source = source;
            trial.target = shared(TimeType::F32, &around(&[0.0, 600.0], 10));
            if coarse {
                assert_time(&trial, 0, 0, TimeFault::TooCoarse);
            } else {
                everywhere(&trial);
            }
        }
    }
}
