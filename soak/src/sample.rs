//! What does this process hold: memory, descriptors, threads, device memory?

use crate::device::Device;
use crate::judge::Limit;
use crate::limits::{COUNT, LATENCY, MEMORY};
use crate::probe::Burst;
use crate::slope::{Point, blocks};
use serde::{Deserialize, Serialize};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// How a series is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// By its own limit.
    Judged,
    /// Latency by the clock; together with [`Role::Beside`] of the same name.
    Clock,
    /// Latency beside the yardstick.
    Beside,
    /// Shown only.
    Shown,
}

/// A series of samples, times in seconds from the run's start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Its name, the same in every run.
    pub name: String,
    /// The unit of its values.
    pub unit: String,
    /// How it is judged.
    pub role: Role,
    /// What it may do.
    pub limit: Limit,
    /// Moments and values.
    pub points: Vec<Point>,
}

/// All series of a run.
#[derive(Default)]
pub struct Recorder {
    /// In the order of their first sample.
    pub series: Vec<Series>,
}

impl Recorder {
    fn push(&mut self, name: &str, unit: &str, role: Role, limit: Limit, point: Point) {
        if !point.1.is_finite() {
            return;
        }
        match self.series.iter_mut().find(|series| series.name == name) {
            Some(series) => series.points.push(point),
            None => self.series.push(Series {
                name: name.to_owned(),
                unit: unit.to_owned(),
                role,
                limit,
                points: vec![point],
            }),
        }
    }

    /// Keeps what a burst of a probe said.
    pub fn burst(&mut self, probe: &str, at: f64, burst: Burst) {
        let name = format!("latency of {probe}");
        self.push(&name, "µs", Role::Clock, LATENCY, (at, burst.probe));
        let name = format!("latency of {probe} beside the yardstick");
        self.push(&name, "", Role::Beside, LATENCY, (at, burst.beside));
        let name = format!("yardstick of {probe}");
        self.push(&name, "µs", Role::Shown, LATENCY, (at, burst.yardstick));
    }

    /// Samples what the process holds.
    ///
    /// # Errors
    /// What the driver reports of a device's memory.
    pub fn sample(
        &mut self,
        process: &mut Process,
        devices: &[Device],
        at: f64,
    ) -> robocache::Result<()> {
        let held = process.look();
        if let Some(bytes) = held.memory {
            self.push(
                "resident memory",
                "MB",
                Role::Judged,
                MEMORY,
                (at, bytes / 1e6),
            );
        }
        if let Some(count) = held.descriptors {
            self.push("file descriptors", "", Role::Judged, COUNT, (at, count));
        }
        if let Some(count) = held.threads {
            self.push("threads", "", Role::Judged, COUNT, (at, count));
        }
        for device in devices {
            if let Some(used) = device.memory_used()? {
                let name = format!("device memory used on {}", device.id);
                self.push(&name, "MB", Role::Judged, MEMORY, (at, used));
            }
        }
        Ok(())
    }

    /// The series with at most `most` points each.
    pub fn thinned(&self, most: usize) -> Vec<Series> {
        let thin = |series: &Series| Series {
            points: blocks(&series.points, most)
                .into_iter()
                .map(rounded)
                .collect(),
            ..series.clone()
        };
        self.series.iter().map(thin).collect()
    }
}

/// To digits that mean something, so that the report stays small.
fn rounded((time, value): Point) -> Point {
    let digits = 10f64.powi(5 - value.abs().max(1e-300).log10().floor() as i32);
    let value = match (value * digits).round() / digits {
        rounded if rounded.is_finite() => rounded,
        _ => value,
    };
    ((time * 100.0).round() / 100.0, value)
}

/// What a process holds, as far as the system tells.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held {
    /// Resident memory in bytes.
    pub memory: Option<f64>,
    /// Open file descriptors.
    pub descriptors: Option<f64>,
    /// Threads.
    pub threads: Option<f64>,
}

/// This process, as the system sees it.
pub struct Process {
    system: System,
    id: Pid,
}

impl Default for Process {
    fn default() -> Process {
        Process {
            system: System::new(),
            id: Pid::from_u32(std::process::id()),
        }
    }
}

impl Process {
    /// What it holds now.
    pub fn look(&mut self) -> Held {
        let kind = ProcessRefreshKind::nothing().with_memory().with_tasks();
        let this = ProcessesToUpdate::Some(&[self.id]);
        self.system.refresh_processes_specifics(this, true, kind);
        let Some(process) = self.system.process(self.id) else {
            return Held::default();
        };
        Held {
            memory: Some(process.memory() as f64).filter(|&bytes| bytes > 0.0),
            descriptors: process.open_files().map(|count| count as f64),
            // The main thread is none of the tasks.
            threads: process.tasks().map(|tasks| tasks.len() as f64 + 1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_to_what_they_say() {
        assert_eq!(rounded((1.23456, 123.456_789)), (1.23, 123.457));
        assert_eq!(rounded((0.0, 0.0)), (0.0, 0.0));
        assert_eq!(rounded((0.0, -8_123_456.0)), (0.0, -8_123_460.0));
    }
}
