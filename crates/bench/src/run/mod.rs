//! Who runs what, when?
//!
//! | module | question it answers |
//! |---|---|
//! | [`process`] | what if a contender dies, hangs or talks nonsense? |
//! | [`contender`] | who takes part, and is it still there? |
//! | [`peers`] | who else takes part? |
//! | [`blocks`] | in which order are contenders timed? |
//! | [`machine`] | how is the machine meanwhile? |
//! | `session` | what happens with one seed, and with one shape of it? |
//!
//! Each seed has fresh processes. All contenders get ready for a shape at the same time, and only when
//! all are, one after the other is timed: what they do to get ready disturbs nobody.

pub mod blocks;
pub mod contender;
pub mod machine;
pub mod peers;
pub mod process;
mod session;

use crate::protocol::Hello;
use crate::results::{Folder, Setup};
use anyhow::{Context, Result, ensure};
use contender::Contender;
use peers::{Launcher, Peer};
use process::Process;
use robocache::registry::{DeviceId, operations};
use session::Session;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// Runs of a block.
const BLOCK: usize = 10;
/// Runs before each block that do not count.
const WARMUP: usize = 3;
/// Seeds in which slow peers take part.
const SLOW_SEEDS: u64 = 2;

/// How long contenders may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// To say who they are.
    pub start: Duration,
    /// To get ready for a problem.
    pub open: Duration,
    /// For one block.
    pub work: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            start: Duration::from_secs(180),
            open: Duration::from_secs(240),
            work: Duration::from_secs(120),
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// Names of operations; all if there are none.
    pub operations: Vec<String>,
    /// Where.
    pub device: DeviceId,
    /// How many seeds.
    pub seeds: u64,
    /// Timed runs of each thing with each seed.
    pub repeats: usize,
    /// Shapes; the operation's own list if there are none.
    pub shapes: Vec<String>,
    /// Who else takes part.
    pub peers: Vec<Peer>,
    /// The Python that runs peers.
    pub python: PathBuf,
    /// Where the peers' scripts are.
    pub scripts: PathBuf,
    /// The folder of the run.
    pub out: PathBuf,
    /// Whether parts that are there already are kept.
    pub resume: bool,
    /// The commit that was built.
    pub commit: String,
    /// Whether variants are raced for each shape before it is timed.
    pub tune: bool,
    /// For how many shapes slow peers are started at once.
    pub ahead: usize,
    /// After how long no further shape is begun.
    pub time: Option<Duration>,
    /// How this program is started as a contender.
    pub ours: PathBuf,
    /// The command, without its folders.
    pub command: String,
    /// How long contenders may take.
    pub limits: Limits,
}

/// One shape of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Problem {
    operation: &'static str,
    shape: String,
}

/// Runs everything that is asked for and not there yet. Gives back whether it is complete: it is not
/// if time was up.
///
/// # Errors
/// If our own contender fails, or files cannot be written.
pub fn run(options: &Options) -> Result<bool> {
    let begin = Instant::now();
    let time_is_up = || options.time.is_some_and(|time| begin.elapsed() >= time);
    let folder = match options.resume {
        true => Folder::resume(&options.out)?,
        false => Folder::new(&options.out)?,
    };
    let problems = problems(options)?;
    for seed in 1..=options.seeds {
        let missing = |p: &&Problem| !folder.has(p.operation, seed, &p.shape);
        let todo: Vec<Problem> = problems.iter().filter(missing).cloned().collect();
        if todo.is_empty() {
            continue;
        }
        let mut ours = Contender::new(crate::results::part::OURS, start_ours(options));
        let hello = ours.greet(&options.limits).context("our own contender")?;
        let setup = setup(options, &hello);
        if seed == 1 || options.resume {
            belongs(&folder, &setup)?;
        }
        let mut session = Session::new(options, &folder, setup, seed, ours);
        for group in todo.chunks(options.ahead.max(1)) {
            if time_is_up() || !session.group(group, &time_is_up)? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn problems(options: &Options) -> Result<Vec<Problem>> {
    let known = operations();
    for name in &options.operations {
        ensure!(
            known.iter().any(|entry| entry.name == name),
            "there is no operation {name}"
        );
    }
    let wanted =
        |name: &str| options.operations.is_empty() || options.operations.iter().any(|n| n == name);
    let mut problems = Vec::new();
    for entry in known.into_iter().filter(|entry| wanted(entry.name)) {
        let shapes = match options.shapes.is_empty() {
            true => (entry.workloads.shapes)(options.device),
            false => options.shapes.clone(),
        };
        problems.extend(shapes.into_iter().map(|shape| Problem {
            operation: entry.name,
            shape,
        }));
    }
    Ok(problems)
}

fn start_ours(options: &Options) -> Result<Process, process::Failure> {
    let mut command = Command::new(&options.ours);
    command.args(["serve", "--device", &options.device.to_string()]);
    Process::start(command)
}

fn setup(options: &Options, hello: &Hello) -> Setup {
    let package = hello.versions.get("robocache");
    Setup {
        device: options.device.to_string(),
        facts: hello.device.clone(),
        host: machine::host(),
        package: package.cloned().unwrap_or_default(),
        commit: options.commit.clone(),
        block: BLOCK,
        warmup: WARMUP,
    }
}

/// What is added to must be of the same kind.
fn belongs(folder: &Folder, setup: &Setup) -> Result<()> {
    let parts = folder.read()?;
    let other = parts.iter().find(|part| part.setup != *setup);
    ensure!(
        other.is_none(),
        "the parts that are there were made by another commit, version or device: begin in another folder"
    );
    Ok(())
}

impl Options {
    fn launcher(&self, threads: &str) -> Launcher {
        Launcher {
            python: self.python.clone(),
            folder: self.scripts.clone(),
            device: self.device,
            threads: threads.to_owned(),
        }
    }
}
