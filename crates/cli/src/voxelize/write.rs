//! How do the arrays become a file?

use super::fill::Filled;
use anyhow::Result;
use robocache::voxelize::Grid;
use robocache_io::npy::{ArrayRef, write_npz};
use std::path::Path;

pub(super) fn write(path: &Path, grid: Grid, filled: &Filled) -> Result<()> {
    let (min, size) = (grid.min(), grid.voxel_size());
    let cells = grid.shape().map(|n| n as i64);
    let one = &filled.shape;
    let some: Vec<usize> = one.iter().copied().chain([filled.columns]).collect();
    let quadruples = [filled.count.len(), 4];
    let mut arrays = Vec::new();
    if let Some(coords) = &filled.coords {
        arrays.push(("coords", ArrayRef::new(&quadruples, &coords[..])));
    }
    arrays.push(("count", ArrayRef::new(one, &filled.count[..])));
    if let Some(occupancy) = &filled.occupancy {
        arrays.push(("occupancy", ArrayRef::new(one, &occupancy[..])));
    }
    if let Some(first) = &filled.first {
        arrays.push(("first", ArrayRef::new(one, &first[..])));
    }
    for (reduction, values) in &filled.values {
        arrays.push((reduction.name(), ArrayRef::new(&some, &values[..])));
    }
    arrays.push(("grid_min", ArrayRef::new(&[3], &min[..])));
    arrays.push(("voxel_size", ArrayRef::new(&[3], &size[..])));
    arrays.push(("shape", ArrayRef::new(&[3], &cells[..])));
    write_npz(path, &arrays)?;
    Ok(())
}
