//! `voxelize.direct.sm80`: counts and the like by atomics on the outputs; see kernels/voxelize/direct.cu.

use super::room::Room;
use super::{Pipeline, blocks_for};
use crate::variant::Exec;
use crate::{Form, Output, Problem, Variant};
use robocache_core::{Refusal, Result};
use robocache_kernels::generated::VOXELIZE_DIRECT_SM80;
use robocache_registry::{CudaCaps, DeviceCaps};

const THREADS: usize = 256;
/// Points of a thread.
const EACH: usize = 2;

inventory::submit! {
    Variant {
        info: &VOXELIZE_DIRECT_SM80,
        supports,
        rank: |_, _| 20,
        exec: Exec::Cuda(pipeline),
    }
}

fn supports(problem: &Problem, _: &DeviceCaps) -> Result<(), Refusal> {
    if problem.form != Form::Dense {
        return Err(Refusal::because("takes dense forms"));
    }
    needs_plain_cells(problem, &[Output::Count, Output::Occupancy, Output::First])
}

/// A refusal of other outputs than these, and of cells that do not follow each other in memory from the first cloud's
/// to the last one's.
pub(super) fn needs_plain_cells(problem: &Problem, taken: &[Output]) -> Result<(), Refusal> {
    let [x, y, z] = problem.shape;
    let expected = [x * y * z, y * z, z, 1];
    let sizes = [problem.batch, x, y, z];
    for output in Output::ALL {
        let Some(form) = problem.outputs[output as usize] else {
            continue;
        };
        if !taken.contains(&output) {
            return Err(Refusal::with(format!("does not make {}", output.name())));
        }
        let axes = sizes.iter().zip(&expected).zip(&form.strides);
        let follow = axes
            .into_iter()
            .all(|((&size, &expected), &stride)| size <= 1 || stride == expected as isize);
        if !follow {
            return Err(Refusal::because(
                "needs cells that follow each other in memory",
            ));
        }
    }
    Ok(())
}

fn pipeline(problem: &Problem, caps: &CudaCaps) -> Pipeline {
    let mut pipeline = Pipeline::new(Room::none(problem));
    let bytes = 4 * problem.batch * problem.shape.iter().product::<usize>();
    // So few that blocks of `add` are resident beside them, and have their points by the time that all is clear.
    let clearing = 3 * caps.multiprocessors as usize;
    pipeline.push("clear", 0, blocks_for(bytes / 16, THREADS).min(clearing));
    pipeline.push("add", 0, blocks_for(problem.points, THREADS * EACH));
    pipeline
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_count_alike() {
        let source = VOXELIZE_DIRECT_SM80.source.expect("it is a kernel").text;
        for (name, value) in [("THREADS", THREADS), ("EACH", EACH)] {
            let line = format!("constexpr u32 {name} = {value};");
            assert!(source.contains(&line), "{line}");
        }
    }
}
