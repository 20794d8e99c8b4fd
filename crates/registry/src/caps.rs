//! What a device can do, read once.

/// The capabilities that variants are chosen by.
#[derive(Clone, Debug, PartialEq)]
pub enum DeviceCaps {
    /// The CPU of this process.
    Cpu(CpuCaps),
    /// A CUDA device.
    Cuda(CudaCaps),
}

/// Capabilities of a CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuCaps {
    /// AVX2 and F16C.
    pub avx2: bool,
    /// AVX-512 F, BW, DQ and VL.
    pub avx512: bool,
}

/// Capabilities of a CUDA device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CudaCaps {
    /// The driver's number of the device.
    pub ordinal: u32,
    /// The driver's name of the device, for example `NVIDIA H200`.
    pub name: String,
    /// Compute capability, major part.
    pub major: u32,
    /// Compute capability, minor part.
    pub minor: u32,
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
    /// Whether the stream-ordered allocator works here.
    pub memory_pools: bool,
}

impl CudaCaps {
    /// Compute capability as 10 * major + minor.
    pub const fn compute_capability(&self) -> u32 {
        10 * self.major + self.minor
    }
}

impl CpuCaps {
    /// What the CPU of this process can do.
    pub fn detect() -> CpuCaps {
        #[cfg(target_arch = "x86_64")]
        {
            CpuCaps {
                avx2: is_x86_feature_detected!("avx2") && is_x86_feature_detected!("f16c"),
                avx512: is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl"),
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            CpuCaps {
                avx2: false,
                avx512: false,
            }
        }
    }
}

impl DeviceCaps {
    /// The capabilities of this process' CPU.
    pub fn cpu() -> &'static DeviceCaps {
        static CPU: std::sync::OnceLock<DeviceCaps> = std::sync::OnceLock::new();
        CPU.get_or_init(|| DeviceCaps::Cpu(CpuCaps::detect()))
    }

    /// A small number that tells the devices of this process apart.
    pub(crate) fn number(&self) -> u32 {
        match self {
            DeviceCaps::Cpu(_) => 0,
            DeviceCaps::Cuda(cuda) => 1 + cuda.ordinal,
        }
    }
}

impl std::fmt::Display for DeviceCaps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DeviceCaps::Cpu(_) => f.write_str("the CPU"),
            DeviceCaps::Cuda(cuda) => write!(f, "{} (cuda:{})", cuda.name, cuda.ordinal),
        }
    }
}
