//! Measuring the variants on the caller's own memory.
//!
//! Every variant gives the same bits, so that a race in place is seen in the time it takes and in nothing
//! else: after it the output is what the call makes of it.

use crate::variant::Exec;
use crate::{Problem, Resample, dispatcher};
use robocache_core::{Error, Place, Result};
use robocache_registry::DeviceCaps;
use robocache_registry::tune::{Effort, Entry, Mode, mode};
use std::sync::Arc;
use std::time::Instant;

/// Bytes that are written before each run on the CPU, so that it begins cold.
const EVICTED: usize = 64 << 20;

/// Races the CPU's variants for a request in host memory, and keeps what was found in the user's cache
/// folder: calls with like problems then take the fastest. The output is overwritten.
///
/// # Errors
/// Those of [`resample`](crate::resample).
pub fn tune(request: &mut Resample<'_>, effort: Effort) -> Result<Arc<Entry>> {
    let problem = Problem::of(request)?;
    if problem.place != Place::Host {
        return Err(Error::memory(
            "out",
            format!("lies in {}, not in host memory", problem.place),
        ));
    }
    on_cpu(&problem, request, effort)
}

fn on_cpu(problem: &Problem, request: &mut Resample<'_>, effort: Effort) -> Result<Arc<Entry>> {
    let mut evicted = vec![0u8; EVICTED];
    let mut timer = |id: &'static str| {
        evicted.iter_mut().step_by(64).for_each(|byte| *byte += 1);
        std::hint::black_box(&mut evicted);
        let variant = dispatcher().by_id(id)?;
        let again = request.reborrow();
        let start = Instant::now();
        match variant.exec {
            _ if problem.is_empty() => {}
            Exec::Cpu(run) => run(problem, again)?,
            #[cfg(feature = "cuda")]
            Exec::Cuda(_) => return Err(Error::memory("out", "lies in host memory")),
        }
        // An empty problem takes no time at all, which nothing can be compared with.
        Ok((start.elapsed().as_secs_f64() * 1e6).max(1e-3))
    };
    dispatcher().tune(problem, DeviceCaps::cpu(), effort, &mut timer)
}

/// Races the variants for a request in device memory on a stream, and keeps what was found in the user's
/// cache folder: calls with like problems then take the fastest. Waits for the stream, allocates scratch
/// memory, loads kernels; the output is overwritten.
///
/// # Errors
/// Those of [`enqueue`](crate::enqueue); [`Error::NotPrepared`] if the stream is being captured.
#[cfg(feature = "cuda")]
pub fn tune_on(
    request: &mut Resample<'_>,
    stream: &robocache_cuda::Stream,
    effort: Effort,
) -> Result<Arc<Entry>> {
    let problem = Problem::of(request)?;
    crate::cuda::is_here(&problem, stream.context())?;
    let caps = stream.context().caps();
    if stream.is_capturing()? {
        let variant = dispatcher().untuned(&problem, caps)?.info.id;
        return Err(Error::NotPrepared { variant });
    }
    crate::cuda::race(&problem, request, stream, effort)
}

/// What a call does first where the mode wants it: a race, once for each kind of problem.
#[inline]
pub(crate) fn before_cpu(request: &mut Resample<'_>) -> Result<()> {
    if mode() < Mode::OnMiss || request.options.variant.is_some() {
        return Ok(());
    }
    let problem = Problem::of(request)?;
    if problem.place == Place::Host && dispatcher().wants_tuning(&problem, DeviceCaps::cpu()) {
        on_cpu(&problem, request, call_effort())?;
    }
    Ok(())
}

/// As [`before_cpu`], on a stream that is not being captured.
#[cfg(feature = "cuda")]
#[inline]
pub(crate) fn before_cuda(
    problem: &Problem,
    request: &mut Resample<'_>,
    stream: &robocache_cuda::Stream,
) -> Result<()> {
    if mode() < Mode::OnMiss || request.options.variant.is_some() || problem.is_empty() {
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
    if mode() == Mode::Exhaustive {
        Effort::THOROUGH
    } else {
        Effort::QUICK
    }
}
