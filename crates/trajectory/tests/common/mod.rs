//! What the tests of resampling share: the devices of this machine and emulated ones, and a trial on all
//! of their variants.

#![allow(dead_code)] // Each test program uses a part of it.

use robocache_core::{DType, Error, Result, TimeScalar, TimeType};
use robocache_registry::operation::CaseOutputs;
use robocache_registry::{Case, CaseOutcome, DeviceCaps, DeviceId, VariantInfo};
use robocache_testkit::oracle::Times;
#[cfg(feature = "cuda")]
use robocache_testkit::{emulate, stub};
use robocache_trajectory::testing::{Axis, Batch, Operand, Space, Style, Trial};
use robocache_trajectory::{Kind, Options, dispatcher};
use std::cell::Cell;
use std::sync::OnceLock;

/// A device to test on.
#[derive(Clone)]
pub struct Device {
    pub id: DeviceId,
    pub caps: DeviceCaps,
    /// Which model is emulated, and in which order its threads run; `None` for a device that is there.
    #[cfg(feature = "cuda")]
    pub emulated: Option<(stub::Device, emulate::Order)>,
}

impl std::fmt::Display for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        #[cfg(feature = "cuda")]
        if let Some((model, order)) = self.emulated {
            return write!(f, "an emulated {}, threads {order}", model.name);
        }
        write!(f, "{}", self.id)
    }
}

impl Device {
    pub fn cpu() -> Device {
        Device {
            id: DeviceId::Cpu,
            caps: DeviceCaps::cpu().clone(),
            #[cfg(feature = "cuda")]
            emulated: None,
        }
    }

    /// Models with much and with little shared memory, whose threads run in different orders; two that have the copy
    /// engine.
    #[cfg(feature = "cuda")]
    pub fn emulated() -> Vec<Device> {
        use emulate::Order;
        [
            (stub::Device::H200, Order::Ascending),
            (stub::Device::H100, Order::Descending),
            (stub::Device::A100, Order::Descending),
            (stub::Device::RTX_4090, Order::Drawn(1)),
        ]
        .map(|(model, order)| Device {
            id: DeviceId::Cuda(0),
            caps: model.caps(0),
            emulated: Some((model, order)),
        })
        .to_vec()
    }

    pub fn is_emulated(&self) -> bool {
        #[cfg(feature = "cuda")]
        return self.emulated.is_some();
        #[cfg(not(feature = "cuda"))]
        return false;
    }

    /// What a variant makes of a case on it. What an emulation finds wrong is an error, too.
    pub fn run(&self, case: &dyn Case, variant: &str) -> Result<CaseOutcome, Wrong> {
        let run = || case.run(variant, self.id).map_err(Wrong::Error);
        #[cfg(feature = "cuda")]
        if let Some((model, order)) = self.emulated {
            return emulate::instead(&[model], order, run).map_err(Wrong::Found)?;
        }
        run()
    }

    pub fn is_cpu(&self) -> bool {
        self.id == DeviceId::Cpu
    }

    /// The variants that are built for it.
    pub fn variants(&self) -> impl Iterator<Item = &'static VariantInfo> {
        dispatcher()
            .variants()
            .iter()
            .map(|variant| variant.info)
            .filter(|info| info.runs_on(&self.caps).is_ok())
    }
}

/// What went wrong with a case.
#[derive(Debug)]
pub enum Wrong {
    /// What the operation reports.
    Error(Error),
    /// What an emulation found, in words.
    Found(String),
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Wrong::Error(error) => error.fmt(f),
            Wrong::Found(what) => f.write_str(what),
        }
    }
}

/// The CPU, every CUDA device, and emulated ones. Says why there is no CUDA device, and fails where the
/// environment demands one.
pub fn devices() -> &'static [Device] {
    static DEVICES: OnceLock<Vec<Device>> = OnceLock::new();
    DEVICES.get_or_init(|| {
        let mut all = vec![Device::cpu()];
        match cuda_devices() {
            Ok(found) => all.extend(found),
            Err(reason) => {
                assert!(
                    number("ROBOCACHE_REQUIRE_GPU", 0) == 0,
                    "ROBOCACHE_REQUIRE_GPU is set, but: {reason}"
                );
                println!("no CUDA device is tested but emulated ones: {reason}");
            }
        }
        // Sanitizers see nothing of what does not run on a GPU, and follow the compiler that it is made with.
        #[cfg(feature = "cuda")]
        if number("ROBOCACHE_TEST_THIN", 1) <= 1 {
            match emulate::ready() {
                Ok(()) => all.extend(Device::emulated()),
                // Machines with a GPU may have nothing but the tests.
                Err(what) if all.len() > 1 => println!("no emulated device is tested: {what}"),
                Err(what) => {
                    panic!("no CUDA device is here, and kernels cannot be emulated: {what}")
                }
            }
        }
        all
    })
}

#[cfg(feature = "cuda")]
fn cuda_devices() -> Result<Vec<Device>> {
    let driver = robocache_cuda::Driver::open()?;
    (0..driver.device_count())
        .map(|ordinal| {
            Ok(Device {
                id: DeviceId::Cuda(ordinal),
                caps: driver.context(ordinal)?.caps().clone(),
                emulated: None,
            })
        })
        .collect()
}

#[cfg(not(feature = "cuda"))]
fn cuda_devices() -> Result<Vec<Device>> {
    Err(Error::DriverMissing {
        reason: "this program was built without the feature `cuda`".into(),
    })
}

/// A number from the environment.
pub fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name}={text:?} is no number")),
        Err(_) => default,
    }
}

/// Targets and their columns that an emulated device is given at most: it takes a microsecond where others
/// take a nanosecond.
const EMULATED_TARGETS: usize = 5_000;
const EMULATED_VALUES: usize = 50_000;

/// Trials of a test that all run on an emulated device; of those that come after them, one in `EMULATED_THIN`.
const EMULATED_TRIALS: u64 = 60;
const EMULATED_THIN: u64 = 16;

/// Which devices the next trial runs on: the CPU; every CUDA device, or with `ROBOCACHE_TEST_THIN=n` every n-th
/// time, for sanitizers, under which each trial takes a hundred times as long; one of the emulated devices in
/// turn, if the trial is small.
fn next_devices(trial: &Trial) -> impl Iterator<Item = &'static Device> {
    thread_local! {
        // Of a test, as each has a thread of its own.
        static TRIALS: Cell<u64> = const { Cell::new(0) };
    }
    static THIN: OnceLock<u64> = OnceLock::new();
    let thin = *THIN.get_or_init(|| number("ROBOCACHE_TEST_THIN", 1).max(1));
    let turn = TRIALS.replace(TRIALS.get() + 1);
    let [batch, targets, columns] = trial.shape();
    let small = batch * targets <= EMULATED_TARGETS && batch * targets * columns <= EMULATED_VALUES;
    let emulate = small && (turn < EMULATED_TRIALS || turn.is_multiple_of(EMULATED_THIN));
    let emulated = devices().iter().filter(|device| device.is_emulated());
    let next = turn % emulated.count().max(1) as u64;
    let mut before = 0;
    devices().iter().filter(move |device| {
        if device.is_emulated() {
            before += 1;
            return emulate && next + 1 == before;
        }
        device.is_cpu() || turn.is_multiple_of(thin)
    })
}

/// What a variant makes of a trial; `None` if it refuses it.
pub fn outcome(
    trial: &Trial,
    variant: &str,
    device: &Device,
) -> Result<Option<CaseOutputs>, Wrong> {
    Ok(match device.run(trial, variant)? {
        CaseOutcome::Refused(_) => None,
        CaseOutcome::Outputs(outputs) => Some(outputs),
    })
}

/// Runs a trial on every variant of the devices whose turn it is: each must agree with the oracle and bit for bit
/// with the first one. Returns the outputs and the variants that took it.
pub fn everywhere(trial: &Trial) -> (CaseOutputs, Vec<&'static str>) {
    let mut first: Option<CaseOutputs> = None;
    let mut reached = Vec::new();
    for device in next_devices(trial) {
        let before = reached.len();
        for info in device.variants() {
            let what = || format!("{} on {device}: {}", info.id, trial.describe());
            let outputs = match outcome(trial, info.id, device) {
                Ok(None) => continue,
                Ok(Some(outputs)) => outputs,
                Err(wrong) => panic!("{wrong}\n  {}", what()),
            };
            if let Err(difference) = trial.check(&outputs) {
                panic!("{difference}\n  {}", what());
            }
            match &first {
                None => first = Some(outputs),
                Some(expected) => {
                    if let Err(difference) = trial.same(&outputs, expected) {
                        panic!("differs from {}: {difference}\n  {}", reached[0], what());
                    }
                }
            }
            reached.push(info.id);
        }
        assert!(
            reached.len() > before,
            "no variant of {device} took {}",
            trial.describe()
        );
    }
    (first.expect("the CPU is a device"), reached)
}

/// Runs a trial that must fail, on every variant that does not refuse it, of the devices whose turn it is.
pub fn errors(trial: &Trial) -> Vec<(String, Error)> {
    let mut all = Vec::new();
    for device in next_devices(trial) {
        for info in device.variants() {
            let what = format!("{} on {device}: {}", info.id, trial.describe());
            match outcome(trial, info.id, device) {
                Ok(None) => {}
                Ok(Some(_)) => panic!("succeeded: {what}"),
                Err(Wrong::Error(error)) => all.push((what, error)),
                Err(wrong) => panic!("{wrong}\n  {what}"),
            }
        }
    }
    assert!(!all.is_empty(), "refused by all: {}", trial.describe());
    all
}

/// The kinds that so many columns can have.
pub fn kinds_of(columns: usize) -> impl Iterator<Item = Kind> {
    let fits = move |kind: &Kind| columns.is_multiple_of(kind.width());
    Kind::ALL.into_iter().filter(fits)
}

/// The kinds that give a sample back as it is where a target coincides with it.
pub fn plain_kinds() -> impl Iterator<Item = Kind> {
    let changed = |kind: Kind| kind.width() > 1 || kind == Kind::Angle;
    Kind::ALL.into_iter().filter(move |&kind| !changed(kind))
}

/// B, S, T and D of a plain problem.
#[derive(Clone, Copy, Debug)]
pub struct Sizes(pub usize, pub usize, pub usize, pub usize);

/// A problem of some sizes: f32 samples that differ from each other, uneven f64 times shared by all rows,
/// targets in no order, on knots, between them and outside, contiguous memory, a mask.
pub fn trial(name: &str, kind: Kind, sizes: Sizes) -> Trial {
    let Sizes(batch, samples, targets, columns) = sizes;
    let source = uneven(samples);
    let target = around(&source, targets);
    Trial {
        name: format!("{name}, {}, {sizes:?}", kind.name()),
        data: samples_of(DType::F32, [batch, samples, columns], Style::default()),
        batch: Batch::Dense,
        source: shared(TimeType::F64, &source),
        target: shared(TimeType::F64, &target),
        out: Space::new(DType::F32, [batch, targets, columns], Style::default()),
        mask: Some(Space::new(DType::U8, [batch, targets], Style::default())),
        age: None,
        options: Options::default().kind(kind),
        unspecified: false,
    }
}

/// Samples that differ from each other, rounded to a type.
pub fn samples_of(dtype: DType, shape: [usize; 3], style: Style<3>) -> Operand<3> {
    Operand::floats(dtype, shape, style, |[b, s, d]| {
        let x = (b * 7919 + s * 104_729 + d * 1299) % 100_003;
        x as f64 / 50_000.0 - 1.0
    })
}

/// `n` strictly increasing times, uneven, in multiples of 1/8: exact in every type.
pub fn uneven(n: usize) -> Vec<f64> {
    (0..n)
        .map(|i| i as f64 + 0.125 * ((i * 5) % 7) as f64)
        .collect()
}

/// `n` targets around some times, in no order.
pub fn around(times: &[f64], n: usize) -> Vec<f64> {
    let (first, last) = match times {
        [] => (0.0, 4.0),
        times => (times[0], times[times.len() - 1]),
    };
    (0..n)
        .map(|i| {
            let scrambled = (i * 37 + 11) % n.max(1);
            match i % 5 {
                0 if !times.is_empty() => times[(i * 13) % times.len()],
                1 => first - 0.5 + (last - first + 1.0) * (scrambled as f64 / n as f64),
                _ => first + (last - first) * (scrambled as f64 / n as f64),
            }
        })
        .collect()
}

/// Times of a type; ticks of i64 are 1/1000.
pub fn times(time_type: TimeType, seconds: &[f64]) -> Times {
    match time_type {
        TimeType::F32 => Times::F32(seconds.iter().map(|&t| t as f32).collect()),
        TimeType::F64 => Times::F64(seconds.to_vec()),
        TimeType::I64 => Times::I64(seconds.iter().map(|&t| (1000.0 * t) as i64).collect()),
    }
}

/// One duration in a type.
pub fn scalar(time_type: TimeType, seconds: f64) -> TimeScalar {
    times(time_type, &[seconds]).at(0)
}

/// `[N]`.
pub fn shared(time_type: TimeType, seconds: &[f64]) -> Axis {
    shared_times(&times(time_type, seconds))
}

/// `[N]`.
pub fn shared_times(times: &Times) -> Axis {
    Axis::Shared(Operand::times(
        dtype_of(times),
        [times.len()],
        Style::default(),
        |_| times,
    ))
}

/// `[B, N]` in a style.
pub fn per_row(rows: &[Times], style: Style<2>) -> Axis {
    let shape = [rows.len(), rows.first().map_or(0, Times::len)];
    let dtype = rows.first().map_or(DType::F64, dtype_of);
    Axis::PerRow(Operand::times(dtype, shape, style, |row| &rows[row]))
}

/// The element type of times.
pub fn dtype_of(times: &Times) -> DType {
    match times {
        Times::F32(_) => DType::F32,
        Times::F64(_) => DType::F64,
        Times::I64(_) => DType::I64,
    }
}

/// An output as f32 numbers.
pub fn as_f32(bytes: &[u8]) -> Vec<f32> {
    bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect()
}
