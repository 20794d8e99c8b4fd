//! What does a table hold, and how are its columns found?

use super::nearest::by_similarity;
use crate::{Error, Result};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// The columns of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The columns, in the file's order.
    pub columns: Vec<Column>,
    pub(super) path: PathBuf,
    pub(super) rows: usize,
    pub(super) lines: Lines,
}

/// A named column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The name exactly as in the file, with any blanks and `#`.
    pub name: String,
    /// The values.
    pub cells: Cells,
}

/// The values of a column: one for each row of the table.
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    /// Integers, each exactly as in the file.
    I64(Vec<i64>),
    /// Numbers; NaN where there is none.
    F64(Vec<f64>),
    /// True or false.
    Bool(Vec<bool>),
    /// Anything else. The values are not kept, only the evidence.
    Text(TextCell),
}

/// The cell that made a column one of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextCell {
    /// The file.
    pub path: PathBuf,
    /// The cell's line.
    pub line: u64,
    /// What it holds.
    pub cell: String,
}

impl Table {
    /// The file that the table came from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The column of that name.
    ///
    /// A column whose name is exactly `name` is preferred. Otherwise blanks around the names and
    /// one `#` in front of them do not matter, so that `timestamp` finds EuRoC's `#timestamp`.
    ///
    /// # Errors
    /// [`Error::MissingColumn`], with the names that there are.
    pub fn column(&self, name: &str) -> Result<&Column> {
        let wanted = plain_name(name);
        let exact = self.columns.iter().find(|column| column.name == name);
        exact
            .or_else(|| {
                self.columns
                    .iter()
                    .find(|column| plain_name(&column.name) == wanted)
            })
            .ok_or_else(|| Error::MissingColumn {
                path: self.path.clone(),
                column: name.to_owned(),
                available: by_similarity(
                    wanted,
                    self.columns.iter().map(|column| plain_name(&column.name)),
                ),
            })
    }

    /// The line of the file that row `row` (counted from 0) begins on, counted from 1.
    ///
    /// Blank lines, comments and line breaks within quotes are counted as an editor does. A row
    /// past the last gives the line where it would be if the file went on.
    pub fn line_of(&self, row: usize) -> u64 {
        self.lines.of(row)
    }
}

impl Column {
    /// The values as floating-point numbers; booleans are 1 and 0.
    ///
    /// Integers beyond 2^53 are rounded to the nearest number that there is.
    ///
    /// # Errors
    /// [`Error::NotANumber`] for a column of text, with the cell that is none.
    pub fn to_f64(&self) -> Result<Cow<'_, [f64]>> {
        Ok(match &self.cells {
            Cells::F64(values) => Cow::Borrowed(values),
            Cells::I64(values) => values.iter().map(|&value| value as f64).collect(),
            Cells::Bool(values) => values
                .iter()
                .map(|&value| f64::from(u8::from(value)))
                .collect(),
            Cells::Text(text) => return Err(self.not_a_number(text)),
        })
    }

    /// Makes sure that the column holds numbers or booleans.
    ///
    /// # Errors
    /// [`Error::NotANumber`] for a column of text, with the cell that is none.
    pub fn require_numeric(&self) -> Result<()> {
        match &self.cells {
            Cells::Text(text) => Err(self.not_a_number(text)),
            _ => Ok(()),
        }
    }

    fn not_a_number(&self, text: &TextCell) -> Error {
        Error::NotANumber {
            path: text.path.clone(),
            line: text.line,
            column: plain_name(&self.name).to_owned(),
            cell: text.cell.clone(),
        }
    }
}

/// A name without what may differ when it is looked up: blanks around it and a `#` before it.
pub fn plain_name(name: &str) -> &str {
    let name = name.trim();
    name.strip_prefix('#').map_or(name, str::trim_start)
}

/// The lines that rows begin on, kept as runs of rows on consecutive lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Lines {
    /// The first row of each run and its line.
    runs: Vec<(usize, u64)>,
}

impl Lines {
    /// Notes the line of the next row, which is row `row`.
    pub(super) fn push(&mut self, row: usize, line: u64) {
        if self.runs.is_empty() || self.of(row) != line {
            self.runs.push((row, line));
        }
    }

    fn of(&self, row: usize) -> u64 {
        // Rows are asked for at the end while the file is read, so the last run is tried first.
        let run = match self.runs.last() {
            Some(last) if last.0 <= row => Some(last),
            _ => {
                let after = self.runs.partition_point(|run| run.0 <= row);
                after.checked_sub(1).and_then(|index| self.runs.get(index))
            }
        };
        run.map_or(0, |&(first, line)| {
            line.saturating_add((row - first) as u64)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(names: &[&str]) -> Table {
        Table {
            columns: names
                .iter()
                .map(|name| Column {
                    name: (*name).to_owned(),
                    cells: Cells::Bool(vec![true, false]),
                })
                .collect(),
            path: "t.csv".into(),
            rows: 2,
            lines: Lines::default(),
        }
    }

    #[test]
    fn lines_of_rows_follow_the_gaps() {
        let lines = [2, 3, 4, 9, 10, 12];
        let mut kept = Lines::default();
        for (row, &line) in lines.iter().enumerate() {
            kept.push(row, line);
        }
        assert_eq!(kept.runs.len(), 3);
        let found: Vec<u64> = (0..lines.len()).map(|row| kept.of(row)).collect();
        assert_eq!(found, lines);
        assert_eq!(kept.of(7), 14);
        assert_eq!(Lines::default().of(3), 0);
    }

    #[test]
    fn names_match_without_the_hash_and_blanks_but_an_exact_one_comes_first() {
        let table = table(&["#time [ns]", " p [m]", "q", " q"]);
        for (asked, found) in [
            ("#time [ns]", 0),
            ("time [ns]", 0),
            ("# time [ns] ", 0),
            ("p [m]", 1),
            ("q", 2),
            (" q", 3),
        ] {
            let column = table.column(asked).unwrap();
            assert!(std::ptr::eq(column, &table.columns[found]), "{asked:?}");
        }
    }

    #[test]
    fn a_missing_name_lists_the_nearest_first() {
        let table = table(&["step", "#timestamp [ns]", "q"]);
        let Err(Error::MissingColumn {
            available, column, ..
        }) = table.column("timestmp")
        else {
            panic!("found");
        };
        assert_eq!(column, "timestmp");
        assert_eq!(available[0], "timestamp [ns]");
        assert_eq!(available.len(), 3);
    }

    #[test]
    fn conversion_counts_booleans_and_refuses_text_with_its_line() {
        let mut column = table(&["flag"]).columns.remove(0);
        assert_eq!(*column.to_f64().unwrap(), [1.0, 0.0]);
        column.cells = Cells::I64(vec![-3, 7]);
        assert_eq!(*column.to_f64().unwrap(), [-3.0, 7.0]);
        column.require_numeric().unwrap();
        column.cells = Cells::Text(TextCell {
            path: "t.csv".into(),
            line: 5,
            cell: "left".into(),
        });
        for error in [
            column.to_f64().unwrap_err(),
            column.require_numeric().unwrap_err(),
        ] {
            let Error::NotANumber {
                path,
                line,
                column,
                cell,
            } = error
            else {
                panic!("{error}");
            };
            assert_eq!((path, line), ("t.csv".into(), 5));
            assert_eq!((column.as_str(), cell.as_str()), ("flag", "left"));
        }
    }
}
