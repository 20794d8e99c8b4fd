//! Which number does each cell of a range have among those with points?
//!
//! A bit for each cell tells whether it has some. Few have: bits of a second kind tell in which words the others are,
//! so that only these are looked at.

use super::scratch::Scratch;
use robocache_core::wide::{self, Loops};

/// Cells of a word.
const WORD: usize = 32;
/// Words of which one word tells whether they are used.
const WORDS: usize = 64;

/// Bits of the cells of a range, all of them zero between two uses.
pub(crate) struct Bitmap {
    /// In the lower half a bit for each cell, in the upper half how many cells with points come before.
    words: Scratch,
    /// A bit for each word that is not zero.
    used: Vec<u64>,
}

impl Bitmap {
    /// The logarithm of the most cells: their bits stay in a cache that is a thread's own.
    pub const MOST_BITS: u32 = 22;

    /// For `2^bits` cells.
    pub fn new(bits: u32) -> Bitmap {
        let mut words = Scratch::new((1usize << bits).div_ceil(WORD));
        words.fill(0);
        let used = vec![0; words.len().div_ceil(WORDS)];
        Bitmap { words, used }
    }

    /// Numbers the cells in the upper halves of items, which come in pieces, and puts their numbers there. Tells which
    /// cells these are, and how many.
    pub fn number<'i>(
        &mut self,
        pieces: impl Iterator<Item = &'i [u64]> + Clone,
        mut items: &mut [u64],
        cells: &mut [u64],
    ) -> usize {
        for piece in pieces.clone() {
            self.mark(piece);
        }
        let count = self.list(cells);
        for from in pieces {
            let (to, rest) = items.split_at_mut(from.len());
            let words = &self.words[..];
            wide::run(Renumber { words, from, to });
            items = rest;
        }
        let words = &mut self.words[..];
        for cell in &cells[..count] {
            words[*cell as usize / WORD] = 0;
        }
        count
    }

    fn mark(&mut self, items: &[u64]) {
        let (words, used) = (&mut self.words[..], &mut self.used[..]);
        for item in items {
            let cell = (item >> 32) as usize;
            let word = cell / WORD;
            words[word] |= 1 << (cell % WORD);
            used[word / WORDS] |= 1 << (word % WORDS);
        }
    }

    /// Lists the cells that are marked, in their order, and forgets which words are used.
    fn list(&mut self, cells: &mut [u64]) -> usize {
        let (words, mut count) = (&mut self.words[..], 0);
        for (at, used) in self.used.iter_mut().enumerate() {
            while *used != 0 {
                let word = at * WORDS + take_lowest(used);
                let mut bits = words[word];
                words[word] |= (count as u64) << 32;
                while bits != 0 {
                    cells[count] = (word * WORD + take_lowest(&mut bits)) as u64;
                    count += 1;
                }
            }
        }
        count
    }
}

/// The place of the lowest bit of a word that is not zero; the bit is cleared.
#[inline]
fn take_lowest(word: &mut u64) -> usize {
    let lowest = word.trailing_zeros() as usize;
    *word &= *word - 1;
    lowest
}

/// Items whose cells are to become their numbers.
struct Renumber<'b> {
    words: &'b [u64],
    from: &'b [u64],
    to: &'b mut [u64],
}

impl Loops for Renumber<'_> {
    /// Processors with wide vectors count the bits of a word in one go.
    #[inline(always)]
    fn run(self) {
        for (&item, to) in self.from.iter().zip(self.to) {
            let cell = (item >> 32) as usize;
            let word = self.words[cell / WORD];
            let lower = word & ((1 << (cell % WORD)) - 1);
            let number = (word >> 32) + u64::from(lower.count_ones());
            *to = number << 32 | item & u64::from(u32::MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use robocache_testkit::random::Random;

    #[test]
    fn cells_with_points_are_numbered_in_order() {
        let mut random = Random::new(1);
        for bits in [0, 1, 6, 7, 13, 20] {
            let mut bitmap = Bitmap::new(bits);
            // What one use leaves behind does not matter to the next.
            for count in [0, 1, 2, 500, 3000] {
                let cell = |random: &mut Random| match random.below(4) {
                    0 => (1u64 << bits) - 1,
                    _ => random.below(1 << bits) as u64,
                };
                let item = |point| cell(&mut random) << 32 | point;
                let items: Vec<u64> = (0..count).map(item).collect();
                let mut expected: Vec<_> = items.iter().map(|item| item >> 32).collect();
                expected.sort();
                expected.dedup();
                let [mut found, mut cells] = [(); 2].map(|()| vec![0; items.len()]);
                let number = bitmap.number(items.chunks(70), &mut found, &mut cells);
                assert!(cells[..number] == expected, "{bits} bits, {count} items");
                for (item, found) in items.iter().zip(found) {
                    assert_eq!(found as u32, *item as u32);
                    assert_eq!(cells[(found >> 32) as usize], item >> 32);
                }
            }
        }
    }
}
