//! Which tensor do some bytes describe, and where do its elements really lie?
//!
//! | file | question it answers |
//! |---|---|
//! | `elements` | which memory holds it, and what was written there? |
//! | `views` | how do several of them become the views of a request? |

mod elements;
mod views;

pub use elements::Memory;
pub use views::{OnDevice, OnHost, Views};

use crate::bytes::Bytes;
use robocache_core::{DType, Layout, Place, Result, TensorView, TensorViewMut};

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
                // Another one's place, perhaps, or some elements before it.
                1 => {
                    let choice = u64::from(from.byte());
                    let before = (choice >> 4) * dtype.size() as u64;
                    (place(choice & 15) - before, 0)
                }
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

    /// The same elements in another number of dimensions, those at the end being of one.
    pub fn of_rank<const Q: usize>(&self) -> Tensor<Q> {
        let end = R.min(Q);
        let (mut shape, mut strides) = ([1; Q], [0; Q]);
        shape[..end].copy_from_slice(&self.layout.shape[..end]);
        strides[..end].copy_from_slice(&self.layout.strides[..end]);
        Tensor {
            dtype: self.dtype,
            layout: Layout { shape, strides },
            first: self.first,
            len: self.len,
        }
    }

    /// How many elements it has.
    pub fn count(&self) -> u128 {
        let sizes = self.layout.shape.iter().map(|&n| n as u128);
        match self.layout.shape.contains(&0) {
            true => 0,
            false => sizes.fold(1, u128::saturating_mul),
        }
    }

    /// The offsets of its elements from element 0, in the order of their indices; there are few enough.
    pub fn offsets(&self) -> Vec<i128> {
        // The dimensions before the one that has none can be as long as they like.
        if self.count() == 0 {
            return Vec::new();
        }
        let mut at: Vec<i128> = vec![0];
        for (&n, stride) in self.layout.shape.iter().zip(self.layout.strides) {
            let steps = |&start: &i128| (0..n as i128).map(move |i| start + i * stride as i128);
            at = at.iter().flat_map(steps).collect();
        }
        at
    }

    /// What must hold of an accepted output besides: no two elements in one place.
    pub fn is_distinct(&self) {
        if self.count() == 0 {
            return;
        }
        if self.count() > 512 {
            // Too many to be looked at: at least no dimension repeats.
            for (n, stride) in self.layout.shape.iter().zip(self.layout.strides) {
                assert!(*n <= 1 || stride != 0, "an output that repeats: {self:?}");
            }
            return;
        }
        let mut at = self.offsets();
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

/// Whether two tensors have a byte in common.
pub fn meet(one: Option<(i128, i128)>, other: Option<(i128, i128)>) -> bool {
    one.zip(other)
        .is_some_and(|(a, b)| a.0 <= b.1 && b.0 <= a.1)
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
