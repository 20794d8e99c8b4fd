//! The `robocache` command, as a library so that it can be tested.
//!
//! | module | question it answers |
//! |---|---|
//! | `args` | what can be said on the command line? |
//! | `failure` | which exit code does a failure have? |
//! | `console` | how are results, notes and progress shown? |
//! | `device` | which device was asked for, and why can it not be had? |
//! | `engine` | how is one block of samples resampled on a device? |
//! | `memory` | does it fit? |
//! | `output` | can a file be written there? |
//! | `time` | what do the stamps of a log mean, and which targets are on its clock? |
//! | `doctor` | what can this machine do? |
//! | `kernels` | which variants are there? |
//! | `resample` | how does a file become a resampled file? |
//! | `voxelize` | how do scans become voxels? |
//! | `demo` | what is there to see and to measure? |
//! | `lidar` | what does the scan of a spinning lidar on a street look like? |
//! | `tune` | which variant is the fastest on this device? |
//! | [`report`] | what did resampling do to a log, on one page? |
//! | [`robot_log`] | what does the log of a real robot arm cell look like? |
//!
//! Architecture invariant: the driver is touched by `device`, by `doctor` and by nothing that runs
//! before the command line is understood, so that `--help` works wherever the program starts.

#![forbid(unsafe_code)]

mod args;
mod console;
mod demo;
mod device;
mod doctor;
mod engine;
mod failure;
mod kernels;
mod lidar;
mod memory;
mod output;
pub mod report;
mod resample;
pub mod robot_log;
mod time;
mod tune;
mod voxelize;

use clap::Parser;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command that the arguments ask for; the first of them is the program's own name.
///
/// Results go to stdout, everything else to stderr. The exit code is 0 for success, 1 for a failure
/// and 2 for arguments that make no sense.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match args::Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come as errors too, with the exit code 0. Where they cannot be
            // printed, there is nowhere left to say so.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    console::init_tracing(cli.verbose);
    match cli.run() {
        Ok(code) => code,
        Err(error) => failure::report(&error),
    }
}
