//! How the work is spread over threads and tiles.

use super::bracket::{Bracket, Rules};
use super::element::{Output, Sample};
use super::finder::{Found, Places, TILE, places};
use super::hermite::Ratios;
use super::ragged::RowSpan;
use crate::runs::{Rule, Runs};
use crate::{Extrapolation, Invalid, Problem, Resample};
use robocache_core::{Element, Error, HostTensor, HostTensorMut, Result, TimeType, parallel};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Work is split no further than into pieces of so many bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// Writes the columns of a tile of targets that have one rule.
pub(crate) type WriteTile<I, O, A> = fn(Tile<'_, '_, '_, I, O, A>);

/// What some columns of a tile are made of.
pub(crate) struct Tile<'t, 'i, 'o, I, O, A> {
    pub samples: Samples<'i, I>,
    pub rule: Rule,
    pub columns: Columns,
    pub brackets: &'t [Bracket<A>],
    /// Of the brackets of a [hermite](Rule::is_hermite) rule.
    pub ratios: &'t [Ratios<A>],
    /// To be cleared where the samples themselves make a target invalid.
    pub valid: &'t mut [bool],
    /// What becomes of a value that they make invalid.
    pub invalid: Invalid,
    pub fill: O,
    pub nan: O,
    pub out: &'t mut HostTensorMut<'o, O, 3>,
    /// The values' batch row and first target within `out`.
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
struct Work<'w, 'i, I: Sample, O> {
    data: HostTensor<'i, I, 3>,
    places: &'w dyn Places<I::Arith>,
    runs: &'w Runs,
    rules: Rules,
    fill: O,
    nan: O,
    write: WriteTile<I, O, I::Arith>,
    outside: FirstOutside,
}

/// Runs a request with a variant's way of writing columns.
pub(crate) fn run<I: Sample, O: Output>(
    problem: &Problem,
    request: Resample<'_>,
    write: WriteTile<I, O, I::Arith>,
) -> Result<()> {
    let (batch, samples) = (problem.batch, problem.samples);
    let places = match problem.time_type {
        TimeType::F32 => places::<I::Arith, f32>(&request, batch, samples)?,
        TimeType::F64 => places::<I::Arith, f64>(&request, batch, samples)?,
        TimeType::I64 => places::<I::Arith, i64>(&request, batch, samples)?,
    };
    let options = request.options;
    let work = Work {
        data: HostTensor::<I, 3>::new(&request.data)?,
        places: &*places,
        runs: &problem.kinds,
        rules: Rules {
            extrapolation: options.extrapolation,
            invalid: options.invalid,
        },
        fill: O::fill(options.fill),
        nan: O::not_a_time(options.fill),
        write,
        outside: FirstOutside::default(),
    };
    spread::<I, O>(problem, request, |piece| work.on(piece))?;
    work.outside.told()
}

/// Runs `leaf` over all of a request's output, in pieces on all threads.
pub(crate) fn spread<I, O: Element>(
    problem: &Problem,
    request: Resample<'_>,
    leaf: impl Fn(Piece<'_, O>) + Sync,
) -> Result<()> {
    let whole = Piece {
        out: HostTensorMut::new(request.out)?,
        mask: request.mask.map(HostTensorMut::new).transpose()?,
        age: request.age.map(HostTensorMut::new).transpose()?,
        first_row: 0,
        first_target: 0,
    };
    // A stride of zero makes sizes possible whose product is not.
    let target_bytes = problem
        .columns
        .saturating_mul(2 * size_of::<I>() + size_of::<O>())
        .saturating_add(16);
    let enough = (PIECE_BYTES / target_bytes).max(1);
    #[allow(clippy::result_large_err)] // As below.
    let halve = |piece| halve(piece, enough);
    let bytes = target_bytes
        .saturating_mul(problem.batch)
        .saturating_mul(problem.targets);
    parallel::for_each(whole, bytes, halve, leaf);
    Ok(())
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

impl<I: Sample, O: Output> Work<'_, '_, I, O> {
    fn on(&self, mut piece: Piece<'_, O>) {
        let [rows, targets, columns] = piece.out.shape();
        let mut found = Found::<I::Arith>::new();
        let mut brackets = [Bracket::<I::Arith>::Fill; TILE];
        let mut ratios = [Ratios::ALONE; TILE];
        let mut ages = [0f32; TILE];
        for row in 0..rows {
            let batch_row = piece.first_row + row;
            let RowSpan { first, .. } = self.places.span(batch_row);
            let samples = Samples {
                data: self.data,
                // Packed samples have one row for the whole batch.
                row: if self.data.shape()[0] == 1 {
                    0
                } else {
                    batch_row
                },
                first,
            };
            for target in (0..targets).step_by(TILE) {
                let n = TILE.min(targets - target);
                let brackets = &mut brackets[..n];
                let mut valid = [true; TILE];
                let wanted = piece.age.is_some().then_some(&mut ages[..n]);
                let first_target = piece.first_target + target;
                let mut tile = |index, rule, brackets: &[_], ratios: &[_], valid: &mut [bool]| {
                    (self.write)(Tile {
                        samples,
                        rule,
                        columns: Columns::of(self.runs, index, columns),
                        brackets,
                        ratios,
                        valid,
                        invalid: self.rules.invalid,
                        fill: self.fill,
                        nan: self.nan,
                        out: &mut piece.out,
                        row,
                        target,
                    });
                };
                let (valid, ratios) = (&mut valid[..n], &mut ratios[..n]);
                self.places
                    .find(batch_row, first_target, n, &mut found, wanted);
                for (index, run) in self.runs.list().iter().enumerate() {
                    self.resolve(run.rule, &found, brackets, valid);
                    if run.rule.is_hermite() {
                        self.places.ratios(batch_row, brackets, ratios);
                    }
                    tile(index, run.rule, brackets, ratios, valid);
                }
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
    }

    #[inline]
    fn resolve(
        &self,
        rule: Rule,
        found: &Found<I::Arith>,
        brackets: &mut [Bracket<I::Arith>],
        valid: &mut [bool],
    ) {
        for (t, (bracket, valid)) in brackets.iter_mut().zip(valid).enumerate() {
            let (resolved, is_valid) = self.rules.resolve(rule, &found.place(t));
            *bracket = resolved;
            *valid &= is_valid;
        }
    }

    /// The first target for which some column's rule has no samples.
    fn first_beyond(&self, found: &Found<I::Arith>, count: usize) -> Option<usize> {
        (0..count).find(|&t| {
            let beyond = |rule| self.rules.is_beyond(rule, &found.place(t));
            self.runs.any(beyond)
        })
    }
}
