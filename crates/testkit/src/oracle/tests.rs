//! The oracle against answers worked out by hand.

use super::*;

fn question<'a>(
    times: &'a Times,
    targets: &'a Times,
    sample: &'a dyn Fn(usize, usize) -> f64,
) -> Question<'a> {
    Question {
        times,
        targets,
        sample,
        columns: 1,
        in_dtype: DType::F32,
        out_dtype: DType::F32,
        kind: Kind::Linear,
        hold: true,
        offset: None,
        tolerance: None,
        max_gap: None,
        invalid_fills: false,
        fill: -7.0,
    }
}

/// Mask and value of each target.
fn ask(question: &Question<'_>) -> Vec<(bool, f64)> {
    answers(question)
        .iter()
        .map(|answer| {
            let value = match answer.values[0] {
                Expected::Exactly(value) | Expected::Near { value, .. } => value,
            };
            (answer.mask, value)
        })
        .collect()
}

const ROW: [f64; 4] = [10.0, 20.0, 30.0, 50.0];

#[test]
fn kinds_inside_and_outside_of_the_range() {
    // Two samples at 1.0: the later one is the hit.
    let times = Times::F64(vec![0.0, 1.0, 1.0, 3.0]);
    let targets = Times::F64(vec![-1.0, 0.5, 1.0, 2.0, 2.5, 3.0, 4.0]);
    let sample = |i: usize, _: usize| ROW[i];
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
    q.kind = Kind::Previous;
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
    q.kind = Kind::Next;
    q.hold = false;
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
    q.kind = Kind::Nearest;
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
    let sample = |i: usize, _: usize| ROW[i];
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
    q.kind = Kind::Previous;
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
    let sample = |i: usize, _: usize| ROW[i];
    let found = ask(&question(&times, &targets, &sample));
    assert!(!found[0].0 && found[0].1.is_nan());
    assert_eq!(found[1..], [(false, 20.0), (false, 10.0)]);
}

#[test]
fn what_is_admitted() {
    let copy = Expected::Exactly(0.0);
    assert!(copy.admits(0.0, DType::F32) && !copy.admits(-0.0, DType::F32));
    assert!(Expected::Exactly(f64::NAN).admits(-f64::NAN, DType::F32));
    // A copy into a narrower type is rounded once.
    assert!(Expected::Exactly(0.1).admits(f64::from(0.1f32), DType::F32));
    assert!(!Expected::Exactly(0.1).admits(0.1, DType::F32));
    let Expected::Near { value, error } = blend(1.0, 2.0, 0.25, DType::F32) else {
        panic!("not a blend")
    };
    assert_eq!(value, 1.25);
    assert!(error < 4.0 * f64::from(f32::EPSILON));
    let near = Expected::Near { value, error };
    assert!(near.admits(1.25, DType::F32) && !near.admits(1.250_001, DType::F32));
    assert!(near.admits(1.25, DType::F16) && !near.admits(1.251, DType::F16));
}

#[test]
fn infinities_follow_the_formula() {
    let inf = f64::INFINITY;
    let of = |a, b, weight, dtype| match blend(a, b, weight, dtype) {
        Expected::Exactly(value) => value,
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
    let sample = |i: usize, _: usize| ROW[i];
    let times = Times::F32(vec![-1.0e-9, 2.0]);
    let targets = Times::F32(vec![1.0]);
    let mut q = question(&times, &targets, &sample);
    q.kind = Kind::Nearest;
    let answer = &answers(&q)[0];
    for value in [10.0, 20.0] {
        assert!(answer.check(Some(1), &|_| value, DType::F32).is_ok());
    }
    assert!(answer.check(Some(1), &|_| 15.0, DType::F32).is_err());
    assert!(answer.check(Some(0), &|_| 10.0, DType::F32).is_err());
    let times = Times::F32(vec![0.0, 2.0]);
    q.times = &times;
    let answer = &answers(&q)[0];
    assert!(answer.check(None, &|_| 10.0, DType::F32).is_ok());
    assert!(answer.check(None, &|_| 20.0, DType::F32).is_err());
}
