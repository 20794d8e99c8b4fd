//! What can be said on the command line?

use crate::{demo, doctor, kernels, resample, tune, voxelize};
use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Puts the sensor streams of robot logs onto one clock, on the CPU and on NVIDIA GPUs, and scans into voxels.
///
/// The same numbers give the same bits on every device. A GPU is used where there is one and the
/// work is worth it; `robocache doctor` says what this machine can do.
#[derive(Debug, Parser)]
#[command(name = "robocache", version, propagate_version = true)]
pub(crate) struct Cli {
    /// Say more on stderr: what ran and how long it took (-v), details (-vv), everything (-vvv).
    ///
    /// The environment variable RUST_LOG does the same, by module, and overrides this.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Doctor(doctor::Args),
    Kernels(kernels::Args),
    Resample(resample::Args),
    Voxelize(voxelize::Args),
    Demo(demo::Args),
    Tune(tune::Args),
}

impl Cli {
    /// Does what was asked for.
    ///
    /// # Errors
    /// Whatever stopped it; see [`failure`](crate::failure) for the exit code.
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self.command {
            Command::Doctor(args) => doctor::run(&args),
            Command::Kernels(args) => kernels::run(&args),
            Command::Resample(args) => resample::run(&args).map(|()| ExitCode::SUCCESS),
            Command::Voxelize(args) => voxelize::run(&args).map(|()| ExitCode::SUCCESS),
            Command::Demo(args) => demo::run(&args).map(|()| ExitCode::SUCCESS),
            Command::Tune(args) => tune::run(&args).map(|()| ExitCode::SUCCESS),
        }
    }
}

/// Reads a rate in samples per second.
pub(crate) fn parse_rate(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        Ok(_) => Err("a rate is a number of samples per second above zero".to_owned()),
        Err(_) => Err("expected a number of samples per second, such as 50 or 29.97".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn rates_are_positive_numbers() {
        assert_eq!(parse_rate("29.97"), Ok(29.97));
        for text in ["0", "-1", "nan", "inf", "", "50Hz", "-0"] {
            assert!(parse_rate(text).is_err(), "{text}");
        }
    }
}
