//! How does a log become a file?

use super::csv::EXACT;
use super::format::Format;
use super::log::{Added, Block, Data, Log, Stored, values_of};
use crate::console::{self, note, spinner};
use crate::failure::usage;
use crate::time::Stamps;
use anyhow::{Result, bail};
use robocache_io::csv::{ColumnRef, plain_name, write_table};
use robocache_io::npy::{ArrayRef, Values, write_npy, write_npz};
use std::path::Path;

/// Makes sure that the file can hold the times: an .npy file has one type, floating point.
///
/// # Errors
/// If integer stamps would lose digits in it.
pub(super) fn check_exact(log: &Log, format: Format, path: &Path) -> Result<()> {
    if let (Format::Npy, Stamps::Ticks(ticks)) = (format, &log.time.stamps)
        && let Some(tick) = ticks.iter().find(|tick| tick.unsigned_abs() > EXACT)
    {
        bail!(
            "{}: an .npy file holds one type, and stamps such as {tick} lose digits in floating \
             point; write an .npz or .csv file",
            path.display()
        );
    }
    Ok(())
}

/// Makes sure that the file can hold what is added to the log: `added` are options and the names that they
/// give.
///
/// # Errors
/// For an .npy file, which has no names, and for a name that is empty or taken.
pub(super) fn check_added(log: &Log, format: Format, added: &[(&str, &str)]) -> Result<()> {
    let fields = log.blocks.iter().flat_map(|block| &block.fields);
    let fields = fields.map(|field| field.name.as_str());
    let rest = log.rest.iter().map(|(name, _)| name.as_str());
    let mut taken: Vec<&str> = fields.chain(rest).chain([log.time.name.as_str()]).collect();
    for (option, name) in added {
        if format == Format::Npy {
            return Err(usage(format!(
                "{option} {name}: an .npy file is one array of floating point, whose columns have no \
                 names; write an .npz or .csv file"
            )));
        }
        if plain_name(name).is_empty() {
            return Err(usage(format!("{option} needs a name")));
        }
        let mut others = taken.iter();
        if others.any(|other| plain_name(other) == plain_name(name)) {
            return Err(usage(format!(
                "{option} {name}: the output has a column of that name already; choose another one"
            )));
        }
        taken.push(name);
    }
    Ok(())
}

/// Writes a log.
///
/// # Errors
/// What the operating system says; the file is then as it was before.
pub(super) fn write(log: &Log, format: Format, path: &Path) -> Result<()> {
    if format != Format::Npz && !log.rest.is_empty() {
        let names: Vec<&str> = log.rest.iter().map(|(name, _)| name.as_str()).collect();
        note(&format!(
            "only an .npz file can hold what is no stream; left out: {}",
            names.join(", ")
        ));
    }
    match format {
        Format::Csv => csv(log, path),
        Format::Npz => npz(log, path),
        Format::Npy => npy(log, path),
    }
}

/// The values of one column, in the type in which they are written as text.
enum Cells {
    F32(Vec<f32>),
    F64(Vec<f64>),
    I64(Vec<i64>),
    Bool(Vec<bool>),
}

impl Cells {
    fn as_ref(&self) -> ColumnRef<'_> {
        match self {
            Cells::F32(values) => ColumnRef::F32(values),
            Cells::F64(values) => ColumnRef::F64(values),
            Cells::I64(values) => ColumnRef::I64(values),
            Cells::Bool(values) => ColumnRef::Bool(values),
        }
    }
}

fn csv(log: &Log, path: &Path) -> Result<()> {
    let mut columns: Vec<(String, Cells)> = Vec::new();
    let mut fields = 0;
    let mut time = Some(match (&log.time.stamps, log.time.stored) {
        (Stamps::Ticks(ticks), _) => Cells::I64(ticks.clone()),
        (Stamps::Float(times), Stored::F32) => {
            Cells::F32(times.iter().map(|&time| time as f32).collect())
        }
        (Stamps::Float(times), _) => Cells::F64(times.clone()),
    });
    for block in &log.blocks {
        let mut at = 0;
        for field in &block.fields {
            if fields == log.time.position
                && let Some(time) = time.take()
            {
                columns.push((log.time.name.clone(), time));
            }
            for index in 0..field.width() {
                let name = format!("{}{}", field.name, subscript(index, &field.shape));
                columns.push((name, cells(block, at + index)));
            }
            at += field.width();
            fields += 1;
        }
    }
    if let Some(time) = time.take() {
        columns.push((log.time.name.clone(), time));
    }
    for (name, added) in &log.added {
        let cells = match added {
            Added::Mask(mask) => Cells::Bool(mask.clone()),
            Added::Age(age) => Cells::F32(age.clone()),
        };
        columns.push((name.clone(), cells));
    }
    let columns: Vec<(&str, ColumnRef<'_>)> = columns
        .iter()
        .map(|(name, cells)| (name.as_str(), cells.as_ref()))
        .collect();
    let bar = console::row_bar("writing");
    write_table(path, &columns, &mut console::progress(&bar))?;
    bar.finish_and_clear();
    Ok(())
}

/// The place of a column in its array, as Python would write it: `[1][2]`.
fn subscript(mut index: usize, shape: &[usize]) -> String {
    let mut places = Vec::new();
    for &size in shape.iter().rev() {
        places.push(index % size);
        index /= size;
    }
    places.iter().rev().map(|at| format!("[{at}]")).collect()
}

fn cells(block: &Block, column: usize) -> Cells {
    match &block.data {
        Data::F64(_) => Cells::F64(block.column(column)),
        // Each of them is an f32 widened, so that narrowing it loses nothing.
        _ => Cells::F32(
            block
                .column(column)
                .iter()
                .map(|&value| value as f32)
                .collect(),
        ),
    }
}

fn npz(log: &Log, path: &Path) -> Result<()> {
    let rows = log.time.stamps.len();
    let mut arrays: Vec<(&str, Vec<usize>, Values)> = Vec::new();
    for block in &log.blocks {
        let mut at = 0;
        for field in &block.fields {
            let mut shape = vec![rows];
            shape.extend(&field.shape);
            let columns = at..at + field.width();
            arrays.push((&field.name, shape, part(block, columns)));
            at += field.width();
        }
    }
    let time = values_of(&log.time.stamps, log.time.stored);
    let position = log.time.position.min(arrays.len());
    arrays.insert(position, (&log.time.name, vec![rows], time));
    for (name, added) in &log.added {
        let values = match added {
            Added::Mask(mask) => Values::Bool(mask.clone()),
            Added::Age(age) => Values::F32(age.clone()),
        };
        arrays.push((name, vec![rows], values));
    }
    let mut all: Vec<(&str, ArrayRef<'_>)> = arrays
        .iter()
        .map(|(name, shape, values)| (*name, ArrayRef::new(shape, values.as_ref())))
        .collect();
    let rest = log.rest.iter();
    all.extend(rest.map(|(name, array)| (name.as_str(), array.as_ref())));
    let bar = spinner("writing");
    write_npz(path, &all)?;
    bar.finish_and_clear();
    Ok(())
}

/// Some neighbouring columns of a block.
fn part(block: &Block, columns: std::ops::Range<usize>) -> Values {
    fn of<T: Copy>(data: &[T], width: usize, columns: std::ops::Range<usize>) -> Vec<T> {
        if columns.len() == width {
            return data.to_vec();
        }
        let rows = data.chunks_exact(width.max(1));
        rows.flat_map(|row| &row[columns.clone()])
            .copied()
            .collect()
    }
    let width = block.width();
    match &block.data {
        Data::F16(data) => Values::F16(of(data, width, columns)),
        Data::F32(data) => Values::F32(of(data, width, columns)),
        Data::F64(data) => Values::F64(of(data, width, columns)),
    }
}

/// All columns side by side in one array: of f32 if everything was, else of f64.
fn npy(log: &Log, path: &Path) -> Result<()> {
    let rows = log.time.stamps.len();
    let widths: usize = log.blocks.iter().map(Block::width).sum();
    let shape = [rows, widths + 1];
    crate::memory::ensure(rows as u128 * shape[1] as u128 * 8, "the array")?;
    let mut matrix = vec![0.0f64; rows * shape[1]];
    let mut put = |at: usize, values: &[f64]| {
        let cells = matrix.iter_mut().skip(at).step_by(shape[1]);
        cells.zip(values).for_each(|(cell, &value)| *cell = value);
    };
    let (mut at, mut fields) = (0, 0);
    let mut time_at = None;
    for block in &log.blocks {
        let mut column = 0;
        for field in &block.fields {
            if fields == log.time.position {
                time_at = Some(at);
                at += 1;
            }
            for _ in 0..field.width() {
                put(at, &block.column(column));
                (at, column) = (at + 1, column + 1);
            }
            fields += 1;
        }
    }
    let time = values_of(&log.time.stamps, log.time.stored);
    put(time_at.unwrap_or(at), &time.to_f64());
    let is_f32 = log.time.stored == Stored::F32
        && log
            .blocks
            .iter()
            .all(|block| matches!(block.data, Data::F32(_)));
    let values = if is_f32 {
        Values::F32(matrix.into_iter().map(|value| value as f32).collect())
    } else {
        Values::F64(matrix)
    };
    let bar = spinner("writing");
    write_npy(path, &ArrayRef::new(&shape, values.as_ref()))?;
    bar.finish_and_clear();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_arrays_are_named_as_in_python() {
        assert_eq!(subscript(0, &[]), "");
        assert_eq!(subscript(5, &[7]), "[5]");
        assert_eq!(subscript(5, &[2, 3]), "[1][2]");
    }
}
