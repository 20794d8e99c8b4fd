//! `robocache-bench`: times every operation, and writes the tables.

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use robocache::registry::DeviceId;
use robocache_bench::{report, results, run, serve};
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

/// Times every operation beside its rivals and a memory copy, and writes the tables.
#[derive(Parser)]
#[command(name = "robocache-bench", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Time operations; the exit code is 3 if time was up before everything was timed
    Run(Run),
    /// Answer requests on stdin: how our own variants take part
    #[command(hide = true)]
    Serve {
        #[arg(long)]
        device: Device,
    },
    /// Put the parts of runs together into one file for each operation and device
    Collect {
        /// Folders of runs
        #[arg(required = true)]
        runs: Vec<PathBuf>,
        /// The folder of the files
        #[arg(long)]
        to: PathBuf,
    },
    /// Make tables, plots and the README's part from the files of samples
    Report {
        /// Folders of runs, whose parts are put together first
        runs: Vec<PathBuf>,
        /// The top of the repository
        #[arg(long, default_value = ".")]
        repository: PathBuf,
        /// Change nothing, and fail if something would have to be changed
        #[arg(long, conflicts_with = "runs")]
        check: bool,
    },
}

#[derive(clap::Args)]
struct Run {
    /// An operation, instead of all; can be given several times
    #[arg(long = "op", value_name = "NAME")]
    operations: Vec<String>,
    /// auto, cpu or cuda:N
    #[arg(long, default_value = "auto")]
    device: Device,
    /// Fresh processes of every contender, each with other numbers
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Timed runs of each thing with each seed
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    repeats: u32,
    /// A shape in the operation's syntax, instead of its list; can be given several times
    #[arg(long = "shape", value_name = "SHAPE", requires = "operations")]
    shapes: Vec<String>,
    /// auto, none, or some of torch,torch-compile,triton,numpy,numba
    #[arg(long, default_value = "auto")]
    peers: String,
    /// The Python that runs peers
    #[arg(long, env = "ROBOCACHE_PYTHON", default_value = "python3")]
    python: PathBuf,
    /// The folder of the peers' scripts; `peers` beside this program if it is not given
    #[arg(long, value_name = "DIR")]
    scripts: Option<PathBuf>,
    /// The folder of the run: raw samples in `parts`, the files that they become beside it
    #[arg(
        long,
        value_name = "DIR",
        default_value = "bench-run",
        overrides_with = "out"
    )]
    out: PathBuf,
    /// Go on with the run in a folder: what is there is kept
    #[arg(long, value_name = "DIR", overrides_with = "out")]
    resume: Option<PathBuf>,
    /// The commit that was built
    #[arg(long, default_value = "unknown")]
    commit: String,
    /// Race the variants for each shape before it is timed
    #[arg(long)]
    tune: bool,
    /// For how many shapes slow peers are started at once
    #[arg(long)]
    ahead: Option<usize>,
    /// After so many minutes, begin nothing that could be begun by --resume
    #[arg(long)]
    minutes: Option<f64>,
}

/// `None` is `auto`.
#[derive(Clone, Copy)]
struct Device(Option<DeviceId>);

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Device, String> {
        Ok(Device(match text {
            "auto" => None,
            "cpu" => Some(DeviceId::Cpu),
            other => {
                let ordinal = other.strip_prefix("cuda:").and_then(|n| n.parse().ok());
                Some(DeviceId::Cuda(
                    ordinal.ok_or("expected auto, cpu or cuda:N")?,
                ))
            }
        }))
    }
}

impl Device {
    fn get(self) -> DeviceId {
        self.0.unwrap_or_else(serve::automatic)
    }
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Run(arguments) => arguments.run(),
        Command::Serve { device } => serve::serve(
            device.get(),
            std::io::stdin().lock(),
            std::io::stdout().lock(),
        )
        .map(|()| ExitCode::SUCCESS),
        Command::Collect { runs, to } => results::collect(&runs, &to).map(|files| {
            files.iter().for_each(|file| println!("{}", file.display()));
            ExitCode::SUCCESS
        }),
        Command::Report {
            runs,
            repository,
            check,
        } => make_report(&runs, &report::Places::of(&repository), check),
    };
    result.unwrap_or_else(|error| {
        eprintln!("robocache-bench: {error:#}");
        ExitCode::FAILURE
    })
}

fn make_report(runs: &[PathBuf], places: &report::Places, check: bool) -> Result<ExitCode> {
    if check {
        report::check(places)?;
        return Ok(ExitCode::SUCCESS);
    }
    if !runs.is_empty() {
        results::collect(runs, &places.results)?;
    }
    for path in report::write(places)? {
        println!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

impl Run {
    fn run(self) -> Result<ExitCode> {
        let device = self.device.get();
        let ours = std::env::current_exe().context("this program does not know where it is")?;
        let beside = || Some(ours.parent()?.join("peers"));
        let scripts = self.scripts.clone().or_else(beside).unwrap_or_default();
        let peers = run::peers::choose(&self.peers, device)?;
        ensure!(
            peers.is_empty() || scripts.is_dir(),
            "the peers' scripts are not in {}: --scripts names their folder, --peers none does without",
            scripts.display()
        );
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        let options = run::Options {
            command: self.command(device),
            operations: self.operations,
            device,
            seeds: self.seeds,
            repeats: self.repeats as usize,
            shapes: self.shapes,
            peers,
            python: self.python,
            scripts,
            out: self.resume.clone().unwrap_or(self.out),
            resume: self.resume.is_some(),
            commit: self.commit,
            tune: self.tune,
            ahead: self.ahead.unwrap_or(cores.min(10)),
            time: self
                .minutes
                .map(|minutes| Duration::from_secs_f64(60.0 * minutes)),
            ours,
            limits: run::Limits::default(),
        };
        let complete = run::run(&options)?;
        // Nothing may have been begun if time was short.
        if complete || results::Folder::of(&options.out).holds_parts()? {
            for file in results::collect(std::slice::from_ref(&options.out), &options.out)? {
                println!("{}", file.display());
            }
        }
        if !complete {
            eprintln!("time was up; --resume {} goes on", options.out.display());
            return Ok(ExitCode::from(3));
        }
        Ok(ExitCode::SUCCESS)
    }

    /// What makes the same samples, but for where they go.
    fn command(&self, device: DeviceId) -> String {
        let mut words = format!(
            "cargo xtask bench --device {device} --seeds {} --repeats {} --peers {}",
            self.seeds, self.repeats, self.peers
        );
        for name in &self.operations {
            words += &format!(" --op {name}");
        }
        for shape in &self.shapes {
            words += &format!(" --shape '{shape}'");
        }
        if self.tune {
            words += " --tune";
        }
        words
    }
}
