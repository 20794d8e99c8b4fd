//! How are all cells filled, on all threads?
//!
//! A range of cells is a tile: one thread goes through its points in order and has every total in its cache. Outputs
//! with gaps between their elements are first made without.

use super::feature::Features;
use super::locate::locator;
use super::output::Value;
use super::partition::{measured_features, wanted_features};
use super::rooms::Rooms;
use super::sheet::{Elements, Part, Sheets};
use super::spread::{Ranges, Spread};
use super::totals::{Totals, highest_of, lowest_of};
use crate::{Dense, Output, Problem};
use robocache_core::wide::{self, Loops};
use robocache_core::{Result, parallel};
use std::ops::Range;

/// Bytes of a tile's totals, about: they stay in a cache that is a thread's own.
const TILE_BYTES: usize = 512 << 10;
/// Cells of a tile at least, and at most if there is nothing to total.
const TILE_CELLS: [usize; 2] = [1 << 10, 1 << 15];

pub(crate) fn dense(problem: &Problem, request: Dense<'_>) -> Result<()> {
    let features = wanted_features(problem, &request.clouds)?;
    let locator = locator(&request.clouds, request.grid, problem.outside)?;
    let measured = measured_features(problem, features.as_deref());
    // A dense grid has few enough cells, and its outputs were found to fit the memory.
    let cells = problem.cells() as usize;
    let [least, most] = TILE_CELLS;
    let tile = cells_of(TILE_BYTES, problem).clamp(least, most);
    let ranges = Ranges::new(cells.div_ceil(tile), cells as u64);
    let spread = Spread::of(&*locator, measured, problem.points, ranges);
    let mut sheets = Sheets::of_cells(request, problem)?;
    let mut parts = sheets.parts();
    let counted = parts.iter().position(|part| part.output == Output::Count);
    let all = Tiles {
        ranges: 0..ranges.count,
        cells,
        spread: &spread,
        counts: counted.map(|index| parts.swap_remove(index)),
        parts,
    };
    let rooms = Rooms::new();
    parallel::for_each(all, problem.bytes(), Tiles::halved, |tiles| {
        if tiles.are_flags() {
            return tiles.mark();
        }
        let features = features.as_deref();
        let room = || Room::new(problem, &spread.largest, 1 << ranges.shift);
        rooms.lend(room, |room| tiles.fill(features, room));
    });
    sheets.finish();
    Ok(())
}

/// How many cells have totals of so many bytes, about.
pub(crate) fn cells_of(bytes: usize, problem: &Problem) -> usize {
    bytes / (4 + 16 * problem.features)
}

/// What a thread reckons a tile with.
pub(crate) struct Room {
    pub counts: Vec<i32>,
    /// Those of the tile, one behind the other.
    pub items: Vec<u64>,
    pub totals: Option<Totals>,
}

impl Room {
    /// For tiles of so many cells.
    pub fn new(problem: &Problem, largest: &[f32], cells: usize) -> Room {
        let totals = problem.wants_totals();
        Room {
            counts: vec![0; cells],
            items: Vec::new(),
            totals: totals.then(|| Totals::new(problem, largest, cells)),
        }
    }
}

/// Neighbouring tiles, and the parts of the outputs that are theirs.
struct Tiles<'s, 'o> {
    ranges: Range<usize>,
    /// Of all these tiles together.
    cells: usize,
    spread: &'s Spread,
    /// Where counts are wanted, there it is counted.
    counts: Option<Part<'o>>,
    parts: Vec<Part<'o>>,
}

impl<'s, 'o> Tiles<'s, 'o> {
    #[allow(clippy::result_large_err)] // No error: the tiles themselves.
    fn halved(self) -> std::result::Result<(Self, Self), Self> {
        let half = self.ranges.len() / 2;
        if half == 0 {
            return Err(self);
        }
        let middle = self.ranges.start + half;
        let cells = half << self.spread.ranges.shift;
        let parts = self.parts.into_iter().map(|part| part.split_at(cells));
        let (low_parts, high_parts) = parts.unzip();
        let (low_counts, high_counts) = self.counts.map(|part| part.split_at(cells)).unzip();
        Ok((
            Tiles {
                ranges: self.ranges.start..middle,
                cells,
                spread: self.spread,
                counts: low_counts,
                parts: low_parts,
            },
            Tiles {
                ranges: middle..self.ranges.end,
                cells: self.cells - cells,
                spread: self.spread,
                counts: high_counts,
                parts: high_parts,
            },
        ))
    }

    /// Whether all that is wanted is where points are.
    fn are_flags(&self) -> bool {
        let mut parts = self.parts.iter();
        self.counts.is_none() && parts.all(|part| part.output == Output::Occupancy)
    }

    /// Fills flags without counting.
    fn mark(self) {
        let of_tile = 1 << self.spread.ranges.shift;
        for part in self.parts {
            let Elements::U8(all) = part.elements else {
                continue;
            };
            for (range, flags) in self.ranges.clone().zip(all.chunks_mut(of_tile)) {
                flags.fill(0);
                for items in self.spread.range(range) {
                    for item in items {
                        flags[(item >> 32) as usize] = 1;
                    }
                }
            }
        }
    }

    fn fill(mut self, features: Option<&dyn Features>, room: &mut Room) {
        // To count, the points of a tile need not lie together.
        let first_points = |part: &Part<'_>| part.output == Output::First;
        let gathers = room.totals.is_some() || self.parts.iter().any(first_points);
        let of_tile = 1 << self.spread.ranges.shift;
        for (range, first) in self.ranges.zip((0..).step_by(of_tile)) {
            let cells = (self.cells - first).min(of_tile);
            let counts = match self.counts.as_mut().map(|part| &mut part.elements) {
                Some(Elements::I32(all)) => &mut all[first..first + cells],
                _ => &mut room.counts[..cells],
            };
            counts.fill(0);
            room.items.clear();
            for items in self.spread.range(range) {
                for item in items {
                    counts[(item >> 32) as usize] += 1;
                }
                if gathers {
                    room.items.extend_from_slice(items);
                }
            }
            add(&room.items, features, cells, &mut room.totals);
            let totals = room.totals.as_ref();
            for part in &mut self.parts {
                part.fill(first..first + cells, &room.items, counts, totals);
            }
        }
    }
}

/// Totals the features of some items, if they are wanted, in so many cells.
pub(crate) fn add(
    items: &[u64],
    features: Option<&dyn Features>,
    cells: usize,
    totals: &mut Option<Totals>,
) {
    if let (Some(totals), Some(features)) = (totals, features)
        && !items.is_empty()
    {
        totals.clear(cells);
        features.add(items, totals);
        totals.settle(cells);
    }
}

impl Part<'_> {
    /// Fills a tile, whose cells have so many points each.
    pub fn fill(
        &mut self,
        tile: Range<usize>,
        items: &[u64],
        counts: &[i32],
        totals: Option<&Totals>,
    ) {
        let here = tile.start * self.columns..tile.end * self.columns;
        let of = Made {
            output: self.output,
            columns: self.columns,
            empty: self.empty,
            counts,
            totals: totals.filter(|_| !items.is_empty()),
        };
        match &mut self.elements {
            Elements::U8(all) => {
                for (flag, &count) in all[here].iter_mut().zip(counts) {
                    *flag = u8::from(count > 0);
                }
            }
            Elements::I32(all) if self.output == Output::Count => all[here].copy_from_slice(counts),
            Elements::I32(all) => first_points(&mut all[here], items, -1, |point| point as i32),
            Elements::I64(all) => first_points(&mut all[here], items, -1, i64::from),
            Elements::F16(all) => wide::run(Values {
                cells: &mut all[here],
                of,
            }),
            Elements::Bf16(all) => wide::run(Values {
                cells: &mut all[here],
                of,
            }),
            Elements::F32(all) => wide::run(Values {
                cells: &mut all[here],
                of,
            }),
        }
    }
}

/// The lowest point of each cell: the first one among the items.
fn first_points<T: Copy>(cells: &mut [T], items: &[u64], none: T, of: impl Fn(u32) -> T) {
    cells.fill(none);
    for item in items.iter().rev() {
        cells[(item >> 32) as usize] = of(*item as u32);
    }
}

/// What values are made of.
#[derive(Clone, Copy)]
struct Made<'t> {
    output: Output,
    columns: usize,
    empty: f64,
    counts: &'t [i32],
    totals: Option<&'t Totals>,
}

/// Values that are to be made.
struct Values<'v, T> {
    cells: &'v mut [T],
    of: Made<'v>,
}

impl<T: Value> Loops for Values<'_, T> {
    #[inline(always)]
    fn run(self) {
        let (of, empty) = (self.of, T::narrow(self.of.empty));
        let Some(totals) = of.totals.filter(|_| of.columns > 0) else {
            return self.cells.fill(empty);
        };
        let cells = self.cells.chunks_exact_mut(of.columns).zip(of.counts);
        match of.output {
            Output::Sum => each(cells, totals.sums(), empty, |sum, _| sum),
            Output::Mean => each(cells, totals.sums(), empty, |sum, count| sum / count),
            Output::Max => each(cells, totals.highest(), empty, |high, _| highest_of(high)),
            _ => each(cells, totals.lowest(), empty, |low, _| lowest_of(low)),
        }
    }
}

/// Writes the values of cells that have points, by total and count, and empty ones of the others.
#[inline(always)]
fn each<'c, T: Value, S: Copy>(
    cells: impl Iterator<Item = (&'c mut [T], &'c i32)>,
    mut totals: &[S],
    empty: T,
    of: impl Fn(S, f64) -> f64,
) {
    for (values, &count) in cells {
        let (here, others) = totals.split_at(values.len());
        totals = others;
        if count == 0 {
            values.fill(empty);
            continue;
        }
        let value = |total| T::narrow(of(total, f64::from(count)));
        // As many as fill a vector.
        let ((fours, rest), (fours_here, rest_here)) =
            (values.as_chunks_mut::<4>(), here.as_chunks());
        for (values, totals) in fours.iter_mut().zip(fours_here) {
            *values = totals.map(value);
        }
        for (to, total) in rest.iter_mut().zip(rest_here) {
            *to = value(*total);
        }
    }
}
