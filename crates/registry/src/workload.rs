//! How is any operation timed?
//!
//! The tuner and the benchmarks know no operation: they name shapes as text, and get something that runs.

use crate::{DeviceCaps, DeviceId, KeyText};
use robocache_core::Result;

/// An operation's problems to time.
pub struct Workloads {
    /// How a shape is written, for help texts.
    pub syntax: &'static str,
    /// The shapes that stand for its use on a kind of device, each in that syntax.
    pub shapes: fn(DeviceId) -> Vec<String>,
    /// A shape drawn at random: the same one for the same seed.
    pub random: fn(DeviceId, seed: u64) -> String,
    /// Makes the memory of a problem: the same numbers for the same seed.
    pub open: fn(shape: &str, device: DeviceId, seed: u64) -> Result<Box<dyn Workload>>,
}

/// A problem on a device with all of its memory, ready to run on any variant again and again.
pub trait Workload {
    /// Its shape, as it was given.
    fn shape(&self) -> &str;

    /// The bytes that have to move: each input that is used once, each output once.
    fn bytes(&self) -> usize;

    /// Under what a choice among variants is stored.
    fn key(&self) -> KeyText;

    /// The device.
    fn caps(&self) -> &DeviceCaps;

    /// The ids of the variants that take it.
    fn candidates(&self) -> Vec<&'static str>;

    /// The variant that runs where nothing was measured by this user.
    ///
    /// # Errors
    /// If none takes the problem.
    fn untuned(&self) -> Result<&'static str>;

    /// The variant that a call would run now.
    ///
    /// # Errors
    /// If none takes the problem.
    fn chosen(&self) -> Result<&'static str>;

    /// Microseconds of each of `repeats` runs: on the device's clock for a device, on the wall's for
    /// the CPU. Work before and between them that has to do with `cache` is not counted.
    ///
    /// # Errors
    /// What the operation reports.
    fn time(&mut self, subject: Subject, cache: CacheState, repeats: usize) -> Result<Vec<f64>>;

    /// Nanoseconds that the host is busy with each of `repeats` calls that only enqueue; for the CPU,
    /// with the whole call.
    ///
    /// # Errors
    /// What the operation reports.
    fn time_host(&mut self, variant: &'static str, repeats: usize) -> Result<Vec<f64>>;

    /// Races the variants for this problem and keeps what was found.
    ///
    /// # Errors
    /// What the operation reports.
    fn tune(&mut self, effort: crate::tune::Effort) -> Result<std::sync::Arc<crate::tune::Entry>>;
}

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A variant of the operation.
    Variant(&'static str),
    /// A variant, and after it a delay of so many nanoseconds: a slow-down that a comparison has to
    /// find.
    Delayed(&'static str, u64),
    /// A memory copy of as many bytes as have to move: half of them read, half written.
    Copy,
}

/// What the caches hold when a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheState {
    /// Nothing of this problem: memory rotates through more than the caches hold.
    Cold,
    /// What the run before left there.
    Warm,
}
