//! Writing past the caches.
//!
//! An ordinary store first brings in the line that it writes to, which for an output that nobody reads again soon
//! costs as much as to read the samples. Stores past the caches do not, but have to write whole lines. Rows seldom
//! are: they are gathered in a buffer that stays in the nearest cache, and go on from there line by line.

use std::arch::x86_64::{__m128i, _mm_load_si128, _mm_stream_si128};
use std::mem::MaybeUninit;
use std::ptr;

const LINE: usize = 64;
const BUFFER: usize = 8 << 10;
/// So much is written at once: more would keep the memory waiting for it, and then the rest waiting for the memory.
const FULL: usize = 2 << 10;

#[repr(C, align(64))]
struct Buffer(MaybeUninit<[u8; BUFFER]>);

/// Rows that are on their way to memory.
pub(crate) struct Stream<T> {
    buffer: Buffer,
    /// Where the buffer's first byte goes: the beginning of a line.
    base: *mut T,
    /// The bytes of the buffer that have to go there.
    begin: usize,
    end: usize,
}

impl<T: Copy> Stream<T> {
    pub fn new() -> Self {
        Stream {
            buffer: Buffer(MaybeUninit::uninit()),
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

    /// Writes what is in the buffer.
    ///
    /// # Safety
    /// As for [`slot`](Self::slot).
    pub unsafe fn finish(&mut self) {
        // SAFETY: as above.
        unsafe { self.write(self.end) }
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
            for at in (first..last).step_by(size_of::<__m128i>()) {
                let bytes = _mm_load_si128(from.add(at).cast());
                _mm_stream_si128(to.wrapping_add(at).cast(), bytes);
            }
            copy(last, end);
        }
    }
}
