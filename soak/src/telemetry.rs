//! Did the GPU slow down by itself?
//!
//! `nvidia-smi` is asked once in a while by a thread of its own, which may take as long as it likes.

use serde::{Deserialize, Serialize};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What `nvidia-smi` said of one GPU.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Seconds from the run's start.
    pub at: f64,
    /// The GPU by its number among all of the machine.
    pub gpu: u32,
    /// Reasons for which the clocks are lower than they could be, as the driver's bits.
    pub reasons: u64,
    /// Degrees Celsius.
    pub celsius: Option<f64>,
    /// Clock of the multiprocessors in MHz.
    pub megahertz: Option<f64>,
}

impl Reading {
    /// The reasons that mean throttling, in words. Idle and clocks that were set are none.
    pub fn throttled(&self) -> Vec<&'static str> {
        // NVML's nvmlClocksEventReason constants.
        const REASONS: [(u64, &str); 5] = [
            (0x04, "power cap"),
            (0x08, "hardware slowdown"),
            (0x20, "thermal, software"),
            (0x40, "thermal, hardware"),
            (0x80, "power brake"),
        ];
        let set = |(bit, _): &&(u64, &str)| self.reasons & bit != 0;
        REASONS.iter().filter(set).map(|(_, name)| *name).collect()
    }
}

/// The most readings kept.
const KEPT: usize = 400;

/// Readings so far, or why there are none.
#[derive(Clone)]
pub struct Telemetry(Arc<Mutex<Result<Vec<Reading>, String>>>);

impl Telemetry {
    /// Asks at once and then every `pause`, until the process ends.
    pub fn start(begun: Instant, pause: Duration) -> Telemetry {
        let telemetry = Telemetry(Arc::new(Mutex::new(Ok(Vec::new()))));
        let kept = telemetry.0.clone();
        let watch = move || {
            loop {
                let read = read(begun);
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                match (&mut *kept, read) {
                    (Ok(all), Ok(new)) if all.len() + new.len() <= KEPT => all.extend(new),
                    (Ok(_), Ok(_)) => return,
                    (Ok(all), Err(why)) if all.is_empty() => {
                        *kept = Err(why);
                        return;
                    }
                    _ => {}
                }
                drop(kept);
                std::thread::sleep(pause);
            }
        };
        let named = std::thread::Builder::new().name("telemetry".into());
        if let Err(error) = named.spawn(watch) {
            *telemetry.0.lock().unwrap_or_else(PoisonError::into_inner) = Err(error.to_string());
        }
        telemetry
    }

    /// The readings so far.
    pub fn readings(&self) -> Result<Vec<Reading>, String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn read(begun: Instant) -> Result<Vec<Reading>, String> {
    // Older drivers know the reasons under the second name only.
    let mut why = String::new();
    for reasons in [
        "clocks_event_reasons.active",
        "clocks_throttle_reasons.active",
    ] {
        let query = format!("--query-gpu=index,{reasons},temperature.gpu,clocks.sm");
        let asked = Command::new("nvidia-smi")
            .args([&query, "--format=csv,noheader,nounits"])
            .stdin(Stdio::null())
            .output();
        match asked {
            Err(error) => return Err(format!("nvidia-smi cannot be run: {error}")),
            Ok(answer) if answer.status.success() => {
                let text = String::from_utf8_lossy(&answer.stdout);
                return parse(&text, begun.elapsed().as_secs_f64());
            }
            Ok(answer) => why = String::from_utf8_lossy(&answer.stdout).trim().to_owned(),
        }
    }
    Err(format!("nvidia-smi failed: {why}"))
}

fn parse(text: &str, at: f64) -> Result<Vec<Reading>, String> {
    let line = |line: &str| {
        let mut words = line.split(',').map(str::trim);
        let gpu = words.next()?.parse().ok()?;
        let reasons = u64::from_str_radix(words.next()?.trim_start_matches("0x"), 16).ok()?;
        let mut number = || words.next().and_then(|word| word.parse().ok());
        Some(Reading {
            at,
            gpu,
            reasons,
            celsius: number(),
            megahertz: number(),
        })
    };
    text.lines()
        .filter(|text| !text.trim().is_empty())
        .map(|text| line(text).ok_or_else(|| format!("nvidia-smi said {text:?}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        let text = "0, 0x0000000000000001, 31, 345\n1, 0x0000000000000044, 84, 1200\n2, 0x0, [N/A], [N/A]\n";
        let readings = parse(text, 5.0).unwrap();
        assert_eq!(readings[0].throttled(), Vec::<&str>::new());
        assert_eq!(readings[1].throttled(), ["power cap", "thermal, hardware"]);
        assert_eq!(
            (readings[1].celsius, readings[1].megahertz),
            (Some(84.0), Some(1200.0))
        );
        assert_eq!((readings[2].celsius, readings[2].at), (None, 5.0));
        assert!(parse("no devices were found", 0.0).is_err());
        assert_eq!(parse("", 0.0), Ok(Vec::new()));
    }
}
