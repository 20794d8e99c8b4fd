//! Which arrays come out?

use super::scans::Scans;
use crate::memory;
use anyhow::{Result, bail};
use robocache::TensorViewMut;
use robocache::voxelize::{Dense, Grid, Options, Sparse, voxelize_dense, voxelize_sparse};
use std::str::FromStr;

/// What can be wanted of each cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reduction {
    Occupancy,
    Count,
    First,
    Sum,
    Mean,
    Max,
    Min,
}

impl Reduction {
    const ALL: [Reduction; 7] = [
        Reduction::Occupancy,
        Reduction::Count,
        Reduction::First,
        Reduction::Sum,
        Reduction::Mean,
        Reduction::Max,
        Reduction::Min,
    ];

    /// The name of its array.
    pub fn name(self) -> &'static str {
        match self {
            Reduction::Occupancy => "occupancy",
            Reduction::Count => "count",
            Reduction::First => "first",
            Reduction::Sum => "sum",
            Reduction::Mean => "mean",
            Reduction::Max => "max",
            Reduction::Min => "min",
        }
    }
}

impl FromStr for Reduction {
    type Err = String;

    fn from_str(text: &str) -> Result<Reduction, String> {
        let name = text.trim();
        let found = Reduction::ALL
            .into_iter()
            .find(|reduction| reduction.name() == name);
        found.ok_or_else(|| {
            let names = Reduction::ALL.map(Reduction::name);
            format!("expected some of {}", names.join(", "))
        })
    }
}

/// The values of cells; those that nobody asked for are not there.
pub(super) struct Filled {
    /// Of the values of a cell: `[B, X, Y, Z]` or `[M]`.
    pub shape: Vec<usize>,
    /// C.
    pub columns: usize,
    /// `[M, 4]`, of a sparse result.
    pub coords: Option<Vec<i32>>,
    pub count: Vec<i32>,
    pub occupancy: Option<Vec<u8>>,
    pub first: Option<Vec<i32>>,
    /// Sum, mean, maximum and minimum.
    pub values: Vec<(Reduction, Vec<f32>)>,
    /// Cells that have points.
    pub voxels: usize,
    /// Points that are in a cell.
    pub points: usize,
}

/// The arrays for so many cells, before they are filled.
fn room(scans: &Scans, wanted: &[Reduction], cells: usize, coords: bool) -> Result<Filled> {
    let columns = scans.columns.len();
    let of = |reduction| wanted.contains(&reduction);
    let values = [
        Reduction::Sum,
        Reduction::Mean,
        Reduction::Max,
        Reduction::Min,
    ];
    let values = values.into_iter().filter(|&reduction| of(reduction));
    let per_cell = 4 + 16 * usize::from(coords) + usize::from(of(Reduction::Occupancy));
    let per_cell = per_cell + 4 * usize::from(of(Reduction::First));
    let per_cell = per_cell + 4 * columns * values.clone().count();
    memory::ensure(
        cells as u128 * per_cell as u128 + 64 * scans.count() as u128,
        &format!("a result of {cells} cells"),
    )?;
    Ok(Filled {
        shape: vec![cells],
        columns,
        coords: coords.then(|| vec![0; 4 * cells]),
        count: vec![0; cells],
        occupancy: of(Reduction::Occupancy).then(|| vec![0; cells]),
        first: of(Reduction::First).then(|| vec![0; cells]),
        values: values
            .map(|reduction| (reduction, vec![0.0; columns * cells]))
            .collect(),
        voxels: 0,
        points: 0,
    })
}

/// A view of an array, if it is there.
fn view<'v, T: robocache::Element, const R: usize>(
    array: &'v mut Option<Vec<T>>,
    shape: [usize; R],
) -> Result<Option<TensorViewMut<'v, R>>> {
    let view = array
        .as_mut()
        .map(|array| TensorViewMut::from_slice(array, shape));
    Ok(view.transpose()?)
}

pub(super) fn dense(
    scans: &Scans,
    grid: Grid,
    wanted: &[Reduction],
    options: Options,
) -> Result<Filled> {
    let [x, y, z] = grid.shape();
    let cells = usize::try_from(grid.cells())
        .ok()
        .filter(|&cells| cells <= i32::MAX as usize);
    let Some(all) = cells.and_then(|cells| cells.checked_mul(scans.batch())) else {
        bail!(
            "the grid has {x} x {y} x {z} cells, too many for an array of all of them: \
             --sparse takes only those with points, --range and --voxel make fewer"
        );
    };
    let mut filled = room(scans, wanted, all, false)?;
    let (one, some) = (
        [scans.batch(), x, y, z],
        [scans.batch(), x, y, z, filled.columns],
    );
    let mut request = Dense::new(scans.clouds()?, grid)
        .count(TensorViewMut::from_slice(&mut filled.count, one)?)
        .options(options);
    request.occupancy = view(&mut filled.occupancy, one)?;
    request.cells.first = view(&mut filled.first, one)?;
    for (reduction, values) in &mut filled.values {
        let values = Some(TensorViewMut::from_slice(values, some)?);
        match reduction {
            Reduction::Sum => request.cells.sum = values,
            Reduction::Mean => request.cells.mean = values,
            Reduction::Max => request.cells.max = values,
            _ => request.cells.min = values,
        }
    }
    voxelize_dense(request)?;
    filled.shape = one.to_vec();
    filled.tally();
    Ok(filled)
}

pub(super) fn sparse(
    scans: &Scans,
    grid: Grid,
    wanted: &[Reduction],
    options: Options,
) -> Result<Filled> {
    // There are no more voxels than points.
    let most = scans.count();
    let mut filled = room(scans, wanted, most, true)?;
    let columns = filled.columns;
    let mut number = [0i64];
    let coords = filled.coords.get_or_insert_default();
    let mut request = Sparse::new(
        scans.clouds()?,
        grid,
        TensorViewMut::from_slice(&mut number, [1])?,
        TensorViewMut::from_slice(coords, [most, 4])?,
    )
    .count(TensorViewMut::from_slice(&mut filled.count, [most])?)
    .options(options);
    request.voxels.first = view(&mut filled.first, [most])?;
    for (reduction, values) in &mut filled.values {
        let values = Some(TensorViewMut::from_slice(values, [most, columns])?);
        match reduction {
            Reduction::Sum => request.voxels.sum = values,
            Reduction::Mean => request.voxels.mean = values,
            Reduction::Max => request.voxels.max = values,
            _ => request.voxels.min = values,
        }
    }
    voxelize_sparse(request)?;
    filled.trim(usize::try_from(number[0])?);
    filled.tally();
    Ok(filled)
}

impl Filled {
    /// Keeps so many voxels.
    fn trim(&mut self, voxels: usize) {
        self.shape = vec![voxels];
        self.count.truncate(voxels);
        if let Some(coords) = &mut self.coords {
            coords.truncate(4 * voxels);
        }
        if let Some(first) = &mut self.first {
            first.truncate(voxels);
        }
        for (_, values) in &mut self.values {
            values.truncate(self.columns * voxels);
        }
    }

    /// Counts what there is.
    fn tally(&mut self) {
        self.voxels = self.count.iter().filter(|&&count| count > 0).count();
        self.points = self.count.iter().map(|&count| count as usize).sum();
    }

    /// Cloud, x and y of each cell that has points, and how many.
    pub fn columns_of_cells(&self) -> Box<dyn Iterator<Item = ([usize; 3], i32)> + '_> {
        let filled = self
            .count
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0);
        match &self.coords {
            Some(coords) => Box::new(filled.map(|(voxel, &count)| {
                let at = |i: usize| coords[4 * voxel + i] as usize;
                ([at(0), at(1), at(2)], count)
            })),
            None => {
                let [xs, ys, zs] = [self.shape[1], self.shape[2], self.shape[3]];
                Box::new(filled.map(move |(cell, &count)| {
                    let row = cell / zs;
                    ([row / ys / xs, row / ys % xs, row % ys], count)
                }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reductions_are_named() {
        assert_eq!(" mean".parse(), Ok(Reduction::Mean));
        for reduction in Reduction::ALL {
            assert_eq!(reduction.name().parse(), Ok(reduction));
        }
        assert!("median".parse::<Reduction>().is_err());
    }
}
