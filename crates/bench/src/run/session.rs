//! What happens with one seed, and with one shape of it?

use super::blocks::{Plan, measure};
use super::contender::Contender;
use super::peers::{Launcher, Peer};
use super::process::Failure;
use super::{BLOCK, Options, Problem, SLOW_SEEDS, WARMUP, machine};
use crate::protocol::{Launches, Opened, Reply, Request};
use crate::results::part::{FORMAT, Measured, rounded};
use crate::results::{Folder, LeftOut, Part, Setup, State};
use crate::stats::random::Random;
use anyhow::{Context, Result, bail};
use robocache::registry::DeviceId;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Launches of each kind with each seed.
const LAUNCHES: usize = 20_000;

/// The processes of one seed.
pub struct Session<'a> {
    options: &'a Options,
    folder: &'a Folder,
    setup: Setup,
    seed: u64,
    launcher: Launcher,
    /// Away while a shape is timed.
    ours: Option<Contender>,
    quick: Vec<Quick>,
    /// Peers that cannot take part with this seed, and why.
    absent: BTreeMap<&'static str, String>,
    /// Operations whose launches have been timed.
    launched: Vec<&'static str>,
}

/// A peer whose process opens one shape after the other.
struct Quick {
    peer: Peer,
    contender: Option<Contender>,
}

impl<'a> Session<'a> {
    pub fn new(
        options: &'a Options,
        folder: &'a Folder,
        setup: Setup,
        seed: u64,
        ours: Contender,
    ) -> Session<'a> {
        let threads = match setup.facts.get("threads") {
            Some(threads) => threads.clone(),
            None => std::thread::available_parallelism()
                .map_or(1, |n| n.get())
                .to_string(),
        };
        let launcher = options.launcher(&threads);
        let quick = options.peers.iter().filter(|peer| !peer.slow);
        let start = |&peer: &Peer| Quick {
            peer,
            contender: Some(Contender::new(peer.name, launcher.start(peer))),
        };
        let quick = quick.map(start).collect();
        let mut session = Session {
            options,
            folder,
            setup,
            seed,
            launcher,
            ours: Some(ours),
            quick,
            absent: BTreeMap::new(),
            launched: Vec::new(),
        };
        session.greet_quick();
        session
    }

    /// Hears who the quick peers are that were just started. Who cannot say so stays away.
    fn greet_quick(&mut self) {
        for quick in &mut self.quick {
            let Some(contender) = &mut quick.contender else {
                continue;
            };
            if !contender.greeted
                && let Err(failure) = contender.greet(&self.options.limits)
            {
                quick.contender = None;
                self.absent.insert(quick.peer.name, failure.to_string());
            }
        }
    }

    /// Times some shapes, for all of which slow peers get ready first. Gives back whether there was time
    /// for all.
    pub fn group(&mut self, group: &[Problem], time_is_up: &dyn Fn() -> bool) -> Result<bool> {
        let mut slow = self.start_slow(group);
        for (index, problem) in group.iter().enumerate() {
            if time_is_up() {
                return Ok(false);
            }
            let begin = Instant::now();
            let of_this = slow.iter_mut().filter(|slow| slow.problem == index);
            let slow =
                of_this.filter_map(|slow| Some((slow.contender.take()?, slow.opened.take()?)));
            let part = self.part(problem, slow.collect())?;
            self.folder.keep(&part)?;
            progress(self.seed, problem, &part.measured, begin.elapsed());
        }
        Ok(true)
    }

    /// Starts the slow peers for some shapes all at once, and waits until all are ready.
    fn start_slow(&mut self, group: &[Problem]) -> Vec<Slow> {
        let mut started = Vec::new();
        let peers = self.options.peers.iter().filter(|peer| peer.slow);
        for &peer in
            peers.filter(|peer| self.seed <= SLOW_SEEDS && !self.absent.contains_key(peer.name))
        {
            for (index, problem) in group.iter().enumerate() {
                let mut contender = Contender::new(peer.name, self.launcher.start(peer));
                // If this fails, so will the answer.
                let _ = contender.send(&open(problem, self.seed));
                started.push(Slow {
                    peer,
                    problem: index,
                    contender: Some(contender),
                    opened: None,
                });
            }
        }
        for slow in &mut started {
            let Some(contender) = &mut slow.contender else {
                continue;
            };
            if let Err(failure) = contender.greet(&self.options.limits) {
                self.absent.insert(slow.peer.name, failure.to_string());
                slow.contender = None;
                continue;
            }
            slow.opened = Some(contender.opened(&self.options.limits));
        }
        started
    }

    fn part(
        &mut self,
        problem: &Problem,
        slow: Vec<(Contender, Result<Opened, Failure>)>,
    ) -> Result<Part> {
        let limits = &self.options.limits;
        let mut left_out = Vec::new();
        let mut leave = |name: &str, failure: &Failure| {
            left_out.push(LeftOut {
                name: name.to_owned(),
                reason: failure.to_string(),
            });
        };
        self.revive();
        let request = open(problem, self.seed);
        let Some(mut ours) = self.ours.take() else {
            bail!("our own contender is gone")
        };
        ours.send(&request)?;
        for quick in &mut self.quick {
            if let Some(contender) = &mut quick.contender {
                let _ = contender.send(&request);
            }
        }
        let opened = ours.opened(limits).with_context(|| problem.shape.clone())?;
        let (bytes, untuned) = (opened.bytes, opened.untuned.clone());
        let mut chosen = opened.chosen.clone();
        let mut contenders = vec![(ours, opened)];
        let quick = self
            .quick
            .iter_mut()
            .filter_map(|quick| quick.contender.take());
        let quick = quick.map(|mut contender| {
            let opened = contender.opened(limits);
            (contender, opened)
        });
        // All answers are waited for, before anything is timed.
        let others: Vec<_> = quick.chain(slow).collect();
        let mut idle = Vec::new();
        for (contender, opened) in others {
            match opened {
                Ok(opened) => contenders.push((contender, opened)),
                Err(failure) => {
                    leave(&contender.name, &failure);
                    idle.push(contender);
                }
            }
        }
        if self.options.tune
            && let Reply::Tuned(id) = contenders[0].0.ask(&Request::Tune, limits.open)?
        {
            chosen = id;
        }
        let launches = self.launches(problem.operation, &mut contenders[0].0)?;
        let mut state = State {
            time: machine::now(),
            load: machine::load(),
            command: self.options.command.clone(),
            ..State::default()
        };
        let order = Random::of(self.seed, &problem.shape);
        let (series, failed) = measure(&mut contenders, &self.plan(), order, limits)
            .with_context(|| problem.shape.clone())?;
        left_out.extend(failed);
        // Asked for while clocks are still what they were.
        let device = self.options.device;
        let gpu = std::thread::spawn(move || machine::gpu(device));
        for (contender, _) in &mut contenders {
            state
                .versions
                .insert(contender.name.clone(), contender.versions.clone());
            let _ = contender.ask(&Request::Close, limits.work);
        }
        state.gpu = gpu.join().unwrap_or_default();
        self.take_back(
            contenders
                .into_iter()
                .map(|(contender, _)| contender)
                .chain(idle),
        );
        let absent = self.absent.iter().map(|(name, reason)| LeftOut {
            name: (*name).to_owned(),
            reason: reason.clone(),
        });
        left_out.extend(absent);
        left_out.sort();
        Ok(Part {
            format: FORMAT,
            operation: problem.operation.to_owned(),
            setup: self.setup.clone(),
            measured: Measured {
                shape: problem.shape.clone(),
                seed: self.seed,
                bytes,
                tuned: (self.options.tune || chosen != untuned).then_some(chosen),
                untuned,
                state,
                left_out,
                series,
                launches,
            },
        })
    }

    /// Starts quick peers again that a shape was too much for, unless they hang.
    fn revive(&mut self) {
        for quick in &mut self.quick {
            if quick.contender.is_none() && !self.absent.contains_key(quick.peer.name) {
                let process = self.launcher.start(quick.peer);
                quick.contender = Some(Contender::new(quick.peer.name, process));
            }
        }
        self.greet_quick();
    }

    /// Those that are there for the next shape, too. Slow peers are not, and leave.
    fn take_back(&mut self, contenders: impl Iterator<Item = Contender>) {
        for contender in contenders {
            if contender.name == crate::results::part::OURS {
                self.ours = Some(contender);
            } else if let Some(quick) = self
                .quick
                .iter_mut()
                .find(|q| q.peer.name == contender.name)
            {
                quick.contender = contender.is_alive().then_some(contender);
            }
        }
    }

    fn launches(&mut self, operation: &'static str, ours: &mut Contender) -> Result<Vec<Launches>> {
        if self.launched.contains(&operation) {
            return Ok(Vec::new());
        }
        self.launched.push(operation);
        let operation = operation.to_owned();
        let count = LAUNCHES;
        match ours.ask(
            &Request::Launches { operation, count },
            self.options.limits.work,
        ) {
            Ok(Reply::Launches(mut launches)) => {
                for kind in &mut launches {
                    kind.nanos
                        .iter_mut()
                        .for_each(|nanos| *nanos = rounded(*nanos));
                }
                Ok(launches)
            }
            Ok(_) | Err(Failure::Refused(_)) => Ok(Vec::new()),
            Err(failure) => Err(failure).context("launches"),
        }
    }

    fn plan(&self) -> Plan {
        let cpu = self.options.device == DeviceId::Cpu;
        Plan {
            repeats: self.options.repeats,
            block: BLOCK,
            warmup: WARMUP,
            host: !cpu,
            pause: Duration::from_millis(if cpu { 5 } else { 0 }),
        }
    }
}

/// A process for one shape of a group.
struct Slow {
    peer: Peer,
    problem: usize,
    contender: Option<Contender>,
    opened: Option<Result<Opened, Failure>>,
}

fn open(problem: &Problem, seed: u64) -> Request {
    Request::Open {
        operation: problem.operation.to_owned(),
        shape: problem.shape.clone(),
        seed,
    }
}

fn progress(seed: u64, problem: &Problem, measured: &Measured, took: Duration) {
    use robocache::registry::tune::race::median;
    let times = measured.series.iter().map(|series| {
        format!(
            "{} {:.1}",
            series.subject,
            median(series.cold.iter().copied())
        )
    });
    eprintln!(
        "seed {seed}, {} {}: {} µs ({:.1} s)",
        problem.operation,
        problem.shape,
        times.collect::<Vec<_>>().join(", "),
        took.as_secs_f64()
    );
    let differing = measured.series.iter().filter(|s| !s.differs.is_empty());
    for series in differing {
        eprintln!("    {} differs: {}", series.subject, series.differs);
    }
    for left_out in &measured.left_out {
        eprintln!("    without {}: {}", left_out.name, left_out.reason);
    }
}
