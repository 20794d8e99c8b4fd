//! Voxelization of point clouds: every point into a cell of a grid, and what is wanted of each cell.
//!
//! | module | question it answers |
//! |---|---|
//! | [`grid`] | where are the cells, and how many? |
//! | [`options`] | what else is asked for: points outside, determinism, order? |
//! | [`request`] | which memory takes part in a call? |
//! | `validate` | is the request sound? |
//! | [`problem`] | what is it without its pointers? |
//! | [`variant`] | which variants are there, and which one runs? |
//! | [`plan`] | how is a choice kept for many calls? |
//! | `collect` | what if nobody knows how many voxels there are? |
//! | `tune` | how are the variants measured on the caller's memory? |
//! | `cpu` | how does a CPU do it? The readable reference is `cpu/scalar.rs`. |
//! | `cuda` | how does a CUDA device do it? (feature `cuda`) |
//! | `workload` | which problems are timed, and how? |
//! | `operation` | how does this operation appear in the operation table? |
//! | `testing` | how are problems drawn, run and judged? (feature `testing`) |
#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]

mod collect;
mod cpu;
#[cfg(feature = "cuda")]
#[allow(unsafe_code)] // Launches: kernels get addresses.
mod cuda;
pub mod grid;
mod operation;
pub mod options;
pub mod plan;
pub mod problem;
pub mod request;
mod self_test;
#[cfg(feature = "testing")]
pub mod testing;
mod tune;
mod validate;
pub mod variant;
mod workload;

pub use collect::{Array, Collect, Host, Memory, Voxels, collect};
#[cfg(feature = "cuda")]
pub use collect::{OnDevice, collect_on};
#[cfg(feature = "cuda")]
pub use cuda::enqueue;
pub use grid::Grid;
pub use options::{Determinism, Options, Order, Outside};
pub use plan::Plan;
pub use problem::{Form, Output, Problem};
pub use request::{Clouds, Dense, Reductions, Sparse, Voxelization};
pub use tune::tune;
#[cfg(feature = "cuda")]
pub use tune::tune_on;
pub use variant::{Variant, dispatcher};

use request::Request;
use robocache_core::{Error, Place, Result};
use robocache_registry::DeviceCaps;
use variant::Exec;

/// Voxelizes clouds in host memory on the CPU into every cell of a grid, on all threads; complete when it returns.
///
/// # Errors
/// Every [`Error`] that bad input can cause, each naming the argument; among them [`Error::Range`] for offsets that
/// descend or leave the points.
pub fn voxelize_dense(request: Dense<'_>) -> Result<()> {
    on_cpu(Request::Dense(request))
}

/// Voxelizes clouds in host memory on the CPU into the cells that have points, on all threads; complete when it
/// returns.
///
/// # Errors
/// As [`voxelize_dense`].
pub fn voxelize_sparse(request: Sparse<'_>) -> Result<()> {
    on_cpu(Request::Sparse(request))
}

fn on_cpu(mut request: Request<'_>) -> Result<()> {
    let problem = on_host(&request)?;
    tune::before_cpu(&problem, &mut request)?;
    let variant = request.options().variant;
    let variant = dispatcher().choose(&problem, DeviceCaps::cpu(), variant)?;
    match variant.exec {
        Exec::Cpu(run) => run(&problem, request),
        #[cfg(feature = "cuda")]
        Exec::Cuda(_) => Err(Error::memory("points", "lie in host memory")),
    }
}

/// The problem of a request in host memory.
fn on_host(request: &Request<'_>) -> Result<Problem> {
    let problem = Problem::of(request)?;
    match problem.place {
        Place::Host => Ok(problem),
        place => Err(Error::memory(
            "points",
            format!("lie in {place}, not in host memory"),
        )),
    }
}
