//! Help and usage.

mod common;
use common::{command, fail, succeed};

#[test]
fn every_command_has_help() {
    let top = succeed(&["--help"]).stdout;
    for name in ["doctor", "kernels", "resample", "voxelize", "demo"] {
        assert!(top.contains(name), "{top}");
        let help = succeed(&[name, "--help"]).stdout;
        assert!(help.contains("Usage: robocache"), "{help}");
    }
    let help = succeed(&["resample", "--help"]).stdout;
    for option in [
        "--time",
        "--rate",
        "--columns",
        "--kind",
        "--max-gap",
        "--tolerance",
        "--on-invalid",
        "--mask",
        "--age",
        "slerp-wxyz",
        "'q_*=slerp'",
        "--device",
        "--time-unit",
        "--output",
        "NPY:",
    ] {
        assert!(help.contains(option), "{option} is not in {help}");
    }
    let help = succeed(&["voxelize", "--help"]).stdout;
    for option in ["--voxel", "--range", "--sparse", "--device", "Devices:"] {
        assert!(help.contains(option), "{option} is not in {help}");
    }
    assert!(succeed(&["--version"]).stdout.starts_with("robocache 0."));
}

#[test]
fn what_is_not_understood_has_the_exit_code_two() {
    fail(&[], 2, &["Usage"]);
    fail(&["fly"], 2, &["fly"]);
    fail(&["resample", "a.csv"], 2, &["--time", "--rate"]);
    fail(&["kernels"], 2, &["list"]);
}

/// The dynamic linker of glibc tells which libraries are looked for.
#[test]
#[cfg(all(target_os = "linux", target_env = "gnu", feature = "cuda"))]
fn help_and_lists_never_touch_the_driver() {
    let looks_for_driver = |args: &[&str]| {
        let mut command = command(args);
        command.env("LD_DEBUG", "libs");
        let ran = common::finish(command);
        assert_eq!(ran.code, 0, "{args:?}");
        ran.stderr.contains("libcuda") || ran.stderr.contains("libnvidia")
    };
    assert!(!looks_for_driver(&["--help"]));
    assert!(!looks_for_driver(&["doctor", "--help"]));
    assert!(!looks_for_driver(&["kernels", "list"]));
    assert!(
        looks_for_driver(&["doctor"]),
        "what is looked for can be seen this way"
    );
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    use std::io::Read;
    use std::process::Stdio;
    let mut command = command(&["kernels", "list", "--json"]);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut child = command
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let mut stderr = String::new();
    let mut pipe = child.stderr.take().expect("stderr");
    pipe.read_to_string(&mut stderr).expect("text");
    assert!(child.wait().expect("ended").success(), "{stderr}");
    assert_eq!(stderr, "");
}
