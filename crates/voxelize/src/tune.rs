//! Measuring the variants on the caller's own memory.
//!
//! Every variant gives what the contract allows, so that a race in place is seen in the time it takes and in nothing
//! else: after it the outputs are what the call makes of them.

use crate::request::Request;
use crate::{Dense, Problem, Sparse, dispatcher, on_host};
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
pub fn tune_dense(request: &mut Dense<'_>, effort: Effort) -> Result<Arc<Entry>> {
    let mut request = Request::Dense(request.reborrow());
    let problem = on_host(&request)?;
    race(&problem, &mut request, effort)
}

/// As [`tune_dense`], for a sparse result.
///
/// # Errors
/// Those of [`voxelize_sparse`](crate::voxelize_sparse).
pub fn tune_sparse(request: &mut Sparse<'_>, effort: Effort) -> Result<Arc<Entry>> {
    let mut request = Request::Sparse(request.reborrow());
    let problem = on_host(&request)?;
    race(&problem, &mut request, effort)
}

fn race(problem: &Problem, request: &mut Request<'_>, effort: Effort) -> Result<Arc<Entry>> {
    let mut evicted = vec![0u8; EVICTED];
    let mut timer = |id: &'static str| {
        evicted.iter_mut().step_by(64).for_each(|byte| *byte += 1);
        std::hint::black_box(&mut evicted);
        let variant = dispatcher().by_id(id)?;
        let again = request.reborrow();
        let start = Instant::now();
        (variant.run)(problem, again)?;
        Ok(start.elapsed().as_secs_f64() * 1e6)
    };
    dispatcher().tune(problem, DeviceCaps::cpu(), effort, &mut timer)
}

/// What a call does first where the mode wants it: a race, once for each kind of problem.
#[inline]
pub(crate) fn before_cpu(problem: &Problem, request: &mut Request<'_>) -> Result<()> {
    if mode() < Mode::OnMiss || request.options().variant.is_some() {
        return Ok(());
    }
    if dispatcher().wants_tuning(problem, DeviceCaps::cpu()) {
        let effort = match mode() {
            Mode::Exhaustive => Effort::THOROUGH,
            _ => Effort::QUICK,
        };
        race(problem, request, effort)?;
    }
    Ok(())
}
