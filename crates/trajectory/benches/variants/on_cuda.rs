//! The variants for CUDA devices.

use crate::host_cost;
use crate::report::{Report, Row};
use crate::shapes::{ON_CUDA, Shape, Times, samples};
use crate::with_type;
use robocache_core::{Element, Error, Layout, Result, TimeAxis};
use robocache_cuda::{Context, DeviceBuffer, Driver, Event, Stream, Workspace, driver};
use robocache_trajectory::{Options, Plan, Resample, dispatcher};
use std::sync::Arc;

/// Memory that the rotation runs through: several times the second-level cache.
const ROTATION: usize = 512 << 20;
/// Runs between two fills that keep the device busy while the host enqueues.
const BATCH: usize = 40;

pub fn run(report: &mut Report, ordinal: u32, quick: bool) -> Result<()> {
    let context = Driver::open()?.context(ordinal)?;
    report.fact("caps", format!("{:?}", context.cuda_caps()));
    report.fact("driver", driver::dotted(Driver::open()?.cuda_version()));
    let stream = Stream::new(&context)?;
    let mut blocker = DeviceBuffer::new(&context, 4 << 30)?;
    let repeats = if quick { BATCH } else { 5 * BATCH };
    for shape in ON_CUDA {
        with_type!(
            shape.dtype,
            convert,
            measure(
                report,
                &context,
                &stream,
                &mut blocker,
                shape,
                repeats,
                convert
            )?
        );
    }
    host_cost::run(report, &context, if quick { 2_000 } else { 20_000 })
}

/// One set of inputs and outputs on the device.
pub struct Set {
    data: DeviceBuffer,
    source: DeviceBuffer,
    target: DeviceBuffer,
    out: DeviceBuffer,
}

impl Set {
    pub fn new<T: Element>(
        stream: &Stream,
        shape: &Shape,
        data: &[T],
        times: &Times,
    ) -> Result<Set> {
        let count = shape.batch * shape.targets * shape.columns;
        Ok(Set {
            data: DeviceBuffer::upload(stream, data)?,
            source: DeviceBuffer::upload(stream, &times.source)?,
            target: DeviceBuffer::upload(stream, &times.target)?,
            out: DeviceBuffer::new(stream.context(), count * size_of::<T>())?,
        })
    }

    pub fn request<T: Element>(&mut self, shape: &Shape, options: Options) -> Result<Resample<'_>> {
        let Shape {
            batch,
            samples,
            columns,
            targets,
            ..
        } = *shape;
        let source = Layout::contiguous([batch, samples])?;
        let target = Layout::contiguous([batch, targets])?;
        Ok(Resample::new(
            self.data
                .view::<T, 3>(0, Layout::contiguous([batch, samples, columns])?)?,
            TimeAxis::PerRow(self.source.view::<f32, 2>(0, source)?),
            TimeAxis::PerRow(self.target.view::<f32, 2>(0, target)?),
            self.out
                .view_mut::<T, 3>(0, Layout::contiguous([batch, targets, columns])?)?,
        )
        .options(options))
    }
}

fn measure<T: Element>(
    report: &mut Report,
    context: &Arc<Context>,
    stream: &Stream,
    blocker: &mut DeviceBuffer,
    shape: &Shape,
    repeats: usize,
    convert: impl Fn(f32) -> T + Copy,
) -> Result<()> {
    let times = Times::new(shape, 1);
    let bytes = times.bytes(shape);
    let whole = shape.batch * (shape.samples + shape.targets) * shape.columns * size_of::<T>();
    let count = ROTATION.div_ceil(whole).clamp(2, 400);
    let data = samples(shape.batch * shape.samples * shape.columns, 7, convert);
    let mut sets = (0..count)
        .map(|_| Set::new(stream, shape, &data, &times))
        .collect::<Result<Vec<_>>>()?;
    let chosen =
        Plan::new_cuda(&sets[0].request::<T>(shape, Options::default())?, context)?.variant();
    for variant in dispatcher().variants() {
        let id = variant.info.id;
        let options = Options::default().forced(id);
        let plan = match Plan::new_cuda(&sets[0].request::<T>(shape, options)?, context) {
            Ok(plan) => plan,
            Err(Error::Unsupported { .. }) => continue,
            Err(error) => return Err(error),
        };
        let micros = timed(stream, blocker, repeats, |run| {
            let request = sets[run % count].request::<T>(shape, options)?;
            plan.launch(request, Workspace::none(), stream, None)
        })?;
        let chosen = id == chosen;
        report.rows.push(Row {
            shape: shape.to_string(),
            what: id.into(),
            bytes,
            chosen,
            micros,
        });
    }
    let half = bytes / 2;
    let places = ROTATION.div_ceil(half).clamp(2, 400);
    let mut pairs = (0..places)
        .map(|_| {
            Ok((
                DeviceBuffer::new(context, half)?,
                DeviceBuffer::new(context, half)?,
            ))
        })
        .collect::<Result<Vec<_>>>()?;
    let micros = timed(stream, blocker, repeats, |run| {
        let (from, to) = &mut pairs[run % places];
        to.copy_from(stream, from, half)
    })?;
    report.rows.push(Row {
        shape: shape.to_string(),
        what: "copy".into(),
        bytes,
        chosen: false,
        micros,
    });
    Ok(())
}

/// Device microseconds of each of `repeats` runs, after a warm-up.
fn timed(
    stream: &Stream,
    blocker: &mut DeviceBuffer,
    repeats: usize,
    mut run: impl FnMut(usize) -> Result<()>,
) -> Result<Vec<f64>> {
    let context = stream.context().clone();
    let mut events = Vec::new();
    for _ in 0..BATCH {
        events.push((Event::new(&context)?, Event::new(&context)?));
    }
    for warm in 0..5 {
        run(warm)?;
    }
    stream.synchronize()?;
    let mut micros = Vec::with_capacity(repeats);
    let mut next = 0;
    while micros.len() < repeats {
        blocker.fill(stream, 1)?;
        for (start, end) in &events {
            start.record(stream)?;
            run(next)?;
            end.record(stream)?;
            next += 1;
        }
        stream.synchronize()?;
        for (start, end) in &events {
            micros.push(end.micros_since(start)?);
        }
    }
    Ok(micros)
}
