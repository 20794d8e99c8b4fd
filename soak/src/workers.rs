//! How are cases run from several threads, paused and stopped?

use crate::device::Device;
use crate::plant::Plant;
use crate::seed::{mix, of_case};
use crate::tally::Tally;
use crate::trial::{self, Failure, Kind, Mode, Outcome, caught};
use robocache::registry::OpEntry;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// One case in so many is held against the oracle, which is slower than what it checks.
const CHECKED: u64 = 4;

/// What all threads share.
pub struct Shared {
    /// The operations to draw cases of.
    pub ops: Vec<&'static OpEntry>,
    /// The devices to run them on.
    pub devices: Vec<Device>,
    /// A planted fault.
    pub plant: Option<Plant>,
    /// The run's seed.
    pub seed: u64,
    /// Which run of the report this is.
    pub segment: usize,
    /// When the run began.
    pub begun: Instant,
    next: AtomicU64,
    stop: AtomicBool,
    gate: Gate,
    tally: Mutex<Tally>,
    busy: Vec<Mutex<Option<Job>>>,
}

/// The case that a thread is at.
#[derive(Clone, Copy)]
struct Job {
    since: Instant,
    op: &'static str,
    seed: u64,
}

/// Lets the probes have the machine for themselves.
#[derive(Default)]
struct Gate {
    state: Mutex<(bool, usize)>,
    changed: Condvar,
}

impl Gate {
    /// Waits until cases may run.
    fn enter(&self) {
        let mut state = lock(&self.state);
        while state.0 {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.1 += 1;
    }

    fn leave(&self) {
        lock(&self.state).1 -= 1;
        self.changed.notify_all();
    }

    /// Stops new cases and waits for those that run; `false` if they take too long.
    fn close(&self, wait: Duration) -> bool {
        let mut state = lock(&self.state);
        state.0 = true;
        let running = |state: &mut (bool, usize)| state.1 > 0;
        let (state, _) = self
            .changed
            .wait_timeout_while(state, wait, running)
            .unwrap_or_else(PoisonError::into_inner);
        state.1 == 0
    }

    fn open(&self) {
        lock(&self.state).0 = false;
        self.changed.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The threads of a run.
pub struct Workers {
    /// What they share.
    pub shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// What a run is made of.
pub struct Setup {
    /// See [`Shared::ops`].
    pub ops: Vec<&'static OpEntry>,
    /// See [`Shared::devices`].
    pub devices: Vec<Device>,
    /// See [`Shared::plant`].
    pub plant: Option<Plant>,
    /// See [`Shared::seed`].
    pub seed: u64,
    /// See [`Shared::segment`].
    pub segment: usize,
    /// How many threads.
    pub threads: usize,
}

impl Workers {
    /// Starts the threads.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(setup: Setup, begun: Instant) -> std::io::Result<Workers> {
        let tally = Tally::new(&setup.ops, &setup.devices);
        let shared = Arc::new(Shared {
            ops: setup.ops,
            devices: setup.devices,
            plant: setup.plant,
            seed: setup.seed,
            segment: setup.segment,
            begun,
            next: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            gate: Gate::default(),
            tally: Mutex::new(tally),
            busy: (0..setup.threads).map(|_| Mutex::new(None)).collect(),
        });
        let mut threads = Vec::new();
        for index in 0..setup.threads {
            let shared = shared.clone();
            let named = std::thread::Builder::new().name(format!("soak-{index}"));
            threads.push(named.spawn(move || shared.work(index))?);
        }
        Ok(Workers { shared, threads })
    }

    /// What was counted so far.
    pub fn tally(&self) -> Tally {
        lock(&self.shared.tally).clone()
    }

    /// Counts a failure of another sort.
    pub fn fail(&self, failure: Failure) {
        lock(&self.shared.tally).fail(failure);
    }

    /// Runs something while no case runs; `None` if a case takes longer than the wait.
    pub fn paused<T>(&self, wait: Duration, work: impl FnOnce() -> T) -> Option<T> {
        let closed = self.shared.gate.close(wait);
        let result = closed.then(work);
        self.shared.gate.open();
        result
    }

    /// The cases that have been running for longer than a limit.
    pub fn hung(&self, limit: Duration) -> Vec<Failure> {
        let jobs = self.shared.busy.iter().filter_map(|job| *lock(job));
        jobs.filter(|job| job.since.elapsed() > limit)
            .map(|job| Failure {
                kind: Kind::Hung,
                op: job.op.to_owned(),
                seed: job.seed,
                variant: None,
                device: self.shared.devices[0].id.to_string(),
                case: String::new(),
                what: format!("has not ended after {} s", limit.as_secs()),
                at: self.shared.begun.elapsed().as_secs_f64(),
            })
            .collect()
    }

    /// Ends the threads; one that hangs is left behind.
    pub fn stop(&mut self, wait: Duration) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.shared.gate.open();
        let begun = Instant::now();
        for thread in self.threads.drain(..) {
            while !thread.is_finished() && begun.elapsed() < wait {
                std::thread::sleep(Duration::from_millis(5));
            }
            if thread.is_finished() {
                let _ = thread.join(); // Panics were caught and counted in the thread.
            }
        }
    }
}

impl Shared {
    fn work(&self, thread: usize) {
        while !self.stop.load(Ordering::Relaxed) {
            self.gate.enter();
            // Asked again: the wait may have been for the end.
            if !self.stop.load(Ordering::Relaxed) {
                self.one(thread);
            }
            self.gate.leave();
        }
    }

    fn one(&self, thread: usize) {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        let op = self.ops[(index % self.ops.len() as u64) as usize];
        let Some(generate) = op.generate_case else {
            return;
        };
        let seed = of_case(self.seed, self.segment, index);
        *lock(&self.busy[thread]) = Some(Job {
            since: Instant::now(),
            op: op.name,
            seed,
        });
        let mode = Mode {
            devices: &self.devices,
            check: mix(seed).is_multiple_of(CHECKED),
            variant: None,
            plant: self.plant,
        };
        let outcome = caught(|| trial::run(op, generate, seed, mode)).unwrap_or_else(|what| {
            let mut outcome = Outcome::default();
            outcome.failures.push(Failure {
                kind: Kind::Panic,
                op: op.name.to_owned(),
                seed,
                variant: None,
                device: self.devices[0].id.to_string(),
                case: String::new(),
                what,
                at: 0.0,
            });
            outcome
        });
        *lock(&self.busy[thread]) = None;
        let at = self.begun.elapsed().as_secs_f64();
        lock(&self.tally).add(outcome, &self.devices, at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::tests::{panicking, sound};

    fn start(op: &'static OpEntry, threads: usize) -> Workers {
        let setup = Setup {
            ops: vec![op],
            devices: vec![Device::cpu()],
            plant: None,
            seed: 1,
            segment: 0,
            threads,
        };
        Workers::start(setup, Instant::now()).unwrap()
    }

    fn wait_for(workers: &Workers, cases: u64) -> Tally {
        let begun = Instant::now();
        loop {
            let tally = workers.tally();
            if tally.cases >= cases {
                return tally;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{tally:?}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn panics_end_no_thread() {
        let mut workers = start(panicking(), 3);
        let tally = wait_for(&workers, 100);
        assert!(tally.failed >= 100, "{}", tally.failed);
        assert!(tally.failures.len() <= 20);
        let mut seeds: Vec<u64> = tally.failures.iter().map(|f| f.seed).collect();
        seeds.sort_unstable();
        seeds.dedup();
        assert_eq!(seeds.len(), tally.failures.len());
        workers.stop(Duration::from_secs(10));
        assert!(workers.hung(Duration::ZERO).is_empty());
    }

    #[test]
    fn nothing_runs_while_paused_and_everything_afterwards() {
        let mut workers = start(sound(), 3);
        wait_for(&workers, 10);
        for _ in 0..20 {
            let counted = workers.paused(Duration::from_secs(10), || {
                let before = workers.tally().cases;
                std::thread::sleep(Duration::from_millis(5));
                (before, workers.tally().cases)
            });
            let (before, after) = counted.expect("cases are short");
            assert_eq!(before, after);
        }
        let now = workers.tally().cases;
        let tally = wait_for(&workers, now + 10);
        assert_eq!(tally.failed, 0);
        assert_eq!(tally.unreached().len(), 1);
        assert_eq!(tally.unreached()[0].variant, "doubling.refuses.cpu");
        assert!(tally.checks > 0 && tally.comparisons > tally.checks / 4);
        workers.stop(Duration::from_secs(10));
    }

    #[test]
    fn a_gate_gives_up_on_a_case_that_does_not_end() {
        let gate = Gate::default();
        gate.enter();
        assert!(!gate.close(Duration::from_millis(10)));
        gate.leave();
        assert!(gate.close(Duration::from_millis(10)));
        gate.open();
        gate.enter();
    }
}
