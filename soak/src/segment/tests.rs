use super::*;
use crate::limits::{LATENCY, MEMORY};
use crate::seed::mix;
use crate::tally::Cell;

fn noise(seed: u64, i: usize) -> f64 {
    (mix(seed.wrapping_mul(7919).wrapping_add(i as u64)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

fn series(name: &str, role: Role, seconds: f64, of: impl Fn(f64, usize) -> f64) -> Series {
    let step = seconds / 1200.0;
    Series {
        name: name.into(),
        unit: String::new(),
        role,
        limit: if role == Role::Judged {
            MEMORY
        } else {
            LATENCY
        },
        points: (0..=1200)
            .map(|i| (i as f64 * step, of(i as f64 * step, i)))
            .collect(),
    }
}

/// A run of good cases.
pub fn segment(seconds: f64) -> Segment {
    let cell = |variant: &str| Cell {
        op: "op".into(),
        variant: variant.into(),
        device: "cpu".into(),
        outputs: 10,
        refused: 0,
        failed: 0,
        reasons: BTreeMap::new(),
    };
    Segment {
        started: 1_800_000_000,
        seconds,
        planned: seconds,
        end: End::Done,
        smoke: false,
        plant: None,
        seed: 7,
        threads: 2,
        version: "0.1.0".into(),
        commit: None,
        devices: vec![DeviceFacts {
            id: "cpu".into(),
            name: "a CPU".into(),
            driver: None,
        }],
        probes: vec![ProbeFacts {
            name: "op on cpu".into(),
            runs: "seed 1".into(),
        }],
        tally: Tally {
            cases: 10,
            checks: 5,
            comparisons: 10,
            cells: vec![cell("op.a.cpu"), cell("op.b.cpu")],
            ..Tally::default()
        },
        series: Vec::new(),
        trends: BTreeMap::new(),
        steadiness: Vec::new(),
        telemetry: Vec::new(),
        notes: Vec::new(),
        findings: Vec::new(),
    }
}

/// Series of a run whose memory and latency go some way, with the noise of latency and yardstick.
pub fn sampled(
    seed: u64,
    seconds: f64,
    memory: fn(f64) -> f64,
    latency: fn(f64) -> f64,
    rough: (f64, f64),
) -> Vec<Series> {
    let (probe, rod) = rough;
    let clock = move |t: f64, i: usize| 300.0 * latency(t) * (1.0 + probe * noise(3 * seed, i));
    let yardstick = move |_: f64, i: usize| 100.0 * (1.0 + rod * noise(3 * seed + 1, i));
    vec![
        series("resident memory", Role::Judged, seconds, move |t, i| {
            100.0 + memory(t) + 0.01 * noise(3 * seed + 2, i)
        }),
        series("latency of op on cpu", Role::Clock, seconds, clock),
        series(
            "latency of op on cpu beside the yardstick",
            Role::Beside,
            seconds,
            move |t, i| clock(t, i) / yardstick(t, i),
        ),
        series("yardstick of op on cpu", Role::Shown, seconds, yardstick),
    ]
}

fn judged(seconds: f64, series: &[Series]) -> Segment {
    let mut segment = segment(seconds);
    segment.series = series.to_vec();
    segment.judge(series);
    segment
}

const EIGHT: f64 = 8.0 * 3600.0;

#[test]
fn the_three_outcomes() {
    let still = |seconds| sampled(1, seconds, |_| 0.0, |_| 1.0, (0.02, 0.02));
    let good = judged(EIGHT, &still(EIGHT));
    assert_eq!(good.verdict(), Verdict::Pass, "{:?}", good.findings);
    let short = judged(60.0, &still(60.0));
    assert_eq!(short.verdict(), Verdict::CannotTell, "{:?}", short.findings);
    let leak = sampled(1, EIGHT, |t| 120.0 * t / EIGHT, |_| 1.0, (0.02, 0.02));
    let leak = judged(EIGHT, &leak);
    assert_eq!(leak.verdict(), Verdict::Fail, "{:?}", leak.findings);
    let drift = sampled(1, EIGHT, |_| 0.0, |t| 1.0 + 0.2 * t / EIGHT, (0.02, 0.02));
    let drift = judged(EIGHT, &drift);
    assert_eq!(drift.verdict(), Verdict::Fail, "{:?}", drift.findings);
}

#[test]
fn a_failure_fails_however_short_the_run() {
    let mut segment = segment(10.0);
    segment.tally.failed = 1;
    segment.judge(&[]);
    assert_eq!(segment.verdict(), Verdict::Fail);
    segment.tally.failed = 0;
    segment.tally.cases = 0;
    segment.judge(&[]);
    assert_eq!(segment.verdict(), Verdict::Fail);
}

#[test]
fn a_smoke_run_asks_for_everything_but_slopes() {
    let still = sampled(1, 20.0, |_| 0.0, |_| 1.0, (0.3, 0.3));
    let mut segment = segment(20.0);
    segment.smoke = true;
    segment.series = still.clone();
    segment.judge(&still);
    assert_eq!(segment.verdict(), Verdict::Pass, "{:?}", segment.findings);
    let spoil: [fn(&mut Segment); 6] = [
        |segment| segment.tally.checks = 0,
        |segment| segment.tally.comparisons = 0,
        |segment| {
            segment
                .tally
                .cells
                .iter_mut()
                .for_each(|cell| cell.outputs = 0)
        },
        |segment| segment.series.retain(|series| series.role != Role::Judged),
        |segment| segment.series.retain(|series| series.role != Role::Clock),
        |segment| segment.tally.failed = 1,
    ];
    for (index, spoil) in spoil.iter().enumerate() {
        let mut bad = segment.clone();
        spoil(&mut bad);
        bad.judge(&still);
        assert_eq!(bad.verdict(), Verdict::Fail, "{index}");
    }
}

#[test]
fn unsteady_latency_is_a_fault_on_a_calm_machine_only() {
    let of = |rough| {
        let segment = judged(EIGHT, &sampled(1, EIGHT, |_| 0.0, |_| 1.0, rough));
        let found = segment
            .findings
            .iter()
            .find(|f| f.what.starts_with("variation"));
        found.unwrap().clone()
    };
    assert_eq!(of((0.02, 0.02)).verdict, Verdict::Pass);
    let noisy = of((0.4, 0.4));
    assert_eq!(noisy.verdict, Verdict::Pass);
    assert!(noisy.what.contains("in 32 of 32 windows"), "{}", noisy.what);
    assert!(
        noisy.what.contains("of 0 windows in which"),
        "{}",
        noisy.what
    );
    assert_eq!(of((0.4, 0.02)).verdict, Verdict::Fail);
}
