//! How does a file become a table?

use super::column::{Builder, Refusal};
use super::header::read_header;
use super::lines::{LONGEST_ROW, Lines, is_blank, too_long};
use super::split::{Row, Splitter};
use super::table::{self, Column, Table, plain_name};
use crate::error::Emptiness;
use crate::{Error, Result};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes between two reports of progress.
const REPORT_EVERY: u64 = 1 << 20;

/// How a table is written down, where that cannot be seen from the file or should not be guessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// What separates the cells; `None` (the default) takes it from the header.
    pub delimiter: Option<u8>,
    /// What a comment line begins with, `#` by default; `None` if there are no comments.
    pub comment: Option<u8>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions {
            delimiter: None,
            comment: Some(b'#'),
        }
    }
}

impl ReadOptions {
    pub(super) fn is_comment(&self, line: &[u8]) -> bool {
        self.comment.is_some() && line.first().copied() == self.comment
    }
}

/// Reads the table in a file.
///
/// `progress` is called now and then, and once at the end, with the bytes read so far and the size
/// of the file (0 where it has none, as for a pipe).
///
/// # Errors
/// Whatever is wrong with the file, see [`Error`]; the [module](super) says what is accepted.
pub fn read_table(
    path: impl AsRef<Path>,
    options: &ReadOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Table> {
    let path = path.as_ref();
    let file = File::open(path).map_err(Error::io(path))?;
    let total = file.metadata().map_err(Error::io(path))?.len();
    read_from(file, path, options, &mut |bytes| progress(bytes, total))
}

/// Reads the table in anything that can be read; `name` stands for the file in errors.
///
/// # Errors
/// As [`read_table`].
pub fn parse_table(input: impl Read, name: impl AsRef<Path>) -> Result<Table> {
    read_from(input, name.as_ref(), &ReadOptions::default(), &mut |_| {})
}

fn read_from(
    input: impl Read,
    path: &Path,
    options: &ReadOptions,
    progress: &mut dyn FnMut(u64),
) -> Result<Table> {
    let mut lines = Lines::new(input, path);
    let header = read_header(&mut lines, path, options)?;
    let delimiter = header.delimiter;
    let mut splitter = Splitter::new(delimiter);
    let mut body = Body::new(header.names, header.line, path);
    let (mut line, mut number) = match header.first_row {
        Some((line, number)) => (line, Some(number)),
        None => {
            let mut line = Vec::new();
            let number = lines.next(&mut line)?;
            (line, number)
        }
    };
    let mut reported = 0;
    while let Some(at) = number {
        if !is_blank(&line, Some(delimiter)) && !options.is_comment(&line) {
            read_row(&mut splitter, &line, at, path, Some(&mut lines))?;
            body.push(splitter.cells(&line), at)?;
        }
        if lines.bytes() - reported >= REPORT_EVERY {
            reported = lines.bytes();
            progress(reported);
        }
        number = lines.next(&mut line)?;
    }
    progress(lines.bytes());
    body.finish()
}

/// Splits the row that begins with `line`, and reads further lines while a quote is open.
pub(super) fn read_row<R: Read>(
    splitter: &mut Splitter,
    line: &[u8],
    number: u64,
    path: &Path,
    mut lines: Option<&mut Lines<'_, R>>,
) -> Result<()> {
    let malformed = |what: &str| Error::malformed(path, format!("line {number}: {what}"));
    let text_after = |_| malformed("text follows a closing quote; write a quote in a cell as \"\"");
    let mut row = splitter.begin(line).map_err(text_after)?;
    let mut further = Vec::new();
    while row == Row::GoesOn {
        let is_read = match lines.as_deref_mut() {
            Some(lines) => lines.next(&mut further)?.is_some(),
            None => false,
        };
        if !is_read {
            return Err(malformed("a quote is opened and never closed"));
        }
        row = splitter.go_on(&further).map_err(text_after)?;
        if splitter.quoted_len() > LONGEST_ROW {
            return Err(too_long(path, number));
        }
    }
    Ok(())
}

/// The rows read so far.
struct Body<'a> {
    path: &'a Path,
    names: Vec<String>,
    header_line: u64,
    columns: Vec<Builder>,
    rows: usize,
    lines: table::Lines,
}

impl<'a> Body<'a> {
    fn new(names: Vec<String>, header_line: u64, path: &'a Path) -> Self {
        Body {
            path,
            columns: names.iter().map(|_| Builder::new()).collect(),
            names,
            header_line,
            rows: 0,
            lines: table::Lines::default(),
        }
    }

    fn push<'c>(
        &mut self,
        cells: impl ExactSizeIterator<Item = &'c [u8]>,
        line: u64,
    ) -> Result<()> {
        if cells.len() != self.columns.len() {
            return Err(Error::Ragged {
                path: self.path.to_path_buf(),
                line,
                found: cells.len(),
                expected: self.columns.len(),
                header_line: self.header_line,
            });
        }
        for ((column, name), cell) in self.columns.iter_mut().zip(&self.names).zip(cells) {
            let cell = cell.trim_ascii();
            if let Err(refusal) = column.push(cell, line) {
                return Err(explain(refusal, self.path, name, line, cell));
            }
        }
        self.lines.push(self.rows, line);
        self.rows += 1;
        Ok(())
    }

    fn finish(self) -> Result<Table> {
        let path = self.path;
        if self.rows == 0 {
            return Err(Error::Empty {
                path: path.to_path_buf(),
                what: Emptiness::NoRows,
            });
        }
        let columns = self.columns.into_iter().zip(self.names);
        let columns = columns.map(|(column, name)| match column.finish(path) {
            Ok(cells) => Ok(Column { name, cells }),
            Err(refusal) => Err(explain(refusal, path, &name, 0, b"")),
        });
        Ok(Table {
            columns: columns.collect::<Result<_>>()?,
            path: path.to_path_buf(),
            rows: self.rows,
            lines: self.lines,
        })
    }
}

/// The refusal of the cell on `line`, or of an earlier one, as an error for the user.
#[cold]
fn explain(refusal: Refusal, path: &Path, name: &str, line: u64, cell: &[u8]) -> Error {
    let path = path.to_path_buf();
    let column = plain_name(name).to_owned();
    let text = String::from_utf8_lossy(cell).into_owned();
    match refusal {
        Refusal::NotANumber => Error::NotANumber {
            path,
            line,
            column,
            cell: text,
        },
        Refusal::NotABool { line: refused } => Error::NotABool {
            path,
            line: refused,
            column,
            // Earlier cells are refused only because they are empty.
            cell: if refused == line { text } else { String::new() },
        },
        Refusal::MissingInteger {
            line,
            integer,
            integer_line,
        } => Error::MissingInteger {
            path,
            line,
            column,
            integer,
            integer_line,
        },
    }
}
