//! What happens while cases run?

use crate::judge::seen;
use crate::progress::Progress;
use crate::report::store::Store;
use crate::run::{PATIENCE, Run, probe_failure};
use crate::sample::{Role, Series};
use crate::segment::End;
use crate::signal;
use crate::trial::Kind;
use anyhow::Result;
use std::time::Duration;

/// Failures after which more would say nothing new.
const ENOUGH: u64 = 10;
/// A case that takes longer than this hangs.
const HUNG: Duration = Duration::from_secs(300);
/// How often the judgement is asked whether a fault is certain.
const LOOK: Duration = Duration::from_secs(2);

impl Run {
    /// Samples, judges and saves until the time is up, somebody asks, or a fault is certain.
    pub(crate) fn watch(&mut self, store: &Store, progress: &mut Progress) -> Result<()> {
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
}
