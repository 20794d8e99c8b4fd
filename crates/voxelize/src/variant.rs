//! The variants of this operation and the choice between them.

use crate::Problem;
use crate::request::Request;
use robocache_core::{Refusal, Result};
use robocache_registry::{Descriptor, DeviceCaps, Dispatcher, Features, VariantInfo};
use std::sync::OnceLock;

/// One way to voxelize.
pub struct Variant {
    /// The constants from registry.toml.
    pub info: &'static VariantInfo,
    /// Whether it takes a problem.
    pub supports: fn(&Problem, &DeviceCaps) -> Result<(), Refusal>,
    /// How well it is expected to do; see [`Descriptor::rank`].
    pub rank: fn(&Problem, &DeviceCaps) -> u32,
    /// How it runs.
    pub(crate) exec: Exec,
}

/// How a variant runs.
pub(crate) enum Exec {
    /// By a function on the calling thread and the pool.
    Cpu(fn(&Problem, Request<'_>) -> Result<()>),
    /// By kernels, launched one after another.
    #[cfg(feature = "cuda")]
    Cuda(fn(&Problem, &robocache_registry::CudaCaps) -> crate::cuda::Pipeline),
}

inventory::collect!(Variant);

impl Descriptor for Variant {
    type Problem = Problem;

    #[inline]
    fn features<F: Features>(problem: &Problem, into: F) -> F {
        problem.features(into)
    }

    fn info(&self) -> &'static VariantInfo {
        self.info
    }

    #[inline]
    fn supports(&self, problem: &Problem, caps: &DeviceCaps) -> Result<(), Refusal> {
        self.info.takes(problem.point_dtype)?;
        (self.supports)(problem, caps)
    }

    fn rank(&self, problem: &Problem, caps: &DeviceCaps) -> u32 {
        (self.rank)(problem, caps)
    }
}

/// The table of this operation's variants.
pub fn dispatcher() -> &'static Dispatcher<Variant> {
    static DISPATCHER: OnceLock<Dispatcher<Variant>> = OnceLock::new();
    DISPATCHER.get_or_init(|| {
        let variants = inventory::iter::<Variant>;
        Dispatcher::new("voxelize", variants, robocache_kernels::DEVICES)
    })
}
