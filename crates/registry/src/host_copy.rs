//! How long does a copy in host memory take?

use crate::CacheState;
use robocache_core::parallel;
use std::time::{Duration, Instant};

/// Memory that a cold rotation runs through: several times what a core's share of any last-level cache
/// holds.
pub const ROTATION: usize = 256 << 20;

/// Memory to copy, in a rotation of its own; made when it is first needed.
pub struct HostCopies {
    half: usize,
    from: Vec<u8>,
    to: Vec<u8>,
    at: usize,
}

impl HostCopies {
    /// Copies of which each moves so many bytes, half of them read and half written.
    pub fn new(bytes: usize) -> HostCopies {
        HostCopies {
            half: bytes / 2,
            from: Vec::new(),
            to: Vec::new(),
            at: 0,
        }
    }

    /// Copies once, on all threads, and says how long that took.
    pub fn run(&mut self, cache: CacheState) -> Duration {
        let size = (ROTATION / 2).max(2 * self.half);
        if self.from.is_empty() {
            self.from = vec![1; size];
            self.to = vec![2; size];
        }
        if cache == CacheState::Cold {
            self.at = if self.at + 2 * self.half > size {
                0
            } else {
                self.at + self.half
            };
        }
        let range = self.at..self.at + self.half;
        let start = Instant::now();
        copy(&self.from[range.clone()], &mut self.to[range]);
        start.elapsed()
    }
}

/// A copy on all threads.
fn copy(from: &[u8], to: &mut [u8]) {
    parallel::for_each((from, to), 2 * from.len(), halve, |(from, to)| {
        to.copy_from_slice(from);
    });
}

type Pair<'a> = (&'a [u8], &'a mut [u8]);

fn halve<'a>((from, to): Pair<'a>) -> std::result::Result<(Pair<'a>, Pair<'a>), Pair<'a>> {
    if from.len() < 128 * 1024 {
        return Err((from, to));
    }
    let middle = from.len() / 2;
    let (from_low, from_high) = from.split_at(middle);
    let (to_low, to_high) = to.split_at_mut(middle);
    Ok(((from_low, to_low), (from_high, to_high)))
}
