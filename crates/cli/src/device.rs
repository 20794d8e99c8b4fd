//! Which device was asked for, and why can it not be had?

use anyhow::Result;
use robocache::registry::DeviceCaps;
use std::fmt;
use std::str::FromStr;

#[cfg(feature = "cuda")]
use robocache::cuda::{Context, Driver, Stream};
#[cfg(feature = "cuda")]
use std::sync::Arc;

/// Below this much data the CPU is done before a GPU has been woken and the data copied to it.
pub(crate) const WORTH_A_GPU: u128 = 64 << 20;

/// What `--device` said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Auto,
    Cpu,
    Cuda(u32),
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "auto" => Ok(Choice::Auto),
            "cpu" => Ok(Choice::Cpu),
            // As other programs call the first device.
            "cuda" => Ok(Choice::Cuda(0)),
            other => other
                .strip_prefix("cuda:")
                .filter(|ordinal| ordinal.bytes().all(|byte| byte.is_ascii_digit()))
                .and_then(|ordinal| ordinal.parse().ok())
                .map(Choice::Cuda)
                .ok_or_else(|| {
                    "expected auto, cpu or cuda:N, such as cuda:0 for the first GPU".to_owned()
                }),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Choice::Auto => f.write_str("auto"),
            Choice::Cpu => f.write_str("cpu"),
            Choice::Cuda(ordinal) => write!(f, "cuda:{ordinal}"),
        }
    }
}

/// A device that work can be given to.
pub(crate) enum Device {
    Cpu,
    #[cfg(feature = "cuda")]
    Cuda(Gpu),
}

/// A CUDA device with a stream of ours.
#[cfg(feature = "cuda")]
pub(crate) struct Gpu {
    pub(crate) context: Arc<Context>,
    pub(crate) stream: Arc<Stream>,
}

impl Choice {
    /// The device for work of that many bytes.
    ///
    /// # Errors
    /// If a GPU was asked for by its number: why it cannot be had, and what to do about it.
    pub(crate) fn open(self, bytes: u128) -> Result<Device> {
        match self {
            Choice::Cpu => Ok(Device::Cpu),
            Choice::Cuda(ordinal) => gpu(ordinal).map_err(|error| {
                anyhow::anyhow!(
                    "cuda:{ordinal} was asked for and cannot be used: {}; `robocache doctor` tells \
                     more, --device cpu does the same work",
                    why(&error)
                )
            }),
            Choice::Auto if bytes < WORTH_A_GPU => Ok(Device::Cpu),
            Choice::Auto => Ok(gpu(0).unwrap_or_else(|error| {
                tracing::info!("no GPU is used: {}", why(&error));
                Device::Cpu
            })),
        }
    }

    /// The GPU that is asked for or, by `auto`, the first one: `None` if the CPU alone is wanted, and
    /// the reason where `auto` finds no GPU.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) fn open_gpu(self) -> Result<Option<Result<Device, String>>> {
        match self {
            Choice::Cpu => Ok(None),
            Choice::Cuda(_) => self.open(0).map(|device| Some(Ok(device))),
            Choice::Auto => Ok(Some(gpu(0).map_err(|error| why(&error)))),
        }
    }
}

#[cfg(feature = "cuda")]
fn gpu(ordinal: u32) -> robocache::Result<Device> {
    let context = Driver::open()?.context(ordinal)?;
    let stream = Arc::new(Stream::new(&context)?);
    Ok(Device::Cuda(Gpu { context, stream }))
}

#[cfg(not(feature = "cuda"))]
fn gpu(_: u32) -> robocache::Result<Device> {
    Err(no_cuda())
}

/// What became of work on a GPU; where it failed, with what a person can do about it.
#[cfg(feature = "cuda")]
pub(crate) fn on_gpu<T>(done: robocache::Result<T>) -> Result<T> {
    use anyhow::Context;
    let advised = done.map_err(|error| {
        let is_full = error.is_out_of_memory();
        let error = anyhow::Error::new(error);
        match is_full {
            true => error.context("the device has too little free memory; use --device cpu"),
            false => error,
        }
    });
    advised.context("on the GPU")
}

/// The error of a program that was built without CUDA.
#[cfg(not(feature = "cuda"))]
pub(crate) fn no_cuda() -> robocache::Error {
    robocache::Error::DriverMissing {
        reason: "this program was built without the feature `cuda`; build it with the default \
                 features"
            .into(),
    }
}

/// Why there is no GPU to use, with what a person can do about it.
pub(crate) fn why(error: &robocache::Error) -> String {
    use robocache::Error;
    let advice = match error {
        Error::NoDevice { count: 0, .. } => {
            "; check that the machine or container has a GPU and that CUDA_VISIBLE_DEVICES does not \
             hide it"
        }
        Error::NoDevice { .. } => "; choose one of those, counted from 0",
        Error::DriverTooOld { .. } => "; update NVIDIA's driver",
        Error::Driver { .. } => {
            "; if `nvidia-smi` fails too, the driver or the device needs a restart"
        }
        // These say it themselves.
        _ => "",
    };
    format!("{error}{advice}")
}

impl Device {
    /// What it can do.
    pub(crate) fn caps(&self) -> &DeviceCaps {
        match self {
            Device::Cpu => DeviceCaps::cpu(),
            #[cfg(feature = "cuda")]
            Device::Cuda(gpu) => gpu.context.caps(),
        }
    }

    /// What a person calls it.
    pub(crate) fn name(&self) -> String {
        match self.caps() {
            DeviceCaps::Cpu(_) => {
                let threads = robocache::parallel::threads();
                format!(
                    "CPU, {threads} thread{}",
                    if threads == 1 { "" } else { "s" }
                )
            }
            DeviceCaps::Cuda(cuda) => format!("{} (cuda:{})", cuda.name, cuda.ordinal),
        }
    }
}

/// The devices that tests run on: those that are there, and emulated ones.
#[cfg(all(test, feature = "cuda"))]
pub(crate) mod testing {
    use super::*;
    use robocache::registry::DeviceId;
    use robocache_testkit::devices::devices;
    use robocache_testkit::emulate;

    /// Calls `work` for each device and counts them.
    pub(crate) fn on_each(work: impl Fn(&Device)) -> usize {
        let with = |context: Arc<Context>| {
            let stream = Arc::new(Stream::new(&context).expect("a stream"));
            work(&Device::Cuda(Gpu { context, stream }));
        };
        for device in devices() {
            match (device.id, device.emulated) {
                (DeviceId::Cpu, _) => work(&Device::Cpu),
                (_, Some((model, order))) => {
                    let run = || with(emulate::context(0).expect("an emulated device"));
                    emulate::instead(&[model], order, run).expect("nothing was wrong");
                }
                (DeviceId::Cuda(ordinal), None) => {
                    let driver = Driver::open().expect("it was there");
                    with(driver.context(ordinal).expect("a device"));
                }
            }
        }
        devices().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_named_as_they_are_written() {
        for choice in [Choice::Auto, Choice::Cpu, Choice::Cuda(0), Choice::Cuda(17)] {
            assert_eq!(choice.to_string().parse(), Ok(choice));
        }
        assert_eq!("cuda".parse(), Ok(Choice::Cuda(0)));
        for text in [
            "",
            "gpu",
            "cuda:",
            "cuda:-1",
            "cuda:+1",
            "cuda:x",
            "cuda:99999999999",
            "cpu:0",
        ] {
            assert!(text.parse::<Choice>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn reasons_come_with_advice() {
        let none = robocache::Error::NoDevice {
            ordinal: 0,
            count: 0,
        };
        assert!(why(&none).contains("CUDA_VISIBLE_DEVICES"));
        let two = robocache::Error::NoDevice {
            ordinal: 5,
            count: 2,
        };
        assert!(why(&two).contains("counted from 0"));
    }
}
