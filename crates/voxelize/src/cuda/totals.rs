//! `voxelize.totals.sm80`: every reduction of dense cells that are few; see kernels/voxelize/totals.cu.

use super::form::{has_few_columns, is_full, needs_few_keys, wants_flags_alone};
use super::room::{MOST_KEPT, Room};
use super::{Pipeline, Step, blocks_for};
use crate::variant::Exec;
use crate::{Problem, Variant};
use robocache_core::{Refusal, Result};
use robocache_cuda::LaunchConfig;
use robocache_kernels::generated::VOXELIZE_TOTALS_SM80;
use robocache_registry::{CudaCaps, DeviceCaps};

/// Of each block that goes through points.
const POINT_THREADS: usize = 1024;
/// Of each block that goes through cells.
const CELL_THREADS: usize = 256;
/// Of those, that a multiprocessor has room for.
const CELL_BLOCKS: usize = 4;
/// Bytes that one block zeroes, where there are few.
const ZEROED: usize = 1 << 16;

inventory::submit! {
    Variant {
        info: &VOXELIZE_TOTALS_SM80,
        supports,
        rank,
        exec: Exec::Cuda(pipeline),
    }
}

fn supports(problem: &Problem, _: &DeviceCaps) -> Result<(), Refusal> {
    needs_few_keys(problem)?;
    match has_few_columns(problem) {
        true => Ok(()),
        false => Err(Refusal::with(format!(
            "takes up to {MOST_KEPT} features, in f32, adjacent and a multiple of four, or {}",
            MOST_KEPT / 4
        ))),
    }
}

/// Totals are cheap if they take no more than the L2 cache's bytes divided by this.
const CHEAP: usize = 3;
/// Bytes of totals for each point up to which going through all of them pays, and likewise where they are cheap.
const PAID: usize = 75;
const PAID_CHEAP: usize = 220;

/// Ahead of owners where most cells have points, or totals are few bytes for each point: see
/// crates/bench/results/README.md.
/// Flags alone take a bit a cell by other variants.
fn rank(problem: &Problem, caps: &DeviceCaps) -> u32 {
    let bytes = Room::of_cells(problem, 0).zero_bytes;
    let is_cheap = match caps {
        DeviceCaps::Cuda(cuda) => bytes <= cuda.l2_bytes as usize / CHEAP,
        DeviceCaps::Cpu(_) => false,
    };
    let paid = if is_cheap { PAID_CHEAP } else { PAID };
    let pays = is_full(problem) || bytes <= problem.points.saturating_mul(paid);
    match pays && !wants_flags_alone(problem) {
        true => 17,
        false => 5,
    }
}

fn pipeline(problem: &Problem, caps: &CudaCaps) -> Pipeline {
    let multiprocessors = caps.multiprocessors as usize;
    let zeroed = Room::of_cells(problem, 0).zero_bytes;
    // One block a multiprocessor is all that fits.
    let points = blocks_for(problem.points, POINT_THREADS)
        .max(blocks_for(zeroed, ZEROED))
        .min(multiprocessors);
    let room = Room::of_cells(problem, points);
    let cells = blocks_for(room.slots, CELL_THREADS).min(CELL_BLOCKS * multiprocessors);
    let mut pipeline = Pipeline::new(room);
    let steps = [
        ("weigh", points, POINT_THREADS),
        ("add", points, POINT_THREADS),
        ("finish", cells, CELL_THREADS),
    ];
    for (stage, blocks, threads) in steps {
        let launch = LaunchConfig {
            blocks: blocks as u32,
            threads: threads as u32,
            ..LaunchConfig::default()
        };
        pipeline.push_step(Step {
            stage,
            level: 0,
            launch,
        });
    }
    pipeline
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_count_alike() {
        let source = VOXELIZE_TOTALS_SM80.source.expect("it is a kernel").text;
        for (name, threads) in [("POINT", POINT_THREADS), ("CELL", CELL_THREADS)] {
            let line = format!("constexpr u32 {name}_THREADS = {threads};");
            assert!(source.contains(&line), "{line}");
        }
        let finish = format!("__launch_bounds__(CELL_THREADS, {CELL_BLOCKS}) KERNEL(finish)");
        assert!(source.contains(&finish));
    }
}
