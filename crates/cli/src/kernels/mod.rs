//! Which variants are there?
//!
//! | module | question it answers |
//! |---|---|
//! | `list` | what is each variant, and what may it cost? |

mod list;

use anyhow::Result;
use clap::Subcommand;
use std::process::ExitCode;

/// What there is to know about the kernel variants
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Args),
}

/// Runs `robocache kernels`.
///
/// # Errors
/// If the result cannot be printed.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    match &args.command {
        Command::List(args) => list::run(args)?,
    }
    Ok(ExitCode::SUCCESS)
}
