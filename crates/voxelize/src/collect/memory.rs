//! Where arrays lie, and how they are made in host memory.

use crate::{Sparse, voxelize_sparse};
use robocache_core::{Element, Error, Layout, Place, Result, TensorView, TensorViewMut};

/// A kind of memory that the arrays of a result lie in: [`Host`], or `OnDevice`.
pub trait Memory: sealed::Sealed {
    /// Owned memory of elements.
    type Of<T: Element>;

    #[doc(hidden)]
    fn view<T: Element, const R: usize>(
        of: &Self::Of<T>,
        layout: Layout<R>,
    ) -> Result<TensorView<'_, R>>;

    #[doc(hidden)]
    fn view_mut<T: Element, const R: usize>(
        of: &mut Self::Of<T>,
        layout: Layout<R>,
    ) -> Result<TensorViewMut<'_, R>>;
}

pub(super) mod sealed {
    pub trait Sealed {}
}

/// What makes arrays and has them filled.
pub(super) trait Work {
    type Memory: Memory;

    fn place(&self) -> Place;

    /// Memory for so many elements, which holds anything.
    fn room<T: Element + Default>(&self, len: usize) -> Result<<Self::Memory as Memory>::Of<T>>;

    /// The first ones of them, in no more memory than they need.
    fn trimmed<T: Element + Default>(
        &self,
        of: <Self::Memory as Memory>::Of<T>,
        len: usize,
    ) -> Result<<Self::Memory as Memory>::Of<T>>;

    fn run(&self, request: Sparse<'_>) -> Result<()>;

    /// The first of them, once it is there.
    fn first(&self, of: &<Self::Memory as Memory>::Of<i64>) -> Result<i64>;
}

/// Host memory: arrays are a [`Vec`] each.
#[derive(Clone, Copy, Debug)]
pub enum Host {}

impl sealed::Sealed for Host {}

impl Memory for Host {
    type Of<T: Element> = Vec<T>;

    fn view<T: Element, const R: usize>(
        of: &Vec<T>,
        layout: Layout<R>,
    ) -> Result<TensorView<'_, R>> {
        TensorView::from_slice(of, layout.shape)
    }

    fn view_mut<T: Element, const R: usize>(
        of: &mut Vec<T>,
        layout: Layout<R>,
    ) -> Result<TensorViewMut<'_, R>> {
        TensorViewMut::from_slice(of, layout.shape)
    }
}

/// The CPU with its memory.
pub(super) struct Heap;

impl Work for Heap {
    type Memory = Host;

    fn place(&self) -> Place {
        Place::Host
    }

    fn room<T: Element + Default>(&self, len: usize) -> Result<Vec<T>> {
        let mut values = Vec::new();
        // A result that does not fit is an error, not the end of the program.
        values.try_reserve_exact(len).map_err(|_| {
            let bytes = len as u128 * size_of::<T>() as u128;
            Error::memory("voxels", format!("there are no {bytes} bytes for an array"))
        })?;
        values.resize(len, T::default());
        Ok(values)
    }

    fn trimmed<T: Element + Default>(&self, mut of: Vec<T>, len: usize) -> Result<Vec<T>> {
        of.truncate(len);
        of.shrink_to_fit();
        Ok(of)
    }

    fn run(&self, request: Sparse<'_>) -> Result<()> {
        voxelize_sparse(request)
    }

    fn first(&self, of: &Vec<i64>) -> Result<i64> {
        Ok(of[0])
    }
}
