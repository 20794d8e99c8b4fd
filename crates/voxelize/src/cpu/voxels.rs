//! Which points does each voxel have, found on all threads?
//!
//! Points are spread over ranges of cells, and in each range the cells with points are numbered: what was few points in
//! many cells is then as many points in few voxels, which are filled by tiles as the cells of a dense result are.

use super::bitmap::Bitmap;
use super::feature::Features;
use super::locate::{Locate, NOWHERE};
use super::number::{Room, Unnumbered};
use super::rooms::Rooms;
use super::scratch::Scratch;
use super::spread::{Ranges, Spread};
use robocache_core::parallel;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Voxels in the order of their keys, with their points.
pub(crate) struct Voxels {
    /// By tile, then by point: the voxel within its range in the upper half, the point in the lower.
    items: Scratch,
    /// Those of each tile lie together.
    pub keys: Scratch,
    tiles: Vec<Tile>,
    /// Of each column of the features, the largest finite magnitude among these points.
    pub largest: Vec<f32>,
}

/// Neighbouring voxels of a range.
#[derive(Clone)]
pub(crate) struct Tile {
    /// Their numbers among all voxels.
    pub voxels: Range<usize>,
    /// The number of the first one within its range.
    first: usize,
    /// Where their items are.
    items: Range<usize>,
    /// Where their keys are.
    pub keys: Range<usize>,
    /// Whether some of the items are of voxels behind these.
    is_cut: bool,
}

/// Ranges, about, if points and cells are neither few nor many.
const RANGES: usize = 256;
/// Points of a range at least, and at most, on average.
const PER_RANGE: [usize; 2] = [512, 4096];

impl Voxels {
    /// Of `points` points in at most [`MOST_CELLS`](super::spread::MOST_CELLS) cells, in tiles of up to `2^tile` voxels.
    pub fn of(
        locator: &dyn Locate,
        features: Option<&dyn Features>,
        points: usize,
        cells: u64,
        tile: u32,
    ) -> Voxels {
        let ranges = ranges(points, cells);
        let spread = Spread::of(locator, features, points, ranges);
        let ends = running_totals(spread.counts());
        let placed = ends.last().copied().unwrap_or(0);
        let (mut items, mut keys) = (Scratch::new(placed), Scratch::new(placed));
        let mut counts = vec![0; ranges.count];
        let bytes = size_of_val(&items[..]);
        let all = Unnumbered {
            first: 0,
            begin: 0,
            ends: &ends,
            items: &mut items,
            keys: &mut keys,
            counts: &mut counts,
        };
        let rooms = Rooms::new();
        parallel::for_each(all, bytes, Unnumbered::halved, |part| {
            rooms.lend(
                || Room::new(ranges),
                |room| part.number(&spread, tile, room),
            );
        });
        Voxels {
            tiles: tiles(&ends, &counts, &items, tile),
            items,
            keys,
            largest: spread.largest,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.tiles.last().map_or(0, |tile| tile.voxels.end)
    }

    /// The tiles of so many places: those of the voxels that have one, and of the places behind them that there are none,
    /// which have no keys.
    pub fn tiles_of(&self, places: usize, tile: u32) -> Vec<Tile> {
        let (mut tiles, number) = (self.tiles.clone(), self.len());
        tiles.retain(|tile| tile.voxels.start < places);
        if let Some(last) = tiles.last_mut() {
            last.is_cut = last.voxels.end > places;
            last.voxels.end = last.voxels.end.min(places);
            last.keys.end = last.keys.start + last.voxels.len();
        }
        let others = (number..places).step_by(1 << tile);
        tiles.extend(others.map(|first| Tile {
            voxels: first..places.min(first + (1 << tile)),
            first: 0,
            items: 0..0,
            keys: 0..0,
            is_cut: false,
        }));
        tiles
    }

    /// The items of a tile, with the numbers of their voxels within it. `room` is for those that are not so already.
    pub fn items_of<'i>(&'i self, tile: &Tile, room: &'i mut Vec<u64>) -> &'i [u64] {
        let items = &self.items[tile.items.clone()];
        if tile.first == 0 && !tile.is_cut {
            return items;
        }
        let items = items.iter().map(|item| item - ((tile.first as u64) << 32));
        room.clear();
        room.extend(items.filter(|item| ((item >> 32) as usize) < tile.voxels.len()));
        room
    }

    /// The voxel of each of so many points; [`NONE`] of those that are in none.
    pub fn of_points(&self, points: usize) -> Vec<AtomicU32> {
        let voxel_of: Vec<_> = (0..points).map(|_| AtomicU32::new(NONE)).collect();
        let bytes = size_of_val(&self.items[..]);
        parallel::for_each(&self.tiles[..], bytes, halved, |tiles| {
            for tile in tiles {
                for item in &self.items[tile.items.clone()] {
                    let voxel = tile.voxels.start + (item >> 32) as usize - tile.first;
                    voxel_of[*item as u32 as usize].store(voxel as u32, Relaxed);
                }
            }
        });
        voxel_of
    }

    /// The same in the order of their first points.
    pub fn by_first_point(self, points: usize, tile: u32) -> Voxels {
        let mut keys = vec![0; self.len()];
        for tile in &self.tiles {
            keys[tile.voxels.clone()].copy_from_slice(&self.keys[tile.keys.clone()]);
        }
        let mut place_of = vec![NONE; keys.len()];
        let mut order = Vec::with_capacity(keys.len());
        let mut places = self.of_points(points);
        for place in &mut places {
            let voxel = place.get_mut();
            let Some(place) = place_of.get_mut(*voxel as usize) else {
                continue;
            };
            if *place == NONE {
                *place = order.len() as u32;
                order.push(keys[*voxel as usize]);
            }
            *voxel = *place;
        }
        // Places are cells of which each has points: their keys are their numbers.
        let cells = order.len() as u64;
        let mut all = Voxels::of(&Places(places), None, points, cells, tile);
        for tile in &all.tiles {
            for key in &mut all.keys[tile.keys.clone()] {
                *key = order[*key as usize];
            }
        }
        all.largest = self.largest;
        all
    }
}

/// The ranges that so many points and cells are best cut into.
fn ranges(points: usize, cells: u64) -> Ranges {
    let [least, most] = PER_RANGE;
    let for_bitmaps = cells.div_ceil(1 << Bitmap::MOST_BITS) as usize;
    let wanted = RANGES.max(for_bitmaps);
    Ranges::new(wanted.clamp(points / most, points / least), cells)
}

/// No voxel.
const NONE: u32 = u32::MAX;

/// Of each point, the place of its voxel.
struct Places(Vec<AtomicU32>);

impl Locate for Places {
    fn locate(&self, first: usize, keys: &mut [u64]) {
        for (key, place) in keys.iter_mut().zip(&self.0[first..]) {
            *key = match place.load(Relaxed) {
                NONE => NOWHERE,
                place => u64::from(place),
            };
        }
    }
}

fn halved(tiles: &[Tile]) -> std::result::Result<(&[Tile], &[Tile]), &[Tile]> {
    match tiles.len() / 2 {
        0 => Err(tiles),
        middle => Ok(tiles.split_at(middle)),
    }
}

/// The tiles of ranges with so many voxels each, whose items end there.
fn tiles(ends: &[usize], counts: &[usize], items: &[u64], tile: u32) -> Vec<Tile> {
    let (mut all, mut voxel, mut begin) = (Vec::new(), 0, 0);
    for (&end, &count) in ends.iter().zip(counts) {
        let (of_range, mut taken) = (&items[begin..end], 0);
        for first in (0..count).step_by(1 << tile) {
            let voxels = (count - first).min(1 << tile);
            let before = |item: &u64| ((item >> 32) as usize) < first + voxels;
            let rest = taken;
            taken += of_range[rest..].partition_point(before);
            all.push(Tile {
                voxels: voxel..voxel + voxels,
                first,
                items: begin + rest..begin + taken,
                keys: begin + first..begin + first + voxels,
                is_cut: false,
            });
            voxel += voxels;
        }
        begin = end;
    }
    all
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::spread::{CHUNK, MOST_CELLS};
    use robocache_testkit::random::Random;

    struct Given(Vec<u64>);

    impl Locate for Given {
        fn locate(&self, first: usize, keys: &mut [u64]) {
            keys.copy_from_slice(&self.0[first..first + keys.len()]);
        }
    }

    /// The key and the points of each of the first so many voxels.
    fn found(voxels: &Voxels, places: usize, tile: u32) -> Vec<(u64, Vec<usize>)> {
        let (mut all, mut room) = (Vec::new(), Vec::new());
        let tiles = voxels.tiles_of(places, tile);
        for tile in &tiles {
            assert!(tile.voxels.start == all.len() || tile.keys.is_empty());
            let keys = voxels.keys[tile.keys.clone()].iter();
            all.extend(keys.map(|&key| (key, Vec::new())));
            for item in voxels.items_of(tile, &mut room) {
                let voxel = tile.voxels.start + (item >> 32) as usize;
                all[voxel].1.push(*item as u32 as usize);
            }
        }
        let all_places: usize = tiles.iter().map(|tile| tile.voxels.len()).sum();
        assert_eq!(all_places, places);
        all
    }

    #[test]
    fn voxels_come_in_order_with_all_of_their_points() {
        const TILE: u32 = 6;
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
            let mut expected = std::collections::BTreeMap::<u64, Vec<usize>>::new();
            for (point, &key) in keys.0.iter().enumerate() {
                if key != NOWHERE {
                    expected.entry(key).or_default().push(point);
                }
            }
            let mut expected: Vec<_> = expected.into_iter().collect();
            let mut voxels = Voxels::of(&keys, None, points, cells, TILE);
            for sorted_by_first in [false, true] {
                if sorted_by_first {
                    expected.sort_by_key(|(_, points)| points[0]);
                    voxels = voxels.by_first_point(points, TILE);
                }
                assert_eq!(voxels.len(), expected.len());
                for places in [0, 1, voxels.len() / 3, voxels.len(), voxels.len() + 100] {
                    let found = found(&voxels, places, TILE);
                    let expected = expected.iter().take(places);
                    assert!(
                        found.iter().eq(expected),
                        "{points} points, {places} places"
                    );
                }
                let voxel_of = voxels.of_points(points);
                for (voxel, (_, points)) in expected.iter().enumerate() {
                    let here = |&point: &usize| voxel_of[point].load(Relaxed) == voxel as u32;
                    assert!(points.iter().all(here));
                }
            }
        }
    }
}
