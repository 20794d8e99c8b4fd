//! What the variants for vector instructions share: values of the samples' type, their columns adjacent in memory.
//!
//! A tile of targets is looked for, turned into weights and written before the next one: each step is one loop over
//! all of them. Meanwhile lines of memory are on their way that the next tiles need.

use super::axis::Tick;
use super::bracket::Rules;
use super::drive::{FirstOutside, Piece, spread};
use super::element::Sample;
use super::finder::{Finder, TILE};
use super::rows::Rows;
use super::spans::Real;
use super::stream::Stream;
use super::targets::{Lines, Targets};
use crate::runs::{Rule, Runs};
use crate::{Extrapolation, Problem, Resample};
use robocache_core::{DType, Error, HostTensor, Result, TimeType, bf16, f16};

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

/// What all pieces share.
pub(crate) struct Work<'w, 'a, T: Sample, X: Tick> {
    data: HostTensor<'w, T, 3>,
    pub finder: Finder<'a, X>,
    pub runs: &'w Runs,
    pub rules: Rules,
    pub fill: T,
    pub nan: T,
    pub past_caches: bool,
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

fn run_on<S: Instructions<T>, T: Real>(problem: &Problem, request: Resample<'_>) -> Result<()> {
    match problem.time_type {
        TimeType::F32 => run_by::<S, T, f32>(problem, request),
        TimeType::F64 => run_by::<S, T, f64>(problem, request),
        TimeType::I64 => run_by::<S, T, i64>(problem, request),
    }
}

fn run_by<S: Instructions<T>, T: Real, X: Tick>(
    problem: &Problem,
    request: Resample<'_>,
) -> Result<()> {
    let options = request.options;
    let values = [problem.batch, problem.targets, problem.columns];
    let bytes = values
        .iter()
        .fold(size_of::<T>(), |all, &n| all.saturating_mul(n));
    let work = Work {
        data: HostTensor::<T, 3>::new(&request.data)?,
        finder: Finder::<X>::new(&request, problem.batch, problem.samples)?,
        runs: &problem.kinds,
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
pub(crate) unsafe fn write<S: Instructions<T>, T: Real, X: Tick>(
    work: &Work<'_, '_, T, X>,
    mut piece: Piece<'_, T>,
) {
    let [rows, targets, _] = piece.out.shape();
    let mut found = Targets::new();
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
        let mut lines = Lines {
            samples: samples.from(work.finder.row_span(batch_row).first),
            out: piece.out.rows_mut(row),
        };
        for target in (0..targets).step_by(TILE) {
            let n = TILE.min(targets - target);
            let wanted = piece.age.is_some().then_some(&mut ages[..n]);
            let first_target = piece.first_target + target;
            work.finder
                .locate(batch_row, first_target, n, &mut found.found, wanted);
            match work.runs.only() {
                Some(rule) if rule == Rule::Linear || rule.is_hold() => {
                    // SAFETY: the caller's promise.
                    unsafe {
                        found.write::<S, T, X>(work, rule, &mut lines, target, n, &mut stream)
                    }
                }
                _ => found.write_runs(work, batch_row, &mut lines, target, n),
            }
            if work.rules.extrapolation == Extrapolation::Error
                && let Some(t) = found.first_beyond(work, n)
            {
                work.outside.note(batch_row, first_target + t);
            }
            if let Some(mask) = &mut piece.mask {
                for (t, &valid) in found.valid[..n].iter().enumerate() {
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
