//! Reading host memory.

use super::{check, check_index};
use crate::{Element, Layout, Result, TensorView};
use std::marker::PhantomData;
use std::ops::Range;

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
    /// [`Error::DType`](crate::Error::DType) if the elements are of another type,
    /// [`Error::Memory`](crate::Error::Memory) if they lie on a device.
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
        check_index(&index, &self.layout.shape);
        // SAFETY: the view's memory holds every element of the shape, and the index is inside.
        unsafe { *self.first.offset(self.layout.offset(index)) }
    }
}

impl<T: Element, const R: usize> HostTensor<'_, T, R> {
    /// Asks for the line of memory that holds an element, which is to be read soon. An index outside asks for nothing
    /// that is there.
    #[inline]
    pub fn fetch(&self, index: [usize; R]) {
        let strides = index.iter().zip(&self.layout.strides);
        let offset = strides.map(|(&i, &stride)| (i as isize).wrapping_mul(stride));
        let offset = offset.fold(0isize, isize::wrapping_add);
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a hint, for which any address will do.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>(self.first.wrapping_offset(offset).cast());
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = offset;
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

    /// The elements of a column in some rows, one after the other.
    ///
    /// # Panics
    /// If there are fewer rows or columns.
    #[inline]
    pub fn column(&self, rows: Range<usize>, column: usize) -> impl Iterator<Item = T> + 'a {
        let ([count, columns], [of_row, of_column]) = (self.layout.shape, self.layout.strides);
        assert!(rows.start <= rows.end && rows.end <= count && column < columns);
        // Without rows there may be nothing there, and nothing is read.
        let first = self.first;
        let first = first.wrapping_offset((column as isize).wrapping_mul(of_column));
        // SAFETY: the view's memory holds every element of the shape, and both indices are inside.
        rows.map(move |row| unsafe { *first.wrapping_offset(row as isize * of_row) })
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
