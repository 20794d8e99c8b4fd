//! `voxelize`: scans into NPZ files and pictures.

mod common;
use common::{Folder, fail, succeed};
use robocache_io::npy::{Array, Values, read_npz};
use std::path::Path;

/// Writes a KITTI scan.
fn scan(folder: &Folder, name: &str, points: &[[f32; 4]]) -> String {
    let bytes: Vec<u8> = points
        .as_flattened()
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let path = folder.at(name);
    std::fs::write(&path, bytes).expect("written");
    path
}

fn get(path: &str) -> Vec<(String, Array)> {
    read_npz(path).expect("an NPZ file").arrays
}

fn array<'a>(arrays: &'a [(String, Array)], name: &str) -> &'a Array {
    let found = arrays.iter().find(|(n, _)| n == name);
    &found.unwrap_or_else(|| panic!("no array {name}")).1
}

fn i32s(array: &Array) -> &[i32] {
    match &array.values {
        Values::I32(values) => values,
        other => panic!("{}", other.dtype()),
    }
}

fn f32s(array: &Array) -> &[f32] {
    match &array.values {
        Values::F32(values) => values,
        other => panic!("{}", other.dtype()),
    }
}

const POINTS: [[f32; 4]; 5] = [
    [0.1, 0.1, 0.1, 10.0],
    [0.2, 0.3, 0.4, 30.0],
    [0.6, 0.1, 0.1, 5.0],
    [9.0, 9.0, 9.0, 1.0],
    [f32::NAN, 0.0, 0.0, 1.0],
];

#[test]
fn a_scan_within_a_range_becomes_all_of_its_cells() {
    let folder = Folder::new();
    let (input, out) = (scan(&folder, "a.bin", &POINTS), folder.at("out.npz"));
    let range = ["--range", "0,0,0,1,1,1", "--voxel", "0.5"];
    let how = [
        "--format",
        "kitti",
        "--reduce",
        "mean,occupancy,first,max",
        "-o",
        &out,
    ];
    let ran = succeed(&[&["voxelize", &input][..], &range, &how].concat());
    assert!(
        ran.stderr.contains("2 of 5 points are in no cell"),
        "{}",
        ran.stderr
    );
    let found = get(&out);
    let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "count",
        "occupancy",
        "first",
        "mean",
        "max",
        "grid_min",
        "voxel_size",
        "shape",
    ];
    assert_eq!(names, expected);
    let count = array(&found, "count");
    assert_eq!(count.shape, [1, 2, 2, 2]);
    assert_eq!(i32s(count), [2, 0, 0, 0, 1, 0, 0, 0]);
    assert_eq!(i32s(array(&found, "first")), [0, -1, -1, -1, 2, -1, -1, -1]);
    let mean = array(&found, "mean");
    assert_eq!(mean.shape, [1, 2, 2, 2, 4]);
    assert_eq!(
        (f32s(mean)[3], f32s(mean)[7], f32s(mean)[19]),
        (20.0, 0.0, 5.0)
    );
    assert_eq!(f32s(array(&found, "max"))[3], 30.0);
    assert_eq!(f32s(array(&found, "voxel_size")), [0.5; 3]);
    assert_eq!(array(&found, "shape").values, Values::I64(vec![2; 3]));
}

#[test]
fn scans_without_a_range_keep_every_finite_point() {
    let folder = Folder::new();
    let a = scan(&folder, "a.bin", &POINTS);
    let b = scan(&folder, "b.bin", &[[-3.3, 2.0, 0.0, 7.0]]);
    let (out, image) = (folder.at("out.npz"), folder.at("above.png"));
    let how = [
        "--format", "kitti", "--voxel", "0.5,1,2", "--sparse", "--image", &image, "-o", &out,
    ];
    let ran = succeed(&[&["voxelize", &a, &b][..], &how].concat());
    assert!(ran.stderr.contains("1 of 6 points"), "{}", ran.stderr);
    let found = get(&out);
    assert_eq!(i32s(array(&found, "count")), [2, 1, 1, 1]);
    let coords = array(&found, "coords");
    assert_eq!(coords.shape, [4, 4]);
    assert_eq!(
        i32s(coords).as_chunks().0,
        [[0, 7, 0, 0], [0, 8, 0, 0], [0, 25, 9, 4], [1, 0, 2, 0]]
    );
    assert_eq!(f32s(array(&found, "grid_min")), [-3.5, 0.0, 0.0]);
    let file = std::fs::File::open(&image).expect("a picture");
    let mut reader = png::Decoder::new(std::io::BufReader::new(file))
        .read_info()
        .expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("it fits")];
    let info = reader.next_frame(&mut pixels).expect("a frame");
    assert_eq!((info.width, info.height), (26, 10));
    let pixel = |x: usize, y: usize| &pixels[3 * (y * 26 + x)..][..3];
    assert_eq!(pixel(1, 0), [255; 3]);
    // The lowest y is below; more points are another colour than one.
    assert!(pixel(7, 9) != [255; 3] && pixel(8, 9) != [255; 3] && pixel(7, 9) != pixel(8, 9));
    assert!(pixel(25, 0) != [255; 3] && pixel(0, 7) != [255; 3]);
}

#[test]
fn points_outside_go_to_the_border_if_that_is_wanted() {
    let folder = Folder::new();
    let (input, out) = (scan(&folder, "a.bin", &POINTS), folder.at("out.npz"));
    let range = ["--range", "0,0,0,1,1,1", "--voxel", "0.5", "--clamp"];
    let how = ["--format", "kitti", "-o", &out];
    succeed(&[&["voxelize", &input][..], &range, &how].concat());
    assert_eq!(i32s(array(&get(&out), "count")), [2, 0, 0, 0, 1, 0, 0, 1]);
}

#[test]
fn tables_are_scans_with_names() {
    let folder = Folder::new();
    let input = folder.put("a.csv", "z,x,y,t\n0.5,1.5,2.5,7\n0.5,1.5,2.5,9\n");
    let out = folder.at("out.npz");
    let how = ["--voxel", "1", "--sparse", "--reduce", "mean", "-o", &out];
    succeed(&[&["voxelize", &input][..], &how].concat());
    let found = get(&out);
    assert_eq!(f32s(array(&found, "mean")), [1.5, 2.5, 0.5, 8.0]);
    assert_eq!(f32s(array(&found, "grid_min")), [1.0, 2.0, 0.0]);
}

#[test]
fn floats_in_rows_of_any_width_are_scans() {
    let folder = Folder::new();
    let points = [
        [0.5f32, 0.5, 0.5, 1.0],
        [2.0, 3.0, 1.5, 0.5],
        [0.5, 4.0, 5.0, 6.0],
    ];
    let (input, out) = (scan(&folder, "a.bin", &points), folder.at("out.npz"));
    let how = ["--voxel", "1", "--sparse", "--reduce", "mean", "-o", &out];
    succeed(&[&["voxelize", &input, "--format", "6"][..], &how].concat());
    let mean = get(&out);
    assert_eq!(
        f32s(array(&mean, "mean")),
        [0.5, 0.5, 0.5, 1.0, 2.0, 3.0, 1.5, 0.5, 0.5, 4.0, 5.0, 6.0]
    );
    fail(
        &[&["voxelize", &input, "--format", "2"][..], &how].concat(),
        2,
        &["nuscenes", "floats"],
    );
    fail(
        &[&["voxelize", &input][..], &how].concat(),
        1,
        &["how many 32-bit floats"],
    );
}

#[test]
fn what_makes_no_sense_is_refused_in_words() {
    let folder = Folder::new();
    let input = scan(&folder, "a.bin", &POINTS);
    let out = folder.at("out.npz");
    let with = |more: &[&str], code: i32, words: &[&str]| {
        let always = ["voxelize", &input, "--format", "kitti", "-o", &out];
        fail(&[&always[..], more].concat(), code, words);
        assert!(!Path::new(&out).exists(), "nothing is written");
    };
    with(&[], 2, &["--voxel"]);
    with(&["--voxel", "0"], 2, &["above zero"]);
    with(
        &["--voxel", "1", "--range", "0,0,0,1,1"],
        2,
        &["six numbers"],
    );
    with(
        &["--voxel", "1", "--range", "0,0,0,1,1,-1"],
        2,
        &["above the lower"],
    );
    with(&["--voxel", "1", "--range", "0,0,0,1,1,0.4"], 1, &["range"]);
    with(&["--voxel", "1", "--reduce", "median"], 2, &["mean", "max"]);
    with(&["--voxel", "1", "--clamp"], 2, &["--range"]);
    with(
        &["--voxel", "1", "--sparse", "--reduce", "occupancy"],
        2,
        &["occupancy"],
    );
    with(&["--voxel", "1e-4"], 1, &["--sparse"]);
    with(&["--voxel", "1e-12"], 1, &["2^31"]);
    fail(
        &[
            "voxelize",
            &input,
            "--voxel",
            "1",
            "-o",
            &folder.at("out.npy"),
        ],
        2,
        &[".npz"],
    );
    let other = folder.put("b.csv", "x,y,z\n1,2,3\n");
    let both = [
        "voxelize",
        &other,
        &folder.put("c.csv", "x,y,z,t\n1,2,3,4\n"),
    ];
    fail(
        &[&both[..], &["--voxel", "1", "-o", &out]].concat(),
        1,
        &["c.csv", "the same"],
    );
    let none = folder.put("none.csv", "x,y,z\nnan,1,2\n");
    fail(
        &["voxelize", &none, "--voxel", "1", "-o", &out],
        1,
        &["--range"],
    );
}

#[test]
fn devices_are_chosen_and_missing_ones_are_explained() {
    let folder = Folder::new();
    let input = scan(&folder, "a.bin", &POINTS);
    let made = |device: &str, more: &[&str]| {
        let out = folder.at(&format!("{device}.npz"));
        let always = ["voxelize", &input, "--format", "kitti", "--voxel", "0.5"];
        let how = ["--reduce", "mean", "--device", device, "-o", &out];
        succeed(&[&always[..], &how, more].concat());
        std::fs::read(out).expect("a file")
    };
    for more in [&["--sparse"][..], &["--range", "0,0,0,2,2,2"]] {
        assert_eq!(made("cpu", more), made("auto", more));
    }
    let out = folder.at("out.npz");
    let refused = |device: &str, code: i32, words: &[&str]| {
        let how = ["--voxel", "1", "--device", device, "-o", &out];
        let all = [&["voxelize", &input, "--format", "kitti"][..], &how].concat();
        fail(&all, code, words);
        assert!(!Path::new(&out).exists(), "nothing is written");
    };
    for device in ["gpu", "cuda:x", "cpu:1", ""] {
        refused(device, 2, &["--device"]);
    }
    let words = ["cuda:4000", "robocache doctor", "--device cpu"];
    refused("cuda:4000", 1, &words);
}

/// Every finite point of a real scan is kept, and their number is what the file's size says.
#[test]
fn a_real_scan_is_kept_whole() {
    let Some(datasets) = std::env::var_os("ROBOCACHE_REAL_DATA") else {
        println!("skipped: ROBOCACHE_REAL_DATA names no folder of datasets");
        return;
    };
    let folder = Folder::new();
    let out = folder.at("out.npz");
    let datasets = Path::new(&datasets);
    let kitti = datasets.join("kitti/odometry_00_000000.bin");
    let cloud = datasets.join("pcl/office1.pcd");
    for (file, format, points) in [(kitti, "kitti", 124_668), (cloud, "pcd", 307_200 - 52_744)] {
        let how = ["--format", format, "--voxel", "0.1", "--sparse", "-o", &out];
        succeed(&[&["voxelize", file.to_str().expect("UTF-8")][..], &how].concat());
        let found = get(&out);
        let total: i64 = i32s(array(&found, "count"))
            .iter()
            .map(|&n| i64::from(n))
            .sum();
        assert_eq!(total, points, "{format}");
    }
}
