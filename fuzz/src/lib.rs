//! What the fuzz targets do with their bytes. Each has a function `run` that panics on a bug.
//!
//! | module | bytes are |
//! |---|---|
//! | [`csv`], [`npy`], [`npz`] | a file |
//! | [`points`] | a file of points, in a format that the first byte tells |
//! | [`registry`] | registry.toml |
//! | [`tuning`] | a file of the tuning cache |
//! | [`trajectory::plan`] | a description of a resampling, possible or not |
//! | [`trajectory::variants`] | a small resampling, run on every variant of the CPU |
//! | [`voxelize::plan`] | a description of a voxelization, possible or not |
//! | [`voxelize::variants`] | a small voxelization, run on every variant of the CPU |
//!
//! `cargo xtask fuzz` builds and runs them.

mod archive;
mod bytes;
pub mod csv;
mod devices;
mod memory;
pub mod npy;
pub mod npz;
mod operand;
pub mod points;
pub mod registry;
mod scratch;
pub mod seeds;
mod style;
pub mod trajectory;
pub mod tuning;
mod variants;
pub mod voxelize;
