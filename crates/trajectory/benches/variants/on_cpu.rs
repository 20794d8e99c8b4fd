//! The CPU variants.

use crate::report::{Report, Row};
use crate::shapes::{ON_CPU, Shape, Times, samples};
use crate::with_type;
use robocache_core::{Element, Result, TensorView, TensorViewMut, TimeAxis, parallel};
use robocache_registry::DeviceCaps;
use robocache_trajectory::{Options, Plan, Resample, dispatcher};
use std::time::Instant;

/// Memory that the rotation runs through: several times any last-level cache.
const ROTATION: usize = 256 << 20;

pub fn run(report: &mut Report, quick: bool) -> Result<()> {
    report.fact("threads", parallel::threads().to_string());
    report.fact("caps", format!("{:?}", DeviceCaps::cpu()));
    for shape in ON_CPU {
        with_type!(
            shape.dtype,
            convert,
            measure(report, shape, quick, convert)?
        );
    }
    Ok(())
}

struct Set<T> {
    data: Vec<T>,
    times: Times,
    out: Vec<T>,
}

impl<T: Element> Set<T> {
    fn request(&mut self, shape: &Shape, options: Options) -> Result<Resample<'_>> {
        let Shape {
            batch,
            samples,
            columns,
            targets,
            ..
        } = *shape;
        Ok(Resample::new(
            TensorView::from_slice(&self.data, [batch, samples, columns])?,
            TimeAxis::PerRow(TensorView::from_slice(
                &self.times.source,
                [batch, samples],
            )?),
            TimeAxis::PerRow(TensorView::from_slice(
                &self.times.target,
                [batch, targets],
            )?),
            TensorViewMut::from_slice(&mut self.out, [batch, targets, columns])?,
        )
        .options(options))
    }
}

fn measure<T: Element>(
    report: &mut Report,
    shape: &Shape,
    quick: bool,
    convert: impl Fn(f32) -> T + Copy,
) -> Result<()> {
    let bytes = Times::new(shape, 1).bytes(shape);
    let count = (ROTATION / bytes).clamp(2, 64);
    let mut sets: Vec<Set<T>> = (0..count as u64)
        .map(|seed| Set {
            data: samples(shape.batch * shape.samples * shape.columns, seed, convert),
            times: Times::new(shape, seed),
            out: vec![convert(0.0); shape.batch * shape.targets * shape.columns],
        })
        .collect();
    let repeats = if quick { 5 } else { 60 };
    let unchecked = Options::default().check(false);
    let chosen = Plan::new_cpu(&sets[0].request(shape, unchecked)?)?.variant();
    let mut rows = Vec::new();
    for variant in dispatcher().variants() {
        let id = variant.info.id;
        let options = unchecked.forced(id);
        // Variants for other devices, or instructions that this CPU lacks.
        if Plan::new_cpu(&sets[0].request(shape, options)?).is_err() {
            continue;
        }
        rows.push(Row {
            shape: shape.to_string(),
            what: id.into(),
            bytes,
            chosen: id == chosen,
            micros: Vec::new(),
        });
    }
    let (from, mut to) = (vec![1u8; ROTATION / 2], vec![2u8; ROTATION / 2]);
    let half = (bytes / 2).min(ROTATION / 2);
    let mut copies = Vec::new();
    // Round-robin, so that a drift of the machine's speed meets all alike; the first round is warm-up.
    for repeat in 0..=repeats {
        for row in &mut rows {
            let options = unchecked.forced(dispatcher().by_id(&row.what)?.info.id);
            let set = &mut sets[repeat % count];
            let request = set.request(shape, options)?;
            let start = Instant::now();
            robocache_trajectory::resample(request)?;
            row.micros.push(start.elapsed().as_secs_f64() * 1e6);
        }
        let offset = (repeat * half) % (ROTATION / 2 - half + 1);
        let start = Instant::now();
        copy(&from[offset..offset + half], &mut to[offset..offset + half]);
        copies.push(start.elapsed().as_secs_f64() * 1e6);
    }
    for row in &mut rows {
        row.micros.remove(0);
    }
    copies.remove(0);
    report.rows.extend(rows);
    report.rows.push(Row {
        shape: shape.to_string(),
        what: "copy".into(),
        bytes,
        chosen: false,
        micros: copies,
    });
    Ok(())
}

/// A copy on all threads.
fn copy(from: &[u8], to: &mut [u8]) {
    parallel::for_each((from, to), 2 * from.len(), halve, |(from, to)| {
        to.copy_from_slice(from)
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
