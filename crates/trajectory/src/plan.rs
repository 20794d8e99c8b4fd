//! A choice, kept: the variant, its launch shape and its loaded kernel.

use crate::variant::Exec;
use crate::{Problem, Resample, Variant, dispatcher};
use robocache_core::{Error, Place, Result};
use robocache_registry::DeviceCaps;

/// A variant chosen for a problem, ready to run it again and again with other memory and other values
/// of offset, tolerance and the like.
pub struct Plan {
    pub(crate) problem: Problem,
    pub(crate) variant: &'static Variant,
    #[cfg(feature = "cuda")]
    pub(crate) kernel: Option<crate::cuda::Prepared>,
}

impl Plan {
    /// A plan for host memory.
    ///
    /// # Errors
    /// Those of [`Problem::of`]; [`Error::Unsupported`].
    pub fn new_cpu(request: &Resample<'_>) -> Result<Plan> {
        let problem = Problem::of(request)?;
        if problem.place != Place::Host {
            return Err(Error::memory(
                "out",
                format!("lies in {}, not in host memory", problem.place),
            ));
        }
        let caps = DeviceCaps::cpu();
        let variant = dispatcher().choose(&problem, caps, request.options.variant)?;
        Ok(Plan {
            problem,
            variant,
            #[cfg(feature = "cuda")]
            kernel: None,
        })
    }

    /// The variant that runs.
    pub fn variant(&self) -> &'static str {
        self.variant.info.id
    }

    /// What it was made for.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// Scratch device memory that a launch needs, in bytes.
    pub fn workspace_bytes(&self) -> usize {
        #[cfg(feature = "cuda")]
        if let Some(kernel) = &self.kernel {
            return kernel.geometry.workspace_bytes;
        }
        0
    }

    /// Runs a request in host memory; complete when it returns.
    ///
    /// # Errors
    /// Those of [`Problem::of`]; [`Error::Memory`] if the plan was made for another problem or for a
    /// device; [`Error::Time`] if the times fail their check.
    pub fn run(&self, request: Resample<'_>) -> Result<()> {
        self.check(&request)?;
        match self.variant.exec {
            Exec::Cpu(_) if self.problem.is_empty() => Ok(()),
            Exec::Cpu(run) => run(&self.problem, request),
            #[cfg(feature = "cuda")]
            Exec::Cuda(_) => Err(Error::memory(
                "plan",
                "was made for a device: use Plan::launch",
            )),
        }
    }

    /// Whether a request is the problem that this plan was made for.
    #[inline]
    pub(crate) fn check(&self, request: &Resample<'_>) -> Result<()> {
        if Problem::of(request)? == self.problem {
            return Ok(());
        }
        Err(Error::memory(
            "plan",
            "was made for another problem (shape, strides, types or alignment)",
        ))
    }
}
