//! Robot logs to training tensors: every RoboCache operation under one name.
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub use robocache_core::*;
pub use robocache_kernels as kernels;
pub use robocache_registry as registry;

/// Devices, streams, events, graphs and memory.
#[cfg(feature = "cuda")]
pub use robocache_cuda as cuda;

/// Resampling onto other times.
// Naming the crate is also what links its variants into the program.
#[cfg(feature = "trajectory")]
pub use robocache_trajectory as trajectory;

/// Point clouds into voxels.
#[cfg(feature = "voxelize")]
pub use robocache_voxelize as voxelize;

/// The examples of the repository's README.
#[cfg(all(doctest, feature = "trajectory"))]
#[doc = include_str!("../../../README.md")]
struct Readme;

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(all(feature = "trajectory", feature = "voxelize"))]
    fn the_variants_of_the_operations_are_linked() {
        let operations = crate::registry::operations();
        let names: Vec<_> = operations.iter().map(|op| op.name).collect();
        assert_eq!(names, ["trajectory", "voxelize"]);
        for op in operations {
            let reference = format!("{}.scalar.cpu", op.name);
            assert!((op.variants)().iter().any(|v| v.id == reference));
        }
    }
}
