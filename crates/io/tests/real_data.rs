//! Files from real robots and simulators, where a copy is at hand.
//!
//! The folder is named by the environment variable ROBOCACHE_REAL_DATA; without it nothing is tested.

use robocache_io::Error;
use robocache_io::csv::{Cells, ReadOptions, Table, read_table};
use robocache_io::npy::{read_npy, read_npz};
use robocache_io::points::{Format, PointCloud, Values, read_points};
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

/// The values of a cloud whose type is f32.
fn floats(cloud: &PointCloud) -> &[f32] {
    match &cloud.values {
        Values::F32(values) => values,
        Values::F64(_) => panic!("f64"),
    }
}

#[test]
fn kitti_scans() {
    let Some(path) = real("kitti/odometry_00_000000.bin") else {
        return;
    };
    assert_eq!(Format::detect(&path).unwrap(), Format::Kitti);
    let scan = read_points(path).unwrap();
    assert_eq!(scan.points(), 124_668);
    assert_eq!(scan.columns, ["x", "y", "z", "intensity"]);
    let values = floats(&scan);
    let first = [52.897_94, 0.022_989_739, 1.997_994_5, 0.08];
    assert_eq!(values[..4], first);
    let last = [4.092_375_3, -1.507_196_2, -1.895_561_1, 0.0];
    assert_eq!(values[values.len() - 4..], last);
    let Some(path) = real("kitti/object_000008_frontview.bin") else {
        return;
    };
    let scan = read_points(path).unwrap();
    assert_eq!(scan.points(), 17_238);
    assert_eq!(floats(&scan)[..4], [21.554, 0.028, 0.938, 0.34]);
}

#[test]
fn nuscenes_sweep() {
    let name = "nuscenes/n015-2018-07-24-11-22-45+0800__LIDAR_TOP__1532402927647951.pcd.bin";
    let Some(path) = real(name) else {
        return;
    };
    let sweep = read_points(&path).unwrap();
    assert_eq!(sweep.points(), 34_688);
    assert_eq!(sweep.columns, ["x", "y", "z", "intensity", "ring"]);
    let values = floats(&sweep);
    let first = [-3.124_373_4, -0.434_153_68, -1.867_192, 4.0, 0.0];
    assert_eq!(values[..5], first);
    let mut rings = values.iter().skip(4).step_by(5).zip(0..);
    assert!(rings.all(|(&ring, at)| ring == (at % 32) as f32));
    // By another name its content tells what it is.
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("sweep.bin");
    std::fs::copy(path, &copy).unwrap();
    assert_eq!(Format::detect(copy).unwrap(), Format::NuScenes);
}

#[test]
fn organised_cloud_of_pcl() {
    let Some(path) = real("pcl/office1.pcd") else {
        return;
    };
    let cloud = read_points(path).unwrap();
    assert_eq!(cloud.points(), 640 * 480);
    assert_eq!(cloud.columns, ["x", "y", "z", "rgb"]);
    let values = floats(&cloud);
    let missing = values
        .chunks(4)
        .filter(|point| point[..3].iter().all(|value| value.is_nan()));
    assert_eq!(missing.count(), 52_744);
    let bits = |point: usize| {
        let values = &values[4 * point..][..4];
        values
            .iter()
            .map(|value| value.to_bits())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        bits(8979),
        [0xc00f_5c5f, 0xbfd7_478d, 0x407a_0c4a, 0x00a6_9d93]
    );
    assert_eq!(
        bits(298_927),
        [0xbf7d_75e2, 0x3f52_c0ba, 0x3ff3_b646, 0x00b6_b4b8]
    );
    // Of the points that are there, in f64.
    let there = values.chunks(4).filter(|point| !point[0].is_nan());
    let sums = there.fold([0.0; 3], |sums, point| {
        [0, 1, 2].map(|axis| sums[axis] + f64::from(point[axis]))
    });
    for (sum, expected) in sums
        .iter()
        .zip([-46_326.294_224, -30_577.450_753, 1_020_420.615_017])
    {
        assert!((sum - expected).abs() < 1e-5, "{sums:?}");
    }
}

#[test]
fn kitti_gps_as_points() {
    let Some(path) = real("kitti/odometry_00_gps_converted.csv") else {
        return;
    };
    let track = read_points(path).unwrap();
    assert_eq!(track.columns, ["x", "y", "z", "Time"]);
    assert_eq!((track.points(), track.values.dtype()), (470, "f64"));
}
