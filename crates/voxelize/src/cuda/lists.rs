//! `voxelize.lists.sm80`: every reduction of dense cells, by tile; see kernels/voxelize/lists.cu.

use super::room::{Room, TileRoom};
use super::{Pipeline, Step, blocks_for};
use crate::variant::Exec;
use crate::{Form, Output, Problem, Variant};
use robocache_core::{Refusal, Result};
use robocache_cuda::LaunchConfig;
use robocache_kernels::generated::VOXELIZE_LISTS_SM80;
use robocache_registry::{CudaCaps, DeviceCaps};

/// As kernels/voxelize/lists.cu and list.cuh have them.
const SPLITTERS: usize = 512;
const MOST_EACH: usize = 8;
const THREADS: usize = 256;
const LIST: usize = 4096;
/// Cells of a tile, as powers of two, from where there are many points in a cell to where there are few, and for clouds
/// of more than the most tiles.
const SHIFTS: [u32; 3] = [8, 12, 13];
/// Tiles of a cloud: each has a counter in shared memory.
const MOST_TILES: usize = 8192;
/// About as many blocks as a large device has room for at a time, of one kernel that has it alone.
const MANY_BLOCKS: usize = 512;
/// Fewer chunks than multiprocessors leave some of those without work.
const FEW_CHUNKS: usize = 132;
const MOST_CLOUDS: usize = 1 << 16;
const MOST_FEATURES: usize = 1 << 16;
const MOST_BYTES: usize = 2 << 30;

inventory::submit! {
    Variant {
        info: &VOXELIZE_LISTS_SM80,
        supports,
        rank: |_, _| 15,
        exec: Exec::Cuda(pipeline),
    }
}

fn supports(problem: &Problem, _: &DeviceCaps) -> Result<(), Refusal> {
    if problem.form != Form::Dense {
        return Err(Refusal::because("takes dense forms"));
    }
    if problem.batch > MOST_CLOUDS || problem.features > MOST_FEATURES {
        return Err(Refusal::because("takes up to 2^16 clouds and features"));
    }
    let tiles = tiles(problem);
    if tiles.tiles > MOST_TILES {
        return Err(Refusal::with(format!(
            "takes grids of up to {} cells",
            MOST_TILES << SHIFTS[2]
        )));
    }
    let bytes = room(problem, tiles).bytes;
    if bytes > MOST_BYTES {
        return Err(Refusal::with(format!(
            "would need {bytes} bytes of workspace"
        )));
    }
    Ok(())
}

fn tiles(problem: &Problem) -> TileRoom {
    let cells = problem.shape.iter().product::<usize>();
    let count = |shift: u32| cells.div_ceil(1 << shift);
    let all = |shift: u32| count(shift) * problem.batch;
    let [least, usual, most] = SHIFTS;
    // Tiles have half a list of points on average, or fewer, and are as many as run at a time, or more.
    let crowded = |shift| problem.points > all(shift).saturating_mul(LIST / 2);
    let mut shift = usual;
    while shift > least
        && (crowded(shift) || all(shift) < MANY_BLOCKS)
        && count(shift - 1) <= MOST_TILES
    {
        shift -= 1;
    }
    if count(shift) > MOST_TILES {
        shift = most;
    }
    let each = problem.points.div_ceil(FEW_CHUNKS * SPLITTERS);
    let points = SPLITTERS * each.clamp(1, MOST_EACH);
    let chunks = match problem.offsets_dtype {
        None => problem.points.div_ceil(points),
        // Of each cloud the last one is not full.
        Some(_) => problem.points / points + problem.batch,
    };
    TileRoom {
        shift,
        tiles: count(shift),
        chunks,
        points,
        room: points,
        row: chunks,
        group: 1,
        heavy: LIST,
        part: LIST,
        ..TileRoom::default()
    }
}

fn room(problem: &Problem, tiles: TileRoom) -> Room {
    let heavy = (problem.points / LIST).min(tiles.tiles * problem.batch);
    Room::of_lists(problem, tiles, 4, heavy)
}

fn pipeline(problem: &Problem, caps: &CudaCaps) -> Pipeline {
    let tiles = tiles(problem);
    let mut pipeline = Pipeline::new(room(problem, tiles));
    let cleared = blocks_for(pipeline.room.zero_bytes / 16, SPLITTERS);
    let mut push = |stage, blocks: usize, threads: usize, shared: usize| {
        pipeline.push_step(Step {
            stage,
            level: 0,
            launch: LaunchConfig {
                blocks: blocks.max(1) as u32,
                threads: threads as u32,
                shared_bytes: shared as u32,
                overlaps: false,
            },
        });
    };
    push(
        "clear",
        cleared.min(caps.multiprocessors as usize),
        SPLITTERS,
        0,
    );
    push(
        "split",
        tiles.chunks,
        SPLITTERS,
        4 * (tiles.points + tiles.tiles),
    );
    // Each first part is a block, and each further one, of which there are no more than this.
    let parts = tiles.tiles * problem.batch + problem.points / LIST;
    let firsts = usize::from(problem.wants(Output::First));
    let cells = 1 << tiles.shift;
    push(
        "rows",
        parts,
        THREADS,
        4 * (1 + firsts) * cells + 4 * LIST + 2 * cells,
    );
    pipeline
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_count_alike() {
        let source = VOXELIZE_LISTS_SM80.source.expect("it is a kernel").text;
        let mut headers = robocache_kernels::HEADERS.iter();
        let list = headers.find(|(name, _)| *name == "voxelize/list.cuh");
        let text = format!("{source}{}", list.expect("it is there").1);
        for (name, value) in [
            ("SPLITTERS", SPLITTERS),
            ("THREADS", THREADS),
            ("MOST_EACH", MOST_EACH),
            ("LIST", LIST),
        ] {
            assert!(
                text.contains(&format!("constexpr u32 {name} = {value};")),
                "{name}"
            );
        }
    }
}
