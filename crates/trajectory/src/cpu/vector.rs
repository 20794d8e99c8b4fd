//! What the variants for vector instructions share: rows of one type with adjacent columns.

use super::arith::Arith;
use super::bracket::Bracket;
use super::drive::{self, Tile};
use super::element::{Output, Sample};
use crate::{Problem, Resample};
use robocache_core::{DType, Error, Result, bf16, f16};

/// A set of instructions that blends rows of `T`.
pub(crate) trait Instructions<T: Sample> {
    /// Writes the columns of a tile.
    ///
    /// # Safety
    /// The CPU must have the instructions.
    unsafe fn write(tile: Tile<'_, '_, '_, T, T, T::Arith>);
}

/// A weight in the form that needs no jump: `base + factor * (b - a)` with `base` the nearer end is what
/// [`blend`](super::arith::Arith::blend) does, as a product changes its sign without rounding.
pub(crate) struct Nearer<A> {
    /// Whether the nearer end is the earlier one.
    pub early: bool,
    /// The weight from that end, with its sign.
    pub factor: A,
}

impl<A: Arith> Nearer<A> {
    #[inline(always)]
    pub fn of(weight: A) -> Self {
        let early = weight < A::HALF;
        Nearer {
            early,
            factor: if early { weight } else { -(A::ONE - weight) },
        }
    }
}

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
    drive::run::<T, T>(problem, request, |tile| {
        // SAFETY: the registry runs a variant only on CPUs that have its instructions.
        unsafe { S::write(tile) }
    })
}

/// Writes the columns of a tile, `blend` doing the rows between two samples; all three slices are of one length.
#[inline(always)]
pub(crate) fn write<T: Sample>(
    tile: Tile<'_, '_, '_, T, T, T::Arith>,
    blend: impl Fn(Nearer<T::Arith>, &[T], &[T], &mut [T]),
) {
    let (samples, first) = tile.samples.rows();
    let mut out = tile.out.rows_mut(tile.row);
    for (t, bracket) in tile.brackets.iter().enumerate() {
        let out = out.row_mut(tile.target + t);
        match *bracket {
            Bracket::Fill => out.fill(tile.fill),
            Bracket::NotATime => out.fill(tile.nan),
            Bracket::Copy(i) => out.copy_from_slice(samples.row(first + i)),
            Bracket::Between(i, weight) => {
                let (a, b) = (samples.row(first + i), samples.row(first + i + 1));
                blend(Nearer::of(weight), a, b, out);
            }
        }
    }
}
