//! `trajectory.generic.sm80`: takes everything; see kernels/trajectory/generic.cu.

use super::{Geometry, fits_grid};
use crate::variant::Exec;
use crate::{Problem, Variant};
use robocache_kernels::generated::TRAJECTORY_GENERIC_SM80;
use robocache_registry::CudaCaps;

const THREADS: usize = 256;
const MAX_TILE: usize = 256;

inventory::submit! {
    Variant {
        info: &TRAJECTORY_GENERIC_SM80,
        supports: |problem, _| fits_grid(problem, MAX_TILE),
        rank: |_, _| 1,
        exec: Exec::Cuda(geometry),
    }
}

/// About eight elements per thread, in tiles that shrink until they fill the device, and grow again
/// where the grid would overflow.
fn geometry(problem: &Problem, caps: &CudaCaps) -> Geometry {
    let mut tile = (8 * THREADS)
        .div_ceil(problem.columns.max(1))
        .clamp(1, MAX_TILE);
    let wanted = 4 * caps.multiprocessors as usize;
    while tile > 1 && problem.batch * problem.targets.div_ceil(tile) < wanted {
        tile = tile.div_ceil(2);
    }
    while fits_grid(problem, tile).is_err() && tile < MAX_TILE {
        tile = (2 * tile).min(MAX_TILE);
    }
    Geometry::tiled(problem, tile, THREADS as u32, 0)
}
