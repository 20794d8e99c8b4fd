//! `resample` from CSV to CSV.

mod common;
use common::{Csv, Folder, assert_interp, command, finish, succeed};

/// A log of two columns with uneven times.
fn uneven() -> String {
    let mut text = "timestamp,shoulder.pos,gripper.pos\n".to_owned();
    for i in 0..200 {
        let t = 2.5 + f64::from(i) * 0.033 + 0.01 * (f64::from(i) * 1.3).sin();
        let (a, b) = (t.sin() * 90.0, 100.0 * (t * 0.3).cos() - 5.0);
        text += &format!("{t},{a},{b}\n");
    }
    text
}

#[test]
fn values_equal_interp_and_names_stay() {
    let folder = Folder::new();
    let log = folder.put("log.csv", &uneven());
    let out = folder.at("out.csv");
    let ran = succeed(&[
        "resample",
        &log,
        "--time",
        "timestamp",
        "--rate",
        "50",
        "-o",
        &out,
    ]);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    let (before, after) = (Csv::read(&log), Csv::read(&out));
    assert_eq!(after.names, ["timestamp", "shoulder.pos", "gripper.pos"]);
    let (knots, targets) = (before.f64(0), after.f64(0));
    let last = knots[knots.len() - 1];
    for (k, &target) in targets.iter().enumerate() {
        assert_eq!(target, knots[0] + k as f64 / 50.0);
    }
    let end = targets[targets.len() - 1];
    assert!(end <= last && last < end + 0.02, "{end} {last}");
    for column in [1, 2] {
        let (values, found) = (before.f64(column), after.f64(column));
        assert_interp(&knots, &values, &targets, &found, &after.names[column]);
    }
}

#[test]
fn the_kinds_hold_or_take_the_nearer_sample() {
    let folder = Folder::new();
    let log = folder.put("log.csv", "t,x\n0.0,1\n1.0,2\n2.0,4\n");
    let out = folder.at("out.csv");
    for (kind, expected) in [
        ("linear", [1.0, 1.4, 1.8, 2.4, 3.2, 4.0]),
        ("previous", [1.0, 1.0, 1.0, 2.0, 2.0, 4.0]),
        ("next", [1.0, 2.0, 2.0, 4.0, 4.0, 4.0]),
        ("nearest", [1.0, 1.0, 2.0, 2.0, 4.0, 4.0]),
    ] {
        succeed(&[
            "resample", &log, "--time", "t", "--rate", "2.5", "--kind", kind, "-o", &out,
        ]);
        let found = Csv::read(&out).f64(1);
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{kind}: {found:?}");
        }
    }
}

#[test]
fn nanoseconds_since_1970_keep_every_digit_and_do_not_drift() {
    let folder = Folder::new();
    let first = 1_403_715_524_907_143_168i64;
    let mut text = "#timestamp, p_x [m], q\n".to_owned();
    // Ten minutes at 5 ms.
    for i in 0..120_001i64 {
        text += &format!("{}, {}, 1\n", first + i * 5_000_000, i as f64 * 0.005);
    }
    let log = folder.put("log.csv", &text);
    let out = folder.at("out.csv");
    let ran = succeed(&[
        "resample",
        &log,
        "--time",
        "timestamp",
        "--rate",
        "30",
        "-o",
        &out,
    ]);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("nanoseconds"), "{}", ran.stderr);
    let after = Csv::read(&out);
    assert_eq!(after.names[0], "#timestamp");
    assert_eq!(after.names[1].trim_matches('"'), " p_x [m]");
    let targets = after.i64(0);
    assert_eq!(targets.len(), 600 * 30 + 1);
    for (k, &target) in (0i128..).zip(&targets) {
        // Halves cannot occur: a third of a tick is the most that k/30 is off.
        let exact = k * 1_000_000_000;
        let found = 30 * i128::from(target - first);
        assert!((found - exact).abs() <= 10, "target {k}: {target}");
    }
    assert_eq!(targets[18_000], first + 600_000_000_000);
    // x is the time since the start, in seconds.
    for (&target, x) in targets.iter().zip(after.f64(1)) {
        let since = (target - first) as f64 * 1e-9;
        assert!(
            (x - since).abs() <= 1e-6 * since.max(0.005),
            "{target}: {x}"
        );
    }
}

#[test]
fn units_come_from_the_name_the_size_or_the_option() {
    let folder = Folder::new();
    let out = folder.at("out.csv");
    for (name, times, unit, expected, said) in [
        (
            "t_ms",
            "0 100 200",
            None,
            "0 50 100 150 200",
            "milliseconds",
        ),
        ("t [us]", "0 100000", None, "0 50000 100000", "microseconds"),
        (
            "t",
            "1600000000000 1600000000100",
            None,
            "1600000000000 1600000000050 1600000000100",
            "milliseconds",
        ),
        (
            "t",
            "1600000000000000.0 1600000000050000.5",
            None,
            "1600000000000000.0 1600000000050000.0",
            "microseconds",
        ),
        ("t", "7 107", Some("ms"), "7 57 107", ""),
        ("t_ns", "7 107", Some("ms"), "7 57 107", ""),
    ] {
        let mut text = format!("{name},x\n");
        for time in times.split(' ') {
            text += &format!("{time},1\n");
        }
        let log = folder.put("log.csv", &text);
        let mut args = vec!["resample", &log, "--time", name, "--rate", "20", "-o", &out];
        if let Some(unit) = unit {
            args.extend(["--time-unit", unit]);
        }
        let ran = succeed(&args);
        let found: Vec<String> = Csv::read(&out).rows.iter().map(|r| r[0].clone()).collect();
        let found: Vec<f64> = found.iter().map(|t| t.parse().expect("a time")).collect();
        let expected: Vec<f64> = expected
            .split(' ')
            .map(|t| t.parse().expect("a time"))
            .collect();
        assert_eq!(found, expected, "{name} {times}");
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
        assert_eq!(ran.stderr.is_empty(), said.is_empty(), "{}", ran.stderr);
    }
}

#[test]
fn booleans_count_text_is_skipped_and_missing_cells_stay_missing() {
    let folder = Folder::new();
    let log = folder.put(
        "log.csv",
        "state,on,t,x,n\nidle,True,0.0,1.5,3\nmove,False,0.5,,4\nidle,True,1.0,2.5,5\nidle,True,1.5,3.5,6\n",
    );
    let out = folder.at("out.csv");
    let ran = succeed(&["resample", &log, "--time", "t", "--rate", "4", "-o", &out]);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("\"state\"") && ran.stderr.contains("line 2"),
        "{}",
        ran.stderr
    );
    let after = Csv::read(&out);
    assert_eq!(after.names, ["on", "t", "x", "n"], "the order stays");
    assert_eq!(after.f64(0), [1.0, 0.5, 0.0, 0.5, 1.0, 1.0, 1.0]);
    assert_eq!(after.f64(1), [0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5]);
    let x = after.f64(2);
    let missing: Vec<bool> = x.iter().map(|x| x.is_nan()).collect();
    assert_eq!(missing, [false, true, true, true, false, false, false]);
    assert_eq!((x[0], x[4], x[5]), (1.5, 2.5, 3.0));
    assert_eq!(after.f64(3), [3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0]);
}

#[test]
fn only_the_columns_asked_for_are_written_in_the_files_order() {
    let folder = Folder::new();
    let log = folder.put("log.csv", "a,b,t,\"c,d\"\n1,2,0.0,4\n1,2,1.0,4\n");
    let out = folder.at("out.csv");
    let header = |columns: &[&str]| {
        let args = ["resample", &log, "--time", "t", "--rate", "1", "-o", &out];
        succeed(&[&args[..], columns].concat());
        let text = std::fs::read_to_string(&out).expect("a file");
        text.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(header(&["--columns", "b, a"]), "a,b,t");
    assert_eq!(header(&["--columns", "b"]), "b,t");
    assert_eq!(header(&["--columns", "c,d"]), "t,\"c,d\"");
    assert_eq!(
        header(&["--columns", "a", "--columns", "c,d"]),
        "a,t,\"c,d\""
    );
    assert_eq!(header(&[]), "a,b,t,\"c,d\"");
}

#[test]
fn short_and_odd_logs_have_an_output() {
    let folder = Folder::new();
    let out = folder.at("out.csv");
    let of = |text: &str, rate: &str| {
        let log = folder.put("log.csv", text);
        succeed(&["resample", &log, "--time", "t", "--rate", rate, "-o", &out]);
        std::fs::read_to_string(&out).expect("a file")
    };
    assert_eq!(of("t,x\n3.5,7\n", "50"), "t,x\n3.5,7.0\n", "one row");
    assert_eq!(of("t,x\n3.5,7\n", "1e300"), "t,x\n3.5,7.0\n");
    assert_eq!(of("t,x\n0.5,7\n1.5,9\n", "1e-300"), "t,x\n0.5,7.0\n");
    // Of equal times the last sample wins.
    assert_eq!(
        of("t,x\n0.0,1\n1.0,2\n1.0,4\n2.0,4\n", "1"),
        "t,x\n0.0,1.0\n1.0,4.0\n2.0,4.0\n"
    );
    assert_eq!(
        of("t,x\r\n0.0,1\r\n\r\n1.0,2\r\n", "1"),
        "t,x\n0.0,1.0\n1.0,2.0\n"
    );
}

#[test]
fn what_ran_is_told_when_asked_for() {
    let folder = Folder::new();
    let log = folder.put("log.csv", "t,x\n0.0,1\n1.0,2\n");
    let out = folder.at("out.csv");
    let args = ["resample", &log, "--time", "t", "--rate", "5", "-o", &out];
    let ran = succeed(&[&args[..], &["-v"]].concat());
    assert!(ran.stderr.contains("trajectory."), "{}", ran.stderr);
    let mut command = command(&args);
    command.env("RUST_LOG", "info");
    let ran = finish(command);
    assert!(ran.stderr.contains("trajectory."), "{}", ran.stderr);
    let mut command = common::command(&args);
    command.env("RUST_LOG", "in[fo=");
    let ran = finish(command);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("RUST_LOG is ignored"), "{}", ran.stderr);
}

#[test]
fn a_variant_forced_by_the_environment_runs_and_a_misnamed_one_is_told() {
    let folder = Folder::new();
    let log = folder.put("log.csv", &uneven());
    let out = folder.at("out.csv");
    let forced = |variable: &str| {
        let mut command = command(&[
            "resample",
            &log,
            "--time",
            "timestamp",
            "--rate",
            "50",
            "--device",
            "cpu",
            "-o",
            &out,
        ]);
        command
            .env("RUST_LOG", "info")
            .env("ROBOCACHE_FORCE_VARIANT", variable);
        finish(command)
    };
    let ran = forced("trajectory=trajectory.scalar.cpu");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("trajectory.scalar.cpu"),
        "{}",
        ran.stderr
    );
    // One for another kind of device, or of another operation, forces nothing here.
    for elsewhere in [
        "trajectory=trajectory.generic.sm80",
        "voxelize=trajectory.scalar.cpu",
    ] {
        let ran = forced(elsewhere);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert!(ran.stderr.contains("variant="), "{}", ran.stderr);
        assert!(!ran.stderr.contains(".generic."), "{}", ran.stderr);
    }
    let ran = forced("trajectory=trajectory.quick.cpu");
    assert_ne!(ran.code, 0);
    assert!(
        ran.stderr.contains("trajectory.quick.cpu"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("kernels list"), "{}", ran.stderr);
}

#[test]
fn integers_that_floating_point_rounds_are_told() {
    let folder = Folder::new();
    let log = folder.put(
        "log.csv",
        "t,id\n0.0,1403715524907143169\n1.0,1403715524907143169\n",
    );
    let out = folder.at("out.csv");
    let ran = succeed(&["resample", &log, "--time", "t", "--rate", "1", "-o", &out]);
    assert!(
        ran.stderr.contains("\"id\"") && ran.stderr.contains("1403715524907143169"),
        "{}",
        ran.stderr
    );
}
