//! The reference: every case of the contract, one element at a time.

use super::arith::Arith;
use super::bracket::Bracket;
use super::drive::{self, Tile};
use super::element::{Sample, Value};
use super::{hermite, rotation, trig};
use crate::runs::Rule;
use crate::variant::Exec;
use crate::{Invalid, Problem, Resample, Variant};
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
        DType::F16 => floats::<f16>(problem, request),
        DType::Bf16 => floats::<bf16>(problem, request),
        DType::F32 => floats::<f32>(problem, request),
        DType::F64 => floats::<f64>(problem, request),
        DType::U8 => integers::<u8>(problem, request),
        DType::I16 => integers::<i16>(problem, request),
        DType::I32 => integers::<i32>(problem, request),
        DType::I64 => integers::<i64>(problem, request),
        found => Err(Error::DType {
            argument: "data",
            found,
            expected: "a float or an integer type",
        }),
    }
}

fn floats<I>(problem: &Problem, request: Resample<'_>) -> Result<()>
where
    I: Sample<Wide = <I as Sample>::Arith>,
    f16: Value<I::Arith>,
    bf16: Value<I::Arith>,
    f32: Value<I::Arith>,
    f64: Value<I::Arith>,
{
    match problem.out_dtype {
        DType::F16 => drive::run::<I, f16>(problem, request, write),
        DType::Bf16 => drive::run::<I, bf16>(problem, request, write),
        DType::F32 => drive::run::<I, f32>(problem, request, write),
        DType::F64 => drive::run::<I, f64>(problem, request, write),
        found => refused(found),
    }
}

fn integers<I: Sample<Wide = i64> + Value<i64>>(
    problem: &Problem,
    request: Resample<'_>,
) -> Result<()> {
    match problem.out_dtype {
        same if same == I::DTYPE => drive::run::<I, I>(problem, request, hold),
        DType::F16 => drive::run::<I, f16>(problem, request, hold),
        DType::Bf16 => drive::run::<I, bf16>(problem, request, hold),
        DType::F32 => drive::run::<I, f32>(problem, request, hold),
        DType::F64 => drive::run::<I, f64>(problem, request, hold),
        found => refused(found),
    }
}

fn refused(found: DType) -> Result<()> {
    Err(Error::DType {
        argument: "out",
        found,
        expected: "f16, bf16, f32, f64 or the type of the samples",
    })
}

fn write<I, O>(tile: Tile<'_, '_, '_, I, O, I::Arith>)
where
    I: Sample<Wide = <I as Sample>::Arith>,
    O: Value<I::Arith>,
{
    let (samples, rule, ratios) = (tile.samples, tile.rule, tile.ratios);
    let pair = |i, column| [samples.at(i, column), samples.at(i + 1, column)];
    let as_it_is = |value| value;
    match rule {
        Rule::Previous | Rule::Next | Rule::Nearest => hold(tile),
        Rule::Linear => each(tile, as_it_is, |_, i, weight, column| {
            let [a, b] = pair(i, column);
            weight.blend(a, b)
        }),
        Rule::Angle => each(tile, trig::wrap, |_, i, weight, column| {
            let [a, b] = pair(i, column);
            trig::blend_angles(weight, a, b)
        }),
        Rule::Cubic | Rule::Pchip => each(tile, as_it_is, |t, i, weight, column| {
            let ([a, b], ratios) = (pair(i, column), ratios[t]);
            let beside = |ratio: I::Arith, i: usize, else_: I::Arith| match ratio > I::Arith::ZERO {
                true => samples.at(i, column),
                false => else_,
            };
            let previous = beside(ratios.before, i.wrapping_sub(1), a);
            let next = beside(ratios.after, i + 2, b);
            hermite::value(rule, weight, ratios, [previous, a, b, next])
        }),
        Rule::SlerpXyzw | Rule::SlerpWxyz => rotations(tile),
    }
}

/// Samples as they are; the rules that hold have no brackets with weights.
fn hold<I: Sample, O: Value<I::Wide>>(tile: Tile<'_, '_, '_, I, O, I::Arith>) {
    let samples = tile.samples;
    each(tile, |value| value, |_, i, _, column| samples.at(i, column));
}

/// Values that depend on one column: `alone` of one sample, `between` of target t's samples i and i + 1.
fn each<I: Sample, O: Value<I::Wide>>(
    tile: Tile<'_, '_, '_, I, O, I::Arith>,
    alone: impl Fn(I::Wide) -> I::Wide,
    between: impl Fn(usize, usize, I::Arith, usize) -> I::Wide,
) {
    for (t, bracket) in tile.brackets.iter().enumerate() {
        for column in tile.columns.ranges().flatten() {
            let value = match *bracket {
                Bracket::Fill => tile.fill,
                Bracket::NotATime => tile.nan,
                Bracket::Copy(i) => O::narrow(alone(tile.samples.at(i, column))),
                Bracket::Between(i, weight) => O::narrow(between(t, i, weight, column)),
            };
            tile.out.set([tile.row, tile.target + t, column], value);
        }
    }
}

/// Values of four columns.
fn rotations<I, O>(tile: Tile<'_, '_, '_, I, O, I::Arith>)
where
    I: Sample<Wide = <I as Sample>::Arith>,
    O: Value<I::Arith>,
{
    for (t, bracket) in tile.brackets.iter().enumerate() {
        for first in tile.columns.ranges().flat_map(|range| range.step_by(4)) {
            let quad = |i| [0, 1, 2, 3].map(|k| tile.samples.at(i, first + k));
            let rotation = match *bracket {
                Bracket::Fill => Ok(tile.fill),
                Bracket::NotATime => Ok(tile.nan),
                Bracket::Copy(i) => Err(rotation::unit(quad(i))),
                Bracket::Between(i, weight) => Err(rotation::slerp(weight, quad(i), quad(i + 1))),
            };
            let values = match rotation {
                Ok(missing) => [missing; 4],
                Err(Some(rotation)) => rotation.map(O::narrow),
                Err(None) => {
                    tile.valid[t] = false;
                    match tile.invalid {
                        Invalid::Keep => [O::narrow(I::Arith::NAN); 4],
                        Invalid::Fill => [tile.fill; 4],
                    }
                }
            };
            for (k, value) in values.into_iter().enumerate() {
                tile.out.set([tile.row, tile.target + t, first + k], value);
            }
        }
    }
}
