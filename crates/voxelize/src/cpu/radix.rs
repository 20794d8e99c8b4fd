//! How are the points of a range sorted by their cells?
//!
//! Digit by digit from the lowest, which keeps the order of those in one cell: they are few enough for the nearest
//! cache, and nothing is compared.

use std::ops::Range;

/// Bits of a digit at most: more would take longer to clear than points to count.
const DIGIT: u32 = 9;
/// Digits of a cell at most.
const DIGITS: usize = 32u32.div_ceil(DIGIT) as usize;

type Counts = [u32; 1 << DIGIT];

/// One of the digits of a cell.
#[derive(Clone, Copy)]
struct Digit {
    shift: u32,
    mask: u64,
}

impl Digit {
    #[inline]
    fn of(self, item: u64) -> usize {
        // The compiler sees the second mask.
        ((item >> self.shift) & self.mask) as usize & ((1 << DIGIT) - 1)
    }
}

/// Puts items, given in pieces, into the order of these bits of the cells in their upper halves. `room` is for what comes
/// between.
pub(crate) fn sort<'i>(
    pieces: impl Iterator<Item = &'i [u64]> + Clone,
    bits: Range<u32>,
    to: &mut [u64],
    room: &mut Vec<u64>,
) {
    let digits = bits.len().div_ceil(DIGIT as usize) as u32;
    let width = (bits.len() as u32).div_ceil(digits.max(1));
    let digit = |number: u32| Digit {
        shift: 32 + bits.start + number * width,
        mask: (1 << width) - 1,
    };
    let mut counts = [[0; 1 << DIGIT]; DIGITS];
    for (number, counts) in (0..digits).zip(&mut counts) {
        count(pieces.clone(), digit(number), counts);
    }
    // A digit that all have in common tells nothing.
    let all = to.len() as u32;
    let tells = |counts: &Counts| !counts.contains(&all);
    let mut passes = (0..digits).zip(&mut counts).filter(|(_, c)| tells(c));
    let Some((number, counts)) = passes.next() else {
        return gather(pieces, to);
    };
    let more: Vec<_> = passes.collect();
    room.resize(to.len(), 0);
    let (mut here, mut there) = (to, &mut room[..]);
    let swapped = more.len() % 2 == 1;
    if swapped {
        (here, there) = (there, here);
    }
    pass(pieces, digit(number), counts, here);
    for (number, counts) in more {
        pass(std::iter::once(&*here), digit(number), counts, there);
        (here, there) = (there, here);
    }
}

/// Counts the values of a digit. Neighbours often have the same: by turns they are counted apart, since a count that was
/// just written takes long to be read.
fn count<'i>(pieces: impl Iterator<Item = &'i [u64]>, digit: Digit, counts: &mut Counts) {
    let mut others = [0; 1 << DIGIT];
    for piece in pieces {
        let (pairs, rest) = piece.as_chunks();
        for &[one, other] in pairs {
            counts[digit.of(one)] += 1;
            others[digit.of(other)] += 1;
        }
        for &item in rest {
            counts[digit.of(item)] += 1;
        }
    }
    for (count, other) in counts.iter_mut().zip(others) {
        *count += other;
    }
}

fn gather<'i>(pieces: impl Iterator<Item = &'i [u64]>, mut to: &mut [u64]) {
    for piece in pieces {
        let (here, rest) = to.split_at_mut(piece.len());
        here.copy_from_slice(piece);
        to = rest;
    }
}

/// Sorts by one digit, of which there are so many each.
fn pass<'i>(
    pieces: impl Iterator<Item = &'i [u64]>,
    digit: Digit,
    counts: &mut Counts,
    to: &mut [u64],
) {
    let mut next = 0;
    for count in counts.iter_mut() {
        (*count, next) = (next, next + *count);
    }
    for piece in pieces {
        for &item in piece {
            let place = &mut counts[digit.of(item)];
            to[*place as usize] = item;
            *place += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use robocache_testkit::random::Random;

    #[test]
    fn items_come_by_their_cells_and_keep_their_order() {
        let mut random = Random::new(1);
        let mut room = Vec::new();
        for bits in [0u32, 1, 7, 9, 10, 18, 19, 27, 28, 32] {
            for count in [0, 1, 2, 500, 3000] {
                // Few cells, so that some have several points; those at both ends; or only some of the digits.
                for mask in [!0, 0xf000_00ff, 0x000f_f000, 0] {
                    let cell = |random: &mut Random| match random.below(4) {
                        0 => u32::MAX,
                        _ => random.below(1 << 32) as u32,
                    };
                    let bits_of_cell = ((1u64 << bits) - 1) as u32 & mask;
                    let item = |point| u64::from(cell(&mut random) & bits_of_cell) << 32 | point;
                    let items: Vec<u64> = (0..count).map(item).collect();
                    let mut expected = items.clone();
                    let mut found = vec![0; items.len()];
                    for first in [bits / 2, 0] {
                        expected.sort_by_key(|item| item >> (32 + first));
                        sort(items.chunks(70), first..bits, &mut found, &mut room);
                        assert!(
                            found == expected,
                            "{first}..{bits}, {count} items, {mask:x}"
                        );
                    }
                }
            }
        }
    }
}
