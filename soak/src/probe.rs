//! How long does one fixed case take, again and again?
//!
//! For each operation and device one case is fixed for good, whatever the run's seed, and run in short
//! bursts while the workers pause. A burst's latency is the median of its runs: a run that another program
//! interrupted does not show. It is the time of `Case::run`: memory, guard zones, copies and the operation.
//!
//! Beside each run a yardstick runs: computing and copying that has nothing of the library in it. Where both
//! became slower, the machine did.

use crate::device::Device;
use crate::plant::Plant;
use crate::trial::caught;
use robocache::registry::operation::CaseOutputs;
use robocache::registry::{Case, CaseOutcome, DeviceId, OpEntry};
use std::cell::RefCell;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Cases looked at to find one of a good size.
const SEEDS: u64 = 60;
/// Bytes of outputs that are asked for: beyond mere overhead, and too few to wake other threads.
const BYTES: f64 = 65536.0;
/// Runs of a burst; fewer of a slow probe.
const RUNS: usize = 9;
const SLOW: Duration = Duration::from_millis(20);
/// Bytes that the yardstick moves.
const YARDSTICK: usize = 256 << 10;

/// A case that is run for its time.
pub struct Probe {
    /// The operation.
    pub op: &'static str,
    /// The device.
    pub device: DeviceId,
    /// The variant: the first that takes the case.
    pub variant: &'static str,
    /// The case's seed.
    pub seed: u64,
    case: Box<dyn Case>,
    expected: CaseOutputs,
    usual: Duration,
}

/// What a burst says, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burst {
    /// The median of the probe's runs.
    pub probe: f64,
    /// The median of the yardstick's.
    pub yardstick: f64,
    /// The median of the one over the other.
    pub beside: f64,
}

impl Probe {
    /// The case for an operation and a device: of the first seeds that a variant takes, the one whose
    /// outputs come closest to the size that is asked for.
    ///
    /// # Errors
    /// What failed; also if no variant takes any of the cases.
    pub fn choose(op: &'static OpEntry, device: &Device) -> Result<Probe, String> {
        let generate = op.generate_case.ok_or("the operation draws no cases")?;
        let mut best: Option<(f64, Probe)> = None;
        for seed in 0..SEEDS {
            let case = caught(|| generate(seed))?;
            for info in device.variants(op) {
                let ran = caught(|| case.run(info.id, device.id))?;
                let CaseOutcome::Outputs(expected) = ran.map_err(|error| error.to_string())? else {
                    continue;
                };
                let bytes: usize = expected.iter().map(Vec::len).sum();
                let far = ((bytes.max(1) as f64) / BYTES).ln().abs();
                if best.as_ref().is_none_or(|(least, _)| far < *least) {
                    let probe = Probe {
                        op: op.name,
                        device: device.id,
                        variant: info.id,
                        seed,
                        case,
                        expected,
                        usual: Duration::ZERO,
                    };
                    best = Some((far, probe));
                }
                break;
            }
        }
        let (_, mut probe) = best.ok_or("no variant takes any of the probe's cases")?;
        let mut times = Vec::new();
        for _ in 0..RUNS {
            times.push(probe.once(None, Duration::ZERO)?.as_secs_f64());
        }
        probe.usual = Duration::from_secs_f64(crate::slope::median(&times).unwrap_or(0.0));
        Ok(probe)
    }

    /// What it is called in the report.
    pub fn name(&self) -> String {
        format!("{} on {}", self.op, self.device)
    }

    /// What it runs, in words.
    pub fn describe(&self) -> String {
        format!("seed {} on {}", self.seed, self.variant)
    }

    fn once(&self, plant: Option<Plant>, after: Duration) -> Result<Duration, String> {
        let begun = Instant::now();
        let ran = caught(|| self.case.run(self.variant, self.device))?;
        if let Some(plant) = plant {
            plant.drift(self.usual, after);
        }
        let took = begun.elapsed();
        match ran.map_err(|error| error.to_string())? {
            CaseOutcome::Outputs(outputs) => self.case.same(&outputs, &self.expected)?,
            CaseOutcome::Refused(refusal) => return Err(format!("now refused: {refusal}")),
        }
        Ok(took)
    }

    /// Runs a burst, `after` some time of the run.
    ///
    /// # Errors
    /// What failed; also if the outputs are not what they were at first.
    pub fn burst(&self, plant: Option<Plant>, after: Duration) -> Result<Burst, String> {
        // The caches are the workers' until now.
        self.once(plant, after)?;
        yardstick();
        let runs = if self.usual > SLOW { 3 } else { RUNS };
        let mut probe = Vec::with_capacity(runs);
        let mut rod = Vec::with_capacity(runs);
        for _ in 0..runs {
            rod.push(yardstick().as_secs_f64() * 1e6);
            probe.push(self.once(plant, after)?.as_secs_f64() * 1e6);
        }
        let beside: Vec<f64> = probe.iter().zip(&rod).map(|(p, y)| p / y).collect();
        let middle = |values: &[f64]| crate::slope::median(values).unwrap_or(0.0);
        Ok(Burst {
            probe: middle(&probe),
            yardstick: middle(&rod),
            beside: middle(&beside),
        })
    }
}

/// Memory of the yardstick, taken once: what an allocation costs depends on what was freed before.
struct Rod {
    words: Vec<u64>,
    copy: Vec<u64>,
}

thread_local! {
    static ROD: RefCell<Rod> = RefCell::new(Rod {
        words: vec![1; YARDSTICK / 8],
        copy: vec![2; YARDSTICK / 8],
    });
}

/// Computes and copies, always the same.
fn yardstick() -> Duration {
    ROD.with_borrow_mut(|rod| {
        let begun = Instant::now();
        for (index, word) in rod.words.iter_mut().enumerate() {
            *word = crate::seed::mix(index as u64);
        }
        rod.copy.copy_from_slice(black_box(&rod.words));
        let sum = rod
            .copy
            .iter()
            .fold(0u64, |sum, word| sum.wrapping_add(*word));
        black_box(sum);
        begun.elapsed()
    })
}
