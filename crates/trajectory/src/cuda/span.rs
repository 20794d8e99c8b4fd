//! `trajectory.span.sm90`: few columns, samples by the copy engine; see kernels/trajectory/span.cu.

use super::stage::{self, Shape, row_bytes, targets_are_sparse};
use super::{Geometry, needs_flat_values};
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
    needs_flat_values(problem)?;
    stage::supports(problem, caps, table_bytes)
}

/// Ahead of the others, but where most of what is copied would be of no use.
fn rank(problem: &Problem, _: &DeviceCaps) -> u32 {
    if targets_are_sparse(problem) { 3 } else { 40 }
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
