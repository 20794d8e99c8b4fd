//! Borrowed memory with a shape: what operations take and fill.

use crate::{DType, Element, Error, Layout, Result};
use std::marker::PhantomData;

/// Where memory lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Memory that the CPU can read and write.
    Host,
    /// Memory of the CUDA device with this ordinal.
    Cuda(u32),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::Host => f.write_str("host memory"),
            Place::Cuda(ordinal) => write!(f, "memory of CUDA device {ordinal}"),
        }
    }
}

/// A read-only view of `R`-dimensional memory that lives at least as long as `'a`.
#[derive(Clone, Copy, Debug)]
pub struct TensorView<'a, const R: usize> {
    first: *const u8,
    dtype: DType,
    layout: Layout<R>,
    place: Place,
    /// Found once, as every call asks for it.
    byte_range: Option<(u64, u64)>,
    memory: PhantomData<&'a [u8]>,
}

// SAFETY: a view is a shared borrow of plain numbers, as `&[T]` is.
unsafe impl<const R: usize> Send for TensorView<'_, R> {}
// SAFETY: as above; no method writes.
unsafe impl<const R: usize> Sync for TensorView<'_, R> {}

impl<'a, const R: usize> TensorView<'a, R> {
    /// A slice seen as a row-major tensor.
    ///
    /// # Errors
    /// [`Error::Shape`] if the shape has another number of elements than the slice.
    pub fn from_slice<T: Element>(slice: &'a [T], shape: [usize; R]) -> Result<Self> {
        let layout = Layout::contiguous(shape)?;
        if layout.len() != slice.len() {
            return Err(wrong_length(&shape, slice.len()));
        }
        Self::from_slice_strided(slice, layout, 0)
    }

    /// Elements of a slice by strides; `first` is the index in the slice of the tensor's element 0.
    ///
    /// # Errors
    /// [`Error::Memory`] if an element would lie outside of the slice.
    pub fn from_slice_strided<T: Element>(
        slice: &'a [T],
        layout: Layout<R>,
        first: usize,
    ) -> Result<Self> {
        check_within(&layout, first, slice.len())?;
        // SAFETY: every element lies inside the slice, which is borrowed for 'a.
        unsafe {
            Self::from_raw(
                slice.as_ptr().wrapping_add(first).cast(),
                T::DTYPE,
                layout,
                Place::Host,
            )
        }
    }

    /// Memory that somebody else owns: another framework's tensor, a device allocation.
    ///
    /// # Safety
    /// For all of `'a`, every element that the layout names must be readable memory of `place`
    /// (initialised, if on the host) and be written by nobody, `first` pointing to element 0. On a
    /// device, "during `'a`" means: for work enqueued during `'a`, until that work has finished.
    ///
    /// # Errors
    /// [`Error::Memory`] if the address is null although there are elements, or is not a multiple of
    /// the element's size; [`Error::Overflow`] if the layout's extent overflows.
    pub unsafe fn from_raw(
        first: *const u8,
        dtype: DType,
        layout: Layout<R>,
        place: Place,
    ) -> Result<Self> {
        let byte_range = byte_range(first, dtype, &layout)?;
        Ok(TensorView {
            first,
            dtype,
            layout,
            place,
            byte_range,
            memory: PhantomData,
        })
    }

    /// Elements along each dimension.
    #[inline]
    pub fn shape(&self) -> [usize; R] {
        self.layout.shape
    }

    /// Shape and strides.
    #[inline]
    pub fn layout(&self) -> &Layout<R> {
        &self.layout
    }

    /// The element type.
    #[inline]
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Where the memory lies.
    #[inline]
    pub fn place(&self) -> Place {
        self.place
    }

    /// Address of element 0; on a device, not to be read through on the host.
    #[inline]
    pub fn address(&self) -> u64 {
        self.first as u64
    }

    /// The bytes from the lowest to behind the highest element; `None` for an empty tensor.
    #[inline]
    pub fn byte_range(&self) -> Option<(u64, u64)> {
        self.byte_range
    }

    pub(crate) fn first(&self) -> *const u8 {
        self.first
    }
}

/// A writable view of `R`-dimensional memory, exclusive for `'a`.
///
/// Its elements never overlap each other: the constructors refuse layouts that repeat one.
#[derive(Debug)]
pub struct TensorViewMut<'a, const R: usize> {
    view: TensorView<'a, R>,
    exclusive: PhantomData<&'a mut [u8]>,
}

impl<'a, const R: usize> TensorViewMut<'a, R> {
    /// A slice seen as a row-major tensor.
    ///
    /// # Errors
    /// [`Error::Shape`] if the shape has another number of elements than the slice.
    pub fn from_slice<T: Element>(slice: &'a mut [T], shape: [usize; R]) -> Result<Self> {
        let layout = Layout::contiguous(shape)?;
        if layout.len() != slice.len() {
            return Err(wrong_length(&shape, slice.len()));
        }
        Self::from_slice_strided(slice, layout, 0)
    }

    /// Elements of a slice by strides; `first` is the index in the slice of the tensor's element 0.
    ///
    /// # Errors
    /// [`Error::Memory`] if an element would lie outside of the slice or two indices might name the
    /// same one.
    pub fn from_slice_strided<T: Element>(
        slice: &'a mut [T],
        layout: Layout<R>,
        first: usize,
    ) -> Result<Self> {
        check_within(&layout, first, slice.len())?;
        let address = slice.as_mut_ptr().wrapping_add(first).cast();
        // SAFETY: every element lies inside the slice, which is mutably borrowed for 'a.
        unsafe { Self::from_raw(address, T::DTYPE, layout, Place::Host) }
    }

    /// Memory that somebody else owns: another framework's tensor, a device allocation.
    ///
    /// # Safety
    /// As [`TensorView::from_raw`], and for all of `'a` nobody else may read or write the elements.
    /// Host memory must be initialised.
    ///
    /// # Errors
    /// As [`TensorView::from_raw`], and [`Error::Memory`] if two indices might name one element.
    pub unsafe fn from_raw(
        first: *mut u8,
        dtype: DType,
        layout: Layout<R>,
        place: Place,
    ) -> Result<Self> {
        if layout.may_overlap_itself() {
            return Err(Error::memory(
                "output",
                format!(
                    "strides {:?} make elements of an output overlap",
                    layout.strides
                ),
            ));
        }
        // SAFETY: the caller promises at least what a read-only view needs.
        let view = unsafe { TensorView::from_raw(first, dtype, layout, place)? };
        Ok(TensorViewMut {
            view,
            exclusive: PhantomData,
        })
    }

    /// This view, seen read-only.
    #[inline]
    pub fn as_view(&self) -> &TensorView<'a, R> {
        &self.view
    }

    /// A second handle for the time in which this one is borrowed.
    #[inline]
    pub fn reborrow(&mut self) -> TensorViewMut<'_, R> {
        TensorViewMut {
            view: self.view,
            exclusive: PhantomData,
        }
    }

    /// Elements along each dimension.
    #[inline]
    pub fn shape(&self) -> [usize; R] {
        self.view.shape()
    }

    /// The element type.
    #[inline]
    pub fn dtype(&self) -> DType {
        self.view.dtype()
    }

    /// Address of element 0.
    #[inline]
    pub fn address(&self) -> u64 {
        self.view.address()
    }
}

fn wrong_length(shape: &[usize], found: usize) -> Error {
    Error::Shape {
        argument: "slice",
        found: format!("{found} elements"),
        expected: format!("the product of {shape:?}"),
    }
}

fn check_within<const R: usize>(layout: &Layout<R>, first: usize, len: usize) -> Result<()> {
    let Some((low, high)) = layout.extent()? else {
        return Ok(());
    };
    let inside = first.checked_add_signed(low).is_some()
        && first
            .checked_add_signed(high)
            .is_some_and(|last| last < len);
    if inside {
        return Ok(());
    }
    Err(Error::memory(
        "slice",
        format!(
            "shape {:?} with strides {:?} from element {first} reaches outside of {len} elements",
            layout.shape, layout.strides
        ),
    ))
}

/// The bytes from the lowest to behind the highest element, if the address can be used at all.
fn byte_range<const R: usize>(
    first: *const u8,
    dtype: DType,
    layout: &Layout<R>,
) -> Result<Option<(u64, u64)>> {
    let Some((low, high)) = layout.extent()? else {
        return Ok(None);
    };
    if first.is_null() {
        let problem = format!("null, but shape {:?} has elements", layout.shape);
        return Err(Error::memory("tensor", problem));
    }
    let (address, size) = (first as usize, dtype.size());
    if !address.is_multiple_of(size) {
        let problem =
            format!("address {address:#x} is not a multiple of the {size} bytes of {dtype}");
        return Err(Error::memory("tensor", problem));
    }
    // The extent, times the largest element's size, was found to fit.
    let start = address.checked_add_signed(low * size as isize);
    let end = address.checked_add_signed((high + 1) * size as isize);
    match (start, end) {
        (Some(start), Some(end)) => Ok(Some((start as u64, end as u64))),
        _ => Err(Error::Overflow {
            what: "the address range of a tensor",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_never_leaves_its_slice() {
        let data = [0f32; 12];
        assert!(TensorView::from_slice(&data, [3, 4]).is_ok());
        assert!(matches!(
            TensorView::from_slice(&data, [3, 5]),
            Err(Error::Shape { .. })
        ));
        let reversed = Layout::strided([3, 4], [-4, 1]).unwrap();
        assert!(TensorView::from_slice_strided(&data, reversed, 8).is_ok());
        assert!(matches!(
            TensorView::from_slice_strided(&data, reversed, 7),
            Err(Error::Memory { .. })
        ));
        assert!(matches!(
            TensorView::from_slice_strided(&data, reversed, 9),
            Err(Error::Memory { .. })
        ));
    }

    #[test]
    fn outputs_that_overlap_themselves_are_refused() {
        let mut data = [0f32; 12];
        let broadcast = Layout::strided([3, 4], [0, 1]).unwrap();
        assert!(TensorView::from_slice_strided(&data, broadcast, 0).is_ok());
        assert!(matches!(
            TensorViewMut::from_slice_strided(&mut data, broadcast, 0),
            Err(Error::Memory { .. })
        ));
    }

    #[test]
    fn null_and_misaligned_addresses_are_refused() {
        let layout = Layout::contiguous([2]).unwrap();
        let at = |address: usize| {
            // SAFETY: never read; only the checks are of interest.
            unsafe {
                TensorView::from_raw(address as *const u8, DType::F32, layout, Place::Cuda(0))
            }
        };
        assert!(matches!(at(0), Err(Error::Memory { .. })));
        assert!(matches!(at(4097), Err(Error::Memory { .. })));
        assert!(matches!(at(usize::MAX - 3), Err(Error::Overflow { .. })));
        assert_eq!(at(4096).unwrap().byte_range(), Some((4096, 4104)));
        let empty = Layout::contiguous([0]).unwrap();
        // SAFETY: there are no elements.
        let null =
            unsafe { TensorView::from_raw(std::ptr::null(), DType::F32, empty, Place::Host) };
        assert!(null.is_ok());
    }
}
