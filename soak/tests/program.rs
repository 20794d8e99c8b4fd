//! The program as it is used: its exit codes, its report, its planted faults.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn soak(report: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_robocache-soak"));
    command
        .args(["--device", "cpu", "--threads", "2", "--report"])
        .arg(report)
        .args(words);
    command
}

fn finished(mut command: Command) -> Output {
    command.output().expect("the program starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn report(folder: &Path) -> Value {
    let text = std::fs::read_to_string(folder.join("report.json")).expect("there is a report");
    let page = std::fs::read_to_string(folder.join("report.html")).expect("there is a page");
    assert!(page.contains("</html>") && page.contains("<svg"));
    serde_json::from_str(&text).expect("the report is JSON")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder for the report")
}

#[test]
fn a_smoke_run_passes_and_reports_what_it_did() {
    let folder = folder();
    let words = [
        "--smoke", "--hours", "0.0015", "--seed", "11", "--commit", "abc123",
    ];
    let output = finished(soak(folder.path(), &words));
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("PASS"), "{}", said(&output));
    let report = report(folder.path());
    let run = &report["segments"][0];
    assert_eq!(run["end"], "done");
    assert_eq!(run["seed"], 11);
    assert_eq!(run["commit"], "abc123");
    assert_eq!(run["tally"]["failed"], 0);
    assert!(run["tally"]["cases"].as_u64() > Some(50));
    assert!(run["tally"]["checks"].as_u64() > Some(10));
    assert!(run["tally"]["comparisons"].as_u64() > Some(10));
    let cells = run["tally"]["cells"].as_array().unwrap();
    for cell in cells {
        assert!(cell["outputs"].as_u64() > Some(0), "{cell}");
    }
    assert!(cells.iter().any(|cell| cell["refused"].as_u64() > Some(0)));
    let named = |name: &str| {
        let series = run["series"].as_array().unwrap();
        series
            .iter()
            .any(|s| s["name"].as_str().unwrap().starts_with(name))
    };
    for name in [
        "resident memory",
        "file descriptors",
        "threads",
        "latency of ",
    ] {
        assert!(named(name) || !cfg!(target_os = "linux"), "{name}");
    }
}

#[test]
fn a_run_that_is_too_short_cannot_tell_and_is_continued() {
    let folder = folder();
    for runs in 1..=2 {
        let output = finished(soak(folder.path(), &["--hours", "0.001"]));
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        let report = report(folder.path());
        let segments = report["segments"].as_array().unwrap();
        assert_eq!(segments.len(), runs);
        let seconds: f64 = segments
            .iter()
            .map(|s| s["seconds"].as_f64().unwrap())
            .sum();
        assert!((report["hours"].as_f64().unwrap() - seconds / 3600.0).abs() < 1e-9);
        assert!(seconds >= 3.5 * runs as f64);
    }
    let report = report(folder.path());
    assert_ne!(report["segments"][0]["seed"], report["segments"][1]["seed"]);
}

/// Runs with a planted fault, for at most 100 seconds, and gives the run of the report.
fn planted(plant: &str) -> Value {
    let folder = folder();
    let output = finished(soak(
        folder.path(),
        &["--hours", "0.0277", "--plant", plant],
    ));
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let report = report(folder.path());
    assert_eq!(report["verdict"], "fail");
    let run = report["segments"][0].clone();
    assert_eq!(
        run["end"],
        "fault",
        "found at the end only: {}",
        said(&output)
    );
    assert_eq!(run["plant"], plant);
    run
}

fn failed(run: &Value) -> Vec<&str> {
    let findings = run["findings"].as_array().unwrap().iter();
    let failed = findings.filter(|finding| finding["verdict"] == "fail");
    failed
        .map(|finding| finding["what"].as_str().unwrap())
        .collect()
}

#[test]
fn a_planted_leak_is_caught() {
    let run = planted("leak");
    assert!(
        failed(&run)
            .iter()
            .all(|what| what.starts_with("resident memory")),
        "{:?}",
        failed(&run)
    );
    assert!(!failed(&run).is_empty());
}

#[test]
fn a_planted_drift_is_caught() {
    let run = planted("drift");
    let failed = failed(&run);
    assert!(
        failed.iter().any(|what| what.starts_with("latency of ")),
        "{failed:?}"
    );
}

#[test]
fn a_planted_wrong_bit_is_caught_and_its_case_can_be_repeated() {
    let run = planted("wrong");
    assert!(failed(&run)[0].contains("failures in"));
    let failure = &run["tally"]["failures"][0];
    let case = format!(
        "{}:{}:{}",
        failure["op"].as_str().unwrap(),
        failure["seed"].as_u64().unwrap(),
        failure["variant"].as_str().unwrap()
    );
    // Without the plant the case is right: it is the output that was made wrong.
    let folder = folder();
    let output = finished(soak(folder.path(), &["--repeat", &case]));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains(failure["case"].as_str().unwrap()), "{text}");
    assert!(text.contains(": right"), "{text}");
}

#[test]
#[cfg(unix)]
fn a_signal_ends_it_with_its_report() {
    for signal in ["-INT", "-TERM"] {
        let folder = folder();
        let mut running = soak(folder.path(), &["--hours", "1"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        // The first report is written at once; what follows shows that the last one is newer.
        let begun = Instant::now();
        while !folder.path().join("report.json").exists() {
            assert!(begun.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(Duration::from_millis(500));
        let sent = Command::new("kill")
            .args([signal, &running.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = running.try_wait().unwrap() {
                break status;
            }
            if begun.elapsed() > Duration::from_secs(30) {
                running.kill().unwrap();
                panic!("it does not end");
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        assert_eq!(status.code(), Some(2), "{signal}");
        let report = report(folder.path());
        assert_eq!(report["segments"][0]["end"], "signal", "{signal}");
        assert!(report["segments"][0]["tally"]["cases"].as_u64() > Some(0));
    }
}

#[test]
fn a_damaged_report_is_an_error_and_stays() {
    let folder = folder();
    let path = folder.path().join("report.json");
    std::fs::write(&path, "{\"format\": \"robocache-so").unwrap();
    let output = finished(soak(folder.path(), &["--smoke", "--hours", "0.0001"]));
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("left as it is"), "{}", said(&output));
    let kept = std::fs::read_to_string(&path).unwrap();
    assert_eq!(kept, "{\"format\": \"robocache-so");
}

#[test]
fn what_cannot_be_run_is_an_error_and_not_too_short() {
    let folder = folder();
    for words in [
        &["--hours", "never"][..],
        &["--hours", "1", "--ops", "nothing"],
        &["--hours", "1", "--device", "cuda:4000"],
        &["--repeat", "nothing:1"],
        &["--repeat", "trajectory:1:nothing"],
        &[],
    ] {
        let output = finished(soak(folder.path(), words));
        assert_eq!(
            output.status.code(),
            Some(1),
            "{words:?}: {}",
            said(&output)
        );
        assert!(!said(&output).is_empty());
    }
    let output = finished(soak(folder.path(), &["--help"]));
    assert_eq!(output.status.code(), Some(0));
}
