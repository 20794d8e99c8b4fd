//! Voxelization on the CPU.
//!
//! | file | question |
//! |---|---|
//! | `locate.rs` | in which cell is a point? |
//! | `group.rs` | which points does each cell have? |
//! | `feature.rs` | what is a feature of a point? |
//! | `fixed.rs` | how is a sum the same in any order? |
//! | `totals.rs` | what are sum, maximum and minimum of a cell? |
//! | `output.rs` | how are results written, whatever their type and form? |
//! | `scalar.rs` | the reference variant |
//! | `spread.rs` | how do points come to the thread of their cells? |
//! | `bitmap.rs` | which number does each cell of a range have among those with points? |
//! | `radix.rs` | how are the points of a range sorted by their cells? |
//! | `number.rs` | which number does each voxel of a range have, and which points? |
//! | `voxels.rs` | which points does each voxel have, found on all threads? |
//! | `places.rs` | how are the places of sparse voxels filled, on all threads? |
//! | `scratch.rs` | where does memory between two steps come from? |
//! | `rooms.rs` | what does a thread work in? |
//! | `sheet.rs` | how is an output of all cells one flat array, whatever its strides? |
//! | `flags.rs` | how are cells with points marked, on all threads? |
//! | `tiles.rs` | how are all cells filled, on all threads? |
//! | `partition.rs` | the variant for all threads |

mod bitmap;
mod feature;
mod fixed;
mod flags;
mod group;
mod locate;
mod number;
mod output;
mod partition;
mod places;
mod radix;
mod rooms;
mod scalar;
mod scratch;
mod sheet;
mod spread;
mod tiles;
mod totals;
mod voxels;
