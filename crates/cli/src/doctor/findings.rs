//! What is asked, and in which form is it answered?

use serde::Serialize;

/// Everything that `doctor` found.
#[derive(Debug, Serialize)]
pub(super) struct Findings {
    /// Of this program.
    pub(super) version: &'static str,
    /// Whether no self-test failed.
    pub(super) healthy: bool,
    pub(super) cpu: Cpu,
    pub(super) driver: Driver,
    pub(super) nvrtc: Nvrtc,
    pub(super) kernel_cache: Cache,
    pub(super) embedded_images: Images,
    /// The CPU first.
    pub(super) devices: Vec<Device>,
    /// Variants for which there is no device at all.
    pub(super) without_device: Vec<Variant>,
}

#[derive(Debug, Serialize)]
pub(super) struct Cpu {
    /// Over which work is spread.
    pub(super) threads: usize,
    /// AVX2 and F16C.
    pub(super) avx2: bool,
    /// AVX-512 F, BW, DQ and VL.
    pub(super) avx512: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Driver {
    pub(super) usable: bool,
    /// The newest CUDA version that it supports.
    pub(super) cuda_version: Option<String>,
    pub(super) devices: u32,
    /// Why it is not usable, and what to do.
    pub(super) problem: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Nvrtc {
    pub(super) usable: bool,
    pub(super) version: Option<String>,
    /// The library.
    pub(super) found: Option<String>,
    /// Why it is not usable, and what to do.
    pub(super) problem: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Cache {
    pub(super) path: Option<String>,
    pub(super) writable: bool,
    pub(super) files: u64,
    pub(super) bytes: u64,
    /// Why nothing can be kept there, and what to do.
    pub(super) problem: Option<String>,
}

/// Kernels that were compiled ahead of time.
#[derive(Debug, Serialize)]
pub(super) struct Images {
    pub(super) count: usize,
    /// Compute capabilities, as 10 * major + minor.
    pub(super) architectures: Vec<u32>,
}

#[derive(Debug, Serialize)]
pub(super) struct Device {
    /// `cpu` or `cuda:N`, as `--device` takes it.
    pub(super) id: String,
    pub(super) name: String,
    pub(super) cuda: Option<Capabilities>,
    /// Why it cannot be used, and what to do.
    pub(super) problem: Option<String>,
    /// How variants are chosen there; none of a device that cannot be opened.
    pub(super) choices: Option<Choices>,
    pub(super) variants: Vec<Variant>,
}

#[derive(Debug, Serialize)]
pub(super) struct Capabilities {
    pub(super) compute_capability: String,
    pub(super) multiprocessors: u32,
    pub(super) memory_bytes: u64,
    pub(super) free_bytes: Option<u64>,
    pub(super) l2_bytes: u32,
    pub(super) shared_per_block_optin: u32,
    pub(super) memory_pools: bool,
}

/// A variant on a device.
#[derive(Debug, Serialize)]
pub(super) struct Variant {
    pub(super) id: &'static str,
    pub(super) usable: bool,
    /// Why not, if not.
    pub(super) reason: Option<String>,
    /// Of a small problem with a known answer; none where the variant is not usable.
    pub(super) self_test: Option<SelfTest>,
}

#[derive(Debug, Serialize)]
pub(super) struct SelfTest {
    pub(super) passed: bool,
    /// The best of a few runs.
    pub(super) micros: Option<f64>,
    /// Of the bytes that had to be moved.
    pub(super) gigabytes_per_second: Option<f64>,
    /// What went wrong.
    pub(super) failure: Option<String>,
}

impl Variant {
    /// A variant that cannot be used.
    pub(super) fn refused(id: &'static str, reason: impl Into<String>) -> Variant {
        Variant {
            id,
            usable: false,
            reason: Some(reason.into()),
            self_test: None,
        }
    }

    /// Whether its self-test failed.
    pub(super) fn failed(&self) -> bool {
        self.self_test.as_ref().is_some_and(|test| !test.passed)
    }
}

/// How variants are chosen on a device.
#[derive(Debug, Serialize)]
pub(super) struct Choices {
    /// What `ROBOCACHE_TUNE` says: off, cached, on-miss or exhaustive.
    pub(super) mode: &'static str,
    /// Kinds of problems that this user has measured there.
    pub(super) measured: usize,
    /// With what the defaults for this model were measured; none if they were not.
    pub(super) defaults: Option<&'static str>,
}
