//! The reference: points sorted by their cells, then one cell after another.

use super::feature::{Features, features};
use super::group::Groups;
use super::locate::locator;
use super::output::{Cells, Indices, Values};
use super::totals::Totals;
use crate::request::Request;
use crate::variant::Exec;
use crate::{Clouds, Dense, Grid, Order, Problem, Sparse, Variant};
use robocache_core::{HostTensorMut, Result};
use robocache_kernels::generated::VOXELIZE_SCALAR_CPU;

inventory::submit! {
    Variant {
        info: &VOXELIZE_SCALAR_CPU,
        supports: |_, _| Ok(()),
        rank: |_, _| 1,
        exec: Exec::Cpu(run),
    }
}

fn run(problem: &Problem, request: Request<'_>) -> Result<()> {
    match request {
        Request::Dense(request) => dense(problem, request),
        Request::Sparse(request) => sparse(problem, request),
    }
}

/// What is read.
struct Read<'a> {
    groups: Groups,
    features: Option<(Box<dyn Features + 'a>, Totals)>,
}

impl<'a> Read<'a> {
    fn new(problem: &Problem, clouds: &Clouds<'a>, grid: Grid) -> Result<Read<'a>> {
        let mut keys = vec![0; problem.points];
        locator(clouds, grid, problem.outside)?.locate(0, &mut keys);
        let features = match clouds
            .features
            .as_ref()
            .filter(|_| problem.wants_features())
        {
            None => None,
            Some(view) => {
                let features = features(view)?;
                let mut largest = vec![0.0; features.count()];
                features.raise(0, &keys, &mut largest);
                Some((features, Totals::new(problem, &largest, 1)))
            }
        };
        let groups = Groups::of(&keys);
        Ok(Read { groups, features })
    }
}

/// The totals of a cell, where there are features.
fn total<'t>(
    features: &'t mut Option<(Box<dyn Features + '_>, Totals)>,
    points: &[u64],
) -> Option<&'t Totals> {
    let (features, totals) = features.as_mut()?;
    totals.clear(1);
    features.add(points, totals);
    totals.settle(1);
    Some(totals)
}

fn dense(problem: &Problem, request: Dense<'_>) -> Result<()> {
    let grid = request.grid;
    let Read {
        groups,
        mut features,
    } = Read::new(problem, &request.clouds, grid)?;
    let mut cells = Cells::new(request.cells)?;
    let mut occupancy = request
        .occupancy
        .map(HostTensorMut::<u8, 4>::new)
        .transpose()?;
    let mut bits = request.bits.map(HostTensorMut::<u8, 2>::new).transpose()?;
    cells.clear(request.options.empty);
    if let Some(all) = &mut occupancy {
        all.fill(0);
    }
    if let Some(all) = &mut bits {
        all.fill(0);
    }
    // Of the byte whose bits are being gathered: its place, and what is known of it.
    let mut byte = ([0; 2], 0u8);
    for (key, points) in groups.iter() {
        let (cloud, number) = ((key / grid.cells()) as usize, key % grid.cells());
        let [x, y, z] = grid.cell(number);
        let totals = total(&mut features, points);
        cells.write([cloud, x, y, z], points.len(), points[0] as u32, totals);
        if let Some(occupancy) = &mut occupancy {
            occupancy.set([cloud, x, y, z], 1);
        }
        if let Some(bits) = &mut bits {
            let at = [cloud, number as usize / 8];
            if byte.0 != at {
                byte = (at, 0);
            }
            byte.1 |= 1 << (number % 8);
            bits.set(at, byte.1);
        }
    }
    Ok(())
}

fn sparse(problem: &Problem, request: Sparse<'_>) -> Result<()> {
    let grid = request.grid;
    let Read {
        mut groups,
        mut features,
    } = Read::new(problem, &request.clouds, grid)?;
    if request.order == Order::FirstPoint {
        groups = groups.by_first_point();
    }
    let mut voxels = Cells::new(request.voxels)?;
    let mut number = HostTensorMut::<i64, 1>::new(request.number)?;
    let mut coords = HostTensorMut::<i32, 2>::new(request.coords)?;
    let mut point_to_voxel = request.point_to_voxel.map(Indices::new).transpose()?;
    let mut gathered = request.gathered.map(Values::new).transpose()?;
    voxels.clear(request.options.empty);
    coords.fill(-1);
    if let Some(all) = &mut point_to_voxel {
        all.fill(-1);
    }
    if let Some(all) = &mut gathered {
        all.fill(0.0);
    }
    number.set([0], groups.len() as i64);
    for (voxel, (key, points)) in groups.iter().take(problem.capacity).enumerate() {
        let [x, y, z] = grid.cell(key % grid.cells());
        let cloud = (key / grid.cells()) as usize;
        for (axis, at) in [cloud, x, y, z].into_iter().enumerate() {
            coords.set([voxel, axis], at as i32);
        }
        let totals = total(&mut features, points);
        voxels.write([voxel], points.len(), points[0] as u32, totals);
        if let Some(all) = &mut point_to_voxel {
            for &point in points {
                all.set([point as usize], voxel as i64);
            }
        }
        if let (Some(all), Some((features, _))) = (&mut gathered, &features) {
            for (row, &point) in points.iter().take(problem.gathered).enumerate() {
                for column in 0..features.count() {
                    let value = features.at(point as usize, column);
                    all.set([voxel, row, column], f64::from(value));
                }
            }
        }
    }
    Ok(())
}
