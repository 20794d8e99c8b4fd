//! How long does a device take for a batch, beside a copy of the same bytes?
//!
//! Both move as many bytes: what an operation reads and writes is counted together, and the copy
//! reads half of that and writes it.

use super::batch::Batch;
use crate::device::Device;
use anyhow::Result;
use robocache::parallel;
use robocache::registry::DeviceCaps;
use robocache::trajectory::{Options, Plan};
use std::time::Instant;

/// Runs that count, and those before them that warm caches and clocks.
const RUNS: usize = 21;
const WARM_UP: usize = 3;

/// The least that a batch moves: caches that hold less do not flatter anybody.
const LEAST: u128 = 64 << 20;
/// On a GPU, this many of its second-level caches.
const CACHES: u128 = 4;

/// What came out for a device. Times are medians.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) device: String,
    pub(super) variant: &'static str,
    pub(super) shape: String,
    pub(super) micros: f64,
    pub(super) gigabytes_per_second: f64,
    pub(super) copy_gigabytes_per_second: f64,
}

impl Measured {
    /// Of runs that move so many bytes.
    pub(super) fn new(
        device: &Device,
        variant: &'static str,
        shape: String,
        bytes: usize,
        turns: Turns,
    ) -> Measured {
        let (micros, copy) = (median(turns.runs), median(turns.copies));
        Measured {
            device: device.name(),
            variant,
            shape,
            micros,
            gigabytes_per_second: bytes as f64 / micros / 1e3,
            copy_gigabytes_per_second: bytes as f64 / copy / 1e3,
        }
    }
}

/// The times of runs and of copies, in microseconds.
#[derive(Default)]
pub(super) struct Turns {
    runs: Vec<f64>,
    copies: Vec<f64>,
}

impl Turns {
    /// Adds those of a turn, unless it was one to warm up.
    fn add(&mut self, turn: usize, run: f64, copy: f64) {
        if turn >= WARM_UP {
            self.runs.push(run);
            self.copies.push(copy);
        }
    }
}

/// The bytes that a batch should move to be worth measuring on all of these devices.
pub(super) fn goal(devices: &[Device]) -> u128 {
    let caches = devices.iter().map(|device| match device.caps() {
        DeviceCaps::Cpu(_) => 0,
        DeviceCaps::Cuda(cuda) => CACHES * u128::from(cuda.l2_bytes),
    });
    caches.fold(LEAST, u128::max)
}

/// The options of the measurement: times were checked when the log was read, and a loop over a data
/// set would not check them again each time.
pub(super) fn options() -> Options {
    Options::default().check(false)
}

/// Measures a batch on a device; returns the values too.
///
/// # Errors
/// What the library reports.
pub(super) fn on(device: &Device, batch: &Batch) -> Result<(Measured, Vec<f32>)> {
    let (plan, turns, values) = match device {
        Device::Cpu => on_cpu(batch)?,
        #[cfg(feature = "cuda")]
        Device::Cuda(gpu) => on_gpu(gpu, batch)?,
    };
    let bytes = plan.problem().bytes();
    let measured = Measured::new(device, plan.variant(), batch.shape(), bytes, turns);
    Ok((measured, values))
}

/// The plan, the times of its runs, and the values.
type Runs = (Plan, Turns, Vec<f32>);

fn on_cpu(batch: &Batch) -> Result<Runs> {
    let mut out = vec![0f32; batch.out_len()];
    let plan = Plan::new_cpu(&batch.request(&mut out)?)?;
    let turns = turns_on_cpu(plan.problem().bytes(), || {
        plan.run(batch.request(&mut out)?)
    })?;
    Ok((plan, turns, out))
}

/// Times runs on the CPU, in turn with copies that move as many bytes: so neither has the quieter half of a busy
/// machine.
///
/// # Errors
/// Those of a run.
pub(super) fn turns_on_cpu(
    bytes: usize,
    mut run: impl FnMut() -> robocache::Result<()>,
) -> robocache::Result<Turns> {
    // Not zeros, which the system would not back by memory of their own.
    let from = vec![1u8; bytes / 2];
    let mut to = vec![2u8; bytes / 2];
    let mut turns = Turns::default();
    for turn in 0..WARM_UP + RUNS {
        let start = Instant::now();
        run()?;
        let ran = micros(start);
        let start = Instant::now();
        copy(&from, &mut to);
        turns.add(turn, ran, micros(start));
    }
    Ok(turns)
}

fn micros(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e6
}

/// Copies on all threads.
fn copy(from: &[u8], to: &mut [u8]) {
    const PIECE: usize = 1 << 20;
    let bytes = from.len() + to.len();
    parallel::for_each(
        (from, to),
        bytes,
        |(from, to)| {
            if to.len() <= PIECE {
                return Err((from, to));
            }
            let middle = to.len() / 2;
            let (from_low, from_high) = from.split_at(middle);
            let (to_low, to_high) = to.split_at_mut(middle);
            Ok(((from_low, to_low), (from_high, to_high)))
        },
        |(from, to): (&[u8], &mut [u8])| to.copy_from_slice(from),
    );
}

#[cfg(feature = "cuda")]
fn on_gpu(gpu: &crate::device::Gpu, batch: &Batch) -> Result<Runs> {
    use robocache::cuda::{DeviceBuffer, Workspace};

    let (context, stream) = (&gpu.context, &gpu.stream);
    let data = DeviceBuffer::upload(stream, &batch.data)?;
    let source = DeviceBuffer::upload(stream, &batch.source)?;
    let target = DeviceBuffer::upload(stream, &batch.target)?;
    let mut out = DeviceBuffer::new(context, batch.out_len() * size_of::<f32>())?;
    let plan = {
        let request = device_request(batch, &data, &source, &target, &mut out)?;
        Plan::new_cuda(&request, context)?
    };
    let mut scratch = DeviceBuffer::new(context, plan.workspace_bytes())?;
    let turns = turns_on_gpu(gpu, plan.problem().bytes(), || {
        let request = device_request(batch, &data, &source, &target, &mut out)?;
        plan.launch(request, Workspace::from(&mut scratch), stream, None)
    })?;
    let values = out.download::<f32>(stream, batch.out_len())?;
    Ok((plan, turns, values))
}

/// The same on a GPU, by its own clock: from the first to behind the last kernel of a run.
///
/// # Errors
/// Those of a run, and of the driver.
#[cfg(feature = "cuda")]
pub(super) fn turns_on_gpu(
    gpu: &crate::device::Gpu,
    bytes: usize,
    mut launch: impl FnMut() -> robocache::Result<()>,
) -> robocache::Result<Turns> {
    use robocache::cuda::{DeviceBuffer, Event};

    let (context, stream) = (&gpu.context, &gpu.stream);
    let half = bytes / 2;
    let mut from = DeviceBuffer::new(context, half)?;
    from.fill(stream, 1)?;
    let mut to = DeviceBuffer::new(context, half)?;
    let (start, end) = (Event::new(context)?, Event::new(context)?);
    let mut turns = Turns::default();
    for turn in 0..WARM_UP + RUNS {
        start.record(stream)?;
        launch()?;
        end.record(stream)?;
        end.synchronize()?;
        let ran = end.micros_since(&start)?;
        start.record(stream)?;
        to.copy_from(stream, &from, half)?;
        end.record(stream)?;
        end.synchronize()?;
        turns.add(turn, ran, end.micros_since(&start)?);
    }
    Ok(turns)
}

/// The batch as a request in the memory of a device.
#[cfg(feature = "cuda")]
fn device_request<'a>(
    batch: &Batch,
    data: &'a robocache::cuda::DeviceBuffer,
    source: &'a robocache::cuda::DeviceBuffer,
    target: &'a robocache::cuda::DeviceBuffer,
    out: &'a mut robocache::cuda::DeviceBuffer,
) -> robocache::Result<robocache::trajectory::Resample<'a>> {
    use robocache::{Layout, TimeAxis};
    let (windows, columns) = (batch.windows, batch.columns);
    let (samples, targets) = (batch.samples, batch.targets);
    Ok(robocache::trajectory::Resample::new(
        data.view::<f32, 3>(0, Layout::contiguous([windows, samples, columns])?)?,
        TimeAxis::PerRow(source.view::<f64, 2>(0, Layout::contiguous([windows, samples])?)?),
        TimeAxis::PerRow(target.view::<f64, 2>(0, Layout::contiguous([windows, targets])?)?),
        out.view_mut::<f32, 3>(0, Layout::contiguous([windows, targets, columns])?)?,
    )
    .options(options()))
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_copies_everything() {
        let from: Vec<u8> = (0..5_000_000u32).map(|i| (i % 251) as u8).collect();
        let mut to = vec![255; from.len()];
        copy(&from, &mut to);
        assert_eq!(from, to);
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert!(median(Vec::new()).is_nan());
    }
}
