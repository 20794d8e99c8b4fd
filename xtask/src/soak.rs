//! `cargo xtask soak`: builds the soak and runs it.

use crate::shell::{self, cargo, hand_over, output, program, root, target};
use anyhow::Result;
use std::process::ExitCode;

/// What is passed on to the soak.
#[derive(clap::Args)]
pub struct Arguments {
    /// Arguments of the soak, for example `--hours 8`; `--help` tells more
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pass_on: Vec<String>,
}

/// Builds and runs; the exit code is the soak's.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    shell::run(cargo(&[
        "build",
        "--quiet",
        "--release",
        "--package",
        "robocache-soak",
        "--features",
        "testing",
    ]))?;
    let mut command = program(target().join("release/robocache-soak"), &[]);
    let given = |name: &str| {
        let with_value = format!("{name}=");
        let mut words = arguments.pass_on.iter();
        words.any(|word| word == name || word.starts_with(&with_value))
    };
    if !given("--report") {
        command.arg("--report").arg(root().join("target/soak"));
    }
    // Without git, or outside of a repository, the report has no commit.
    let commit = output(program("git", &["rev-parse", "--short=12", "HEAD"]));
    if let Ok(commit) = commit
        && !given("--commit")
    {
        command.args(["--commit", commit.trim()]);
    }
    command.args(&arguments.pass_on);
    // Paths in the arguments are meant from where the user stands.
    if let Ok(here) = std::env::current_dir() {
        command.current_dir(here);
    }
    hand_over(command)
}
