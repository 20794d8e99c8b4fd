//! A problem in host memory, timed by the wall's clock.

use super::cloud::points;
use super::shape::Shape;
use crate::request::Request;
use crate::{Clouds, Dense, Form, Grid, Options, Output, Problem, Sparse, dispatcher};
use robocache_core::{Layout, Result, TensorView, TensorViewMut};
use robocache_registry::host_copy::{HostCopies, ROTATION};
use robocache_registry::tune::race::median;
use robocache_registry::tune::{Effort, Entry};
use robocache_registry::{CacheState, DeviceCaps, KeyText, Subject, Workload};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Inputs and outputs, as often as the rotation needs them.
pub(super) struct OnCpu {
    shape: Shape,
    text: String,
    problem: Problem,
    grid: Grid,
    sets: Vec<Set>,
    copies: HostCopies,
    next: usize,
}

struct Set {
    points: Vec<f32>,
    offsets: Vec<i64>,
    occupancy: Vec<u8>,
    bits: Vec<u8>,
    count: Vec<i32>,
    first: Vec<i32>,
    /// Sum, mean, maximum and minimum.
    values: [Vec<f32>; 4],
    number: [i64; 1],
    coords: Vec<i32>,
}

const VALUES: [Output; 4] = [Output::Sum, Output::Mean, Output::Max, Output::Min];

impl Set {
    fn new(shape: &Shape, seed: u64) -> Result<Set> {
        let [x, y, z] = shape.cells;
        let places = match shape.form {
            Form::Dense => shape.batch * x * y * z,
            Form::Sparse => shape.all_points(),
        };
        let room = |output, size: usize| if shape.wants(output) { size } else { 0 };
        Ok(Set {
            points: points(shape, seed)?,
            offsets: (0..=shape.batch)
                .map(|b| (b * shape.points) as i64)
                .collect(),
            occupancy: vec![1; room(Output::Occupancy, places)],
            bits: vec![1; room(Output::Bits, shape.batch * (x * y * z).div_ceil(8))],
            count: vec![1; room(Output::Count, places)],
            first: vec![1; room(Output::First, places)],
            values: VALUES.map(|output| vec![1.0; room(output, places * shape.features)]),
            number: [1],
            coords: match shape.form {
                Form::Dense => Vec::new(),
                Form::Sparse => vec![1; 4 * places],
            },
        })
    }

    fn request(
        &mut self,
        shape: &Shape,
        grid: Grid,
        id: Option<&'static str>,
    ) -> Result<Request<'_>> {
        let (n, columns) = (shape.all_points(), 3 + shape.features);
        let (b, f, [x, y, z]) = (shape.batch, shape.features, shape.cells);
        let strided = |from, count| {
            let layout = Layout::strided([n, count], [columns as isize, 1])?;
            TensorView::from_slice_strided(&self.points, layout, from)
        };
        let mut clouds = Clouds::new(strided(0, 3)?);
        if b > 1 {
            clouds = clouds.offsets(TensorView::from_slice(&self.offsets, [b + 1])?);
        }
        if f > 0 {
            clouds = clouds.features(strided(3, f)?);
        }
        let mut options = Options::default().determinism(shape.level);
        options.variant = id;
        let [sum, mean, max, min] = &mut self.values;
        Ok(match shape.form {
            Form::Dense => {
                let mut request = Dense::new(clouds, grid).options(options);
                let (one, some) = ([b, x, y, z], [b, x, y, z, f]);
                let cells = &mut request.cells;
                (cells.count, cells.first) =
                    (given(&mut self.count, one)?, given(&mut self.first, one)?);
                (cells.sum, cells.mean) = (given(sum, some)?, given(mean, some)?);
                (cells.max, cells.min) = (given(max, some)?, given(min, some)?);
                request.occupancy = given(&mut self.occupancy, one)?;
                request.bits = given(&mut self.bits, [b, (x * y * z).div_ceil(8)])?;
                Request::Dense(request)
            }
            Form::Sparse => {
                let number = TensorViewMut::from_slice(&mut self.number, [1])?;
                let coords = TensorViewMut::from_slice(&mut self.coords, [n, 4])?;
                let request = Sparse::new(clouds, grid, number, coords);
                let mut request = request.order(shape.order).options(options);
                let voxels = &mut request.voxels;
                (voxels.count, voxels.first) =
                    (given(&mut self.count, [n])?, given(&mut self.first, [n])?);
                (voxels.sum, voxels.mean) = (given(sum, [n, f])?, given(mean, [n, f])?);
                (voxels.max, voxels.min) = (given(max, [n, f])?, given(min, [n, f])?);
                Request::Sparse(request)
            }
        })
    }
}

/// An output that there is memory for.
fn given<T: robocache_core::Element, const R: usize>(
    memory: &mut [T],
    shape: [usize; R],
) -> Result<Option<TensorViewMut<'_, R>>> {
    match memory.is_empty() {
        true => Ok(None),
        false => TensorViewMut::from_slice(memory, shape).map(Some),
    }
}

impl OnCpu {
    pub(super) fn new(shape: Shape, seed: u64) -> Result<OnCpu> {
        let grid = Grid::new([0.0; 3], [1.0; 3], shape.cells)?;
        let mut first = Set::new(&shape, seed)?;
        let problem = Problem::of(&first.request(&shape, grid, None)?)?;
        let bytes = problem.bytes();
        let count = (ROTATION / bytes.max(1)).clamp(2, 64) as u64;
        let mut sets = vec![first];
        for index in 1..count {
            sets.push(Set::new(&shape, seed + index)?);
        }
        Ok(OnCpu {
            shape,
            text: shape.to_string(),
            problem,
            grid,
            sets,
            copies: HostCopies::new(bytes),
            next: 0,
        })
    }

    fn run(&mut self, id: &'static str, cache: CacheState, delay: Duration) -> Result<Duration> {
        if cache == CacheState::Cold {
            self.next = (self.next + 1) % self.sets.len();
        }
        let request = self.sets[self.next].request(&self.shape, self.grid, Some(id))?;
        let start = Instant::now();
        crate::on_cpu(request)?;
        let end = Instant::now() + delay;
        while Instant::now() < end && !delay.is_zero() {
            std::hint::spin_loop();
        }
        Ok(start.elapsed())
    }
}

impl Workload for OnCpu {
    fn shape(&self) -> &str {
        &self.text
    }

    fn bytes(&self) -> usize {
        self.problem.bytes()
    }

    fn key(&self) -> KeyText {
        self.problem.key_text()
    }

    fn caps(&self) -> &DeviceCaps {
        DeviceCaps::cpu()
    }

    fn candidates(&self) -> Vec<&'static str> {
        let candidates = dispatcher().candidates(&self.problem, self.caps());
        candidates.iter().map(|variant| variant.info.id).collect()
    }

    fn untuned(&self) -> Result<&'static str> {
        Ok(dispatcher().untuned(&self.problem, self.caps())?.info.id)
    }

    fn chosen(&self) -> Result<&'static str> {
        let chosen = dispatcher().choose(&self.problem, self.caps(), None)?;
        Ok(chosen.info.id)
    }

    fn time(&mut self, subject: Subject, cache: CacheState, repeats: usize) -> Result<Vec<f64>> {
        let mut micros = Vec::with_capacity(repeats);
        for _ in 0..repeats {
            let time = match subject {
                Subject::Variant(id) => self.run(id, cache, Duration::ZERO)?,
                Subject::Delayed(id, nanos) => self.run(id, cache, Duration::from_nanos(nanos))?,
                Subject::Copy => self.copies.run(cache),
            };
            micros.push(time.as_secs_f64() * 1e6);
        }
        Ok(micros)
    }

    fn time_host(&mut self, variant: &'static str, repeats: usize) -> Result<Vec<f64>> {
        let mut nanos = Vec::with_capacity(repeats);
        for _ in 0..repeats {
            let time = self.run(variant, CacheState::Warm, Duration::ZERO)?;
            nanos.push(time.as_secs_f64() * 1e9);
        }
        Ok(nanos)
    }

    fn tune(&mut self, effort: Effort) -> Result<Arc<Entry>> {
        const BURST: usize = 3;
        let problem = self.problem;
        let mut timer = |id| {
            let micros = self.time(Subject::Variant(id), CacheState::Cold, BURST)?;
            Ok(median(micros.into_iter()))
        };
        dispatcher().tune(&problem, DeviceCaps::cpu(), effort, &mut timer)
    }
}
