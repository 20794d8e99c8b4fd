//! What must hold of a problem's launches on a device?

use super::description::Description;
use crate::devices::devices;
use robocache_registry::{CudaCaps, Descriptor, DeviceCaps};
use robocache_voxelize::testing::{Launches, launches};
use robocache_voxelize::{Form, Output, Problem, Variant, dispatcher};

/// Plans for every device, with every variant that takes the problem.
pub fn check(description: &Description, problem: &Problem) {
    for caps in devices() {
        let DeviceCaps::Cuda(cuda) = caps else {
            continue;
        };
        let mut takers = Vec::new();
        for (variant, refusal) in dispatcher().survey(problem, caps) {
            if refusal.is_err() {
                continue;
            }
            variant.rank(problem, caps);
            let launches = launches(variant, problem, cuda).expect("a variant for CUDA");
            fits(problem, cuda, &launches, variant);
            suits(description, variant);
            takers.push(variant.info.id);
        }
        match dispatcher().choose(problem, caps, None) {
            Ok(chosen) => assert!(
                takers.contains(&chosen.info.id),
                "{} was refused",
                chosen.info.id
            ),
            Err(error) => assert!(takers.is_empty(), "{takers:?} take it, but {error}"),
        }
    }
}

/// Whether the launches are such that the device can do, of kernels that there are.
fn fits(problem: &Problem, cuda: &CudaCaps, launches: &Launches, variant: &Variant) {
    let id = variant.info.id;
    let entry = variant.info.entry(problem.point_dtype);
    let entry = entry.unwrap_or_else(|| panic!("{id} takes {} without", problem.point_dtype));
    // What is written at the end of one cannot be known before the beginning of the other.
    assert!(launches.steps.len() > 1, "{id}: {launches:?}");
    for step in &launches.steps {
        assert!(entry.stage(step.stage).is_some(), "{id}: {step:?}");
        assert!(
            (1..=i32::MAX as u32).contains(&step.blocks),
            "{id}: {step:?}"
        );
        assert!(
            step.threads.is_multiple_of(32) && (32..=1024).contains(&step.threads),
            "{id}: {step:?}"
        );
        assert!(
            step.shared_bytes <= cuda.shared_per_block_optin,
            "{id}: {step:?}"
        );
    }
    // A number of bytes that somebody can be asked for, not one that stuck at the end of its type.
    assert!(
        launches.workspace_bytes <= isize::MAX as usize,
        "{id}: {launches:?} for {problem:?}"
    );
}

/// Whether a variant takes only what its kernels can do. Of those not named here nothing is known.
fn suits(description: &Description, variant: &Variant) {
    let id = variant.info.id;
    let dense = [
        "voxelize.direct.sm80",
        "voxelize.owners.sm80",
        "voxelize.tiles.sm90",
        "voxelize.totals.sm80",
    ];
    if !dense.contains(&id) {
        return;
    }
    assert_eq!(description.form, Form::Dense, "{id}");
    if ["voxelize.owners.sm80", "voxelize.totals.sm80"].contains(&id) {
        return;
    }
    for output in Output::ALL {
        let Some(given) = &description.outputs[output as usize] else {
            continue;
        };
        let is_made = matches!(output, Output::Count | Output::Occupancy | Output::First);
        assert!(is_made, "{id} makes {output:?}");
        // Cells follow each other from the first to the last.
        let layout = &given.tensor.layout;
        let mut step = 1;
        for (&n, &stride) in layout.shape.iter().zip(&layout.strides).rev() {
            assert!(n <= 1 || stride as i128 == step, "{id}: {given:?}");
            step *= n as i128;
        }
    }
    if id == "voxelize.tiles.sm90" {
        let points = &description.points;
        let [row, column] = points.layout.strides;
        assert!(column == 1 && (3..=8).contains(&row), "{points:?}");
        assert_eq!(points.first % 16, 0, "{points:?}");
        assert!(description.offsets.is_none(), "{id} takes one cloud");
        assert!(description.outputs[Output::First as usize].is_none());
    }
}
