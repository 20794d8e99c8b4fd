//! Which points does each cell have, found on all threads?
//!
//! Points are spread over ranges of cells, and each range is sorted by itself. What cells there are is told by going
//! through the points: a list is made only where they are to come in another order than that of their keys.

use super::feature::Features;
use super::locate::Locate;
use super::radix;
use super::scratch::Scratch;
use super::spread::{Ranges, Spread};
use robocache_core::parallel;

/// Points of neighbouring cells, by these and then by index.
#[derive(Clone, Copy)]
pub(crate) struct Piece<'c> {
    /// The key of the cell that the others are counted from.
    pub corner: u64,
    /// The cell in the upper half, the point in the lower.
    pub items: &'c [u64],
}

/// Cells with their points.
pub(crate) struct Cells {
    /// By the key of their cell, those of a cell by index: the cell within its range in the upper half, the point in
    /// the lower.
    items: Scratch,
    /// Where those of each range end.
    ends: Vec<usize>,
    /// How many cells have points, up to the end of each range.
    voxels: Vec<usize>,
    /// Each range has `2^shift` cells.
    shift: u32,
    /// In the order of their first points, if that is wanted.
    by_first_point: Vec<Run>,
    /// Of each column of the features, the largest finite magnitude among these points.
    pub largest: Vec<f32>,
}

/// The items of a cell: their range, and where they are.
#[derive(Clone, Copy)]
struct Run {
    range: u32,
    begin: u32,
    count: u32,
}

/// Points of a range, on average.
const PER_RANGE: usize = 1024;

impl Cells {
    /// Of `points` points in at most [`MOST_CELLS`](super::spread::MOST_CELLS) cells.
    pub fn of(
        locator: &dyn Locate,
        features: Option<&dyn Features>,
        points: usize,
        cells: u64,
    ) -> Cells {
        let ranges = Ranges::new(points / PER_RANGE, cells);
        let spread = Spread::of(locator, features, points, ranges);
        let ends = running_totals(spread.counts());
        let mut items = Scratch::new(ends.last().copied().unwrap_or(0));
        let mut voxels = vec![0; ranges.count];
        let bytes = size_of_val(&items[..]);
        let all = Unsorted {
            first: 0,
            begin: 0,
            ends: &ends,
            items: &mut items,
            voxels: &mut voxels,
        };
        parallel::for_each(all, bytes, Unsorted::halved, |part| part.sort(&spread));
        Cells {
            items,
            ends,
            voxels: running_totals(voxels),
            shift: ranges.shift,
            by_first_point: Vec::new(),
            largest: spread.largest,
        }
    }

    /// Puts the cells into the order of their first points, too; `points` is how many there are in all.
    pub fn order_by_first_point(&mut self, points: usize) {
        const NONE: u32 = u32::MAX;
        let mut by_point = vec![NONE; points];
        let mut runs = Vec::with_capacity(self.len());
        for range in 0..self.ends.len() {
            let mut begin = before(&self.ends, range) as u32;
            for items in self.of_range(range).items.chunk_by(same_cell) {
                by_point[items[0] as u32 as usize] = runs.len() as u32;
                let (range, count) = (range as u32, items.len() as u32);
                runs.push(Run {
                    range,
                    begin,
                    count,
                });
                begin += count;
            }
        }
        let order = by_point.into_iter().filter(|&index| index != NONE);
        self.by_first_point = order.map(|index| runs[index as usize]).collect();
    }

    /// How many have points.
    pub fn len(&self) -> usize {
        self.voxels.last().copied().unwrap_or(0)
    }

    /// Those from one on, in the order of their keys.
    pub fn by_key(&self, first: usize) -> impl Iterator<Item = Piece<'_>> {
        let range = self.voxels.partition_point(|&end| end <= first);
        let mut skip = first - before(&self.voxels, range);
        let pieces = (range..self.ends.len()).map(|range| self.of_range(range));
        pieces.map(move |mut piece| {
            // Of the first range only.
            for _ in 0..std::mem::take(&mut skip) {
                let cell = piece.items[0] >> 32;
                let others = piece.items.iter().position(|item| item >> 32 != cell);
                piece.items = &piece.items[others.unwrap_or(piece.items.len())..];
            }
            piece
        })
    }

    /// Those from one on, in the order of their first points, if they were put into it: each a piece.
    pub fn by_first_point(&self, first: usize) -> impl Iterator<Item = Piece<'_>> {
        let runs = self.by_first_point.iter().skip(first);
        runs.map(|run| Piece {
            corner: self.corner(run.range as usize),
            items: &self.items[run.begin as usize..][..run.count as usize],
        })
    }

    fn of_range(&self, range: usize) -> Piece<'_> {
        Piece {
            corner: self.corner(range),
            items: &self.items[before(&self.ends, range)..self.ends[range]],
        }
    }

    fn corner(&self, range: usize) -> u64 {
        (range as u64) << self.shift
    }
}

fn same_cell(a: &u64, b: &u64) -> bool {
    a >> 32 == b >> 32
}

/// Where a range begins: where the one before it ends.
fn before(ends: &[usize], range: usize) -> usize {
    range.checked_sub(1).map_or(0, |before| ends[before])
}

/// Sums of the first so many.
fn running_totals(mut counts: Vec<usize>) -> Vec<usize> {
    let mut total = 0;
    for count in &mut counts {
        total += *count;
        *count = total;
    }
    counts
}

/// Neighbouring ranges whose points are to be sorted.
struct Unsorted<'s> {
    /// The first range.
    first: usize,
    /// Where its points begin, among all.
    begin: usize,
    /// Where the points of each end, likewise.
    ends: &'s [usize],
    items: &'s mut [u64],
    /// How many cells of each have points.
    voxels: &'s mut [usize],
}

impl<'s> Unsorted<'s> {
    fn halved(self) -> Result<(Unsorted<'s>, Unsorted<'s>), Unsorted<'s>> {
        let middle = self.ends.len() / 2;
        if middle == 0 {
            return Err(self);
        }
        let (low_ends, high_ends) = self.ends.split_at(middle);
        let end = low_ends[middle - 1];
        let (low_items, high_items) = self.items.split_at_mut(end - self.begin);
        let (low_voxels, high_voxels) = self.voxels.split_at_mut(middle);
        Ok((
            Unsorted {
                first: self.first,
                begin: self.begin,
                ends: low_ends,
                items: low_items,
                voxels: low_voxels,
            },
            Unsorted {
                first: self.first + middle,
                begin: end,
                ends: high_ends,
                items: high_items,
                voxels: high_voxels,
            },
        ))
    }

    fn sort(self, spread: &Spread) {
        let (mut items, mut begin, mut room) = (self.items, self.begin, Vec::new());
        let ranges = (self.first..).zip(self.ends).zip(self.voxels);
        for ((range, &end), voxels) in ranges {
            let (here, rest) = items.split_at_mut(end - begin);
            radix::sort(spread.range(range), spread.ranges.shift, here, &mut room);
            let others = here
                .windows(2)
                .filter(|pair| !same_cell(&pair[0], &pair[1]));
            *voxels = usize::from(!here.is_empty()) + others.count();
            (items, begin) = (rest, end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::locate::NOWHERE;
    use crate::cpu::spread::{CHUNK, MOST_CELLS};
    use robocache_testkit::random::Random;

    struct Given(Vec<u64>);

    impl Locate for Given {
        fn locate(&self, first: usize, keys: &mut [u64]) {
            keys.copy_from_slice(&self.0[first..first + keys.len()]);
        }
    }

    /// The points of some pieces, whose keys are as they should be.
    fn points_of<'c>(pieces: impl Iterator<Item = Piece<'c>>, keys: &[u64]) -> Vec<u64> {
        let mut points = Vec::new();
        for piece in pieces {
            for item in piece.items {
                assert_eq!(piece.corner + (item >> 32), keys[*item as u32 as usize]);
                points.push(u64::from(*item as u32));
            }
        }
        points
    }

    #[test]
    fn cells_come_in_order_with_all_of_their_points() {
        let mut random = Random::new(1);
        for (points, cells) in [
            (0, 1),
            (1, 1),
            (100, 7),
            (CHUNK[0], 1),
            (3 * CHUNK[0] + 1, 1 << 20),
            (50_000, 100),
            (70_000, MOST_CELLS),
            (300_000, 1 << 26),
        ] {
            let key = |random: &mut Random| match random.below(5) {
                0 => NOWHERE,
                1 => cells - 1,
                _ => random.below(cells as usize) as u64,
            };
            let keys = Given((0..points).map(|_| key(&mut random)).collect());
            let key = |point: &u64| keys.0[*point as u32 as usize];
            let mut expected: Vec<_> = (0..points as u64)
                .filter(|point| key(point) != NOWHERE)
                .collect();
            expected.sort_by_key(key);
            let mut cells = Cells::of(&keys, None, points, cells);
            let voxels: Vec<_> = expected.chunk_by(|a, b| key(a) == key(b)).collect();
            assert_eq!(cells.len(), voxels.len());
            for first in [0, 1, voxels.len() / 3, voxels.len()] {
                let expected = voxels.iter().skip(first).copied().flatten();
                let found = points_of(cells.by_key(first), &keys.0);
                assert!(found.iter().eq(expected), "{points} points, from {first}");
            }
            cells.order_by_first_point(points);
            let mut voxels = voxels;
            voxels.sort_by_key(|points| points[0]);
            for first in [0, 1, voxels.len() / 3, voxels.len()] {
                let expected = voxels.iter().skip(first).copied().flatten();
                let found = points_of(cells.by_first_point(first), &keys.0);
                assert!(found.iter().eq(expected), "{points} points, from {first}");
            }
        }
    }
}
