//! Points, clouds and sizes that break voxelizations, by name.

#[path = "../common/mod.rs"]
mod common;
mod points;
mod sizes;
