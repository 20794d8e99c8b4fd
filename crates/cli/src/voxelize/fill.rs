//! Which arrays come out, on whichever device?

use super::dense;
use super::reductions::Reduction;
use super::scans::Scans;
use crate::console::duration;
use crate::device::Device;
use crate::memory;
use anyhow::Result;
use robocache::voxelize::{Collect, Grid, Options, Voxels, collect};
use std::time::Instant;

/// Scans, and what is wanted of them.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub scans: &'a Scans,
    pub grid: Grid,
    pub wanted: &'a [Reduction],
    /// Only cells that have points.
    pub sparse: bool,
    pub options: Options,
}

/// The values of cells; those that nobody asked for are not there.
#[derive(Debug, Default, PartialEq)]
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

impl Job<'_> {
    /// The cells of all scans, if they are few enough for arrays of all of them.
    pub fn cells(&self) -> Option<usize> {
        let cells = usize::try_from(self.grid.cells()).ok();
        let cells = cells.filter(|&cells| cells <= i32::MAX as usize);
        cells.and_then(|cells| cells.checked_mul(self.scans.batch()))
    }

    /// The most cells that values are made for.
    fn most(&self) -> usize {
        let all = self.cells();
        match self.sparse {
            // There are no more voxels than points.
            true => all.map_or(self.scans.count(), |all| all.min(self.scans.count())),
            false => all.unwrap_or(usize::MAX),
        }
    }

    /// Bytes of what is made for a cell.
    fn per_cell(&self, coords: bool) -> usize {
        let columns = self.scans.columns.len();
        let size = |&reduction: &Reduction| match reduction {
            Reduction::Occupancy => 1,
            // It is always made.
            Reduction::Count => 0,
            Reduction::First => 4,
            _ => 4 * columns,
        };
        4 + 16 * usize::from(coords) + self.wanted.iter().map(size).sum::<usize>()
    }

    /// Bytes that are read and written at most.
    pub fn traffic(&self) -> u128 {
        let written = self.most() as u128 * self.per_cell(self.sparse) as u128;
        self.scans.bytes() as u128 + written
    }

    /// Makes sure that values of so many cells fit.
    pub fn ensure(&self, cells: usize, coords: bool) -> Result<()> {
        memory::ensure(
            cells as u128 * self.per_cell(coords) as u128 + 64 * self.scans.count() as u128,
            &format!("a result of {cells} cells"),
        )
    }

    /// Does it.
    ///
    /// # Errors
    /// What the library reports, or too little memory.
    pub fn run(&self, device: &Device) -> Result<Filled> {
        let start = Instant::now();
        let mut filled = match self.sparse {
            true => self.sparse(device)?,
            false => dense::fill(self, device)?,
        };
        let took = start.elapsed().as_secs_f64() * 1e6;
        filled.tally();
        tracing::info!(
            device = %device.name(),
            points = self.scans.count(),
            voxels = filled.voxels,
            "voxelized in {}",
            duration(took)
        );
        Ok(filled)
    }

    fn sparse(&self, device: &Device) -> Result<Filled> {
        self.ensure(self.most(), true)?;
        let voxels = match device {
            Device::Cpu => collect(self.request(self.scans.clouds()?))?,
            #[cfg(feature = "cuda")]
            Device::Cuda(gpu) => crate::device::on_gpu(self.sparse_on_gpu(&gpu.stream))?,
        };
        Ok(Filled::of(voxels, self.scans.columns.len()))
    }

    #[cfg(feature = "cuda")]
    fn sparse_on_gpu(
        &self,
        stream: &std::sync::Arc<robocache::cuda::Stream>,
    ) -> robocache::Result<Voxels> {
        let uploaded = self.scans.upload(stream)?;
        let clouds = uploaded.clouds(self.scans)?;
        robocache::voxelize::collect_on(self.request(clouds), stream)?.download(stream)
    }

    fn request<'c>(&self, clouds: robocache::voxelize::Clouds<'c>) -> Collect<'c> {
        let mut request = Collect::new(clouds, self.grid)
            .count()
            .options(self.options);
        for reduction in self.wanted {
            match reduction {
                Reduction::Occupancy | Reduction::Count => {}
                Reduction::First => request.first = true,
                Reduction::Sum => request.sum = true,
                Reduction::Mean => request.mean = true,
                Reduction::Max => request.max = true,
                Reduction::Min => request.min = true,
            }
        }
        request
    }
}

impl Filled {
    fn of(voxels: Voxels, columns: usize) -> Filled {
        let values = [
            (Reduction::Sum, voxels.sum),
            (Reduction::Mean, voxels.mean),
            (Reduction::Max, voxels.max),
            (Reduction::Min, voxels.min),
        ];
        let values = values.into_iter();
        Filled {
            shape: vec![voxels.coords.shape[0]],
            columns,
            coords: Some(voxels.coords.values),
            count: voxels.count.map_or_else(Vec::new, |array| array.values),
            first: voxels.first.map(|array| array.values),
            values: values
                .filter_map(|(reduction, array)| Some((reduction, array?.values)))
                .collect(),
            ..Filled::default()
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
