//! `cargo xtask demo`: builds the command and runs its demo.

use crate::shell::{self, cargo, program, root, target};
use anyhow::Result;

/// What is passed on to `robocache demo`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Arguments of `robocache demo`, for example `--data FILE.csv --time COLUMN`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pass_on: Vec<String>,
}

/// Builds and runs.
pub fn run(arguments: &Arguments) -> Result<()> {
    shell::run(cargo(&["build", "--release", "--package", "robocache-cli"]))?;
    let out = root().join("target/demo");
    let out = out.to_string_lossy();
    let mut words = vec!["demo"];
    if !arguments
        .pass_on
        .iter()
        .any(|word| word == "--out" || word.starts_with("--out="))
    {
        words.extend(["--out", &out]);
    }
    words.extend(arguments.pass_on.iter().map(String::as_str));
    let mut command = program(target().join("release/robocache"), &words);
    // Paths in the arguments are meant from where the user stands.
    if let Ok(here) = std::env::current_dir() {
        command.current_dir(here);
    }
    shell::run(command)
}
