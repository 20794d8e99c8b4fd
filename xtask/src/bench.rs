//! `cargo xtask bench` and `report`: times every operation, and makes the tables.

use crate::shell::{self, cargo, hand_over, output, program, root, target};
use crate::{kernels, setup};
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What is passed on to `robocache-bench`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Arguments of `robocache-bench run` or `report`; `--help` tells more
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pass_on: Vec<String>,
}

/// Builds and measures. Where there is a GPU, kernels are compiled ahead of time.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let gpu = Path::new("/dev/nvidiactl").exists();
    let bench = build(gpu)?;
    let scripts = root().join("crates/bench/peers");
    let out = target().join("bench");
    let commit = commit()?;
    let mut words = vec!["run".to_owned()];
    for (name, value) in [
        ("--commit", commit),
        ("--scripts", scripts.to_string_lossy().into_owned()),
        ("--out", out.to_string_lossy().into_owned()),
    ] {
        let given = |word: &String| word == name || word.starts_with(&format!("{name}="));
        if !arguments.pass_on.iter().any(given) {
            words.extend([name.to_owned(), value]);
        }
    }
    start(&bench, &words, arguments)
}

/// Builds and makes the tables.
pub fn report(arguments: &Arguments) -> Result<ExitCode> {
    let bench = build(false)?;
    let repository = root().to_string_lossy().into_owned();
    start(
        &bench,
        &["report".into(), "--repository".into(), repository],
        arguments,
    )
}

fn build(gpu: bool) -> Result<PathBuf> {
    let mut command = cargo(&["build", "--release", "--package", "robocache-bench"]);
    if gpu {
        let images = target().join("kernels");
        kernels::run(&images)?;
        command.args(["--features", "aot"]);
        command.env("ROBOCACHE_NVRTC", setup::nvrtc()?);
        command.env("ROBOCACHE_KERNEL_IMAGES", &images);
    }
    shell::run(command)?;
    Ok(target().join("release/robocache-bench"))
}

fn start(bench: &Path, words: &[String], arguments: &Arguments) -> Result<ExitCode> {
    let words: Vec<&str> = words
        .iter()
        .chain(&arguments.pass_on)
        .map(String::as_str)
        .collect();
    let mut command = program(bench, &words);
    // Paths in the arguments are meant from where the user stands.
    if let Ok(here) = std::env::current_dir() {
        command.current_dir(here);
    }
    hand_over(command)
}

/// The commit that is checked out, and whether anything was changed since.
pub fn commit() -> Result<String> {
    let words = [
        "describe",
        "--always",
        "--dirty",
        "--abbrev=12",
        "--exclude=*",
    ];
    Ok(output(program("git", &words))?.trim().to_owned())
}
