//! How are all cells filled, on all threads?
//!
//! A range of cells is a tile: one thread goes through its points in order and has every total in its cache. Outputs
//! with gaps between their elements are first made without.

use super::feature::Features;
use super::locate::locator;
use super::output::Value;
use super::partition::{measured_features, wanted_features};
use super::sheet::{Elements, Part, Sheets};
use super::spread::{Ranges, Spread};
use super::totals::Totals;
use crate::{Dense, Output, Problem};
use robocache_core::{Result, parallel};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

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
    let of_cell = 4 + 16 * problem.features;
    let [least, most] = TILE_CELLS;
    let tile = (TILE_BYTES / of_cell).clamp(least, most);
    let ranges = Ranges::new(cells.div_ceil(tile), cells as u64);
    let spread = Spread::of(&*locator, measured, problem.points, ranges);
    let room = TileTotals {
        counts: vec![0; 1 << ranges.shift],
        totals: (problem.wants_totals())
            .then(|| Totals::new(problem, &spread.largest, 1 << ranges.shift)),
    };
    let mut sheets = Sheets::of_cells(request, problem)?;
    let all = Tiles {
        begin: 0,
        ends: &spread.ends,
        items: &spread.items,
        cells,
        shift: ranges.shift,
        parts: sheets.parts(),
    };
    // As many as there are threads, whose caches hold them.
    let rooms = Mutex::new(Vec::new());
    let locked = || rooms.lock().unwrap_or_else(PoisonError::into_inner);
    parallel::for_each(all, problem.bytes(), Tiles::halved, |tiles| {
        let free = locked().pop();
        let mut room = free.unwrap_or_else(|| room.clone());
        tiles.fill(features.as_deref(), &mut room);
        locked().push(room);
    });
    sheets.finish();
    Ok(())
}

/// What a thread reckons a tile with.
#[derive(Clone)]
struct TileTotals {
    counts: Vec<i32>,
    totals: Option<Totals>,
}

/// Neighbouring tiles, and the parts of the outputs that are theirs.
struct Tiles<'s, 'o> {
    /// Where the first tile's points begin, among all.
    begin: usize,
    /// Where the points of each end, likewise.
    ends: &'s [usize],
    items: &'s [u64],
    cells: usize,
    shift: u32,
    parts: Vec<Part<'o>>,
}

impl<'s, 'o> Tiles<'s, 'o> {
    #[allow(clippy::result_large_err)] // No error: the tiles themselves.
    fn halved(self) -> std::result::Result<(Self, Self), Self> {
        let middle = self.ends.len() / 2;
        if middle == 0 {
            return Err(self);
        }
        let (low_ends, high_ends) = self.ends.split_at(middle);
        let cells = middle << self.shift;
        let parts = self.parts.into_iter().map(|part| part.split_at(cells));
        let (low_parts, high_parts) = parts.unzip();
        Ok((
            Tiles {
                begin: self.begin,
                ends: low_ends,
                items: self.items,
                cells,
                shift: self.shift,
                parts: low_parts,
            },
            Tiles {
                begin: low_ends[middle - 1],
                ends: high_ends,
                items: self.items,
                cells: self.cells - cells,
                shift: self.shift,
                parts: high_parts,
            },
        ))
    }

    fn fill(mut self, features: Option<&dyn Features>, room: &mut TileTotals) {
        let (mut begin, mut first) = (self.begin, 0);
        for &end in self.ends {
            let cells = (self.cells - first).min(1 << self.shift);
            let items = &self.items[begin..end];
            let counts = &mut room.counts[..cells];
            counts.fill(0);
            for item in items {
                counts[(item >> 32) as usize] += 1;
            }
            if let (Some(totals), Some(features)) = (&mut room.totals, features)
                && !items.is_empty()
            {
                totals.clear();
                features.add(items, totals);
            }
            for part in &mut self.parts {
                part.fill(first..first + cells, items, counts, room.totals.as_ref());
            }
            (begin, first) = (end, first + cells);
        }
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
        match &mut self.elements {
            Elements::U8(all) => {
                for (flag, &count) in all[here].iter_mut().zip(counts) {
                    *flag = u8::from(count > 0);
                }
            }
            Elements::I32(all) if self.output == Output::Count => all[here].copy_from_slice(counts),
            Elements::I32(all) => first_points(&mut all[here], items, -1, |point| point as i32),
            Elements::I64(all) => first_points(&mut all[here], items, -1, i64::from),
            Elements::F16(all) => {
                values(
                    &mut all[here],
                    self.output,
                    self.columns,
                    self.empty,
                    counts,
                    totals,
                );
            }
            Elements::Bf16(all) => {
                values(
                    &mut all[here],
                    self.output,
                    self.columns,
                    self.empty,
                    counts,
                    totals,
                );
            }
            Elements::F32(all) => {
                values(
                    &mut all[here],
                    self.output,
                    self.columns,
                    self.empty,
                    counts,
                    totals,
                );
            }
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

/// What is made of the totals of each cell.
fn values<T: Value>(
    cells: &mut [T],
    output: Output,
    columns: usize,
    empty: f64,
    counts: &[i32],
    totals: Option<&Totals>,
) {
    let empty = T::narrow(empty);
    let Some(totals) = totals.filter(|_| columns > 0) else {
        return cells.fill(empty);
    };
    let cells = cells.chunks_exact_mut(columns).zip(counts).enumerate();
    match output {
        Output::Sum => each(cells, empty, |cell, column, _| totals.sum(cell, column)),
        Output::Mean => each(cells, empty, |cell, column, count| {
            totals.sum(cell, column) / f64::from(count)
        }),
        Output::Max => each(cells, empty, |cell, column, _| totals.max(cell, column)),
        _ => each(cells, empty, |cell, column, _| totals.min(cell, column)),
    }
}

/// Writes the values of cells that have points, by cell, column and count, and empty ones of the others.
#[inline(always)]
fn each<'c, T: Value>(
    cells: impl Iterator<Item = (usize, (&'c mut [T], &'c i32))>,
    empty: T,
    of: impl Fn(usize, usize, i32) -> f64,
) {
    for (cell, (values, &count)) in cells {
        if count == 0 {
            values.fill(empty);
            continue;
        }
        for (column, value) in values.iter_mut().enumerate() {
            *value = T::narrow(of(cell, column, count));
        }
    }
}
