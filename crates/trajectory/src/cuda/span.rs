//! `trajectory.span.sm90`: few columns, samples by the copy engine; see kernels/trajectory/span.cu.

use super::stage::{Shape, needs_short_rows, row_bytes, samples_per_row};
use super::{Geometry, fits_grid, needs_flat_samples, needs_flat_values};
use crate::variant::{Exec, needs_plain_rows};
use crate::{Problem, Variant};
use robocache_core::{DType, Refusal, Result};
use robocache_kernels::generated::TRAJECTORY_SPAN_SM90;
use robocache_registry::{CudaCaps, DeviceCaps};

inventory::submit! {
    Variant {
        info: &TRAJECTORY_SPAN_SM90,
        supports,
        rank,
        exec: Exec::Cuda(geometry),
    }
}

fn supports(problem: &Problem, caps: &DeviceCaps) -> Result<(), Refusal> {
    needs_plain_rows(problem)?;
    needs_flat_samples(problem)?;
    needs_flat_values(problem)?;
    needs_short_rows(problem)?;
    let DeviceCaps::Cuda(cuda) = caps else {
        return Err(Refusal::because("runs on CUDA devices"));
    };
    let shape = Shape::of(problem, cuda, table_bytes);
    shape.needs_room(problem, cuda)?;
    fits_grid(problem, shape.tile)
}

/// Ahead of the others but where targets lie far apart, so that most of what is copied is of no use.
fn rank(problem: &Problem, _: &DeviceCaps) -> u32 {
    if samples_per_row(problem) <= 16 * problem.targets {
        40
    } else {
        3
    }
}

/// A mix for each target, a row of fill values and one of NaN.
fn table_bytes(problem: &Problem, targets: usize) -> usize {
    let mix = if problem.in_dtype == DType::F64 {
        16
    } else {
        8
    };
    (targets * mix).saturating_add(row_bytes(problem).saturating_mul(2))
}

fn geometry(problem: &Problem, caps: &CudaCaps) -> Geometry {
    Shape::of(problem, caps, table_bytes).geometry(problem)
}
