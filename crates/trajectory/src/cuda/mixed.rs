//! `trajectory.mixed.sm90`: any kinds and casts, samples by the copy engine; see kernels/trajectory/mixed.cu.

use super::Geometry;
use super::stage::{self, Samples, Shape, samples_per_target};
use crate::runs::Rule;
use crate::variant::Exec;
use crate::{Problem, Variant};
use robocache_core::{DType, Refusal, Result};
use robocache_kernels::generated::TRAJECTORY_MIXED_SM90;
use robocache_registry::{CudaCaps, DeviceCaps};

inventory::submit! {
    Variant {
        info: &TRAJECTORY_MIXED_SM90,
        supports,
        rank,
        exec: Exec::Cuda(geometry),
    }
}

fn supports(problem: &Problem, caps: &DeviceCaps) -> Result<(), Refusal> {
    stage::supports(problem, caps, table_bytes, Samples::Staged)
}

/// Behind those that take one kind only; where targets lie far apart, ahead of the generic variant alone.
fn rank(problem: &Problem, _: &DeviceCaps) -> u32 {
    if samples_per_target(problem) > 16 {
        2
    } else {
        12
    }
}

/// What `Tables` in the kernel holds.
fn table_bytes(problem: &Problem, targets: usize) -> usize {
    let kinds = &problem.kinds;
    let double = problem.in_dtype == DType::F64;
    let (number, mix) = if double { (8, 16) } else { (4, 8) };
    let row = problem.columns.saturating_mul(problem.out_dtype.size());
    let hold = |rule: Rule| usize::from(kinds.any(|other| other == rule));
    let sorts = usize::from(kinds.any(|rule| !rule.is_hold()))
        + [Rule::Previous, Rule::Next, Rule::Nearest]
            .map(hold)
            .iter()
            .sum::<usize>();
    let ratios = if kinds.any(Rule::is_hermite) {
        4 * number
    } else {
        0
    };
    [
        targets.saturating_mul(sorts * mix),
        targets.saturating_mul(ratios),
        targets.saturating_mul(number),
        row.saturating_mul(targets).saturating_add(16),
    ]
    .into_iter()
    .fold(0, |sum: usize, bytes| {
        sum.saturating_add(bytes.saturating_add(15) / 16 * 16)
    })
}

fn geometry(problem: &Problem, caps: &CudaCaps) -> Geometry {
    Shape::of(problem, caps, table_bytes, Samples::Staged).geometry(problem)
}
