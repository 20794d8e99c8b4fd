//! `trajectory.row.sm80`: a whole batch row in shared memory; see kernels/trajectory/row.cu.

use super::{Geometry, bracket_bytes, fits_grid, needs_flat_samples, needs_flat_values};
use crate::variant::{Exec, needs_plain_rows};
use crate::{AxisForm, Problem, Variant};
use robocache_core::{Refusal, Result};
use robocache_kernels::generated::TRAJECTORY_ROW_SM80;
use robocache_registry::{CudaCaps, DeviceCaps};

const MAX_TILE: usize = 512;

inventory::submit! {
    Variant {
        info: &TRAJECTORY_ROW_SM80,
        supports,
        rank,
        exec: Exec::Cuda(geometry),
    }
}

fn supports(problem: &Problem, caps: &DeviceCaps) -> Result<(), Refusal> {
    needs_plain_rows(problem)?;
    needs_flat_samples(problem)?;
    needs_flat_values(problem)?;
    let DeviceCaps::Cuda(cuda) = caps else {
        return Err(Refusal::because("runs on CUDA devices"));
    };
    // The kernel counts a tile's values in 32 bits. Rows that fit the shared memory have no more, but for
    // rows without samples, which fit whatever their columns.
    let tile = MAX_TILE.min(problem.targets);
    let values = problem.columns.checked_mul(tile.max(1));
    if values.is_none_or(|values| values > i32::MAX as usize) {
        return Err(Refusal::because("takes up to 2^31 values per block"));
    }
    let needed = shared_bytes(problem, tile);
    let offered = cuda.shared_per_block_optin as usize;
    if needed.is_none_or(|needed| needed > offered) {
        return Err(Refusal::with(format!(
            "a row of {} samples of {} columns does not fit the {offered} bytes of shared memory",
            problem.samples, problem.columns
        )));
    }
    fits_grid(problem, MAX_TILE)
}

/// Ahead of the others where there are blocks enough to fill the device, and a row is either small enough
/// for several to share a multiprocessor or used so often that having it near pays all the same; ahead of
/// the wide variant where columns are few or the row is used several times over. As found by racing
/// random problems on an H200.
fn rank(problem: &Problem, caps: &DeviceCaps) -> u32 {
    let DeviceCaps::Cuda(cuda) = caps else {
        return 0;
    };
    let columns = problem.columns * problem.in_dtype.size();
    let needed = shared_bytes(problem, MAX_TILE.min(problem.targets)).unwrap_or(usize::MAX);
    let resident = cuda.shared_per_multiprocessor as usize / needed.saturating_add(1024);
    let blocks = problem.batch * problem.targets.div_ceil(MAX_TILE);
    let filled = 4 * blocks >= 3 * cuda.multiprocessors as usize;
    let reused = problem.targets / problem.samples.max(1);
    match (filled, resident, columns) {
        (false, _, _) => 0,
        (_, 0 | 1, _) if reused < 2 => 0,
        (_, 2.., 0..128) => 30,
        _ if reused >= 2 => 30,
        _ => 10,
    }
}

/// A thread for about a hundred bytes of samples: small rows want many small blocks, as each spends
/// most of its time waiting. Found by trying thread counts on an H200.
fn geometry(problem: &Problem, _: &CudaCaps) -> Geometry {
    let tile = problem.targets.clamp(1, MAX_TILE);
    let shared = shared_bytes(problem, tile).unwrap_or(0);
    let row_bytes = problem.samples * problem.columns * problem.in_dtype.size();
    let threads = (row_bytes / 68).max(1).next_power_of_two() / 2;
    Geometry::tiled(problem, tile, threads.clamp(32, 256) as u32, shared)
}

/// Brackets, times and data, each of the latter two with room for a shift of up to 16 bytes; `None` if
/// that overflows.
fn shared_bytes(problem: &Problem, tile: usize) -> Option<usize> {
    let rounded = |bytes: usize| bytes.checked_next_multiple_of(16);
    let brackets = rounded(tile * bracket_bytes(problem))?;
    let times = match problem.source_form {
        AxisForm::Uniform => 0,
        _ => {
            rounded(
                problem
                    .samples
                    .checked_mul(problem.time_type.dtype().size())?,
            )? + 16
        }
    };
    let data = problem
        .samples
        .checked_mul(problem.columns)?
        .checked_mul(problem.in_dtype.size())?;
    brackets
        .checked_add(times)?
        .checked_add(rounded(data)?)?
        .checked_add(16)
}
