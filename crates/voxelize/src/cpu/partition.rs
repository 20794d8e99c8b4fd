//! On all threads: points are spread over ranges of cells, and what becomes of a range is one thread's business. Of a
//! dense result see `tiles.rs`; voxels of a sparse one are found first, and written in pieces.

use super::feature::{Features, features};
use super::locate::locator;
use super::output::{Cells as Results, Indices, Values, halves};
use super::sorted::{Cells, Run};
use super::spread::MOST_CELLS;
use super::tiles;
use super::totals::Totals;
use crate::request::Request;
use crate::{Clouds, Determinism, Grid, Order, Output, Problem, Sparse, Variant};
use robocache_core::{HostTensorMut, Refusal, Result, parallel};
use robocache_kernels::generated::VOXELIZE_PARTITION_CPU;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

inventory::submit! {
    Variant {
        info: &VOXELIZE_PARTITION_CPU,
        supports,
        rank: |_, _| 2,
        run,
    }
}

fn supports(problem: &Problem, _: &robocache_registry::DeviceCaps) -> Result<(), Refusal> {
    match problem.cells() <= MOST_CELLS {
        true => Ok(()),
        false => Err(Refusal::because("takes batches of up to 2^44 cells")),
    }
}

fn run(problem: &Problem, request: Request<'_>) -> Result<()> {
    match request {
        Request::Dense(request) => tiles::dense(problem, request),
        Request::Sparse(request) => sparse(problem, request),
    }
}

/// What is read.
struct Read<'a> {
    cells: Cells,
    features: Option<Box<dyn Features + 'a>>,
    /// Before the first point; nothing if none are wanted.
    totals: Option<Totals>,
    grid: Grid,
}

/// The features of a problem that wants some.
pub(crate) fn wanted_features<'a>(
    problem: &Problem,
    clouds: &Clouds<'a>,
) -> Result<Option<Box<dyn Features + 'a>>> {
    let wanted = clouds
        .features
        .as_ref()
        .filter(|_| problem.wants_features());
    wanted.map(features).transpose()
}

/// The features whose largest magnitudes are of interest.
pub(crate) fn measured_features<'f>(
    problem: &Problem,
    features: Option<&'f dyn Features>,
) -> Option<&'f dyn Features> {
    let sums = problem.wants(Output::Sum) || problem.wants(Output::Mean);
    let fixed = problem.determinism == Determinism::CpuEqualsGpu;
    features.filter(|_| sums && fixed)
}

impl<'a> Read<'a> {
    fn new(problem: &Problem, clouds: &Clouds<'a>, grid: Grid) -> Result<Read<'a>> {
        let features = wanted_features(problem, clouds)?;
        let locator = locator(clouds, grid, problem.outside)?;
        let measured = measured_features(problem, features.as_deref());
        let cells = Cells::of(&*locator, measured, problem.points, problem.cells());
        let totals = problem.wants_totals();
        let totals = totals.then(|| Totals::new(problem, &cells.largest, 1));
        Ok(Read {
            cells,
            features,
            totals,
            grid,
        })
    }

    /// The totals of a cell, in memory of the caller's.
    fn total<'t>(&self, run: &Run, totals: &'t mut Option<Totals>) -> Option<&'t Totals> {
        let (totals, features) = (totals.as_mut()?, self.features.as_ref()?);
        features.total(self.cells.points(run), totals);
        Some(totals)
    }

    /// Asks for the first points of a voxel, which are to be read soon.
    fn fetch(&self, run: Option<&Run>) {
        /// Most voxels have no more.
        const FIRST: usize = 4;
        if let (Some(features), Some(run)) = (&self.features, run) {
            for &point in self.cells.points(run).iter().take(FIRST) {
                features.fetch(point as usize);
            }
        }
    }
}

/// Neighbouring places for voxels.
struct Places<'o> {
    first: usize,
    coords: HostTensorMut<'o, i32, 2>,
    voxels: Results<'o, 1, 2>,
    gathered: Option<Values<'o, 3>>,
}

impl<'o> Places<'o> {
    fn split_at(self, middle: usize) -> (Places<'o>, Places<'o>) {
        let (low_coords, high_coords) = self.coords.split_at(0, middle);
        let (low_voxels, high_voxels) = self.voxels.split_at(0, middle);
        let (low_gathered, high_gathered) = halves(self.gathered, |all| all.split_at(0, middle));
        let low = Places {
            first: self.first,
            coords: low_coords,
            voxels: low_voxels,
            gathered: low_gathered,
        };
        let high = Places {
            first: self.first + middle,
            coords: high_coords,
            voxels: high_voxels,
            gathered: high_gathered,
        };
        (low, high)
    }

    #[allow(clippy::result_large_err)] // No error: the places themselves.
    fn halved(self) -> Result<(Places<'o>, Places<'o>), Places<'o>> {
        /// Fewer are not worth a piece of their own.
        const ENOUGH: usize = 256;
        match self.coords.shape()[0] {
            count if count > ENOUGH => Ok(self.split_at(count / 2)),
            _ => Err(self),
        }
    }

    /// Writes the voxels, what is left without one, and which voxel each point is in.
    fn write(self, read: &Read<'_>, empty: f64, voxel_of: &[AtomicU32]) {
        let runs = read.cells.runs();
        let count = self.coords.shape()[0];
        let filled = runs.len().saturating_sub(self.first).min(count);
        let (mut places, mut rest) = self.split_at(filled);
        rest.clear(empty);
        let mut totals = read.totals.clone();
        let these = runs.iter().skip(places.first).take(filled);
        for (place, run) in these.enumerate() {
            let cells = read.grid.cells();
            let [x, y, z] = read.grid.cell(run.key % cells);
            for (axis, at) in [(run.key / cells) as usize, x, y, z]
                .into_iter()
                .enumerate()
            {
                places.coords.set([place, axis], at as i32);
            }
            read.fetch(runs.get(places.first + place + AHEAD));
            let points = read.cells.points(run);
            let (count, first) = (points.len(), points[0] as u32);
            places
                .voxels
                .write([place], count, first, read.total(run, &mut totals));
            if !voxel_of.is_empty() {
                for &point in points {
                    voxel_of[point as usize].store((places.first + place) as u32, Relaxed);
                }
            }
            if let (Some(gathered), Some(features)) = (&mut places.gathered, &read.features) {
                gather(gathered, place, points, &**features);
            }
        }
    }

    fn clear(&mut self, empty: f64) {
        self.coords.fill(-1);
        self.voxels.clear(empty);
        if let Some(gathered) = &mut self.gathered {
            gathered.fill(0.0);
        }
    }
}

/// So many voxels are asked for ahead: their points lie anywhere.
const AHEAD: usize = 12;

/// Writes the features of a voxel's first points, then zeros.
fn gather(to: &mut Values<'_, 3>, place: usize, points: &[u64], features: &dyn Features) {
    for row in 0..to.shape()[1] {
        match points.get(row) {
            Some(&point) => to.set_row([place, row, 0], |column| {
                f64::from(features.at(point as usize, column))
            }),
            None => to.set_row([place, row, 0], |_| 0.0),
        }
    }
}

/// No voxel.
const NONE: u32 = u32::MAX;

fn sparse(problem: &Problem, request: Sparse<'_>) -> Result<()> {
    let mut read = Read::new(problem, &request.clouds, request.grid)?;
    if request.order == Order::FirstPoint {
        read.cells.order_by_first_point(problem.points);
    }
    let mut number = HostTensorMut::<i64, 1>::new(request.number)?;
    number.set([0], read.cells.runs().len() as i64);
    let mapped = match &request.point_to_voxel {
        Some(_) => problem.points,
        None => 0,
    };
    let voxel_of: Vec<_> = (0..mapped).map(|_| AtomicU32::new(NONE)).collect();
    let all = Places {
        first: 0,
        coords: HostTensorMut::new(request.coords)?,
        voxels: Results::new(request.voxels)?,
        gathered: request.gathered.map(Values::new).transpose()?,
    };
    let empty = request.options.empty;
    parallel::for_each(all, problem.bytes(), Places::halved, |places| {
        places.write(&read, empty, &voxel_of);
    });
    if let Some(map) = request.point_to_voxel {
        let mut map = Indices::new(map)?;
        for (point, voxel) in voxel_of.into_iter().map(AtomicU32::into_inner).enumerate() {
            let voxel = if voxel == NONE { -1 } else { i64::from(voxel) };
            map.set([point], voxel);
        }
    }
    Ok(())
}
