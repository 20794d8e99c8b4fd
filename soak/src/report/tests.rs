use super::store::Store;
use super::*;
use crate::segment::End;
use crate::segment::tests::{sampled, segment};
use std::sync::atomic::{AtomicU64, Ordering};

fn run(seconds: f64, memory: fn(f64) -> f64) -> Segment {
    // No two runs have the same noise.
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let seed = RUNS.fetch_add(1, Ordering::Relaxed);
    let series = sampled(seed, seconds, memory, |_| 1.0, (0.002, 0.002));
    let mut segment = segment(seconds);
    segment.series = series.clone();
    segment.judge(&series);
    segment
}

#[test]
fn hours_and_cases_add_up_and_every_run_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..3 {
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(store.runs(), n);
        // As often as a run writes, it stays one run.
        store.save(&run(600.0, |_| 0.0)).unwrap();
        let mut last = run(1200.0, |_| 0.0);
        last.seed = n as u64;
        let report = store.save(&last).unwrap();
        assert_eq!(report.segments.len(), n + 1);
        assert!((report.hours - (n + 1) as f64 / 3.0).abs() < 1e-9);
        assert_eq!(report.cases, 10 * (n as u64 + 1));
    }
    let text = std::fs::read_to_string(folder.path().join("report.json")).unwrap();
    let report: Report = serde_json::from_str(&text).unwrap();
    let seeds: Vec<u64> = report.segments.iter().map(|segment| segment.seed).collect();
    assert_eq!(seeds, [0, 1, 2]);
    assert_eq!(report.verdict, Verdict::Pass, "{:?}", report.findings);
    let trend = &report.trends["resident memory"];
    assert!((trend.seconds - 3.0 * 960.0).abs() < 100.0, "{trend:?}");
}

#[test]
fn short_runs_tell_together_and_one_that_failed_fails_all() {
    let short = || run(250.0, |_| 0.0);
    assert_eq!(Report::of(vec![short()]).verdict, Verdict::CannotTell);
    let many: Vec<_> = (0..12).map(|_| short()).collect();
    let together = Report::of(many.clone());
    assert_eq!(together.verdict, Verdict::Pass, "{:?}", together.findings);
    let mut one_bad = many;
    one_bad[3] = run(8.0 * 3600.0, |t| 200.0 * t / (8.0 * 3600.0));
    let report = Report::of(one_bad);
    assert_eq!(report.verdict, Verdict::Fail);
    assert!(
        report.findings[0]
            .what
            .starts_with("run 4: resident memory")
    );
}

#[test]
fn smoke_runs_say_nothing_of_slopes() {
    let mut smoke = run(8.0 * 3600.0, |_| 0.0);
    smoke.smoke = true;
    let report = Report::of(vec![smoke]);
    assert_eq!(report.verdict, Verdict::CannotTell);
    assert!(report.trends.is_empty());
}

#[test]
fn what_is_damaged_or_foreign_is_left_as_it_is() {
    let good = serde_json::to_string(&Report::of(vec![run(600.0, |_| 0.0)])).unwrap();
    let newer = good.replacen("\"layout\":1", "\"layout\":2", 1);
    let foreign = good.replacen("robocache-soak", "another-soak", 1);
    assert!(good != newer && good != foreign);
    let cut = &good[..good.len() / 2];
    for text in [
        "",
        "{}",
        "[1, 2]",
        "not JSON",
        cut,
        &newer,
        &foreign,
        "{\"format\":\"robocache-soak\",\"layout\":1}",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        std::fs::write(&path, text).unwrap();
        let Err(error) = Store::open(folder.path()) else {
            panic!("{:.60?} was taken for a report", text);
        };
        assert!(format!("{error:#}").contains("left as it is"), "{error:#}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn one_run_at_a_time_writes_to_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = Store::open(folder.path()).unwrap();
    let Err(error) = Store::open(folder.path()) else {
        panic!("two at once");
    };
    assert!(format!("{error:#}").contains("another run"), "{error:#}");
    drop(first);
    Store::open(folder.path()).unwrap();
}

#[test]
fn a_failed_write_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store.save(&run(600.0, |_| 0.0)).unwrap();
    let path = folder.path().join("report.json");
    let before = std::fs::read_to_string(&path).unwrap();
    // Where the new text would be written, nothing can be.
    std::fs::create_dir(folder.path().join("report.json.part")).unwrap();
    assert!(store.save(&run(1200.0, |_| 0.0)).is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
}

#[test]
fn the_page_says_what_was_found() {
    let mut killed = run(600.0, |_| 0.0);
    killed.end = End::Running;
    let mut bad = run(1200.0, |_| 0.0);
    bad.tally.cells[1].outputs = 0;
    bad.tally.failed = 1;
    bad.tally.failures.push(crate::trial::Failure {
        kind: crate::trial::Kind::Wrong,
        op: "op".into(),
        seed: 99,
        variant: Some("op.a.cpu".into()),
        device: "cpu".into(),
        case: "a case <script>".into(),
        what: "1 instead of 2".into(),
        at: 5.0,
    });
    bad.judge(&bad.series.clone());
    let text = super::page::page(&Report::of(vec![killed, bad]));
    for expected in [
        "<title>Soak: fail</title>",
        "30 min in 2 runs",
        "killed",
        "--repeat op:99:op.a.cpu --device cpu",
        "a case &lt;script&gt;",
        "resident memory",
        "class=\"line slope\"",
        "class=\"line budget\"",
        "2027-01-15 08:00 UTC",
    ] {
        assert!(text.contains(expected), "{expected}");
    }
    assert!(!text.contains("<script") && !text.contains("NaN") && !text.contains("http"));
}
