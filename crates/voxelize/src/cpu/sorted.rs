//! Which points does each cell have, found on all threads?
//!
//! Points are spread over ranges of cells, and each range is sorted by itself.

use super::feature::Features;
use super::locate::Locate;
use super::spread::{Ranges, Spread};
use robocache_core::parallel;

/// A cell that has points: its key, and where they are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Run {
    pub key: u64,
    pub begin: u32,
    pub count: u32,
}

/// Cells with their points.
pub(crate) struct Cells {
    /// By the key of their cell, those of a cell by index.
    points: Vec<u64>,
    /// In order of their keys.
    runs: Vec<Run>,
    /// Of each column of the features, the largest finite magnitude among these points.
    pub largest: Vec<f32>,
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
        let Spread {
            mut items,
            ends,
            largest,
            ..
        } = Spread::of(locator, features, points, ranges);
        let mut runs = vec![Vec::new(); ranges.count];
        let bytes = size_of_val(&items[..]);
        let all = Unsorted {
            first: 0,
            begin: 0,
            ends: &ends,
            items: &mut items,
            runs: &mut runs,
        };
        parallel::for_each(all, bytes, Unsorted::halved, |part| part.sort(ranges.shift));
        Cells {
            points: items,
            runs: runs.concat(),
            largest,
        }
    }

    /// Puts the cells into the order of their first points; `points` is how many there are in all.
    pub fn order_by_first_point(&mut self, points: usize) {
        const NONE: u32 = u32::MAX;
        let mut by_point = vec![NONE; points];
        for (run, index) in self.runs.iter().zip(0u32..) {
            by_point[self.points[run.begin as usize] as usize] = index;
        }
        let order = by_point.into_iter().filter(|&index| index != NONE);
        self.runs = order.map(|index| self.runs[index as usize]).collect();
    }

    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    pub fn points(&self, run: &Run) -> &[u64] {
        &self.points[run.begin as usize..][..run.count as usize]
    }
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
    runs: &'s mut [Vec<Run>],
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
        let (low_runs, high_runs) = self.runs.split_at_mut(middle);
        Ok((
            Unsorted {
                first: self.first,
                begin: self.begin,
                ends: low_ends,
                items: low_items,
                runs: low_runs,
            },
            Unsorted {
                first: self.first + middle,
                begin: end,
                ends: high_ends,
                items: high_items,
                runs: high_runs,
            },
        ))
    }

    fn sort(self, shift: u32) {
        let mut begin = self.begin;
        for (range, (&end, runs)) in self.ends.iter().zip(self.runs).enumerate() {
            let here = begin - self.begin..end - self.begin;
            let items = &mut self.items[here];
            // The cell comes before the point, so that those of a cell stay in order.
            items.sort_unstable();
            let corner = ((self.first + range) as u64) << shift;
            for run in items.chunk_by(|a, b| a >> 32 == b >> 32) {
                runs.push(Run {
                    key: corner + (run[0] >> 32),
                    begin: begin as u32,
                    count: run.len() as u32,
                });
                begin += run.len();
            }
            for item in items {
                *item &= u64::from(u32::MAX);
            }
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

    #[test]
    fn cells_come_in_order_with_all_of_their_points() {
        let mut random = Random::new(1);
        for (points, cells) in [
            (0, 1),
            (1, 1),
            (100, 7),
            (CHUNK, 1),
            (3 * CHUNK + 1, 1 << 20),
            (50_000, 100),
            (70_000, MOST_CELLS),
        ] {
            let key = |random: &mut Random| match random.below(5) {
                0 => NOWHERE,
                1 => cells - 1,
                _ => random.below(cells as usize) as u64,
            };
            let keys = Given((0..points).map(|_| key(&mut random)).collect());
            let mut expected: Vec<_> = (0..points as u64)
                .filter(|&p| keys.0[p as usize] != NOWHERE)
                .collect();
            expected.sort_by_key(|&point| keys.0[point as usize]);
            let mut found = Cells::of(&keys, None, points, cells);
            assert!(found.points == expected, "{points} points, {cells} cells");
            assert!(found.runs.is_sorted_by(|a, b| a.key < b.key));
            let mut total = 0;
            for run in found.runs() {
                assert!(
                    found
                        .points(run)
                        .iter()
                        .all(|&p| keys.0[p as usize] == run.key)
                );
                total += run.count as usize;
            }
            assert_eq!(total, expected.len());
            let before = found.runs.len();
            found.order_by_first_point(points);
            let first = |run: &Run| found.points(run)[0];
            assert!(found.runs.len() == before && found.runs.is_sorted_by_key(first));
        }
    }
}
