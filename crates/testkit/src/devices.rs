//! Where a case is run: the CPU, the CUDA devices that are there, emulated ones.
//!
//! `ROBOCACHE_REQUIRE_GPU=1` makes a missing device a failure; `ROBOCACHE_TEST_THIN=n` gives a device every n-th case
//! only, and the n-th part of what is repeated, for sanitizers, under which each takes a hundred times as long.

#[cfg(feature = "cuda")]
use crate::{emulate, stub};
use robocache_core::{Error, Result};
use robocache_registry::{Case, CaseOutcome, DeviceCaps, DeviceId, OpEntry, VariantInfo};
use std::cell::Cell;
use std::sync::OnceLock;

/// A device to test on.
#[derive(Clone)]
pub struct Device {
    /// Its name.
    pub id: DeviceId,
    /// What it can do.
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
    /// The CPU.
    pub fn cpu() -> Device {
        Device {
            id: DeviceId::Cpu,
            caps: DeviceCaps::cpu().clone(),
            #[cfg(feature = "cuda")]
            emulated: None,
        }
    }

    /// Models with much and with little shared memory, whose threads run in different orders; two that have the copy
    /// engine, one of them with a single multiprocessor, whose blocks are few and go through much.
    #[cfg(feature = "cuda")]
    pub fn emulated() -> Vec<Device> {
        use emulate::Order;
        let small = stub::Device {
            multiprocessors: 1,
            ..stub::Device::H100
        };
        [
            (stub::Device::H200, Order::Ascending),
            (small, Order::Descending),
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

    /// Whether it is not there.
    pub fn is_emulated(&self) -> bool {
        #[cfg(feature = "cuda")]
        return self.emulated.is_some();
        #[cfg(not(feature = "cuda"))]
        return false;
    }

    /// What a variant makes of a case on it.
    ///
    /// # Errors
    /// What the operation reports, and what an emulation finds wrong.
    pub fn run(&self, case: &dyn Case, variant: &str) -> Result<CaseOutcome, Wrong> {
        let run = || case.run(variant, self.id).map_err(Wrong::Error);
        #[cfg(feature = "cuda")]
        if let Some((model, order)) = self.emulated {
            return emulate::instead(&[model], order, run).map_err(Wrong::Found)?;
        }
        run()
    }

    /// Whether it is the CPU.
    pub fn is_cpu(&self) -> bool {
        self.id == DeviceId::Cpu
    }

    /// The variants of an operation that are built for it.
    pub fn variants(&self, op: &OpEntry) -> impl Iterator<Item = &'static VariantInfo> {
        let all = (op.variants)().into_iter();
        all.filter(|info| info.runs_on(&self.caps).is_ok())
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

/// The CPU, every CUDA device, and emulated ones. Says why there is no CUDA device.
///
/// # Panics
/// If the environment demands one, or if there is neither one nor an emulated one.
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
///
/// # Panics
/// If there is something else.
pub fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name}={text:?} is no number")),
        Err(_) => default,
    }
}

/// Cases of a test that all run on an emulated device; of those that come after them, one in `EMULATED_THIN`.
const EMULATED_CASES: u64 = 60;
const EMULATED_THIN: u64 = 16;

/// Which devices the next case of a test runs on: the CPU; every CUDA device, unless they are given few; one of the
/// emulated devices in turn, if the case is small.
pub fn next_devices(small: bool) -> impl Iterator<Item = &'static Device> {
    thread_local! {
        // Of a test, as each has a thread of its own.
        static CASES: Cell<u64> = const { Cell::new(0) };
    }
    static THIN: OnceLock<u64> = OnceLock::new();
    let thin = *THIN.get_or_init(|| number("ROBOCACHE_TEST_THIN", 1).max(1));
    let turn = CASES.replace(CASES.get() + 1);
    let emulate = small && (turn < EMULATED_CASES || turn.is_multiple_of(EMULATED_THIN));
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
