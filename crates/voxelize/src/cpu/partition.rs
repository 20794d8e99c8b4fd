//! On all threads: points are spread over ranges of cells, and what becomes of a range is one thread's business. Of a
//! dense result see `tiles.rs`; the voxels of a sparse one are found first, and then are tiles, too.

use super::feature::{Features, features};
use super::flags;
use super::locate::locator;
use super::output::Indices;
use super::places::{self, Places, Work};
use super::rooms::Rooms;
use super::sheet::Sheets;
use super::spread::MOST_CELLS;
use super::tiles;
use super::voxels::Voxels;
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
        Request::Dense(request) if flags::suit(problem) => flags::dense(problem, request),
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

fn sparse(problem: &Problem, request: Sparse<'_>) -> Result<()> {
    let features = wanted_features(problem, &request.clouds)?;
    let locator = locator(&request.clouds, request.grid, problem.outside)?;
    let measured = measured_features(problem, features.as_deref());
    let (points, tile) = (problem.points, places::tile(problem));
    let mut voxels = Voxels::of(&*locator, measured, points, problem.cells(), tile);
    if request.order == Order::FirstPoint {
        voxels = voxels.by_first_point(points, tile);
    }
    let mut number = HostTensorMut::<i64, 1>::new(request.number)?;
    number.set([0], voxels.len() as i64);
    if let Some(map) = request.point_to_voxel {
        let mut map = Indices::new(map)?;
        let places = voxels.of_points(points);
        for (point, place) in places.into_iter().map(AtomicU32::into_inner).enumerate() {
            let has_place = (place as usize) < problem.capacity;
            map.set([point], if has_place { i64::from(place) } else { -1 });
        }
    }
    let tiles = voxels.tiles_of(problem.capacity, tile);
    let work = Work {
        voxels,
        features,
        problem,
        grid: request.grid,
        rooms: Rooms::new(),
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
        tiles: &tiles,
        parts: sheets.parts(),
    };
    parallel::for_each(all, problem.bytes(), Places::halved, |places| {
        places.fill(&work);
    });
    sheets.finish();
    Ok(())
}
