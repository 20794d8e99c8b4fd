//! `demo`.

mod common;
use common::{Csv, Folder, fail, succeed};

#[test]
fn a_synthetic_log_is_resampled_measured_and_drawn() {
    let folder = Folder::new();
    let out = folder.at("demo");
    let ran = succeed(&["demo", "--seconds", "4", "--device", "cpu", "--out", &out]);
    for words in [
        "Same bits: ",
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
        "</html>",
    ] {
        assert!(page.contains(words), "{words:?} is not on the page");
    }
    for (name, columns) in [("arm", 8), ("pose", 8), ("gripper", 3)] {
        let log = Csv::read(folder.path().join(format!("demo/log/{name}.csv")));
        assert_eq!(log.names.len(), columns);
        assert!(log.f64(0).is_sorted() && log.rows.len() > 100);
    }
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
    assert!(
        !folder.path().join("demo/log").exists(),
        "nothing is made up"
    );
}

#[test]
fn what_cannot_be_shown_is_refused() {
    let folder = Folder::new();
    let out = folder.at("demo");
    fail(&["demo", "--data", "a.csv"], 2, &["--time"]);
    fail(&["demo", "--time", "t"], 2, &["--data"]);
    fail(&["demo", "--seconds", "0"], 2, &["--seconds"]);
    fail(&["demo", "--rate", "-1"], 2, &["--rate"]);
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
    let file = folder.put("file", "");
    fail(&["demo", "--seconds", "2", "--out", &file], 1, &["file"]);
    fail(
        &["demo", "--out", &out, "--device", "cuda:4000"],
        1,
        &["cuda:4000"],
    );
}
