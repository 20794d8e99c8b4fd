//! Voxelization, from bytes.

pub mod plan;
mod trial;
pub mod variants;
