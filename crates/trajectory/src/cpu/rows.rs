//! Rows of values one after the other, on their way from samples to memory.

use super::arith::Arith;
use super::element::Sample;
use robocache_core::{Element, HostRows, HostRowsMut};
use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
use std::marker::PhantomData;

/// A weight in the form that needs no jump: whether the earlier end is the nearer one, and the weight from there with
/// its sign. `end + factor * (b - a)` is what [`blend`](Arith::blend) does, as a product changes its sign without
/// rounding.
#[inline(always)]
pub(crate) fn nearer_end<A: Arith>(weight: A) -> (bool, A) {
    let early = weight < A::HALF;
    let late = -(A::ONE - weight);
    (early, if early { weight } else { late })
}

/// Rows of values one after the other, and what they are made of.
pub(crate) struct Rows<'r, 'o, I: Sample, O> {
    pub samples: HostRows<'r, I>,
    /// Each one's earlier sample.
    pub low: &'r [usize],
    /// Of each one [`nearer_end`].
    pub early: &'r [bool],
    pub factor: &'r [I::Arith],
    pub out: &'r mut HostRowsMut<'o, O>,
    /// The first of them within `out`.
    pub first: usize,
    /// Whether they may be written past the caches: then they lie one behind the other, and whoever has them written puts
    /// a fence behind the last of them before anybody else looks.
    pub past_caches: bool,
}

/// One of them: its samples, its values, and the weight from the nearer end.
pub(crate) struct Row<'r, I: Sample, O> {
    pub a: *const I,
    pub b: *const I,
    pub out: *mut O,
    pub early: bool,
    pub factor: I::Arith,
    ahead: Ahead,
    memory: PhantomData<&'r mut O>,
}

impl<I: Sample, O: Element> Rows<'_, '_, I, O> {
    /// The elements of each row.
    #[inline(always)]
    pub fn columns(&self) -> usize {
        self.out.columns()
    }

    #[inline(always)]
    pub fn count(&self) -> usize {
        self.low.len()
    }

    /// The k-th row: between its two samples, or of the earlier one alone, which then is both.
    #[inline(always)]
    pub fn row<'s>(&mut self, k: usize, between: bool, ahead: Ahead) -> Row<'s, I, O>
    where
        Self: 's,
    {
        let i = self.low[k];
        Row {
            a: self.samples.row(i).as_ptr(),
            b: self.samples.row(i + usize::from(between)).as_ptr(),
            out: self.out.row_ptr(self.first + k),
            early: self.early[k],
            factor: self.factor[k],
            ahead,
            memory: PhantomData,
        }
    }

    /// Whether vectors of so many lanes go past the caches as they are made. An ordinary store first brings in the line
    /// that it writes to, which for an output that nobody reads again soon costs as much as to read the samples; those
    /// past the caches do not, but have to fill lines soon: rows are whole vectors, one behind the other, that begin
    /// where units do.
    #[inline(always)]
    pub fn go_past_caches(&mut self, lanes: usize) -> bool {
        let columns = self.columns();
        self.past_caches
            && self.count() > 0
            && columns.is_multiple_of(lanes)
            && (columns * size_of::<O>()).is_multiple_of(UNIT)
            && self.out.row_ptr(self.first).addr().is_multiple_of(UNIT)
    }

    /// What is to be asked for ahead of each row, `between` two samples or of its earlier one.
    #[inline(always)]
    pub fn ahead(&self, between: bool, past_caches: bool) -> Ahead {
        let (first, last) = (self.low.first(), self.low.last());
        let passed = (last.zip(first)).map_or(0, |(last, first)| last.wrapping_sub(*first));
        let apart = passed > self.count() + self.count() / 4;
        let narrow = self.columns() * size_of::<I>() < LINE;
        let ask = !narrow || !looks_far();
        Ahead {
            earlier: ask && between && apart,
            later: ask,
            out: ask && !past_caches,
        }
    }

    /// Writes each one's earlier sample as it is.
    ///
    /// # Panics
    /// If the values are of another type.
    #[inline(always)]
    pub fn copy(self) {
        assert!(I::DTYPE == O::DTYPE);
        let ahead = self.ahead(false, false);
        for k in 0..self.count() {
            let sample = self.samples.row(self.low[k]);
            let out = self.out.row_ptr(self.first + k);
            for at in (0..sample.len()).step_by(LINE / size_of::<I>()) {
                if ahead.later {
                    fetch(sample.as_ptr(), at, READ_AHEAD);
                }
                if ahead.out {
                    fetch(out, at, WRITE_AHEAD);
                }
            }
            // SAFETY: there is room for a row of that type, which no sample is part of.
            unsafe { std::ptr::copy_nonoverlapping(sample.as_ptr(), out.cast(), sample.len()) }
        }
    }
}

/// A line of memory.
pub(crate) const LINE: usize = 64;
/// What any set of instructions can write past the caches at once, to multiples of its size.
pub(crate) const UNIT: usize = 16;

/// How many bytes ahead of what is read its line is asked for. One core waits for the memory's latency rather than for
/// its bandwidth, and the CPU by itself mostly looks less far.
const READ_AHEAD: usize = 4096;
/// Likewise of what is written, whose lines are to be brought in first.
const WRITE_AHEAD: usize = 1024;

/// What is asked for ahead of a row.
#[derive(Clone, Copy)]
pub(crate) struct Ahead {
    /// The earlier samples: needless where each row's later sample is the next one's earlier sample.
    earlier: bool,
    later: bool,
    out: bool,
}

/// Whether the CPU by itself looks as far ahead along narrow rows as is useful, so that to ask for them only takes time.
/// AMD's do (Zen 4 was timed), which are those with SSE4a, Intel's do not (Sapphire Rapids).
#[inline(always)]
fn looks_far() -> bool {
    is_x86_feature_detected!("sse4a")
}

/// Asks for the line so many bytes ahead of element `at`.
#[inline(always)]
fn fetch<T>(first: *const T, at: usize, bytes: usize) {
    let address = first.wrapping_add(at).wrapping_byte_add(bytes);
    // SAFETY: a hint, for which any address will do.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
}

impl<I: Sample, O> Row<'_, I, O> {
    /// Asks for what will be read and written after element `at`.
    #[inline(always)]
    pub fn fetch_ahead(&self, at: usize) {
        if self.ahead.earlier {
            fetch(self.a, at, READ_AHEAD);
        }
        if self.ahead.later {
            fetch(self.b, at, READ_AHEAD);
        }
        if self.ahead.out {
            fetch(self.out, at, WRITE_AHEAD);
        }
    }
}
