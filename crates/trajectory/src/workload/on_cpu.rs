//! A problem in host memory, timed by the wall's clock.

use super::shape::{Shape, Stamps, Times, samples};
use crate::{Options, Problem, Resample, dispatcher};
use robocache_core::{Element, Result, TensorView, TensorViewMut, TimeAxis};
use robocache_registry::host_copy::{HostCopies, ROTATION};
use robocache_registry::tune::{Effort, Entry};
use robocache_registry::{CacheState, DeviceCaps, KeyText, Subject, Workload};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Inputs and outputs, as often as the rotation needs them.
pub(super) struct OnCpu<T> {
    shape: Shape,
    text: String,
    bytes: usize,
    problem: Problem,
    sets: Vec<Set<T>>,
    copies: HostCopies,
    next: usize,
}

struct Set<T> {
    data: Vec<T>,
    times: Times,
    out: Vec<T>,
}

impl<T: Element> Set<T> {
    fn request(&mut self, shape: &Shape, variant: Option<&'static str>) -> Result<Resample<'_>> {
        let [b, s, d, t] = [shape.batch, shape.samples, shape.columns, shape.targets];
        let mut options = Options::default().kind(shape.kind).check(false);
        options.variant = variant;
        Ok(Resample::new(
            TensorView::from_slice(&self.data, [b, s, d])?,
            axis(&self.times.source, [b, s])?,
            axis(&self.times.target, [b, t])?,
            TensorViewMut::from_slice(&mut self.out, [b, t, d])?,
        )
        .options(options))
    }
}

fn axis(stamps: &Stamps, shape: [usize; 2]) -> Result<TimeAxis<'_>> {
    Ok(TimeAxis::PerRow(match stamps {
        Stamps::F32(times) => TensorView::from_slice(times, shape)?,
        Stamps::F64(times) => TensorView::from_slice(times, shape)?,
        Stamps::I64(times) => TensorView::from_slice(times, shape)?,
    }))
}

impl<T: Element> OnCpu<T> {
    pub(super) fn new(shape: Shape, seed: u64, convert: impl Fn(f32) -> T) -> Result<OnCpu<T>> {
        let bytes = Times::new(&shape, seed).bytes(&shape);
        let count = (ROTATION / bytes).clamp(2, 64) as u64;
        let set = |index| Set {
            data: samples(&shape, seed + index, &convert),
            times: Times::new(&shape, seed + index),
            out: vec![convert(0.0); shape.batch * shape.targets * shape.columns],
        };
        let mut sets: Vec<_> = (0..count).map(set).collect();
        let problem = Problem::of(&sets[0].request(&shape, None)?)?;
        Ok(OnCpu {
            shape,
            text: shape.to_string(),
            bytes,
            problem,
            sets,
            copies: HostCopies::new(bytes),
            next: 0,
        })
    }

    /// The next run's memory.
    fn turn(&mut self, cache: CacheState) -> &mut Set<T> {
        if cache == CacheState::Cold {
            self.next = (self.next + 1) % self.sets.len();
        }
        &mut self.sets[self.next]
    }

    fn run(&mut self, id: &'static str, cache: CacheState, delay: Duration) -> Result<Duration> {
        let shape = self.shape;
        let request = self.turn(cache).request(&shape, Some(id))?;
        let start = Instant::now();
        crate::resample(request)?;
        let end = Instant::now() + delay;
        while Instant::now() < end && !delay.is_zero() {
            std::hint::spin_loop();
        }
        Ok(start.elapsed())
    }
}

impl<T: Element> Workload for OnCpu<T> {
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
        Ok(dispatcher()
            .choose(&self.problem, self.caps(), None)?
            .info
            .id)
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
        let problem = self.problem;
        super::race(self, &problem, effort)
    }
}
