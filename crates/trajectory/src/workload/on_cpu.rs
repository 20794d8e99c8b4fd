//! A problem in host memory, timed by the wall's clock.

use super::shape::{Shape, Stamps, Times, samples};
use crate::{Options, Problem, Resample, dispatcher};
use robocache_core::{Element, Result, TensorView, TensorViewMut, TimeAxis, parallel};
use robocache_registry::tune::{Effort, Entry};
use robocache_registry::{CacheState, DeviceCaps, KeyText, Subject, Workload};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Memory that a cold rotation runs through: several times what a core's share of any last-level cache
/// holds.
const ROTATION: usize = 256 << 20;

/// Inputs and outputs, as often as the rotation needs them.
pub(super) struct OnCpu<T> {
    shape: Shape,
    text: String,
    bytes: usize,
    problem: Problem,
    sets: Vec<Set<T>>,
    copies: Copies,
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
            copies: Copies::new(bytes / 2),
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

/// Memory to copy, in a rotation of its own; made when it is first needed.
struct Copies {
    half: usize,
    from: Vec<u8>,
    to: Vec<u8>,
    at: usize,
}

impl Copies {
    fn new(half: usize) -> Copies {
        Copies {
            half,
            from: Vec::new(),
            to: Vec::new(),
            at: 0,
        }
    }

    fn run(&mut self, cache: CacheState) -> Duration {
        let size = (ROTATION / 2).max(2 * self.half);
        if self.from.is_empty() {
            self.from = vec![1; size];
            self.to = vec![2; size];
        }
        if cache == CacheState::Cold {
            self.at = if self.at + 2 * self.half > size {
                0
            } else {
                self.at + self.half
            };
        }
        let range = self.at..self.at + self.half;
        let start = Instant::now();
        copy(&self.from[range.clone()], &mut self.to[range]);
        start.elapsed()
    }
}

/// A copy on all threads.
fn copy(from: &[u8], to: &mut [u8]) {
    parallel::for_each((from, to), 2 * from.len(), halve, |(from, to)| {
        to.copy_from_slice(from);
    });
}

type Pair<'a> = (&'a [u8], &'a mut [u8]);

fn halve<'a>((from, to): Pair<'a>) -> std::result::Result<(Pair<'a>, Pair<'a>), Pair<'a>> {
    if from.len() < 128 * 1024 {
        return Err((from, to));
    }
    let middle = from.len() / 2;
    let (from_low, from_high) = from.split_at(middle);
    let (to_low, to_high) = to.split_at_mut(middle);
    Ok(((from_low, to_low), (from_high, to_high)))
}
