//! `trajectory.wide.sm80`: rows of whole 16-byte chunks; see kernels/trajectory/wide.cu.

use super::params::STAGE_TIMES;
use super::{Geometry, fits_grid};
use crate::variant::{Exec, needs_plain_rows};
use crate::{AxisForm, Problem, Variant};
use robocache_core::{Refusal, Result};
use robocache_kernels::generated::TRAJECTORY_WIDE_SM80;
use robocache_registry::{CudaCaps, DeviceCaps};

const THREADS: usize = 256;
const MAX_TILE: usize = 64;
/// Of a row's times, so much is brought into shared memory; more is searched in place.
const STAGED_BYTES: usize = 16 * 1024;
/// Bytes of output per block from which on more would not help.
const TILE_BYTES: usize = 32 * 1024;

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
    let size = problem.in_dtype.size();
    let whole = |strides: [isize; 3]| {
        strides[..2]
            .iter()
            .all(|stride| (stride.unsigned_abs() * size).is_multiple_of(16))
    };
    if !(problem.columns * size).is_multiple_of(16) || problem.columns == 0 {
        return Err(Refusal::because("needs rows of whole 16-byte chunks"));
    }
    if problem.data_align < 16 || problem.out_align < 16 {
        return Err(Refusal::because("needs addresses aligned to 16 bytes"));
    }
    if !whole(problem.data_strides) || !whole(problem.out_strides) {
        return Err(Refusal::because(
            "needs strides that are multiples of 16 bytes",
        ));
    }
    if problem.columns * MAX_TILE > u32::MAX as usize {
        return Err(Refusal::because("takes up to 2^26 columns"));
    }
    fits_grid(problem, MAX_TILE)
}

/// Tiles of about 32 KiB of output, smaller where the device would not be filled.
fn geometry(problem: &Problem, caps: &CudaCaps) -> Geometry {
    let row_bytes = problem.columns * problem.in_dtype.size();
    let mut tile = TILE_BYTES.div_ceil(row_bytes).clamp(4, MAX_TILE);
    let wanted = 8 * caps.multiprocessors as usize;
    while tile > 4 && problem.batch * problem.targets.div_ceil(tile) < wanted {
        tile = tile.div_ceil(2);
    }
    while fits_grid(problem, tile).is_err() && tile < MAX_TILE {
        tile = (2 * tile).min(MAX_TILE);
    }
    let times = problem.samples * problem.time_type.dtype().size();
    let stage = problem.source_form != AxisForm::Uniform && times <= STAGED_BYTES;
    let mut geometry =
        Geometry::tiled(problem, tile, THREADS as u32, if stage { times } else { 0 });
    geometry.flags = if stage { STAGE_TIMES } else { 0 };
    geometry
}
