//! How do points come to the thread of their cells?
//!
//! The cells of the batch are cut into ranges. Points are taken in chunks, and each chunk is spread over these ranges,
//! keeping its order, in memory that a cache holds. The points of a range are those of it in the first chunk, then
//! in the next: whatever the number of threads, they are the same.

use super::feature::Features;
use super::locate::Locate;
use super::scratch::Scratch;
use robocache_core::parallel;

/// Points of a chunk at least, and at most.
pub(crate) const CHUNK: [usize; 2] = [1 << 12, 1 << 15];
/// Chunks, about, if points are neither few nor many.
const CHUNKS: usize = 64;
/// Ranges at most.
const MOST_RANGES: u64 = 1 << 12;
/// Cells at most: those of a range are counted by 32 bits.
pub(crate) const MOST_CELLS: u64 = MOST_RANGES << 32;

/// The cells of a batch in ranges of `2^shift`.
#[derive(Clone, Copy)]
pub(crate) struct Ranges {
    pub shift: u32,
    pub count: usize,
}

impl Ranges {
    /// About so many ranges of at most [`MOST_CELLS`] cells.
    pub fn new(wanted: usize, cells: u64) -> Ranges {
        let most = (wanted.max(1).next_power_of_two() as u64).min(MOST_RANGES);
        let wanted = most.max(cells.div_ceil(1 << 32));
        let shift = cells.div_ceil(wanted).max(1).next_power_of_two().ilog2();
        Ranges {
            shift,
            count: (cells.div_ceil(1 << shift) as usize).max(1),
        }
    }

    /// The range of a key; one behind the last if it is none.
    #[inline]
    fn of(self, key: u64) -> usize {
        ((key >> self.shift) as usize).min(self.count)
    }
}

/// Points by the ranges of their cells.
pub(crate) struct Spread {
    pub ranges: Ranges,
    /// Points of each chunk but the last.
    chunk: usize,
    /// By chunk, then by range, then by index: the cell within the range in the upper half, the point in the lower.
    items: Scratch,
    /// Of each chunk, where the items of each range end among its own, and behind them those of points that are in no
    /// cell.
    ends: Vec<u32>,
    /// Of each column of the features, the largest finite magnitude among these points.
    pub largest: Vec<f32>,
}

impl Spread {
    /// Spreads `points` points. Of features the largest magnitudes are looked for.
    pub fn of(
        locator: &dyn Locate,
        features: Option<&dyn Features>,
        points: usize,
        ranges: Ranges,
    ) -> Spread {
        let chunk = points.div_ceil(CHUNKS).clamp(CHUNK[0], CHUNK[1]);
        let chunks = points.div_ceil(chunk);
        let columns = features.map_or(0, Features::count);
        let mut items = Scratch::new(points);
        let mut ends = vec![0; chunks * (ranges.count + 1)];
        let mut magnitudes = vec![0.0; chunks * columns];
        let all = Chunks {
            first: 0,
            chunk,
            ranges,
            columns,
            items: &mut items,
            ends: &mut ends,
            magnitudes: &mut magnitudes,
        };
        let bytes = points * size_of::<u64>();
        parallel::for_each(all, bytes, Chunks::halved, |chunks| {
            chunks.spread(locator, features);
        });
        let mut largest = vec![0.0f32; columns];
        for magnitudes in magnitudes.chunks(columns.max(1)) {
            for (largest, magnitude) in largest.iter_mut().zip(magnitudes) {
                *largest = largest.max(*magnitude);
            }
        }
        Spread {
            ranges,
            chunk,
            items,
            ends,
            largest,
        }
    }

    /// The items of a range in order, in pieces.
    pub fn range(&self, range: usize) -> impl Iterator<Item = &[u64]> + Clone {
        let chunks = self.items.chunks(self.chunk);
        let ends = self.ends.chunks(self.ranges.count + 1);
        chunks.zip(ends).map(move |(items, ends)| {
            let begin = range.checked_sub(1).map_or(0, |before| ends[before]);
            &items[begin as usize..ends[range] as usize]
        })
    }

    /// How many items each range has.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.ranges.count];
        for ends in self.ends.chunks(self.ranges.count + 1) {
            let mut begin = 0;
            for (count, &end) in counts.iter_mut().zip(ends) {
                *count += (end - begin) as usize;
                begin = end;
            }
        }
        counts
    }
}

/// Chunks of points that are to be spread.
struct Chunks<'c> {
    /// The first point.
    first: usize,
    chunk: usize,
    ranges: Ranges,
    columns: usize,
    items: &'c mut [u64],
    ends: &'c mut [u32],
    /// Of each chunk, the largest finite magnitude of each column.
    magnitudes: &'c mut [f32],
}

impl<'c> Chunks<'c> {
    fn halved(self) -> Result<(Chunks<'c>, Chunks<'c>), Chunks<'c>> {
        let middle = self.items.len().div_ceil(self.chunk) / 2;
        if middle == 0 {
            return Err(self);
        }
        let (low_items, high_items) = self.items.split_at_mut(middle * self.chunk);
        let (low_ends, high_ends) = self.ends.split_at_mut(middle * (self.ranges.count + 1));
        let (low_magnitudes, high_magnitudes) = self.magnitudes.split_at_mut(middle * self.columns);
        Ok((
            Chunks {
                items: low_items,
                ends: low_ends,
                magnitudes: low_magnitudes,
                ..self
            },
            Chunks {
                first: self.first + middle * self.chunk,
                items: high_items,
                ends: high_ends,
                magnitudes: high_magnitudes,
                ..self
            },
        ))
    }

    fn spread(self, locator: &dyn Locate, features: Option<&dyn Features>) {
        let mut keys = Scratch::new(self.chunk.min(self.items.len()));
        let ends = self.ends.chunks_mut(self.ranges.count + 1);
        let chunks = self.items.chunks_mut(self.chunk).zip(ends);
        for (chunk, (items, ends)) in chunks.enumerate() {
            let first = self.first + chunk * self.chunk;
            let keys = &mut keys[..items.len()];
            locator.locate(first, keys);
            if let Some(features) = features {
                let magnitudes = &mut self.magnitudes[chunk * self.columns..][..self.columns];
                features.raise(first, keys, magnitudes);
            }
            spread(first, keys, self.ranges, items, ends);
        }
    }
}

/// Spreads a chunk over ranges, and tells where each of them ends.
fn spread(first: usize, keys: &[u64], ranges: Ranges, items: &mut [u64], ends: &mut [u32]) {
    for &key in keys {
        ends[ranges.of(key)] += 1;
    }
    let mut next = 0;
    for end in &mut *ends {
        (*end, next) = (next, next + *end);
    }
    // What begins a range now ends it once all of its points have been put there.
    let within = (1u64 << ranges.shift) - 1;
    for (&key, point) in keys.iter().zip(first as u64..) {
        let place = &mut ends[ranges.of(key)];
        items[*place as usize] = (key & within) << 32 | point;
        *place += 1;
    }
}
