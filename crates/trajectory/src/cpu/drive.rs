//! How the work is spread over threads and tiles.

use super::bracket::{Bracket, Brackets, RowSpan, brackets};
use super::element::{Sample, Value};
use crate::{Problem, Resample};
use robocache_core::{Element, HostTensor, HostTensorMut, Result, TimeType, parallel};

/// Targets whose brackets are found before their columns are written.
const TILE: usize = 128;

/// Work is split no further than into pieces of so many bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// Writes the columns of a tile of targets.
pub(crate) type WriteTile<I, O, A> = fn(Tile<'_, '_, '_, I, O, A>);

/// What a tile's columns are made of.
pub(crate) struct Tile<'t, 'i, 'o, I, O, A> {
    pub data: HostTensor<'i, I, 3>,
    /// The samples' batch row: 0 for packed rows.
    pub data_row: usize,
    /// The time index of the batch row's first sample.
    pub first: usize,
    pub brackets: &'t [Bracket<A>],
    pub fill: O,
    pub nan: O,
    pub out: &'t mut HostTensorMut<'o, O, 3>,
    /// The values' batch row and first target within `out`.
    pub row: usize,
    pub target: usize,
}

/// A part of the output with its place in the whole.
struct Piece<'o, O> {
    out: HostTensorMut<'o, O, 3>,
    mask: Option<HostTensorMut<'o, u8, 2>>,
    first_row: usize,
    first_target: usize,
}

/// Runs a request with a variant's way of writing columns.
pub(crate) fn run<I: Sample, O: Value<f64>>(
    problem: &Problem,
    request: Resample<'_>,
    write: WriteTile<I, O, I::Arith>,
) -> Result<()> {
    let (batch, samples) = (problem.batch, problem.samples);
    let finder = match problem.time_type {
        TimeType::F32 => brackets::<I::Arith, f32>(&request, batch, samples)?,
        TimeType::F64 => brackets::<I::Arith, f64>(&request, batch, samples)?,
        TimeType::I64 => brackets::<I::Arith, i64>(&request, batch, samples)?,
    };
    let missing = [O::narrow(request.options.fill), O::narrow(f64::NAN)];
    let data = HostTensor::<I, 3>::new(&request.data)?;
    let whole = Piece {
        out: HostTensorMut::new(request.out)?,
        mask: request.mask.map(HostTensorMut::new).transpose()?,
        first_row: 0,
        first_target: 0,
    };
    let target_bytes = problem.columns * (2 * size_of::<I>() + size_of::<O>()) + 16;
    let enough = (PIECE_BYTES / target_bytes).max(1);
    let halve = |piece| halve(piece, enough);
    let bytes = target_bytes
        .saturating_mul(batch)
        .saturating_mul(problem.targets);
    parallel::for_each(whole, bytes, halve, |piece| {
        work(piece, data, &*finder, missing, write)
    });
    Ok(())
}

/// Halves a piece of more than `enough` targets: between batch rows if there are several.
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
    let (mask_low, mask_high) = match piece.mask.map(|mask| mask.split_at(axis, middle)) {
        Some((low, high)) => (Some(low), Some(high)),
        None => (None, None),
    };
    let (first_row, first_target) = (piece.first_row, piece.first_target);
    let (rows_on, targets_on) = if axis == 0 { (middle, 0) } else { (0, middle) };
    Ok((
        Piece {
            out: out_low,
            mask: mask_low,
            first_row,
            first_target,
        },
        Piece {
            out: out_high,
            mask: mask_high,
            first_row: first_row + rows_on,
            first_target: first_target + targets_on,
        },
    ))
}

fn work<I: Sample, O: Element>(
    mut piece: Piece<'_, O>,
    data: HostTensor<'_, I, 3>,
    finder: &dyn Brackets<I::Arith>,
    [fill, nan]: [O; 2],
    write: WriteTile<I, O, I::Arith>,
) {
    let [rows, targets, _] = piece.out.shape();
    let mut found = [Bracket::<I::Arith>::Fill; TILE];
    let mut valid = [false; TILE];
    for row in 0..rows {
        let batch_row = piece.first_row + row;
        let RowSpan { first, .. } = finder.span(batch_row);
        for target in (0..targets).step_by(TILE) {
            let n = TILE.min(targets - target);
            finder.find(
                batch_row,
                piece.first_target + target,
                &mut found[..n],
                &mut valid[..n],
            );
            if let Some(mask) = &mut piece.mask {
                for (t, &valid) in valid[..n].iter().enumerate() {
                    mask.set([row, target + t], u8::from(valid));
                }
            }
            write(Tile {
                data,
                // Packed samples have one row for the whole batch.
                data_row: if data.shape()[0] == 1 { 0 } else { batch_row },
                first,
                brackets: &found[..n],
                fill,
                nan,
                out: &mut piece.out,
                row,
                target,
            });
        }
    }
}
