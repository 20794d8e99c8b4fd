//! What makes no difference: the form of an axis, the epoch, the batch, the order of targets.

use crate::common::{
    Sizes, around, everywhere, kinds_of, per_row, shared, shared_times, times, trial, uneven,
};
use robocache_core::{DType, TimeScalar, TimeType};
use robocache_registry::operation::CaseOutputs;
use robocache_testkit::oracle::Times;
use robocache_testkit::random::Random;
use robocache_trajectory::testing::{Axis, Operand, Space, Style, Trial};
use robocache_trajectory::{Invalid, Kind};

/// The same axis in each of its forms.
fn forms(rows: usize, knots: &Times, uniform: Option<(TimeScalar, TimeScalar)>) -> Vec<Axis> {
    let copies = vec![knots.clone(); rows];
    let mut repeated = Style::<2>::default();
    repeated.repeated[0] = true;
    let reversed = Style {
        reversed: [true, true],
        ..Style::default()
    };
    let mut all = vec![
        shared_times(knots),
        per_row(&copies, Style::default()),
        per_row(&copies, repeated),
        per_row(&copies, reversed),
    ];
    if let Some((start, step)) = uniform {
        let len = knots.len();
        all.push(Axis::Uniform { start, step, len });
    }
    all
}

#[test]
fn shared_expanded_per_row_and_uniform_axes_give_the_same_bits() {
    let uniforms = [
        (TimeScalar::F32(0.25), TimeScalar::F32(0.1)),
        (TimeScalar::F64(-1.0), TimeScalar::F64(0.1)),
        (TimeScalar::F64(1.7e9), TimeScalar::F64(1.0 / 3.0)),
        (
            TimeScalar::I64(1_700_000_000_000_000_000),
            TimeScalar::I64(3_333_333),
        ),
    ];
    for (start, step) in uniforms {
        for columns in [3, 7, 8] {
            for kind in kinds_of(columns) {
                let knots = Times::uniform(start, step, 60).unwrap();
                // Targets are uniform too: a little off the knots, and past both ends.
                let (from, pace) = match (start, step) {
                    (TimeScalar::F32(a), TimeScalar::F32(b)) => {
                        (TimeScalar::F32(a - b), TimeScalar::F32(b * 0.37))
                    }
                    (TimeScalar::F64(a), TimeScalar::F64(b)) => {
                        (TimeScalar::F64(a - b), TimeScalar::F64(b * 0.37))
                    }
                    (TimeScalar::I64(a), TimeScalar::I64(b)) => {
                        (TimeScalar::I64(a - b), TimeScalar::I64(b / 3))
                    }
                    _ => unreachable!("start and step are of one type"),
                };
                let targets = Times::uniform(from, pace, 180).unwrap();
                let mut first: Option<CaseOutputs> = None;
                for source in forms(3, &knots, Some((start, step))) {
                    for target in forms(3, &targets, Some((from, pace))) {
                        let mut trial = trial("forms", kind, Sizes(3, 60, 180, columns));
                        trial.source = source.clone();
                        trial.target = target;
                        let (outputs, _) = everywhere(&trial);
                        let expected = first.get_or_insert_with(|| outputs.clone());
                        assert!(*expected == outputs, "{start} {step} {}", kind.name());
                    }
                }
            }
        }
    }
}

#[test]
fn a_shifted_epoch_changes_no_bit() {
    const EPOCH: i64 = 1_700_000_000_000_000_000;
    let mut random = Random::new(3);
    let mut now = 0;
    let source: Vec<i64> = (0..200)
        .map(|_| {
            now += random.below(20_000_000) as i64;
            now
        })
        .collect();
    let target: Vec<i64> = (0..300)
        .map(|_| random.below(now as usize + 9_000_000) as i64 - 4_000_000)
        .collect();
    let at = |epoch: i64, times: &[i64]| {
        shared_times(&Times::I64(times.iter().map(|t| t + epoch).collect()))
    };
    for columns in [3, 7, 8] {
        for kind in kinds_of(columns) {
            let shifted = |epoch: i64| {
                let mut trial = trial("epoch", kind, Sizes(2, 200, 300, columns));
                trial.source = at(epoch, &source);
                trial.target = at(epoch, &target);
                trial.options.offset = Some(TimeScalar::I64(-1_234_567));
                trial.options.tolerance = Some(TimeScalar::I64(8_000_000));
                trial.options.max_gap = Some(TimeScalar::I64(15_000_000));
                trial.options.invalid = Invalid::Fill;
                everywhere(&trial).0
            };
            let zero = shifted(0);
            assert!(
                zero == shifted(EPOCH) && zero == shifted(-EPOCH),
                "{}",
                kind.name()
            );
            let valid = zero[1].iter().filter(|&&valid| valid == 1).count();
            assert!(
                (100..599).contains(&valid),
                "{valid} targets of 600 are valid"
            );
        }
    }
}

/// Rows `rows` of a trial with axes per row, as a trial of their own.
fn part(whole: &Trial, rows: std::ops::Range<usize>) -> Trial {
    let mut part = whole.clone();
    let [_, targets, columns] = whole.shape();
    let (samples, first, n) = (whole.data.space.layout.shape[1], rows.start, rows.len());
    let plain = Style::default();
    part.data = Operand::floats(DType::F32, [n, samples, columns], plain, |[b, s, d]| {
        whole.data.float([first + b, s, d])
    });
    let axis = |of: &dyn Fn(usize) -> Times| {
        per_row(&rows.clone().map(of).collect::<Vec<_>>(), Style::default())
    };
    part.source = axis(&|row| whole.source_times(row));
    part.target = axis(&|row| whole.target_times(row));
    part.out = Space::new(DType::F32, [n, targets, columns], Style::default());
    part.mask = Some(Space::new(DType::U8, [n, targets], Style::default()));
    part
}

/// A trial whose rows differ in times and targets.
fn varied(kind: Kind, sizes: Sizes) -> Trial {
    let Sizes(batch, samples, targets, _) = sizes;
    let mut trial = trial("varied", kind, sizes);
    let row = |b: usize, seconds: Vec<f64>| {
        let moved: Vec<f64> = seconds
            .iter()
            .map(|t| t * (1.0 + 0.25 * b as f64))
            .collect();
        times(TimeType::F64, &moved)
    };
    let source: Vec<_> = (0..batch).map(|b| row(b, uneven(samples))).collect();
    let target: Vec<_> = (0..batch)
        .map(|b| row(b, around(&uneven(samples), targets)))
        .collect();
    trial.source = per_row(&source, Style::default());
    trial.target = per_row(&target, Style::default());
    trial
}

#[test]
fn splitting_a_batch_changes_nothing() {
    for columns in [3, 7, 8, 16] {
        for kind in kinds_of(columns) {
            let whole = varied(kind, Sizes(7, 25, 90, columns));
            let (outputs, _) = everywhere(&whole);
            let mut joined: CaseOutputs = vec![Vec::new(); outputs.len()];
            for rows in [0..1, 1..5, 5..7] {
                let (piece, _) = everywhere(&part(&whole, rows));
                for (all, piece) in joined.iter_mut().zip(piece) {
                    all.extend(piece);
                }
            }
            assert!(joined == outputs, "{}", whole.name);
        }
    }
}

#[test]
fn permuting_targets_permutes_outputs() {
    for columns in [3, 7, 8] {
        for kind in kinds_of(columns) {
            let targets = 300;
            let mut plain = trial("permuted", kind, Sizes(2, 40, targets, columns));
            let seconds = around(&uneven(40), targets);
            plain.target = shared(TimeType::F64, &seconds);
            let (outputs, _) = everywhere(&plain);
            // 7 and 300 have no common divisor.
            let order: Vec<usize> = (0..targets).map(|i| (i * 7 + 5) % targets).collect();
            let moved: Vec<f64> = order.iter().map(|&i| seconds[i]).collect();
            plain.target = shared(TimeType::F64, &moved);
            let (permuted, _) = everywhere(&plain);
            for row in 0..2 {
                for (t, &from) in order.iter().enumerate() {
                    let (to, from) = (row * targets + t, row * targets + from);
                    let bytes = 4 * columns;
                    assert_eq!(
                        permuted[0][to * bytes..(to + 1) * bytes],
                        outputs[0][from * bytes..(from + 1) * bytes]
                    );
                    assert_eq!(permuted[1][to], outputs[1][from]);
                }
            }
        }
    }
}
