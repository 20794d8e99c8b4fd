//! What is wrong with a request, by the contract alone? Each fault is told by the name that an error has for it.

use super::description::{Description, types};
use crate::operand::meet;
use robocache_core::DType;
use robocache_voxelize::{Form, Output};

const MOST: usize = i32::MAX as usize;

/// What no grid can be.
pub fn of_grid(description: &Description) -> Vec<&'static str> {
    let mut faults = Vec::new();
    let mut when = |is_wrong: bool, name| faults.extend(is_wrong.then_some(name));
    let min_is_finite = description.min.iter().all(|n| n.is_finite());
    when(!min_is_finite, "grid min");
    let is_size = |n: &f32| n.is_finite() && *n > 0.0;
    when(!description.voxel_size.iter().all(is_size), "voxel_size");
    let is_axis = |n: &usize| (1..=MOST).contains(n);
    when(!description.shape.iter().all(is_axis), "grid shape");
    when(description.cells() >= 1 << 63, "the number of cells");
    faults
}

/// What is wrong with sizes and types.
pub fn of_request(description: &Description) -> Vec<&'static str> {
    let mut faults = Vec::new();
    let mut when = |is_wrong: bool, name| faults.extend(is_wrong.then_some(name));
    let points = &description.points;
    let [count, columns] = points.layout.shape;
    let of_points = [DType::F16, DType::F32, DType::F64];
    when(columns < 3 || !of_points.contains(&points.dtype), "points");
    when(count > MOST, "the number of points");

    let wants_features = Output::ALL
        .into_iter()
        .any(|output| output.is_of_features() && description.outputs[output as usize].is_some());
    let is_sound = match &description.features {
        Some(features) => features.layout.shape[0] == count && features.dtype.is_float(),
        None => !wants_features,
    };
    when(!is_sound, "features");
    when(description.columns() > MOST, "the number of features");
    if let Some(offsets) = &description.offsets {
        let is_integer = matches!(offsets.dtype, DType::I32 | DType::I64);
        when(!is_integer || offsets.layout.shape[0] == 0, "offsets");
    }

    let (batch, cells) = (description.batch(), description.cells());
    let is_dense = description.form == Form::Dense;
    when(is_dense && cells > MOST as u128, "grid");
    let all = cells.saturating_mul(batch as u128);
    when(
        batch > MOST || all >= 1 << 63,
        "the number of cells of the batch",
    );
    let capacity = description.size_of(Output::Coords, 0);
    let gathered = description.size_of(Output::Gathered, 1);
    when(
        capacity > MOST,
        "the number of voxels that there is room for",
    );
    when(
        gathered > MOST,
        "the number of points that are gathered of each voxel",
    );
    for output in Output::ALL {
        let Some(given) = &description.outputs[output as usize] else {
            continue;
        };
        let found = &given.tensor.layout.shape[..given.rank];
        let is_shape = found == description.expected(output, capacity, gathered);
        let is_type = types(output).contains(&given.tensor.dtype);
        when(!is_shape || !is_type, output.name());
    }
    faults
}

/// The outputs that lie where something else does, too.
pub fn of_places(description: &Description) -> Vec<&'static str> {
    let inputs = [
        description.points.bytes(),
        description.features.as_ref().and_then(|of| of.bytes()),
        description.offsets.as_ref().and_then(|of| of.bytes()),
    ];
    let outputs = description.outputs.map(|given| given?.tensor.bytes());
    let mut faults = Vec::new();
    for (at, output) in Output::ALL.into_iter().enumerate() {
        let others = outputs.iter().enumerate().filter(|&(other, _)| other != at);
        let mut others = others.map(|(_, bytes)| bytes).chain(&inputs);
        if others.any(|&other| meet(outputs[at], other)) {
            faults.push(output.name());
        }
    }
    faults
}
