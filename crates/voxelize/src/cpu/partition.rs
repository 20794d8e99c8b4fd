//! On all threads: points are spread over ranges of cells, and what becomes of a range is one thread's business. Of a
//! dense result see `tiles.rs`; the voxels of a sparse one are found first, and then are tiles, too.

use super::feature::{Features, features};
use super::locate::locator;
use super::output::{Indices, Value};
use super::sheet::{Elements, Part, Sheets};
use super::sorted::{Cells, Run};
use super::spread::MOST_CELLS;
use super::tiles;
use super::totals::Totals;
use crate::request::Request;
use crate::variant::Exec;
use crate::{Clouds, Determinism, Grid, Order, Output, Problem, Sparse, Variant};
use robocache_core::{HostTensorMut, Refusal, Result, parallel};
use robocache_kernels::generated::VOXELIZE_PARTITION_CPU;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

inventory::submit! {
    Variant {
        info: &VOXELIZE_PARTITION_CPU,
        supports,
        rank: |_, _| 2,
        exec: Exec::Cpu(run),
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

/// Voxels that are written together: their totals stay in the nearest cache.
const TILE: usize = 256;

/// What the pieces of a sparse result share.
struct Work<'a> {
    cells: Cells,
    features: Option<Box<dyn Features + 'a>>,
    /// Of a tile, before the first point; nothing if none are wanted.
    totals: Option<Totals>,
    grid: Grid,
    /// The voxel of each point, if it is wanted.
    voxel_of: Vec<AtomicU32>,
}

/// Neighbouring places for voxels, and the parts of the outputs that are theirs.
struct Places<'o> {
    first: usize,
    count: usize,
    parts: Vec<Part<'o>>,
}

impl<'o> Places<'o> {
    fn halved(self) -> Result<(Places<'o>, Places<'o>), Places<'o>> {
        let middle = self.count / TILE / 2 * TILE;
        if middle == 0 {
            return Err(self);
        }
        let parts = self.parts.into_iter().map(|part| part.split_at(middle));
        let (low, high) = parts.unzip();
        let places = |first, count, parts| Places {
            first,
            count,
            parts,
        };
        Ok((
            places(self.first, middle, low),
            places(self.first + middle, self.count - middle, high),
        ))
    }

    fn write(mut self, work: &Work<'_>) {
        let mut totals = work.totals.clone();
        let (mut items, mut counts) = (Vec::new(), [0; TILE]);
        for begin in (0..self.count).step_by(TILE) {
            let tile = begin..self.count.min(begin + TILE);
            let runs = work.cells.runs();
            let of_place = |place: usize| (self.first + place).min(runs.len());
            let runs = &runs[of_place(tile.start)..of_place(tile.end)];
            let counts = &mut counts[..tile.len()];
            counts.fill(0);
            items.clear();
            for (cell, (run, count)) in runs.iter().zip(&mut *counts).enumerate() {
                *count = run.count as i32;
                let points = work.cells.points(run).iter();
                items.extend(points.map(|point| (cell as u64) << 32 | point));
            }
            if let (Some(totals), Some(features)) = (&mut totals, &work.features) {
                totals.clear();
                features.add(&items, totals);
            }
            if !work.voxel_of.is_empty() {
                for item in &items {
                    let voxel = self.first + begin + (item >> 32) as usize;
                    work.voxel_of[*item as u32 as usize].store(voxel as u32, Relaxed);
                }
            }
            for part in &mut self.parts {
                match (part.output, &work.features) {
                    (Output::Coords, _) => part.locate(tile.clone(), runs, work.grid),
                    (Output::Gathered, Some(features)) => {
                        part.gather(tile.clone(), runs, &work.cells, &**features);
                    }
                    _ => part.fill(tile.clone(), &items, counts, totals.as_ref()),
                }
            }
        }
    }
}

impl Part<'_> {
    /// Writes cloud, x, y and z of some voxels, and of the places behind them that there are none.
    fn locate(&mut self, tile: Range<usize>, runs: &[Run], grid: Grid) {
        let Elements::I32(all) = &mut self.elements else {
            return;
        };
        let (filled, rest) = all[4 * tile.start..4 * tile.end].split_at_mut(4 * runs.len());
        for (coords, run) in filled.as_chunks_mut().0.iter_mut().zip(runs) {
            let (cloud, cell) = (run.key / grid.cells(), run.key % grid.cells());
            let [x, y, z] = grid.cell(cell).map(|at| at as i32);
            *coords = [cloud as i32, x, y, z];
        }
        rest.fill(-1);
    }

    /// Writes the features of the first points of some voxels, then zeros.
    fn gather(&mut self, tile: Range<usize>, runs: &[Run], cells: &Cells, features: &dyn Features) {
        let here = tile.start * self.columns..tile.end * self.columns;
        let columns = self.columns;
        match &mut self.elements {
            Elements::F16(all) => gather(&mut all[here], columns, runs, cells, features),
            Elements::Bf16(all) => gather(&mut all[here], columns, runs, cells, features),
            Elements::F32(all) => gather(&mut all[here], columns, runs, cells, features),
            _ => {}
        }
    }
}

fn gather<T: Value>(
    to: &mut [T],
    columns: usize,
    runs: &[Run],
    cells: &Cells,
    features: &dyn Features,
) {
    to.fill(T::narrow(0.0));
    if columns == 0 {
        return;
    }
    for (voxel, run) in to.chunks_exact_mut(columns).zip(runs) {
        let rows = voxel.chunks_exact_mut(features.count());
        for (row, &point) in rows.zip(cells.points(run)) {
            for (column, value) in row.iter_mut().enumerate() {
                *value = T::narrow(features.at(point as usize, column).into());
            }
        }
    }
}

/// No voxel.
const NONE: u32 = u32::MAX;

fn sparse(problem: &Problem, request: Sparse<'_>) -> Result<()> {
    let features = wanted_features(problem, &request.clouds)?;
    let locator = locator(&request.clouds, request.grid, problem.outside)?;
    let measured = measured_features(problem, features.as_deref());
    let mut cells = Cells::of(&*locator, measured, problem.points, problem.cells());
    if request.order == Order::FirstPoint {
        cells.order_by_first_point(problem.points);
    }
    let mut number = HostTensorMut::<i64, 1>::new(request.number)?;
    number.set([0], cells.runs().len() as i64);
    let mapped = match &request.point_to_voxel {
        Some(_) => problem.points,
        None => 0,
    };
    let totals = problem.wants_totals();
    let work = Work {
        totals: totals.then(|| Totals::new(problem, &cells.largest, TILE)),
        cells,
        features,
        grid: request.grid,
        voxel_of: (0..mapped).map(|_| AtomicU32::new(NONE)).collect(),
    };
    let empty = request.options.empty;
    let mut sheets = Sheets::of_voxels(
        request.coords,
        request.voxels,
        request.gathered,
        problem,
        empty,
    )?;
    let all = Places {
        first: 0,
        count: problem.capacity,
        parts: sheets.parts(),
    };
    parallel::for_each(all, problem.bytes(), Places::halved, |places| {
        places.write(&work)
    });
    sheets.finish();
    if let Some(map) = request.point_to_voxel {
        let mut map = Indices::new(map)?;
        let voxels = work.voxel_of.into_iter().map(AtomicU32::into_inner);
        for (point, voxel) in voxels.enumerate() {
            map.set([point], if voxel == NONE { -1 } else { i64::from(voxel) });
        }
    }
    Ok(())
}
