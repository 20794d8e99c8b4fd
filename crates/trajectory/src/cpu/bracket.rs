//! From a target time to the samples and the weight that make its value.
//!
//! `kernels/trajectory/bracket.cuh` holds the same rules for the devices; the two are compared bit for
//! bit.

use super::axis::{Arith, HostAxis, RowAxis, Tick};
use crate::check::check_row;
use crate::{Extrapolation, Invalid, Kind, Options, Resample};
use robocache_core::{Error, HostTensor, Result, Rows, TimeFault, TimeScalar};

/// The samples that make a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bracket<A> {
    /// The fill value.
    Fill,
    /// NaN: the target was one.
    NotATime,
    /// That sample, bit for bit.
    Copy(usize),
    /// Between sample i and the next, with the weight of the next.
    Between(usize, A),
}

/// Where the samples of a batch row lie along the time dimension.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowSpan {
    pub first: usize,
    pub count: usize,
}

/// Everything about a request that does not depend on the columns, the axis' type forgotten.
pub(crate) trait Brackets<A>: Sync {
    /// The samples of a batch row.
    fn span(&self, row: usize) -> RowSpan;

    /// Fills `brackets` and `valid` for the targets of a batch row from `first` on.
    fn find(&self, row: usize, first: usize, brackets: &mut [Bracket<A>], valid: &mut [bool]);
}

/// The [`Brackets`] of a request, with the times checked if that is asked for.
pub(crate) fn brackets<'a, A: Arith, X: Tick>(
    request: &Resample<'a>,
    batch: usize,
    samples: usize,
) -> Result<Box<dyn Brackets<A> + 'a>> {
    let options = request.options;
    let scalar = |value: Option<TimeScalar>| value.and_then(X::from_scalar);
    let finder = Finder {
        source: HostAxis::<X>::new(&request.source_times)?,
        target: HostAxis::<X>::new(&request.target_times)?,
        spans: spans(&request.rows, batch, samples)?,
        samples,
        offset: scalar(options.offset).unwrap_or(X::zero()),
        tolerance: scalar(options.tolerance).map(X::as_distance),
        max_gap: scalar(options.max_gap).map(X::as_distance),
        options,
    };
    if options.check {
        // A shared axis is the same for every row; of dense rows one look is enough.
        let alike = !matches!(finder.source, HostAxis::PerRow(_)) && finder.spans.is_none();
        for row in 0..if alike { batch.min(1) } else { batch } {
            let RowSpan { first, count } = Brackets::<A>::span(&finder, row);
            check_axis(&finder.source, row, first, count)?;
        }
    }
    Ok(Box::new(finder))
}

fn check_axis<X: Tick>(
    axis: &HostAxis<'_, X>,
    row: usize,
    first: usize,
    count: usize,
) -> Result<()> {
    match *axis {
        HostAxis::Uniform { start, step } if X::too_coarse(start, step, count) => {
            Err(Error::Time {
                batch: row as u64,
                index: 0,
                fault: TimeFault::TooCoarse,
            })
        }
        HostAxis::Uniform { .. } => Ok(()),
        _ => {
            let axis = axis.row(row, first);
            check_row(row, count, |i| axis.knot(i))
        }
    }
}

/// The samples of every row of a ragged batch, checked; `None` for a dense one.
fn spans(rows: &Rows<'_>, batch: usize, samples: usize) -> Result<Option<Vec<RowSpan>>> {
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

struct Finder<'a, X: Tick> {
    source: HostAxis<'a, X>,
    target: HostAxis<'a, X>,
    spans: Option<Vec<RowSpan>>,
    samples: usize,
    offset: X,
    tolerance: Option<X::Distance>,
    max_gap: Option<X::Distance>,
    options: Options,
}

impl<A: Arith, X: Tick> Brackets<A> for Finder<'_, X> {
    fn span(&self, row: usize) -> RowSpan {
        match &self.spans {
            Some(spans) => spans[row],
            None => RowSpan {
                first: 0,
                count: self.samples,
            },
        }
    }

    fn find(&self, row: usize, first: usize, brackets: &mut [Bracket<A>], valid: &mut [bool]) {
        let span = Brackets::<A>::span(self, row);
        let source = self.source.row(row, span.first);
        let target = self.target.row(row, 0);
        let mut near = 0;
        for (t, (bracket, valid)) in brackets.iter_mut().zip(valid).enumerate() {
            let q = target.knot(first + t).shifted(self.offset);
            let last = if q.is_nan() {
                None
            } else {
                source.last_not_after(span.count, q, near)
            };
            near = last.unwrap_or(0);
            (*bracket, *valid) = self.decide(&source, span.count, q, last);
        }
    }
}

impl<X: Tick> Finder<'_, X> {
    /// The rules of the contract, given the last knot that is not after `q`.
    #[inline]
    fn decide<A: Arith>(
        &self,
        source: &RowAxis<'_, '_, X>,
        count: usize,
        q: X,
        last: Option<usize>,
    ) -> (Bracket<A>, bool) {
        let near = |distance: X::Distance| self.tolerance.is_none_or(|limit| distance <= limit);
        let kept = |bracket: Bracket<A>, valid: bool| match self.options.invalid {
            Invalid::Fill if !valid => (Bracket::Fill, false),
            _ => (bracket, valid),
        };
        let outside = |row: usize| match self.options.extrapolation {
            Extrapolation::Hold => (Bracket::Copy(row), false),
            Extrapolation::Nan => (Bracket::Fill, false),
        };
        let kind = self.options.kind;

        if count == 0 {
            return (Bracket::Fill, false);
        }
        if q.is_nan() {
            return (Bracket::NotATime, false);
        }
        let Some(i) = last else {
            return match kind {
                Kind::Next => kept(Bracket::Copy(0), near(source.knot(0).since(q))),
                _ => outside(0),
            };
        };
        let t0 = source.knot(i);
        if t0 == q {
            return (Bracket::Copy(i), true);
        }
        if i == count - 1 {
            return match kind {
                Kind::Previous => kept(Bracket::Copy(i), near(q.since(t0))),
                _ => outside(i),
            };
        }
        let t1 = source.knot(i + 1);
        let (before, after, width) = (q.since(t0), t1.since(q), t1.since(t0));
        let narrow = self.max_gap.is_none_or(|limit| width <= limit);
        let later = match kind {
            Kind::Linear => {
                let valid = narrow && near(before) && near(after);
                return kept(Bracket::Between(i, X::ratio(before, width)), valid);
            }
            Kind::Previous => false,
            Kind::Next => true,
            Kind::Nearest => after < before,
        };
        let (row, distance) = if later { (i + 1, after) } else { (i, before) };
        kept(Bracket::Copy(row), narrow && near(distance))
    }
}
