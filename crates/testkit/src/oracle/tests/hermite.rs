//! Cubic and Pchip.

use super::*;

#[test]
fn a_parabola_is_kept_where_both_tangents_are_its_own() {
    let times = [0.0, 1.0, 3.0, 4.0, 8.0];
    let row = times.map(|t| t * t);
    let found = column(Kind::Cubic, &times, &row, &[1.0, 1.5, 3.5, 4.0]);
    assert_eq!(found[0], Expected::Exactly(1.0.into()));
    assert!((number(&found[1]) - 2.25).abs() < 1e-15);
    assert!((number(&found[2]) - 12.25).abs() < 1e-14);
    assert_eq!(found[3], Expected::Exactly(16.0.into()));
    // In the first bracket the left tangent is the secant's 1, the right one the parabola's 2:
    // 0.5 * 0 + 0.5 * 1 + (1 - 2) / 8.
    assert_eq!(numbers(&column(Kind::Cubic, &times, &row, &[0.5])), [0.375]);
    // In the last one 8 and 12, times the width 4: (16 + 64) / 2 + (32 - 48) / 8.
    assert_eq!(numbers(&column(Kind::Cubic, &times, &row, &[6.0])), [38.0]);
}

#[test]
fn two_samples_or_equal_times_on_both_sides_make_a_line() {
    let row = [9.0, 1.0, 2.0, 7.0];
    for kind in [Kind::Cubic, Kind::Pchip] {
        let pair = column(kind, &[0.0, 4.0], &row, &[1.0, 3.0]);
        assert_eq!(numbers(&pair), [7.0, 3.0]);
        // Of the first two samples the second starts the bracket; its end is the third.
        let doubled = column(kind, &[0.0, 0.0, 4.0, 4.0], &row, &[1.0, 3.0]);
        assert_eq!(numbers(&doubled), [1.25, 1.75]);
    }
}

#[test]
fn equal_times_beyond_a_knot_leave_the_brackets_slope() {
    // The left tangent is the bracket's, 1; the right one shaped by the sample at 3.
    let (times, row) = ([0.0, 0.0, 1.0, 2.0], [-5.0, 0.0, 1.0, 4.0]);
    // Cubic: (1 + 3) / 2 = 2; Pchip: 6 / (3/1 + 3/3) = 1.5.
    assert_eq!(
        numbers(&column(Kind::Cubic, &times, &row, &[0.5])),
        [0.5 + (1.0 - 2.0) / 8.0]
    );
    assert_eq!(
        numbers(&column(Kind::Pchip, &times, &row, &[0.5])),
        [0.5 + (1.0 - 1.5) / 8.0]
    );
    // Mirrored in time: slopes are negated, values are not.
    let (times, row) = ([0.0, 1.0, 2.0, 2.0], [4.0, 1.0, 0.0, -5.0]);
    assert_eq!(
        numbers(&column(Kind::Pchip, &times, &row, &[1.5])),
        [0.5 + (-1.5 + 1.0) / 8.0]
    );
    // An end knot whose next bracket has no width.
    let (times, row) = ([0.0, 1.0, 1.0, 2.0], [0.0, 1.0, 3.0, 4.0]);
    assert_eq!(
        numbers(&column(Kind::Pchip, &times, &row, &[0.5, 1.5])),
        [0.5, 3.5]
    );
}

#[test]
fn pchip_is_flat_at_turns_and_bends_ends_by_its_rule() {
    // Slopes 1, -1, 0, 2. At the first end (3 * 1 + 1) / 2 = 2; at 1 and 2 none; at 3 none; at the
    // last end (3 * 2 - 0) / 2 = 3.
    let times = [0.0, 1.0, 2.0, 3.0, 4.0];
    let row = [0.0, 1.0, 0.0, 0.0, 2.0];
    let found = numbers(&column(Kind::Pchip, &times, &row, &[0.5, 1.5, 2.5, 3.5]));
    assert_eq!(found, [0.5 + 2.0 / 8.0, 0.5, 0.0, 1.0 - 3.0 / 8.0]);
    // Slopes 1 and -9: the rule's 6 is cut to 3. Slopes 1 and 4: its -0.5 to 0.
    let first = |row: &[f64]| number(&column(Kind::Pchip, &times[..3], row, &[0.5])[0]);
    assert_eq!(first(&[0.0, 1.0, -8.0]), 0.5 + 3.0 / 8.0);
    assert_eq!(first(&[0.0, 1.0, 5.0]), 0.5 - (2.0 / (1.0 + 0.25)) / 8.0);
    // Widths 1 and 2, slopes 1 and 2: (5 + 4) / (5 / 1 + 4 / 2) between, (4 - 2) / 3 at the end.
    let found = column(Kind::Pchip, &[0.0, 1.0, 3.0], &[0.0, 1.0, 5.0], &[0.5]);
    let expected = 0.5 + (2.0 / 3.0 - 9.0 / 7.0) / 8.0;
    assert!((number(&found[0]) - expected).abs() < 1e-15);
}

#[test]
fn nan_reaches_as_far_as_samples_are_used() {
    let nan = f64::NAN;
    let times = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
    let row = [nan, 0.0, 1.0, 2.0, 3.0, 4.0];
    let targets = [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.5, 4.5];
    for kind in [Kind::Cubic, Kind::Pchip] {
        let found = numbers(&column(kind, &times, &row, &targets));
        assert!(found[0].is_nan() && found[1].is_nan() && found[3].is_nan());
        assert_eq!(found[2], 0.0);
        assert_eq!(found[4..], [1.0, 1.5, 2.5, 3.5]);
        // At the same time as the knot it is not used.
        let found = column(kind, &[1.0, 1.0, 2.0, 3.0], &row, &[1.0, 1.5, 2.5]);
        assert_eq!(numbers(&found), [0.0, 0.5, 1.5]);
    }
    // A slope of zero does not hide the other one's NaN.
    let found = column(Kind::Pchip, &times[..3], &[nan, 1.0, 1.0], &[1.5]);
    assert!(number(&found[0]).is_nan());
    // Nor is it sure that it is in a bracket whose width is next to nothing.
    let row = [nan, 0.0, 1.0, nan];
    let found = column(Kind::Cubic, &[0.0, 1e-200, 1.0, 2.0], &row, &[0.5, 1.5]);
    assert_eq!(found[0], Expected::Anything);
    assert!(number(&found[1]).is_nan());
    // An infinite sample leaves NaN and infinities open, but no more than NaN does.
    let row = [f64::INFINITY, 0.0, 1.0, 2.0];
    let found = column(Kind::Cubic, &times[..4], &row, &[0.5, 1.5, 2.5]);
    assert_eq!(found[..2], [Expected::Anything; 2]);
    assert_eq!(number(&found[2]), 1.5);
}

#[test]
fn the_bound_grows_with_tangents_and_ends_with_the_type() {
    let (times, row) = ([0.0, 1e-3, 1.0, 2.0], [0.0, 1.0, 1.0, 1.0]);
    let near = column(Kind::Cubic, &times, &row, &[0.5, 1.5]);
    // The tangent at 1e-3 is about 1000.
    assert!(error(&near[0]) > 900.0 * 1e-5 * 2f64.powi(-29));
    assert!(error(&near[1]) < 1.1 * 1e-5 * 2f64.powi(-29));
    let times = Times::F32(vec![0.0, 1.0, 2.0]);
    let targets = Times::F32(vec![0.5, 1.5]);
    let spans = one(Kind::Cubic);
    for (large, open) in [(1e36, false), (2e37, true)] {
        let sample = |i: usize, _: usize| [0.0, large, 0.0][i].into();
        let mut q = question(&times, &targets, &sample);
        q.spans = &spans;
        for answer in answers(&q) {
            assert_eq!(answer.values[0] == Expected::Anything, open);
            if !open {
                assert!((error(&answer.values[0]) / (1e-5 * large) - 1.0).abs() < 1e-6);
            }
        }
    }
}
