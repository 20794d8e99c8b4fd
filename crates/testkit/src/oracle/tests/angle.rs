//! Angle.

use super::*;
use std::f64::consts::{FRAC_PI_2, PI, TAU};

/// The answers halfway between pairs of angles.
fn halves(dtype: DType, pairs: &[[f64; 2]]) -> Vec<Answer> {
    pairs.iter().map(|pair| at(dtype, *pair, 0.5)).collect()
}

fn at(dtype: DType, pair: [f64; 2], target: f64) -> Answer {
    let times = Times::F64(vec![0.0, 1.0]);
    let targets = Times::F64(vec![target]);
    let sample = |i: usize, _: usize| pair[i].into();
    let spans = one(Kind::Angle);
    let mut q = question(&times, &targets, &sample);
    q.spans = &spans;
    q.in_dtype = dtype;
    q.out_dtype = dtype;
    q.extrapolation = Extrapolation::Linear;
    answers(&q).remove(0)
}

fn admits(answer: &Answer, found: f64) -> bool {
    answer
        .check(None, None, &|_| found.into(), DType::F64)
        .is_ok()
}

#[test]
fn the_shorter_arc_is_taken_across_the_ends_of_the_circle() {
    let pairs = [
        [0.1, 0.3],
        [3.0, -3.1],
        [-3.1, 3.0],
        [0.1 + 3.0 * TAU, 0.3 - 2.0 * TAU],
    ];
    let across = (3.0 - 3.1 + TAU) / 2.0;
    let answers = halves(DType::F64, &pairs);
    for (answer, right) in answers.iter().zip([0.2, across, across, 0.2]) {
        assert_eq!(answer.mask, Some(true));
        assert!(admits(answer, right), "{answer:?}, {right}");
        assert!(!admits(answer, right + 1e-13) && !admits(answer, right - PI));
    }
    assert!(!admits(&answers[0], 0.2 + TAU));
    let bound = 2f64.powi(-51) * (PI + 0.2);
    assert!((error(&answers[0].values[0]) / bound - 1.0).abs() < 0.1);
    let bound = 2f64.powi(-22) * (PI + 6.1);
    let answer = &halves(DType::F32, &[[3.0, -3.1]])[0];
    assert!((error(&answer.values[0]) / bound - 1.0).abs() < 1e-6);
}

#[test]
fn either_end_of_the_circle_and_either_of_two_equal_arcs_is_right() {
    for pair in [[3.0, TAU - 3.0], [PI, -PI], [-PI, -PI]] {
        let answer = &halves(DType::F64, &[pair])[0];
        assert!(admits(answer, PI) && admits(answer, -PI), "{answer:?}");
        assert!(!admits(answer, 0.0));
    }
    let answer = &halves(DType::F64, &[[0.0, PI]])[0];
    assert!(admits(answer, FRAC_PI_2) && admits(answer, -FRAC_PI_2));
    let answer = &halves(DType::F64, &[[0.0, PI - 1e-9]])[0];
    assert!(admits(answer, FRAC_PI_2 - 0.5e-9) && !admits(answer, -FRAC_PI_2));
}

#[test]
fn exact_hits_and_held_ends_are_wrapped() {
    let answer = at(DType::F64, [7.0, 1.0], 0.0);
    assert!(admits(&answer, 7.0 - TAU) && !admits(&answer, 7.0));
    let answer = at(DType::F64, [7.0, f64::NAN], 0.0);
    assert!(admits(&answer, 7.0 - TAU));
    assert!(admits(&at(DType::F64, [7.0, f64::NAN], 0.5), f64::NAN));
    assert_eq!(
        at(DType::F64, [7.0, f64::INFINITY], 0.5).values,
        [Expected::Anything]
    );
}

#[test]
fn many_turns_are_taken_off_exactly_and_too_many_are_out_of_scope() {
    // 65000 times 2π, less its f64: what f64 lost of 2π counts 65000 times.
    let many = 65000.0 * TAU;
    let lost = many.mul_add(1.0, -(65000.0 * TAU)) - 65000.0 * 2.449_293_598_294_706_4e-16;
    let product_error = 65000f64.mul_add(TAU, -many);
    let expected = lost - product_error;
    let answer = at(DType::F64, [many, 0.0], 0.0);
    assert!(
        admits(&answer, expected) && !admits(&answer, 0.0),
        "{answer:?}"
    );
    assert_eq!(
        at(DType::F64, [66000.0 * TAU, 0.0], 0.5).values,
        [Expected::Anything]
    );
}

#[test]
fn the_end_brackets_arc_goes_on() {
    // From 3 to -3 it is 0.28 forward.
    let arc = TAU - 6.0;
    let answer = at(DType::F64, [3.0, -3.0], 4.0);
    assert_eq!(answer.mask, Some(false));
    assert!(admits(&answer, -3.0 + 3.0 * arc) && !admits(&answer, -3.0 + 3.0 * arc + 1e-13));
    assert!(admits(&at(DType::F64, [3.0, -3.0], -2.0), 3.0 - 2.0 * arc));
    assert_eq!(
        at(DType::F64, [3.0, -3.0], 1e20).values,
        [Expected::Anything]
    );
}
