//! How do points come to the thread of their cells?
//!
//! The cells of the batch are cut into ranges. Chunks of points are spread over these ranges, keeping their order;
//! whatever the number of threads, the result is the same.

use super::feature::Features;
use super::locate::{Locate, NOWHERE};
use robocache_core::parallel;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Points that are located together.
pub(crate) const CHUNK: usize = 8192;
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

    #[inline]
    fn of(self, key: u64) -> usize {
        (key >> self.shift) as usize
    }
}

/// Points by the ranges of their cells.
pub(crate) struct Spread {
    /// By range, then by index: the cell within the range in the upper half, the point in the lower.
    pub items: Vec<u64>,
    /// Where those of each range end.
    pub ends: Vec<usize>,
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
        let columns = features.map_or(0, Features::count);
        let mut keys = vec![NOWHERE; points];
        let chunks = points.div_ceil(CHUNK);
        let mut counts = vec![0; chunks * ranges.count];
        let mut magnitudes = vec![0.0; chunks * columns];
        let all = Chunks {
            first: 0,
            keys: &mut keys,
            counts: &mut counts,
            magnitudes: &mut magnitudes,
        };
        parallel::for_each(
            all,
            points * size_of::<u64>(),
            |chunks| chunks.halved(ranges, columns),
            |chunks| chunks.locate(locator, features, ranges, columns),
        );
        let ends = places(&mut counts, ranges.count);
        let count = ends.last().copied().unwrap_or(0);
        let mut largest = vec![0.0f32; columns];
        for magnitudes in magnitudes.chunks(columns.max(1)) {
            for (largest, magnitude) in largest.iter_mut().zip(magnitudes) {
                *largest = largest.max(*magnitude);
            }
        }
        Spread {
            items: spread(&keys, &mut counts, ranges, count),
            ends,
            largest,
        }
    }
}

/// Chunks of points that are to be located.
struct Chunks<'c> {
    /// The first point.
    first: usize,
    keys: &'c mut [u64],
    /// Of each chunk, how many of its points are in each range.
    counts: &'c mut [u32],
    /// Of each chunk, the largest finite magnitude of each column.
    magnitudes: &'c mut [f32],
}

impl<'c> Chunks<'c> {
    fn halved(
        self,
        ranges: Ranges,
        columns: usize,
    ) -> Result<(Chunks<'c>, Chunks<'c>), Chunks<'c>> {
        let middle = self.keys.len().div_ceil(CHUNK) / 2;
        if middle == 0 {
            return Err(self);
        }
        let (low_keys, high_keys) = self.keys.split_at_mut(middle * CHUNK);
        let (low_counts, high_counts) = self.counts.split_at_mut(middle * ranges.count);
        let (low_magnitudes, high_magnitudes) = self.magnitudes.split_at_mut(middle * columns);
        let first = self.first;
        Ok((
            Chunks {
                first,
                keys: low_keys,
                counts: low_counts,
                magnitudes: low_magnitudes,
            },
            Chunks {
                first: first + middle * CHUNK,
                keys: high_keys,
                counts: high_counts,
                magnitudes: high_magnitudes,
            },
        ))
    }

    fn locate(
        self,
        locator: &dyn Locate,
        features: Option<&dyn Features>,
        ranges: Ranges,
        columns: usize,
    ) {
        let counts = self.counts.chunks_mut(ranges.count);
        for (chunk, (keys, counts)) in self.keys.chunks_mut(CHUNK).zip(counts).enumerate() {
            let first = self.first + chunk * CHUNK;
            locator.locate(first, keys);
            for &key in keys.iter().filter(|&&key| key != NOWHERE) {
                counts[ranges.of(key)] += 1;
            }
            if let Some(features) = features {
                let magnitudes = &mut self.magnitudes[chunk * columns..][..columns];
                features.raise(first, keys, magnitudes);
            }
        }
    }
}

/// Turns how many points each chunk has in each range into where the first of them goes. Returns where the ranges end.
fn places(counts: &mut [u32], ranges: usize) -> Vec<usize> {
    let mut next = 0;
    let end = |range: usize| {
        for of_chunk in counts.iter_mut().skip(range).step_by(ranges) {
            let count = *of_chunk;
            *of_chunk = next;
            next += count;
        }
        next as usize
    };
    (0..ranges).map(end).collect()
}

/// Chunks of points whose keys are known.
struct Located<'k, 'n> {
    /// The first point.
    first: usize,
    keys: &'k [u64],
    /// Of each chunk, where the next of its points in each range goes.
    next: &'n mut [u32],
}

impl<'k, 'n> Located<'k, 'n> {
    fn halved(self, ranges: Ranges) -> Result<(Self, Self), Self> {
        let middle = self.keys.len().div_ceil(CHUNK) / 2;
        if middle == 0 {
            return Err(self);
        }
        let (low, high) = self.keys.split_at(middle * CHUNK);
        let (low_next, high_next) = self.next.split_at_mut(middle * ranges.count);
        let part = |first, keys: &'k [u64], next: &'n mut [u32]| Located { first, keys, next };
        let first = self.first;
        Ok((
            part(first, low, low_next),
            part(first + middle * CHUNK, high, high_next),
        ))
    }
}

/// Points by their ranges, in order: the cell within the range in the upper half, the point in the lower.
fn spread(keys: &[u64], next: &mut [u32], ranges: Ranges, count: usize) -> Vec<u64> {
    let items: Vec<_> = (0..count).map(|_| AtomicU64::new(0)).collect();
    let within = (1u64 << ranges.shift) - 1;
    let all = Located {
        first: 0,
        keys,
        next,
    };
    parallel::for_each(
        all,
        size_of_val(keys),
        |located| located.halved(ranges),
        |located| {
            let next = located.next.chunks_mut(ranges.count);
            for (chunk, (keys, next)) in located.keys.chunks(CHUNK).zip(next).enumerate() {
                let first = (located.first + chunk * CHUNK) as u64;
                for (key, point) in keys.iter().zip(first..) {
                    if *key != NOWHERE {
                        let place = &mut next[ranges.of(*key)];
                        items[*place as usize].store((key & within) << 32 | point, Relaxed);
                        *place += 1;
                    }
                }
            }
        },
    );
    items.into_iter().map(AtomicU64::into_inner).collect()
}
