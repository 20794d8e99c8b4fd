//! What the variants for vector instructions share: floats, their columns adjacent in memory.
//!
//! A tile of targets is looked for, turned into weights and written before the next one: each step is one loop over
//! all of them. Meanwhile lines of memory are on their way that the next tiles need.

use super::drive::{self, Tile, Work};
use super::element::{Output, Value};
use super::finder::Instructions;
use super::rows::Rows;
use super::spans::Real;
use super::targets::Targets;
use crate::{Problem, Resample};
use robocache_core::{DType, Error, Result, bf16, f16};

/// A set of instructions that makes rows of `O` from samples of `I`.
pub(crate) trait Makes<I: Real, O: Value<I::Arith>>: Instructions {
    /// Writes rows of values. If they are `BETWEEN` two samples, `factor * (b - a)` is added to the nearer one of them;
    /// else each is its earlier sample.
    ///
    /// # Safety
    /// The CPU must have the instructions, and what [`Rows::past_caches`] says be so.
    unsafe fn rows<const BETWEEN: bool>(rows: Rows<'_, '_, I, O>);

    /// [`Targets::write`] with these instructions.
    ///
    /// # Safety
    /// As above.
    unsafe fn write(
        targets: &mut Targets<I, O, Self>,
        work: &Work<'_, '_, I, O>,
        tile: Tile<'_, '_, I::Arith, O>,
    );
}

/// Has what all variants share compiled with a set of instructions: `each` writes rows with them, of types that
/// `Load` and `Store` the vectors of `Lanes`, which the module has to define.
macro_rules! instructions {
    ($set:ident, $features:literal) => {
        impl $crate::cpu::finder::Instructions for $set {
            #[target_feature(enable = $features)]
            unsafe fn locate<A: $crate::cpu::arith::Arith, X: $crate::cpu::axis::Tick>(
                finder: &$crate::cpu::finder::Finder<'_, X, Self>,
                row: usize,
                first: usize,
                count: usize,
                found: &mut $crate::cpu::finder::Found<A>,
                ages: Option<&mut [f32]>,
            ) {
                finder.locate(row, first, count, found, ages);
            }
        }

        impl<I, O> $crate::cpu::vector::Makes<I, O> for $set
        where
            I: $crate::cpu::spans::Real<Arith: Lanes> + Load<Vector<I>>,
            O: $crate::cpu::element::Value<I::Arith> + Store<Vector<I>>,
        {
            #[inline(always)]
            unsafe fn rows<const BETWEEN: bool>(rows: $crate::cpu::rows::Rows<'_, '_, I, O>) {
                // SAFETY: the caller's promise.
                unsafe { each::<I, O, BETWEEN>(rows) }
            }

            #[target_feature(enable = $features)]
            unsafe fn write(
                targets: &mut $crate::cpu::targets::Targets<I, O, Self>,
                work: &$crate::cpu::drive::Work<'_, '_, I, O>,
                tile: $crate::cpu::drive::Tile<'_, '_, I::Arith, O>,
            ) {
                targets.write(work, tile);
            }
        }
    };
}
pub(crate) use instructions;

/// A set of instructions that makes rows of each type from samples of `I`.
pub(crate) trait MakesAny<I: Real>:
    Makes<I, f16> + Makes<I, bf16> + Makes<I, f32> + Makes<I, f64>
where
    f16: Value<I::Arith>,
    bf16: Value<I::Arith>,
    f32: Value<I::Arith>,
    f64: Value<I::Arith>,
{
}

impl<S, I: Real> MakesAny<I> for S
where
    S: Makes<I, f16> + Makes<I, bf16> + Makes<I, f32> + Makes<I, f64>,
    f16: Value<I::Arith>,
    bf16: Value<I::Arith>,
    f32: Value<I::Arith>,
    f64: Value<I::Arith>,
{
}

/// Runs a request whose problem was found to have adjacent columns, on a CPU that was found to have the
/// instructions: what the registry asks of a variant before it runs.
pub(crate) fn run<S>(problem: &Problem, request: Resample<'_>) -> Result<()>
where
    S: MakesAny<f16> + MakesAny<bf16> + MakesAny<f32> + MakesAny<f64>,
{
    match problem.in_dtype {
        DType::F16 => run_from::<S, f16>(problem, request),
        DType::Bf16 => run_from::<S, bf16>(problem, request),
        DType::F32 => run_from::<S, f32>(problem, request),
        DType::F64 => run_from::<S, f64>(problem, request),
        found => Err(refused("data", found)),
    }
}

fn run_from<S: MakesAny<I>, I: Real>(problem: &Problem, request: Resample<'_>) -> Result<()>
where
    f16: Value<I::Arith>,
    bf16: Value<I::Arith>,
    f32: Value<I::Arith>,
    f64: Value<I::Arith>,
{
    match problem.out_dtype {
        DType::F16 => run_with::<S, I, f16>(problem, request),
        DType::Bf16 => run_with::<S, I, bf16>(problem, request),
        DType::F32 => run_with::<S, I, f32>(problem, request),
        DType::F64 => run_with::<S, I, f64>(problem, request),
        found => Err(refused("out", found)),
    }
}

fn run_with<S: Makes<I, O>, I: Real, O: Value<I::Arith> + Output>(
    problem: &Problem,
    request: Resample<'_>,
) -> Result<()> {
    // SAFETY: the registry runs a variant only on CPUs that have its instructions.
    unsafe { drive::run::<I, O, S, _>(problem, request, || Targets::<I, O, S>::new()) }
}

fn refused(argument: &'static str, found: DType) -> Error {
    Error::DType {
        argument,
        found,
        expected: "f16, bf16, f32 or f64",
    }
}
