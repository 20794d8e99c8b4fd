//! What would be launched for a problem on a CUDA device?

use crate::variant::Exec;
use crate::{Problem, Variant, Voxelization};
use robocache_core::Result;
use robocache_registry::CudaCaps;

/// The launches of a call, one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launches {
    /// Scratch device memory, bytes.
    pub workspace_bytes: usize,
    /// Each launch.
    pub steps: Vec<LaunchShape>,
}

/// The shape of a launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaunchShape {
    /// The kernel, by its name in registry.toml.
    pub stage: &'static str,
    /// Blocks of the grid.
    pub blocks: u32,
    /// Threads per block.
    pub threads: u32,
    /// Dynamic shared memory, bytes per block.
    pub shared_bytes: u32,
}

/// The problem of a request, wherever its memory lies.
///
/// # Errors
/// Those of a request that is not sound.
pub fn problem<'a>(request: &mut impl Voxelization<'a>) -> Result<Problem> {
    Problem::of(&request.again())
}

/// What a variant that takes the problem on that device would launch; `None` for variants of the CPU.
pub fn launches(variant: &Variant, problem: &Problem, caps: &CudaCaps) -> Option<Launches> {
    let Exec::Cuda(pipeline) = variant.exec else {
        return None;
    };
    let pipeline = pipeline(problem, caps);
    let shape = |step: &crate::cuda::Step| LaunchShape {
        stage: step.stage,
        blocks: step.launch.blocks,
        threads: step.launch.threads,
        shared_bytes: step.launch.shared_bytes,
    };
    Some(Launches {
        workspace_bytes: pipeline.room.bytes,
        steps: pipeline.steps().iter().map(shape).collect(),
    })
}
