//! The commands of this repository: `cargo xtask --help`.

mod bench;
mod demo;
mod fuzz;
mod gpu_bundle;
mod kernels;
mod packages;
mod setup;
mod shell;
mod soak;
mod test;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// The commands of the RoboCache repository.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Resample a robot log on this machine and write a page with plots
    Demo(demo::Arguments),
    /// Set up what is needed and run every check
    Test,
    /// Run random cases for hours and judge results, memory and latency
    #[command(disable_help_flag = true)]
    Soak(soak::Arguments),
    /// Time every operation beside its rivals and a memory copy
    #[command(disable_help_flag = true)]
    Bench(bench::Arguments),
    /// Make tables and plots from the raw samples in crates/bench/results, and from runs that are named
    #[command(disable_help_flag = true)]
    Report(bench::Arguments),
    /// Compile every kernel for every architecture and check what it uses and consists of
    Kernels {
        /// Where the images go
        #[arg(long, default_value = "target/kernels")]
        out: PathBuf,
    },
    /// Feed readers, planning and variants with bytes that reach new code, and look for bugs
    Fuzz(fuzz::Arguments),
    /// Collect the GPU tests, the command and a script that needs neither Rust nor network
    GpuBundle {
        /// Where they go
        #[arg(long)]
        out: PathBuf,
        /// Compute capabilities whose images are embedded, as 90,100; each program brings its own
        #[arg(long, value_name = "LIST")]
        architectures: Option<String>,
    },
}

fn main() -> ExitCode {
    let done = |()| ExitCode::SUCCESS;
    let result = match Arguments::parse().command {
        Command::Demo(arguments) => demo::run(&arguments).map(done),
        Command::Test => test::run().map(done),
        Command::Soak(arguments) => soak::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Report(arguments) => bench::report(&arguments),
        Command::Fuzz(arguments) => fuzz::run(&arguments).map(done),
        Command::Kernels { out } => kernels::run(&shell::root().join(out)).map(done),
        Command::GpuBundle { out, architectures } => {
            gpu_bundle::run(&shell::root().join(out), architectures.as_deref()).map(done)
        }
    };
    result.unwrap_or_else(|error| {
        eprintln!("xtask: {error:#}");
        ExitCode::FAILURE
    })
}
