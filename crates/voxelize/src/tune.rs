//! Measuring the variants on the caller's own memory.
//!
//! Every variant gives what the contract allows, so that a race in place is seen in the time it takes and in nothing
//! else: after it the outputs are what the call makes of them.

use crate::request::{Request, Voxelization};
use crate::variant::Exec;
use crate::{Problem, dispatcher, on_host};
#[cfg(feature = "cuda")]
use robocache_core::Error;
use robocache_core::Result;
use robocache_registry::DeviceCaps;
use robocache_registry::tune::{Effort, Entry, Mode, mode};
use std::sync::Arc;
use std::time::Instant;

/// Bytes that are written before each run, so that it begins cold.
const EVICTED: usize = 64 << 20;

/// Races the CPU's variants for a request in host memory, and keeps what was found in the user's cache folder: calls
/// with like problems then take the fastest. The outputs are overwritten.
///
/// # Errors
/// Those of [`voxelize_dense`](crate::voxelize_dense).
pub fn tune<'a>(request: &mut impl Voxelization<'a>, effort: Effort) -> Result<Arc<Entry>> {
    let mut request = request.again();
    let problem = on_host(&request)?;
    on_cpu(&problem, &mut request, effort)
}

fn on_cpu(problem: &Problem, request: &mut Request<'_>, effort: Effort) -> Result<Arc<Entry>> {
    let mut evicted = vec![0u8; EVICTED];
    let mut timer = |id: &'static str| {
        evicted.iter_mut().step_by(64).for_each(|byte| *byte += 1);
        std::hint::black_box(&mut evicted);
        let variant = dispatcher().by_id(id)?;
        let again = request.reborrow();
        let start = Instant::now();
        match variant.exec {
            Exec::Cpu(run) => run(problem, again)?,
            #[cfg(feature = "cuda")]
            Exec::Cuda(_) => return Err(Error::memory("points", "lie in host memory")),
        }
        Ok(start.elapsed().as_secs_f64() * 1e6)
    };
    dispatcher().tune(problem, DeviceCaps::cpu(), effort, &mut timer)
}

/// Races the variants for a request in device memory on a stream, and keeps what was found in the user's cache folder:
/// calls with like problems then take the fastest. Waits for the stream, allocates scratch memory, loads kernels; the
/// outputs are overwritten.
///
/// # Errors
/// Those of [`enqueue`](crate::enqueue); [`Error::NotPrepared`] if the stream is being captured.
#[cfg(feature = "cuda")]
pub fn tune_on<'a>(
    request: &mut impl Voxelization<'a>,
    stream: &robocache_cuda::Stream,
    effort: Effort,
) -> Result<Arc<Entry>> {
    let request = request.again();
    let problem = Problem::of(&request)?;
    let context = stream.context();
    crate::cuda::check_place(&problem, context)?;
    if stream.is_capturing()? {
        let caps = context.caps();
        let variant = dispatcher().untuned(&problem, caps)?.info.id;
        return Err(Error::NotPrepared { variant });
    }
    crate::cuda::race(&problem, &request, stream, effort)
}

/// What a call does first where the mode wants it: a race, once for each kind of problem.
#[inline]
pub(crate) fn before_cpu(problem: &Problem, request: &mut Request<'_>) -> Result<()> {
    if mode() < Mode::OnMiss || request.options().variant.is_some() {
        return Ok(());
    }
    if dispatcher().wants_tuning(problem, DeviceCaps::cpu()) {
        on_cpu(problem, request, call_effort())?;
    }
    Ok(())
}

/// As [`before_cpu`], on a stream that is not being captured.
#[cfg(feature = "cuda")]
#[inline]
pub(crate) fn before_cuda(
    problem: &Problem,
    request: &mut Request<'_>,
    stream: &robocache_cuda::Stream,
) -> Result<()> {
    if mode() < Mode::OnMiss || request.options().variant.is_some() {
        return Ok(());
    }
    let caps = stream.context().caps();
    if problem.place == stream.context().place()
        && dispatcher().wants_tuning(problem, caps)
        && !stream.is_capturing()?
    {
        crate::cuda::race(problem, request, stream, call_effort())?;
    }
    Ok(())
}

fn call_effort() -> Effort {
    match mode() {
        Mode::Exhaustive => Effort::THOROUGH,
        _ => Effort::QUICK,
    }
}
