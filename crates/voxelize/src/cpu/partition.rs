//! On all threads: points are spread over ranges of cells, and what becomes of a range is one thread's business. Of a
//! dense result see `tiles.rs`; the voxels of a sparse one are found first, and then are tiles, too.

use super::feature::{Features, features};
use super::locate::locator;
use super::output::Indices;
use super::places::{Places, TILE, Work};
use super::sheet::Sheets;
use super::sorted::Cells;
use super::spread::MOST_CELLS;
use super::tiles;
use super::totals::Totals;
use crate::request::Request;
use crate::variant::Exec;
use crate::{Clouds, Determinism, Order, Output, Problem, Sparse, Variant};
use robocache_core::{HostTensorMut, Refusal, Result, parallel};
use robocache_kernels::generated::VOXELIZE_PARTITION_CPU;
use std::sync::atomic::AtomicU32;

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
    number.set([0], cells.len() as i64);
    let mapped = match &request.point_to_voxel {
        Some(_) => problem.points,
        None => 0,
    };
    let totals = problem.wants_totals();
    let work = Work {
        totals: totals.then(|| Totals::new(problem, &cells.largest, TILE)),
        cells,
        order: request.order,
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
