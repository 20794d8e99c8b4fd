//! `trajectory.span.sm90`: few columns, samples by the copy engine; see kernels/trajectory/span.cu.

use super::stage::{self, Samples, Shape, row_bytes, samples_per_target};
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
    stage::supports(problem, caps, table_bytes, samples(problem))
}

/// Ahead of the others, but where the times between targets are more than their samples.
fn rank(problem: &Problem, _: &DeviceCaps) -> u32 {
    if samples_per_target(problem) > 100 {
        3
    } else {
        40
    }
}

/// Samples that are next to no target need not come along.
fn samples(problem: &Problem) -> Samples {
    match samples_per_target(problem) >= 7 {
        true => Samples::InPlace,
        false => Samples::Staged,
    }
}

/// A mix for each target, a row of fill values and one of NaN, and of narrow ones all rows.
fn table_bytes(problem: &Problem, targets: usize) -> usize {
    let mix = if problem.in_dtype == DType::F64 {
        16
    } else {
        8
    };
    let row = row_bytes(problem);
    let bytes = (targets * mix).saturating_add(row.saturating_mul(2));
    if is_narrow(row) && samples(problem) == Samples::Staged {
        bytes.next_multiple_of(16) + targets * row + 16
    } else {
        bytes
    }
}

/// As in the kernel.
fn is_narrow(row: usize) -> bool {
    row <= 64 && !row.is_multiple_of(16)
}

fn geometry(problem: &Problem, caps: &CudaCaps) -> Geometry {
    Shape::of(problem, caps, table_bytes, samples(problem)).geometry(problem)
}
