//! Typed access of the CPU to views of host memory.
//!
//! The element type is checked once, when the typed view is made; indices are checked on every
//! access, rows as a whole. Mutable views are handed to threads by splitting them, as slices are.

use crate::{Element, Error, Layout, Place, Result, TensorView, TensorViewMut};
use std::marker::PhantomData;

/// A read-only typed view of host memory.
#[derive(Clone, Copy, Debug)]
pub struct HostTensor<'a, T, const R: usize> {
    first: *const T,
    layout: Layout<R>,
    memory: PhantomData<&'a [T]>,
}

// SAFETY: a shared borrow of plain numbers, as `&[T]` is.
unsafe impl<T: Element, const R: usize> Send for HostTensor<'_, T, R> {}
// SAFETY: as above.
unsafe impl<T: Element, const R: usize> Sync for HostTensor<'_, T, R> {}

impl<'a, T: Element, const R: usize> HostTensor<'a, T, R> {
    /// The typed form of a view.
    ///
    /// # Errors
    /// [`Error::DType`] if the elements are of another type, [`Error::Memory`] if they lie on a
    /// device.
    pub fn new(view: &TensorView<'a, R>) -> Result<Self> {
        check::<T, R>(view)?;
        Ok(HostTensor {
            first: view.first().cast(),
            layout: *view.layout(),
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

    /// The element at an index.
    ///
    /// # Panics
    /// If the index lies outside of the shape.
    #[inline]
    pub fn at(&self, index: [usize; R]) -> T {
        check_index(index, self.layout.shape);
        // SAFETY: the view's memory holds every element of the shape, and the index is inside.
        unsafe { *self.first.offset(self.layout.offset(index)) }
    }
}

impl<'a, T: Element> HostTensor<'a, T, 3> {
    /// The rows at `[i, .., ..]`; the last stride must be one.
    ///
    /// # Panics
    /// If the index lies outside of the shape or the columns are not adjacent.
    #[inline]
    pub fn rows(&self, i: usize) -> HostRows<'a, T> {
        let [count, steps, columns] = self.layout.shape;
        assert!(i < count && (self.layout.strides[2] == 1 || columns <= 1));
        // A tensor without elements may have any strides, and is nowhere.
        let empty = columns == 0 || steps == 0;
        HostRows {
            first: match empty {
                true => std::ptr::dangling(),
                false => self.first.wrapping_offset(self.layout.offset([i, 0, 0])),
            },
            stride: if empty { 0 } else { self.layout.strides[1] },
            count: steps,
            columns,
            memory: PhantomData,
        }
    }
}

/// Rows of adjacent columns, one behind the other by a stride.
#[derive(Clone, Copy, Debug)]
pub struct HostRows<'a, T> {
    first: *const T,
    stride: isize,
    count: usize,
    columns: usize,
    memory: PhantomData<&'a [T]>,
}

impl<'a, T: Element> HostRows<'a, T> {
    /// The rows from one on.
    ///
    /// # Panics
    /// If there are fewer.
    #[inline]
    pub fn from(self, first: usize) -> HostRows<'a, T> {
        assert!(first <= self.count);
        HostRows {
            first: self.first.wrapping_offset(first as isize * self.stride),
            count: self.count - first,
            ..self
        }
    }

    /// Row `j`.
    ///
    /// # Panics
    /// If there is none.
    #[inline]
    pub fn row(&self, j: usize) -> &'a [T] {
        assert!(j < self.count);
        // SAFETY: the row lies inside of the tensor that this was made from, is contiguous, and is borrowed
        // for 'a; one without columns is empty wherever it lies.
        unsafe {
            std::slice::from_raw_parts(
                self.first.wrapping_offset(j as isize * self.stride),
                self.columns,
            )
        }
    }
}

impl<'a, T: Element> HostTensor<'a, T, 1> {
    /// All elements as a slice, if the stride is one.
    #[inline]
    pub fn as_slice(&self) -> Option<&'a [T]> {
        let [count] = self.layout.shape;
        if self.layout.strides[0] != 1 || count == 0 {
            return (count == 0).then_some(&[]);
        }
        // SAFETY: the elements lie inside the view, are contiguous, and are borrowed for 'a.
        Some(unsafe { std::slice::from_raw_parts(self.first, count) })
    }
}

impl<'a, T: Element> HostTensor<'a, T, 2> {
    /// Whether the elements at `[i, ..]` are a slice.
    #[inline]
    pub fn has_rows(&self) -> bool {
        self.layout.strides[1] == 1 || self.layout.shape[1] <= 1
    }

    /// The elements at `[i, ..]` as a slice; the last stride must be one.
    ///
    /// # Panics
    /// If the index lies outside of the shape or the elements are not adjacent.
    #[inline]
    pub fn row(&self, i: usize) -> &'a [T] {
        let [rows, columns] = self.layout.shape;
        assert!(i < rows && (self.layout.strides[1] == 1 || columns <= 1));
        if columns == 0 {
            return &[]; // As above.
        }
        // SAFETY: the row lies inside the view, is contiguous, and is borrowed for 'a.
        unsafe {
            std::slice::from_raw_parts(self.first.offset(self.layout.offset([i, 0])), columns)
        }
    }
}

/// A writable typed view of host memory whose elements do not overlap.
#[derive(Debug)]
pub struct HostTensorMut<'a, T, const R: usize> {
    first: *mut T,
    layout: Layout<R>,
    memory: PhantomData<&'a mut [T]>,
}

// SAFETY: an exclusive borrow of plain numbers, as `&mut [T]` is.
unsafe impl<T: Element, const R: usize> Send for HostTensorMut<'_, T, R> {}

impl<'a, T: Element, const R: usize> HostTensorMut<'a, T, R> {
    /// The typed form of a view.
    ///
    /// # Errors
    /// [`Error::DType`] if the elements are of another type, [`Error::Memory`] if they lie on a
    /// device.
    pub fn new(view: TensorViewMut<'a, R>) -> Result<Self> {
        let seen = view.as_view();
        check::<T, R>(seen)?;
        let first = seen.first().cast_mut().cast();
        Ok(HostTensorMut {
            first,
            layout: *seen.layout(),
            memory: PhantomData,
        })
    }

    /// Elements along each dimension.
    #[inline]
    pub fn shape(&self) -> [usize; R] {
        self.layout.shape
    }

    /// Writes one element.
    ///
    /// # Panics
    /// If the index lies outside of the shape.
    #[inline]
    pub fn set(&mut self, index: [usize; R], value: T) {
        check_index(index, self.layout.shape);
        // SAFETY: the element lies inside of memory that this view borrows exclusively.
        unsafe { *self.first.offset(self.layout.offset(index)) = value };
    }

    /// Two views, of the indices below `middle` along `axis` and of the rest.
    ///
    /// # Panics
    /// If `middle` is larger than the dimension.
    pub fn split_at(self, axis: usize, middle: usize) -> (Self, Self) {
        assert!(middle <= self.layout.shape[axis]);
        let (mut low, mut high) = (self.layout, self.layout);
        low.shape[axis] = middle;
        high.shape[axis] -= middle;
        let skip = if high.is_empty() {
            0
        } else {
            middle as isize * high.strides[axis]
        };
        // Elements do not overlap each other, so disjoint sets of indices are disjoint memory.
        let at = |first, layout| HostTensorMut {
            first,
            layout,
            memory: PhantomData,
        };
        (
            at(self.first, low),
            at(self.first.wrapping_offset(skip), high),
        )
    }
}

impl<T: Element> HostTensorMut<'_, T, 3> {
    /// The rows at `[i, .., ..]`, to be written; the last stride must be one.
    ///
    /// # Panics
    /// If the index lies outside of the shape or the columns are not adjacent.
    #[inline]
    pub fn rows_mut(&mut self, i: usize) -> HostRowsMut<'_, T> {
        let [count, steps, columns] = self.layout.shape;
        assert!(i < count && (self.layout.strides[2] == 1 || columns <= 1));
        let empty = columns == 0 || steps == 0; // As above.
        HostRowsMut {
            first: match empty {
                true => std::ptr::dangling_mut(),
                false => self.first.wrapping_offset(self.layout.offset([i, 0, 0])),
            },
            stride: if empty { 0 } else { self.layout.strides[1] },
            count: steps,
            columns,
            memory: PhantomData,
        }
    }
}

/// Writable rows of adjacent columns, one behind the other by a stride; they do not overlap.
#[derive(Debug)]
pub struct HostRowsMut<'a, T> {
    first: *mut T,
    stride: isize,
    count: usize,
    columns: usize,
    memory: PhantomData<&'a mut [T]>,
}

impl<T: Element> HostRowsMut<'_, T> {
    /// The elements of a row.
    #[inline]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Where row `j` begins: an address from which all rows can be written.
    ///
    /// # Panics
    /// If there is none.
    #[inline]
    pub fn row_ptr(&mut self, j: usize) -> *mut T {
        assert!(j < self.count);
        self.first.wrapping_offset(j as isize * self.stride)
    }

    /// Row `j`.
    ///
    /// # Panics
    /// If there is none.
    #[inline]
    pub fn row_mut(&mut self, j: usize) -> &mut [T] {
        assert!(j < self.count);
        // SAFETY: the row lies inside of the tensor that this was made from, is contiguous, and is
        // exclusively borrowed; one without columns is empty wherever it lies.
        unsafe {
            std::slice::from_raw_parts_mut(
                self.first.wrapping_offset(j as isize * self.stride),
                self.columns,
            )
        }
    }
}

#[inline]
fn check_index<const R: usize>(index: [usize; R], shape: [usize; R]) {
    for axis in 0..R {
        assert!(
            index[axis] < shape[axis],
            "index {index:?} outside of shape {shape:?}"
        );
    }
}

fn check<T: Element, const R: usize>(view: &TensorView<'_, R>) -> Result<()> {
    if view.dtype() != T::DTYPE {
        return Err(Error::DType {
            argument: "tensor",
            found: view.dtype(),
            expected: T::DTYPE.name(),
        });
    }
    match view.place() {
        Place::Host => Ok(()),
        place => Err(Error::memory(
            "tensor",
            format!("lies in {place}, not in host memory"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_a_split_cover_the_tensor_once() {
        for (axis, strides, first) in [(0, [6, 3, 1], 0), (1, [6, -3, 1], 3), (2, [6, 3, 1], 0)] {
            let mut data = vec![0i32; 12];
            let layout = Layout::strided([2, 2, 3], strides).unwrap();
            let view = TensorViewMut::from_slice_strided(&mut data, layout, first).unwrap();
            let tensor = HostTensorMut::<i32, 3>::new(view).unwrap();
            let (low, high) = tensor.split_at(axis, 1);
            for (mut half, value) in [(low, 1), (high, 2)] {
                let [a, b, c] = half.shape();
                for i in 0..a {
                    for j in 0..b {
                        for k in 0..c {
                            half.set([i, j, k], value);
                        }
                    }
                }
            }
            assert!(data.iter().all(|&v| v != 0), "axis {axis}: {data:?}");
            let ones = data.iter().filter(|&&v| v == 1).count();
            assert_eq!(ones, 12 / layout.shape[axis], "axis {axis}");
        }
    }

    #[test]
    fn rows_without_columns_are_nowhere() {
        let strides = [isize::MAX, isize::MIN, 7];
        let layout = Layout::strided([3, 3, 0], strides).unwrap();
        let view = TensorView::from_slice_strided(&[0f64; 0], layout, 0).unwrap();
        let tensor = HostTensor::<f64, 3>::new(&view).unwrap();
        assert_eq!(tensor.rows(2).row(2), []);
        let flat = Layout::strided([3, 0], [isize::MAX, 1]).unwrap();
        let view = TensorView::from_slice_strided(&[0f64; 0], flat, 0).unwrap();
        assert_eq!(HostTensor::<f64, 2>::new(&view).unwrap().row(2), []);
        let mut none = [0f64; 0];
        let view = TensorViewMut::from_slice_strided(&mut none, layout, 0).unwrap();
        let mut tensor = HostTensorMut::<f64, 3>::new(view).unwrap();
        assert_eq!(tensor.rows_mut(2).row_mut(2), []);
    }

    #[test]
    fn rows_lie_where_the_strides_say() {
        let mut data: Vec<i32> = (0..24).collect();
        let layout = Layout::strided([2, 3, 2], [12, -4, 1]).unwrap();
        let view = TensorView::from_slice_strided(&data, layout, 8).unwrap();
        let tensor = HostTensor::<i32, 3>::new(&view).unwrap();
        assert_eq!(tensor.rows(0).row(2), [0, 1]);
        assert_eq!(tensor.rows(1).row(0), [20, 21]);
        let view = TensorViewMut::from_slice_strided(&mut data, layout, 8).unwrap();
        let mut tensor = HostTensorMut::<i32, 3>::new(view).unwrap();
        tensor.rows_mut(1).row_mut(1)[1] = -1;
        assert_eq!(data[17], -1);
    }

    #[test]
    fn a_view_of_another_type_is_refused() {
        let data = [1f32; 4];
        let view = TensorView::from_slice(&data, [2, 2]).unwrap();
        assert!(matches!(
            HostTensor::<f64, 2>::new(&view),
            Err(Error::DType { .. })
        ));
    }

    #[test]
    #[should_panic(expected = "outside of shape")]
    fn an_index_outside_is_caught() {
        let data = [1f32; 4];
        let view = TensorView::from_slice(&data, [2, 2]).unwrap();
        HostTensor::<f32, 2>::new(&view).unwrap().at([0, 2]);
    }
}
