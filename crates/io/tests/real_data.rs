//! Files from real robots and simulators, where a copy is at hand.
//!
//! The folder is named by the environment variable ROBOCACHE_REAL_DATA; without it nothing is tested.

use robocache_io::Error;
use robocache_io::csv::{Cells, ReadOptions, Table, read_table};
use robocache_io::npy::{read_npy, read_npz};
use std::path::PathBuf;

/// The file's path, if there is a folder of real data.
fn real(name: &str) -> Option<PathBuf> {
    match std::env::var_os("ROBOCACHE_REAL_DATA") {
        Some(folder) => Some(PathBuf::from(folder).join(name)),
        None => {
            eprintln!("skipped: ROBOCACHE_REAL_DATA names no folder with {name}");
            None
        }
    }
}

fn table(path: PathBuf) -> Table {
    read_table(path, &ReadOptions::default(), &mut |_, _| {}).unwrap()
}

#[test]
fn lerobot_robot_state() {
    let Some(path) = real("lerobot/so100_follower_robot_state.csv") else {
        return;
    };
    let table = table(path);
    assert_eq!((table.rows(), table.columns.len()), (726, 34));
    let cells = |name| &table.column(name).unwrap().cells;
    assert!(matches!(cells("timestamp"), Cells::F64(t) if t[0] == 2.661_818_542_008_404_6));
    assert!(matches!(cells("step"), Cells::I64(s) if s[0] == 1));
    assert!(matches!(cells("robot_connected"), Cells::Bool(c) if c[0]));
    assert_eq!(table.line_of(725), 727);
    let Err(Error::MissingColumn { available, .. }) = table.column("shoulder_pan") else {
        panic!("found");
    };
    assert_eq!(available[0], "shoulder_pan.pos");
}

#[test]
fn euroc_ground_truth() {
    let Some(path) = real("extra_trajectories/euroc_V102_groundtruth.csv") else {
        return;
    };
    let table = table(path);
    assert_eq!((table.rows(), table.columns.len()), (16_702, 17));
    let Cells::I64(stamps) = &table.column("timestamp").unwrap().cells else {
        panic!("stamps are no integers");
    };
    assert_eq!(stamps[0], 1_403_715_524_907_143_168);
    assert!(stamps.is_sorted());
    let x = table.column("p_RS_R_x [m]").unwrap().to_f64().unwrap();
    assert_eq!(x[..2], [0.515356, 0.515342]);
}

#[test]
fn kitti_gps() {
    let Some(path) = real("kitti/odometry_00_gps_converted.csv") else {
        return;
    };
    let table = table(path);
    assert_eq!((table.rows(), table.columns.len()), (470, 4));
    let time = table.column("Time").unwrap().to_f64().unwrap();
    assert_eq!(time[0], 46_534.478_375_79);
    assert!(time.is_sorted());
}

#[test]
fn tartanair_flow() {
    let Some(path) = real("tartanair/000010_000009_flow.npy") else {
        return;
    };
    let flow = read_npy(path).unwrap();
    assert_eq!(
        (flow.shape, flow.values.dtype()),
        (vec![480, 640, 2], "f32")
    );
    assert!(flow.values.to_f64().iter().all(|value| value.is_finite()));
}

#[test]
fn isaac_gym_motion() {
    let Some(path) = real("isaac_gym/derived/amp_humanoid_run.npz") else {
        return;
    };
    let npz = read_npz(path).unwrap();
    assert_eq!(npz.skipped, []);
    let names: Vec<&str> = npz.arrays.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "fps",
            "rotation",
            "root_translation",
            "global_velocity",
            "global_angular_velocity"
        ]
    );
    assert_eq!(npz.arrays[0].1.shape, [0; 0]);
}

#[test]
fn isaac_gym_pickle_is_refused() {
    let Some(path) = real("isaac_gym/amp_humanoid_run.npy") else {
        return;
    };
    let error = read_npy(path).unwrap_err();
    assert!(matches!(error, Error::UnsupportedDType { .. }));
    assert!(
        error.to_string().contains("pickled Python objects"),
        "{error}"
    );
}
