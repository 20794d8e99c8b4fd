//! Rows of values one after the other, on their way from samples to memory.

use super::arith::Arith;
use super::element::Sample;
use super::stream::Stream;
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
    /// If they are to be written past the caches.
    pub past: Option<&'r mut Stream<O>>,
}

/// One of them: its samples, its values, and the weight from the nearer end.
pub(crate) struct Row<'r, I: Sample, O> {
    pub a: *const I,
    pub b: *const I,
    pub out: *mut O,
    pub early: bool,
    pub factor: I::Arith,
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
    pub fn row<'s>(&mut self, k: usize, between: bool) -> Row<'s, I, O>
    where
        Self: 's,
    {
        let i = self.low[k];
        Row {
            a: self.samples.row(i).as_ptr(),
            b: self.samples.row(i + usize::from(between)).as_ptr(),
            out: self.out(k),
            early: self.early[k],
            factor: self.factor[k],
            memory: PhantomData,
        }
    }

    /// Where the values go.
    #[inline(always)]
    fn out(&mut self, k: usize) -> *mut O {
        let out = self.out.row_ptr(self.first + k);
        match &mut self.past {
            // SAFETY: the stream is finished while the output is still held.
            Some(stream) => unsafe { stream.slot(out, self.out.columns()) },
            None => out,
        }
    }

    /// Writes each one's earlier sample as it is.
    ///
    /// # Panics
    /// If the values are of another type.
    #[inline(always)]
    pub fn copy(mut self) {
        const LINE: usize = 64;
        assert!(I::DTYPE == O::DTYPE);
        for k in 0..self.count() {
            let (sample, out) = (self.samples.row(self.low[k]), self.out(k));
            for at in (0..sample.len()).step_by(LINE / size_of::<I>()) {
                fetch(sample.as_ptr(), at, READ_AHEAD);
                fetch(out, at, WRITE_AHEAD);
            }
            // SAFETY: there is room for a row of that type, which no sample is part of.
            unsafe { std::ptr::copy_nonoverlapping(sample.as_ptr(), out.cast(), sample.len()) }
        }
    }
}

/// How many bytes ahead of what is read its line is asked for. One core waits for the memory's latency rather than for
/// its bandwidth, and the CPU by itself looks less far.
const READ_AHEAD: usize = 4096;
/// Likewise of what is written, whose lines are to be brought in first.
const WRITE_AHEAD: usize = 1024;

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
        fetch(self.a, at, READ_AHEAD);
        fetch(self.b, at, READ_AHEAD);
        fetch(self.out, at, WRITE_AHEAD);
    }
}
