//! How does a run go, from its start to its report?

use crate::args::Options;
use crate::device;
use crate::judge::{Verdict, seen};
use crate::probe::Probe;
use crate::progress::{Progress, say};
use crate::report::Report;
use crate::report::store::Store;
use crate::sample::{Process, Recorder, Role, Series};
use crate::segment::{DeviceFacts, End, ProbeFacts, Segment};
use crate::signal;
use crate::telemetry::Telemetry;
use crate::trial::{Failure, Kind};
use crate::workers::{Setup, Workers};
use anyhow::{Context, Result, ensure};
use robocache::registry::{OpEntry, operations};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Failures after which more would say nothing new.
const ENOUGH: u64 = 10;
/// A case that takes longer than this hangs.
const HUNG: Duration = Duration::from_secs(300);
/// Probes wait this long for the cases that run.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often the judgement is asked whether a fault is certain.
const LOOK: Duration = Duration::from_secs(2);
/// Points kept of each series.
const POINTS: usize = 480;

/// A run under way.
struct Run {
    workers: Workers,
    probes: Vec<Probe>,
    recorder: Recorder,
    process: Process,
    telemetry: Option<Telemetry>,
    begun: Instant,
    duration: Duration,
    segment: Segment,
    /// Failures already shown.
    shown: usize,
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

    /// Samples, judges and saves until the time is up, somebody asks, or a fault is certain.
    fn watch(&mut self, store: &Store, progress: &mut Progress) -> Result<()> {
        let pause = self.pause();
        let saving = (self.duration / 50).clamp(Duration::from_secs(3), Duration::from_secs(60));
        let (mut look, mut save) = (LOOK, Duration::ZERO);
        let mut before = Duration::ZERO;
        loop {
            let elapsed = self.begun.elapsed();
            if let Some(plant) = self.segment.plant {
                plant.leak(elapsed - before);
            }
            before = elapsed;
            self.sample();
            let tally = self.workers.tally();
            for failure in &tally.failures[self.shown..] {
                progress.print(&format!(
                    "{failure}\n  again: cargo xtask soak {}",
                    failure.repeat()
                ));
            }
            self.shown = tally.failures.len();
            let hung = self.workers.hung(HUNG);
            let stuck = !hung.is_empty();
            hung.into_iter()
                .for_each(|failure| self.workers.fail(failure));
            let certain = elapsed >= look && {
                look = elapsed + LOOK;
                self.risen()
                    .inspect(|name| progress.print(&format!("certain: {name} rises")))
                    .is_some()
            };
            let end = if stuck || certain || tally.failed >= ENOUGH {
                End::Fault
            } else if signal::asked() {
                End::Signal
            } else if elapsed >= self.duration {
                End::Done
            } else {
                End::Running
            };
            self.segment.end = end;
            progress.show(elapsed, || self.line(tally.cases, tally.failed, elapsed));
            if end != End::Running {
                return Ok(());
            }
            if elapsed >= save {
                // The first must succeed: a run without a report is not worth its time. Later the disk
                // may be full for a while.
                match self.save(store) {
                    Err(error) if save == Duration::ZERO => return Err(error),
                    Err(error) => progress.print(&format!("{error:#}")),
                    Ok(_) => {}
                }
                save = self.begun.elapsed() + saving;
            }
            let next = elapsed + pause;
            while self.begun.elapsed() < next.min(self.duration) && !signal::asked() {
                let left = next.saturating_sub(self.begun.elapsed());
                std::thread::sleep(left.min(Duration::from_millis(50)));
            }
        }
    }

    /// The time from sample to sample.
    fn pause(&self) -> Duration {
        match self.duration.as_secs() {
            0..=120 => Duration::from_millis(250),
            121..=1200 => Duration::from_millis(500),
            // About as many samples, however long it runs.
            seconds => Duration::from_secs((seconds / 28_800).max(1)),
        }
    }

    fn sample(&mut self) {
        let at = self.begun.elapsed();
        let plant = self.segment.plant;
        let bursts = self.workers.paused(PATIENCE, || {
            self.probes
                .iter()
                .map(|probe| probe.burst(plant, at))
                .collect::<Vec<_>>()
        });
        let seconds = at.as_secs_f64();
        for (probe, burst) in self.probes.iter().zip(bursts.into_iter().flatten()) {
            match burst {
                Ok(burst) => self.recorder.burst(&probe.name(), seconds, burst),
                Err(what) => {
                    let device = probe.device.to_string();
                    let mut failure = probe_failure(probe.op, &device, probe.seed, what);
                    failure.variant = Some(probe.variant.to_owned());
                    failure.at = seconds;
                    self.workers.fail(failure);
                }
            }
        }
        let devices = &self.workers.shared.devices;
        if let Err(error) = self.recorder.sample(&mut self.process, devices, seconds) {
            let device = devices.iter().find(|device| device.driver().is_some());
            let device = device.map_or_else(String::new, |device| device.id.to_string());
            let mut failure = probe_failure("memory", &device, 0, error.to_string());
            failure.kind = Kind::Device;
            failure.at = seconds;
            self.workers.fail(failure);
        }
    }

    /// A series that has risen past all doubt.
    fn risen(&self) -> Option<String> {
        if self.segment.smoke {
            return None;
        }
        let series = &self.recorder.series;
        let beside = |clock: &Series| {
            let name = format!("{} beside the yardstick", clock.name);
            series.iter().find(move |series| series.name == name)
        };
        let risen = series.iter().find(|one| match one.role {
            Role::Judged => seen(&one.points, one.limit),
            Role::Clock => {
                seen(&one.points, one.limit)
                    && beside(one).is_some_and(|other| seen(&other.points, other.limit))
            }
            Role::Beside | Role::Shown => false,
        });
        risen.map(|series| series.name.clone())
    }

    fn line(&self, cases: u64, failed: u64, elapsed: Duration) -> String {
        let last = |name: &str| {
            let series = self
                .recorder
                .series
                .iter()
                .find(|series| series.name == name);
            series
                .and_then(|series| series.points.last())
                .map(|point| point.1)
        };
        let latency = self
            .recorder
            .series
            .iter()
            .find(|series| series.role == Role::Clock);
        let latency = latency.and_then(|series| series.points.last());
        format!(
            "{cases} cases ({:.0}/s), {failed} failures, {:.0} MB, {:.0} descriptors, {:.0} threads, \
             probe {:.0} µs",
            cases as f64 / elapsed.as_secs_f64().max(1e-3),
            last("resident memory").unwrap_or(0.0),
            last("file descriptors").unwrap_or(0.0),
            last("threads").unwrap_or(0.0),
            latency.map_or(0.0, |point| point.1)
        )
    }

    /// Brings the segment up to date, judges it and writes the report.
    fn save(&mut self, store: &Store) -> Result<Report> {
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

fn probe_failure(op: &str, device: &str, seed: u64, what: String) -> Failure {
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
    say(&format!("{}", verdict.name().to_uppercase()));
}
