//! What can this machine do?
//!
//! | module | question it answers |
//! |---|---|
//! | `findings` | what is asked, and in which form is it answered? |
//! | `look` | what is there? |
//! | `text` | how is it said in plain words? |

mod findings;
mod look;
mod text;

use crate::console;
use anyhow::Result;
use std::process::ExitCode;

/// Says what this machine can do, and why it does not do more
///
/// Looks for the CUDA driver, its devices and NVRTC, says which variants can run here, and runs each
/// of them on a small problem with a known answer. Exits with 0 also where there is no GPU, and with
/// 1 if a self-test fails.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print one JSON object with the same content
    #[arg(long)]
    json: bool,
}

/// Runs `robocache doctor`.
///
/// # Errors
/// If the result cannot be printed.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let findings = look::look();
    let text = if args.json {
        serde_json::to_string_pretty(&findings)? + "\n"
    } else {
        text::describe(&findings)
    };
    console::print(&text)?;
    Ok(if findings.healthy {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
