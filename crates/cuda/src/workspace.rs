//! Scratch memory that the caller lends to an operation.

use crate::DeviceBuffer;
use robocache_core::{Error, Result};

/// Scratch device memory for one call; its contents before and after do not matter.
///
/// A plan says how much it needs. Operations never allocate it themselves, so a call can be captured
/// in a graph and costs no allocator.
#[derive(Default)]
pub struct Workspace<'a>(Option<&'a mut DeviceBuffer>);

impl<'a> Workspace<'a> {
    /// For plans that need none.
    pub fn none() -> Workspace<'static> {
        Workspace(None)
    }

    /// The address of at least `bytes` bytes; zero if none are needed.
    ///
    /// # Errors
    /// [`Error::Memory`] if the workspace is smaller.
    pub fn require(&self, bytes: usize) -> Result<u64> {
        let held = self.0.as_ref().map_or(0, |buffer| buffer.len());
        if bytes > held {
            return Err(Error::memory(
                "workspace",
                format!("holds {held} bytes, the plan needs {bytes}"),
            ));
        }
        Ok(self.0.as_ref().map_or(0, |buffer| buffer.address()))
    }
}

impl<'a> From<&'a mut DeviceBuffer> for Workspace<'a> {
    fn from(buffer: &'a mut DeviceBuffer) -> Self {
        Workspace(Some(buffer))
    }
}
