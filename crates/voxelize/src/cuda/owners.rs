//! `voxelize.owners.sm80`: every reduction of dense cells; see kernels/voxelize/owners.cu.

use super::bitmap::{MOST_COLUMNS, THREADS};
use super::form::{filled_bytes, has_few_columns, is_full, needs_few_keys, wants_flags_alone};
use super::room::Room;
use super::{Pipeline, blocks_for};
use crate::variant::Exec;
use crate::{Output, Problem, Variant};
use robocache_core::{Refusal, Result};
use robocache_kernels::generated::VOXELIZE_OWNERS_SM80;
use robocache_registry::{CudaCaps, DeviceCaps};

/// Bytes that one block clears, where there are few.
const CLEARED: usize = 1 << 15;

inventory::submit! {
    Variant {
        info: &VOXELIZE_OWNERS_SM80,
        supports,
        rank,
        exec: Exec::Cuda(pipeline),
    }
}

fn supports(problem: &Problem, _: &DeviceCaps) -> Result<(), Refusal> {
    needs_few_keys(problem)?;
    if problem.features > MOST_COLUMNS {
        return Err(Refusal::because("takes up to 2^20 features"));
    }
    Ok(())
}

/// Ahead where many points are alone in their cells: see crates/bench/results/README.md.
/// Occupancy alone needs none of its owners and places, and takes less memory by other variants.
fn rank(problem: &Problem, _: &DeviceCaps) -> u32 {
    let most_are_alone = match has_few_columns(problem) {
        true => !is_full(problem),
        // Which totals are not for: not measured with more points than cells.
        false => problem.points as u64 <= problem.cells(),
    };
    match most_are_alone && !wants_flags_alone(problem) {
        true => 15,
        false => 8,
    }
}

fn pipeline(problem: &Problem, caps: &CudaCaps) -> Pipeline {
    let multiprocessors = caps.multiprocessors as usize;
    // Blocks that are resident at a time, of as few registers as the stages have.
    let resident = 4 * multiprocessors;
    let points = blocks_for(problem.points, THREADS).min(4 * resident);
    let room = Room::of_owners(problem, points);
    let cleared = filled_bytes(problem).saturating_add(room.zero_bytes);
    let mut pipeline = Pipeline::new(room);
    pipeline.push(
        "clear",
        0,
        blocks_for(cleared, CLEARED).min(multiprocessors),
    );
    pipeline.push("mark", 0, points);
    pipeline.push("rows", 0, points);
    // Of each place for totals, the columns; and all bytes of bits.
    let columns = match problem.wants_totals() {
        true => problem.features.div_ceil(4),
        false => 1,
    };
    let mut finished = room.slots.saturating_mul(columns);
    if problem.wants(Output::Bits) {
        finished = finished.max(problem.cells() as usize / 8);
    }
    pipeline.push("finish", 0, blocks_for(finished, THREADS).min(resident));
    pipeline
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_count_alike() {
        let source = VOXELIZE_OWNERS_SM80.source.expect("it is a kernel").text;
        assert!(source.contains(&format!("constexpr u32 THREADS = {THREADS};")));
    }
}
