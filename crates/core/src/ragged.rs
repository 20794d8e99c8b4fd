//! Batches whose rows differ in length.

use crate::{DType, Error, HostTensor, Result, TensorView};

/// Where the samples of a batch row lie along the time dimension, or the points of a cloud among all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowSpan {
    /// The first.
    pub first: usize,
    /// How many.
    pub count: usize,
}

/// Which samples of a batch are real.
#[derive(Clone, Copy, Debug, Default)]
pub enum Rows<'a> {
    /// `[B, S, ..]`: every row has all S samples.
    #[default]
    Dense,
    /// `[B, S, ..]` padded to S; `lengths[B]` (i32 or i64) says how many samples of each row count.
    /// What lies beyond is never read.
    Lengths(TensorView<'a, 1>),
    /// `[N, ..]`: rows one after another; row b is `offsets[b] .. offsets[b + 1]` of
    /// `offsets[B + 1]` (i32 or i64).
    Packed(TensorView<'a, 1>),
}

impl<'a> Rows<'a> {
    /// The lengths or offsets, if the batch is ragged.
    #[inline]
    pub fn index(&self) -> Option<&TensorView<'a, 1>> {
        match self {
            Rows::Dense => None,
            Rows::Lengths(view) | Rows::Packed(view) => Some(view),
        }
    }

    /// Checks the index' type and number of elements for a batch of `batch` rows.
    ///
    /// # Errors
    /// [`Error::DType`] or [`Error::Shape`].
    pub fn check(&self, batch: usize) -> Result<()> {
        let (argument, view, expected) = match self {
            Rows::Dense => return Ok(()),
            Rows::Lengths(view) => ("lengths", view, Some(batch)),
            Rows::Packed(view) => ("offsets", view, batch.checked_add(1)),
        };
        if !matches!(view.dtype(), DType::I32 | DType::I64) {
            return Err(Error::DType {
                argument,
                found: view.dtype(),
                expected: "i32 or i64",
            });
        }
        if Some(view.shape()[0]) != expected {
            let expected = match self {
                Rows::Packed(_) => format!("[{batch} + 1] for a batch of {batch}"),
                _ => format!("[{batch}]"),
            };
            return Err(Error::shape(argument, &view.shape(), expected));
        }
        Ok(())
    }

    /// The samples of every row of a ragged batch of `batch` rows, read from host memory and checked against the
    /// number of samples there are; `None` for a dense one.
    ///
    /// # Errors
    /// [`Error::Range`] with the first length or offset that cannot be; those of [`HostTensor::new`].
    ///
    /// # Panics
    /// If the index has fewer elements than [`check`](Self::check) asks for.
    pub fn spans(&self, batch: usize, samples: usize) -> Result<Option<Vec<RowSpan>>> {
        let Some(view) = self.index() else {
            return Ok(None);
        };
        let read: Box<dyn Fn(usize) -> i64> = if view.dtype() == DType::I32 {
            let index = HostTensor::<i32, 1>::new(view)?;
            Box::new(move |i| i64::from(index.at([i])))
        } else {
            let index = HostTensor::<i64, 1>::new(view)?;
            Box::new(move |i| index.at([i]))
        };
        let inside = |argument, i: usize, low: usize| -> Result<usize> {
            let found = read(i);
            usize::try_from(found)
                .ok()
                .filter(|&n| low <= n && n <= samples)
                .ok_or_else(|| Error::Range {
                    argument,
                    found: format!("{found} at index {i}"),
                    expected: match argument {
                        "lengths" => "from 0 to the number of samples",
                        _ => "ascending offsets from 0 to the number of samples",
                    },
                })
        };
        let spans = (0..batch).map(|row| match self {
            Rows::Packed(_) => {
                let first = inside("offsets", row, 0)?;
                let end = inside("offsets", row + 1, first)?;
                Ok(RowSpan {
                    first,
                    count: end - first,
                })
            }
            _ => Ok(RowSpan {
                first: 0,
                count: inside("lengths", row, 0)?,
            }),
        });
        spans.collect::<Result<_>>().map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_sizes_and_types_are_checked() {
        let index = [0i64, 2, 5];
        let view = TensorView::from_slice(&index, [3]).unwrap();
        assert!(Rows::Packed(view).check(2).is_ok());
        assert!(matches!(
            Rows::Packed(view).check(3),
            Err(Error::Shape { .. })
        ));
        assert!(Rows::Lengths(view).check(3).is_ok());
        let floats = [0f32; 3];
        let view = TensorView::from_slice(&floats, [3]).unwrap();
        assert!(matches!(
            Rows::Lengths(view).check(3),
            Err(Error::DType { .. })
        ));
    }
}
