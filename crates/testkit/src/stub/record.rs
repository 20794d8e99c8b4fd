//! What is kept of a call.

/// A call of a driver function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The function, as in [`Api::NAMES`](robocache_cuda::Api::NAMES).
    pub name: &'static str,
    /// What it returned.
    pub code: u32,
    /// The kernels that it launched: one, or those of a graph, or none.
    pub launches: Vec<Launch>,
}

/// A kernel launch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The entry point's symbol.
    pub function: String,
    /// The device.
    pub ordinal: u32,
    /// Blocks along x, y, z.
    pub grid: [u32; 3],
    /// Threads along x, y, z.
    pub block: [u32; 3],
    /// Dynamic shared memory, bytes per block.
    pub shared_bytes: u32,
    /// The stream's handle; 0 for the legacy default stream.
    pub stream: u64,
    /// The first bytes of the first parameter, as many as
    /// [`Stub::param_bytes`](super::Stub::param_bytes) asked for.
    pub params: Vec<u8>,
    /// Whether it went into a graph instead of being run.
    pub captured: bool,
}

impl Launch {
    /// The parameter bytes `at .. at + N`.
    ///
    /// # Panics
    /// If fewer were recorded.
    #[track_caller]
    pub fn param<const N: usize>(&self, at: usize) -> [u8; N] {
        match self.params.get(at..at + N).map(<[u8; N]>::try_from) {
            Some(Ok(bytes)) => bytes,
            _ => panic!("{N} bytes at {at} of {} recorded", self.params.len()),
        }
    }

    /// A 64-bit parameter field.
    ///
    /// # Panics
    /// As [`param`](Self::param).
    #[track_caller]
    pub fn u64_at(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.param(at))
    }

    /// A 32-bit parameter field.
    ///
    /// # Panics
    /// As [`param`](Self::param).
    #[track_caller]
    pub fn u32_at(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.param(at))
    }
}
