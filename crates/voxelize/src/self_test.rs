//! Problems whose answers are known in closed form, run on every variant of a device.

use crate::{Clouds, Dense, Grid, Options, Sparse, Variant, dispatcher};
use robocache_core::{Error, Refused, Result, TensorView, TensorViewMut};
use robocache_registry::{DeviceCaps, DeviceId, SelfTest, SelfTestOutcome, Target};
use std::time::Instant;

const SIDE: usize = 32;
const CELLS: usize = SIDE * SIDE * SIDE;
/// Points of each cell that has some.
const EACH: usize = 4;
const REPEATS: usize = 3;

/// Every third cell has points around its middle, whose feature is the number of the cell, less or more by one.
struct Lattice {
    points: Vec<[f32; 4]>,
    grid: Grid,
}

fn has_points(cell: usize) -> bool {
    cell.is_multiple_of(3)
}

impl Lattice {
    fn new() -> Result<Lattice> {
        let grid = Grid::new([-8.0; 3], [0.5; 3], [SIDE; 3])?;
        let mut points = Vec::new();
        for each in 0..EACH {
            for cell in (0..CELLS).filter(|&cell| has_points(cell)) {
                let sign = [-1.0, 1.0][each % 2];
                let middle = |at: usize| -8.0 + 0.5 * (at as f32 + 0.5) + 0.1 * sign;
                let [x, y, z] = [cell / (SIDE * SIDE), cell / SIDE % SIDE, cell % SIDE];
                points.push([middle(x), middle(y), middle(z), cell as f32 + sign]);
            }
        }
        Ok(Lattice { points, grid })
    }

    /// The outputs that a voxel must have, by its cell.
    fn check(&self, cell: usize, count: i32, mean: f32) -> Result<(), String> {
        let expected = match has_points(cell) {
            true => (EACH as i32, cell as f32),
            false => (0, 0.0),
        };
        match (count, mean) == expected {
            true => Ok(()),
            false => Err(format!(
                "cell {cell}: found {:?}, expected {expected:?}",
                (count, mean)
            )),
        }
    }
}

pub(crate) fn run(device: DeviceId) -> Vec<SelfTest> {
    let of_device = |variant: &&&'static Variant| {
        matches!(variant.info.target, Target::Cpu(_)) == (device == DeviceId::Cpu)
    };
    let variants = dispatcher().variants().iter().filter(of_device);
    let test = |variant: &&'static Variant| SelfTest {
        variant: variant.info.id,
        outcome: test(variant),
    };
    variants.map(test).collect()
}

fn test(variant: &'static Variant) -> SelfTestOutcome {
    if let Err(refusal) = variant.info.runs_on(DeviceCaps::cpu()) {
        return SelfTestOutcome::Refused(refusal);
    }
    // A variant need not take both forms.
    let mut refusals = Vec::new();
    let mut passed = None;
    for form in [dense, sparse] {
        match Lattice::new().and_then(|lattice| form(variant.info.id, &lattice)) {
            Ok(SelfTestOutcome::Failed(what)) => return SelfTestOutcome::Failed(what),
            Ok(outcome) => passed = Some(outcome),
            Err(Error::Unsupported { refusals: why, .. }) => refusals.extend(why),
            Err(error) => return SelfTestOutcome::Failed(error.to_string()),
        }
    }
    passed.unwrap_or_else(|| match refusals.pop() {
        Some(Refused { refusal, .. }) => SelfTestOutcome::Refused(refusal),
        None => SelfTestOutcome::Failed("neither ran nor refused".into()),
    })
}

fn outcome(
    lattice: &Lattice,
    written: usize,
    micros: f64,
    wrong: Option<String>,
) -> SelfTestOutcome {
    let bytes = size_of_val(&lattice.points[..]) + written;
    match wrong {
        Some(what) => SelfTestOutcome::Failed(what),
        None => SelfTestOutcome::Passed {
            micros,
            gigabytes_per_second: bytes as f64 / micros / 1e3,
        },
    }
}

fn clouds(lattice: &Lattice) -> Result<Clouds<'_>> {
    let numbers = lattice.points.as_flattened();
    let n = lattice.points.len();
    let layout = robocache_core::Layout::strided([n, 1], [4, 1])?;
    let features = TensorView::from_slice_strided(numbers, layout, 3)?;
    Ok(Clouds::new(TensorView::from_slice(numbers, [n, 4])?).features(features))
}

fn dense(id: &'static str, lattice: &Lattice) -> Result<SelfTestOutcome> {
    let (mut count, mut mean) = (vec![-1; CELLS], vec![f32::NAN; CELLS]);
    let mut best = f64::INFINITY;
    for _ in 0..REPEATS {
        let request = Dense::new(clouds(lattice)?, lattice.grid)
            .count(TensorViewMut::from_slice(
                &mut count,
                [1, SIDE, SIDE, SIDE],
            )?)
            .mean(TensorViewMut::from_slice(
                &mut mean,
                [1, SIDE, SIDE, SIDE, 1],
            )?)
            .options(Options::default().forced(id));
        let start = Instant::now();
        crate::voxelize_dense(request)?;
        best = best.min(start.elapsed().as_secs_f64() * 1e6);
    }
    let wrong = (0..CELLS).find_map(|cell| lattice.check(cell, count[cell], mean[cell]).err());
    Ok(outcome(lattice, 8 * CELLS, best, wrong))
}

fn sparse(id: &'static str, lattice: &Lattice) -> Result<SelfTestOutcome> {
    let room = lattice.points.len();
    let (mut count, mut mean) = (vec![-1; room], vec![f32::NAN; room]);
    let (mut number, mut coords) = ([-1i64], vec![-7i32; 4 * room]);
    let mut best = f64::INFINITY;
    for _ in 0..REPEATS {
        let request = Sparse::new(
            clouds(lattice)?,
            lattice.grid,
            TensorViewMut::from_slice(&mut number, [1])?,
            TensorViewMut::from_slice(&mut coords, [room, 4])?,
        )
        .count(TensorViewMut::from_slice(&mut count, [room])?)
        .mean(TensorViewMut::from_slice(&mut mean, [room, 1])?)
        .options(Options::default().forced(id));
        let start = Instant::now();
        crate::voxelize_sparse(request)?;
        best = best.min(start.elapsed().as_secs_f64() * 1e6);
    }
    let cells: Vec<_> = (0..CELLS).filter(|&cell| has_points(cell)).collect();
    if number != [cells.len() as i64] {
        let (found, expected) = (number[0], cells.len());
        let what = format!("found {found} voxels, expected {expected}");
        return Ok(SelfTestOutcome::Failed(what));
    }
    let wrong = cells.iter().enumerate().find_map(|(voxel, &cell)| {
        let at = [0, cell / (SIDE * SIDE), cell / SIDE % SIDE, cell % SIDE].map(|at| at as i32);
        let found = &coords[4 * voxel..][..4];
        match found == at {
            true => lattice.check(cell, count[voxel], mean[voxel]).err(),
            false => Some(format!("voxel {voxel}: found {found:?}, expected {at:?}")),
        }
    });
    Ok(outcome(lattice, 24 * cells.len(), best, wrong))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_of_this_cpu_passes() {
        let tests = run(DeviceId::Cpu);
        assert!(!tests.is_empty() && run(DeviceId::Cuda(0)).is_empty());
        for test in tests {
            assert!(
                matches!(test.outcome, SelfTestOutcome::Passed { .. }),
                "{test:?}"
            );
        }
    }

    #[test]
    fn a_wrong_value_is_noticed() {
        let lattice = Lattice::new().unwrap();
        assert_eq!(lattice.check(6, EACH as i32, 6.0), Ok(()));
        assert!(lattice.check(6, EACH as i32, 6.5).is_err());
        assert!(lattice.check(7, EACH as i32, 7.0).is_err());
        assert!(lattice.check(7, 0, f32::NAN).is_err());
    }
}
