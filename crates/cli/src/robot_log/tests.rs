//! Does the log have the faults that it promises, and only those?

use std::fs;

use super::*;

fn spacings(stream: &Stream) -> Vec<f64> {
    stream.times.windows(2).map(|p| p[1] - p[0]).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The standard deviation of the times about the best-fitting uniform grid, in seconds.
fn jitter(stream: &Stream) -> f64 {
    let n = stream.times.len() as f64;
    let (mut start, mut period) = (stream.times[0], 1.0 / stream.nominal_hz);
    let mut sigma = f64::NAN;
    // A sample's place is found from its time, so that losses do not matter; the first grid,
    // which starts at a jittered sample, misplaces a few.
    for _ in 0..4 {
        let place = |t: f64| ((t - start) / period).round();
        let points: Vec<_> = stream.times.iter().map(|t| (place(*t), *t)).collect();
        let (mx, my) = points
            .iter()
            .fold((0.0, 0.0), |(x, y), p| (x + p.0 / n, y + p.1 / n));
        let slope = points.iter().map(|p| (p.0 - mx) * (p.1 - my)).sum::<f64>()
            / points.iter().map(|p| (p.0 - mx).powi(2)).sum::<f64>();
        let square = |p: &(f64, f64)| (p.1 - my - slope * (p.0 - mx)).powi(2);
        sigma = (points.iter().map(square).sum::<f64>() / n).sqrt();
        (start, period) = (my - slope * mx, slope);
    }
    sigma
}

fn stream<'l>(log: &'l RobotLog, name: &str) -> &'l Stream {
    log.streams
        .iter()
        .find(|stream| stream.name == name)
        .unwrap_or_else(|| panic!("no stream {name}"))
}

#[test]
fn streams_and_columns_are_those_promised() {
    let log = RobotLog::synthesize(1, 5.0);
    let shape: Vec<_> = log
        .streams
        .iter()
        .map(|s| (s.name.as_str(), s.nominal_hz, s.columns.len()))
        .collect();
    assert_eq!(
        shape,
        [("arm", 100.0, 7), ("pose", 200.0, 7), ("gripper", 30.0, 2)]
    );
    assert_eq!(log.streams[0].columns[6].name, "panda_joint7.pos");
    let held: Vec<_> = log
        .streams
        .iter()
        .flat_map(|s| &s.columns)
        .filter(|c| c.hold)
        .map(|c| c.name.as_str())
        .collect();
    assert_eq!(held, ["grasped"]);
}

#[test]
fn times_are_finite_not_negative_and_strictly_increasing() {
    for seed in 0..20 {
        for stream in RobotLog::synthesize(seed, 20.0).streams {
            assert!(stream.times[0] >= 0.0);
            assert!(stream.times.iter().all(|t| t.is_finite()));
            assert!(
                stream.times.is_sorted_by(|a, b| a < b),
                "seed {seed}: {}",
                stream.name
            );
            for column in &stream.columns {
                assert_eq!(column.values.len(), stream.times.len());
                assert!(column.values.iter().all(|v| v.is_finite()));
            }
        }
    }
}

#[test]
fn rates_and_jitter_are_nominal() {
    let log = RobotLog::synthesize(2, 60.0);
    for (name, hz, sigma) in [
        ("arm", 100.0, 1.5e-3),
        ("pose", 200.0, 0.2e-3),
        ("gripper", 30.0, 2e-3),
    ] {
        let stream = stream(&log, name);
        let rate = 1.0 / median(spacings(stream));
        assert!((rate / hz - 1.0).abs() < 0.02, "{name}: {rate} Hz");
        let jitter = jitter(stream);
        assert!((jitter / sigma - 1.0).abs() < 0.08, "{name}: {jitter} s");
    }
}

#[test]
fn only_the_arm_stalls_and_drops() {
    for seed in 0..20 {
        let log = RobotLog::synthesize(seed, 30.0);
        let arm = stream(&log, "arm");
        let gaps: Vec<f64> = spacings(arm).into_iter().filter(|gap| *gap > 0.1).collect();
        assert_eq!(gaps.len(), 1, "seed {seed}: {gaps:?}");
        assert!((0.38..0.45).contains(&gaps[0]), "seed {seed}: {gaps:?}");
        // 0.4 s of stall are 40 samples; one in 300 of the rest is lost (none twice).
        let lost = 3000 - arm.times.len();
        assert!((46..=51).contains(&lost), "seed {seed}: {lost} lost");

        for (name, count) in [("pose", 6000), ("gripper", 900)] {
            let stream = stream(&log, name);
            assert_eq!(stream.times.len(), count);
            let widest = spacings(stream).into_iter().fold(0.0, f64::max);
            assert!(widest < 1.9 / stream.nominal_hz, "{name}: {widest} s");
        }
    }
}

#[test]
fn the_stall_falls_into_a_motion() {
    for seed in 0..20 {
        let log = RobotLog::synthesize(seed, 30.0);
        let arm = stream(&log, "arm");
        let after = 1
            + (0..arm.times.len() - 1)
                .max_by(|a, b| {
                    let gap = |i: usize| arm.times[i + 1] - arm.times[i];
                    gap(*a).total_cmp(&gap(*b))
                })
                .unwrap_or(0);
        let turned = (arm.columns[0].values[after] - arm.columns[0].values[after - 1]).abs();
        assert!(turned > 0.1, "seed {seed}: the base turned by {turned} rad");
    }
}

#[test]
fn quaternions_are_unit_and_keep_their_sign() {
    let log = RobotLog::synthesize(4, 40.0);
    let pose = stream(&log, "pose");
    let q = |row: usize| -> [f64; 4] { std::array::from_fn(|i| pose.columns[3 + i].values[row]) };
    for row in 0..pose.times.len() {
        let norm = q(row).iter().map(|part| part * part).sum::<f64>().sqrt();
        assert!((norm - 1.0).abs() < 1e-8, "row {row}: {norm}");
        if row > 0 {
            let dot: f64 = q(row).iter().zip(q(row - 1)).map(|(a, b)| a * b).sum();
            assert!(dot > 0.999, "row {row}: {dot}");
        }
    }
}

#[test]
fn the_pose_is_that_of_the_arm() {
    let log = RobotLog::synthesize(6, 20.0);
    let (arm, pose) = (stream(&log, "arm"), stream(&log, "pose"));
    for (row, time) in arm.times.iter().enumerate() {
        let joints = std::array::from_fn(|joint| arm.columns[joint].values[row]);
        let want = forward(&joints).position;
        let near = pose
            .times
            .partition_point(|t| t < time)
            .min(pose.times.len() - 1);
        for (column, want) in pose.columns.iter().zip(want) {
            let apart = (column.values[near] - want).abs();
            assert!(apart < 0.01, "{} at {time} s: {apart} m apart", column.name);
        }
    }
}

#[test]
fn encoder_steps_and_flags_are_as_described() {
    let log = RobotLog::synthesize(7, 20.0);
    for column in &stream(&log, "arm").columns {
        for value in &column.values {
            let steps = value / ENCODER_STEP;
            assert!((steps - steps.round()).abs() < 2e-3, "{value}");
        }
    }
    let gripper = stream(&log, "gripper");
    let flags = &gripper.columns[1].values;
    assert!(flags.iter().all(|v| *v == 0.0 || *v == 1.0));
    assert!(flags.contains(&0.0) && flags.contains(&1.0));
    let widths = &gripper.columns[0].values;
    assert!(widths.iter().all(|w| (0.0..=0.081).contains(w)));
}

#[test]
fn a_seed_is_a_log() {
    let log = RobotLog::synthesize(11, 10.0);
    assert_eq!(log, RobotLog::synthesize(11, 10.0));
    let other = RobotLog::synthesize(12, 10.0);
    for (a, b) in log.streams.iter().zip(&other.streams) {
        assert_ne!(a.times, b.times);
        assert_ne!(a.columns[0].values, b.columns[0].values);
    }
}

#[test]
fn lengths_that_make_no_sense_are_held_to_range() {
    for seconds in [f64::NAN, -3.0, 0.0, f64::NEG_INFINITY, 1e-6] {
        let log = RobotLog::synthesize(1, seconds);
        assert_eq!(log.streams.len(), 3);
        for stream in &log.streams {
            assert!(stream.times.is_empty(), "{seconds}: {}", stream.name);
            assert!(stream.columns.iter().all(|c| c.values.is_empty()));
        }
    }
    for seconds in [0.05, 0.5, 1.9, 2.0] {
        let log = RobotLog::synthesize(1, seconds);
        let widest = spacings(&log.streams[0]).into_iter().fold(0.0, f64::max);
        assert_eq!(widest > 0.3, seconds >= MIN_SECONDS_FOR_STALL, "{seconds}");
    }
}

#[test]
fn csv_reads_back_as_the_log() {
    let log = RobotLog::synthesize(3, 3.0);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let paths = log.write_csv(dir.path().join("log")).expect("written");
    assert_eq!(paths.len(), 3);
    for (stream, path) in log.streams.iter().zip(&paths) {
        assert_eq!(
            path.file_name().and_then(|name| name.to_str()),
            Some(format!("{}.csv", stream.name).as_str())
        );
        let text = fs::read_to_string(path).expect("readable");
        let mut lines = text.lines();
        let names: Vec<_> = lines.next().expect("a header").split(',').collect();
        assert_eq!(names[0], "timestamp");
        assert_eq!(names.len(), 1 + stream.columns.len());
        let rows: Vec<Vec<f64>> = lines
            .map(|line| {
                line.split(',')
                    .map(|n| n.parse().expect("number"))
                    .collect()
            })
            .collect();
        assert_eq!(rows.len(), stream.times.len());
        for (row, values) in rows.iter().enumerate() {
            assert_eq!(values[0], stream.times[row]);
            for (column, value) in stream.columns.iter().zip(&values[1..]) {
                assert_eq!(column.values[row], *value);
            }
        }
    }
}

#[test]
fn csv_refuses_what_it_cannot_write() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let good = RobotLog::synthesize(3, 1.0);
    for name in ["", "..", "a/b", "a\\b", "/etc/x"] {
        let mut log = good.clone();
        log.streams[1].name = name.to_owned();
        let error = log.write_csv(dir.path()).expect_err(name);
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
    let mut log = good.clone();
    log.streams[0].columns[2].values.pop();
    let error = log.write_csv(dir.path()).expect_err("a short column");
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    let left: Vec<_> = fs::read_dir(dir.path()).expect("readable").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn csv_headers_are_quoted_where_they_must_be() {
    assert_eq!(csv_field("panda_joint1.pos"), "panda_joint1.pos");
    assert_eq!(csv_field("a,\"b\""), "\"a,\"\"b\"\"\"");
}
