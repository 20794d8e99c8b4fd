//! Owned results: what the exact form gives with as much room as there are voxels, byte for byte, in host memory and
//! on devices.

mod case;
#[cfg(feature = "cuda")]
mod device;
mod exact;
mod host;
