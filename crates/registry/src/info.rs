//! What a variant is: constants generated from registry.toml.

use robocache_core::{DType, Refusal};

use crate::caps::{CpuCaps, DeviceCaps};

/// One way to carry out an operation, on one kind of device.
///
/// Everything here is known when the crate is built; whether a variant takes a particular problem is
/// asked of its [`Descriptor`](crate::Descriptor).
#[derive(Debug, PartialEq)]
pub struct VariantInfo {
    /// `<operation>.<idea>.<target>`, for example `trajectory.wide.sm80`. The only name under which
    /// a variant is ever stored.
    pub id: &'static str,
    /// The operation.
    pub op: &'static str,
    /// The idea in one sentence.
    pub summary: &'static str,
    /// Which devices it can run on.
    pub target: Target,
    /// Element types of the data it takes.
    pub dtypes: &'static [DType],
    /// For CUDA: its source.
    pub source: Option<&'static Source>,
    /// For CUDA: one entry per element type, or one for all.
    pub entries: &'static [KernelEntry],
    /// For CUDA: what a compiled entry may use, checked when the kernels are built.
    pub budget: Budget,
    /// For CUDA: what the code of a compiled entry must contain, checked when the kernels are built.
    pub instructions: &'static [Instruction],
}

/// The devices that a variant can run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A CPU with at least these instructions.
    Cpu(CpuLevel),
    /// CUDA devices of a range of compute capabilities.
    Cuda {
        /// The lowest, as 10 * major + minor.
        min: u32,
        /// The highest, if there is one.
        max: Option<u32>,
    },
}

impl Target {
    /// Whether devices of a compute capability are among these.
    pub fn takes_capability(&self, capability: u32) -> bool {
        match *self {
            Target::Cpu(_) => false,
            Target::Cuda { min, max } => {
                min <= capability && max.is_none_or(|max| capability <= max)
            }
        }
    }
}

/// Instruction sets of CPU variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CpuLevel {
    /// Plain Rust; runs everywhere.
    Scalar,
    /// x86-64 with AVX2 and F16C.
    Avx2,
    /// x86-64 with AVX-512 F, BW, DQ and VL.
    Avx512,
}

/// A kernel source file.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// Its path under `kernels/`, for example `trajectory/wide.cu`.
    pub path: &'static str,
    /// Its text.
    pub text: &'static str,
    /// SHA-256, in hexadecimal, of the text and of every header it includes, in order.
    pub hash: &'static str,
}

/// A source compiled for an element type, or for all: one image, with one kernel or with several that follow each other.
#[derive(Debug, PartialEq, Eq)]
pub struct KernelEntry {
    /// What `ENTRY` stands for in the source, and the name of the image.
    pub name: &'static str,
    /// The element type it is for; `None` where its kernels ask what they get.
    pub dtype: Option<DType>,
    /// Its kernels.
    pub functions: &'static [KernelFunction],
}

/// A kernel: an `extern "C"` function of a compiled source.
#[derive(Debug, PartialEq, Eq)]
pub struct KernelFunction {
    /// What it is called in registry.toml; empty for the only one of its entry.
    pub stage: &'static str,
    /// Its symbol.
    pub symbol: &'static str,
    /// A number of its own among all kernels of the build, dense from 0: where a context keeps the
    /// loaded function. Changes from build to build; never stored.
    pub slot: usize,
}

impl KernelEntry {
    /// The kernel of a stage; the only one has the empty name.
    pub fn stage(&self, stage: &str) -> Option<&'static KernelFunction> {
        self.functions
            .iter()
            .find(|function| function.stage == stage)
    }
}

/// The resources that a compiled entry may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Registers per thread.
    pub registers: u32,
    /// Statically allocated shared memory, bytes per block.
    pub shared_bytes: u32,
    /// Register spills, bytes per thread.
    pub spill_bytes: u32,
}

/// An instruction that tells whether the compiler made of a kernel what its source meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Instruction {
    /// A load of 128 bits from global memory.
    Load128,
    /// A store of 128 bits to global memory.
    Store128,
    /// An asynchronous copy from global to shared memory by a thread: `cp.async`.
    AsyncCopy,
    /// A copy from global to shared memory by the copy engine: `cp.async.bulk`.
    BulkCopy,
    /// A load from the thread's own memory, where spilled registers are.
    LocalLoad,
    /// A store to the thread's own memory.
    LocalStore,
}

impl Instruction {
    /// Its name in registry.toml and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Instruction::Load128 => "load128",
            Instruction::Store128 => "store128",
            Instruction::AsyncCopy => "async_copy",
            Instruction::BulkCopy => "bulk_copy",
            Instruction::LocalLoad => "local_load",
            Instruction::LocalStore => "local_store",
        }
    }
}

impl std::fmt::Display for Instruction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl VariantInfo {
    /// The entry for an element type.
    pub fn entry(&self, dtype: DType) -> Option<&'static KernelEntry> {
        let is_for = |entry: &&KernelEntry| entry.dtype.is_none_or(|only| only == dtype);
        self.entries.iter().find(is_for)
    }

    /// What a measurement of this variant is good for: the source's hash, or for a variant without a
    /// source of its own the package's version.
    pub fn source_hash(&self) -> &'static str {
        self.source
            .map_or(concat!("robocache ", env!("CARGO_PKG_VERSION")), |source| {
                source.hash
            })
    }

    /// Whether the device is one that this variant is built for.
    ///
    /// # Errors
    /// A refusal that says what the device lacks.
    pub fn runs_on(&self, caps: &DeviceCaps) -> Result<(), Refusal> {
        match (self.target, caps) {
            (Target::Cpu(level), DeviceCaps::Cpu(cpu)) => cpu_has(level, cpu),
            (Target::Cuda { min, max }, DeviceCaps::Cuda(cuda)) => {
                let arch = cuda.compute_capability();
                if !self.target.takes_capability(arch) {
                    return Err(Refusal::with(format!(
                        "needs compute capability {}{}, the device has {}",
                        dotted(min),
                        max.map_or(" or higher".into(), |max| format!(" to {}", dotted(max))),
                        dotted(arch)
                    )));
                }
                Ok(())
            }
            (Target::Cpu(_), DeviceCaps::Cuda(_)) => Err(Refusal::because("runs on the CPU")),
            (Target::Cuda { .. }, DeviceCaps::Cpu(_)) => {
                Err(Refusal::because("runs on CUDA devices"))
            }
        }
    }

    /// Whether the variant takes data of this type.
    ///
    /// # Errors
    /// A refusal that names the types it takes.
    pub fn takes(&self, dtype: DType) -> Result<(), Refusal> {
        if self.dtypes.contains(&dtype) {
            return Ok(());
        }
        let names: Vec<_> = self.dtypes.iter().map(|d| d.name()).collect();
        Err(Refusal::with(format!(
            "takes {}, not {dtype}",
            names.join(", ")
        )))
    }
}

fn cpu_has(level: CpuLevel, cpu: &CpuCaps) -> Result<(), Refusal> {
    match level {
        CpuLevel::Avx2 if !cpu.avx2 => Err(Refusal::because("the CPU lacks AVX2 or F16C")),
        CpuLevel::Avx512 if !cpu.avx512 => {
            Err(Refusal::because("the CPU lacks AVX-512 F, BW, DQ or VL"))
        }
        _ => Ok(()),
    }
}

fn dotted(arch: u32) -> String {
    format!("{}.{}", arch / 10, arch % 10)
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::Cpu(CpuLevel::Scalar) => f.write_str("cpu"),
            Target::Cpu(CpuLevel::Avx2) => f.write_str("cpu avx2"),
            Target::Cpu(CpuLevel::Avx512) => f.write_str("cpu avx512"),
            Target::Cuda { min, max: None } => write!(f, "cuda sm_{min}+"),
            Target::Cuda {
                min,
                max: Some(max),
            } => write!(f, "cuda sm_{min}..sm_{max}"),
        }
    }
}
