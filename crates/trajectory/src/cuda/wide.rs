//! `trajectory.wide.sm80`: rows of whole 16-byte chunks; see kernels/trajectory/wide.cu.

use super::{Geometry, fits_grid, needs_whole_chunks};
use crate::variant::{Exec, needs_plain_rows};
use crate::{Problem, Variant};
use robocache_core::{Refusal, Result};
use robocache_kernels::generated::TRAJECTORY_WIDE_SM80;
use robocache_registry::{CudaCaps, DeviceCaps};

/// A lane decides about one target.
const MAX_TILE: usize = 32;
const CHUNK_BYTES: usize = 16;

inventory::submit! {
    Variant {
        info: &TRAJECTORY_WIDE_SM80,
        supports,
        rank: |_, _| 20,
        exec: Exec::Cuda(geometry),
    }
}

fn supports(problem: &Problem, _: &DeviceCaps) -> Result<(), Refusal> {
    needs_plain_rows(problem)?;
    if problem.columns > (i32::MAX as usize) / MAX_TILE {
        return Err(Refusal::because("takes up to 2^26 columns"));
    }
    needs_whole_chunks(problem)?;
    fits_grid(problem, MAX_TILE)
}

/// As many threads as a row has chunks, within 64 and 128; about eight chunks per thread, half of that
/// where all blocks are resident in two rounds, and less where the device would be half empty.
/// Found by trying tiles and thread counts on an H200; `benches/results` has what came of the choice,
/// not the alternatives.
fn geometry(problem: &Problem, caps: &CudaCaps) -> Geometry {
    let chunks = problem.columns * problem.in_dtype.size() / CHUNK_BYTES;
    let threads = chunks.next_power_of_two().clamp(64, 128);
    let mut tile = (8 * threads / chunks).clamp(4, MAX_TILE);
    let resident = (caps.multiprocessors * caps.threads_per_multiprocessor) as usize;
    let running = |tile: usize| problem.batch * problem.targets.div_ceil(tile) * threads;
    if tile > 4 && running(tile) < 2 * resident {
        tile = tile.div_ceil(2);
    }
    while tile > 1 && running(tile) < resident * 9 / 20 {
        tile = tile.div_ceil(2);
    }
    while fits_grid(problem, tile).is_err() && tile < MAX_TILE {
        tile = (2 * tile).min(MAX_TILE);
    }
    Geometry::tiled(problem, tile, threads as u32, 0)
}
