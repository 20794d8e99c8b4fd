//! Requests whose memory lies on a stub device.

use robocache_core::{DType, Layout, Result, Rows, TensorView, TensorViewMut, TimeAxis};
use robocache_cuda::{Context, DeviceBuffer, Stream};
use robocache_testkit::stub::Rig;
use robocache_trajectory::{Options, Resample};
use std::sync::Arc;

/// The shape of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub batch: usize,
    pub samples: usize,
    pub targets: usize,
    pub columns: usize,
    /// Elements between neighbouring columns.
    pub column_stride: usize,
    /// Elements by which samples and values begin after the start of their allocation.
    pub shift: usize,
    /// f32 or f64.
    pub dtype: DType,
}

impl Shape {
    /// Contiguous and aligned, of f32.
    pub const fn of(batch: usize, samples: usize, targets: usize, columns: usize) -> Shape {
        Shape {
            batch,
            samples,
            targets,
            columns,
            column_stride: 1,
            shift: 0,
            dtype: DType::F32,
        }
    }

    pub fn strided(mut self, column_stride: usize) -> Shape {
        self.column_stride = column_stride;
        self
    }

    pub fn shifted(mut self, shift: usize) -> Shape {
        self.shift = shift;
        self
    }

    pub fn f64(mut self) -> Shape {
        self.dtype = DType::F64;
        self
    }

    fn layout(&self, steps: usize) -> Layout<3> {
        let (column, row) = (self.column_stride, self.column_stride * self.columns);
        let strides = [steps * row, row, column].map(|stride| stride as isize);
        Layout::strided([self.batch, steps, self.columns], strides).unwrap()
    }

    fn bytes(&self, steps: usize) -> usize {
        let elements = self.batch * steps * self.columns * self.column_stride;
        (elements + self.shift) * self.dtype.size()
    }
}

/// Device memory for a batch with shared f64 source times, f64 target times per row, a mask, and
/// lengths.
pub struct Memory {
    pub shape: Shape,
    pub data: DeviceBuffer,
    pub out: DeviceBuffer,
    pub source: DeviceBuffer,
    pub target: DeviceBuffer,
    pub mask: DeviceBuffer,
    pub lengths: DeviceBuffer,
}

impl Memory {
    pub fn new(rig: &Rig, shape: Shape) -> Memory {
        Memory::on(&rig.context, &rig.stream, shape).unwrap()
    }

    pub fn on(context: &Arc<Context>, stream: &Stream, shape: Shape) -> Result<Memory> {
        let times: Vec<f64> = (0..shape.samples).map(|i| i as f64 * 0.01).collect();
        Ok(Memory {
            shape,
            data: DeviceBuffer::new(context, shape.bytes(shape.samples))?,
            out: DeviceBuffer::new(context, shape.bytes(shape.targets))?,
            source: DeviceBuffer::upload(stream, &times)?,
            target: DeviceBuffer::new(context, shape.batch * shape.targets * size_of::<f64>())?,
            mask: DeviceBuffer::new(context, shape.batch * shape.targets)?,
            lengths: DeviceBuffer::new(context, shape.batch * size_of::<i64>())?,
        })
    }

    /// Addresses of the first sample and of the first value.
    pub fn addresses(&self) -> [u64; 2] {
        let shift = (self.shape.shift * self.shape.dtype.size()) as u64;
        [self.data.address() + shift, self.out.address() + shift]
    }

    /// The plain request: dense rows, no mask, default options.
    pub fn request(&mut self) -> Resample<'_> {
        self.with(Options::default(), false)
    }

    pub fn forced(&mut self, variant: &'static str) -> Resample<'_> {
        self.with(Options::default().forced(variant), false)
    }

    /// With these options and, if asked for, with lengths and a mask.
    pub fn with(&mut self, options: Options, ragged: bool) -> Resample<'_> {
        let shape = self.shape;
        let (batch, samples, targets) = (shape.batch, shape.samples, shape.targets);
        let from = shape.shift * shape.dtype.size();
        let data = view(&self.data, shape, from, samples);
        let out = view_mut(&mut self.out, shape, from, targets);
        let source = self.source.view::<f64, 1>(0, contiguous([samples]));
        let target = self.target.view::<f64, 2>(0, contiguous([batch, targets]));
        let request = Resample::new(
            data,
            TimeAxis::Shared(source.unwrap()),
            TimeAxis::PerRow(target.unwrap()),
            out,
        )
        .options(options);
        if !ragged {
            return request;
        }
        let mask = self.mask.view_mut::<u8, 2>(0, contiguous([batch, targets]));
        let lengths = self.lengths.view::<i64, 1>(0, contiguous([batch]));
        request
            .mask(mask.unwrap())
            .rows(Rows::Lengths(lengths.unwrap()))
    }
}

fn contiguous<const R: usize>(shape: [usize; R]) -> Layout<R> {
    Layout::contiguous(shape).unwrap()
}

fn view(buffer: &DeviceBuffer, shape: Shape, from: usize, steps: usize) -> TensorView<'_, 3> {
    let layout = shape.layout(steps);
    match shape.dtype {
        DType::F64 => buffer.view::<f64, 3>(from, layout),
        _ => buffer.view::<f32, 3>(from, layout),
    }
    .unwrap()
}

fn view_mut(
    buffer: &mut DeviceBuffer,
    shape: Shape,
    from: usize,
    steps: usize,
) -> TensorViewMut<'_, 3> {
    let layout = shape.layout(steps);
    match shape.dtype {
        DType::F64 => buffer.view_mut::<f64, 3>(from, layout),
        _ => buffer.view_mut::<f32, 3>(from, layout),
    }
    .unwrap()
}
