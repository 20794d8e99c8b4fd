//! What the variants for vector instructions share: rows of one type with adjacent columns and one rule.
//!
//! A row is written as soon as its bracket is found, so that searching goes on while memory is waited for.

use super::arith::Arith;
use super::axis::Tick;
use super::bracket::{Bracket, Place, Rules};
use super::drive::{FirstOutside, Piece, spread};
use super::element::{Output, Sample};
use super::finder::{Finder, TILE, Take};
use crate::runs::Rule;
use crate::{Extrapolation, Problem, Resample};
use robocache_core::{
    DType, Error, HostRows, HostRowsMut, HostTensor, Result, TimeType, bf16, f16,
};

/// A set of instructions that blends rows of `T`.
pub(crate) trait Instructions<T: Sample>: Sized {
    /// `out = nearer.factor * (b - a)` from the nearer end, all three of one length. `past` says to write past
    /// the caches.
    ///
    /// # Safety
    /// The CPU must have the instructions.
    unsafe fn blend(nearer: Nearer<T::Arith>, a: &[T], b: &[T], out: &mut [T], past: bool);

    /// [`write()`] with these instructions.
    ///
    /// # Safety
    /// As above.
    unsafe fn write<X: Tick>(work: &Work<'_, '_, T, X>, piece: Piece<'_, T>);
}

/// A weight in the form that needs no jump: `base + factor * (b - a)` with `base` the nearer end is what
/// [`blend`](Arith::blend) does, as a product changes its sign without rounding.
#[derive(Clone, Copy)]
pub(crate) struct Nearer<A> {
    /// Whether the nearer end is the earlier one.
    pub early: bool,
    /// The weight from that end, with its sign.
    pub factor: A,
}

impl<A: Arith> Nearer<A> {
    #[inline(always)]
    fn of(weight: A) -> Self {
        let early = weight < A::HALF;
        Nearer {
            early,
            factor: if early { weight } else { -(A::ONE - weight) },
        }
    }
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
const PAST_CACHES: usize = 4 << 20;

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
        past_caches: bytes >= PAST_CACHES,
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
        for target in (0..targets).step_by(TILE) {
            let n = TILE.min(targets - target);
            let (mut valid, mut ages) = ([true; TILE], [0f32; TILE]);
            let wanted = piece.age.is_some().then_some(&mut ages[..n]);
            let first_target = piece.first_target + target;
            let mut to = Rows::<S, T, X> {
                work,
                samples,
                first: work.finder.row_span(batch_row).first,
                out: piece.out.rows_mut(row),
                target,
                valid: &mut valid,
                outside: None,
                instructions: std::marker::PhantomData,
            };
            work.finder
                .each(batch_row, first_target, n, wanted, &mut to);
            if let Some(t) = to.outside
                && work.rules.extrapolation == Extrapolation::Error
            {
                work.outside.note(batch_row, first_target + t);
            }
            if let Some(mask) = &mut piece.mask {
                for (t, &valid) in valid[..n].iter().enumerate() {
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
}

/// Writes each target's row.
struct Rows<'t, 'w, 'a, S, T: Sample, X: Tick> {
    work: &'t Work<'w, 'a, T, X>,
    samples: HostRows<'t, T>,
    /// The time index of the batch row's first sample.
    first: usize,
    out: HostRowsMut<'t, T>,
    /// The first of the targets within `out`.
    target: usize,
    valid: &'t mut [bool; TILE],
    /// The first target outside.
    outside: Option<usize>,
    instructions: std::marker::PhantomData<S>,
}

impl<S: Instructions<T>, T: Sample, X: Tick> Take<T::Arith> for Rows<'_, '_, '_, S, T, X> {
    #[inline(always)]
    fn take(&mut self, t: usize, place: Place<T::Arith>) {
        let Work { rule, rules, .. } = *self.work;
        let (bracket, valid) = rules.resolve(rule, &place);
        self.valid[t] = valid;
        if self.outside.is_none() && rules.is_beyond(rule, &place) {
            self.outside = Some(t);
        }
        let sample = |i: usize| self.samples.row(self.first + i);
        let out = self.out.row_mut(self.target + t);
        match bracket {
            Bracket::Fill => out.fill(self.work.fill),
            Bracket::NotATime => out.fill(self.work.nan),
            Bracket::Copy(i) => out.copy_from_slice(sample(i)),
            Bracket::Between(i, weight) => {
                let (nearer, past) = (Nearer::of(weight), self.work.past_caches);
                // SAFETY: whoever made this promised it.
                unsafe { S::blend(nearer, sample(i), sample(i + 1), out, past) }
            }
        }
    }
}
