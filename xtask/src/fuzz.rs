//! `cargo xtask fuzz`: bytes that no test thought of, steered to where they reach new code.
//!
//! The targets in fuzz/ are linked with libFuzzer and built with coverage counters, and with the address
//! sanitizer where Rust comes with one. Everything made goes to target/fuzz.

use crate::shell::{cargo, host, program, root, run as sh, target};
use anyhow::{Context, Result, bail, ensure};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::time::Instant;

/// Which targets, and for how long.
#[derive(clap::Args)]
pub struct Arguments {
    /// Targets, all of them if none is named: files of fuzz/fuzz_targets
    targets: Vec<String>,
    /// Minutes for each target
    #[arg(long, default_value_t = 1.0, conflicts_with = "seconds")]
    minutes: f64,
    /// Seconds for each target
    #[arg(long)]
    seconds: Option<u64>,
    /// Targets at a time [default: as many as there are cores]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZero<usize>>,
    /// Run one target on this file alone, such as one that a crash left
    #[arg(long, value_name = "FILE", conflicts_with_all = ["minutes", "seconds"])]
    repeat: Option<PathBuf>,
}

/// Longest input, in bytes. What there is to be found fits, and short inputs are fast.
const LONGEST: &str = "-max_len=4096";

/// What makes a run end: an input that takes ten seconds, a process of 2 GiB, one allocation of 256 MiB.
/// Leaks are the soak's business: to look for them needs rights that containers do not give.
const LIMITS: [&str; 4] = [
    "-timeout=10",
    "-rss_limit_mb=2048",
    "-malloc_limit_mb=256",
    "-detect_leaks=0",
];

/// Fuzzes, or repeats one input.
pub fn run(arguments: &Arguments) -> Result<()> {
    let all = targets()?;
    if let Some(unknown) = arguments.targets.iter().find(|name| !all.contains(name)) {
        bail!("there is no target {unknown}; there are {}", all.join(", "));
    }
    let chosen = if arguments.targets.is_empty() {
        &all
    } else {
        &arguments.targets
    };
    if let Some(file) = &arguments.repeat {
        let [name] = chosen.as_slice() else {
            bail!("--repeat needs the name of one target: {}", all.join(", "));
        };
        let file = file
            .canonicalize()
            .with_context(|| format!("cannot read {}", file.display()))?;
        let built = build()?;
        let mut command = fuzzer(&built, name);
        command.arg(file);
        return sh(command);
    }
    let seconds = match arguments.seconds {
        Some(seconds) => seconds,
        None => (60.0 * arguments.minutes).ceil() as u64,
    };
    fuzz(chosen, seconds, arguments.jobs.unwrap_or_else(cores))
}

/// Every target, for some seconds each.
pub fn all(seconds: u64) -> Result<()> {
    fuzz(&targets()?, seconds, cores())
}

fn cores() -> NonZero<usize> {
    std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN)
}

fn fuzz(names: &[String], seconds: u64, jobs: NonZero<usize>) -> Result<()> {
    let begun = Instant::now();
    let built = build()?;
    println!(
        "built with {} in {:.0} s",
        built.sanitizer,
        begun.elapsed().as_secs_f64()
    );
    println!(
        "{:<20}{:>12}{:>10}{:>8}{:>10}  corpus",
        "target", "executions", "per s", "edges", "features"
    );
    let mut crashes = Vec::new();
    let waiting = Mutex::new(names.iter());
    let next = || waiting.lock().ok()?.next();
    std::thread::scope(|scope| {
        let (results, done) = mpsc::channel();
        for _ in 0..jobs.get().min(names.len()) {
            let (results, next, built) = (results.clone(), &next, &built);
            scope.spawn(move || {
                while let Some(name) = next() {
                    if results.send(one(built, name, seconds)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(results);
        for found in done {
            let found = found?;
            println!("{found}");
            crashes.extend(found.crash);
        }
        anyhow::Ok(())
    })?;
    for crash in &crashes {
        eprintln!("\n{}", crash.text);
    }
    ensure!(
        crashes.is_empty(),
        "found:\n{}",
        crashes
            .iter()
            .map(Crash::to_repeat)
            .collect::<Vec<_>>()
            .join("\n")
    );
    Ok(())
}

/// The targets' names: there is a file for each.
fn targets() -> Result<Vec<String>> {
    let folder = root().join("fuzz/fuzz_targets");
    let entries =
        std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

/// Where the programs are, and how they were built.
struct Built {
    folder: PathBuf,
    sanitizer: &'static str,
}

/// Builds every target.
fn build() -> Result<Built> {
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".into());
    let works = Command::new(&compiler)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    ensure!(
        works,
        "libFuzzer is C++, and {compiler} does not run (on Debian: apt install g++)"
    );
    let has_sanitizer = has_address_sanitizer(&host()?)?;
    sh(instrumented(
        &["build", "--quiet", "--bins"],
        has_sanitizer,
    )?)?;
    Ok(Built {
        folder: folder().join(host()?).join("release"),
        sanitizer: match has_sanitizer {
            true => "the address sanitizer",
            false => "no sanitizer (this Rust comes without the address sanitizer's runtime)",
        },
    })
}

/// Lints and tests of the package, with the flags of what fuzzes, so that they share what was built.
pub fn check() -> Result<()> {
    let has_sanitizer = has_address_sanitizer(&host()?)?;
    let lints = ["clippy", "--all-targets"];
    let mut command = instrumented(&lints, has_sanitizer)?;
    command.args(["--", "-D", "warnings"]);
    sh(command)?;
    sh(instrumented(&["test", "--lib"], has_sanitizer)?)
}

fn folder() -> PathBuf {
    target().join("fuzz/build")
}

/// Cargo on the fuzz package: its own workspace, as all of it is built with other flags than the rest.
fn instrumented(arguments: &[&str], has_sanitizer: bool) -> Result<Command> {
    let mut flags = vec![
        "--cfg=fuzzing",
        "-Cpasses=sancov-module",
        "-Cllvm-args=-sanitizer-coverage-level=4",
        "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
        "-Cllvm-args=-sanitizer-coverage-pc-table",
        "-Cllvm-args=-sanitizer-coverage-trace-compares",
    ];
    let mut command = cargo(arguments);
    command.args([
        "--locked",
        "--release",
        "--manifest-path",
        "fuzz/Cargo.toml",
        // Named, so that build scripts and macros are built without the flags.
        "--target",
        &host()?,
    ]);
    command.env("CARGO_TARGET_DIR", folder());
    if has_sanitizer {
        flags.push("-Zsanitizer=address");
        // The one unstable flag; the runtime it needs is part of the stable toolchain.
        command.env("RUSTC_BOOTSTRAP", "1");
    }
    command.env_remove("CARGO_ENCODED_RUSTFLAGS");
    command.env("RUSTFLAGS", flags.join(" "));
    Ok(command)
}

/// Whether the toolchain holds the runtime of the address sanitizer.
fn has_address_sanitizer(host: &str) -> Result<bool> {
    let libraries = crate::shell::output(program(
        "rustc",
        &["--print", "target-libdir", "--target", host],
    ))?;
    let entries =
        std::fs::read_dir(libraries.trim()).context("Rust's libraries cannot be listed")?;
    let mut names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.any(|name| name.contains("rt.asan.")))
}

fn fuzzer(built: &Built, name: &str) -> Command {
    let mut command = program(built.folder.join(name), &LIMITS);
    command.env("RUST_BACKTRACE", "1");
    command
}

/// A target's figures.
struct Found {
    name: String,
    executions: u64,
    seconds: f64,
    edges: u64,
    features: u64,
    corpus: [usize; 2],
    seeds: usize,
    crash: Option<Crash>,
}

/// How a target ended before its time.
struct Crash {
    target: String,
    input: Option<String>,
    text: String,
}

/// Replays what was kept of a target, seeds first, and looks for more.
fn one(built: &Built, name: &str, seconds: u64) -> Result<Found> {
    let corpus = target().join("fuzz/corpus").join(name);
    let crashes = target().join("fuzz/crashes").join(name);
    for folder in [&corpus, &crashes] {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let seeds = root().join("fuzz/seeds").join(name);
    let before = files(&corpus);
    let mut command = fuzzer(built, name);
    command.args([LONGEST, "-print_final_stats=1"]);
    command.arg(format!("-max_total_time={seconds}"));
    command.arg(format!("-artifact_prefix={}/", crashes.display()));
    let words = root().join(format!("fuzz/dictionaries/{name}.dict"));
    if words.exists() {
        command.arg(format!("-dict={}", words.display()));
    }
    command.args([&corpus, &seeds]);
    let begun = Instant::now();
    let output = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .with_context(|| format!("cannot start the target {name}"))?;
    let seconds = begun.elapsed().as_secs_f64();
    let log = String::from_utf8_lossy(&output.stderr);
    let last = log
        .lines()
        .rfind(|line| line.contains(" cov: "))
        .unwrap_or("");
    Ok(Found {
        name: name.to_owned(),
        executions: number_behind(&log, "stat::number_of_executed_units:"),
        seconds,
        edges: number_behind(last, " cov:"),
        features: number_behind(last, " ft:"),
        corpus: [before, files(&corpus)],
        seeds: files(&seeds),
        crash: (!output.status.success()).then(|| Crash {
            target: name.to_owned(),
            input: log
                .lines()
                .find_map(|line| Some(line.split_once("Test unit written to ")?.1.to_owned())),
            text: telling(&log),
        }),
    })
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

fn number_behind(text: &str, mark: &str) -> u64 {
    let behind = text.split_once(mark).map_or("", |(_, behind)| behind);
    behind
        .split_whitespace()
        .next()
        .and_then(|word| word.parse().ok())
        .unwrap_or(0)
}

/// The log from the panic or the sanitizer's report on.
fn telling(log: &str) -> String {
    const SHOWN: usize = 60;
    let lines: Vec<&str> = log.lines().collect();
    let tells = |line: &&str| line.contains("panicked at") || line.contains("ERROR: ");
    let from = lines
        .iter()
        .position(tells)
        .unwrap_or(lines.len().saturating_sub(SHOWN));
    lines[from..]
        .iter()
        .take(SHOWN)
        .copied()
        .collect::<Vec<_>>()
        .join("\n")
}

impl Crash {
    fn to_repeat(&self) -> String {
        match &self.input {
            Some(input) => format!("  cargo xtask fuzz --repeat {input} {}", self.target),
            None => format!("  {} ended without an input to repeat", self.target),
        }
    }
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let per_second = self.executions as f64 / self.seconds.max(1e-3);
        let [before, after] = self.corpus;
        write!(
            f,
            "{:<20}{:>12}{per_second:>10.0}{:>8}{:>10}  {} seeds, {before} inputs before, {after} now{}",
            self.name,
            self.executions,
            self.edges,
            self.features,
            self.seeds,
            if self.crash.is_some() { "  CRASH" } else { "" },
        )
    }
}
