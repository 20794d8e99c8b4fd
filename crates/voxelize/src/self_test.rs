//! Problems whose answers are known in closed form, run on every variant of a device.

use crate::{Clouds, Dense, Form, Grid, Options, Sparse, Variant, dispatcher};
use robocache_core::{Error, Layout, Refused, Result, TensorView, TensorViewMut};
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
        outcome: test(variant, device),
    };
    variants.map(test).collect()
}

fn test(variant: &'static Variant, device: DeviceId) -> SelfTestOutcome {
    if let Err(refusal) = variant.info.runs_on(DeviceCaps::cpu())
        && device == DeviceId::Cpu
    {
        return SelfTestOutcome::Refused(refusal);
    }
    // A variant need not take both forms.
    let mut refusals = Vec::new();
    let mut passed = None;
    for form in [Form::Dense, Form::Sparse] {
        let found = Lattice::new().and_then(|lattice| {
            let found = match device {
                DeviceId::Cpu => on_cpu(variant.info.id, form, &lattice),
                DeviceId::Cuda(ordinal) => on_cuda(variant.info.id, form, &lattice, ordinal),
            }?;
            Ok(outcome(form, &lattice, &found))
        });
        match found {
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

/// What a variant made of a lattice.
struct Found {
    micros: f64,
    count: Vec<i32>,
    mean: Vec<f32>,
    /// Of a sparse form, as are the coordinates.
    number: i64,
    coords: Vec<i32>,
}

fn outcome(form: Form, lattice: &Lattice, found: &Found) -> SelfTestOutcome {
    let cells: Vec<_> = (0..CELLS).filter(|&cell| has_points(cell)).collect();
    let (wrong, written) = match form {
        Form::Dense => (dense_fault(lattice, found), 8 * CELLS),
        Form::Sparse => (sparse_fault(lattice, &cells, found), 24 * cells.len()),
    };
    let bytes = size_of_val(&lattice.points[..]) + written;
    match wrong {
        Some(what) => SelfTestOutcome::Failed(what),
        None => SelfTestOutcome::Passed {
            micros: found.micros,
            gigabytes_per_second: bytes as f64 / found.micros / 1e3,
        },
    }
}

fn dense_fault(lattice: &Lattice, found: &Found) -> Option<String> {
    (0..CELLS).find_map(|cell| {
        let fault = lattice.check(cell, found.count[cell], found.mean[cell]);
        fault.err()
    })
}

fn sparse_fault(lattice: &Lattice, cells: &[usize], found: &Found) -> Option<String> {
    if found.number != cells.len() as i64 {
        let expected = cells.len();
        return Some(format!(
            "found {} voxels, expected {expected}",
            found.number
        ));
    }
    cells.iter().enumerate().find_map(|(voxel, &cell)| {
        let at = [0, cell / (SIDE * SIDE), cell / SIDE % SIDE, cell % SIDE].map(|at| at as i32);
        let coords = &found.coords[4 * voxel..][..4];
        match coords == at {
            true => {
                let fault = lattice.check(cell, found.count[voxel], found.mean[voxel]);
                fault.err()
            }
            false => Some(format!("voxel {voxel}: found {coords:?}, expected {at:?}")),
        }
    })
}

/// Places of a result: cells, or room for as many voxels as there are points.
fn places(form: Form, lattice: &Lattice) -> usize {
    match form {
        Form::Dense => CELLS,
        Form::Sparse => lattice.points.len(),
    }
}

fn on_cpu(id: &'static str, form: Form, lattice: &Lattice) -> Result<Found> {
    let places = places(form, lattice);
    let mut found = Found {
        micros: f64::INFINITY,
        count: vec![-1; places],
        mean: vec![f32::NAN; places],
        number: -1,
        coords: vec![-7; 4 * places],
    };
    let (numbers, n) = (lattice.points.as_flattened(), lattice.points.len());
    let layout = Layout::strided([n, 1], [4, 1])?;
    let features = TensorView::from_slice_strided(numbers, layout, 3)?;
    let clouds = Clouds::new(TensorView::from_slice(numbers, [n, 4])?).features(features);
    for _ in 0..REPEATS {
        let options = Options::default().forced(id);
        let start = Instant::now();
        match form {
            Form::Dense => {
                let shape = [1, SIDE, SIDE, SIDE];
                let count = TensorViewMut::from_slice(&mut found.count, shape)?;
                let mean = TensorViewMut::from_slice(&mut found.mean, [1, SIDE, SIDE, SIDE, 1])?;
                let request = Dense::new(clouds, lattice.grid).count(count).mean(mean);
                crate::voxelize_dense(request.options(options))?;
            }
            Form::Sparse => {
                let number = std::slice::from_mut(&mut found.number);
                let number = TensorViewMut::from_slice(number, [1])?;
                let coords = TensorViewMut::from_slice(&mut found.coords, [n, 4])?;
                let request = Sparse::new(clouds, lattice.grid, number, coords)
                    .count(TensorViewMut::from_slice(&mut found.count, [n])?)
                    .mean(TensorViewMut::from_slice(&mut found.mean, [n, 1])?);
                crate::voxelize_sparse(request.options(options))?;
            }
        }
        found.micros = found.micros.min(start.elapsed().as_secs_f64() * 1e6);
    }
    Ok(found)
}

#[cfg(feature = "cuda")]
fn on_cuda(id: &'static str, form: Form, lattice: &Lattice, ordinal: u32) -> Result<Found> {
    use robocache_cuda::{DeviceBuffer, Driver, Event, Stream};

    let context = Driver::open()?.context(ordinal)?;
    let stream = std::sync::Arc::new(Stream::new(&context)?);
    let (places, n) = (places(form, lattice), lattice.points.len());
    let points = DeviceBuffer::upload(&stream, lattice.points.as_flattened())?;
    let room = |bytes| DeviceBuffer::new(&context, bytes);
    let (mut count, mut mean) = (room(4 * places)?, room(4 * places)?);
    let (mut number, mut coords) = (room(8)?, room(16 * places)?);
    // NaNs and what is no count: what is not written fails the comparison.
    for buffer in [&mut count, &mut mean, &mut number, &mut coords] {
        buffer.fill(&stream, 0xff)?;
    }
    let (start, end) = (Event::new(&context)?, Event::new(&context)?);
    let mut micros = f64::INFINITY;
    for _ in 0..REPEATS {
        let rows = points.view::<f32, 2>(0, Layout::contiguous([n, 4])?)?;
        let features = points.view::<f32, 2>(12, Layout::strided([n, 1], [4, 1])?)?;
        let clouds = Clouds::new(rows).features(features);
        let options = Options::default().forced(id);
        start.record(&stream)?;
        match form {
            Form::Dense => {
                let (one, some) = ([1, SIDE, SIDE, SIDE], [1, SIDE, SIDE, SIDE, 1]);
                let request = Dense::new(clouds, lattice.grid)
                    .count(count.view_mut::<i32, 4>(0, Layout::contiguous(one)?)?)
                    .mean(mean.view_mut::<f32, 5>(0, Layout::contiguous(some)?)?);
                crate::enqueue(request.options(options), &stream)?;
            }
            Form::Sparse => {
                let number = number.view_mut::<i64, 1>(0, Layout::contiguous([1])?)?;
                let coords = coords.view_mut::<i32, 2>(0, Layout::contiguous([n, 4])?)?;
                let request = Sparse::new(clouds, lattice.grid, number, coords)
                    .count(count.view_mut::<i32, 1>(0, Layout::contiguous([n])?)?)
                    .mean(mean.view_mut::<f32, 2>(0, Layout::contiguous([n, 1])?)?);
                crate::enqueue(request.options(options), &stream)?;
            }
        }
        end.record(&stream)?;
        end.synchronize()?;
        micros = micros.min(end.micros_since(&start)?);
    }
    Ok(Found {
        micros,
        count: count.download(&stream, places)?,
        mean: mean.download(&stream, places)?,
        number: number.download::<i64>(&stream, 1)?[0],
        coords: coords.download(&stream, 4 * places)?,
    })
}

#[cfg(not(feature = "cuda"))]
fn on_cuda(_: &'static str, _: Form, _: &Lattice, _: u32) -> Result<Found> {
    Err(Error::DriverMissing {
        reason: "this program was built without the feature `cuda`".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_of_this_cpu_passes() {
        let tests = run(DeviceId::Cpu);
        assert!(!tests.is_empty());
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
