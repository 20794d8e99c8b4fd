//! A problem in device memory, timed by the device's clock.

use super::cloud::points;
use super::shape::Shape;
use crate::request::Request;
use crate::{
    Clouds, Dense, Form, Grid, Options, Output, Plan, Problem, Sparse, Voxelization, dispatcher,
};
use robocache_core::{Element, Error, Layout, Result, TensorViewMut};
use robocache_cuda::clock::Before;
use robocache_cuda::{Clock, Context, DeviceBuffer, Driver, Stream, Workspace};
use robocache_registry::tune::race::median;
use robocache_registry::tune::{Effort, Entry};
use robocache_registry::{CacheState, DeviceCaps, KeyText, Subject, Workload};
use std::sync::Arc;
use std::time::Instant;

/// Memory that a cold rotation runs through, in multiples of the second-level cache.
const ROTATION: usize = 8;
/// Calls between two waits when the host is timed: well below what the driver queues before it blocks.
const QUEUE: usize = 20;

/// Inputs and outputs, as often as the rotation needs them.
pub(super) struct OnCuda {
    shape: Shape,
    text: String,
    problem: Problem,
    grid: Grid,
    context: Arc<Context>,
    stream: Arc<Stream>,
    clock: Clock,
    sets: Vec<Set>,
    /// Pairs of memory to copy; made when they are first needed.
    copies: Vec<(DeviceBuffer, DeviceBuffer)>,
    next: usize,
}

struct Set {
    points: DeviceBuffer,
    offsets: DeviceBuffer,
    /// By [`Output`]; empty where nothing is wanted.
    outputs: Vec<DeviceBuffer>,
}

impl Set {
    fn new(stream: &Stream, shape: &Shape, points: &[f32]) -> Result<Set> {
        let [x, y, z] = shape.cells;
        let places = match shape.form {
            Form::Dense => shape.batch * x * y * z,
            Form::Sparse => shape.all_points(),
        };
        let bytes = |output: Output| match output {
            Output::Number if shape.form == Form::Sparse => 8,
            Output::Coords if shape.form == Form::Sparse => 16 * places,
            _ if !shape.wants(output) => 0,
            Output::Occupancy => places,
            Output::Bits => shape.batch * (x * y * z).div_ceil(8),
            Output::Count | Output::First => 4 * places,
            _ => 4 * places * shape.features,
        };
        let outputs = Output::ALL
            .into_iter()
            .map(|output| DeviceBuffer::new(stream.context(), bytes(output)));
        let offsets: Vec<_> = (0..=shape.batch)
            .map(|b| (b * shape.points) as i64)
            .collect();
        Ok(Set {
            points: DeviceBuffer::upload(stream, points)?,
            offsets: DeviceBuffer::upload(stream, &offsets)?,
            outputs: outputs.collect::<Result<_>>()?,
        })
    }

    /// The request in these buffers, handed on.
    fn with<R>(
        &mut self,
        shape: &Shape,
        grid: Grid,
        id: Option<&'static str>,
        then: impl Then<R>,
    ) -> Result<R> {
        let (n, columns) = (shape.all_points(), 3 + shape.features);
        let (b, f, [x, y, z]) = (shape.batch, shape.features, shape.cells);
        let strided = |from: usize, count| {
            let layout = Layout::strided([n, count], [columns as isize, 1])?;
            self.points.view::<f32, 2>(4 * from, layout)
        };
        let mut clouds = Clouds::new(strided(0, 3)?);
        if b > 1 {
            let layout = Layout::contiguous([b + 1])?;
            clouds = clouds.offsets(self.offsets.view::<i64, 1>(0, layout)?);
        }
        if f > 0 {
            clouds = clouds.features(strided(3, f)?);
        }
        let mut options = Options::default().determinism(shape.level);
        options.variant = id;
        let [
            occupancy,
            bits,
            count,
            first,
            sum,
            mean,
            max,
            min,
            number,
            coords,
            ..,
        ] = &mut self.outputs[..]
        else {
            return Err(Error::Overflow { what: "outputs" });
        };
        match shape.form {
            Form::Dense => {
                let (one, some) = ([b, x, y, z], [b, x, y, z, f]);
                let mut request = Dense::new(clouds, grid).options(options);
                let cells = &mut request.cells;
                (cells.count, cells.first) =
                    (given::<i32, 4>(count, one)?, given::<i32, 4>(first, one)?);
                (cells.sum, cells.mean) =
                    (given::<f32, 5>(sum, some)?, given::<f32, 5>(mean, some)?);
                (cells.max, cells.min) = (given::<f32, 5>(max, some)?, given::<f32, 5>(min, some)?);
                request.occupancy = given::<u8, 4>(occupancy, one)?;
                request.bits = given::<u8, 2>(bits, [b, (x * y * z).div_ceil(8)])?;
                then.call(request)
            }
            Form::Sparse => {
                let number = number.view_mut::<i64, 1>(0, Layout::contiguous([1])?)?;
                let coords = coords.view_mut::<i32, 2>(0, Layout::contiguous([n, 4])?)?;
                let request = Sparse::new(clouds, grid, number, coords);
                let mut request = request.order(shape.order).options(options);
                let voxels = &mut request.voxels;
                (voxels.count, voxels.first) =
                    (given::<i32, 1>(count, [n])?, given::<i32, 1>(first, [n])?);
                (voxels.sum, voxels.mean) = (
                    given::<f32, 2>(sum, [n, f])?,
                    given::<f32, 2>(mean, [n, f])?,
                );
                (voxels.max, voxels.min) =
                    (given::<f32, 2>(max, [n, f])?, given::<f32, 2>(min, [n, f])?);
                then.call(request)
            }
        }
    }
}

/// What is done with a request of either form.
trait Then<R> {
    fn call<'a>(self, request: impl Voxelization<'a>) -> Result<R>;
}

/// Its problem.
struct ProblemOf;

impl Then<Problem> for ProblemOf {
    fn call<'a>(self, mut request: impl Voxelization<'a>) -> Result<Problem> {
        Problem::of(&request.again())
    }
}

/// A plan for it.
struct PlanOf<'c>(&'c Arc<Context>);

impl Then<Plan> for PlanOf<'_> {
    fn call<'a>(self, mut request: impl Voxelization<'a>) -> Result<Plan> {
        Plan::new_cuda(&mut request, self.0)
    }
}

/// A launch of a plan in some workspace.
struct Launch<'p>(&'p Plan, &'p mut DeviceBuffer, &'p Stream);

impl Then<()> for Launch<'_> {
    fn call<'a>(self, request: impl Voxelization<'a>) -> Result<()> {
        self.0.launch(request, Workspace::from(self.1), self.2)
    }
}

/// A race of all variants.
struct Race<'s>(&'s Stream, Effort);

impl Then<Arc<Entry>> for Race<'_> {
    fn call<'a>(self, request: impl Voxelization<'a>) -> Result<Arc<Entry>> {
        let request: Request<'_> = request.into_request();
        crate::cuda::race(&Problem::of(&request)?, &request, self.0, self.1)
    }
}

/// An output that there is memory for.
fn given<T: Element, const R: usize>(
    memory: &mut DeviceBuffer,
    shape: [usize; R],
) -> Result<Option<TensorViewMut<'_, R>>> {
    match memory.is_empty() {
        true => Ok(None),
        false => memory
            .view_mut::<T, R>(0, Layout::contiguous(shape)?)
            .map(Some),
    }
}

impl OnCuda {
    pub(super) fn new(shape: Shape, ordinal: u32, seed: u64) -> Result<OnCuda> {
        let grid = Grid::new([0.0; 3], [1.0; 3], shape.cells)?;
        let context = Driver::open()?.context(ordinal)?;
        let stream = Arc::new(Stream::new(&context)?);
        let clock = Clock::new(&stream)?;
        let points = points(&shape, seed)?;
        let mut first = Set::new(&stream, &shape, &points)?;
        let problem = first.with(&shape, grid, None, ProblemOf)?;
        let rotation = ROTATION * context.cuda_caps().l2_bytes as usize;
        let count = rotation.div_ceil(problem.bytes().max(1)).clamp(2, 200);
        let mut sets = vec![first];
        for _ in 1..count {
            sets.push(Set::new(&stream, &shape, &points)?);
        }
        Ok(OnCuda {
            shape,
            text: shape.to_string(),
            problem,
            grid,
            context,
            stream,
            clock,
            sets,
            copies: Vec::new(),
            next: 0,
        })
    }

    /// Times a variant, and a fill of some memory after it, if any.
    fn run(
        &mut self,
        id: &'static str,
        cache: CacheState,
        repeats: usize,
        mut delay: Option<&mut DeviceBuffer>,
    ) -> Result<Vec<f64>> {
        let (shape, grid, stream) = (&self.shape, self.grid, &self.stream);
        let sets = &mut self.sets;
        let plan = sets[0].with(shape, grid, Some(id), PlanOf(&self.context))?;
        let (first, count) = (self.next, sets.len());
        // As cold as all other memory: what a call leaves there is of no use to the next one.
        let copies = match cache {
            CacheState::Cold => count.min(4),
            CacheState::Warm => 1,
        };
        let workspace = |_| DeviceBuffer::new(&self.context, plan.workspace_bytes());
        let mut workspaces = (0..copies).map(workspace).collect::<Result<Vec<_>>>()?;
        let turn = |run| match cache {
            CacheState::Cold => (first + run) % count,
            CacheState::Warm => first,
        };
        let micros = self.clock.time(stream, repeats, Before::Nothing, |run| {
            let workspace = &mut workspaces[run % copies];
            sets[turn(run)].with(shape, grid, Some(id), Launch(&plan, workspace, stream))?;
            match &mut delay {
                Some(scratch) => scratch.fill(stream, 1),
                None => Ok(()),
            }
        })?;
        self.next = turn(repeats);
        Ok(micros)
    }

    fn copy(&mut self, cache: CacheState, repeats: usize) -> Result<Vec<f64>> {
        let half = (self.problem.bytes() / 2).max(1);
        let count = self.sets.len();
        while self.copies.len() < count {
            let new = || DeviceBuffer::new(&self.context, half);
            self.copies.push((new()?, new()?));
        }
        let (copies, stream, first) = (&mut self.copies, &self.stream, self.next);
        self.next = (first + repeats) % count;
        self.clock.time(stream, repeats, Before::Nothing, |run| {
            let turn = match cache {
                CacheState::Cold => (first + run) % count,
                CacheState::Warm => 0,
            };
            let (from, to) = &mut copies[turn];
            to.copy_from(stream, from, half)
        })
    }

    /// Memory whose filling takes about so long.
    fn delay(&mut self, nanos: u64) -> Result<DeviceBuffer> {
        const TRIAL: usize = 64 << 20;
        let mut trial = DeviceBuffer::new(&self.context, TRIAL)?;
        let stream = &self.stream;
        let micros = self
            .clock
            .time(stream, 20, Before::Nothing, |_| trial.fill(stream, 1))?;
        let bytes = TRIAL as f64 * nanos as f64 / (1e3 * median(micros.into_iter()));
        DeviceBuffer::new(&self.context, (bytes as usize).max(1))
    }
}

impl Workload for OnCuda {
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
        self.context.caps()
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
        match subject {
            Subject::Variant(id) => self.run(id, cache, repeats, None),
            Subject::Delayed(id, nanos) => {
                let mut scratch = self.delay(nanos)?;
                self.run(id, cache, repeats, Some(&mut scratch))
            }
            Subject::Copy => self.copy(cache, repeats),
        }
    }

    fn time_host(&mut self, variant: &'static str, repeats: usize) -> Result<Vec<f64>> {
        let (shape, grid) = (&self.shape, self.grid);
        let set = &mut self.sets[0];
        let plan = set.with(shape, grid, Some(variant), PlanOf(&self.context))?;
        let mut workspace = DeviceBuffer::new(&self.context, plan.workspace_bytes())?;
        let mut nanos = Vec::with_capacity(repeats);
        for run in 0..repeats {
            if run % QUEUE == 0 {
                self.stream.synchronize()?;
            }
            let start = Instant::now();
            let launch = Launch(&plan, &mut workspace, &self.stream);
            set.with(shape, grid, Some(variant), launch)?;
            nanos.push(start.elapsed().as_secs_f64() * 1e9);
        }
        self.stream.synchronize()?;
        Ok(nanos)
    }

    fn tune(&mut self, effort: Effort) -> Result<Arc<Entry>> {
        let race = Race(&self.stream, effort);
        self.sets[0].with(&self.shape, self.grid, None, race)
    }
}
