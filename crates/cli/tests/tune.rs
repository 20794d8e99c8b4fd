//! `tune`.

mod common;
use common::{Folder, command, fail, finish};
use serde_json::Value;
use std::process::{Command, Stdio};

const SHAPE: &str = "3x40x16->30 f32";

fn tune(cache: &str, args: &[&str]) -> Command {
    let all = [&["tune", "--device", "cpu"][..], args].concat();
    let mut command = command(&all);
    command
        .env("ROBOCACHE_CACHE_DIR", cache)
        .env_remove("ROBOCACHE_TUNE");
    command
}

/// Every file below a folder.
fn files(folder: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => found.extend(files(&path.to_string_lossy())),
            false => found.push(path),
        }
    }
    found
}

#[test]
fn what_is_found_is_shown_kept_and_written_as_a_default() {
    let folder = Folder::new();
    let cache = folder.at("cache");
    let registry = folder.put("registry.toml", include_str!("../../../registry.toml"));
    let shapes = ["--op", "trajectory", "--shape", SHAPE, "--verify"];
    let ran = finish(tune(
        &cache,
        &[&shapes[..], &["--json", "--defaults", &registry]].concat(),
    ));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let found: Value = serde_json::from_str(&ran.stdout).expect("JSON and nothing else");
    let finding = &found[0];
    assert_eq!(finding["shape"], SHAPE);
    let choice = finding["choice"].as_str().expect("an id");
    let samples = finding["samples"].as_array().expect("samples");
    assert!(samples.iter().any(|sample| sample["variant"] == choice));
    assert_eq!(finding["again"]["twin"].as_array().map(Vec::len), Some(40));

    let written = std::fs::read_to_string(&registry).expect("it is there");
    assert!(written.contains(finding["key"].as_str().expect("a key")));
    assert!(written.starts_with(&include_str!("../../../registry.toml")[..500]));

    let kept = files(&cache);
    assert_eq!(kept.len(), 1, "{kept:?}");
    let ran = finish(tune(&cache, &shapes));
    assert!(
        ran.stdout.contains(SHAPE) && ran.stdout.contains(choice),
        "{}",
        ran.stdout
    );
    assert_eq!(files(&cache), kept);
}

#[test]
fn processes_that_tune_at_once_leave_one_whole_file() {
    let folder = Folder::new();
    let cache = folder.at("cache");
    let args = ["--op", "trajectory", "--shape", SHAPE];
    let mut running: Vec<_> = (0..4)
        .map(|_| {
            let mut command = tune(&cache, &args);
            command.stdout(Stdio::null()).spawn().expect("it starts")
        })
        .collect();
    for child in &mut running {
        assert!(child.wait().expect("it ends").success());
    }
    let kept = files(&cache);
    assert_eq!(kept.len(), 1, "{kept:?}");
    let text = std::fs::read_to_string(&kept[0]).expect("text");
    robocache::registry::tune::Entry::parse(&text).expect("whole");
}

#[test]
fn what_makes_no_sense_is_told() {
    fail(
        &["tune", "--op", "trajectories"],
        2,
        &["trajectories", "there is trajectory"],
    );
    fail(&["tune", "--shape", SHAPE], 2, &["--op"]);
    let shape = [
        "tune",
        "--device",
        "cpu",
        "--op",
        "trajectory",
        "--shape",
        "3x40->2",
    ];
    fail(&shape, 1, &["3x40->2", "BxSxD->T"]);
}
