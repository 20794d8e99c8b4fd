//! `demo`.

mod common;
use common::{Csv, Folder, fail, run, succeed};
use robocache_io::npy::read_npz;
use std::path::Path;

#[test]
fn a_synthetic_log_is_resampled_measured_and_drawn() {
    let folder = Folder::new();
    let out = folder.at("demo");
    let how = ["--seconds", "4", "--voxel", "0.1", "--device", "cpu"];
    let ran = succeed(&[&["demo", "--out", &out][..], &how].concat());
    for words in [
        "Same bits: ",
        "voxelize.scalar.cpu",
        "count and max",
        "count and mean",
        "a scan takes",
        "trajectory.scalar.cpu",
        "COPY GB/S",
        "→ 125",
        "index.html",
    ] {
        assert!(ran.stdout.contains(words), "{words:?}: {}", ran.stdout);
    }
    assert_eq!(ran.stderr, "");
    let page = std::fs::read_to_string(folder.path().join("demo/index.html")).expect("a page");
    for words in [
        "<svg",
        "panda_joint7.pos",
        "grasped",
        "GB/s",
        "Same bits",
        "voxels of space",
        "src=\"data:image/png;base64,iVBORw0KGgo",
        "</html>",
    ] {
        assert!(page.contains(words), "{words:?} is not on the page");
    }
    for (name, columns) in [("arm", 8), ("pose", 8), ("gripper", 3)] {
        let log = Csv::read(folder.path().join(format!("demo/log/{name}.csv")));
        assert_eq!(log.names.len(), columns);
        assert!(log.f64(0).is_sorted() && log.rows.len() > 100);
    }
    // The scan is there to be used, and the command finds the same in it.
    let (scan, voxels) = (folder.at("demo/scan.bin"), folder.at("voxels.npz"));
    let how = ["--format", "kitti", "--voxel", "0.1", "--sparse"];
    succeed(&[&["voxelize", &scan, "-o", &voxels][..], &how].concat());
    let arrays = read_npz(&voxels).expect("an NPZ file").arrays;
    let (name, coords) = &arrays[0];
    assert_eq!((name.as_str(), coords.shape[1]), ("coords", 4));
    let digits: Vec<char> = coords.shape[0].to_string().chars().rev().collect();
    let groups: Vec<String> = digits.chunks(3).map(|of| of.iter().collect()).collect();
    let number: String = groups.join(",").chars().rev().collect();
    let words = format!("and {number} voxels in space");
    assert!(page.contains(&words), "{words:?} is not on the page");
}

#[test]
fn a_scan_of_ones_own_is_shown_beside_a_log_of_ones_own() {
    let folder = Folder::new();
    let log = folder.put("log.csv", "t,x\n0,1\n0.1,2\n0.2,3\n");
    // Two points above one cell of the ground, one above another, and one that is nowhere.
    let scan = "x,y,z,t\n0.5,0.5,0.5,1\n0.6,0.6,2.5,1\n1.5,0.5,0.5,1\nnan,0,0,1\n";
    let (scan, out) = (folder.put("scan.csv", scan), folder.at("demo"));
    let data = ["--data", &log, "--time", "t", "--out", &out];
    let how = ["--scan", &scan, "--voxel", "1", "--device", "cpu"];
    let ran = succeed(&[&["demo"][..], &data, &how].concat());
    assert!(ran.stdout.contains("scan.csv"), "{}", ran.stdout);
    let page = std::fs::read_to_string(folder.path().join("demo/index.html")).expect("a page");
    for words in [
        "scan.csv in voxels",
        "4 points in cells of 1: 2 of the 2 cells of the ground have points, and 3 voxels in space",
    ] {
        assert!(page.contains(words), "{words:?} is not on the page");
    }
    assert!(!page.contains("The scan is synthetic"));
    assert!(!folder.path().join("demo/scan.bin").exists());
}

#[test]
fn a_log_of_ones_own_is_shown() {
    let folder = Folder::new();
    let mut text = "stamp_ns,on,mode,joint\n".to_owned();
    for i in 0..300i64 {
        let stamp = 1_700_000_000_000_000_000 + i * 10_000_000 + i64::from(i > 150) * 500_000_000;
        text += &format!("{stamp},{},auto,{}\n", i % 50 < 25, (i as f64 * 0.1).sin());
    }
    let log = folder.put("session.csv", &text);
    let out = folder.at("demo");
    let ran = succeed(&[
        "demo", "--data", &log, "--time", "stamp_ns", "--rate", "20", "--out", &out,
    ]);
    assert!(ran.stderr.contains("nanoseconds") && ran.stderr.contains("\"mode\""));
    // 3.49 s at 20 Hz; nine or ten of the targets lie in the gap of half a second.
    let line = ran.stdout.lines().find(|line| line.starts_with("session"));
    let cells: Vec<&str> = line.expect("the stream").split_whitespace().collect();
    let numbers: Vec<u32> = cells.iter().filter_map(|cell| cell.parse().ok()).collect();
    assert!(numbers.ends_with(&[300, 70, 10]), "{cells:?}");
    let page = std::fs::read_to_string(folder.path().join("demo/index.html")).expect("a page");
    for words in ["session", "joint", "session.csv"] {
        assert!(page.contains(words), "{words:?} is not on the page");
    }
    for made_up in ["demo/log", "demo/scan.bin"] {
        assert!(!folder.path().join(made_up).exists(), "nothing is made up");
    }
    assert!(!page.contains("voxel"), "there is no scan to show");
}

#[test]
fn what_cannot_be_shown_is_refused() {
    let folder = Folder::new();
    let out = folder.at("demo");
    fail(&["demo", "--data", "a.csv"], 2, &["--time"]);
    fail(&["demo", "--time", "t"], 2, &["--data"]);
    fail(&["demo", "--seconds", "0"], 2, &["--seconds"]);
    fail(&["demo", "--rate", "-1"], 2, &["--rate"]);
    for size in ["0", "-1", "nan", "x"] {
        fail(&["demo", "--voxel", size], 2, &["--voxel"]);
    }
    fail(&["demo", "--scan-format", "kitti"], 2, &["--scan"]);
    let of_log = ["demo", "--data", "a.csv", "--time", "t", "--voxel", "1"];
    fail(&of_log, 2, &["--voxel needs --scan"]);
    let with = |text: &str, words: &[&str]| {
        let log = folder.put("log.csv", text);
        fail(
            &["demo", "--data", &log, "--time", "t", "--out", &out],
            1,
            words,
        );
    };
    with("t,x\n0.5,1\n0.25,2\n", &["line 3"]);
    with("t,x\n0.5,1\n", &["only one sample"]);
    with("t,x\n0.5,a\n", &["no column of numbers"]);
    let scan = |text: &str, voxel: &str, words: &[&str]| {
        let log = folder.put("log.csv", "t,x\n0.5,1\n1,2\n2,3\n");
        let scan = folder.put("scan.csv", text);
        let data = ["--data", &log, "--time", "t", "--out", &out];
        let ran = run(&[&["demo"][..], &data, &["--scan", &scan, "--voxel", voxel]].concat());
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        let says = |word: &&str| ran.stderr.contains(*word);
        assert!(words.iter().all(says), "{}", ran.stderr);
        assert!(!Path::new(&out).join("index.html").exists());
    };
    scan("x,y\n1,2\n", "1", &["z"]);
    scan("x,y,z\nnan,1,2\n", "1", &["no finite point"]);
    scan("x,y,z\n0,0,0\n1e6,1e6,1\n", "1", &["--voxel 1", "2^31"]);
    let file = folder.put("file", "");
    fail(&["demo", "--seconds", "2", "--out", &file], 1, &["file"]);
    fail(
        &["demo", "--out", &out, "--device", "cuda:4000"],
        1,
        &["cuda:4000"],
    );
}
