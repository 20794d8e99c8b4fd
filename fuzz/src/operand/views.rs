//! How do several tensors become the views of a request?

use super::{Memory, Tensor};
use robocache_core::{TensorView, TensorViewMut};

/// What makes views of the tensors.
pub trait Views<'a> {
    /// A view to read; `None` if it was refused.
    fn view<const R: usize>(&self, slot: usize, tensor: &Tensor<R>) -> Option<TensorView<'a, R>>;
    /// A view to write.
    fn view_mut<const R: usize>(
        &mut self,
        slot: usize,
        tensor: &Tensor<R>,
    ) -> Option<TensorViewMut<'a, R>>;
}

/// Inputs and outputs in memory of their own.
pub struct OnHost<'a> {
    /// By slot.
    pub inputs: Vec<&'a Memory>,
    /// By slot; each is taken once.
    pub outputs: Vec<Option<&'a mut Memory>>,
}

impl<'a> Views<'a> for OnHost<'a> {
    fn view<const R: usize>(&self, slot: usize, tensor: &Tensor<R>) -> Option<TensorView<'a, R>> {
        let view = self.inputs[slot].view(tensor).ok()?;
        tensor.lies_inside(&view);
        Some(view)
    }

    fn view_mut<const R: usize>(
        &mut self,
        slot: usize,
        tensor: &Tensor<R>,
    ) -> Option<TensorViewMut<'a, R>> {
        let view = self.outputs[slot].take()?.view_mut(tensor).ok()?;
        tensor.lies_inside(view.as_view());
        Some(view)
    }
}

/// Addresses of a device that is not there.
pub struct OnDevice;

impl<'a> Views<'a> for OnDevice {
    fn view<const R: usize>(&self, _: usize, tensor: &Tensor<R>) -> Option<TensorView<'a, R>> {
        let view = tensor.on_device().ok()?;
        tensor.is_addressable(&view);
        Some(view)
    }

    fn view_mut<const R: usize>(
        &mut self,
        _: usize,
        tensor: &Tensor<R>,
    ) -> Option<TensorViewMut<'a, R>> {
        let view = tensor.on_device_mut().ok()?;
        tensor.is_addressable(view.as_view());
        Some(view)
    }
}
