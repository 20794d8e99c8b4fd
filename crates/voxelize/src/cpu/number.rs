//! The voxels of a range of cells, numbered in the order of their cells.

use super::bitmap::Bitmap;
use super::radix;
use super::spread::{Ranges, Spread};

/// What a thread numbers voxels with.
pub(crate) struct Room {
    /// Of ranges that are not too large for it.
    bitmap: Option<Bitmap>,
    unsorted: Vec<u64>,
    between: Vec<u64>,
}

impl Room {
    pub fn new(ranges: Ranges) -> Room {
        Room {
            bitmap: (ranges.shift <= Bitmap::MOST_BITS).then(|| Bitmap::new(ranges.shift)),
            unsorted: Vec::new(),
            between: Vec::new(),
        }
    }
}

/// Neighbouring ranges whose voxels are to be numbered.
pub(crate) struct Unnumbered<'s> {
    /// The first range.
    pub first: usize,
    /// Where its points begin, among all.
    pub begin: usize,
    /// Where the points of each end, likewise.
    pub ends: &'s [usize],
    pub items: &'s mut [u64],
    pub keys: &'s mut [u64],
    /// How many voxels each has.
    pub counts: &'s mut [usize],
}

impl<'s> Unnumbered<'s> {
    /// In halves, if there are several.
    pub fn halved(self) -> Result<(Unnumbered<'s>, Unnumbered<'s>), Unnumbered<'s>> {
        let middle = self.ends.len() / 2;
        if middle == 0 {
            return Err(self);
        }
        let (low_ends, high_ends) = self.ends.split_at(middle);
        let end = low_ends[middle - 1];
        let (low_items, high_items) = self.items.split_at_mut(end - self.begin);
        let (low_keys, high_keys) = self.keys.split_at_mut(end - self.begin);
        let (low_counts, high_counts) = self.counts.split_at_mut(middle);
        Ok((
            Unnumbered {
                ends: low_ends,
                items: low_items,
                keys: low_keys,
                counts: low_counts,
                ..self
            },
            Unnumbered {
                first: self.first + middle,
                begin: end,
                ends: high_ends,
                items: high_items,
                keys: high_keys,
                counts: high_counts,
            },
        ))
    }

    /// Numbers them in ranges on their own, and brings together what is of a tile of `2^tile` voxels.
    pub fn number(self, spread: &Spread, tile: u32, room: &mut Room) {
        let (mut items, mut keys, mut begin) = (self.items, self.keys, self.begin);
        let ranges = (self.first..).zip(self.ends).zip(self.counts);
        for ((range, &end), count) in ranges {
            let (here, other_items) = items.split_at_mut(end - begin);
            let (cells, other_keys) = keys.split_at_mut(end - begin);
            *count = number(spread, range, here, cells, room);
            by_tile(here, *count, tile, room);
            let corner = (range as u64) << spread.ranges.shift;
            cells[..*count].iter_mut().for_each(|cell| *cell += corner);
            (items, keys, begin) = (other_items, other_keys, end);
        }
    }
}

/// Numbers the cells of a range, and tells which have points and how many.
fn number(
    spread: &Spread,
    range: usize,
    items: &mut [u64],
    cells: &mut [u64],
    room: &mut Room,
) -> usize {
    if let Some(bitmap) = &mut room.bitmap {
        return bitmap.number(spread.range(range), items, cells);
    }
    radix::sort(
        spread.range(range),
        0..spread.ranges.shift,
        items,
        &mut room.between,
    );
    let (mut count, mut last) = (0, None);
    for item in items {
        let cell = *item >> 32;
        if last != Some(cell) {
            cells[count] = cell;
            count += 1;
            last = Some(cell);
        }
        *item = (count as u64 - 1) << 32 | *item & u64::from(u32::MAX);
    }
    count
}

/// Brings the items of a tile together, of a range with so many voxels.
fn by_tile(items: &mut [u64], voxels: usize, tile: u32, room: &mut Room) {
    let bits = voxels.next_power_of_two().ilog2();
    if bits > tile {
        room.unsorted.clear();
        room.unsorted.extend_from_slice(items);
        let unsorted = std::iter::once(&room.unsorted[..]);
        radix::sort(unsorted, tile..bits, items, &mut room.between);
    }
}
