//! Writing past the caches.
//!
//! An ordinary store first brings in the line that it writes to, which for an output that nobody reads again soon
//! costs as much as to read the samples. Stores past the caches do not, but have to write whole lines. Rows seldom
//! are: they are gathered in a buffer that stays in the nearest cache, and go on from there line by line.

use std::arch::x86_64::_mm_sfence;
use std::mem::MaybeUninit;
use std::ptr;

/// Copies whole lines past the caches: from there to there, so many of them. Both are lines of memory, the first
/// readable, the second writable.
pub(crate) type CopyLines = unsafe fn(*const u8, *mut u8, usize);

pub(crate) const LINE: usize = 64;
const BUFFER: usize = 8 << 10;
/// So much is written at once: more would keep the memory waiting for it, and then the rest waiting for the memory.
const FULL: usize = 2 << 10;

#[repr(C, align(64))]
struct Buffer(MaybeUninit<[u8; BUFFER]>);

/// Rows that are on their way to memory.
pub(crate) struct Stream<T> {
    buffer: Buffer,
    copy_lines: CopyLines,
    /// Where the buffer's first byte goes: the beginning of a line.
    base: *mut T,
    /// The bytes of the buffer that have to go there.
    begin: usize,
    end: usize,
}

impl<T: Copy> Stream<T> {
    /// # Safety
    /// The CPU must have what `copy_lines` is made of.
    pub unsafe fn new(copy_lines: CopyLines) -> Self {
        Stream {
            buffer: Buffer(MaybeUninit::uninit()),
            copy_lines,
            base: ptr::null_mut(),
            begin: 0,
            end: 0,
        }
    }

    /// Where to write `count` elements that are to end up at `to`: into the buffer, or there if they are too many.
    /// All of them must be written before the next call.
    ///
    /// # Safety
    /// They must be writable at `to`, aligned to their size, until [`finish`](Self::finish) has been called; that has
    /// to be before they are read.
    #[inline(always)]
    pub unsafe fn slot(&mut self, to: *mut T, count: usize) -> *mut T {
        let bytes = count * size_of::<T>();
        if self.base.wrapping_byte_add(self.end) != to || self.end + bytes > FULL.max(bytes + LINE)
        {
            if bytes > BUFFER - LINE {
                return to;
            }
            // SAFETY: the caller's promise, now and before.
            unsafe { self.make_room(to) }
        }
        let slot = self
            .buffer
            .0
            .as_mut_ptr()
            .cast::<T>()
            .wrapping_byte_add(self.end);
        self.end += bytes;
        slot
    }

    /// # Safety
    /// As for [`slot`](Self::slot).
    #[inline(never)]
    unsafe fn make_room(&mut self, to: *mut T) {
        let continues = self.base.wrapping_byte_add(self.end) == to;
        let whole = self.end / LINE * LINE;
        // SAFETY: the bytes from `begin` to `end` were written, and go to where they may be written.
        unsafe {
            if continues && whole > self.begin {
                self.write(whole);
                let buffer = self.buffer.0.as_mut_ptr().cast::<u8>();
                ptr::copy_nonoverlapping(buffer.add(whole), buffer, self.end - whole);
                self.base = self.base.wrapping_byte_add(whole);
                (self.begin, self.end) = (0, self.end - whole);
            } else {
                self.write(self.end);
                let offset = to.addr() % LINE;
                self.base = to.wrapping_byte_sub(offset);
                (self.begin, self.end) = (offset, offset);
            }
        }
    }

    /// Writes what is in the buffer, and makes all that was written past the caches seen before anybody is told that
    /// it is there.
    ///
    /// # Safety
    /// As for [`slot`](Self::slot).
    pub unsafe fn finish(&mut self) {
        // SAFETY: as above; every CPU of the architecture has fences.
        unsafe {
            self.write(self.end);
            _mm_sfence();
        }
        self.begin = self.end;
    }

    /// Writes the buffer's bytes from `begin` to `end`: whole lines past the caches.
    ///
    /// # Safety
    /// They must have been written to the buffer, and be writable where they go.
    unsafe fn write(&self, end: usize) {
        let (from, to) = (self.buffer.0.as_ptr().cast::<u8>(), self.base.cast::<u8>());
        // SAFETY: the caller's promise; lines begin at multiples of their size in the buffer as in memory.
        unsafe {
            let copy = |begin: usize, end: usize| {
                ptr::copy_nonoverlapping(from.add(begin), to.wrapping_add(begin), end - begin);
            };
            let first = self.begin.next_multiple_of(LINE).min(end);
            let last = (end / LINE * LINE).max(first);
            copy(self.begin, first);
            let lines = (last - first) / LINE;
            (self.copy_lines)(from.add(first), to.wrapping_add(first), lines);
            copy(last, end);
        }
    }
}
