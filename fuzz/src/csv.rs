//! Any bytes as a table in text.
//!
//! A first byte of 1, which no text begins with, is followed by a delimiter and a comment mark; the rest
//! is then read from a file with these options.

use crate::{memory, scratch};
use robocache_io::csv::{
    Cells, ColumnRef, ReadOptions, Table, parse_table, read_table, write_table_to,
};
use robocache_io::{Error, Result};
use std::path::Path;

/// One cell may be one byte, and costs a number, a range and, in the header, a column.
const BYTES_PER_BYTE: usize = 1000;
const BUFFERS: usize = 4 << 20;

/// Reads a table, checks what it says about itself, and writes and reads it again. Whether there was one.
///
/// # Panics
/// On a bug.
pub fn run(data: &[u8]) -> bool {
    let limit = BUFFERS + BYTES_PER_BYTE * data.len();
    if let [1, delimiter, comment, text @ ..] = data {
        let options = ReadOptions {
            delimiter: (*delimiter != 0).then_some(*delimiter),
            comment: (*comment != 0).then_some(*comment),
        };
        let file = scratch::file("fuzz.csv", text);
        let table = memory::within(limit, || read_table(&file, &options, &mut |_, _| {}));
        let table = told(table);
        if let Some(table) = &table {
            check(table, text);
        }
        return table.is_some();
    }
    let table = memory::within(limit, || parse_table(data, "fuzz.csv"));
    let table = told(table);
    if let Some(table) = &table {
        check(table, data);
        write_and_read(table);
    }
    table.is_some()
}

/// The table, or nothing if it was refused; the refusal must be sayable.
fn told(table: Result<Table>) -> Option<Table> {
    table
        .map_err(|error| assert!(!error.to_string().is_empty()))
        .ok()
}

fn check(table: &Table, text: &[u8]) {
    assert_eq!(table.path().file_name(), Path::new("fuzz.csv").file_name());
    assert!(table.rows() > 0 && !table.columns.is_empty());
    let lines = text.iter().filter(|&&byte| byte == b'\n').count() as u64 + 1;
    let mut last = 0;
    for row in 0..table.rows() {
        let line = table.line_of(row);
        assert!(
            last < line && line <= lines,
            "row {row} on line {line} of {lines}"
        );
        last = line;
    }
    for column in &table.columns {
        let found = table.column(&column.name).expect("a column has its name");
        assert!(found.name == column.name);
        let is_text = matches!(column.cells, Cells::Text(_));
        match column.to_f64() {
            Ok(values) => assert!(!is_text && values.len() == table.rows()),
            Err(error) => assert!(is_text && matches!(error, Error::NotANumber { .. })),
        }
    }
}

fn write_and_read(table: &Table) {
    let kept: Vec<(&str, ColumnRef<'_>, &Cells)> = table
        .columns
        .iter()
        .filter_map(|column| {
            let cells = match &column.cells {
                Cells::I64(values) => ColumnRef::I64(values),
                Cells::F64(values) => ColumnRef::F64(values),
                Cells::Bool(values) => ColumnRef::Bool(values),
                Cells::Text(_) => return None,
            };
            Some((column.name.as_str(), cells, &column.cells))
        })
        .collect();
    if kept.is_empty() {
        return;
    }
    let columns: Vec<_> = kept.iter().map(|&(name, cells, _)| (name, cells)).collect();
    let mut text = Vec::new();
    write_table_to(&mut text, "again.csv", &columns, &mut |_, _| {})
        .unwrap_or_else(|error| panic!("what was read cannot be written: {error}"));
    let again = match parse_table(&text[..], "again.csv") {
        Ok(again) => again,
        // A column of text may have had the only name that tells the header from a row.
        Err(Error::NoHeader { .. }) if kept.len() < table.columns.len() => return,
        Err(error) => panic!(
            "what was written cannot be read: {error}\n{:?}",
            String::from_utf8_lossy(&text)
        ),
    };
    assert_eq!(again.columns.len(), kept.len());
    for (column, (name, _, cells)) in again.columns.iter().zip(&kept) {
        assert_eq!(column.name, *name);
        assert!(
            same(&column.cells, cells),
            "column {name:?}: {:?} became {:?}",
            cells,
            column.cells
        );
    }
}

/// Bit for bit, but every NaN is like every other.
fn same(one: &Cells, other: &Cells) -> bool {
    match (one, other) {
        (Cells::F64(one), Cells::F64(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(a, b)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()))
        }
        _ => one == other,
    }
}
