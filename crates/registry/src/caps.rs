//! What a device can do, read once.

use robocache_core::parallel;

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
    /// Threads that operations run on.
    pub threads: usize,
    /// What the system calls the model, or the architecture where it does not tell.
    pub model: &'static str,
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
    /// The newest CUDA version that the driver supports, as 1000 * major + 10 * minor.
    pub cuda_version: u32,
}

impl CudaCaps {
    /// Compute capability as 10 * major + minor.
    pub const fn compute_capability(&self) -> u32 {
        10 * self.major + self.minor
    }
}

impl CpuCaps {
    /// What the CPU of this process can do.
    fn detect() -> CpuCaps {
        let (avx2, avx512) = instructions();
        CpuCaps {
            avx2,
            avx512,
            threads: parallel::requested_threads(),
            model: model().leak(),
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn instructions() -> (bool, bool) {
    let avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("f16c");
    (avx2, avx512)
}

#[cfg(not(target_arch = "x86_64"))]
fn instructions() -> (bool, bool) {
    (false, false)
}

/// The model as Linux tells it.
fn model() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| Some(line.split_once(':')?.1.trim()));
    name.filter(|name| !name.is_empty())
        .unwrap_or(std::env::consts::ARCH)
        .to_owned()
}

impl DeviceCaps {
    /// The capabilities of this process' CPU.
    pub fn cpu() -> &'static DeviceCaps {
        static CPU: std::sync::OnceLock<DeviceCaps> = std::sync::OnceLock::new();
        CPU.get_or_init(|| DeviceCaps::Cpu(CpuCaps::detect()))
    }

    /// The device's model and what its speed depends on besides: under this name measurements are kept.
    pub fn model(&self) -> String {
        match self {
            DeviceCaps::Cpu(cpu) => format!("{}, {} threads", cpu.model, cpu.threads),
            DeviceCaps::Cuda(cuda) => cuda.name.clone(),
        }
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
