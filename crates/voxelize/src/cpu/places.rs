//! How are the places of sparse voxels filled, on all threads?
//!
//! By tiles of neighbouring voxels: what becomes of these is a dense result of few cells.

use super::feature::Features;
use super::locate::NOWHERE;
use super::output::Value;
use super::sheet::{Elements, Part};
use super::sorted::{Cells, Piece};
use super::totals::Totals;
use crate::{Grid, Order, Output};
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Voxels that are written together: their totals stay in the nearest cache.
pub(crate) const TILE: usize = 256;

/// Points that a tile takes at a time.
const PART: usize = 1024;

/// What the pieces of a sparse result share.
pub(crate) struct Work<'a> {
    pub cells: Cells,
    pub order: Order,
    pub features: Option<Box<dyn Features + 'a>>,
    /// Of a tile, before the first point; nothing if none are wanted.
    pub totals: Option<Totals>,
    pub grid: Grid,
    /// The voxel of each point, if it is wanted.
    pub voxel_of: Vec<AtomicU32>,
}

/// Neighbouring places for voxels, and the parts of the outputs that are theirs.
pub(crate) struct Places<'o> {
    pub first: usize,
    pub count: usize,
    pub parts: Vec<Part<'o>>,
}

/// Neighbouring voxels.
struct Tile {
    /// So many, and no more.
    room: usize,
    keys: [u64; TILE],
    /// Where the items of each end.
    ends: [u32; TILE],
    /// The voxel in the upper half, the point in the lower.
    items: Vec<u64>,
    count: usize,
}

impl Tile {
    fn new() -> Tile {
        Tile {
            room: 0,
            keys: [0; TILE],
            ends: [0; TILE],
            items: Vec::new(),
            count: 0,
        }
    }

    /// Forgets its voxels, to take up to so many others.
    fn begin(&mut self, places: usize) {
        self.room = places.min(TILE);
        self.items.clear();
        self.count = 0;
    }

    /// Takes points as long as there is room for their voxels, and tells how many these are.
    fn take(&mut self, piece: Piece<'_>) -> usize {
        let begin = self.items.len();
        self.items.resize(begin + piece.items.len(), 0);
        let keys = &mut self.keys[..self.room];
        let mut count = self.count;
        let mut last = count.checked_sub(1).map_or(NOWHERE, |last| keys[last]);
        let mut taken = 0;
        for (&item, to) in piece.items.iter().zip(&mut self.items[begin..]) {
            let key = piece.corner + (item >> 32);
            let after = count + usize::from(key != last);
            let voxel = after - 1;
            let Some(place) = keys.get_mut(voxel) else {
                break;
            };
            *place = key;
            *to = (voxel as u64) << 32 | item & u64::from(u32::MAX);
            taken += 1;
            self.ends[voxel] = (begin + taken) as u32;
            (last, count) = (key, after);
        }
        self.items.truncate(begin + taken);
        self.count = count;
        taken
    }

    /// How many points each place has.
    fn counts(&self) -> [i32; TILE] {
        let (mut counts, mut begin) = ([0; TILE], 0);
        for (count, &end) in counts.iter_mut().zip(&self.ends[..self.count]) {
            *count = (end - begin) as i32;
            begin = end;
        }
        counts
    }

    /// The points of each voxel.
    fn voxels(&self) -> impl Iterator<Item = &[u64]> {
        self.items.chunk_by(|a, b| a >> 32 == b >> 32)
    }
}

impl<'o> Places<'o> {
    pub fn halved(self) -> Result<(Places<'o>, Places<'o>), Places<'o>> {
        let middle = self.count / TILE / 2 * TILE;
        if middle == 0 {
            return Err(self);
        }
        let parts = self.parts.into_iter().map(|part| part.split_at(middle));
        let (low, high) = parts.unzip();
        let places = |first, count, parts| Places {
            first,
            count,
            parts,
        };
        Ok((
            places(self.first, middle, low),
            places(self.first + middle, self.count - middle, high),
        ))
    }

    pub fn write(self, work: &Work<'_>) {
        let (cells, first) = (&work.cells, self.first);
        match work.order {
            Order::Key => self.fill(work, cells.by_key(first)),
            Order::FirstPoint => self.fill(work, cells.by_first_point(first)),
        }
    }

    /// Fills the places with the voxels of some pieces, of which there may be more or fewer.
    fn fill<'w>(mut self, work: &Work<'_>, pieces: impl Iterator<Item = Piece<'w>>) {
        let mut totals = work.totals.clone();
        let (mut tile, mut begin) = (Tile::new(), 0);
        tile.begin(self.count);
        let parts = pieces.flat_map(|Piece { corner, items }| {
            let parts = items.chunks(PART);
            parts.map(move |items| Piece { corner, items })
        });
        for mut part in parts {
            loop {
                part.items = &part.items[tile.take(part)..];
                if part.items.is_empty() {
                    break;
                }
                self.fill_tile(begin, &tile, &mut totals, work);
                begin += tile.room;
                if begin == self.count {
                    return;
                }
                tile.begin(self.count - begin);
            }
        }
        while begin < self.count {
            self.fill_tile(begin, &tile, &mut totals, work);
            begin += tile.room;
            tile.begin(self.count - begin);
        }
    }

    /// Fills the places of a tile.
    fn fill_tile(
        &mut self,
        begin: usize,
        tile: &Tile,
        totals: &mut Option<Totals>,
        work: &Work<'_>,
    ) {
        if let (Some(totals), Some(features)) = (&mut *totals, &work.features) {
            totals.clear();
            features.add(&tile.items, totals);
        }
        if !work.voxel_of.is_empty() {
            for item in &tile.items {
                let voxel = self.first + begin + (item >> 32) as usize;
                work.voxel_of[*item as u32 as usize].store(voxel as u32, Relaxed);
            }
        }
        let (places, counts) = (begin..begin + tile.room, tile.counts());
        let counts = &counts[..tile.room];
        for part in &mut self.parts {
            match (part.output, &work.features) {
                (Output::Coords, _) => part.locate(places.clone(), tile, work.grid),
                (Output::Gathered, Some(features)) => {
                    part.gather(places.clone(), tile, &**features);
                }
                _ => part.fill(places.clone(), &tile.items, counts, totals.as_ref()),
            }
        }
    }
}

impl Part<'_> {
    /// Writes cloud, x, y and z of some voxels, and of the places behind them that there are none.
    fn locate(&mut self, places: Range<usize>, tile: &Tile, grid: Grid) {
        let Elements::I32(all) = &mut self.elements else {
            return;
        };
        let here = all[4 * places.start..4 * places.end].as_chunks_mut().0;
        let (filled, rest) = here.split_at_mut(tile.count);
        for (coords, &key) in filled.iter_mut().zip(&tile.keys) {
            // To divide takes long, and most clouds are alone.
            let (cloud, cell) = match key < grid.cells() {
                true => (0, key),
                false => (key / grid.cells(), key % grid.cells()),
            };
            let [x, y, z] = grid.cell(cell).map(|at| at as i32);
            *coords = [cloud as i32, x, y, z];
        }
        rest.fill([-1; 4]);
    }

    /// Writes the features of the first points of some voxels, then zeros.
    fn gather(&mut self, places: Range<usize>, tile: &Tile, features: &dyn Features) {
        let here = places.start * self.columns..places.end * self.columns;
        let columns = self.columns;
        match &mut self.elements {
            Elements::F16(all) => gather(&mut all[here], columns, tile, features),
            Elements::Bf16(all) => gather(&mut all[here], columns, tile, features),
            Elements::F32(all) => gather(&mut all[here], columns, tile, features),
            _ => {}
        }
    }
}

fn gather<T: Value>(to: &mut [T], columns: usize, tile: &Tile, features: &dyn Features) {
    to.fill(T::narrow(0.0));
    if columns == 0 {
        return;
    }
    for (to, points) in to.chunks_exact_mut(columns).zip(tile.voxels()) {
        let rows = to.chunks_exact_mut(features.count());
        for (row, &point) in rows.zip(points) {
            for (column, value) in row.iter_mut().enumerate() {
                *value = T::narrow(features.at(point as u32 as usize, column).into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_takes_the_voxels_that_there_is_room_for() {
        let cells = [0u64, 0, 2, 2, 2, 5, 7, 7, 7, 8];
        let items: Vec<u64> = (0..)
            .zip(cells)
            .map(|(point, cell)| cell << 32 | point)
            .collect();
        let piece = |from: usize, to| Piece {
            corner: 10,
            items: &items[from..to],
        };
        let mut tile = Tile::new();
        tile.begin(3);
        assert_eq!(tile.take(piece(0, 10)), 6);
        assert_eq!(tile.take(piece(6, 10)), 0);
        assert!(tile.keys[..tile.count] == [10, 12, 15] && tile.counts()[..4] == [2, 3, 1, 0]);
        let points: Vec<_> = tile.voxels().map(|voxel| voxel[0] as u32).collect();
        assert_eq!(points, [0, 2, 5]);
        // A voxel goes on in the next part, and not in another tile.
        tile.begin(1000);
        assert_eq!((tile.take(piece(6, 8)), tile.take(piece(8, 10))), (2, 2));
        assert!(tile.keys[..tile.count] == [17, 18] && tile.counts()[..3] == [3, 1, 0]);
        tile.begin(0);
        assert_eq!(tile.take(piece(0, 1)), 0);
    }
}
