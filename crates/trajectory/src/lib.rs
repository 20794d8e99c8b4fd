//! Resampling of batched time series: samples with their times onto other times.
//!
//! | module | question it answers |
//! |---|---|
//! | [`kinds`] | which kind of interpolation does each column have? |
//! | [`runs`] | what is that to a kernel? |
//! | [`options`] | what else is asked for: extrapolation, tolerance? |
//! | [`request`] | which memory takes part in a call? |
//! | `validate` | is the request sound? |
//! | [`problem`] | what is it without its pointers? |
//! | [`variant`] | which variants are there, and which one runs? |
//! | `tune` | how are the variants measured on the caller's memory? |
//! | [`plan`] | how is a choice kept for calls that repeat? |
//! | `check` | are the source times what they should be? |
//! | `cpu` | how does a CPU do it? The readable reference is `cpu/scalar.rs`. |
//! | `cuda` | how is a kernel launched? |
//! | `workload` | which problems are timed, and how? |
//! | `operation` | how does this operation appear in the operation table? |
//! | `testing` | how are problems drawn, run and judged? (feature `testing`) |
#![doc = include_str!("../README.md")]

mod check;
mod cpu;
#[cfg(feature = "cuda")]
mod cuda;
pub mod kinds;
mod operation;
pub mod options;
pub mod plan;
pub mod problem;
pub mod request;
pub mod runs;
mod self_test;
#[cfg(feature = "testing")]
pub mod testing;
mod tune;
mod validate;
pub mod variant;
mod workload;

pub use kinds::{Kind, Kinds, Quaternion, Span, Spans};
pub use options::{Extrapolation, Invalid, Options};
pub use plan::Plan;
pub use problem::{AxisForm, Problem, RowsForm};
pub use request::Resample;
pub use runs::Runs;
pub use tune::tune;
#[cfg(feature = "cuda")]
pub use tune::tune_on;
pub use variant::{Variant, dispatcher};

use robocache_core::Result;

/// Resamples host memory on the CPU, on all threads; complete when it returns.
///
/// # Errors
/// Every [`Error`](robocache_core::Error) that bad input can cause, each naming the argument; among
/// them [`Error::Time`](robocache_core::Error::Time) for unsorted source times, unless
/// [`Options::check`] is off.
pub fn resample(mut request: Resample<'_>) -> Result<()> {
    tune::before_cpu(&mut request)?;
    Plan::new_cpu(&request)?.run(request)
}

/// Enqueues a resampling of device memory on a stream and returns at once.
///
/// `status`, where given, is the word in which a kernel leaves the first fault of the source times, or the
/// first target outside; reading it is the caller's business.
///
/// # Errors
/// As [`resample`], except that times are not checked here; [`Error::Memory`](robocache_core::Error::Memory)
/// for [`Extrapolation::Error`] without a status word;
/// [`Error::NotPrepared`](robocache_core::Error::NotPrepared) if the kernel is not loaded and the
/// stream is being captured: see [`Plan::new_cuda`].
#[cfg(feature = "cuda")]
pub fn enqueue(
    request: Resample<'_>,
    stream: &robocache_cuda::Stream,
    status: Option<&robocache_cuda::StatusWord>,
) -> Result<()> {
    cuda::enqueue(request, stream, status)
}
