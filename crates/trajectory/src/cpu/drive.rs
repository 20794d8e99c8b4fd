//! How the work is spread over threads and tiles.

use super::bracket::Rules;
use super::element::{Output, Sample};
use super::finder::{Found, Instructions, Places, TILE, places};
use crate::runs::Runs;
use crate::{Extrapolation, Problem, Resample};
use robocache_core::{
    Element, Error, HostRows, HostTensor, HostTensorMut, Result, RowSpan, parallel,
};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Work is split no further than into pieces of so many bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// A variant's way to write values.
pub(crate) trait Writer<I: Sample, O: Element> {
    /// Writes the values of a tile, and clears `valid` of those that are none.
    fn write(&mut self, work: &Work<'_, '_, I, O>, tile: Tile<'_, '_, I::Arith, O>);

    /// Called behind the last tile of a piece, while that is still held.
    fn finish(&mut self);
}

/// Targets of a batch row whose places were found.
pub(crate) struct Tile<'t, 'o, A, O> {
    pub batch_row: usize,
    pub found: &'t mut Found<A>,
    /// Of each target; all are at first.
    pub valid: &'t mut [bool],
    pub out: &'t mut HostTensorMut<'o, O, 3>,
    /// Their batch row and the first of them within `out`.
    pub row: usize,
    pub target: usize,
}

/// The samples of a batch row.
#[derive(Clone, Copy)]
pub(crate) struct Samples<'i, I> {
    data: HostTensor<'i, I, 3>,
    /// Their batch row: 0 for packed rows.
    row: usize,
    /// The time index of the first.
    first: usize,
}

impl<'i, I: Sample> Samples<'i, I> {
    /// A column of sample `i`.
    #[inline]
    pub fn at(&self, i: usize, column: usize) -> I::Wide {
        self.data.at([self.row, self.first + i, column]).widen()
    }

    /// Those of adjacent columns.
    ///
    /// # Panics
    /// If they are not.
    #[inline]
    pub fn rows(&self) -> HostRows<'i, I> {
        self.data.rows(self.row).from(self.first)
    }
}

/// The columns of a run, in every round.
#[derive(Clone, Copy)]
pub(crate) struct Columns {
    run: [usize; 2],
    round: usize,
    total: usize,
}

impl Columns {
    /// Those of run `index`, of `total` columns.
    pub fn of(runs: &Runs, index: usize, total: usize) -> Columns {
        if runs.only().is_some() {
            return Columns {
                run: [0, total],
                round: total.max(1),
                total,
            };
        }
        let end = |index: usize| runs.list()[index].end as usize;
        Columns {
            run: [index.checked_sub(1).map_or(0, end), end(index)],
            round: runs.round() as usize,
            total,
        }
    }

    /// Columns that lie beside each other, one range for each round.
    pub fn ranges(self) -> impl Iterator<Item = Range<usize>> {
        let [begin, end] = self.run;
        (0..self.total)
            .step_by(self.round)
            .map(move |round| round + begin..round + end)
    }
}

/// A part of the output with its place in the whole.
pub(crate) struct Piece<'o, O> {
    pub out: HostTensorMut<'o, O, 3>,
    pub mask: Option<HostTensorMut<'o, u8, 2>>,
    pub age: Option<HostTensorMut<'o, f32, 2>>,
    pub first_row: usize,
    pub first_target: usize,
}

/// What all pieces share.
pub(crate) struct Work<'w, 'i, I: Sample, O> {
    data: HostTensor<'i, I, 3>,
    pub places: Box<dyn Places<I::Arith> + 'w>,
    pub problem: &'w Problem,
    pub rules: Rules,
    pub fill: O,
    pub nan: O,
    outside: FirstOutside,
}

/// Runs a request: finds places with instructions `S`, and writes the tiles of each piece of it with a writer.
///
/// # Safety
/// The CPU must have the instructions.
pub(crate) unsafe fn run<I: Sample, O: Output, S: Instructions, W: Writer<I, O>>(
    problem: &Problem,
    request: Resample<'_>,
    writer: impl Fn() -> W + Sync,
) -> Result<()> {
    let options = request.options;
    let work = Work {
        data: HostTensor::<I, 3>::new(&request.data)?,
        // SAFETY: the caller's promise.
        places: unsafe { places::<I::Arith, S>(problem, &request)? },
        problem,
        rules: Rules {
            extrapolation: options.extrapolation,
            invalid: options.invalid,
        },
        fill: O::fill(options.fill),
        nan: O::not_a_time(options.fill),
        outside: FirstOutside::default(),
    };
    let whole = Piece {
        out: HostTensorMut::new(request.out)?,
        mask: request.mask.map(HostTensorMut::new).transpose()?,
        age: request.age.map(HostTensorMut::new).transpose()?,
        first_row: 0,
        first_target: 0,
    };
    let column_bytes = 2 * size_of::<I>() + size_of::<O>();
    spread(problem, column_bytes, whole, &|piece| {
        work.on(piece, &mut writer());
    });
    work.outside.told()
}

/// Runs `leaf` over all of the output, in pieces on all threads. `column_bytes` is what a target moves for each column.
fn spread<O: Element>(
    problem: &Problem,
    column_bytes: usize,
    whole: Piece<'_, O>,
    leaf: &(dyn Fn(Piece<'_, O>) + Sync),
) {
    // A stride of zero makes sizes possible whose product is not.
    let target_bytes = problem
        .columns
        .saturating_mul(column_bytes)
        .saturating_add(16);
    let enough = (PIECE_BYTES / target_bytes).max(1);
    #[allow(clippy::result_large_err)] // As below.
    let halve = |piece| halve(piece, enough);
    let bytes = target_bytes
        .saturating_mul(problem.batch)
        .saturating_mul(problem.targets);
    parallel::for_each(whole, bytes, halve, leaf);
}

/// The first target outside, where that is an error.
#[derive(Default)]
pub(crate) struct FirstOutside(Mutex<Option<(usize, usize)>>);

impl FirstOutside {
    /// Keeps a batch row and target if none is known that comes before.
    pub fn note(&self, row: usize, target: usize) {
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if first.is_none_or(|before| (row, target) < before) {
            *first = Some((row, target));
        }
    }

    /// The error that it is.
    pub fn told(self) -> Result<()> {
        match self.0.into_inner().unwrap_or_else(PoisonError::into_inner) {
            None => Ok(()),
            Some((row, index)) => Err(Error::Outside {
                batch: row as u64,
                index: index as u64,
            }),
        }
    }
}

/// Halves a piece of more than `enough` targets: between batch rows if there are several.
#[allow(clippy::result_large_err)] // No error: the piece itself, small enough.
fn halve<O: Element>(
    piece: Piece<'_, O>,
    enough: usize,
) -> Result<(Piece<'_, O>, Piece<'_, O>), Piece<'_, O>> {
    let [rows, targets, _] = piece.out.shape();
    if rows.saturating_mul(targets) <= enough {
        return Err(piece);
    }
    let (axis, middle) = if rows > 1 {
        (0, rows / 2)
    } else {
        (1, targets / 2)
    };
    let (out_low, out_high) = piece.out.split_at(axis, middle);
    let (mask_low, mask_high) = halves(piece.mask, axis, middle);
    let (age_low, age_high) = halves(piece.age, axis, middle);
    let (first_row, first_target) = (piece.first_row, piece.first_target);
    let (rows_on, targets_on) = if axis == 0 { (middle, 0) } else { (0, middle) };
    Ok((
        Piece {
            out: out_low,
            mask: mask_low,
            age: age_low,
            first_row,
            first_target,
        },
        Piece {
            out: out_high,
            mask: mask_high,
            age: age_high,
            first_row: first_row + rows_on,
            first_target: first_target + targets_on,
        },
    ))
}

type Halves<'o, T> = (
    Option<HostTensorMut<'o, T, 2>>,
    Option<HostTensorMut<'o, T, 2>>,
);

fn halves<T: Element>(
    whole: Option<HostTensorMut<'_, T, 2>>,
    axis: usize,
    middle: usize,
) -> Halves<'_, T> {
    match whole.map(|whole| whole.split_at(axis, middle)) {
        Some((low, high)) => (Some(low), Some(high)),
        None => (None, None),
    }
}

impl<'i, I: Sample, O: Output> Work<'_, 'i, I, O> {
    /// The kinds of the columns.
    pub fn runs(&self) -> &Runs {
        &self.problem.kinds
    }

    /// The samples of a batch row.
    pub fn samples(&self, batch_row: usize) -> Samples<'i, I> {
        let RowSpan { first, .. } = self.places.span(batch_row);
        Samples {
            data: self.data,
            // Packed samples have one row for the whole batch.
            row: match self.data.shape()[0] {
                1 => 0,
                _ => batch_row,
            },
            first,
        }
    }

    fn on(&self, mut piece: Piece<'_, O>, writer: &mut dyn Writer<I, O>) {
        let [rows, targets, _] = piece.out.shape();
        let mut found = Found::<I::Arith>::new();
        let mut ages = [0f32; TILE];
        for row in 0..rows {
            let batch_row = piece.first_row + row;
            found.begin_row();
            for target in (0..targets).step_by(TILE) {
                let n = TILE.min(targets - target);
                let wanted = piece.age.is_some().then_some(&mut ages[..n]);
                let first_target = piece.first_target + target;
                self.places
                    .find(batch_row, first_target, n, &mut found, wanted);
                let mut valid = [true; TILE];
                let valid = &mut valid[..n];
                let tile = Tile {
                    batch_row,
                    found: &mut found,
                    valid,
                    out: &mut piece.out,
                    row,
                    target,
                };
                writer.write(self, tile);
                if self.rules.extrapolation == Extrapolation::Error
                    && let Some(t) = self.first_beyond(&found, n)
                {
                    self.outside.note(batch_row, first_target + t);
                }
                if let Some(mask) = &mut piece.mask {
                    for (t, &valid) in valid.iter().enumerate() {
                        mask.set([row, target + t], u8::from(valid));
                    }
                }
                if let Some(age) = &mut piece.age {
                    for (t, &found) in ages[..n].iter().enumerate() {
                        age.set([row, target + t], found);
                    }
                }
            }
        }
        writer.finish();
    }

    /// The first target for which some column's rule has no samples.
    fn first_beyond(&self, found: &Found<I::Arith>, count: usize) -> Option<usize> {
        (0..count).find(|&t| {
            let beyond = |rule| self.rules.is_beyond(rule, &found.place(t));
            self.runs().any(beyond)
        })
    }
}
