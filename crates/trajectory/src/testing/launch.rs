//! In which shape would a kernel be launched?

use crate::Variant;
use crate::cuda::SPARSE;
use crate::problem::Problem;
use crate::variant::Exec;
use robocache_registry::CudaCaps;

/// The shape of a launch, planned without a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaunchShape {
    /// Targets per block.
    pub tile: u32,
    /// Blocks per batch row.
    pub tiles: u32,
    /// Batch rows per block, where a block takes whole ones.
    pub group: u32,
    /// Samples that a block has shared memory for, of each of its batch rows.
    pub capacity: u32,
    /// Whether it has none for them but for their times, as they are read where they are.
    pub in_place: bool,
    /// Blocks of the grid.
    pub blocks: u32,
    /// Threads per block.
    pub threads: u32,
    /// Dynamic shared memory, bytes per block.
    pub shared_bytes: u32,
    /// Scratch device memory, bytes.
    pub workspace_bytes: usize,
}

/// The shape in which a variant that takes the problem on that device would be launched; `None` for
/// variants of the CPU.
pub fn launch_shape(variant: &Variant, problem: &Problem, caps: &CudaCaps) -> Option<LaunchShape> {
    let Exec::Cuda(geometry) = variant.exec else {
        return None;
    };
    let geometry = geometry(problem, caps);
    Some(LaunchShape {
        tile: geometry.tile,
        tiles: geometry.tiles,
        group: geometry.group,
        capacity: geometry.capacity,
        in_place: geometry.flags & SPARSE != 0,
        blocks: geometry.launch.blocks,
        threads: geometry.launch.threads,
        shared_bytes: geometry.launch.shared_bytes,
        workspace_bytes: geometry.workspace_bytes,
    })
}
