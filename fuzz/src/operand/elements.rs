//! Which memory holds the elements of a tensor, and what was written there?

use super::Tensor;
use crate::bytes::Bytes;
use robocache_core::{DType, Element, Layout, Result, TensorView, TensorViewMut, bf16, f16};

/// Elements of one type, with no room to spare.
pub enum Memory {
    F16(Vec<f16>),
    Bf16(Vec<bf16>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    U8(Vec<u8>),
    I16(Vec<i16>),
    I32(Vec<i32>),
    I64(Vec<i64>),
}

macro_rules! each {
    ($memory:expr, $elements:ident => $work:expr) => {
        match $memory {
            Memory::F16($elements) => $work,
            Memory::Bf16($elements) => $work,
            Memory::F32($elements) => $work,
            Memory::F64($elements) => $work,
            Memory::U8($elements) => $work,
            Memory::I16($elements) => $work,
            Memory::I32($elements) => $work,
            Memory::I64($elements) => $work,
        }
    };
}

impl Memory {
    /// Memory for a tensor: small whole numbers that go up and, now and then, down.
    pub fn of<const R: usize>(tensor: &Tensor<R>, from: &mut Bytes<'_>) -> Memory {
        let salt = from.byte();
        let number =
            |i: usize| (i + usize::from(salt & 7) * (i % 5)) as i16 / 3 - i16::from(salt >> 6);
        fn all<T: Element>(len: usize, number: impl Fn(usize) -> T) -> Vec<T> {
            let mut elements: Vec<T> = (0..len).map(number).collect();
            elements.shrink_to_fit();
            elements
        }
        let len = tensor.len;
        match tensor.dtype {
            DType::F16 => Memory::F16(all(len, |i| f16::from_f32(number(i).into()))),
            DType::Bf16 => Memory::Bf16(all(len, |i| bf16::from_f32(number(i).into()))),
            DType::F32 => Memory::F32(all(len, |i| number(i).into())),
            DType::F64 => Memory::F64(all(len, |i| number(i).into())),
            DType::U8 => Memory::U8(all(len, |i| number(i) as u8)),
            DType::I16 => Memory::I16(all(len, number)),
            DType::I32 => Memory::I32(all(len, |i| number(i).into())),
            _ => Memory::I64(all(len, |i| number(i).into())),
        }
    }

    /// The tensor in this memory.
    pub fn view<const R: usize>(&self, tensor: &Tensor<R>) -> Result<TensorView<'_, R>> {
        let layout = Layout::strided(tensor.layout.shape, tensor.layout.strides)?;
        each!(self, elements => {
            TensorView::from_slice_strided(elements, layout, tensor.first as usize)
        })
    }

    /// The tensor in this memory, to be written.
    pub fn view_mut<const R: usize>(&mut self, tensor: &Tensor<R>) -> Result<TensorViewMut<'_, R>> {
        // Not by way of `Layout::strided`: a layout need not have been checked before.
        each!(self, elements => {
            TensorViewMut::from_slice_strided(elements, tensor.layout, tensor.first as usize)
        })
    }

    /// All of it, as bytes.
    pub fn bytes(&self) -> &[u8] {
        fn all<T: Element>(elements: &[T]) -> &[u8] {
            let first = elements.as_ptr().cast();
            // SAFETY: elements are numbers without padding, and so many bytes long.
            unsafe { std::slice::from_raw_parts(first, size_of_val(elements)) }
        }
        each!(self, elements => all(elements))
    }

    /// The bytes of a tensor's elements in the order of their indices.
    pub fn gather<const R: usize>(&self, tensor: &Tensor<R>) -> Vec<u8> {
        let size = tensor.dtype.size();
        let of = |offset: i128| {
            let at = (i128::from(tensor.first) + offset) as usize * size;
            &self.bytes()[at..at + size]
        };
        tensor.offsets().into_iter().flat_map(of).copied().collect()
    }

    /// Whether only a tensor's elements have changed since the memory held these bytes.
    pub fn is_intact_around<const R: usize>(&self, tensor: &Tensor<R>, before: &[u8]) -> bool {
        let size = tensor.dtype.size();
        let mut belongs = vec![false; before.len()];
        for offset in tensor.offsets() {
            let at = (i128::from(tensor.first) + offset) as usize * size;
            belongs[at..at + size].fill(true);
        }
        let bytes = self.bytes().iter().zip(before);
        bytes
            .zip(belongs)
            .all(|((now, then), belongs)| belongs || now == then)
    }
}
