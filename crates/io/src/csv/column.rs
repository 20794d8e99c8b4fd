//! Which type do the cells of a column have together?

use super::number::{boolean, float, integer, is_exact};
use super::table::{Cells, TextCell};
use std::path::Path;

/// The cells of one column, collected row by row.
///
/// The first cell that is not empty decides between numbers, booleans and text; numbers stay
/// integers for as long as all of them are.
pub(super) struct Builder {
    state: State,
}

enum State {
    /// Only empty cells so far; the line of the first.
    Undecided {
        rows: usize,
        first_line: u64,
    },
    Integers(Integers),
    Floats(Vec<f64>),
    Bools(Vec<bool>),
    Text {
        line: u64,
        cell: String,
    },
}

struct Integers {
    values: Vec<i64>,
    /// The rows without a value, whose entry in `values` means nothing.
    missing: Vec<usize>,
    /// The line of the first of them; meaningless if there is none.
    missing_line: u64,
    /// The first value that floating point cannot hold, with its line.
    inexact: Option<(i64, u64)>,
}

/// Why a cell, or a whole column, cannot be taken.
#[derive(Debug, PartialEq)]
pub(super) enum Refusal {
    NotANumber,
    /// Not a boolean; the line is not that of the cell at hand if earlier cells were empty.
    NotABool {
        line: u64,
    },
    MissingInteger {
        line: u64,
        integer: i64,
        integer_line: u64,
    },
}

impl Builder {
    pub(super) fn new() -> Self {
        Builder {
            state: State::Undecided {
                rows: 0,
                first_line: 0,
            },
        }
    }

    /// Takes the next row's cell, which has no blanks around it.
    pub(super) fn push(&mut self, cell: &[u8], line: u64) -> Result<(), Refusal> {
        match &mut self.state {
            State::Floats(values) => {
                values.push(number_or_missing(cell).ok_or(Refusal::NotANumber)?);
                Ok(())
            }
            State::Integers(integers) => {
                if let Some(value) = integer(cell) {
                    integers.push(value, line);
                    return Ok(());
                }
                let value = number_or_missing(cell).ok_or(Refusal::NotANumber)?;
                if value.is_nan() {
                    integers.push_missing(line);
                } else {
                    let integral = std::mem::take(&mut integers.values);
                    let mut values = to_floats(integral, &integers.missing);
                    values.push(value);
                    self.state = State::Floats(values);
                }
                Ok(())
            }
            State::Bools(values) => {
                values.push(boolean(cell).ok_or(Refusal::NotABool { line })?);
                Ok(())
            }
            State::Text { .. } => Ok(()),
            State::Undecided { rows, first_line } => {
                if cell.is_empty() {
                    if *rows == 0 {
                        *first_line = line;
                    }
                    *rows += 1;
                    return Ok(());
                }
                let (rows, first_line) = (*rows, *first_line);
                self.decide(rows, first_line, cell, line)
            }
        }
    }

    /// Takes the first cell that is not empty, after `rows` empty ones.
    fn decide(
        &mut self,
        rows: usize,
        first_line: u64,
        cell: &[u8],
        line: u64,
    ) -> Result<(), Refusal> {
        self.state = if float(cell).is_some() {
            State::Integers(Integers {
                values: vec![0; rows],
                missing: (0..rows).collect(),
                missing_line: first_line,
                inexact: None,
            })
        } else if boolean(cell).is_some() {
            if rows > 0 {
                return Err(Refusal::NotABool { line: first_line });
            }
            State::Bools(Vec::new())
        } else {
            State::Text {
                line,
                cell: String::from_utf8_lossy(cell).into_owned(),
            }
        };
        self.push(cell, line)
    }

    /// The column's cells.
    pub(super) fn finish(self, path: &Path) -> Result<Cells, Refusal> {
        Ok(match self.state {
            State::Undecided { rows, .. } => Cells::F64(vec![f64::NAN; rows]),
            State::Integers(integers) => integers.finish()?,
            State::Floats(mut values) => {
                values.shrink_to_fit();
                Cells::F64(values)
            }
            State::Bools(mut values) => {
                values.shrink_to_fit();
                Cells::Bool(values)
            }
            State::Text { line, cell } => Cells::Text(TextCell {
                path: path.to_path_buf(),
                line,
                cell,
            }),
        })
    }
}

impl Integers {
    fn push(&mut self, value: i64, line: u64) {
        if self.inexact.is_none() && !is_exact(value) {
            self.inexact = Some((value, line));
        }
        self.values.push(value);
    }

    fn push_missing(&mut self, line: u64) {
        if self.missing.is_empty() {
            self.missing_line = line;
        }
        self.missing.push(self.values.len());
        self.values.push(0);
    }

    fn finish(mut self) -> Result<Cells, Refusal> {
        self.values.shrink_to_fit();
        if self.missing.is_empty() {
            return Ok(Cells::I64(self.values));
        }
        if let Some((integer, integer_line)) = self.inexact {
            return Err(Refusal::MissingInteger {
                line: self.missing_line,
                integer,
                integer_line,
            });
        }
        Ok(Cells::F64(to_floats(self.values, &self.missing)))
    }
}

/// The cell's value, or NaN if it is empty.
fn number_or_missing(cell: &[u8]) -> Option<f64> {
    if cell.is_empty() {
        Some(f64::NAN)
    } else {
        float(cell)
    }
}

fn to_floats(integers: Vec<i64>, missing: &[usize]) -> Vec<f64> {
    // Both types have one size, so that the standard library collects in place.
    let mut floats: Vec<f64> = integers.into_iter().map(|value| value as f64).collect();
    for &row in missing {
        floats[row] = f64::NAN;
    }
    floats
}

#[cfg(test)]
mod tests {
    use super::*;

    const BIG: &str = "1403715273262142977";

    fn build(cells: &[&str]) -> Result<Cells, Refusal> {
        let mut builder = Builder::new();
        for (line, cell) in (2..).zip(cells) {
            builder.push(cell.as_bytes(), line)?;
        }
        builder.finish(Path::new("t.csv"))
    }

    fn floats(cells: &[&str]) -> Vec<String> {
        match build(cells) {
            Ok(Cells::F64(values)) => values.iter().map(|v| format!("{v:?}")).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn integers_stay_integers_only_if_all_are() {
        assert_eq!(
            build(&["1", BIG]),
            Ok(Cells::I64(vec![1, 1_403_715_273_262_142_977]))
        );
        assert_eq!(floats(&["1", "2.5", "3"]), ["1.0", "2.5", "3.0"]);
        assert_eq!(floats(&["", "1", "", "2.5"]), ["NaN", "1.0", "NaN", "2.5"]);
        assert_eq!(floats(&["9223372036854775808"]), ["9.223372036854776e18"]);
        assert_eq!(floats(&["3", "inf", "-0"]), ["3.0", "inf", "-0.0"]);
    }

    #[test]
    fn missing_integers_become_nan_unless_others_would_lose_digits() {
        assert_eq!(floats(&["", "1", "nan", "3"]), ["NaN", "1.0", "NaN", "3.0"]);
        assert_eq!(floats(&["nan", "1"]), ["NaN", "1.0"]);
        let refused = |line, integer_line| {
            Err(Refusal::MissingInteger {
                line,
                integer: 1_403_715_273_262_142_977,
                integer_line,
            })
        };
        assert_eq!(build(&["1", "", BIG, "nan"]), refused(3, 4));
        assert_eq!(build(&["", "1", "", BIG]), refused(2, 5));
        assert_eq!(build(&[BIG, "NaN"]), refused(3, 2));
        // A fraction says that the column is one of floats, wherever the gap is.
        assert_eq!(floats(&[BIG, "", "0.5"]).len(), 3);
        assert_eq!(floats(&["0.5", "", BIG]).len(), 3);
    }

    #[test]
    fn a_column_without_any_value_is_all_missing() {
        assert_eq!(floats(&["", ""]), ["NaN", "NaN"]);
    }

    #[test]
    fn the_first_value_decides_and_later_ones_must_follow() {
        assert_eq!(
            build(&["True", "false"]),
            Ok(Cells::Bool(vec![true, false]))
        );
        assert_eq!(build(&["true", "1"]), Err(Refusal::NotABool { line: 3 }));
        assert_eq!(build(&["true", ""]), Err(Refusal::NotABool { line: 3 }));
        assert_eq!(build(&["", "", "true"]), Err(Refusal::NotABool { line: 2 }));
        assert_eq!(build(&["1", "true"]), Err(Refusal::NotANumber));
        assert_eq!(build(&["0.5", "x"]), Err(Refusal::NotANumber));
        let text = TextCell {
            path: "t.csv".into(),
            line: 3,
            cell: "go".into(),
        };
        assert_eq!(build(&["", "go", "1", "true"]), Ok(Cells::Text(text)));
    }
}
