//! The reference: every case of the contract, one element at a time.

use super::arith::Arith;
use super::bracket::Bracket;
use super::drive::{self, Columns, Samples, Tile, Work, Writer};
use super::element::{Output, Sample, Value, convert};
use super::finder::{Baseline, TILE};
use super::hermite::{self, Ratios};
use super::{rotation, trig};
use crate::runs::Rule;
use crate::variant::Exec;
use crate::{Invalid, Problem, Resample, Variant};
use robocache_core::{DType, Error, HostTensorMut, Result, bf16, f16};
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
        DType::F16 => run_with::<I, f16>(problem, request, write),
        DType::Bf16 => run_with::<I, bf16>(problem, request, write),
        DType::F32 => run_with::<I, f32>(problem, request, write),
        DType::F64 => run_with::<I, f64>(problem, request, write),
        found => refused(found),
    }
}

fn integers<I: Sample<Wide = i64> + Value<i64>>(
    problem: &Problem,
    request: Resample<'_>,
) -> Result<()> {
    match problem.out_dtype {
        same if same == I::DTYPE => run_with::<I, I>(problem, request, hold),
        DType::F16 => run_with::<I, f16>(problem, request, hold),
        DType::Bf16 => run_with::<I, bf16>(problem, request, hold),
        DType::F32 => run_with::<I, f32>(problem, request, hold),
        DType::F64 => run_with::<I, f64>(problem, request, hold),
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

fn run_with<I: Sample, O: Output>(
    problem: &Problem,
    request: Resample<'_>,
    write: Write<I, O>,
) -> Result<()> {
    let writer = || Reference {
        write,
        brackets: [Bracket::Fill; TILE],
        ratios: [Ratios::ALONE; TILE],
    };
    // SAFETY: every CPU has these instructions.
    unsafe { drive::run::<I, O, Baseline, _>(problem, request, writer) }
}

/// Writes a part of a tile.
type Write<I, O> = fn(Part<'_, '_, '_, I, O>);

/// What the columns of a tile that have one rule are made of.
struct Part<'t, 'i, 'o, I: Sample, O> {
    samples: Samples<'i, I>,
    rule: Rule,
    columns: Columns,
    /// Whether neighbouring columns are neighbours in memory.
    adjacent: bool,
    brackets: &'t [Bracket<I::Arith>],
    /// Of the brackets of a [hermite](Rule::is_hermite) rule.
    ratios: &'t [Ratios<I::Arith>],
    /// To be cleared where the samples themselves make a target invalid.
    valid: &'t mut [bool],
    /// What becomes of a value that they make invalid.
    invalid: Invalid,
    fill: O,
    nan: O,
    out: &'t mut HostTensorMut<'o, O, 3>,
    /// The values' batch row and first target within `out`.
    row: usize,
    target: usize,
}

/// Makes values one rule at a time.
struct Reference<I: Sample, O> {
    write: Write<I, O>,
    brackets: [Bracket<I::Arith>; TILE],
    ratios: [Ratios<I::Arith>; TILE],
}

impl<I: Sample, O: Output> Writer<I, O> for Reference<I, O> {
    fn write(&mut self, work: &Work<'_, '_, I, O>, tile: Tile<'_, '_, I::Arith, O>) {
        let n = tile.valid.len();
        let (brackets, ratios) = (&mut self.brackets[..n], &mut self.ratios[..n]);
        let [_, _, columns] = tile.out.shape();
        for (index, run) in work.runs().list().iter().enumerate() {
            for (t, bracket) in brackets.iter_mut().enumerate() {
                let (resolved, is_valid) = work.rules.resolve(run.rule, &tile.found.place(t));
                *bracket = resolved;
                tile.valid[t] &= is_valid;
            }
            if run.rule.is_hermite() {
                work.places.ratios(tile.batch_row, brackets, ratios);
            }
            (self.write)(Part {
                samples: work.samples(tile.batch_row),
                rule: run.rule,
                columns: Columns::of(work.runs(), index, columns),
                adjacent: work.problem.columns_adjacent(),
                brackets,
                ratios,
                valid: tile.valid,
                invalid: work.rules.invalid,
                fill: work.fill,
                nan: work.nan,
                out: tile.out,
                row: tile.row,
                target: tile.target,
            });
        }
    }

    fn finish(&mut self) {}
}

fn write<I, O>(part: Part<'_, '_, '_, I, O>)
where
    I: Sample<Wide = <I as Sample>::Arith>,
    O: Value<I::Arith>,
{
    let (samples, rule, ratios) = (part.samples, part.rule, part.ratios);
    let pair = |i, column| [samples.at(i, column), samples.at(i + 1, column)];
    let as_it_is = |value| value;
    match rule {
        Rule::Previous | Rule::Next | Rule::Nearest => hold(part),
        Rule::Linear => each(part, as_it_is, |_, i, weight, column| {
            let [a, b] = pair(i, column);
            weight.blend(a, b)
        }),
        Rule::Angle => each(part, trig::wrap, |_, i, weight, column| {
            let [a, b] = pair(i, column);
            trig::blend_angles(weight, a, b)
        }),
        Rule::Cubic | Rule::Pchip => each(part, as_it_is, |t, i, weight, column| {
            let ([a, b], ratios) = (pair(i, column), ratios[t]);
            let beside = |ratio: I::Arith, i: usize, else_: I::Arith| match ratio > I::Arith::ZERO {
                true => samples.at(i, column),
                false => else_,
            };
            let previous = beside(ratios.before, i.wrapping_sub(1), a);
            let next = beside(ratios.after, i + 2, b);
            hermite::value(rule, weight, ratios, [previous, a, b, next])
        }),
        Rule::SlerpXyzw | Rule::SlerpWxyz => rotations(part),
    }
}

/// Samples as they are; the rules that hold have no brackets with weights.
fn hold<I: Sample, O: Value<I::Wide>>(part: Part<'_, '_, '_, I, O>) {
    let samples = part.samples;
    if !part.adjacent {
        return each(part, |value| value, |_, i, _, column| samples.at(i, column));
    }
    let (samples, mut out) = (samples.rows(), part.out.rows_mut(part.row));
    for (t, bracket) in part.brackets.iter().enumerate() {
        let out = out.row_mut(part.target + t);
        for columns in part.columns.ranges() {
            let out = &mut out[columns.clone()];
            match *bracket {
                Bracket::Fill => out.fill(part.fill),
                Bracket::NotATime => out.fill(part.nan),
                Bracket::Copy(i) | Bracket::Between(i, _) => convert(&samples.row(i)[columns], out),
            }
        }
    }
}

/// Values that depend on one column: `alone` of one sample, `between` of target t's samples i and i + 1.
fn each<I: Sample, O: Value<I::Wide>>(
    part: Part<'_, '_, '_, I, O>,
    alone: impl Fn(I::Wide) -> I::Wide,
    between: impl Fn(usize, usize, I::Arith, usize) -> I::Wide,
) {
    for (t, bracket) in part.brackets.iter().enumerate() {
        for column in part.columns.ranges().flatten() {
            let value = match *bracket {
                Bracket::Fill => part.fill,
                Bracket::NotATime => part.nan,
                Bracket::Copy(i) => O::narrow(alone(part.samples.at(i, column))),
                Bracket::Between(i, weight) => O::narrow(between(t, i, weight, column)),
            };
            part.out.set([part.row, part.target + t, column], value);
        }
    }
}

/// Values of four columns.
fn rotations<I, O>(part: Part<'_, '_, '_, I, O>)
where
    I: Sample<Wide = <I as Sample>::Arith>,
    O: Value<I::Arith>,
{
    for (t, bracket) in part.brackets.iter().enumerate() {
        for first in part.columns.ranges().flat_map(|range| range.step_by(4)) {
            let quad = |i| [0, 1, 2, 3].map(|k| part.samples.at(i, first + k));
            let rotation = match *bracket {
                Bracket::Fill => Ok(part.fill),
                Bracket::NotATime => Ok(part.nan),
                Bracket::Copy(i) => Err(rotation::unit(quad(i))),
                Bracket::Between(i, weight) => Err(rotation::slerp(weight, quad(i), quad(i + 1))),
            };
            let values = match rotation {
                Ok(missing) => [missing; 4],
                Err(Some(rotation)) => rotation.map(O::narrow),
                Err(None) => {
                    part.valid[t] = false;
                    match part.invalid {
                        Invalid::Keep => [O::narrow(I::Arith::NAN); 4],
                        Invalid::Fill => [part.fill; 4],
                    }
                }
            };
            for (k, value) in values.into_iter().enumerate() {
                part.out.set([part.row, part.target + t, first + k], value);
            }
        }
    }
}
