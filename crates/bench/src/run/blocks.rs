//! In which order are contenders timed?
//!
//! In rounds: each has one block of runs in a round, for each state of the caches, in a random order
//! that the seed decides. Only one works at a time. A drift of the machine's speed meets all alike.

use super::Limits;
use super::contender::Contender;
use super::process::Failure;
use crate::protocol::{Cache, Opened, Request};
use crate::results::part::{LeftOut, PLANTED, PLANTED_SHARE, Series, TWIN, rounded};
use crate::serve::COPY;
use crate::stats::random::Random;
use anyhow::{Context, Result};
use robocache::registry::tune::race::median;
use std::time::Duration;

/// How much is timed.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Timed runs of each thing, in each state of the caches.
    pub repeats: usize,
    /// Runs of a block.
    pub block: usize,
    /// Runs before each block that do not count.
    pub warmup: usize,
    /// Whether the host's share is timed apart.
    pub host: bool,
    /// A pause before each block, in which the threads of whoever was at work go to sleep.
    pub pause: Duration,
}

/// What a block is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Device(Cache),
    Host,
}

/// One thing that is timed.
struct Lane {
    contender: usize,
    /// As the contender calls it.
    subject: String,
    series: Series,
    modes: Vec<Mode>,
    planted: bool,
    out: Option<Failure>,
}

/// Times everything that the contenders have opened. The first of them is our own.
///
/// # Errors
/// If our own contender fails; others are left out.
pub fn measure(
    contenders: &mut [(Contender, Opened)],
    plan: &Plan,
    mut random: Random,
    limits: &Limits,
) -> Result<(Vec<Series>, Vec<LeftOut>)> {
    let mut lanes = lanes(contenders, plan);
    // First runs load kernels, touch memory and let contenders measure what they have to; and tell
    // how long a slow-down has to be.
    for lane in &mut lanes {
        for mode in lane.modes.clone() {
            lane.run(contenders, mode, plan.block.min(5), 1000, plan, limits)?;
        }
    }
    let mut first = vec![Vec::new(); lanes.len()];
    for (lane, first) in lanes.iter_mut().zip(&mut first) {
        *first = [&mut lane.series.cold, &mut lane.series.warm]
            .map(std::mem::take)
            .to_vec();
        lane.series.host.clear();
    }
    let mut done = 0;
    while done < plan.repeats {
        let runs = plan.block.min(plan.repeats - done);
        let mut tasks: Vec<(usize, Mode)> = Vec::new();
        for (index, lane) in lanes.iter().enumerate() {
            tasks.extend(lane.modes.iter().map(|&mode| (index, mode)));
        }
        random.shuffle(&mut tasks);
        for (index, mode) in tasks {
            let delay = match lanes[index].planted {
                true => delay(&lanes, &first, mode),
                false => 0,
            };
            std::thread::sleep(plan.pause);
            lanes[index].run(contenders, mode, runs, delay, plan, limits)?;
        }
        done += runs;
    }
    let mut left_out = Vec::new();
    let mut series = Vec::new();
    for mut lane in lanes {
        if let Some(failure) = lane.out {
            let name = lane.series.subject;
            let reason = failure.to_string();
            left_out.push(LeftOut { name, reason });
            continue;
        }
        for times in [
            &mut lane.series.cold,
            &mut lane.series.warm,
            &mut lane.series.host,
        ] {
            times.iter_mut().for_each(|time| *time = rounded(*time));
        }
        series.push(lane.series);
    }
    Ok((series, left_out))
}

fn lanes(contenders: &[(Contender, Opened)], plan: &Plan) -> Vec<Lane> {
    let mut lanes = Vec::new();
    for (index, (contender, opened)) in contenders.iter().enumerate() {
        let mut add = |subject: &str, label: &str, host: bool| {
            let mut modes = vec![Mode::Device(Cache::Cold), Mode::Device(Cache::Warm)];
            if host && plan.host {
                modes.push(Mode::Host);
            }
            lanes.push(Lane {
                contender: index,
                subject: subject.to_owned(),
                series: Series {
                    contender: contender.name.clone(),
                    subject: label.to_owned(),
                    differs: opened.differs.get(subject).cloned().unwrap_or_default(),
                    ..Series::default()
                },
                modes,
                planted: label == PLANTED && index == 0,
                out: None,
            });
        };
        for subject in &opened.subjects {
            add(subject, subject, subject != COPY);
        }
        if index == 0 {
            add(&opened.untuned, TWIN, false);
            add(&opened.untuned, PLANTED, false);
        }
    }
    lanes
}

/// Nanoseconds of a planted slow-down: a share of the median that was just measured of what it is
/// planted into.
fn delay(lanes: &[Lane], first: &[Vec<Vec<f64>>], mode: Mode) -> u64 {
    let planted = lanes.iter().find(|lane| lane.planted);
    let of = planted.and_then(|planted| {
        lanes
            .iter()
            .position(|lane| lane.contender == 0 && lane.subject == planted.subject)
    });
    let Some(of) = of else { return 1 };
    let (measured, first) = match mode {
        Mode::Device(Cache::Cold) => (&lanes[of].series.cold, &first[of][0]),
        _ => (&lanes[of].series.warm, &first[of][1]),
    };
    let times = if measured.is_empty() { first } else { measured };
    let nanos = 1e3 * PLANTED_SHARE * median(times.iter().copied());
    (nanos as u64).max(1)
}

impl Lane {
    fn run(
        &mut self,
        contenders: &mut [(Contender, Opened)],
        mode: Mode,
        runs: usize,
        delay: u64,
        plan: &Plan,
        limits: &Limits,
    ) -> Result<()> {
        if self.out.is_some() {
            return Ok(());
        }
        let (subject, warmup) = (self.subject.clone(), plan.warmup);
        let request = match mode {
            Mode::Device(cache) => Request::Time {
                subject,
                cache,
                runs,
                warmup,
                delay: if self.planted { delay } else { 0 },
            },
            Mode::Host => Request::Host {
                subject,
                runs,
                warmup,
            },
        };
        let (contender, _) = &mut contenders[self.contender];
        match (contender.times(&request, limits), mode) {
            (Ok(times), Mode::Device(Cache::Cold)) => self.series.cold.extend(times),
            (Ok(times), Mode::Device(Cache::Warm)) => self.series.warm.extend(times),
            // Microseconds, as all that is kept.
            (Ok(times), Mode::Host) => self.series.host.extend(times.iter().map(|n| n / 1e3)),
            (Err(failure), _) if self.contender == 0 => {
                return Err(failure).with_context(|| self.series.subject.clone());
            }
            (Err(failure), _) => self.out = Some(failure),
        }
        Ok(())
    }
}
