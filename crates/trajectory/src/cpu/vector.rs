//! What the variants for vector instructions share: rows of one type with adjacent columns and one rule.
//!
//! A row is written as soon as its bracket is found, so that searching goes on while memory is waited for.

use super::arith::Arith;
use super::axis::Tick;
use super::bracket::{Bracket, Relation, Rules, Within};
use super::drive::{FirstOutside, Piece, spread};
use super::element::{Output, Sample};
use super::finder::{Finder, Found, TILE};
use super::stream::Stream;
use crate::runs::Rule;
use crate::{Extrapolation, Problem, Resample};
use robocache_core::{
    DType, Error, HostRows, HostRowsMut, HostTensor, Result, TimeType, bf16, f16,
};
use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

/// A set of instructions that blends rows of `T`.
pub(crate) trait Instructions<T: Sample>: Sized {
    /// Writes rows of values: of the k-th, `factor * (b - a)` is added to the nearer one of its two samples.
    ///
    /// # Safety
    /// The CPU must have the instructions.
    unsafe fn blend(rows: Rows<'_, '_, T>);

    /// [`write()`] with these instructions.
    ///
    /// # Safety
    /// As above.
    unsafe fn write<X: Tick>(work: &Work<'_, '_, T, X>, piece: Piece<'_, T>);
}

/// Rows of values one after the other, and what they are made of.
pub(crate) struct Rows<'r, 'o, T: Sample> {
    samples: HostRows<'r, T>,
    /// Each one's earlier sample.
    low: &'r [usize],
    /// Of each one [`nearer_end`].
    early: &'r [bool],
    factor: &'r [T::Arith],
    out: &'r mut HostRowsMut<'o, T>,
    /// The first of them within `out`.
    first: usize,
    /// If they are to be written past the caches.
    past: Option<&'r mut Stream<T>>,
}

/// One of them: its samples, its values, and the weight from the nearer end.
pub(crate) struct Row<'r, T: Sample> {
    pub a: *const T,
    pub b: *const T,
    pub out: *mut T,
    pub early: bool,
    pub factor: T::Arith,
    memory: std::marker::PhantomData<&'r mut T>,
}

impl<T: Sample> Rows<'_, '_, T> {
    /// The elements of each row.
    #[inline(always)]
    pub fn columns(&self) -> usize {
        self.out.columns()
    }

    #[inline(always)]
    pub fn count(&self) -> usize {
        self.low.len()
    }

    #[inline(always)]
    pub fn row<'s>(&mut self, k: usize) -> Row<'s, T>
    where
        Self: 's,
    {
        let i = self.low[k];
        let mut out = self.out.row_mut(self.first + k).as_mut_ptr();
        if let Some(stream) = &mut self.past {
            // SAFETY: `write` finishes while it still holds the output.
            out = unsafe { stream.slot(out, self.out.columns()) };
        }
        Row {
            a: self.samples.row(i).as_ptr(),
            b: self.samples.row(i + 1).as_ptr(),
            out,
            early: self.early[k],
            factor: self.factor[k],
            memory: std::marker::PhantomData,
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

impl<T: Sample> Row<'_, T> {
    /// Asks for what will be read and written after element `at`.
    #[inline(always)]
    pub fn fetch_ahead(&self, at: usize) {
        fetch(self.a, at, READ_AHEAD);
        fetch(self.b, at, READ_AHEAD);
        fetch(self.out, at, WRITE_AHEAD);
    }
}

/// A weight in the form that needs no jump: whether the earlier end is the nearer one, and the weight from there with
/// its sign. `end + factor * (b - a)` is what [`blend`](Arith::blend) does, as a product changes its sign without
/// rounding.
#[inline(always)]
fn nearer_end<A: Arith>(weight: A) -> (bool, A) {
    let early = weight < A::HALF;
    let late = -(A::ONE - weight);
    (early, if early { weight } else { late })
}

/// What all pieces share.
pub(crate) struct Work<'w, 'a, T: Sample, X: Tick> {
    data: HostTensor<'w, T, 3>,
    finder: Finder<'a, X>,
    rule: Rule,
    rules: Rules,
    fill: T,
    nan: T,
    past_caches: bool,
    outside: FirstOutside,
}

/// Outputs of so many bytes are not read again from a cache soon, and to bring them in first costs as much as to
/// read the samples.
const PAST_CACHES: usize = 2 << 20;

/// Runs a request whose problem was found to have plain rows, on a CPU that was found to have the
/// instructions: what the registry asks of a variant before it runs.
pub(crate) fn run<S>(problem: &Problem, request: Resample<'_>) -> Result<()>
where
    S: Instructions<f16> + Instructions<bf16> + Instructions<f32> + Instructions<f64>,
{
    match problem.in_dtype {
        DType::F16 => run_on::<S, f16>(problem, request),
        DType::Bf16 => run_on::<S, bf16>(problem, request),
        DType::F32 => run_on::<S, f32>(problem, request),
        DType::F64 => run_on::<S, f64>(problem, request),
        found => Err(Error::DType {
            argument: "data",
            found,
            expected: "f16, bf16, f32 or f64",
        }),
    }
}

fn run_on<S: Instructions<T>, T: Sample + Output>(
    problem: &Problem,
    request: Resample<'_>,
) -> Result<()> {
    match problem.time_type {
        TimeType::F32 => run_by::<S, T, f32>(problem, request),
        TimeType::F64 => run_by::<S, T, f64>(problem, request),
        TimeType::I64 => run_by::<S, T, i64>(problem, request),
    }
}

fn run_by<S: Instructions<T>, T: Sample + Output, X: Tick>(
    problem: &Problem,
    request: Resample<'_>,
) -> Result<()> {
    let Some(rule) = problem.kinds.only() else {
        return Err(Error::memory("plan", "takes one kind for all columns"));
    };
    let options = request.options;
    let values = [problem.batch, problem.targets, problem.columns];
    let bytes = values
        .iter()
        .fold(size_of::<T>(), |all, &n| all.saturating_mul(n));
    let work = Work {
        data: HostTensor::<T, 3>::new(&request.data)?,
        finder: Finder::<X>::new(&request, problem.batch, problem.samples)?,
        rule,
        rules: Rules {
            extrapolation: options.extrapolation,
            invalid: options.invalid,
        },
        fill: T::fill(options.fill),
        nan: T::not_a_time(options.fill),
        past_caches: bytes >= PAST_CACHES && problem.out_strides[1] == problem.columns as isize,
        outside: FirstOutside::default(),
    };
    spread::<T, T>(problem, request, |piece| {
        // SAFETY: the registry runs a variant only on CPUs that have its instructions.
        unsafe { S::write(&work, piece) }
    })?;
    work.outside.told()
}

/// Writes a piece.
///
/// # Safety
/// The CPU must have the instructions `S`.
#[inline(always)]
pub(crate) unsafe fn write<S: Instructions<T>, T: Sample, X: Tick>(
    work: &Work<'_, '_, T, X>,
    mut piece: Piece<'_, T>,
) {
    let [rows, targets, _] = piece.out.shape();
    let mut tile = Tile::new();
    let mut stream = Stream::new();
    let mut ages = [0f32; TILE];
    for row in 0..rows {
        let batch_row = piece.first_row + row;
        let samples = work
            .data
            // Packed samples have one row for the whole batch.
            .rows(if work.data.shape()[0] == 1 {
                0
            } else {
                batch_row
            });
        let samples = samples.from(work.finder.row_span(batch_row).first);
        let mut out = piece.out.rows_mut(row);
        for target in (0..targets).step_by(TILE) {
            let n = TILE.min(targets - target);
            let wanted = piece.age.is_some().then_some(&mut ages[..n]);
            let first_target = piece.first_target + target;
            work.finder
                .locate(batch_row, first_target, n, &mut tile.found, wanted);
            // SAFETY: the caller's promise.
            unsafe { tile.write::<S, T, X>(work, samples, &mut out, target, n, &mut stream) }
            if work.rules.extrapolation == Extrapolation::Error
                && let Some(t) = tile.first_beyond(work, n)
            {
                work.outside.note(batch_row, first_target + t);
            }
            if let Some(mask) = &mut piece.mask {
                for (t, &valid) in tile.valid[..n].iter().enumerate() {
                    mask.set([row, target + t], u8::from(valid));
                }
            }
            if let Some(age) = &mut piece.age {
                for (t, &found) in ages[..n].iter().enumerate() {
                    age.set([row, target + t], found);
                }
            }
        }
    }
    // SAFETY: the piece is still held.
    unsafe { stream.finish() }
}

/// Targets whose values are written together.
struct Tile<A> {
    found: Found<A>,
    /// Of each target [`nearer_end`].
    early: [bool; TILE],
    factor: [A; TILE],
    /// Whether a target's value is between two samples.
    between: [bool; TILE],
    valid: [bool; TILE],
}

impl<A: Arith> Tile<A> {
    fn new() -> Self {
        Tile {
            found: Found::new(),
            early: [true; TILE],
            factor: [A::ZERO; TILE],
            between: [false; TILE],
            valid: [true; TILE],
        }
    }

    /// Writes the rows of the `n` targets that were found, of which `target` is the first within `out`.
    ///
    /// # Safety
    /// The CPU must have the instructions `S`.
    #[inline(always)]
    unsafe fn write<S: Instructions<T>, T: Sample<Arith = A>, X: Tick>(
        &mut self,
        work: &Work<'_, '_, T, X>,
        samples: HostRows<'_, T>,
        out: &mut HostRowsMut<'_, T>,
        target: usize,
        n: usize,
        stream: &mut Stream<T>,
    ) {
        let Tile {
            found,
            early,
            factor,
            between,
            valid,
        } = self;
        let (early, factor, between) = (&mut early[..n], &mut factor[..n], &mut between[..n]);
        for ((early, factor), &weight) in early.iter_mut().zip(&mut *factor).zip(&found.weight) {
            (*early, *factor) = nearer_end(weight);
        }
        let linear = work.rule == Rule::Linear;
        let mut all = true;
        let places = found.relation.iter().zip(&found.within);
        for (between, (&relation, &within)) in between.iter_mut().zip(places) {
            *between = linear & (relation == Relation::Between) & (within == Within::ALL);
            all &= *between;
        }
        valid[..n].fill(true);
        if !all {
            for t in 0..n {
                if between[t] {
                    continue;
                }
                let (bracket, is_valid) = work.rules.resolve(work.rule, &found.place(t));
                valid[t] = is_valid;
                let out = out.row_mut(target + t);
                match bracket {
                    Bracket::Fill => out.fill(work.fill),
                    Bracket::NotATime => out.fill(work.nan),
                    Bracket::Copy(i) => out.copy_from_slice(samples.row(i)),
                    Bracket::Between(i, weight) => {
                        (found.low[t], between[t]) = (i, true);
                        (early[t], factor[t]) = nearer_end(weight);
                    }
                }
            }
        }
        let mut begin = 0;
        while begin < n {
            let rest = &between[begin..];
            let count = match all {
                true => n,
                false => rest.iter().position(|&is| !is).unwrap_or(rest.len()),
            };
            let end = begin + count;
            // SAFETY: the caller's promise.
            unsafe {
                S::blend(Rows {
                    samples,
                    low: &found.low[begin..end],
                    early: &early[begin..end],
                    factor: &factor[begin..end],
                    out,
                    first: target + begin,
                    past: work.past_caches.then_some(&mut *stream),
                });
            }
            begin = end + 1;
        }
    }

    /// The first target outside.
    fn first_beyond<T: Sample<Arith = A>, X: Tick>(
        &self,
        work: &Work<'_, '_, T, X>,
        n: usize,
    ) -> Option<usize> {
        (0..n).find(|&t| work.rules.is_beyond(work.rule, &self.found.place(t)))
    }
}
