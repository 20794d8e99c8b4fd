//! `resample` on real logs, where `ROBOCACHE_REAL_DATA` names their folder.

mod common;
use common::{Csv, Folder, assert_interp, fail, real_data, succeed};

#[test]
fn so100_equals_interp_in_every_column() {
    let Some(log) = real_data("lerobot/so100_follower_robot_state.csv") else {
        return;
    };
    let folder = Folder::new();
    let out = folder.at("out.csv");
    let input = log.to_str().expect("UTF-8");
    succeed(&[
        "resample",
        input,
        "--time",
        "timestamp",
        "--rate",
        "50",
        "-o",
        &out,
    ]);
    let (before, after) = (Csv::read(&log), Csv::read(&out));
    assert_eq!(before.names, after.names);
    let time = before.at("timestamp");
    let (knots, targets) = (before.f64(time), after.f64(time));
    assert_eq!(targets.len(), 1373);
    for (k, &target) in targets.iter().enumerate() {
        assert_eq!(target, knots[0] + k as f64 / 50.0);
    }
    for column in (0..before.names.len()).filter(|&column| column != time) {
        let (values, found) = (before.f64(column), after.f64(column));
        assert_interp(&knots, &values, &targets, &found, &before.names[column]);
    }
}

#[test]
fn so100_with_two_rows_swapped_is_refused_with_the_line() {
    let Some(log) = real_data("lerobot/so100_follower_robot_state.csv") else {
        return;
    };
    let folder = Folder::new();
    let text = std::fs::read_to_string(log).expect("a file");
    let mut lines: Vec<&str> = text.lines().collect();
    lines.swap(300, 301); // lines 301 and 302
    let swapped = folder.put("swapped.csv", &lines.join("\n"));
    let out = folder.at("out.csv");
    fail(
        &[
            "resample",
            &swapped,
            "--time",
            "timestamp",
            "--rate",
            "50",
            "-o",
            &out,
        ],
        1,
        &["line 302", "line 301", "timestamp"],
    );
}

#[test]
fn euroc_nanoseconds_equal_interp_since_the_start() {
    let Some(log) = real_data("extra_trajectories/euroc_V102_groundtruth.csv") else {
        return;
    };
    let folder = Folder::new();
    let out = folder.at("out.csv");
    let input = log.to_str().expect("UTF-8");
    let ran = succeed(&[
        "resample",
        input,
        "--time",
        "#timestamp",
        "--rate",
        "30",
        "-o",
        &out,
    ]);
    assert!(ran.stderr.contains("nanoseconds"), "{}", ran.stderr);
    let (before, after) = (Csv::read(&log), Csv::read(&out));
    assert_eq!(after.names[0], "#timestamp");
    let (knots, targets) = (before.i64(0), after.i64(0));
    let first = knots[0];
    for (k, &target) in (0i128..).zip(&targets) {
        let off = 30 * i128::from(target - first) - k * 1_000_000_000;
        assert!(off.abs() <= 10, "target {k}: {target}");
    }
    let since = |all: &[i64]| {
        all.iter()
            .map(|&t| (t - first) as f64)
            .collect::<Vec<f64>>()
    };
    for column in 1..before.names.len() {
        let (values, found) = (before.f64(column), after.f64(column));
        let name = &before.names[column];
        assert_interp(&since(&knots), &values, &since(&targets), &found, name);
    }
}

#[test]
fn kitti_gps_equals_interp() {
    let Some(log) = real_data("kitti/odometry_00_gps_converted.csv") else {
        return;
    };
    let folder = Folder::new();
    let out = folder.at("out.csv");
    let input = log.to_str().expect("UTF-8");
    succeed(&[
        "resample", input, "--time", "Time", "--rate", "50", "-o", &out,
    ]);
    let (before, after) = (Csv::read(&log), Csv::read(&out));
    assert_eq!(after.names, ["Time", "X", "Y", "Z"]);
    let (knots, targets) = (before.f64(0), after.f64(0));
    assert!(targets.len() > 23_000);
    for column in 1..4 {
        let (values, found) = (before.f64(column), after.f64(column));
        assert_interp(&knots, &values, &targets, &found, &before.names[column]);
    }
}

#[test]
fn exactly_the_stalls_of_so100_are_masked() {
    let Some(log) = real_data("lerobot/so100_follower_robot_state.csv") else {
        return;
    };
    let folder = Folder::new();
    let out = folder.at("out.csv");
    let input = log.to_str().expect("UTF-8");
    succeed(&[
        "resample",
        input,
        "--time",
        "timestamp",
        "--rate",
        "50",
        "--max-gap",
        "100ms",
        "--mask",
        "covered",
        "-o",
        &out,
    ]);
    let (before, after) = (Csv::read(&log), Csv::read(&out));
    let time = before.at("timestamp");
    let (knots, targets) = (before.f64(time), after.f64(time));
    let (mask, gripper) = (after.at("covered"), after.at("gripper.pos"));
    let positions = after.f64(gripper);
    let mut stalled = 0;
    for (k, &target) in targets.iter().enumerate() {
        let low = knots.partition_point(|&knot| knot <= target) - 1;
        let is_hit = knots[low] == target;
        let covered = is_hit || knots[low + 1] - knots[low] <= 0.1;
        assert_eq!(after.rows[k][mask], covered.to_string(), "{target}");
        assert_eq!(positions[k].is_nan(), !covered, "{target}");
        stalled += usize::from(!covered);
    }
    assert!(stalled > 0 && stalled < targets.len() / 2, "{stalled}");
    eprintln!("{stalled} of {} targets lie in stalls", targets.len());
}

#[test]
fn tum_ground_truth_is_a_pose_of_unit_rotations() {
    let Some(log) = real_data("extra_trajectories/tum_freiburg1_xyz-groundtruth.txt") else {
        return;
    };
    // Comments, then cells with blanks between them.
    let text = std::fs::read_to_string(log).expect("a file");
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    let rows = rows.map(|line| line.split_whitespace().collect::<Vec<_>>().join(","));
    let rows: Vec<String> = rows.collect();
    let folder = Folder::new();
    let header = "timestamp,tx,ty,tz,qx,qy,qz,qw";
    let log = folder.put("tum.csv", &format!("{header}\n{}\n", rows.join("\n")));
    let out = folder.at("out.csv");
    let ran = succeed(&[
        "resample",
        &log,
        "--time",
        "timestamp",
        "--rate",
        "50",
        "--kind",
        "t*,q*=pose",
        "-o",
        &out,
    ]);
    assert_eq!(ran.stderr, "");
    let (before, after) = (Csv::read(&log), Csv::read(&out));
    assert_eq!(after.names.join(","), header);
    let (knots, targets) = (before.f64(0), after.f64(0));
    assert!(targets.len() > 1400, "30 s");
    for column in 1..4 {
        let (values, found) = (before.f64(column), after.f64(column));
        assert_interp(&knots, &values, &targets, &found, &before.names[column]);
    }
    let quaternions = |csv: &Csv| -> Vec<[f64; 4]> {
        let columns = [4, 5, 6, 7].map(|column| csv.f64(column));
        let rows = 0..csv.rows.len();
        rows.map(|row| [0, 1, 2, 3].map(|c| columns[c][row]))
            .collect()
    };
    let dot = |a: &[f64; 4], b: &[f64; 4]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (samples, found) = (quaternions(&before), quaternions(&after));
    let turn = |a: &[f64; 4], b: &[f64; 4]| {
        let cosine = dot(a, b).abs() / (dot(a, a) * dot(b, b)).sqrt();
        2.0 * cosine.min(1.0).acos()
    };
    for (&target, found) in targets.iter().zip(&found) {
        assert!((dot(found, found).sqrt() - 1.0).abs() < 1e-12, "{target}");
        let low = knots.partition_point(|&knot| knot <= target) - 1;
        if low + 1 == knots.len() {
            continue;
        }
        // At constant speed along the shorter arc.
        let weight = (target - knots[low]) / (knots[low + 1] - knots[low]);
        let (a, b) = (&samples[low], &samples[low + 1]);
        let whole = turn(a, b);
        // The arc's cosine tells no less than 1e-8.
        assert!((turn(a, found) - weight * whole).abs() < 1e-7, "{target}");
        assert!(
            (turn(found, b) - (1.0 - weight) * whole).abs() < 1e-7,
            "{target}"
        );
    }
}
