use super::*;
use crate::seed::mix;

const MEMORY: Limit = crate::limits::MEMORY;
const LATENCY: Limit = crate::limits::LATENCY;

/// A number in -1..1.
fn noise(seed: u64, i: u64) -> f64 {
    (mix(seed.wrapping_mul(1_000_003).wrapping_add(i)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// A sample each `step` seconds.
fn series(seconds: f64, step: f64, of: impl Fn(f64, u64) -> f64) -> Vec<Point> {
    (0..=(seconds / step) as u64)
        .map(|i| (i as f64 * step, of(i as f64 * step, i)))
        .collect()
}

/// Resident memory in MB of a program that settles, with samples that resemble each other.
fn settling(seed: u64, seconds: f64, per_8_hours: f64) -> Vec<Point> {
    let mut level = 0.0;
    let mut points = series(seconds, seconds / 2000.0, |_, _| 0.0);
    for (i, point) in points.iter_mut().enumerate() {
        level = 0.9 * level + 0.5 * noise(seed, i as u64);
        let warm = 60.0 * (1.0 - (-point.0 / (0.04 * seconds)).exp());
        point.1 = 150.0 + warm + level + per_8_hours * point.0 / (8.0 * 3600.0);
    }
    points
}

#[test]
fn a_leak_of_the_budgets_size_is_found_in_eight_hours_and_noise_is_not() {
    for seed in 0..100 {
        let hours = 8.0 * 3600.0;
        let leaking = judge(&[settling(seed, hours, 110.0)], MEMORY);
        assert_eq!(leaking.verdict, Verdict::Fail, "{seed}: {leaking:?}");
        let tight = judge(&[settling(seed, hours, 0.0)], MEMORY);
        assert_eq!(tight.verdict, Verdict::Pass, "{seed}: {tight:?}");
        let small = judge(&[settling(seed, hours, 60.0)], MEMORY);
        assert_eq!(small.verdict, Verdict::Pass, "{seed}: {small:?}");
    }
}

#[test]
fn an_hour_is_enough_for_twice_the_budget_and_a_minute_for_nothing() {
    for seed in 0..100 {
        let hour = judge(&[settling(seed, 3600.0, 200.0)], MEMORY);
        assert_eq!(hour.verdict, Verdict::Fail, "{seed}: {hour:?}");
        let minute = judge(&[settling(seed, 60.0, 200.0)], MEMORY);
        assert_eq!(minute.verdict, Verdict::CannotTell, "{seed}: {minute:?}");
    }
}

#[test]
fn ten_minutes_pass_where_nothing_moves_and_cannot_tell_where_memory_settles() {
    let still = series(600.0, 0.5, |_, _| 12.0);
    assert_eq!(judge(&[still], MEMORY).verdict, Verdict::Pass);
    let hidden = (0..20)
        .map(|seed| {
            judge(
                &[series(600.0, 0.5, |_, i| 100.0 + 40.0 * noise(seed, i))],
                MEMORY,
            )
        })
        .filter(|trend| trend.rise.is_some_and(|rise| rise <= MEMORY.budget));
    let hidden: Vec<_> = hidden.map(|trend| trend.verdict).collect();
    assert!(hidden.len() >= 10, "{hidden:?}");
    assert!(
        hidden.iter().all(|&verdict| verdict == Verdict::CannotTell),
        "{hidden:?}"
    );
    let settling = series(600.0, 0.5, |t, i| 150.0 + 0.01 * t + 0.1 * noise(3, i));
    let trend = judge(&[settling], MEMORY);
    assert_eq!(trend.verdict, Verdict::CannotTell, "{trend:?}");
    assert!(trend.low.unwrap() > 0.0 && trend.rise.unwrap() > 100.0);
}

#[test]
fn short_runs_add_up() {
    let run = |seed: u64| series(240.0, 0.5, move |_, i| 100.0 + 0.5 * noise(seed, i));
    assert_eq!(judge(&[run(1)], MEMORY).verdict, Verdict::CannotTell);
    let runs: Vec<_> = (0..12).map(run).collect();
    let trend = judge(&runs, MEMORY);
    assert_eq!(trend.verdict, Verdict::Pass, "{trend:?}");
    assert!((trend.seconds - 12.0 * 192.0).abs() < 80.0);
    // Memory that starts anew in each run is no rise over all.
    let steps: Vec<_> = (0..12)
        .map(|n| series(240.0, 0.5, move |_, _| 100.0 * n as f64))
        .collect();
    assert_eq!(judge(&steps, MEMORY).verdict, Verdict::Pass);
}

#[test]
fn a_strong_leak_is_seen_at_once_and_a_start_is_not() {
    let leak = |t: f64| series(t, 0.25, |t, i| 80.0 + 12.0 * t + noise(1, i));
    assert!(!seen(&leak(10.0), MEMORY));
    let first = (10..100).find(|&t| seen(&leak(f64::from(t)), MEMORY));
    assert!(first.is_some_and(|t| t < 40), "{first:?}");
    type Course = fn(f64) -> f64;
    let cases: [(&str, Course); 4] = [
        ("settling", |t| 80.0 + 600.0 * (1.0 - (-t / 8.0).exp())),
        ("a step", |t| if t < 40.0 { 80.0 } else { 900.0 }),
        ("logarithmic", |t| 80.0 + 60.0 * (1.0 + t).ln()),
        ("a slow leak", |t| 80.0 + 0.5 * t),
    ];
    for (name, of) in cases {
        for end in 1..300 {
            let points = series(f64::from(end), 0.25, |t, i| of(t) + 3.0 * noise(2, i));
            assert!(!seen(&points, MEMORY), "{name} at {end} s");
        }
    }
    // Noise hides that it bends, but not that it slows down.
    for seed in 0..50 {
        for end in 15..120 {
            let points = series(f64::from(end), 0.25, |t, i| {
                80.0 + 900.0 * (1.0 - (-t / 8.0).exp()) + 25.0 * noise(seed, i)
            });
            assert!(!seen(&points, MEMORY), "{seed} at {end} s");
        }
    }
}

#[test]
fn looking_often_raises_no_false_alarm() {
    for seed in 0..40 {
        // Latency of a shared machine: each stretch of twenty seconds has a pace of its own.
        let points = series(600.0, 0.5, |t, i| {
            let pace = 1.0 + 0.5 * noise(seed, 1_000_000 + (t / 20.0) as u64).abs();
            300.0 * pace * (1.0 + 0.1 * noise(seed, i))
        });
        for end in (40..=points.len()).step_by(40) {
            assert!(
                !seen(&points[..end], LATENCY),
                "{seed} at {}",
                points[end - 1].0
            );
        }
        let drift = series(60.0, 0.5, |t, i| {
            300.0 * (1.0 + 0.06 * t) * (1.0 + 0.1 * noise(seed, i))
        });
        assert!(seen(&drift, LATENCY), "{seed}");
    }
}

#[test]
fn latency_needs_both_clocks() {
    let of = |verdict| Trend {
        verdict,
        reason: String::new(),
        rise: None,
        low: None,
        high: None,
        seconds: 0.0,
        pivot: None,
    };
    use Verdict::{CannotTell, Fail, Pass};
    for (clock, beside, both) in [
        (Pass, Pass, Pass),
        (Fail, Pass, Pass),
        (Pass, Fail, Pass),
        (Fail, Fail, Fail),
        (Fail, CannotTell, CannotTell),
        (CannotTell, Fail, CannotTell),
        (CannotTell, CannotTell, CannotTell),
        (CannotTell, Pass, Pass),
    ] {
        assert_eq!(
            latency(&of(clock), &of(beside)).0,
            both,
            "{clock:?} {beside:?}"
        );
    }
}

#[test]
fn exit_codes() {
    let codes = [Verdict::Pass, Verdict::Fail, Verdict::CannotTell].map(Verdict::exit_code);
    assert_eq!(codes, [0, 1, 2]);
}
