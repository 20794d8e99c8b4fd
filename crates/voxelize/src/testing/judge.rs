//! What must come out of a trial?

use super::trial::{Place, Trial};
use crate::{Determinism, Order, Output, Outside};
use robocache_core::DType;
use robocache_registry::operation::CaseOutputs;
use robocache_testkit::oracle::decode;
use robocache_testkit::voxels::{Expected, Question};
use std::collections::HashMap;

/// What the oracle is asked.
pub(super) fn question(trial: &Trial) -> Question {
    let count = trial.count();
    let wide = |numbers: [f32; 3]| numbers.map(f64::from);
    Question {
        point_dtype: trial.points.space.dtype,
        points: (0..count)
            .map(|point| [0, 1, 2].map(|axis| trial.points.float([point, axis])))
            .collect(),
        features: (0..count)
            .map(|point| {
                let features = trial.features.iter();
                let all =
                    features.flat_map(|of| (0..trial.columns()).map(|c| of.float([point, c])));
                all.collect()
            })
            .collect(),
        clouds: match &trial.offsets {
            None => vec![(0, count)],
            Some(offsets) => {
                let offset = |i| offsets.integer([i]) as usize;
                let clouds = 0..trial.batch();
                clouds
                    .map(|b| (offset(b), offset(b + 1) - offset(b)))
                    .collect()
            }
        },
        min: wide(trial.grid.min()),
        voxel_size: wide(trial.grid.voxel_size()),
        shape: trial.grid.shape(),
        clamp: trial.options.outside == Outside::Clamp,
    }
}

/// A voxel or a cell that has points.
struct Filled {
    coords: [usize; 4],
    points: Vec<usize>,
}

/// Those of a trial that get a place, with it; and how many there are.
fn filled(trial: &Trial, question: &Question) -> (HashMap<usize, Filled>, usize) {
    let cells = question.cells();
    let number = cells.len();
    let mut all: Vec<_> = cells
        .into_iter()
        .map(|(coords, points)| Filled { coords, points })
        .collect();
    let [xs, ys, zs] = trial.grid.shape();
    let by_place = match trial.place {
        Place::Dense => {
            let place = |[b, x, y, z]: [usize; 4]| ((b * xs + x) * ys + y) * zs + z;
            all.into_iter()
                .map(|cell| (place(cell.coords), cell))
                .collect()
        }
        Place::Sparse {
            capacity, order, ..
        } => {
            if order == Order::FirstPoint {
                all.sort_by_key(|voxel| voxel.points[0]);
            }
            all.into_iter().take(capacity).enumerate().collect()
        }
    };
    (by_place, number)
}

pub(super) fn check(trial: &Trial, outputs: &CaseOutputs) -> Result<(), String> {
    check_those(trial, outputs, |_| true)
}

/// Checks some of the outputs.
fn check_those(
    trial: &Trial,
    outputs: &CaseOutputs,
    those: impl Fn(Output) -> bool,
) -> Result<(), String> {
    let question = question(trial);
    let (filled, number) = filled(trial, &question);
    for output in Output::ALL.into_iter().filter(|&output| those(output)) {
        let Some(wish) = trial.wishes[output as usize] else {
            continue;
        };
        let bytes = &outputs[output as usize];
        let expected = expected(trial, &question, &filled, number, output);
        if bytes.len() != expected.len() * wish.dtype.size() {
            let (found, expected) = (bytes.len(), expected.len());
            let name = output.name();
            return Err(format!(
                "{name}: {found} bytes, expected {expected} numbers"
            ));
        }
        let found = numbers(wish.dtype, bytes);
        for (at, (&found, expected)) in found.iter().zip(expected).enumerate() {
            if !expected.fits(wish.dtype, found) {
                let name = output.name();
                return Err(format!(
                    "{name}, number {at}: found {found:e}, expected {expected:?}"
                ));
            }
        }
    }
    Ok(())
}

/// The numbers of an output. Integers are small enough.
fn numbers(dtype: DType, bytes: &[u8]) -> Vec<f64> {
    let integer = |b: &[u8]| {
        let sign = b
            .last()
            .map_or(0, |&last| if last >= 0x80 { 0xff } else { 0 });
        let mut word = [if dtype == DType::U8 { 0 } else { sign }; 8];
        word[..b.len()].copy_from_slice(b);
        i64::from_le_bytes(word) as f64
    };
    let each = bytes.chunks(dtype.size());
    each.map(|b| {
        if dtype.is_float() {
            decode(dtype, b)
        } else {
            integer(b)
        }
    })
    .collect()
}

/// What the numbers of an output must be, in the order of their indices.
fn expected(
    trial: &Trial,
    question: &Question,
    filled: &HashMap<usize, Filled>,
    number: usize,
    output: Output,
) -> Vec<Expected> {
    let exactly = |number: f64| Expected::Exactly(number);
    let (places, columns) = (trial.places(), trial.columns());
    let each_place = |empty: f64, of: &dyn Fn(&Filled) -> f64| -> Vec<Expected> {
        let of = |place| filled.get(&place).map_or(empty, of);
        (0..places).map(|place| exactly(of(place))).collect()
    };
    let each_column = |of: &dyn Fn(&Filled, usize) -> Expected| -> Vec<Expected> {
        let mut all = Vec::with_capacity(places * columns);
        for place in 0..places {
            let filled = filled.get(&place);
            let of = |column| filled.map_or(exactly(trial.options.empty), |f| of(f, column));
            all.extend((0..columns).map(of));
        }
        all
    };
    let quanta: Vec<_> = match (output, trial.options.determinism) {
        (Output::Sum | Output::Mean, level) if level != Determinism::NotGuaranteed => (0..columns)
            .map(|column| question.quantum(column))
            .collect(),
        _ => Vec::new(),
    };
    let sums = |filled: &Filled, column: usize| {
        let loose = |quantum| question.loose_sum(&filled.points, column, quantum);
        match trial.options.determinism {
            Determinism::NotGuaranteed => loose(None),
            Determinism::RunToRun => loose(Some(quanta[column])),
            Determinism::CpuEqualsGpu => question.fixed_sum(&filled.points, column, quanta[column]),
        }
    };
    match output {
        Output::Occupancy => each_place(0.0, &|_| 1.0),
        Output::Count => each_place(0.0, &|filled| filled.points.len() as f64),
        Output::First => each_place(-1.0, &|filled| filled.points[0] as f64),
        Output::Sum => each_column(&|filled, column| sums(filled, column)[0]),
        Output::Mean => each_column(&|filled, column| sums(filled, column)[1]),
        Output::Max => each_column(&|f, column| question.extremes(&f.points, column)[0]),
        Output::Min => each_column(&|f, column| question.extremes(&f.points, column)[1]),
        Output::Number => vec![exactly(number as f64)],
        Output::Bits => {
            let cells = trial.grid.cells() as usize;
            let byte = |cloud: usize, byte: usize| {
                let bits = (0..8).filter(|bit| {
                    let cell = 8 * byte + bit;
                    cell < cells && filled.contains_key(&(cloud * cells + cell))
                });
                exactly(bits.map(|bit| 1u8 << bit).sum::<u8>().into())
            };
            let clouds = 0..trial.batch();
            clouds
                .flat_map(|cloud| (0..cells.div_ceil(8)).map(move |at| byte(cloud, at)))
                .collect()
        }
        Output::Coords => {
            let of = |place| match filled.get(&place) {
                Some(filled) => filled.coords.map(|at| exactly(at as f64)),
                None => [exactly(-1.0); 4],
            };
            (0..places).flat_map(of).collect()
        }
        Output::PointToVoxel => {
            let mut all = vec![exactly(-1.0); trial.count()];
            for (&voxel, filled) in filled {
                for &point in &filled.points {
                    all[point] = exactly(voxel as f64);
                }
            }
            all
        }
        Output::Gathered => {
            let rows = trial.shape(output)[1];
            let mut all = vec![exactly(0.0); places * rows * columns];
            for (&voxel, filled) in filled {
                for (row, &point) in filled.points.iter().take(rows).enumerate() {
                    for column in 0..columns {
                        let at = (voxel * rows + row) * columns + column;
                        all[at] = exactly(question.feature(point, column));
                    }
                }
            }
            all
        }
    }
}

/// Bit for bit, but for sums where additions may come in any order: those must be right on both sides.
pub(super) fn same(trial: &Trial, one: &CaseOutputs, other: &CaseOutputs) -> Result<(), String> {
    let loose = trial.options.determinism != Determinism::CpuEqualsGpu;
    let is_loose = |output| loose && matches!(output, Output::Sum | Output::Mean);
    for output in Output::ALL.into_iter().filter(|&output| !is_loose(output)) {
        let (one, other) = (&one[output as usize], &other[output as usize]);
        if one != other {
            let at = one.iter().zip(other).position(|(a, b)| a != b);
            return Err(format!("{}: byte {at:?}", output.name()));
        }
    }
    check_those(trial, one, is_loose)?;
    check_those(trial, other, is_loose)
}
