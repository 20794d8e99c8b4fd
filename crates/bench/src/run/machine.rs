//! How is the machine while something is measured?

use crate::results::part::Facts;
use robocache::registry::DeviceId;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// What is asked of `nvidia-smi`: its names, and ours.
const QUERIES: [(&str, &str); 8] = [
    ("driver_version", "driver"),
    ("clocks.sm", "SM clock (MHz)"),
    ("clocks.max.sm", "highest SM clock (MHz)"),
    ("clocks.mem", "memory clock (MHz)"),
    ("temperature.gpu", "temperature (°C)"),
    ("power.draw", "power (W)"),
    ("clocks_event_reasons.active", "throttle reasons"),
    ("memory.used", "memory used (MiB)"),
];

/// Seconds since 1970.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// The load averages over 1, 5 and 15 minutes, where Linux tells them.
pub fn load() -> Option<[f64; 3]> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    let mut numbers = text.split_whitespace().map(|word| word.parse().ok());
    Some([numbers.next()??, numbers.next()??, numbers.next()??])
}

/// The model of the host's CPU.
pub fn host() -> String {
    let caps = robocache::registry::DeviceCaps::cpu();
    caps.model()
}

/// What `nvidia-smi` says of a device; empty where there is none. Devices are counted as it counts
/// them, and `CUDA_VISIBLE_DEVICES` is not looked at.
pub fn gpu(device: DeviceId) -> Facts {
    let DeviceId::Cuda(ordinal) = device else {
        return Facts::new();
    };
    let names: Vec<_> = QUERIES.iter().map(|(name, _)| *name).collect();
    let query = format!("--query-gpu={}", names.join(","));
    // What newer drivers call an event, older ones call throttling.
    let older = || smi(ordinal, &query.replace("clocks_event", "clocks_throttle"));
    let line = smi(ordinal, &query).or_else(older);
    let mut facts = line.map_or(Facts::new(), |line| facts_of(&line));
    if let Some(lines) = smi(ordinal, "--query-compute-apps=pid") {
        let count = lines.lines().filter(|line| !line.trim().is_empty()).count();
        facts.insert("programs on the device".into(), count.to_string());
    }
    facts
}

fn smi(ordinal: u32, query: &str) -> Option<String> {
    let output = Command::new("nvidia-smi")
        .args([
            "--id",
            &ordinal.to_string(),
            query,
            "--format=csv,noheader,nounits",
        ])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then_some(text)
}

fn facts_of(line: &str) -> Facts {
    let values = line
        .lines()
        .next()
        .unwrap_or_default()
        .split(',')
        .map(str::trim);
    let pairs = QUERIES.iter().zip(values);
    let told = pairs.filter(|(_, value)| !value.is_empty() && !value.starts_with('['));
    told.map(|((_, name), value)| ((*name).to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_nvidia_smi_is_understood() {
        let facts = facts_of("580.95, 1980, 1980, 3201, 41, [N/A], 0x0000000000000004, 530\n");
        assert_eq!(facts["driver"], "580.95");
        assert_eq!(facts["throttle reasons"], "0x0000000000000004");
        assert!(!facts.contains_key("power (W)"));
        assert!(facts_of("").is_empty());
        assert!(gpu(DeviceId::Cpu).is_empty());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn linux_tells_its_load() {
        assert!(load().unwrap().iter().all(|load| *load >= 0.0));
    }
}
