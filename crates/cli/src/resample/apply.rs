//! How do a log's columns get onto the targets, with few calls?
//!
//! One call resamples the columns of a block, those of one kind beside each other; where a rotation's
//! columns lie in several blocks, one call resamples those blocks.

use super::assign::{Column, Share};
use super::log::{Block, Data, Log};
use super::parts::parts;
use crate::console;
use crate::device::Device;
use crate::engine::Job;
use crate::memory;
use crate::time::Stamps;
use anyhow::Result;
use robocache::trajectory::{Options, Span, Spans};
use robocache::{Element, f16};
use std::borrow::Cow;

/// What became of a log's blocks.
pub(super) struct Applied {
    pub(super) blocks: Vec<Block>,
    /// Which targets were covered by samples in every column.
    pub(super) mask: Vec<bool>,
    /// How old the samples were, in the unit of the stamps; empty if it was not asked for.
    pub(super) age: Vec<f32>,
}

/// How it is to be done.
pub(super) struct How<'a> {
    pub(super) device: &'a Device,
    /// All but the kinds.
    pub(super) options: Options,
    /// Whether ages are wanted.
    pub(super) age: bool,
}

/// Every column on the targets.
///
/// # Errors
/// What the library reports, or too little memory.
pub(super) fn apply(
    log: &Log,
    targets: &Stamps,
    shares: &[Share],
    how: &How<'_>,
) -> Result<Applied> {
    let mut applied = Applied {
        blocks: log.blocks.iter().map(without_rows).collect(),
        mask: vec![true; targets.len()],
        age: vec![f32::NAN; if how.age { targets.len() } else { 0 }],
    };
    for part in parts(log, shares)? {
        let first = part.first().and_then(|share| share.columns.first());
        match first.map(|column| &log.blocks[column.block].data) {
            Some(Data::F16(_)) => one::<f16>(log, targets, &part, how, &mut applied)?,
            Some(Data::F32(_)) => one::<f32>(log, targets, &part, how, &mut applied)?,
            Some(Data::F64(_)) => one::<f64>(log, targets, &part, how, &mut applied)?,
            None => {}
        }
    }
    Ok(applied)
}

fn without_rows(block: &Block) -> Block {
    Block {
        fields: block.fields.clone(),
        data: match block.data {
            Data::F16(_) => Data::F16(Vec::new()),
            Data::F32(_) => Data::F32(Vec::new()),
            Data::F64(_) => Data::F64(Vec::new()),
        },
    }
}

/// A type of values that a block can have.
trait Stored: Element + Default {
    fn of(data: &Data) -> &[Self];
    fn of_mut(data: &mut Data) -> Option<&mut Vec<Self>>;
}

macro_rules! stored {
    ($($kind:ident: $type:ty),*) => {$(
        impl Stored for $type {
            fn of(data: &Data) -> &[Self] {
                match data {
                    Data::$kind(values) => values,
                    _ => &[],
                }
            }
            fn of_mut(data: &mut Data) -> Option<&mut Vec<Self>> {
                match data {
                    Data::$kind(values) => Some(values),
                    _ => None,
                }
            }
        }
    )*};
}

stored!(F16: f16, F32: f32, F64: f64);

/// One call.
fn one<T: Stored>(
    log: &Log,
    targets: &Stamps,
    part: &[Share],
    how: &How<'_>,
    applied: &mut Applied,
) -> Result<()> {
    let columns: Vec<Column> = part
        .iter()
        .flat_map(|share| &share.columns)
        .copied()
        .collect();
    let spans: Vec<Span> = part
        .iter()
        .map(|share| Span {
            columns: share.columns.len(),
            kind: share.kind,
        })
        .collect();
    let data = gather::<T>(log, &columns)?;
    let bar = console::row_bar("resampling");
    let job = Job {
        data: &data,
        columns: columns.len(),
        source: &log.time.stamps,
        target: targets,
        // One of each kind, of which there are fewer than a call takes.
        options: how.options.kind(Spans::new(&spans)?),
        age: how.age,
    };
    let done = job.run(how.device, &bar)?;
    bar.finish_and_clear();
    for (all, valid) in applied.mask.iter_mut().zip(&done.mask) {
        *all &= *valid != 0;
    }
    // The stamps are those of all columns, and so are the ages.
    applied.age = done.age;
    scatter(done.values, &columns, targets.len(), &mut applied.blocks)
}

/// The number of the block that the columns are, if they are all of one in its order.
fn as_block(columns: &[Column], blocks: &[Block]) -> Option<usize> {
    let block = columns.first()?.block;
    let is_whole = columns.len() == blocks[block].width();
    let mut places = columns.iter().enumerate();
    (is_whole && places.all(|(at, &column)| column == Column { block, at })).then_some(block)
}

/// Columns side by side, `[S, D]`.
fn gather<'l, T: Stored>(log: &'l Log, columns: &[Column]) -> Result<Cow<'l, [T]>> {
    if let Some(block) = as_block(columns, &log.blocks) {
        return Ok(Cow::Borrowed(T::of(&log.blocks[block].data)));
    }
    let rows = log.time.stamps.len();
    memory::ensure(
        rows as u128 * columns.len() as u128 * size_of::<T>() as u128,
        "the file's columns, once more by their kinds,",
    )?;
    let mut data = vec![T::default(); rows * columns.len()];
    for (place, column) in columns.iter().enumerate() {
        let block = &log.blocks[column.block];
        let from = T::of(&block.data).iter().skip(column.at);
        let to = data.iter_mut().skip(place).step_by(columns.len());
        to.zip(from.step_by(block.width()))
            .for_each(|(to, from)| *to = *from);
    }
    Ok(Cow::Owned(data))
}

/// Puts values `[T, D]` to where their columns belong.
fn scatter<T: Stored>(
    values: Vec<T>,
    columns: &[Column],
    targets: usize,
    blocks: &mut [Block],
) -> Result<()> {
    if let Some(block) = as_block(columns, blocks) {
        if let Some(data) = T::of_mut(&mut blocks[block].data) {
            *data = values;
        }
        return Ok(());
    }
    memory::ensure(
        size_of_val(values.as_slice()) as u128,
        "the resampled values, once more in the file's order,",
    )?;
    for (place, column) in columns.iter().enumerate() {
        let block = &mut blocks[column.block];
        let width = block.width();
        let Some(data) = T::of_mut(&mut block.data) else {
            continue;
        };
        data.resize(targets * width, T::default());
        let to = data.iter_mut().skip(column.at).step_by(width);
        let from = values.iter().skip(place).step_by(columns.len());
        to.zip(from).for_each(|(to, from)| *to = *from);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resample::log::testing::{block, log};
    use robocache::trajectory::{Kind, Quaternion};

    const SLERP: Kind = Kind::Slerp(Quaternion::Xyzw);

    fn share(kind: Kind, columns: &[(usize, usize)]) -> Share {
        let columns = columns.iter().map(|&(block, at)| Column { block, at });
        let columns = columns.collect();
        Share { kind, columns }
    }

    #[test]
    fn columns_come_back_to_where_they_were() {
        let data: Vec<f64> = vec![9.0, 0.0, 1.0, 5.0, 0.0, 0.0, 7.0, 1.0, 1.0, 6.0, 0.0, 0.0];
        let log = log(vec![block(
            &["a", "w", "x", "b", "y", "z"],
            Data::F64(data),
        )]);
        let shares = [
            share(SLERP, &[(0, 2), (0, 4), (0, 5), (0, 1)]),
            share(Kind::Previous, &[(0, 3), (0, 0)]),
        ];
        let targets = Stamps::Float(vec![0.0, 0.5, 1.0]);
        let how = How {
            device: &Device::Cpu,
            options: Options::default(),
            age: true,
        };
        let applied = apply(&log, &targets, &shares, &how).expect("resampled");
        let columns: Vec<Vec<f64>> = (0..6).map(|at| applied.blocks[0].column(at)).collect();
        assert_eq!(columns[0], [9.0, 9.0, 7.0]);
        assert_eq!(columns[3], [5.0, 5.0, 6.0]);
        assert_eq!(columns[4], [0.0; 3]);
        // From a half turn about x to a quarter turn.
        let (sin, cos) = (3.0 * std::f64::consts::FRAC_PI_8).sin_cos();
        assert!((columns[1][1] - cos).abs() < 1e-12 && (columns[2][1] - sin).abs() < 1e-12);
        assert_eq!(applied.mask, [true; 3]);
        assert_eq!(applied.age, [0.0, 0.5, 0.0]);
    }

    #[test]
    fn blocks_without_columns_stay() {
        let log = log(vec![block(&[], Data::F32(Vec::new()))]);
        let targets = Stamps::Float(vec![0.0, 0.5]);
        let how = How {
            device: &Device::Cpu,
            options: Options::default(),
            age: true,
        };
        let applied = apply(&log, &targets, &[], &how).expect("nothing to do");
        assert_eq!((applied.blocks.len(), applied.mask), (1, vec![true; 2]));
        assert_eq!(applied.age.len(), 2);
    }
}
