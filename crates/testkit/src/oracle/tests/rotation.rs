//! Slerp.

use super::*;
use std::f64::consts::FRAC_1_SQRT_2;

const SPAN: [Span; 1] = [Span {
    columns: 4,
    kind: Kind::Slerp {
        order: QuaternionOrder::Xyzw,
    },
}];

/// A turn about z, in degrees, as x, y, z, w.
fn about_z(degrees: f64) -> [f64; 4] {
    let (sin, cos) = (degrees / 2.0).to_radians().sin_cos();
    [0.0, 0.0, sin, cos]
}

fn scaled(q: [f64; 4], factor: f64) -> [f64; 4] {
    q.map(|c| factor * c)
}

/// The answers to targets between samples at 0, 1, 2, ...
fn ask_f64(samples: &[[f64; 4]], targets: &[f64], set: impl Fn(&mut Question<'_>)) -> Vec<Answer> {
    let times = Times::F64((0..samples.len()).map(|i| i as f64).collect());
    let targets = Times::F64(targets.to_vec());
    let sample = |i: usize, column: usize| samples[i][column].into();
    let mut q = question(&times, &targets, &sample);
    q.spans = &SPAN;
    q.in_dtype = DType::F64;
    q.out_dtype = DType::F64;
    set(&mut q);
    answers(&q)
}

fn admits(answer: &Answer, mask: u8, q: [f64; 4]) -> bool {
    let found = |column: usize| q[column].into();
    answer.check(Some(mask), None, &found, DType::F64).is_ok()
}

#[test]
fn a_turn_is_divided_evenly_whatever_length_and_sign() {
    let samples = [scaled(about_z(10.0), 3.0), scaled(about_z(100.0), -0.5)];
    let answers = ask_f64(&samples, &[0.0, 1.0 / 3.0, 0.5, 1.0], |_| ());
    for (answer, degrees) in answers.iter().zip([10.0, 40.0, 55.0, 100.0]) {
        let right = about_z(degrees);
        assert!(admits(answer, 1, right) && admits(answer, 1, scaled(right, -1.0)));
        assert!(!admits(answer, 1, about_z(degrees + 1e-9)));
        assert!(!admits(answer, 1, scaled(right, 1.0 + 1e-12)));
        let mut one_sign = right;
        one_sign[2] = -one_sign[2];
        assert!(!admits(answer, 1, one_sign) && !admits(answer, 0, right));
        assert_eq!(error(&answer.values[0]), 1e-14);
    }
    // From 10 to 300 degrees the shorter way is backwards.
    let samples = [about_z(10.0), about_z(300.0)];
    let answer = &ask_f64(&samples, &[0.5], |_| ())[0];
    assert!(admits(answer, 1, about_z(-25.0)) && !admits(answer, 1, about_z(155.0)));
    let answer = &ask_f64(&samples, &[0.5], |q| q.in_dtype = DType::F32)[0];
    assert_eq!(error(&answer.values[0]), 1e-6);
}

#[test]
fn opposite_quaternions_are_one_rotation_and_opposite_rotations_have_two_arcs() {
    let same = [about_z(50.0), scaled(about_z(50.0), -1.0)];
    assert!(admits(&ask_f64(&same, &[0.3], |_| ())[0], 1, about_z(50.0)));
    let half_turn = [about_z(0.0), about_z(180.0)];
    let answer = &ask_f64(&half_turn, &[0.5], |_| ())[0];
    assert!(admits(answer, 1, about_z(90.0)) && admits(answer, 1, about_z(-90.0)));
    assert!(!admits(answer, 1, about_z(80.0)));
    let less = [about_z(0.0), about_z(179.9)];
    let answer = &ask_f64(&less, &[0.5], |_| ())[0];
    assert!(admits(answer, 1, about_z(89.95)) && !admits(answer, 1, about_z(-90.05)));
}

#[test]
fn tiny_turns_keep_their_precision() {
    let samples = [about_z(0.0), [0.0, 0.0, 1e-9, 1.0]];
    let values = numbers(&ask_f64(&samples, &[0.25], |_| ())[0].values);
    assert!((values[2] / 0.25e-9 - 1.0).abs() < 1e-15 && values[3] == 1.0);
}

#[test]
fn zero_quaternions_are_invalid_and_nan_is_not() {
    let nan = f64::NAN;
    let samples = [
        [0.0; 4],
        about_z(0.0),
        [0.0, nan, 0.0, 1.0],
        about_z(0.0),
        about_z(0.0),
    ];
    let targets = [0.0, 0.5, 1.0, 1.5, 3.5, -1.0];
    let kept = ask_f64(&samples, &targets, |_| ());
    for (answer, mask) in kept.iter().zip([0, 0, 1, 1, 1, 0]) {
        assert_eq!(answer.mask, Some(mask == 1));
    }
    for i in [0, 1, 3, 5] {
        assert!(admits(&kept[i], kept[i].mask.unwrap().into(), [nan; 4]));
    }
    for i in [2, 4] {
        assert!(admits(&kept[i], 1, about_z(0.0)));
    }
    let filled = ask_f64(&samples, &targets, |q| q.invalid_fills = true);
    for i in [0, 1, 5] {
        assert!(admits(&filled[i], 0, [-7.0; 4]));
    }
    assert!(admits(&filled[3], 1, [nan; 4]));
}

#[test]
fn quaternions_whose_squares_the_type_cannot_hold_are_left_open() {
    let samples = [
        [0.0, 0.0, 0.0, 1e-30],
        about_z(0.0),
        [0.0, 0.0, 0.0, 1e30],
        about_z(0.0),
    ];
    let in_f32 = ask_f64(&samples, &[0.5, 1.5], |q| q.in_dtype = DType::F32);
    assert_eq!(in_f32[0].mask, None);
    assert_eq!(in_f32[1].mask, Some(true));
    for answer in &in_f32 {
        assert_eq!(answer.values, [Expected::Anything; 4]);
    }
    for answer in ask_f64(&samples, &[0.5, 1.5], |_| ()) {
        assert!(admits(&answer, 1, about_z(0.0)));
    }
}

#[test]
fn several_in_one_span_are_turned_one_by_one() {
    let times = Times::F64(vec![0.0, 1.0]);
    let targets = Times::F64(vec![0.5]);
    let rows = [
        [about_z(0.0), about_z(90.0)].concat(),
        [about_z(90.0), scaled(about_z(0.0), -1.0)].concat(),
    ];
    let sample = |i: usize, column: usize| rows[i][column].into();
    let spans = [Span {
        columns: 8,
        kind: Kind::Slerp {
            order: QuaternionOrder::Wxyz,
        },
    }];
    let mut q = question(&times, &targets, &sample);
    q.spans = &spans;
    let answer = &answers(&q)[0];
    let half = about_z(45.0);
    for signs in [[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]] {
        let found = signs.map(|sign| scaled(half, sign)).concat();
        let found = |column: usize| round_to(DType::F32, found[column]).into();
        answer.check(Some(1), None, &found, DType::F32).unwrap();
    }
    assert!((numbers(&answer.values)[2] - 0.382_683_432_365_089_8).abs() < 1e-15);
    // A zero in one of them leaves the other as it is.
    let sample = |i: usize, column: usize| {
        if column < 4 {
            0.0.into()
        } else {
            sample(i, column)
        }
    };
    q.sample = &sample;
    let answer = &answers(&q)[0];
    assert_eq!(answer.mask, Some(false));
    assert!(number(&answer.values[3]).is_nan() && number(&answer.values[7]).abs() > 0.9);
}

#[test]
fn the_turn_goes_on_beyond_the_ends() {
    let samples = [about_z(0.0), about_z(20.0), about_z(50.0)];
    let answers = ask_f64(&samples, &[-2.0, 3.0, 5.0, 1e20], |q| {
        q.extrapolation = Extrapolation::Linear;
    });
    for (answer, degrees) in answers.iter().zip([-40.0, 80.0, 140.0]) {
        assert!(admits(answer, 0, about_z(degrees)) && answer.outside);
        assert!(!admits(answer, 0, about_z(degrees + 1e-9)));
    }
    // w is 4 there.
    assert_eq!(error(&answers[2].values[0]), 1e-14 * 5.0);
    assert_eq!(answers[3].values, [Expected::Anything; 4]);
    let held = &ask_f64(&[scaled(about_z(90.0), 2.0)], &[-1.0], |_| ())[0];
    assert!(admits(held, 0, [0.0, 0.0, FRAC_1_SQRT_2, FRAC_1_SQRT_2]));
}
