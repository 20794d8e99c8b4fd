//! Shapes and strides.

use crate::{Error, Result};

/// Where the elements of an `R`-dimensional tensor lie, in elements from its first one.
///
/// Strides are free: zero repeats an element (a broadcast), negative runs backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Layout<const R: usize> {
    /// Elements along each dimension.
    pub shape: [usize; R],
    /// Distance, in elements, between neighbours along each dimension.
    pub strides: [isize; R],
}

impl<const R: usize> Layout<R> {
    /// The row-major layout without gaps.
    ///
    /// # Errors
    /// [`Error::Overflow`] if the number of elements does not fit an `isize`.
    pub fn contiguous(shape: [usize; R]) -> Result<Self> {
        element_count(&shape)?;
        let mut strides = [0isize; R];
        let mut step = 1usize;
        for axis in (0..R).rev() {
            // Cannot overflow where no dimension is zero, as the product fits; where one is, the
            // strides are never used and saturating keeps them well defined.
            strides[axis] = isize::try_from(step).unwrap_or(isize::MAX);
            step = step.saturating_mul(shape[axis]);
        }
        Ok(Layout { shape, strides })
    }

    /// A layout with strides of the caller's.
    ///
    /// # Errors
    /// [`Error::Overflow`] if an element's distance from the first does not fit an `isize` in bytes
    /// of the largest element type.
    pub fn strided(shape: [usize; R], strides: [isize; R]) -> Result<Self> {
        element_count(&shape)?;
        let layout = Layout { shape, strides };
        layout.extent()?;
        Ok(layout)
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        // A dimension of zero makes any others valid, and their product may be beyond all numbers.
        if self.is_empty() {
            return 0;
        }
        self.shape.iter().product()
    }

    /// Whether some dimension is zero.
    pub fn is_empty(&self) -> bool {
        self.shape.contains(&0)
    }

    /// Whether this is the row-major layout without gaps. Strides of dimensions of one element do
    /// not matter.
    pub fn is_contiguous(&self) -> bool {
        let mut step = 1isize;
        for axis in (0..R).rev() {
            if self.shape[axis] != 1 && self.strides[axis] != step {
                return self.is_empty();
            }
            step = step.saturating_mul(self.shape[axis] as isize);
        }
        true
    }

    /// The smallest and largest offset of any element, in elements; `None` for an empty tensor.
    ///
    /// # Errors
    /// [`Error::Overflow`] if an offset times eight bytes does not fit an `isize`.
    pub fn extent(&self) -> Result<Option<(isize, isize)>> {
        const OVERFLOW: Error = Error::Overflow {
            what: "the distance between a tensor's elements",
        };
        if self.is_empty() {
            return Ok(None);
        }
        let (mut low, mut high) = (0isize, 0isize);
        for axis in 0..R {
            let steps = isize::try_from(self.shape[axis] - 1).map_err(|_| OVERFLOW)?;
            let reach = self.strides[axis].checked_mul(steps).ok_or(OVERFLOW)?;
            let side = if reach < 0 { &mut low } else { &mut high };
            *side = side.checked_add(reach).ok_or(OVERFLOW)?;
        }
        let widest = high.checked_sub(low).ok_or(OVERFLOW)?;
        widest
            .checked_add(1)
            .and_then(|n| n.checked_mul(8))
            .ok_or(OVERFLOW)?;
        Ok(Some((low, high)))
    }

    /// Whether two different indices may name the same element.
    ///
    /// Sufficient, not necessary: dimensions are taken in the order of their strides, and each must
    /// step beyond all that the smaller ones reach. Every layout made by slicing, transposing or
    /// reversing a contiguous tensor passes.
    pub fn may_overlap_itself(&self) -> bool {
        if self.is_empty() {
            return false;
        }
        let mut axes: [usize; R] = std::array::from_fn(|axis| axis);
        axes.sort_unstable_by_key(|&axis| self.strides[axis].unsigned_abs());
        let mut reach = 0usize;
        for axis in axes {
            if self.shape[axis] == 1 {
                continue;
            }
            let stride = self.strides[axis].unsigned_abs();
            if stride <= reach {
                return true;
            }
            reach = reach.saturating_add(stride.saturating_mul(self.shape[axis] - 1));
        }
        false
    }

    /// Offset of an element from the first, in elements. The index must lie within the shape.
    #[inline]
    pub fn offset(&self, index: [usize; R]) -> isize {
        index
            .iter()
            .zip(self.strides)
            .map(|(&i, stride)| i as isize * stride)
            .sum()
    }
}

/// The product of the dimensions.
///
/// # Errors
/// [`Error::Overflow`] if it, times the eight bytes of the largest element, does not fit an `isize`.
/// A zero dimension makes every product zero.
pub fn element_count(shape: &[usize]) -> Result<usize> {
    if shape.contains(&0) {
        return Ok(0);
    }
    shape
        .iter()
        .try_fold(1usize, |product, &n| product.checked_mul(n))
        .filter(|&n| n <= isize::MAX as usize / 8)
        .ok_or(Error::Overflow {
            what: "the number of elements of a tensor",
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn contiguous_strides_are_row_major() {
        let layout = Layout::contiguous([2, 3, 5]).unwrap();
        assert_eq!(layout.strides, [15, 5, 1]);
        assert!(layout.is_contiguous());
        assert_eq!(layout.extent().unwrap(), Some((0, 29)));
    }

    #[test]
    fn too_many_elements_are_an_error_and_not_a_wrap() {
        assert!(matches!(
            Layout::contiguous([1 << 40, 1 << 40]),
            Err(Error::Overflow { .. })
        ));
        assert!(Layout::contiguous([1 << 40, 0, 1 << 40]).is_ok());
        assert_eq!(Layout::contiguous([1 << 40, 1 << 40, 0]).unwrap().len(), 0);
        assert!(matches!(
            Layout::strided([2, 2], [isize::MAX, 1]),
            Err(Error::Overflow { .. })
        ));
        assert!(matches!(
            Layout::strided([3, 3], [isize::MIN, 1]),
            Err(Error::Overflow { .. })
        ));
    }

    #[test]
    fn reversed_and_broadcast_layouts() {
        let reversed = Layout::strided([4], [-2]).unwrap();
        assert_eq!(reversed.extent().unwrap(), Some((-6, 0)));
        assert!(!reversed.may_overlap_itself());
        assert!(
            Layout::strided([4, 3], [0, 1])
                .unwrap()
                .may_overlap_itself()
        );
        assert!(
            !Layout::strided([1, 3], [0, 1])
                .unwrap()
                .may_overlap_itself()
        );
    }

    proptest! {
        #[test]
        fn a_layout_that_claims_no_overlap_has_none(
            shape in prop::array::uniform3(0usize..5),
            strides in prop::array::uniform3(-9isize..10),
        ) {
            let layout = Layout::strided(shape, strides).unwrap();
            let mut seen = HashSet::new();
            let mut distinct = true;
            for i in 0..shape[0] { for j in 0..shape[1] { for k in 0..shape[2] {
                let offset = layout.offset([i, j, k]);
                let (low, high) = layout.extent().unwrap().unwrap();
                prop_assert!(low <= offset && offset <= high);
                distinct &= seen.insert(offset);
            }}}
            if !layout.may_overlap_itself() {
                prop_assert!(distinct);
            }
        }
    }
}
