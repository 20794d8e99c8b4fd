//! Writing host memory.

use super::{check, check_index};
use crate::{Element, Layout, Result, TensorViewMut};
use std::marker::PhantomData;

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
    /// [`Error::DType`](crate::Error::DType) if the elements are of another type,
    /// [`Error::Memory`](crate::Error::Memory) if they lie on a device.
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
        check_index(&index, &self.layout.shape);
        // SAFETY: the element lies inside of memory that this view borrows exclusively.
        unsafe { *self.first.offset(self.layout.offset(index)) = value };
    }

    /// The elements along the last dimension, where they are adjacent in memory; the last component of the index
    /// is not looked at.
    ///
    /// # Panics
    /// If the rest of the index lies outside of the shape.
    #[inline]
    pub fn last_mut(&mut self, mut index: [usize; R]) -> Option<&mut [T]> {
        let last = R.checked_sub(1)?;
        let count = self.layout.shape[last];
        if self.layout.strides[last] != 1 && count > 1 {
            return None;
        }
        index[last] = 0;
        check_index(&index[..last], &self.layout.shape[..last]);
        if count == 0 {
            return Some(&mut []);
        }
        let first = self.first.wrapping_offset(self.layout.offset(index));
        // SAFETY: the elements lie inside of memory that this view borrows exclusively, one behind the other.
        Some(unsafe { std::slice::from_raw_parts_mut(first, count) })
    }

    /// All elements as a slice in the order of their indices, if they are adjacent in memory.
    #[inline]
    pub fn as_slice_mut(&mut self) -> Option<&mut [T]> {
        if self.layout.is_empty() {
            return Some(&mut []);
        }
        if !self.layout.is_contiguous() {
            return None;
        }
        // SAFETY: as above.
        Some(unsafe { std::slice::from_raw_parts_mut(self.first, self.layout.len()) })
    }

    /// Writes one value to all elements.
    pub fn fill(&mut self, value: T) {
        match self.as_slice_mut() {
            Some(all) => all.fill(value),
            None => self.set_rows(&mut std::iter::repeat(value)),
        }
    }

    /// Writes all elements, in the order of their indices.
    ///
    /// # Panics
    /// If there are more or fewer.
    pub fn copy_from_slice(&mut self, from: &[T]) {
        assert!(from.len() == self.layout.len());
        match self.as_slice_mut() {
            Some(all) => all.copy_from_slice(from),
            None => self.set_rows(&mut from.iter().copied()),
        }
    }

    /// Writes all elements, of which there are some, in the order of their indices.
    fn set_rows(&mut self, values: &mut dyn Iterator<Item = T>) {
        let shape = self.layout.shape;
        let rows = shape[..R - 1].iter().product::<usize>();
        for row in 0..rows {
            let (mut index, mut rest) = ([0; R], row);
            for axis in (0..R - 1).rev() {
                (index[axis], rest) = (rest % shape[axis], rest / shape[axis]);
            }
            let mut at = self.layout.offset(index);
            for value in values.take(shape[R - 1]) {
                // SAFETY: an element of a row that is there, in memory that this view borrows exclusively.
                unsafe { *self.first.offset(at) = value };
                // Behind the last element there is nothing, however far away that is.
                at = at.wrapping_add(self.layout.strides[R - 1]);
            }
        }
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
