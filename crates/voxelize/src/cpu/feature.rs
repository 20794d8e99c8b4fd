//! What is a feature of a point?

use super::locate::NOWHERE;
use super::totals::Totals;
use robocache_core::wide::{self, Loops};
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
        wide::run(Adding {
            features: self,
            items,
            totals,
        });
    }

    fn raise(&self, first: usize, keys: &[u64], largest: &mut [f32]) {
        let placed = (first..).zip(keys).filter(|(_, key)| **key != NOWHERE);
        for (point, _) in placed {
            if self.has_rows() {
                for (largest, value) in largest.iter_mut().zip(self.row(point)) {
                    raise(largest, value.value());
                }
                continue;
            }
            for (column, largest) in largest.iter_mut().enumerate() {
                raise(largest, Features::at(self, point, column));
            }
        }
    }
}

/// Raises the largest magnitude to that of a finite value.
#[inline]
fn raise(largest: &mut f32, value: f32) {
    let magnitude = value.abs();
    let raises = (magnitude > *largest) & (magnitude < f32::INFINITY);
    *largest = if raises { magnitude } else { *largest };
}

/// Points whose features are to be added to their cells.
struct Adding<'i, T> {
    features: &'i HostTensor<'i, T, 2>,
    items: &'i [u64],
    totals: &'i mut Totals,
}

impl<T: Feature> Loops for Adding<'_, T> {
    #[inline(always)]
    fn run(mut self) {
        // Columns of which the compiler knows how many there are go through vectors.
        let (mut column, columns) = (0, self.features.shape()[1]);
        while column < columns {
            column += match columns - column {
                8.. => self.add::<8>(column),
                4.. => self.add::<4>(column),
                2.. => self.add::<2>(column),
                _ => self.add::<1>(column),
            };
        }
    }
}

impl<T: Feature> Adding<'_, T> {
    /// Adds so many columns, from `column` on; tells how many.
    #[inline(always)]
    fn add<const W: usize>(&mut self, column: usize) -> usize {
        let (features, items) = (*self.features, self.items);
        match features.has_rows() {
            true => self.totals.add(
                column,
                Points::<T, W, true> {
                    features,
                    column,
                    items,
                },
            ),
            false => self.totals.add(
                column,
                Points::<T, W, false> {
                    features,
                    column,
                    items,
                },
            ),
        }
        W
    }
}

/// Some neighbouring columns of points, and the cells that these are in; rows are adjacent or not.
#[derive(Clone)]
struct Points<'i, T, const W: usize, const ROWS: bool> {
    features: HostTensor<'i, T, 2>,
    column: usize,
    items: &'i [u64],
}

impl<T: Feature, const W: usize, const ROWS: bool> Iterator for Points<'_, T, W, ROWS> {
    type Item = (usize, [f32; W]);

    // It is short, but has several callers: by itself the compiler would not inline it.
    #[inline(always)]
    fn next(&mut self) -> Option<(usize, [f32; W])> {
        /// So many points are asked for ahead: they lie anywhere.
        const AHEAD: usize = 32;
        let (features, column) = (&self.features, self.column);
        if let Some(later) = self.items.get(AHEAD) {
            // Those of a point often lie in two lines.
            let later = *later as u32 as usize;
            features.fetch([later, column]);
            features.fetch([later, column + W - 1]);
        }
        let (item, rest) = self.items.split_first()?;
        self.items = rest;
        let (cell, point) = ((item >> 32) as usize, *item as u32 as usize);
        let values = match ROWS {
            true => {
                let row = &features.row(point)[column..column + W];
                std::array::from_fn(|of_these| row[of_these].value())
            }
            false => scattered(features, point, column),
        };
        Some((cell, values))
    }
}

/// Features of a point that are not adjacent. Apart, so that those that are go through a short loop.
#[inline(never)]
fn scattered<T: Feature, const W: usize>(
    features: &HostTensor<'_, T, 2>,
    point: usize,
    column: usize,
) -> [f32; W] {
    std::array::from_fn(|of_these| features.at([point, column + of_these]).value())
}
