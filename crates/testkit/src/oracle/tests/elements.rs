//! Integers, fill values and ages.

use super::*;

const BIG: i64 = (1 << 53) + 1;

#[test]
fn integers_are_copied_whole_and_rounded_once() {
    let times = Times::F64(vec![0.0, 1.0]);
    let targets = Times::F64(vec![0.5, f64::NAN, -1.0]);
    let sample = |i: usize, _: usize| [BIG, -3][i].into();
    let spans = one(Kind::Previous);
    let mut q = question(&times, &targets, &sample);
    q.spans = &spans;
    q.in_dtype = DType::I64;
    q.out_dtype = DType::I64;
    q.extrapolation = Extrapolation::Nan;
    q.fill = -1e300;
    let found = answers(&q);
    let check = |answer: &Answer, mask, number: Number, dtype| {
        answer.check(Some(mask), None, &|_| number, dtype)
    };
    check(&found[0], 1, BIG.into(), DType::I64).unwrap();
    check(&found[0], 1, (BIG - 1).into(), DType::I64).unwrap_err();
    // Integers have no NaN.
    check(&found[1], 0, i64::MIN.into(), DType::I64).unwrap();
    check(&found[2], 0, i64::MIN.into(), DType::I64).unwrap();
    q.out_dtype = DType::F32;
    q.fill = 0.1;
    let found = answers(&q);
    let rounded = |x: f32| Number::from(f64::from(x));
    check(&found[0], 1, rounded(2f32.powi(53)), DType::F32).unwrap();
    check(&found[1], 0, rounded(f32::NAN), DType::F32).unwrap();
    check(&found[2], 0, rounded(0.1), DType::F32).unwrap();
}

#[test]
fn ages_are_differences_in_the_axis_type() {
    let sample = |i: usize, _: usize| ROW[i].into();
    let ages = |times: Times, targets: Times, offset| {
        let mut q = question(&times, &targets, &sample);
        q.offset = offset;
        let answers = answers(&q);
        answers.iter().map(|answer| answer.age).collect::<Vec<_>>()
    };
    let found = ages(
        Times::F64(vec![0.0, 1.0, 1.0]),
        Times::F64(vec![-0.5, f64::NAN, 0.0, 0.25, 1.1, 4.0]),
        None,
    );
    assert!(found[0].is_nan() && found[1].is_nan());
    // The difference is rounded to f32, not the two times.
    assert_eq!(found[2..], [0.0, 0.25, (1.1f64 - 1.0) as f32, 3.0]);
    let found = ages(Times::F32(vec![0.1]), Times::F32(vec![0.7]), None);
    assert_eq!(found, [0.7f32 - 0.1]);
    let found = ages(
        Times::I64(vec![i64::MIN]),
        Times::I64(vec![i64::MAX, i64::MIN + (1 << 24) + 5]),
        Some(TimeScalar::I64(4)),
    );
    assert_eq!(found, [2f32.powi(64), 2f32.powi(24)]);
    assert!(ages(Times::F64(vec![]), Times::F64(vec![0.0]), None)[0].is_nan());
}

#[test]
fn of_two_zeros_the_nearer_by_a_hair_may_be_either() {
    // Both distances round to a half.
    let times = Times::F32(vec![1e-4, 1.0001]);
    let targets = Times::F32(vec![0.5001, 0.4, 0.6]);
    let row = [-0.0, 0.0];
    let sample = |i: usize, _: usize| row[i].into();
    let spans = one(Kind::Nearest);
    let mut q = question(&times, &targets, &sample);
    q.spans = &spans;
    let answers = answers(&q);
    let right = |t: usize, value: f64| {
        answers[t]
            .check(None, None, &|_| value.into(), DType::F32)
            .is_ok()
    };
    assert_eq!((right(0, -0.0), right(0, 0.0)), (true, true));
    assert_eq!((right(1, -0.0), right(1, 0.0)), (true, false));
    assert_eq!((right(2, -0.0), right(2, 0.0)), (false, true));
}
