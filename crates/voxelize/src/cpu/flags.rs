//! How are cells with points marked, on all threads?
//!
//! Where nothing else is asked of a cell, its points need not come to one thread: each thread marks cells in a bitmap of
//! its own, which its cache holds, and then each flag is made of all bitmaps.

use super::locate::{Locate, locator};
use super::rooms::Rooms;
use super::scratch::Scratch;
use super::sheet::{Elements, Sheets};
use crate::{Dense, Output, Problem};
use robocache_core::wide::{self, Loops};
use robocache_core::{Result, parallel};
use std::ops::Range;

/// Cells at most: a megabyte of bits.
const MOST_CELLS: u64 = 1 << 23;
/// Cells at most for each point: to make a flag of bits takes longer than to clear it.
const MOST_PER_POINT: u64 = 32;
/// Points that are located together: their keys stay in the nearest cache.
const CHUNK: usize = 1 << 10;
/// Cells of a word.
const WORD: usize = u64::BITS as usize;
/// Words that are not worth splitting.
const FEW_WORDS: usize = 1 << 10;

/// Whether flags are all that is wanted of a dense result, and bitmaps are the way to them.
pub(crate) fn suit(problem: &Problem) -> bool {
    let mut wanted = Output::ALL.into_iter().filter(|&o| problem.wants(o));
    let flags = |output| matches!(output, Output::Occupancy | Output::Bits);
    let most = MOST_CELLS.min(MOST_PER_POINT * problem.points as u64);
    problem.cells() <= most && wanted.all(flags)
}

pub(crate) fn dense(problem: &Problem, request: Dense<'_>) -> Result<()> {
    let locator = locator(&request.clouds, request.grid, problem.outside)?;
    let bitmaps = bitmaps(&*locator, problem);
    let mut sheets = Sheets::of_cells(request, problem)?;
    for part in sheets.parts() {
        if let Elements::U8(flags) = part.elements {
            let bytes = flags.len();
            let all = Unset {
                first: 0,
                flags,
                bitmaps: &bitmaps,
            };
            parallel::for_each(all, bytes, Unset::halved, wide::run);
        }
    }
    sheets.finish();
    Ok(())
}

/// Bitmaps of as many threads as have taken part: each point is in one of them.
fn bitmaps(locator: &dyn Locate, problem: &Problem) -> Vec<Scratch> {
    let words = (problem.cells() as usize).div_ceil(WORD);
    let bitmaps = Rooms::new();
    let bytes = problem.points * size_of::<u64>();
    parallel::for_each(0..problem.points, bytes, halved, |points| {
        bitmaps.lend(|| unmarked(words), |bitmap| mark(locator, points, bitmap));
    });
    bitmaps.all()
}

fn unmarked(words: usize) -> Scratch {
    let mut bitmap = Scratch::new(words);
    bitmap.fill(0);
    bitmap
}

fn halved(points: Range<usize>) -> std::result::Result<(Range<usize>, Range<usize>), Range<usize>> {
    let middle = points.start + points.len() / 2 / CHUNK * CHUNK;
    match middle == points.start {
        true => Err(points),
        false => Ok((points.start..middle, middle..points.end)),
    }
}

/// Sets the bits of the cells of some points.
fn mark(locator: &dyn Locate, points: Range<usize>, bitmap: &mut [u64]) {
    let mut keys = [0; CHUNK];
    for first in points.clone().step_by(CHUNK) {
        let keys = &mut keys[..CHUNK.min(points.end - first)];
        locator.locate(first, keys);
        for key in keys {
            // Where a point in no cell would be there is no word.
            if let Some(word) = bitmap.get_mut((*key / WORD as u64) as usize) {
                *word |= 1 << (*key % WORD as u64);
            }
        }
    }
}

/// Neighbouring flags that are to be made of bitmaps.
struct Unset<'f> {
    /// The word of the first one.
    first: usize,
    flags: &'f mut [u8],
    bitmaps: &'f [Scratch],
}

impl<'f> Unset<'f> {
    fn halved(self) -> std::result::Result<(Unset<'f>, Unset<'f>), Unset<'f>> {
        let middle = self.flags.len() / WORD / 2;
        if middle < FEW_WORDS {
            return Err(self);
        }
        let (low, high) = self.flags.split_at_mut(middle * WORD);
        Ok((
            Unset { flags: low, ..self },
            Unset {
                first: self.first + middle,
                flags: high,
                ..self
            },
        ))
    }
}

impl Loops for Unset<'_> {
    #[inline(always)]
    fn run(self) {
        for (word, flags) in (self.first..).zip(self.flags.chunks_mut(WORD)) {
            let bits = self.bitmaps.iter().fold(0, |bits, all| bits | all[word]);
            for (bit, flag) in flags.iter_mut().enumerate() {
                *flag = (bits >> bit) as u8 & 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Clouds, Grid, voxelize_dense};
    use robocache_core::{TensorView, TensorViewMut};
    use robocache_testkit::random::Random;

    #[test]
    fn flags_are_set_where_there_are_points() {
        let mut random = Random::new(1);
        // Words that are full at the end of a cloud and not, and points enough for one thread and for several.
        for (shape, points) in [
            ([3, 5, 7], 100),
            ([60, 50, 40], 50_000),
            ([64, 64, 64], 50_000),
        ] {
            let at = |cells: usize| random.below(cells + 2) as f32 - 0.5;
            let axes = (0..3 * points).map(|i| shape[i % 3]);
            let all: Vec<f32> = axes.map(at).collect();
            let view = TensorView::from_slice(&all, [points, 3]).unwrap();
            let grid = Grid::new([0.0; 3], [1.0; 3], shape).unwrap();
            let [x, y, z] = shape;
            let (mut flags, mut counts) = (vec![7u8; x * y * z], vec![7i32; x * y * z]);
            let dense = || crate::Dense::new(Clouds::new(view), grid);
            let flags_of = TensorViewMut::from_slice(&mut flags, [1, x, y, z]).unwrap();
            voxelize_dense(dense().occupancy(flags_of)).unwrap();
            let counts_of = TensorViewMut::from_slice(&mut counts, [1, x, y, z]).unwrap();
            voxelize_dense(dense().count(counts_of)).unwrap();
            let expected = counts.iter().map(|&count| u8::from(count > 0));
            assert!(
                flags.iter().copied().eq(expected),
                "{points} points in {shape:?}"
            );
            assert!(flags.contains(&0) && flags.contains(&1));
        }
    }
}
