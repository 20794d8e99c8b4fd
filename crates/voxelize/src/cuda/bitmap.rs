//! `voxelize.bitmap.sm80`: any problem, by a trie of bitmaps; see kernels/voxelize/bitmap.cu.

use super::params::ORDER_LEVEL;
use super::room::{PART, Room};
use super::{Pipeline, blocks_for};
use crate::variant::Exec;
use crate::{Form, Order, Problem, Variant};
use robocache_core::{Refusal, Result};
use robocache_kernels::generated::VOXELIZE_BITMAP_SM80;
use robocache_registry::{CudaCaps, DeviceCaps};

/// Of every block: `THREADS` in kernels/voxelize/trie.cuh.
pub(super) const THREADS: usize = 256;
/// The kernels count a warp's features in 32 bits.
pub(super) const MOST_COLUMNS: usize = 1 << 20;

inventory::submit! {
    Variant {
        info: &VOXELIZE_BITMAP_SM80,
        supports,
        rank: |_, _| 10,
        exec: Exec::Cuda(pipeline),
    }
}

fn supports(problem: &Problem, _: &DeviceCaps) -> Result<(), Refusal> {
    let limit = match problem.form {
        // A node is a number in 31 bits, and every node exists.
        Form::Dense => 1 << 38,
        Form::Sparse => 1 << 62,
    };
    if problem.cells() > limit {
        return Err(Refusal::with(format!(
            "takes batches of up to {limit} cells"
        )));
    }
    if problem.features > MOST_COLUMNS {
        return Err(Refusal::because("takes up to 2^20 features"));
    }
    Ok(())
}

fn pipeline(problem: &Problem, caps: &CudaCaps) -> Pipeline {
    let room = Room::new(problem);
    let mut pipeline = Pipeline::new(room);
    // Blocks that are resident at a time, of as few registers as the stages have.
    let resident = 8 * caps.multiprocessors as usize;
    let points = blocks_for(problem.points, THREADS);
    for (now, level) in room.level[..room.levels].iter().flatten().enumerate() {
        let now = now as u32;
        let cleared = match now {
            0 => room.zero_bytes / 16,
            _ => 2 * level.nodes as usize,
        };
        pipeline.push("clear", now, blocks_for(cleared, THREADS).min(resident));
        pipeline.push("mark", now, points.min(resident));
        pipeline.push("scan", now, parts(level.nodes));
    }
    pipeline.push("collect", 0, points.min(2 * resident));
    if let Some(order) = room.level[ORDER_LEVEL as usize].filter(|_| by_first(problem)) {
        pipeline.push("rank", ORDER_LEVEL, points.min(resident));
        pipeline.push("scan", ORDER_LEVEL, parts(order.nodes));
    }
    match problem.form {
        Form::Dense => {
            let nodes = problem.batch * (room.keys / super::room::NODE) as usize;
            pipeline.push("cells", 0, nodes.clamp(1, 2 * resident));
        }
        Form::Sparse => {
            let places = blocks_for(problem.capacity.max(room.slots), THREADS);
            pipeline.push("voxels", 0, places.min(2 * resident));
        }
    }
    pipeline
}

fn by_first(problem: &Problem) -> bool {
    problem.order == Order::FirstPoint
}

fn parts(nodes: u64) -> usize {
    (nodes.div_ceil(PART) as usize).min(1 << 16)
}
