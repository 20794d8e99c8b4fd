//! What `resample` refuses, and what it says.

mod common;
use common::{Folder, fail, run, succeed};

const GOOD: &str = "timestamp,left_arm,right_arm\n0.0,1,2\n0.5,3,4\n1.0,5,6\n";

/// Resamples that text and expects a failure.
#[track_caller]
fn refuse(text: &str, more: &[&str], code: i32, words: &[&str]) {
    let folder = Folder::new();
    let log = folder.put("log.csv", text);
    let out = folder.at("out.csv");
    let mut args = vec!["resample", log.as_str(), "-o", &out];
    args.extend(more);
    if !more.contains(&"--time") {
        args.extend(["--time", "timestamp"]);
    }
    if !more.contains(&"--rate") {
        args.extend(["--rate", "50"]);
    }
    fail(&args, code, words);
    assert!(!std::path::Path::new(&out).exists(), "nothing is written");
}

#[test]
fn a_missing_column_is_named_with_the_nearest() {
    refuse(
        GOOD,
        &["--time", "time"],
        1,
        &["log.csv", "\"time\"", "\"timestamp\""],
    );
    refuse(
        GOOD,
        &["--columns", "left_arm,rigth_arm"],
        1,
        &["\"rigth_arm\"", "there are \"right_arm\""],
    );
}

#[test]
fn unsorted_times_are_named_with_line_and_both_values() {
    // A blank line and a comment, so that lines are not rows.
    let text = "timestamp,x\n\n0.0,1\n# pause\n0.5,2\n0.25,3\n1.0,4\n";
    refuse(
        text,
        &[],
        1,
        &["line 6", "0.25", "0.5", "line 5", "\"timestamp\""],
    );
    let text = "timestamp,x\n1403715524907143169,1\n1403715524907143168,2\n";
    refuse(
        text,
        &[],
        1,
        &["line 3", "1403715524907143169", "1403715524907143168"],
    );
}

#[test]
fn swapped_rows_are_refused_with_the_line() {
    let mut rows: Vec<String> = (0..100)
        .map(|i| format!("{},{i}", 0.1 * f64::from(i)))
        .collect();
    rows.swap(41, 42);
    let text = format!("timestamp,x\n{}\n", rows.join("\n"));
    // Row 0 is line 2: the row that comes too early is now on line 43, the late one on line 44.
    refuse(&text, &[], 1, &["line 44", "line 43"]);
}

#[test]
fn times_that_are_none_are_named_with_their_line() {
    refuse(
        "timestamp,x\n0.0,1\nnan,2\n1.0,3\n",
        &[],
        1,
        &["line 3", "NaN", "no time"],
    );
    refuse(
        "timestamp,x\n0.0,1\n,2\n1.0,3\n",
        &[],
        1,
        &["line 3", "no time"],
    );
    refuse(
        "timestamp,x\n0.0,1\n1.0,3\ninf,2\n",
        &[],
        1,
        &["line 4", "inf"],
    );
    refuse("timestamp,x\nnoon,1\n", &[], 1, &["line 2", "\"noon\""]);
    refuse(
        "timestamp,x\nTrue,1\nTrue,2\n",
        &[],
        1,
        &["line 2", "no times"],
    );
}

#[test]
fn cells_that_are_no_numbers_are_named_with_their_line() {
    refuse(
        "timestamp,x,y\n0.0,1,a\n0.5,n/a,b\n",
        &[],
        1,
        &["line 3", "\"x\"", "\"n/a\""],
    );
    refuse(
        "timestamp,x,y\n0.0,1,5\n0.5,2,left\n",
        &["--columns", "x"],
        1,
        &["line 3", "\"y\"", "\"left\""],
    );
    refuse(
        "timestamp,x,mode\n0.0,1,auto\n0.5,2,auto\n",
        &["--columns", "x,mode"],
        1,
        &["line 2", "\"mode\"", "\"auto\""],
    );
}

#[test]
fn files_without_samples_are_refused() {
    refuse("", &[], 1, &["log.csv", "empty"]);
    refuse("\n\n", &[], 1, &["empty"]);
    refuse("timestamp,x\n", &[], 1, &["header", "no rows"]);
    refuse("timestamp,x\n0.0,1,2\n", &[], 1, &["line 2", "3 cell(s)"]);
    refuse("timestamp,name\n0.0,a\n", &[], 1, &["no column of numbers"]);
}

#[test]
fn rates_have_to_make_sense() {
    for rate in ["0", "-5", "nan", "inf", "fast", ""] {
        refuse(GOOD, &["--rate", rate], 2, &["--rate"]);
    }
    refuse(GOOD, &["--rate", "1e10"], 1, &["1.000e10", "targets"]);
    refuse(GOOD, &["--rate", "1e300"], 1, &["1.000e300", "--time-unit"]);
}

#[test]
fn targets_that_would_coincide_are_refused() {
    let text = "t_ms,x\n0,1\n20,2\n";
    let args = ["--time", "t_ms", "--rate"];
    refuse(
        text,
        &[&args[..], &["1000.5"]].concat(),
        1,
        &["milliseconds", "1000.5 Hz", "finer unit"],
    );
    let folder = Folder::new();
    let (log, out) = (folder.put("log.csv", text), folder.at("out.csv"));
    succeed(&[
        "resample", &log, "--time", "t_ms", "--rate", "1000", "-o", &out,
    ]);
    assert_eq!(common::Csv::read(&out).rows.len(), 21);
}

#[test]
fn what_needs_too_much_memory_is_refused_before_it_is_begun() {
    // 2·10⁹ targets of 3 columns are 48 GB and more than that while they are made; machines that
    // have them are not tested this way.
    let has_room = std::fs::read_to_string("/proc/meminfo").is_ok_and(|text| {
        let mut lines = text.lines();
        let line = lines.find_map(|line| line.strip_prefix("MemAvailable:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
        kilobytes.is_none_or(|kb: u64| kb > 40_000_000)
    });
    if has_room {
        eprintln!("skipped: this machine has too much memory");
        return;
    }
    refuse(
        GOOD,
        &["--rate", "2e9"],
        1,
        &[
            "GB of memory",
            "2e9 Hz".replace("2e9", "2000000000").as_str(),
        ],
    );
}

#[test]
fn unknown_units_are_asked_for() {
    refuse("timestamp,x\n0,1\n20,2\n", &[], 1, &["--time-unit", "20"]);
    refuse(
        "timestamp,x\n0,1\n1403715524907143168,2\n",
        &[],
        1,
        &["--time-unit"],
    );
    refuse("timestamp,x\n0.0,1\n1e15,2\n", &[], 1, &["--time-unit"]);
    refuse(GOOD, &["--time-unit", "min"], 2, &["--time-unit"]);
}

#[test]
fn columns_that_contradict_each_other_are_a_mistake_in_usage() {
    refuse(
        GOOD,
        &["--columns", "timestamp"],
        2,
        &["--time and in --columns"],
    );
    refuse(GOOD, &["--columns", "left_arm,left_arm"], 2, &["twice"]);
    refuse(GOOD, &["--columns", ""], 2, &["--columns"]);
    refuse(
        GOOD,
        &["--kind", "spline"],
        2,
        &["--kind", "spline", "linear", "slerp-wxyz", "angle"],
    );
}

#[test]
fn files_that_cannot_be_read_or_written_are_named() {
    let folder = Folder::new();
    let log = folder.put("log.csv", GOOD);
    let with = |input: &str, output: &str, code: i32, words: &[&str]| {
        let args = [
            "resample",
            input,
            "--time",
            "timestamp",
            "--rate",
            "5",
            "-o",
            output,
        ];
        fail(&args, code, words);
    };
    let out = folder.at("out.csv");
    with(
        &folder.at("none.csv"),
        &out,
        1,
        &["none.csv", "No such file"],
    );
    with(&folder.at("log.bag"), &out, 2, &["log.bag", ".npz"]);
    with(&log, &folder.at("out.parquet"), 2, &["out.parquet", ".csv"]);
    with(&log, &folder.at("no/out.csv"), 1, &["out.csv", "no folder"]);
    std::fs::create_dir(folder.path().join("folder.csv")).expect("a folder");
    with(&log, &folder.at("folder.csv"), 1, &["folder.csv", "folder"]);
    with(&log, &format!("{log}/out.csv"), 1, &["out.csv"]);
    with("/proc/self/mem.csv", &out, 1, &["mem.csv"]);
}

#[test]
fn a_failure_leaves_the_old_output_alone() {
    let folder = Folder::new();
    let log = folder.put("log.csv", "timestamp,x\n1.0,1\n0.0,2\n");
    let out = folder.put("out.csv", "old");
    fail(
        &[
            "resample",
            &log,
            "--time",
            "timestamp",
            "--rate",
            "5",
            "-o",
            &out,
        ],
        1,
        &["line 3"],
    );
    assert_eq!(std::fs::read_to_string(&out).ok().as_deref(), Some("old"));
}

#[test]
fn unknown_devices_are_a_mistake_in_usage_and_missing_ones_are_explained() {
    for device in ["gpu", "cuda:x", "cpu:1", ""] {
        refuse(GOOD, &["--device", device], 2, &["--device"]);
    }
    // No machine has so many.
    refuse(
        GOOD,
        &["--device", "cuda:4000"],
        1,
        &["cuda:4000", "robocache doctor", "--device cpu"],
    );
    let folder = Folder::new();
    let log = folder.put("log.csv", GOOD);
    let out = folder.at("out.csv");
    let args = [
        "resample",
        &log,
        "--time",
        "timestamp",
        "--rate",
        "5",
        "-o",
        &out,
    ];
    for device in ["cpu", "auto"] {
        succeed(&[&args[..], &["--device", device]].concat());
    }
    let mut command = common::command(&[&args[..], &["--device", "cuda:0"]].concat());
    command.env("CUDA_VISIBLE_DEVICES", "-1");
    let ran = common::finish(command);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    // The reason is the one that doctor gives.
    let mut doctor = common::command(&["doctor", "--json"]);
    doctor.env("CUDA_VISIBLE_DEVICES", "-1");
    let found: serde_json::Value =
        serde_json::from_str(&common::finish(doctor).stdout).expect("JSON");
    let problem = found["driver"]["problem"].as_str().expect("a reason");
    assert!(ran.stderr.contains(problem), "{problem:?}: {}", ran.stderr);
    assert_eq!(run(&["resample", "--device"]).code, 2);
}
