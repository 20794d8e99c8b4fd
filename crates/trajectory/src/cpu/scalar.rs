//! The reference: every case of the contract, one element at a time.

use super::axis::Arith;
use super::bracket::Bracket;
use super::drive::{self, Tile};
use super::element::{Sample, Value};
use crate::variant::Exec;
use crate::{Problem, Resample, Variant};
use robocache_core::{DType, Error, Result, bf16, f16};
use robocache_kernels::generated::TRAJECTORY_SCALAR_CPU;

inventory::submit! {
    Variant {
        info: &TRAJECTORY_SCALAR_CPU,
        supports: |_, _| Ok(()),
        rank: |_, _| 1,
        exec: Exec::Cpu(run),
    }
}

fn run(problem: &Problem, request: Resample<'_>) -> Result<()> {
    match problem.in_dtype {
        DType::F16 => to::<f16>(problem, request),
        DType::Bf16 => to::<bf16>(problem, request),
        DType::F32 => to::<f32>(problem, request),
        DType::F64 => to::<f64>(problem, request),
        found => Err(Error::DType {
            argument: "data",
            found,
            expected: "f16, bf16, f32 or f64",
        }),
    }
}

fn to<I: Sample>(problem: &Problem, request: Resample<'_>) -> Result<()>
where
    f16: Value<I::Arith> + Value<f64>,
    bf16: Value<I::Arith> + Value<f64>,
    f32: Value<I::Arith> + Value<f64>,
    f64: Value<I::Arith> + Value<f64>,
{
    match problem.out_dtype {
        DType::F16 => from_to::<I, f16>(problem, request),
        DType::Bf16 => from_to::<I, bf16>(problem, request),
        DType::F32 => from_to::<I, f32>(problem, request),
        DType::F64 => from_to::<I, f64>(problem, request),
        found => Err(Error::DType {
            argument: "out",
            found,
            expected: "f16, bf16, f32 or f64",
        }),
    }
}

fn from_to<I: Sample, O: Value<I::Arith> + Value<f64>>(
    problem: &Problem,
    request: Resample<'_>,
) -> Result<()> {
    drive::run::<I, O>(problem, request, write_tile::<I, O>)
}

fn write_tile<I: Sample, O: Value<I::Arith>>(tile: Tile<'_, '_, '_, I, O, I::Arith>) {
    let columns = tile.out.shape()[2];
    for (t, bracket) in tile.brackets.iter().enumerate() {
        let sample = |i: usize, column| {
            tile.data
                .at([tile.data_row, tile.first + i, column])
                .widen()
        };
        for column in 0..columns {
            let value = match *bracket {
                Bracket::Fill => tile.fill,
                Bracket::NotATime => tile.nan,
                Bracket::Copy(i) => O::narrow(sample(i, column)),
                Bracket::Between(i, weight) => {
                    O::narrow(weight.blend(sample(i, column), sample(i + 1, column)))
                }
            };
            tile.out.set([tile.row, tile.target + t, column], value);
        }
    }
}
