//! A choice, kept: the variant, its launches and its loaded kernels.

use crate::request::{Request, Voxelization};
use crate::variant::Exec;
use crate::{Problem, Variant, dispatcher, on_host};
use robocache_core::{Error, Result};
use robocache_registry::DeviceCaps;

/// A variant chosen for a problem, ready to run it again and again with other memory.
pub struct Plan {
    pub(crate) problem: Problem,
    pub(crate) variant: &'static Variant,
    #[cfg(feature = "cuda")]
    pub(crate) kernels: Option<crate::cuda::Prepared>,
}

impl Plan {
    /// A plan for host memory.
    ///
    /// # Errors
    /// Those of [`voxelize_dense`](crate::voxelize_dense).
    pub fn new_cpu<'a>(request: &mut impl Voxelization<'a>) -> Result<Plan> {
        let request = request.again();
        let problem = on_host(&request)?;
        let variant = request.options().variant;
        Ok(Plan {
            problem,
            variant: dispatcher().choose(&problem, DeviceCaps::cpu(), variant)?,
            #[cfg(feature = "cuda")]
            kernels: None,
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
        if let Some(kernels) = &self.kernels {
            return kernels.pipeline.room.bytes;
        }
        0
    }

    /// Runs a request in host memory; complete when it returns.
    ///
    /// # Errors
    /// Those of [`voxelize_dense`](crate::voxelize_dense); [`Error::Memory`] if the plan was made for another problem
    /// or for a device.
    pub fn run<'a>(&self, request: impl Voxelization<'a>) -> Result<()> {
        let request = request.into_request();
        self.check(&request)?;
        match self.variant.exec {
            Exec::Cpu(run) => run(&self.problem, request),
            #[cfg(feature = "cuda")]
            Exec::Cuda(_) => Err(Error::memory(
                "plan",
                "was made for a device: use Plan::launch",
            )),
        }
    }

    /// Whether a request is the problem that this plan was made for.
    pub(crate) fn check(&self, request: &Request<'_>) -> Result<()> {
        if Problem::of(request)? == self.problem {
            return Ok(());
        }
        Err(Error::memory(
            "plan",
            "was made for another problem (shape, strides, types or alignment)",
        ))
    }
}
