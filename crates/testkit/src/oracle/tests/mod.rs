//! The oracle against answers worked out by hand.

use super::kinds::linear::blend;
use super::*;

mod angle;
mod beyond;
mod bounds;
mod elements;
mod hermite;
mod rotation;

const LINEAR: [Span; 1] = one(Kind::Linear);

const fn one(kind: Kind) -> [Span; 1] {
    [Span { columns: 1, kind }]
}

fn question<'a>(
    times: &'a Times,
    targets: &'a Times,
    sample: &'a dyn Fn(usize, usize) -> Number,
) -> Question<'a> {
    Question {
        times,
        targets,
        sample,
        spans: &LINEAR,
        in_dtype: DType::F32,
        out_dtype: DType::F32,
        extrapolation: Extrapolation::Hold,
        offset: None,
        tolerance: None,
        max_gap: None,
        invalid_fills: false,
        fill: -7.0,
    }
}

fn number(expected: &Expected) -> f64 {
    match *expected {
        Expected::Exactly(value) => value.float(),
        Expected::Near { value, .. } => value,
        Expected::Anything => panic!("anything"),
    }
}

fn error(expected: &Expected) -> f64 {
    match *expected {
        Expected::Near { error, .. } => error,
        _ => panic!("{expected:?}"),
    }
}

/// Mask and value of each target.
fn ask(question: &Question<'_>) -> Vec<(bool, f64)> {
    answers(question)
        .iter()
        .map(|answer| (answer.mask.unwrap(), number(&answer.values[0])))
        .collect()
}

/// The expectations of one column of f64 samples, in f64 on an f64 axis.
fn column(kind: Kind, times: &[f64], row: &[f64], targets: &[f64]) -> Vec<Expected> {
    let (times, targets) = (Times::F64(times.to_vec()), Times::F64(targets.to_vec()));
    let sample = |i: usize, _: usize| row[i].into();
    let spans = one(kind);
    let mut q = question(&times, &targets, &sample);
    q.spans = &spans;
    q.in_dtype = DType::F64;
    q.out_dtype = DType::F64;
    let answers = answers(&q);
    answers.iter().map(|answer| answer.values[0]).collect()
}

fn numbers(expected: &[Expected]) -> Vec<f64> {
    expected.iter().map(number).collect()
}

const ROW: [f64; 4] = [10.0, 20.0, 30.0, 50.0];

#[test]
fn kinds_inside_and_outside_of_the_range() {
    // Two samples at 1.0: the later one is the hit.
    let times = Times::F64(vec![0.0, 1.0, 1.0, 3.0]);
    let targets = Times::F64(vec![-1.0, 0.5, 1.0, 2.0, 2.5, 3.0, 4.0]);
    let sample = |i: usize, _: usize| ROW[i].into();
    let mut q = question(&times, &targets, &sample);
    let (t, f) = (true, false);
    assert_eq!(
        ask(&q),
        [
            (f, 10.0),
            (t, 15.0),
            (t, 30.0),
            (t, 40.0),
            (t, 45.0),
            (t, 50.0),
            (f, 50.0)
        ]
    );
    let spans = one(Kind::Previous);
    q.spans = &spans;
    assert_eq!(
        ask(&q),
        [
            (f, 10.0),
            (t, 10.0),
            (t, 30.0),
            (t, 30.0),
            (t, 30.0),
            (t, 50.0),
            (t, 50.0)
        ]
    );
    let spans = one(Kind::Next);
    q.spans = &spans;
    q.extrapolation = Extrapolation::Nan;
    assert_eq!(
        ask(&q),
        [
            (t, 10.0),
            (t, 20.0),
            (t, 30.0),
            (t, 50.0),
            (t, 50.0),
            (t, 50.0),
            (f, -7.0)
        ]
    );
    let spans = one(Kind::Nearest);
    q.spans = &spans;
    assert_eq!(
        ask(&q),
        [
            (f, -7.0),
            (t, 10.0),
            (t, 30.0),
            (t, 30.0),
            (t, 50.0),
            (t, 50.0),
            (f, -7.0)
        ]
    );
}

#[test]
fn limits_empty_rows_and_offsets() {
    let times = Times::I64(vec![0, 10, 40]);
    let targets = Times::I64(vec![15, 21, 45, 50]);
    let sample = |i: usize, _: usize| ROW[i].into();
    let mut q = question(&times, &targets, &sample);
    q.offset = Some(TimeScalar::I64(5)); // q = 10, 16, 40, 45
    q.max_gap = Some(TimeScalar::I64(29));
    assert_eq!(
        ask(&q),
        [(true, 20.0), (false, 22.0), (true, 30.0), (false, 30.0)]
    );
    q.invalid_fills = true;
    assert_eq!(
        ask(&q),
        [(true, 20.0), (false, -7.0), (true, 30.0), (false, 30.0)]
    );
    q.max_gap = Some(TimeScalar::I64(30));
    q.tolerance = Some(TimeScalar::I64(24));
    assert_eq!(ask(&q)[1], (true, 22.0));
    q.tolerance = Some(TimeScalar::I64(23));
    assert_eq!(ask(&q)[1], (false, -7.0));
    let spans = one(Kind::Previous);
    q.spans = &spans;
    q.tolerance = Some(TimeScalar::I64(4));
    assert_eq!(
        ask(&q),
        [(true, 20.0), (false, -7.0), (true, 30.0), (false, -7.0)]
    );
    let none = Times::I64(Vec::new());
    q.times = &none;
    assert_eq!(ask(&q), [(false, -7.0); 4]);
}

#[test]
fn targets_that_are_no_numbers() {
    let times = Times::F32(vec![0.0, 1.0]);
    let targets = Times::F32(vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY]);
    let sample = |i: usize, _: usize| ROW[i].into();
    let found = ask(&question(&times, &targets, &sample));
    assert!(!found[0].0 && found[0].1.is_nan());
    assert_eq!(found[1..], [(false, 20.0), (false, 10.0)]);
}

#[test]
fn what_is_admitted() {
    let admits = |expected: Expected, found: f64, dtype| expected.admits(found.into(), dtype);
    let exactly = |value: f64| Expected::Exactly(value.into());
    assert!(admits(exactly(0.0), 0.0, DType::F32) && !admits(exactly(0.0), -0.0, DType::F32));
    assert!(admits(exactly(f64::NAN), -f64::NAN, DType::F32));
    // A copy into a narrower type is rounded once.
    assert!(admits(exactly(0.1), f64::from(0.1f32), DType::F32));
    assert!(!admits(exactly(0.1), 0.1, DType::F32));
    assert!(admits(Expected::Anything, f64::NAN, DType::F32));
    let Expected::Near { value, error } = blend(1.0, 2.0, 0.25, DType::F32) else {
        panic!("not a blend")
    };
    assert_eq!(value, 1.25);
    assert!(error < 4.0 * f64::from(f32::EPSILON));
    let near = Expected::Near { value, error };
    assert!(admits(near, 1.25, DType::F32) && !admits(near, 1.250_001, DType::F32));
    assert!(admits(near, 1.25, DType::F16) && !admits(near, 1.251, DType::F16));
}

#[test]
fn infinities_follow_the_formula() {
    let inf = f64::INFINITY;
    let of = |a, b, weight, dtype| match blend(a, b, weight, dtype) {
        Expected::Exactly(value) => value.float(),
        near => panic!("{near:?}"),
    };
    assert_eq!(of(1.0, inf, 0.25, DType::F32), inf);
    assert!(of(1.0, inf, 0.75, DType::F32).is_nan());
    assert!(of(f64::NAN, 1.0, 0.75, DType::F32).is_nan());
    // The difference of the two is beyond f32, but not beyond f64.
    assert_eq!(of(-3e38, 3e38, 0.25, DType::F32), inf);
    assert!(matches!(
        blend(-3e38, 3e38, 0.25, DType::F64),
        Expected::Near { .. }
    ));
}

#[test]
fn a_nearly_exact_middle_admits_both_samples_and_an_exact_one_does_not() {
    let sample = |i: usize, _: usize| ROW[i].into();
    let times = Times::F32(vec![-1.0e-9, 2.0]);
    let targets = Times::F32(vec![1.0]);
    let mut q = question(&times, &targets, &sample);
    let spans = one(Kind::Nearest);
    q.spans = &spans;
    let answer = &answers(&q)[0];
    for value in [10.0, 20.0] {
        assert!(
            answer
                .check(Some(1), None, &|_| value.into(), DType::F32)
                .is_ok()
        );
    }
    assert!(
        answer
            .check(Some(1), None, &|_| 15.0.into(), DType::F32)
            .is_err()
    );
    assert!(
        answer
            .check(Some(0), None, &|_| 10.0.into(), DType::F32)
            .is_err()
    );
    let times = Times::F32(vec![0.0, 2.0]);
    q.times = &times;
    let answer = &answers(&q)[0];
    assert!(
        answer
            .check(None, None, &|_| 10.0.into(), DType::F32)
            .is_ok()
    );
    assert!(
        answer
            .check(None, None, &|_| 20.0.into(), DType::F32)
            .is_err()
    );
}

#[test]
fn a_target_is_valid_if_every_span_is() {
    // Tolerance 1 holds for the nearer sample only; each span is judged by what it uses.
    let times = Times::F64(vec![0.0, 3.0]);
    let targets = Times::F64(vec![1.0, 2.0, 3.0]);
    let sample = |i: usize, column: usize| (ROW[i] + column as f64).into();
    let kinds = [Kind::Previous, Kind::Linear, Kind::Nearest];
    let spans = kinds.map(|kind| Span { columns: 1, kind });
    let mut q = question(&times, &targets, &sample);
    q.spans = &spans;
    q.tolerance = Some(TimeScalar::F64(1.0));
    q.invalid_fills = true;
    let of = |q: &Question<'_>| {
        let masks: Vec<_> = answers(q).iter().map(|answer| answer.mask).collect();
        let values: Vec<_> = answers(q).iter().map(|a| numbers(&a.values)).collect();
        (masks, values)
    };
    let (masks, values) = of(&q);
    assert_eq!(masks, [Some(false), Some(false), Some(true)]);
    assert_eq!(values[0], [10.0, -7.0, 12.0]);
    assert_eq!(values[1], [-7.0, -7.0, 22.0]);
    assert_eq!(values[2], [20.0, 21.0, 22.0]);
    q.invalid_fills = false;
    let (masks, values) = of(&q);
    assert_eq!(masks, [Some(false), Some(false), Some(true)]);
    assert_eq!(values[1], [10.0, 11.0 + 10.0 * 2.0 / 3.0, 22.0]);
    q.spans = &spans[2..];
    assert_eq!(of(&q).0, [Some(true); 3]);
}

#[test]
fn a_group_of_columns_swaps_together() {
    let near = |value| Expected::Near { value, error: 0.1 };
    let exactly = |value: f64| Expected::Exactly(value.into());
    let answer = Answer {
        mask: None,
        age: f32::NAN,
        outside: false,
        values: vec![exactly(5.0), near(1.0), near(2.0), exactly(6.0)],
        swaps: vec![Swap {
            column: 1,
            values: vec![near(-1.0), near(-2.0)],
        }],
        or: None,
    };
    let check = |found: [f64; 4]| {
        let found = |column: usize| found[column].into();
        answer
            .check(Some(1), Some(f32::NAN), &found, DType::F32)
            .is_ok()
    };
    assert!(check([5.0, 1.0, 2.0, 6.0]) && check([5.0, -1.0, -2.0, 6.0]));
    assert!(!check([5.0, 1.0, -2.0, 6.0]) && !check([5.0, -1.0, -2.0, -6.0]));
    assert!(!check([-5.0, 1.0, 2.0, 6.0]));
    let found = |column: usize| [5.0, 1.0, 2.0, 6.0][column].into();
    assert!(answer.check(Some(0), None, &found, DType::F32).is_ok());
    assert!(answer.check(Some(2), None, &found, DType::F32).is_err());
    assert!(answer.check(None, Some(0.0), &found, DType::F32).is_err());
}
