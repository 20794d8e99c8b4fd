//! `trajectory.bulk.sm90`: rows of whole 16-byte chunks by the copy engine; see kernels/trajectory/bulk.cu.

use super::{Geometry, fits_grid, needs_whole_chunks};
use crate::variant::{Exec, needs_plain_rows};
use crate::{Problem, Variant};
use robocache_core::{Refusal, Result};
use robocache_kernels::generated::TRAJECTORY_BULK_SM90;
use robocache_registry::{CudaCaps, DeviceCaps};

/// A lane decides about one target.
const MAX_TILE: usize = 32;
const THREADS: u32 = 128;
/// Shared memory for what is not samples.
const STATIC_BYTES: usize = 2048;

inventory::submit! {
    Variant {
        info: &TRAJECTORY_BULK_SM90,
        supports,
        rank,
        exec: Exec::Cuda(geometry),
    }
}

fn supports(problem: &Problem, caps: &DeviceCaps) -> Result<(), Refusal> {
    needs_plain_rows(problem)?;
    needs_whole_chunks(problem)?;
    let DeviceCaps::Cuda(cuda) = caps else {
        return Err(Refusal::because("runs on CUDA devices"));
    };
    let offered = (cuda.shared_per_block_optin as usize).saturating_sub(STATIC_BYTES);
    if row_bytes(problem) > offered / 2 {
        return Err(Refusal::with(format!(
            "two rows of {} columns do not fit the {offered} bytes of shared memory",
            problem.columns
        )));
    }
    fits_grid(problem, 1)
}

/// Ahead of the others but where rows are short, each of which is a copy of its own where targets lie far apart.
fn rank(problem: &Problem, _: &DeviceCaps) -> u32 {
    match row_bytes(problem) {
        256.. => 45,
        _ => 15,
    }
}

fn row_bytes(problem: &Problem) -> usize {
    problem.columns.saturating_mul(problem.in_dtype.size())
}

/// Targets for which two samples each fill 16 KB, twice that where neighbours share samples, and less where the
/// device would be half empty. Found by trying tiles and thread counts on an H100.
fn geometry(problem: &Problem, caps: &CudaCaps) -> Geometry {
    let row = row_bytes(problem).max(1);
    let shared = 4 * problem.targets >= 3 * problem.samples;
    let wanted = if shared { 32 << 10 } else { 16 << 10 };
    let mut tile = (wanted / (2 * row)).clamp(1, MAX_TILE);
    let fill = 2 * caps.multiprocessors as usize;
    while tile > 2 && problem.batch.saturating_mul(problem.targets.div_ceil(tile)) < fill {
        tile = tile.div_ceil(2);
    }
    // As many samples as lie between a tile's targets where they are even, and some more.
    let between = tile as f64 * problem.samples as f64 / problem.targets.max(1) as f64;
    let offered = (caps.shared_per_block_optin as usize - STATIC_BYTES) / row;
    let capacity = (2 * tile)
        .min((1.25 * between) as usize + 4)
        .min(offered)
        .max(2);
    let mut geometry = Geometry::tiled(problem, tile, THREADS, capacity * row);
    geometry.capacity = capacity as u32;
    geometry
}
