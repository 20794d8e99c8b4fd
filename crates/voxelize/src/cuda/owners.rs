//! `voxelize.owners.sm80`: every reduction of dense cells; see kernels/voxelize/owners.cu.

use super::room::Room;
use super::{Pipeline, blocks_for};
use crate::variant::Exec;
use crate::{Form, Output, Problem, Variant};
use robocache_core::{Refusal, Result};
use robocache_kernels::generated::VOXELIZE_OWNERS_SM80;
use robocache_registry::{CudaCaps, DeviceCaps};

const THREADS: usize = 256;
/// Keys that fit beside `OWNER` in kernels/voxelize/owners.cu.
const MOST_KEYS: u64 = 1 << 31;
/// Bytes that one block fills, where there are few.
const FILLED: usize = 1 << 15;

inventory::submit! {
    Variant {
        info: &VOXELIZE_OWNERS_SM80,
        supports,
        rank,
        exec: Exec::Cuda(pipeline),
    }
}

fn supports(problem: &Problem, _: &DeviceCaps) -> Result<(), Refusal> {
    if problem.form != Form::Dense {
        return Err(Refusal::because("takes dense forms"));
    }
    // Clouds have whole words of bits.
    let keys = problem.cells().saturating_add(32 * problem.batch as u64);
    if keys >= MOST_KEYS {
        return Err(Refusal::because("takes batches of fewer than 2^31 cells"));
    }
    Ok(())
}

/// Ahead where most points are alone in their cells: on an H200 of 128³ cells, uniform means of four features take 296
/// µs with two million points and 646 with four, by the bitmap 294 and 500.
fn rank(problem: &Problem, _: &DeviceCaps) -> u32 {
    match problem.points as u64 <= problem.cells() {
        true => 15,
        false => 8,
    }
}

/// Bytes of all outputs.
fn output_bytes(problem: &Problem) -> usize {
    let cells = problem.cells() as usize;
    let all = Output::ALL.into_iter().filter_map(|output| {
        let form = problem.outputs[output as usize]?;
        let columns = if output.is_of_features() {
            problem.features
        } else {
            1
        };
        Some(cells.saturating_mul(columns * form.dtype.size()))
    });
    all.fold(0, usize::saturating_add)
}

fn pipeline(problem: &Problem, caps: &CudaCaps) -> Pipeline {
    let multiprocessors = caps.multiprocessors as usize;
    // Blocks that are resident at a time, of as few registers as the stages have.
    let resident = 4 * multiprocessors;
    let fillers = blocks_for(output_bytes(problem), FILLED).min(multiprocessors);
    let room = Room::of_owners(problem, fillers);
    let points = blocks_for(problem.points, THREADS).min(4 * resident);
    let mut pipeline = Pipeline::new(room);
    pipeline.push(
        "clear",
        0,
        blocks_for(room.zero_bytes / 16, THREADS).min(2 * resident),
    );
    pipeline.push("mark", 0, fillers + points);
    pipeline.push("rows", 0, points);
    // Of each place for totals, the columns.
    let columns = if problem.wants_totals() {
        problem.features.max(1)
    } else {
        1
    };
    let places = room.slots.saturating_mul(columns.div_ceil(4));
    pipeline.push("finish", 0, blocks_for(places, THREADS).min(resident));
    pipeline
}
