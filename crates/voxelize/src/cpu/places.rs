//! How are the places of sparse voxels filled, on all threads?
//!
//! By tiles of neighbouring voxels: what becomes of these is a dense result of few cells.

use super::feature::Features;
use super::output::Value;
use super::rooms::Rooms;
use super::sheet::{Elements, Part};
use super::tiles::{Room, add, cells_of};
use super::voxels::{Tile, Voxels};
use crate::{Grid, Output, Problem};
use std::ops::Range;

/// Bytes of a tile's totals, about: more voxels are not worth bringing the points of a tile together.
const TILE_BYTES: usize = 1 << 20;
/// Voxels of a tile at least, and at most.
const TILE: [usize; 2] = [1 << 8, 1 << 13];

/// The logarithm of the voxels of a tile.
pub(crate) fn tile(problem: &Problem) -> u32 {
    cells_of(TILE_BYTES, problem)
        .clamp(TILE[0], TILE[1])
        .ilog2()
}

/// What the pieces of a sparse result share.
pub(crate) struct Work<'a> {
    pub voxels: Voxels,
    pub features: Option<Box<dyn Features + 'a>>,
    pub problem: &'a Problem,
    pub grid: Grid,
    pub rooms: Rooms<Room>,
}

impl Work<'_> {
    /// What a thread begins with.
    fn room(&self) -> Room {
        let voxels = (1 << tile(self.problem)).min(self.problem.capacity);
        Room::new(self.problem, &self.voxels.largest, voxels)
    }
}

/// Neighbouring places for voxels, and the parts of the outputs that are theirs.
pub(crate) struct Places<'w, 'o> {
    /// From this one on.
    pub first: usize,
    /// Each has some.
    pub tiles: &'w [Tile],
    pub parts: Vec<Part<'o>>,
}

impl<'w, 'o> Places<'w, 'o> {
    pub fn halved(self) -> Result<(Places<'w, 'o>, Places<'w, 'o>), Places<'w, 'o>> {
        let middle = self.tiles.len() / 2;
        if middle == 0 {
            return Err(self);
        }
        let (low_tiles, high_tiles) = self.tiles.split_at(middle);
        let first = high_tiles[0].voxels.start;
        let places = first - self.first;
        let parts = self.parts.into_iter().map(|part| part.split_at(places));
        let (low, high) = parts.unzip();
        Ok((
            Places {
                tiles: low_tiles,
                parts: low,
                ..self
            },
            Places {
                first,
                tiles: high_tiles,
                parts: high,
            },
        ))
    }

    pub fn fill(mut self, work: &Work<'_>) {
        work.rooms.lend(
            || work.room(),
            |room| {
                for tile in self.tiles {
                    self.fill_tile(tile, work, room);
                }
            },
        );
    }

    fn fill_tile(&mut self, tile: &Tile, work: &Work<'_>, room: &mut Room) {
        let (features, count) = (work.features.as_deref(), tile.voxels.len());
        let items = work.voxels.items_of(tile, &mut room.items);
        let counts = &mut room.counts[..count];
        counts.fill(0);
        for item in items {
            counts[(item >> 32) as usize] += 1;
        }
        add(items, features, count, &mut room.totals);
        let begin = tile.voxels.start - self.first;
        let (places, totals) = (begin..begin + count, room.totals.as_ref());
        for part in &mut self.parts {
            match (part.output, features) {
                (Output::Coords, _) => {
                    let keys = &work.voxels.keys[tile.keys.clone()];
                    part.locate(places.clone(), keys, work.grid);
                }
                (Output::Gathered, Some(features)) => {
                    part.gather(places.clone(), items, features);
                }
                _ => part.fill(places.clone(), items, counts, totals),
            }
        }
    }
}

impl Part<'_> {
    /// Writes cloud, x, y and z of some voxels, and of the places behind them that there are none.
    fn locate(&mut self, places: Range<usize>, keys: &[u64], grid: Grid) {
        let Elements::I32(all) = &mut self.elements else {
            return;
        };
        let here = all[4 * places.start..4 * places.end].as_chunks_mut().0;
        let (filled, rest) = here.split_at_mut(keys.len());
        let numbers = grid.numbers();
        for (coords, &key) in filled.iter_mut().zip(keys) {
            // To divide takes long, and most clouds are alone.
            let (cloud, cell) = match key < grid.cells() {
                true => (0, key),
                false => (key / grid.cells(), key % grid.cells()),
            };
            let [x, y, z] = numbers.cell(cell).map(|at| at as i32);
            *coords = [cloud as i32, x, y, z];
        }
        rest.fill([-1; 4]);
    }

    /// Writes the features of the first points of some voxels, then zeros.
    fn gather(&mut self, places: Range<usize>, items: &[u64], features: &dyn Features) {
        let here = places.start * self.columns..places.end * self.columns;
        let columns = self.columns;
        match &mut self.elements {
            Elements::F16(all) => gather(&mut all[here], columns, items, features),
            Elements::Bf16(all) => gather(&mut all[here], columns, items, features),
            Elements::F32(all) => gather(&mut all[here], columns, items, features),
            _ => {}
        }
    }
}

fn gather<T: Value>(to: &mut [T], columns: usize, items: &[u64], features: &dyn Features) {
    to.fill(T::narrow(0.0));
    if columns == 0 {
        return;
    }
    let mut filled = vec![0; to.len() / columns];
    for item in items {
        let (voxel, point) = ((item >> 32) as usize, *item as u32 as usize);
        let rows = to[voxel * columns..][..columns].chunks_exact_mut(features.count());
        let mut rows = rows.skip(filled[voxel]);
        if let Some(row) = rows.next() {
            for (column, value) in row.iter_mut().enumerate() {
                *value = T::narrow(features.at(point, column).into());
            }
            filled[voxel] += 1;
        }
    }
}
