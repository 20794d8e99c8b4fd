//! The `robocache` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    robocache_cli::main(std::env::args_os())
}
