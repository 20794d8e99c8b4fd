//! Devices as data.

use super::codes::{INVALID_VALUE, Outcome};
use robocache_registry::{CudaCaps, DeviceCaps};

/// What a device reports about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// The driver's name.
    pub name: &'static str,
    /// Compute capability, major and minor part.
    pub compute_capability: (u32, u32),
    /// Streaming multiprocessors.
    pub multiprocessors: u32,
    /// Shared memory, bytes, that one block gets without asking.
    pub shared_per_block: u32,
    /// Shared memory, bytes, that one block can ask for.
    pub shared_per_block_optin: u32,
    /// Shared memory, bytes, of one multiprocessor.
    pub shared_per_multiprocessor: u32,
    /// Resident threads of one multiprocessor.
    pub threads_per_multiprocessor: u32,
    /// Bytes of the second-level cache.
    pub l2_bytes: u32,
    /// Bytes of device memory.
    pub memory_bytes: u64,
    /// Whether the stream-ordered allocator works.
    pub memory_pools: bool,
    /// Static shared memory, bytes per block, that every loaded function reports.
    pub static_shared: u32,
}

const MIB: u64 = 1 << 20;

impl Device {
    /// NVIDIA H200.
    pub const H200: Device = Device {
        name: "NVIDIA H200",
        compute_capability: (9, 0),
        multiprocessors: 132,
        shared_per_block: 49_152,
        shared_per_block_optin: 232_448,
        shared_per_multiprocessor: 233_472,
        threads_per_multiprocessor: 2048,
        l2_bytes: 60 << 20,
        memory_bytes: 143_771 * MIB,
        memory_pools: true,
        static_shared: 1024,
    };

    /// NVIDIA H100, 80 GB.
    pub const H100: Device = Device {
        name: "NVIDIA H100 80GB HBM3",
        l2_bytes: 50 << 20,
        memory_bytes: 81_559 * MIB,
        ..Device::H200
    };

    /// NVIDIA A100, 80 GB.
    pub const A100: Device = Device {
        name: "NVIDIA A100-SXM4-80GB",
        compute_capability: (8, 0),
        multiprocessors: 108,
        shared_per_block_optin: 166_912,
        shared_per_multiprocessor: 167_936,
        l2_bytes: 40 << 20,
        memory_bytes: 81_920 * MIB,
        ..Device::H200
    };

    /// NVIDIA B200.
    pub const B200: Device = Device {
        name: "NVIDIA B200",
        compute_capability: (10, 0),
        multiprocessors: 148,
        l2_bytes: 126 << 20,
        memory_bytes: 183_359 * MIB,
        ..Device::H200
    };

    /// NVIDIA GeForce RTX 4090.
    pub const RTX_4090: Device = Device {
        name: "NVIDIA GeForce RTX 4090",
        compute_capability: (8, 9),
        multiprocessors: 128,
        shared_per_block_optin: 101_376,
        shared_per_multiprocessor: 102_400,
        threads_per_multiprocessor: 1536,
        l2_bytes: 72 << 20,
        memory_bytes: 24_564 * MIB,
        ..Device::H200
    };

    /// Every preset.
    pub const ALL: [Device; 5] = [
        Device::H200,
        Device::H100,
        Device::A100,
        Device::B200,
        Device::RTX_4090,
    ];

    /// What a context on it would report as the device's capabilities, with a driver for CUDA 12.4.
    pub fn caps(&self, ordinal: u32) -> DeviceCaps {
        DeviceCaps::Cuda(CudaCaps {
            ordinal,
            name: self.name.to_owned(),
            major: self.compute_capability.0,
            minor: self.compute_capability.1,
            multiprocessors: self.multiprocessors,
            shared_per_block: self.shared_per_block,
            shared_per_block_optin: self.shared_per_block_optin,
            shared_per_multiprocessor: self.shared_per_multiprocessor,
            threads_per_multiprocessor: self.threads_per_multiprocessor,
            l2_bytes: self.l2_bytes,
            memory_bytes: self.memory_bytes,
            memory_pools: self.memory_pools,
            cuda_version: 12_040,
        })
    }

    /// An attribute by the number that cuda.h gives it.
    pub(super) fn attribute(&self, which: i32) -> Outcome<u32> {
        Ok(match which {
            8 => self.shared_per_block,
            16 => self.multiprocessors,
            38 => self.l2_bytes,
            39 => self.threads_per_multiprocessor,
            75 => self.compute_capability.0,
            76 => self.compute_capability.1,
            81 => self.shared_per_multiprocessor,
            97 => self.shared_per_block_optin,
            115 => u32::from(self.memory_pools),
            _ => return Err(INVALID_VALUE),
        })
    }
}
