//! Which devices does a run use, and what is known of them?

use anyhow::{Context as _, Result, bail};
use robocache::cuda::{Context, Driver};
use robocache::registry::{DeviceCaps, DeviceId, OpEntry, VariantInfo};
use std::str::FromStr;
use std::sync::Arc;

/// What `--device` said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The CPU and every CUDA device.
    Auto,
    /// One device.
    One(DeviceId),
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Choice::Auto),
            "cpu" => Ok(Choice::One(DeviceId::Cpu)),
            "cuda" => Ok(Choice::One(DeviceId::Cuda(0))),
            other => other
                .strip_prefix("cuda:")
                .filter(|ordinal| ordinal.bytes().all(|byte| byte.is_ascii_digit()))
                .and_then(|ordinal| ordinal.parse().ok())
                .map(|ordinal| Choice::One(DeviceId::Cuda(ordinal)))
                .ok_or_else(|| "expected auto, cpu or cuda:N".to_owned()),
        }
    }
}

/// A device in use.
pub struct Device {
    /// Its name in the table's terms.
    pub id: DeviceId,
    /// What it can do.
    pub caps: DeviceCaps,
    context: Option<Arc<Context>>,
}

impl Device {
    /// The CPU of this process.
    pub fn cpu() -> Device {
        Device {
            id: DeviceId::Cpu,
            caps: DeviceCaps::cpu().clone(),
            context: None,
        }
    }

    fn cuda(ordinal: u32) -> robocache::Result<Device> {
        let context = Driver::open()?.context(ordinal)?;
        Ok(Device {
            id: DeviceId::Cuda(ordinal),
            caps: context.caps().clone(),
            context: Some(context),
        })
    }

    /// The variants of an operation that are built for it.
    pub fn variants(&self, op: &OpEntry) -> Vec<&'static VariantInfo> {
        let mut variants = (op.variants)();
        variants.retain(|info| info.runs_on(&self.caps).is_ok());
        variants
    }

    /// Memory of the device in use by anybody, in MB; `None` for the CPU.
    ///
    /// # Errors
    /// What the driver reports.
    pub fn memory_used(&self) -> robocache::Result<Option<f64>> {
        match &self.context {
            None => Ok(None),
            Some(context) => {
                let (free, total) = context.memory_info()?;
                Ok(Some((total - free) as f64 / 1e6))
            }
        }
    }

    /// What a person calls it.
    pub fn name(&self) -> String {
        match &self.caps {
            DeviceCaps::Cpu(_) => cpu_name().unwrap_or_else(|| "CPU".into()),
            DeviceCaps::Cuda(cuda) => cuda.name.clone(),
        }
    }

    /// The driver, for a CUDA device.
    pub fn driver(&self) -> Option<String> {
        self.context.as_ref()?;
        let cuda = Driver::open().ok()?.cuda_version();
        let module = std::fs::read_to_string("/proc/driver/nvidia/version").ok();
        let version = module.as_deref().and_then(|text| {
            let words = text.lines().next()?.split_whitespace();
            words
                .filter(|word| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.'))
                .map(str::to_owned)
                .next()
        });
        let cuda = robocache::cuda::driver::dotted(cuda);
        Some(version.map_or_else(
            || format!("CUDA {cuda}"),
            |version| format!("{version}, CUDA {cuda}"),
        ))
    }
}

fn cpu_name() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The devices asked for, each once. A note says why `auto` found no CUDA device.
///
/// # Errors
/// If a CUDA device was asked for by its number and cannot be used.
pub fn open(choices: &[Choice]) -> Result<(Vec<Device>, Vec<String>)> {
    let (mut devices, mut notes) = (Vec::<Device>::new(), Vec::new());
    let mut add = |device: Device| {
        if devices.iter().all(|known| known.id != device.id) {
            devices.push(device);
        }
    };
    let auto = [Choice::Auto];
    for choice in if choices.is_empty() { &auto } else { choices } {
        match *choice {
            Choice::One(DeviceId::Cpu) => add(Device::cpu()),
            Choice::One(DeviceId::Cuda(ordinal)) => add(Device::cuda(ordinal)
                .with_context(|| format!("cuda:{ordinal} was asked for and cannot be used"))?),
            Choice::Auto => {
                add(Device::cpu());
                match Driver::open() {
                    Ok(driver) => {
                        for ordinal in 0..driver.device_count() {
                            add(Device::cuda(ordinal)
                                .with_context(|| format!("cuda:{ordinal} cannot be used"))?);
                        }
                    }
                    Err(error) => notes.push(format!("No CUDA device is used: {error}.")),
                }
            }
        }
    }
    if devices.is_empty() {
        bail!("there is no device to run on");
    }
    Ok((devices, notes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_named_as_everywhere() {
        assert_eq!("auto".parse(), Ok(Choice::Auto));
        for id in [DeviceId::Cpu, DeviceId::Cuda(0), DeviceId::Cuda(12)] {
            assert_eq!(id.to_string().parse(), Ok(Choice::One(id)));
        }
        for text in ["", "gpu", "cuda:", "cuda:x", "cuda:-1"] {
            assert!(text.parse::<Choice>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_device_is_used_once_and_a_missing_one_is_an_error() {
        let cpu = Choice::One(DeviceId::Cpu);
        let (devices, _) = open(&[cpu, cpu]).unwrap();
        assert_eq!(devices.len(), 1);
        assert!(open(&[Choice::One(DeviceId::Cuda(4_000))]).is_err());
    }
}
