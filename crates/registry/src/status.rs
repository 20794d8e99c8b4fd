//! How a kernel reports bad data without a synchronisation.
//!
//! A status word is 64 bits of device memory, all ones while nothing is wrong. A kernel that finds a
//! fault writes `atomicMin(word, row << 33 | index << 2 | code)`, so that of all faults the first, by
//! row and index, remains whatever the order of the threads. Somebody reads the word later, when it
//! suits, and [`decode_status`] turns it into the error that the CPU would have raised at once.

use robocache_core::{Error, Result, TimeFault};

/// What a status word holds while nothing is wrong.
pub const STATUS_CLEAR: u64 = u64::MAX;

/// Rows and indices beyond this do not fit the word; calls that ask for a check refuse them.
pub const STATUS_LIMIT: usize = (1 << 31) - 1;

/// The two low bits: what was found. Smaller ones win where one sample has several faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum StatusCode {
    /// A source time is NaN or infinite.
    TimeNotFinite = 0,
    /// A source time is smaller than the one before it.
    TimeUnsorted = 1,
    /// An f32 axis too coarse for its steps.
    TimeTooCoarse = 2,
    /// A target time outside of the source times.
    Outside = 3,
}

impl StatusCode {
    /// The word for a fault at a place.
    pub const fn at(self, row: u64, index: u64) -> u64 {
        row << 33 | index << 2 | self as u64
    }
}

/// The error that a status word stands for.
///
/// # Errors
/// [`Error::Time`] or [`Error::Outside`] with the first offending row and index.
pub fn decode_status(word: u64) -> Result<()> {
    if word == STATUS_CLEAR {
        return Ok(());
    }
    let (batch, index) = (word >> 33, (word >> 2) & ((1 << 31) - 1));
    let fault = match word & 3 {
        0 => TimeFault::NotFinite,
        1 => TimeFault::Unsorted,
        2 => TimeFault::TooCoarse,
        _ => return Err(Error::Outside { batch, index }),
    };
    Err(Error::Time {
        batch,
        index,
        fault,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked() {
        assert_eq!(decode_status(STATUS_CLEAR), Ok(()));
        let limit = STATUS_LIMIT as u64;
        for (row, index) in [(0, 0), (3, 7), (limit, limit - 1), (0, limit)] {
            let word = StatusCode::TimeUnsorted.at(row, index);
            let expected = Error::Time {
                batch: row,
                index,
                fault: TimeFault::Unsorted,
            };
            assert_eq!(decode_status(word), Err(expected));
        }
    }

    #[test]
    fn a_target_outside_is_no_fault_of_the_times() {
        let word = StatusCode::Outside.at(5, 6);
        let expected = Error::Outside { batch: 5, index: 6 };
        assert_eq!(decode_status(word), Err(expected));
    }

    #[test]
    fn the_first_row_and_index_is_the_smallest_word() {
        let code = StatusCode::TimeTooCoarse;
        let other = StatusCode::TimeNotFinite;
        assert!(code.at(1, 900) < other.at(2, 0));
        assert!(code.at(1, 3) < other.at(1, 4));
        assert!(other.at(1, 3) < code.at(1, 3));
    }
}
