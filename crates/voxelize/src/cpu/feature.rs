//! What is a feature of a point?

use super::locate::NOWHERE;
use super::totals::Totals;
use robocache_core::{DType, Element, Error, HostTensor, Result, TensorView, bf16, f16};

/// The features of points, whatever their type; f64 is rounded to f32.
pub(crate) trait Features: Sync {
    /// F.
    fn count(&self) -> usize;

    /// Feature `column` of a point.
    fn at(&self, point: usize, column: usize) -> f32;

    /// Adds those of some points to cells of theirs, in their order: the cell in the upper half of each item, the
    /// point in the lower.
    fn add(&self, items: &[u64], totals: &mut Totals);

    /// Begins the first cell anew with those of some points.
    fn total(&self, points: &[u64], totals: &mut Totals);

    /// Asks for those of a point, which are to be read soon.
    fn fetch(&self, point: usize);

    /// Raises the largest finite magnitude of each column to that among the points from `first` on that have a key.
    fn raise(&self, first: usize, keys: &[u64], largest: &mut [f32]);
}

/// The features in a view.
pub(crate) fn features<'a>(view: &TensorView<'a, 2>) -> Result<Box<dyn Features + 'a>> {
    Ok(match view.dtype() {
        DType::F16 => Box::new(HostTensor::<f16, 2>::new(view)?),
        DType::Bf16 => Box::new(HostTensor::<bf16, 2>::new(view)?),
        DType::F32 => Box::new(HostTensor::<f32, 2>::new(view)?),
        DType::F64 => Box::new(HostTensor::<f64, 2>::new(view)?),
        found => {
            return Err(Error::DType {
                argument: "features",
                found,
                expected: "f16, bf16, f32 or f64",
            });
        }
    })
}

/// A type of features.
trait Feature: Element {
    fn value(self) -> f32;
}

impl Feature for f16 {
    #[inline]
    fn value(self) -> f32 {
        self.to_f32()
    }
}

impl Feature for bf16 {
    #[inline]
    fn value(self) -> f32 {
        self.to_f32()
    }
}

impl Feature for f32 {
    #[inline]
    fn value(self) -> f32 {
        self
    }
}

impl Feature for f64 {
    #[inline]
    fn value(self) -> f32 {
        self as f32
    }
}

impl<T: Feature> Features for HostTensor<'_, T, 2> {
    fn count(&self) -> usize {
        self.shape()[1]
    }

    fn at(&self, point: usize, column: usize) -> f32 {
        HostTensor::at(self, [point, column]).value()
    }

    fn add(&self, items: &[u64], totals: &mut Totals) {
        /// So many points are asked for ahead: they lie anywhere.
        const AHEAD: usize = 16;
        for (i, item) in items.iter().enumerate() {
            if let Some(later) = items.get(i + AHEAD) {
                Features::fetch(self, *later as u32 as usize);
            }
            let (cell, point) = ((item >> 32) as usize, *item as u32 as usize);
            add::<T, false>(self, point, cell, totals);
        }
    }

    fn total(&self, points: &[u64], totals: &mut Totals) {
        let Some((first, others)) = points.split_first() else {
            return;
        };
        add::<T, true>(self, *first as usize, 0, totals);
        for point in others {
            add::<T, false>(self, *point as usize, 0, totals);
        }
    }

    fn fetch(&self, point: usize) {
        HostTensor::fetch(self, [point, 0]);
    }

    fn raise(&self, first: usize, keys: &[u64], largest: &mut [f32]) {
        let placed = keys.iter().enumerate().filter(|(_, key)| **key != NOWHERE);
        for (point, _) in placed {
            for (column, largest) in largest.iter_mut().enumerate() {
                let magnitude = Features::at(self, first + point, column).abs();
                if magnitude.is_finite() {
                    *largest = largest.max(magnitude);
                }
            }
        }
    }
}

#[inline]
fn add<T: Feature, const ANEW: bool>(
    features: &HostTensor<'_, T, 2>,
    point: usize,
    cell: usize,
    totals: &mut Totals,
) {
    if features.has_rows() {
        let row = features.row(point).iter();
        totals.add::<ANEW>(cell, row.map(|value| value.value()));
    } else {
        let columns = 0..features.shape()[1];
        let at = |column| Features::at(features, point, column);
        totals.add::<ANEW>(cell, columns.map(at));
    }
}
