//! The variants of this operation and the choice between them.

#[cfg(feature = "cuda")]
use crate::runs::Rule;
use crate::{Problem, Resample};
use robocache_core::{Refusal, Result};
use robocache_registry::{Descriptor, DeviceCaps, Dispatcher, Features, VariantInfo};
use std::sync::OnceLock;

/// One way to resample.
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
    Cpu(fn(&Problem, Resample<'_>) -> Result<()>),
    /// By a kernel, launched in this shape.
    #[cfg(feature = "cuda")]
    Cuda(fn(&Problem, &robocache_registry::CudaCaps) -> crate::cuda::Geometry),
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
        self.info.takes(problem.in_dtype)?;
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
        Dispatcher::new("trajectory", variants, robocache_kernels::DEVICES)
    })
}

/// A refusal of what only variants with free strides, types and kinds do.
#[cfg(feature = "cuda")]
pub(crate) fn needs_plain_rows(problem: &Problem) -> Result<(), Refusal> {
    match problem.kinds.only() {
        Some(rule) if rule == Rule::Linear || rule.is_hold() => {}
        _ => {
            return Err(Refusal::because(
                "takes one kind for all columns, linear or one that holds",
            ));
        }
    }
    if problem.in_dtype != problem.out_dtype {
        return Err(Refusal::because(
            "does not convert: samples and values differ in type",
        ));
    }
    needs_adjacent_columns(problem)
}

/// A refusal of what only variants with free strides do.
pub(crate) fn needs_adjacent_columns(problem: &Problem) -> Result<(), Refusal> {
    match problem.columns_adjacent() {
        true => Ok(()),
        false => Err(Refusal::because(
            "needs columns that are adjacent in memory",
        )),
    }
}
