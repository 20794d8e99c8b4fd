//! `voxelize.tiles.sm90`: counts of large clouds by tile of cells; see kernels/voxelize/tiles.cu.

use super::direct::needs_plain_cells;
use super::room::{Room, TileRoom};
use super::{Pipeline, Step, blocks_for};
use crate::variant::Exec;
use crate::{Form, Output, Problem, Variant};
use robocache_core::{Refusal, Result};
use robocache_cuda::LaunchConfig;
use robocache_kernels::generated::VOXELIZE_TILES_SM90;
use robocache_registry::{CudaCaps, DeviceCaps};

/// `THREADS`, `MOST_EACH`, `UNIT` and `COUNTERS` in kernels/voxelize/tiles.cu.
const THREADS: usize = 512;
const MOST_EACH: usize = 14;
const UNIT: usize = 8;
const COUNTERS: usize = 1024;
/// Bytes of a chunk's rows in shared memory: two blocks share a multiprocessor.
const STAGE_BYTES: usize = THREADS * MOST_EACH * 12;
/// Cells of a tile, as powers of two: what fits the shared memory of half a multiprocessor, or nearly all of it.
const SHIFTS: std::ops::RangeInclusive<u32> = 14..=15;
/// Tiles below which the smaller ones are taken.
const FEW_TILES: usize = 256;
const MOST_COLUMNS: usize = 8;
/// About as many blocks of `count` as a large device has room for.
const MANY_BLOCKS: usize = 264;
/// Shared memory of a block of `split` for what is not rows and records, and of `count` for what is not counts, at most.
const STATIC_BYTES: usize = 1024;
const STATIC_OF_COUNT: usize = 4608;

inventory::submit! {
    Variant {
        info: &VOXELIZE_TILES_SM90,
        supports,
        rank,
        exec: Exec::Cuda(pipeline),
    }
}

fn supports(problem: &Problem, caps: &DeviceCaps) -> Result<(), Refusal> {
    if problem.form != Form::Dense {
        return Err(Refusal::because("takes dense forms"));
    }
    needs_plain_cells(problem, &[Output::Count, Output::Occupancy])?;
    if problem.batch != 1 || problem.offsets_dtype.is_some() {
        return Err(Refusal::because("takes one cloud"));
    }
    let [row, column] = problem.point_strides;
    if column != 1 || !(3..=MOST_COLUMNS as isize).contains(&row) {
        return Err(Refusal::because(
            "needs points of 3 to 8 columns that follow each other in memory",
        ));
    }
    if problem.point_align < 16 {
        return Err(Refusal::because("needs points aligned to 16 bytes"));
    }
    let DeviceCaps::Cuda(cuda) = caps else {
        return Err(Refusal::because("runs on CUDA devices"));
    };
    let needed = shared_bytes(&tiles(problem), row as usize) + STATIC_BYTES;
    let offered = cuda.shared_per_block_optin as usize;
    if needed.max((4 << SHIFTS.end()) + STATIC_OF_COUNT) > offered {
        return Err(Refusal::with(format!(
            "tables of the tiles of {} cells do not fit the {offered} bytes of shared memory",
            problem.cells()
        )));
    }
    Ok(())
}

/// Ahead from where sorting points pays: on an H200 atomics take 14 µs for half a million points and 184 for 16 million
/// into 128³ cells, tiles 22 and 130.
fn rank(problem: &Problem, _: &DeviceCaps) -> u32 {
    match problem.points {
        3_000_000.. => 30,
        _ => 5,
    }
}

fn tiles(problem: &Problem) -> TileRoom {
    let cells = problem.shape.iter().product::<usize>();
    let count = |shift: u32| cells.div_ceil(1 << shift);
    let shift = match count(*SHIFTS.start()) <= FEW_TILES {
        true => *SHIFTS.start(),
        false => *SHIFTS.end(),
    };
    let columns = problem.point_strides[0].unsigned_abs();
    let each = (STAGE_BYTES / (4 * columns * THREADS)).clamp(1, MOST_EACH);
    let tiles = count(shift);
    let chunks = problem.points.div_ceil(each * THREADS);
    // Where there are many chunks, several together write whole sectors of the table.
    let group = if chunks > 1024 { 4 } else { 1 };
    // A heavy tile has more points than half as much again as all have on average, and than its cells twice over. As
    // many in one place take their time: it is shared out among as many blocks as there would be without tiles.
    let heavy = (3 * problem.points / (2 * tiles)).max(2 << shift);
    let part = (problem.points / MANY_BLOCKS).clamp(2 << shift, heavy);
    TileRoom {
        shift,
        tiles,
        chunks,
        each,
        // Of each tile the last unit is filled up.
        room: (each * THREADS + (UNIT - 1) * tiles.min(each * THREADS)).next_multiple_of(UNIT),
        row: chunks.next_multiple_of(group),
        group,
        heavy,
        part,
        ..TileRoom::default()
    }
}

/// Dynamic shared memory of `split`: rows, records, counters and the beginnings of runs.
fn shared_bytes(tiles: &TileRoom, columns: usize) -> usize {
    tiles.each * THREADS * columns * 4
        + 2 * tiles.room
        + tiles.tiles.next_multiple_of(2) * 4
        + (tiles.tiles + 1) * tiles.group * 2
}

fn pipeline(problem: &Problem, caps: &CudaCaps) -> Pipeline {
    let tiles = tiles(problem);
    let shared = shared_bytes(&tiles, problem.point_strides[0].unsigned_abs());
    let of_multiprocessor = caps.shared_per_multiprocessor as usize / (shared + STATIC_BYTES);
    let resident = of_multiprocessor.clamp(1, 2) * caps.multiprocessors as usize;
    // Each first part is a block, and each further one, of which there are no more than this.
    let parts = tiles.tiles + problem.points / tiles.part;
    let mut pipeline = Pipeline::new(Room::of_tiles(problem, tiles));
    let cleared = blocks_for(pipeline.room.zero_bytes / 16, THREADS);
    let mut push = |stage, blocks: usize, threads: usize, shared: usize| {
        pipeline.push_step(Step {
            stage,
            level: 0,
            launch: LaunchConfig {
                blocks: blocks as u32,
                threads: threads as u32,
                shared_bytes: shared as u32,
                overlaps: false,
            },
        });
    };
    push(
        "clear",
        cleared.min(caps.multiprocessors as usize),
        THREADS,
        0,
    );
    push(
        "split",
        (tiles.row / tiles.group).clamp(1, resident),
        THREADS,
        shared,
    );
    push("count", parts, COUNTERS, 4 << tiles.shift);
    pipeline
}

#[cfg(test)]
mod tests {
    use super::*;
    use robocache_testkit::mirror::header;

    #[test]
    fn the_kernels_count_alike() {
        let source = VOXELIZE_TILES_SM90.source.expect("it is a kernel").text;
        let records = header("voxelize/records.cuh");
        for (text, name, value) in [
            (source, "THREADS", THREADS),
            (source, "MOST_EACH", MOST_EACH),
            (records, "UNIT", UNIT),
            (records, "COUNTERS", COUNTERS),
        ] {
            let line = format!("constexpr u32 {name} = {value};");
            assert!(text.contains(&line), "{line}");
        }
    }
}
