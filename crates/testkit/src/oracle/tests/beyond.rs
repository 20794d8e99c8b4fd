//! Targets outside of the range.

use super::*;

fn ask_kind(kind: Kind, times: &[f64], targets: &[f64], how: Extrapolation) -> Vec<(bool, f64)> {
    let (times, targets) = (Times::F64(times.to_vec()), Times::F64(targets.to_vec()));
    let sample = |i: usize, _: usize| ROW[i].into();
    let spans = one(kind);
    let mut q = question(&times, &targets, &sample);
    q.spans = &spans;
    q.extrapolation = how;
    ask(&q)
}

#[test]
fn slopes_go_on() {
    let times = [0.0, 1.0, 2.0, 4.0];
    let targets = [-3.0, 5.0];
    let of = |kind| ask_kind(kind, &times, &targets, Extrapolation::Linear);
    // Slopes 10, 10, 10: the line through the first two samples and the last two.
    assert_eq!(of(Kind::Linear), [(false, -20.0), (false, 60.0)]);
    assert_eq!(of(Kind::Cubic), [(false, -20.0), (false, 60.0)]);
    assert_eq!(of(Kind::Pchip), [(false, -20.0), (false, 60.0)]);
    assert_eq!(of(Kind::Nearest), [(false, 10.0), (false, 50.0)]);
    assert_eq!(of(Kind::Previous), [(false, 10.0), (true, 50.0)]);
    assert_eq!(of(Kind::Next), [(true, 10.0), (false, 50.0)]);
    // Slopes 10, 10, 20 at widths 1: only Pchip looks past the last bracket, (3 * 20 - 10) / 2 = 25.
    let times = [0.0, 1.0, 2.0, 3.0];
    let last = |kind| ask_kind(kind, &times, &[4.0], Extrapolation::Linear)[0];
    assert_eq!(last(Kind::Linear), (false, 70.0));
    assert_eq!(last(Kind::Cubic), (false, 70.0));
    assert_eq!(last(Kind::Pchip), (false, 75.0));
}

#[test]
fn ends_without_a_slope_hold() {
    let doubled = [0.0, 0.0, 4.0, 4.0];
    let kinds = [Kind::Linear, Kind::Cubic, Kind::Pchip];
    for kind in kinds {
        let found = ask_kind(kind, &doubled, &[-1.0, 5.0], Extrapolation::Linear);
        assert_eq!(found, [(false, 10.0), (false, 50.0)]);
        let found = ask_kind(kind, &[0.0], &[-1.0, 5.0], Extrapolation::Linear);
        assert_eq!(found, [(false, 10.0), (false, 10.0)]);
        let found = ask_kind(kind, &[], &[1.0], Extrapolation::Linear);
        assert_eq!(found, [(false, -7.0)]);
    }
}

#[test]
fn far_targets_have_a_wider_bound_and_the_farthest_none() {
    let times = Times::F64(vec![0.0, 1.0, 2.0]);
    let targets = Times::F64(vec![1001.0, -1e37, f64::INFINITY, f64::NEG_INFINITY]);
    let sample = |i: usize, _: usize| ROW[i].into();
    for (kind, unit) in [
        (Kind::Linear, 4.0 * 2f64.powi(-24)),
        (Kind::Cubic, 1e-5),
        (Kind::Pchip, 2e-6),
    ] {
        let spans = one(kind);
        let mut q = question(&times, &targets, &sample);
        q.spans = &spans;
        q.extrapolation = Extrapolation::Linear;
        let answers = answers(&q);
        let near = answers[0].values[0];
        assert_eq!(number(&near), 30.0 + 999.0 * 10.0);
        // w is 1000, M 30, Δ 10.
        assert!(
            (error(&near) / (unit * 10030.0) - 1.0).abs() < 1e-6,
            "{kind:?}"
        );
        for answer in &answers[1..] {
            assert_eq!(answer.values, [Expected::Anything]);
            assert_eq!(answer.mask, Some(false));
        }
    }
}

#[test]
fn end_slopes_that_cancel_leave_the_bound_as_it_was() {
    let times = Times::F64(vec![0.0, 1.0, 2.0, 3.0, 4.0]);
    let targets = Times::F64(vec![-1000.0, 1004.0]);
    // The slope at either end is 2^-10, what is left of 1.
    let row = [0.0, 1.0, 4.0 - 2f64.powi(-9), 1.0, 0.0];
    let sample = |i: usize, _: usize| row[i].into();
    let spans = one(Kind::Pchip);
    let mut q = question(&times, &targets, &sample);
    q.spans = &spans;
    q.extrapolation = Extrapolation::Linear;
    for answer in answers(&q) {
        let near = answer.values[0];
        assert!((number(&near) + 1000.0 * 2f64.powi(-10)).abs() < 1e-9);
        assert!(error(&near) > 2e-6 * 1000.0 && error(&near) < 2e-6 * 1010.0);
    }
}

#[test]
fn samples_that_shape_no_end_slope_do_not_poison_it() {
    let row = [1.0, 2.0, f64::NAN, 4.0, 5.0, 6.0];
    let times = Times::F64(vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    let targets = Times::F64(vec![-1.0, 6.0]);
    let sample = |i: usize, _: usize| row[i].into();
    let of = |kind| {
        let spans = one(kind);
        let mut q = question(&times, &targets, &sample);
        q.spans = &spans;
        q.extrapolation = Extrapolation::Linear;
        ask(&q).iter().map(|answer| answer.1).collect::<Vec<_>>()
    };
    assert_eq!(of(Kind::Linear), [0.0, 7.0]);
    assert_eq!(of(Kind::Cubic), [0.0, 7.0]);
    let pchip = of(Kind::Pchip);
    assert!(pchip[0].is_nan() && pchip[1] == 7.0);
}

#[test]
fn an_error_tells_the_first_target_outside() {
    let times = Times::F64(vec![0.0, 1.0]);
    let targets = Times::F64(vec![f64::NAN, 0.0, 2.0, -1.0]);
    let sample = |i: usize, _: usize| ROW[i].into();
    let mut q = question(&times, &targets, &sample);
    q.extrapolation = Extrapolation::Error;
    let first = |kinds: &[Kind], q: &mut Question<'_>| {
        let spans: Vec<_> = kinds
            .iter()
            .map(|&kind| Span { columns: 1, kind })
            .collect();
        first_outside(&answers(&Question {
            spans: &spans,
            ..*q
        }))
    };
    assert_eq!(ask(&q)[1..], [(true, 10.0), (false, 20.0), (false, 10.0)]);
    assert_eq!(first(&[Kind::Linear], &mut q), Some(2));
    assert_eq!(first(&[Kind::Previous], &mut q), Some(3));
    assert_eq!(first(&[Kind::Next], &mut q), Some(2));
    assert_eq!(first(&[Kind::Previous, Kind::Nearest], &mut q), Some(2));
    assert_eq!(first(&[Kind::Nearest, Kind::Previous], &mut q), Some(2));
    let none = Times::F64(Vec::new());
    q.times = &none;
    assert_eq!(first(&[Kind::Linear], &mut q), None);
}

#[test]
fn a_cubic_that_may_lie_on_the_end_is_open_and_one_beyond_it_is_not() {
    let times = Times::F64(vec![0.0, 1.0, 3.0]);
    let row = [f64::NAN, 1.0, 2.0];
    let sample = |i: usize, _: usize| row[i].into();
    let spans = one(Kind::Cubic);
    let at = |target: f64| {
        let targets = Times::F64(vec![target]);
        let mut q = question(&times, &targets, &sample);
        q.spans = &spans;
        q.in_dtype = DType::F64;
        q.out_dtype = DType::F64;
        q.extrapolation = Extrapolation::Linear;
        answers(&q)[0].values[0]
    };
    // Inside, the NaN shapes the tangent; beyond, the line through the last two samples goes on.
    assert!(number(&at(2.9)).is_nan());
    assert_eq!(at(3f64.next_up()), Expected::Anything);
    for target in [3f64.next_up().next_up(), 3.0 + 1e-12, 3.1, 5.0] {
        let found = at(target);
        let line = 2.0 + (target - 3.0) / 2.0;
        assert!(
            (number(&found) - line).abs() <= 1e-15,
            "{target}: {found:?}"
        );
        assert!(error(&found) < 1e-12, "{target}: {found:?}");
    }
}
