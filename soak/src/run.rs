//! How does a run go, from its start to its report?

use crate::args::Options;
use crate::device;
use crate::judge::Verdict;
use crate::probe::Probe;
use crate::progress::{Progress, say};
use crate::report::Report;
use crate::report::store::Store;
use crate::sample::{Process, Recorder};
use crate::segment::{DeviceFacts, End, ProbeFacts, Segment};
use crate::signal;
use crate::telemetry::Telemetry;
use crate::trial::{Failure, Kind};
use crate::workers::{Setup, Workers};
use anyhow::{Context, Result, ensure};
use robocache::registry::{OpEntry, operations};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Probes wait this long for the cases that run.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// Points kept of each series.
const POINTS: usize = 480;

/// A run under way.
pub(crate) struct Run {
    pub(crate) workers: Workers,
    pub(crate) probes: Vec<Probe>,
    pub(crate) recorder: Recorder,
    pub(crate) process: Process,
    pub(crate) telemetry: Option<Telemetry>,
    pub(crate) begun: Instant,
    pub(crate) duration: Duration,
    pub(crate) segment: Segment,
    /// Failures already shown.
    pub(crate) shown: usize,
}

/// Runs, and gives the verdict: of this run alone if it is a smoke run, else of all runs of the report.
///
/// # Errors
/// If it cannot start, or the report cannot be written at its end.
pub fn run(options: &Options) -> Result<Verdict> {
    let ops = chosen(&options.ops)?;
    let store = Store::open(&options.report)?;
    signal::watch()?;
    let (devices, notes) = device::open(&options.device)?;
    let seed = options.seed.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        crate::seed::mix(now.map_or(0, |now| now.as_nanos() as u64))
    });
    let mut run = Run::start(options, ops, devices, notes, seed, store.runs())?;
    say(&format!(
        "soak of {:.3} h, run {} of the report in {}, seed {seed}, {} threads, {}",
        run.duration.as_secs_f64() / 3600.0,
        store.runs() + 1,
        options.report.display(),
        run.segment.threads,
        run.segment
            .devices
            .iter()
            .map(|device| format!("{} ({})", device.id, device.name))
            .collect::<Vec<_>>()
            .join(", ")
    ));
    let mut progress = Progress::new(run.duration);
    run.watch(&store, &mut progress)?;
    progress.end();
    run.workers.stop(PATIENCE);
    let report = run.save(&store)?;
    let verdict = if run.segment.smoke {
        run.segment.verdict()
    } else {
        report.verdict
    };
    tell(&run.segment, &report, verdict);
    say(&format!("report: {}", store.page().display()));
    Ok(verdict)
}

/// The operations asked for, or all.
fn chosen(names: &[String]) -> Result<Vec<&'static OpEntry>> {
    let all = operations();
    for name in names {
        ensure!(
            all.iter().any(|op| op.name == name),
            "there is no operation {name:?}; there are {}",
            all.iter().map(|op| op.name).collect::<Vec<_>>().join(", ")
        );
    }
    let mut ops = all;
    ops.retain(|op| names.is_empty() || names.iter().any(|name| name == op.name));
    for op in &ops {
        ensure!(
            op.generate_case.is_some(),
            "{} draws no cases: built without the feature `testing`",
            op.name
        );
    }
    ensure!(!ops.is_empty(), "the operation table is empty");
    Ok(ops)
}

impl Run {
    fn start(
        options: &Options,
        ops: Vec<&'static OpEntry>,
        devices: Vec<device::Device>,
        mut notes: Vec<String>,
        seed: u64,
        index: usize,
    ) -> Result<Run> {
        let started = SystemTime::now().duration_since(UNIX_EPOCH);
        let facts = devices.iter().map(|device| DeviceFacts {
            id: device.id.to_string(),
            name: device.name(),
            driver: device.driver(),
        });
        let facts: Vec<_> = facts.collect();
        let mut probes = Vec::new();
        let mut broken = Vec::new();
        for op in &ops {
            for device in &devices {
                match Probe::choose(op, device) {
                    Ok(probe) => probes.push(probe),
                    Err(what) => {
                        broken.push(probe_failure(op.name, &device.id.to_string(), 0, what))
                    }
                }
            }
        }
        let duration = options.duration();
        let begun = Instant::now();
        let cuda = facts.iter().any(|device| device.driver.is_some());
        if !cuda {
            notes.push("Throttling was not watched for: no CUDA device is used.".into());
        }
        let pause = (duration / 100).clamp(Duration::from_secs(10), Duration::from_secs(300));
        let telemetry = cuda.then(|| Telemetry::start(begun, pause));
        let threads = options.workers();
        let setup = Setup {
            ops,
            devices,
            plant: options.plant,
            seed,
            segment: index,
            threads,
        };
        let workers = Workers::start(setup, begun).context("threads cannot be started")?;
        broken.into_iter().for_each(|failure| workers.fail(failure));
        let facts_of = |probe: &Probe| ProbeFacts {
            name: probe.name(),
            runs: probe.describe(),
        };
        let segment = Segment {
            started: started.map_or(0, |time| time.as_secs()),
            seconds: 0.0,
            planned: duration.as_secs_f64(),
            end: End::Running,
            smoke: options.smoke,
            plant: options.plant,
            seed,
            threads,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: options.commit.clone(),
            devices: facts,
            probes: probes.iter().map(facts_of).collect(),
            tally: workers.tally(),
            series: Vec::new(),
            trends: Default::default(),
            steadiness: Vec::new(),
            telemetry: Vec::new(),
            notes,
            findings: Vec::new(),
        };
        Ok(Run {
            workers,
            probes,
            recorder: Recorder::default(),
            process: Process::default(),
            telemetry,
            begun,
            duration,
            segment,
            shown: 0,
        })
    }

    /// Brings the segment up to date, judges it and writes the report.
    pub(crate) fn save(&mut self, store: &Store) -> Result<Report> {
        let segment = &mut self.segment;
        segment.seconds = self.begun.elapsed().as_secs_f64();
        segment.tally = self.workers.tally();
        segment.series = self.recorder.thinned(POINTS);
        if let Some(telemetry) = &self.telemetry {
            match telemetry.readings() {
                Ok(readings) => segment.telemetry = readings,
                Err(why) => {
                    let note = format!("Throttling was not watched for: {why}.");
                    if !segment.notes.contains(&note) {
                        segment.notes.push(note);
                    }
                }
            }
        }
        segment.judge(&self.recorder.series);
        store.save(segment)
    }
}

/// A failure of a probe or a sample.
pub(crate) fn probe_failure(op: &str, device: &str, seed: u64, what: String) -> Failure {
    Failure {
        kind: Kind::Error,
        op: op.to_owned(),
        seed,
        variant: None,
        device: device.to_owned(),
        case: String::new(),
        what: format!("probe: {what}"),
        at: 0.0,
    }
}

/// The result in words.
fn tell(segment: &Segment, report: &Report, verdict: Verdict) {
    for cell in segment.tally.unreached() {
        say(&format!(
            "never reached: {} on {}",
            cell.variant, cell.device
        ));
    }
    for finding in &segment.findings {
        say(&format!("{:>12}  {}", finding.verdict.name(), finding.what));
    }
    if !segment.smoke && report.segments.len() > 1 {
        say(&format!(
            "all {} runs, {:.3} h:",
            report.segments.len(),
            report.hours
        ));
        for finding in &report.findings {
            say(&format!("{:>12}  {}", finding.verdict.name(), finding.what));
        }
    }
    say(&verdict.name().to_uppercase());
}
