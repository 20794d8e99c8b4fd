//! How does a table become a log?

use super::log::{Block, Data, Field, Log, Rows, Stored, Time};
use crate::console::{self, note};
use crate::failure::usage;
use crate::time::Stamps;
use anyhow::{Result, bail};
use robocache_io::csv::{Cells, Column, ReadOptions, Table, read_table};
use std::path::Path;

/// Integers up to this size are exact in f64.
pub(super) const EXACT: u64 = 1 << 53;

/// Reads a table; `wanted` are the values of `--columns`.
///
/// # Errors
/// Whatever is wrong with the file, with the column and the line.
pub(super) fn read(path: &Path, time: &str, wanted: &[String]) -> Result<Log> {
    let table = load(path)?;
    let at = position(&table, time)?;
    let chosen = choose(&table, at, wanted)?;
    from_table(table, at, &chosen)
}

/// Reads a table with a bar.
///
/// # Errors
/// Whatever is wrong with the file.
pub(crate) fn load(path: &Path) -> Result<Table> {
    let bar = console::byte_bar("reading");
    let table = read_table(path, &ReadOptions::default(), &mut console::progress(&bar))?;
    bar.finish_and_clear();
    Ok(table)
}

/// Where the column of that name is.
///
/// # Errors
/// If there is none, with the names that there are.
pub(crate) fn position(table: &Table, name: &str) -> Result<usize> {
    let found = table.column(name)?;
    let all = table.columns.iter();
    let mut here = all
        .enumerate()
        .filter(|(_, column)| std::ptr::eq(*column, found));
    Ok(here.next().map_or(0, |(at, _)| at))
}

/// The stamps in a column.
///
/// # Errors
/// If it holds none, with the line of what it holds instead.
fn stamps(table: &Table, at: usize) -> Result<(Stamps, Stored)> {
    let column = &table.columns[at];
    column.require_numeric()?;
    match &column.cells {
        Cells::I64(ticks) => Ok((Stamps::Ticks(ticks.clone()), Stored::I64)),
        Cells::F64(times) => Ok((Stamps::Float(times.clone()), Stored::F64)),
        _ => bail!(
            "{}, line {}, column {:?}: true and false are no times; name the column of times by \
             --time",
            table.path().display(),
            table.line_of(0),
            column.name
        ),
    }
}

/// The columns to resample, in the file's order: those asked for, else all that are numbers.
fn choose(table: &Table, time: usize, wanted: &[String]) -> Result<Vec<usize>> {
    let mut chosen = Vec::new();
    for name in names(wanted, |name| table.columns.iter().any(|c| c.name == name)) {
        let at = position(table, name)?;
        if at == time {
            return Err(usage(format!("{name:?} is both --time and in --columns")));
        }
        if chosen.contains(&at) {
            return Err(usage(format!("{name:?} is twice in --columns")));
        }
        chosen.push(at);
    }
    chosen.sort_unstable();
    if wanted.is_empty() {
        chosen = numeric(table, time);
    }
    Ok(chosen)
}

/// All columns of numbers but one; the columns of text are named in a note.
pub(crate) fn numeric(table: &Table, except: usize) -> Vec<usize> {
    let others = |text: bool| {
        let all = table.columns.iter().enumerate();
        all.filter(move |(at, column)| {
            *at != except && matches!(column.cells, Cells::Text(_)) == text
        })
    };
    let skipped: Vec<String> = others(true)
        .map(|(_, column)| match &column.cells {
            Cells::Text(found) => format!(
                "{:?} (line {} holds {:?})",
                column.name.trim(),
                found.line,
                found.cell.chars().take(40).collect::<String>()
            ),
            _ => String::new(),
        })
        .collect();
    if !skipped.is_empty() {
        note(&format!(
            "columns of text are skipped: {}",
            skipped.join(", ")
        ));
    }
    others(false).map(|(at, _)| at).collect()
}

/// The names in `--columns`: separated by commas, unless the whole is itself a name.
pub(super) fn names(wanted: &[String], is_name: impl Fn(&str) -> bool) -> Vec<&str> {
    let mut names = Vec::new();
    for text in wanted {
        if is_name(text) {
            names.push(text.as_str());
        } else {
            names.extend(
                text.split(',')
                    .map(str::trim)
                    .filter(|name| !name.is_empty()),
            );
        }
    }
    names
}

/// The log of a table, with the columns chosen.
///
/// # Errors
/// If there are none, or the times are none.
pub(crate) fn from_table(mut table: Table, time: usize, chosen: &[usize]) -> Result<Log> {
    if chosen.is_empty() {
        bail!(
            "{}: there is no column of numbers beside the times {:?}",
            table.path().display(),
            table.columns[time].name.trim()
        );
    }
    let (stamps, stored) = stamps(&table, time)?;
    let data = matrix(&table, chosen)?;
    let columns = std::mem::take(&mut table.columns);
    let field = |&at: &usize| Field {
        name: columns[at].name.clone(),
        shape: Vec::new(),
    };
    let block = Block {
        fields: chosen.iter().map(field).collect(),
        data: Data::F64(data),
    };
    Ok(Log {
        path: table.path().to_path_buf(),
        time: Time {
            name: columns[time].name.clone(),
            stamps,
            position: chosen.iter().filter(|&&column| column < time).count(),
            stored,
        },
        blocks: vec![block],
        rest: Vec::new(),
        added: Vec::new(),
        rows: Rows::Lines(table),
    })
}

/// Columns as `[S, D]` in row-major order.
///
/// # Errors
/// For columns of text.
fn matrix(table: &Table, chosen: &[usize]) -> Result<Vec<f64>> {
    let (rows, width) = (table.rows(), chosen.len());
    crate::memory::ensure(
        rows as u128 * width as u128 * 8,
        "the table, once more in binary,",
    )?;
    let mut data = vec![0.0; rows * width];
    for (place, &at) in chosen.iter().enumerate() {
        let column = &table.columns[at];
        warn_of_rounding(column);
        let values = column.to_f64()?;
        let cells = data.iter_mut().skip(place).step_by(width);
        for (cell, &value) in cells.zip(values.iter()) {
            *cell = value;
        }
    }
    Ok(data)
}

fn warn_of_rounding(column: &Column) {
    if let Cells::I64(values) = &column.cells
        && let Some(value) = values.iter().find(|value| value.unsigned_abs() > EXACT)
    {
        note_rounding(&column.name, value);
    }
}

/// Says that a column of integers loses digits.
pub(super) fn note_rounding(name: &str, value: impl std::fmt::Display) {
    note(&format!(
        "{:?} holds integers such as {value}, which 64-bit floating point rounds",
        name.trim()
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_separated_by_commas_unless_one_holds_a_comma() {
        let wanted = ["a, b".to_owned(), "x,y".to_owned()];
        assert_eq!(names(&wanted, |name| name == "x,y"), ["a", "b", "x,y"]);
        assert_eq!(names(&wanted, |_| false), ["a", "b", "x", "y"]);
    }
}
