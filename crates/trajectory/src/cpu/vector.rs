//! What the variants for vector instructions share: rows of one type with adjacent columns.

use super::bracket::Bracket;
use super::drive::{self, Tile};
use super::element::{Output, Sample};
use crate::{Problem, Resample};
use robocache_core::{DType, Error, Result, bf16, f16};

/// A set of instructions that blends rows of `T`.
pub(crate) trait Instructions<T: Sample> {
    /// `out[i] = weight.blend(a[i], b[i])`, all three of one length, bit for bit.
    ///
    /// # Safety
    /// The CPU must have the instructions.
    unsafe fn blend(weight: T::Arith, a: &[T], b: &[T], out: &mut [T]);
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
    drive::run::<T, T>(problem, request, write_tile::<S, T>)
}

fn write_tile<S: Instructions<T>, T: Sample>(tile: Tile<'_, '_, '_, T, T, T::Arith>) {
    let samples = tile.samples;
    for (t, bracket) in tile.brackets.iter().enumerate() {
        let out = tile.out.row_mut(tile.row, tile.target + t);
        match *bracket {
            Bracket::Fill => out.fill(tile.fill),
            Bracket::NotATime => out.fill(tile.nan),
            Bracket::Copy(i) => out.copy_from_slice(samples.row(i)),
            Bracket::Between(i, weight) => {
                let (a, b) = (samples.row(i), samples.row(i + 1));
                // SAFETY: the registry runs a variant only on CPUs that have its instructions.
                unsafe { S::blend(weight, a, b, out) }
            }
        }
    }
}
