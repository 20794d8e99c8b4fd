//! Which samples does each batch row have?

use robocache_core::{Error, HostTensor, Result, Rows};

/// Where the samples of a batch row lie along the time dimension.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowSpan {
    pub first: usize,
    pub count: usize,
}

/// The samples of every row of a ragged batch, checked; `None` for a dense one.
pub(crate) fn spans(rows: &Rows<'_>, batch: usize, samples: usize) -> Result<Option<Vec<RowSpan>>> {
    let Some(view) = rows.index() else {
        return Ok(None);
    };
    let read: Box<dyn Fn(usize) -> i64> = if view.dtype() == robocache_core::DType::I32 {
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
    let spans = (0..batch).map(|row| match rows {
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
