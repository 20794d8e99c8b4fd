//! Each wrong argument gives its own error, which names the argument.

mod arguments;
mod kinds;
mod memory;

use robocache_core::{Element, Error, TensorView, TensorViewMut, TimeAxis, TimeScalar};
use robocache_trajectory::{Plan, Resample, resample};

pub(crate) const B: usize = 2;
pub(crate) const S: usize = 4;
pub(crate) const T: usize = 3;
pub(crate) const D: usize = 5;

/// The memory of a request that is right, to be spoiled.
pub(crate) struct Memory {
    pub(crate) data: Vec<f32>,
    pub(crate) source: Vec<f64>,
    pub(crate) target: Vec<f64>,
    pub(crate) out: Vec<f32>,
    pub(crate) mask: Vec<u8>,
}

impl Memory {
    pub(crate) fn new() -> Memory {
        Memory {
            data: vec![1.0; B * S * D],
            source: vec![0.0, 1.0, 2.0, 3.0],
            target: vec![0.5, 1.5, 2.5],
            out: vec![0.0; B * T * D],
            mask: vec![7; B * T],
        }
    }

    pub(crate) fn request(&mut self) -> Resample<'_> {
        Resample::new(
            view(&self.data, [B, S, D]),
            shared(&self.source),
            shared(&self.target),
            TensorViewMut::from_slice(&mut self.out, [B, T, D]).unwrap(),
        )
        .mask(TensorViewMut::from_slice(&mut self.mask, [B, T]).unwrap())
    }
}

pub(crate) fn view<T: Element, const R: usize>(
    slice: &[T],
    shape: [usize; R],
) -> TensorView<'_, R> {
    TensorView::from_slice(slice, shape).unwrap()
}

pub(crate) fn shared<T: Element>(slice: &[T]) -> TimeAxis<'_> {
    TimeAxis::Shared(view(slice, [slice.len()]))
}

pub(crate) fn uniform(start: TimeScalar, step: TimeScalar, len: usize) -> TimeAxis<'static> {
    TimeAxis::Uniform { start, step, len }
}

/// The error of a request, which must be of a kind and name an argument, and whose message must, too.
#[track_caller]
pub(crate) fn refused(request: Resample<'_>, kind: &str, argument: &str) {
    let planned = Plan::new_cpu(&request).err();
    let error = resample(request).expect_err("accepted");
    let (found, named) = match &error {
        Error::Shape { argument, .. } => ("Shape", *argument),
        Error::DType { argument, .. } => ("DType", *argument),
        Error::Range { argument, .. } => ("Range", *argument),
        Error::Memory { argument, .. } => ("Memory", *argument),
        Error::Overflow { what } => ("Overflow", *what),
        Error::Unsupported { op, .. } => ("Unsupported", *op),
        other => panic!("{other:?}"),
    };
    assert_eq!((found, named), (kind, argument), "{error}");
    assert!(error.to_string().contains(argument), "{error}");
    if let Some(planned) = planned {
        assert_eq!(planned, error, "the plan's error is another one");
    }
}
