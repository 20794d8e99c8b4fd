//! Which tensor do some bytes describe, and where do its elements really lie?

use crate::bytes::Bytes;
use robocache_core::{DType, Element, Layout, Place, Result, TensorView, TensorViewMut, bf16, f16};

/// The widest memory of an operand on the host, in elements.
const MOST: usize = 96;

/// A tensor in words; nothing of it is known to be possible.
#[derive(Clone, Copy, Debug)]
pub struct Tensor<const R: usize> {
    pub dtype: DType,
    pub layout: Layout<R>,
    /// On the host the position of element 0 in its memory, on a device its address.
    pub first: u64,
    /// On the host the number of elements of the memory.
    pub len: usize,
}

impl<const R: usize> Tensor<R> {
    /// A tensor of a shape, now and then of another one.
    pub fn decode(from: &mut Bytes<'_>, dtype: DType, mut shape: [usize; R], on: Where) -> Self {
        let choice = from.byte();
        if choice & 0x1f == 0x1f {
            shape[from.below(R)] = size(from);
        }
        let dtype = if choice & 0xe0 == 0xe0 {
            from.pick(&DType::ALL)
        } else {
            dtype
        };
        let mut strides = [0isize; R];
        let style = from.byte();
        let mut step = 1isize;
        for axis in (0..R).rev() {
            strides[axis] = match style & 7 {
                0..4 => step,
                4 => step.wrapping_neg(),
                // Repeated, or beyond what is used.
                5 if shape[axis] > 1 => 0,
                5 => stride(from),
                _ => stride(from),
            };
            let pad = isize::from(style & 8 != 0);
            step = step
                .saturating_mul(shape[axis].max(1) as isize)
                .saturating_add(pad);
        }
        let layout = Layout { shape, strides };
        let (first, len) = match on {
            Where::Host => {
                // Fits, if anything does; now and then it does not.
                let (low, high) = reach(&layout).unwrap_or((0, 0));
                let first = low.unsigned_abs().min(MOST as u128) as usize;
                let len = (high - low + 1).clamp(0, MOST as i128) as usize;
                let len = if reach(&layout).is_none() { 0 } else { len };
                match style >> 4 {
                    0 => (from.below(MOST) as u64, from.below(MOST)),
                    1 => (first as u64, len.saturating_sub(1)),
                    2 => (first as u64 + 1, len),
                    _ => (first as u64, len),
                }
            }
            Where::Device(slot) => match style >> 4 {
                0 => (from.word(), 0),
                // Another one's place, perhaps.
                1 => (place(u64::from(from.byte() & 7)), 0),
                n => (place(slot) + u64::from(n & 7) * dtype.size() as u64, 0),
            },
        };
        Tensor {
            dtype,
            layout,
            first,
            len,
        }
    }

    /// Its elements' lowest and highest byte on the device; `None` if there is none. In numbers that
    /// cannot overflow.
    pub fn bytes(&self) -> Option<(i128, i128)> {
        let size = self.dtype.size() as i128;
        let (low, high) = reach(&self.layout)?;
        let first = i128::from(self.first);
        Some((first + low * size, first + (high + 1) * size - 1))
    }

    /// What must hold of an accepted view on the host.
    pub fn lies_inside(&self, view: &TensorView<'_, R>) {
        self.is_seen_as(view);
        if let Some((low, high)) = reach(&self.layout) {
            let first = i128::from(self.first);
            assert!(
                0 <= first + low && first + high < self.len as i128,
                "accepted outside of its memory: {self:?}"
            );
        }
    }

    /// What must hold of an accepted view on a device.
    pub fn is_addressable(&self, view: &TensorView<'_, R>) {
        self.is_seen_as(view);
        let found = view
            .byte_range()
            .map(|(low, end)| (i128::from(low), i128::from(end) - 1));
        assert_eq!(found, self.bytes(), "{self:?}");
        if let Some((low, high)) = self.bytes() {
            assert!(
                0 <= low && high < i128::from(u64::MAX),
                "accepted beyond memory: {self:?}"
            );
            assert!(self.first != 0 && self.first.is_multiple_of(self.dtype.size() as u64));
        }
    }

    fn is_seen_as(&self, view: &TensorView<'_, R>) {
        assert_eq!(view.layout(), &self.layout);
        assert_eq!(
            (view.shape(), view.dtype()),
            (self.layout.shape, self.dtype)
        );
    }

    /// What must hold of an accepted output besides: no two elements in one place.
    pub fn is_distinct(&self) {
        let count = self
            .layout
            .shape
            .iter()
            .map(|&n| n as u128)
            .product::<u128>();
        if count == 0 {
            return;
        }
        let mut at: Vec<i128> = vec![0];
        if count > 512 {
            // Too many to be looked at: at least no dimension repeats.
            for (n, stride) in self.layout.shape.iter().zip(self.layout.strides) {
                assert!(*n <= 1 || stride != 0, "an output that repeats: {self:?}");
            }
            return;
        }
        for (&n, stride) in self.layout.shape.iter().zip(self.layout.strides) {
            let steps = |&start: &i128| (0..n as i128).map(move |i| start + i * stride as i128);
            at = at.iter().flat_map(steps).collect();
        }
        at.sort_unstable();
        assert!(
            at.is_sorted_by(|a, b| a < b),
            "an output that overlaps itself: {self:?}"
        );
    }

    /// The view of that device memory, which is not there.
    pub fn on_device<'a>(&self) -> Result<TensorView<'a, R>> {
        // SAFETY: planning reads no element, and nothing else is done with the view.
        unsafe {
            TensorView::from_raw(
                self.first as *const u8,
                self.dtype,
                self.layout,
                Place::Cuda(0),
            )
        }
    }

    /// Likewise, to be written.
    pub fn on_device_mut<'a>(&self) -> Result<TensorViewMut<'a, R>> {
        // SAFETY: as above.
        unsafe {
            TensorViewMut::from_raw(
                self.first as *mut u8,
                self.dtype,
                self.layout,
                Place::Cuda(0),
            )
        }
    }
}

/// Where a tensor lies; on a device, in a part of the addresses for itself.
#[derive(Clone, Copy)]
pub enum Where {
    Host,
    Device(u64),
}

/// The middle of a slot's part of the addresses.
fn place(slot: u64) -> u64 {
    (slot << 60) + (1 << 59)
}

/// The smallest and largest offset of any element, in elements.
fn reach<const R: usize>(layout: &Layout<R>) -> Option<(i128, i128)> {
    let mut ends = (0i128, 0i128);
    for (&n, &stride) in layout.shape.iter().zip(&layout.strides) {
        // Three such cannot overflow, and are no less outside of everything.
        let far = (n as i128 - 1).saturating_mul(stride as i128);
        let far = far.clamp(-(1 << 100), 1 << 100);
        if n == 0 {
            return None;
        }
        ends = (ends.0 + far.min(0), ends.1 + far.max(0));
    }
    Some(ends)
}

/// A number of elements: mostly small, else near where things overflow.
pub fn size(from: &mut Bytes<'_>) -> usize {
    let choice = from.byte();
    match choice >> 5 {
        0..6 => usize::from(choice & 15) % 9,
        6 => {
            let power = 1usize.checked_shl(u32::from(from.byte() & 63)).unwrap_or(0);
            power.wrapping_add(usize::from(choice & 3)).wrapping_sub(1)
        }
        _ => from.word() as usize,
    }
}

fn stride(from: &mut Bytes<'_>) -> isize {
    let choice = from.byte();
    match choice >> 5 {
        0..5 => isize::from((choice & 31) as i8) - 12,
        5 => [isize::MIN, isize::MAX, isize::MIN + 1, isize::MAX / 8][usize::from(choice & 3)],
        6 => (size(from) as isize).wrapping_neg(),
        _ => size(from) as isize,
    }
}

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
}
