//! A problem in device memory, timed by the device's clock.

use super::shape::{Shape, Stamps, Times, samples};
use crate::{Options, Plan, Problem, Resample, dispatcher, enqueue};
use robocache_core::{Element, Layout, Result, TimeAxis};
use robocache_cuda::clock::Before;
use robocache_cuda::{Clock, Context, DeviceBuffer, Driver, Stream, Workspace};
use robocache_registry::tune::race::median;
use robocache_registry::tune::{Effort, Entry};
use robocache_registry::{CacheState, DeviceCaps, KeyText, Subject, Workload};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant;

/// Memory that a cold rotation runs through, in multiples of the second-level cache.
const ROTATION: usize = 8;
/// Launches between two waits when the host is timed: well below what the driver queues before it blocks.
const QUEUE: usize = 200;

/// Inputs and outputs, as often as the rotation needs them.
pub(super) struct OnCuda<T> {
    shape: Shape,
    text: String,
    bytes: usize,
    problem: Problem,
    context: Arc<Context>,
    stream: Stream,
    clock: Clock,
    sets: Vec<Set<T>>,
    /// Pairs of memory to copy; made when they are first needed.
    copies: Vec<(DeviceBuffer, DeviceBuffer)>,
    next: usize,
}

struct Set<T> {
    data: DeviceBuffer,
    source: DeviceBuffer,
    target: DeviceBuffer,
    out: DeviceBuffer,
    element: PhantomData<T>,
}

impl<T: Element> Set<T> {
    fn new(stream: &Stream, shape: &Shape, data: &[T], times: &Times) -> Result<Set<T>> {
        let count = shape.batch * shape.targets * shape.columns;
        Ok(Set {
            data: DeviceBuffer::upload(stream, data)?,
            source: upload(stream, &times.source)?,
            target: upload(stream, &times.target)?,
            out: DeviceBuffer::new(stream.context(), count * size_of::<T>())?,
            element: PhantomData,
        })
    }

    fn request(&mut self, shape: &Shape, variant: Option<&'static str>) -> Result<Resample<'_>> {
        let [b, s, d, t] = [shape.batch, shape.samples, shape.columns, shape.targets];
        let mut options = Options::default().kind(shape.kind);
        options.variant = variant;
        Ok(Resample::new(
            self.data.view::<T, 3>(0, Layout::contiguous([b, s, d])?)?,
            axis(&self.source, shape, [b, s])?,
            axis(&self.target, shape, [b, t])?,
            self.out
                .view_mut::<T, 3>(0, Layout::contiguous([b, t, d])?)?,
        )
        .options(options))
    }
}

fn upload(stream: &Stream, stamps: &Stamps) -> Result<DeviceBuffer> {
    match stamps {
        Stamps::F32(times) => DeviceBuffer::upload(stream, times),
        Stamps::F64(times) => DeviceBuffer::upload(stream, times),
        Stamps::I64(times) => DeviceBuffer::upload(stream, times),
    }
}

fn axis<'a>(buffer: &'a DeviceBuffer, shape: &Shape, sizes: [usize; 2]) -> Result<TimeAxis<'a>> {
    use robocache_core::TimeType;
    let layout = Layout::contiguous(sizes)?;
    Ok(TimeAxis::PerRow(match shape.time {
        TimeType::F32 => buffer.view::<f32, 2>(0, layout)?,
        TimeType::F64 => buffer.view::<f64, 2>(0, layout)?,
        TimeType::I64 => buffer.view::<i64, 2>(0, layout)?,
    }))
}

impl<T: Element> OnCuda<T> {
    pub(super) fn new(
        shape: Shape,
        ordinal: u32,
        seed: u64,
        convert: impl Fn(f32) -> T,
    ) -> Result<OnCuda<T>> {
        let context = Driver::open()?.context(ordinal)?;
        let stream = Stream::new(&context)?;
        let clock = Clock::new(&stream)?;
        let times = Times::new(&shape, seed);
        let data = samples(&shape, seed, convert);
        let bytes = times.bytes(&shape);
        let rotation = ROTATION * context.cuda_caps().l2_bytes as usize;
        let count = rotation.div_ceil(bytes).clamp(2, 400);
        let set = |_| Set::new(&stream, &shape, &data, &times);
        let mut sets = (0..count).map(set).collect::<Result<Vec<_>>>()?;
        let problem = Problem::of(&sets[0].request(&shape, None)?)?;
        Ok(OnCuda {
            shape,
            text: shape.to_string(),
            bytes,
            problem,
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
        let plan = Plan::new_cuda(&self.sets[0].request(&self.shape, Some(id))?, &self.context)?;
        let (sets, shape, stream) = (&mut self.sets, &self.shape, &self.stream);
        let (first, count) = (self.next, sets.len());
        let turn = |run| match cache {
            CacheState::Cold => (first + run) % count,
            CacheState::Warm => first,
        };
        let micros = self.clock.time(stream, repeats, Before::Nothing, |run| {
            let request = sets[turn(run)].request(shape, Some(id))?;
            plan.launch(request, Workspace::none(), stream, None)?;
            match &mut delay {
                Some(scratch) => scratch.fill(stream, 1),
                None => Ok(()),
            }
        })?;
        self.next = turn(repeats);
        Ok(micros)
    }

    fn copy(&mut self, cache: CacheState, repeats: usize) -> Result<Vec<f64>> {
        let half = (self.bytes / 2).max(1);
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

impl<T: Element> Workload for OnCuda<T> {
    fn shape(&self) -> &str {
        &self.text
    }

    fn bytes(&self) -> usize {
        self.bytes
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
        Ok(dispatcher()
            .choose(&self.problem, self.caps(), None)?
            .info
            .id)
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
        Plan::new_cuda(
            &self.sets[0].request(&self.shape, Some(variant))?,
            &self.context,
        )?;
        let mut nanos = Vec::with_capacity(repeats);
        for run in 0..repeats {
            if run % QUEUE == 0 {
                self.stream.synchronize()?;
            }
            let start = Instant::now();
            enqueue(
                self.sets[0].request(&self.shape, Some(variant))?,
                &self.stream,
                None,
            )?;
            nanos.push(start.elapsed().as_secs_f64() * 1e9);
        }
        self.stream.synchronize()?;
        Ok(nanos)
    }

    fn tune(&mut self, effort: Effort) -> Result<Arc<Entry>> {
        let problem = self.problem;
        super::race(self, &problem, effort)
    }
}
