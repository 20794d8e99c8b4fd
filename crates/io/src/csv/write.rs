//! How do columns become a file?

use super::header::check_names;
use crate::error::Emptiness;
use crate::replace::replace;
use crate::{Error, Result};
use std::io::{self, Write};
use std::path::Path;

/// Rows between two reports of progress.
const REPORT_EVERY: usize = 4096;

/// Bytes of text collected before they are handed on.
const CHUNK: usize = 1 << 16;

/// The values of a column to be written.
#[derive(Clone, Copy, Debug)]
pub enum ColumnRef<'a> {
    /// 64-bit floating point.
    F64(&'a [f64]),
    /// 32-bit floating point.
    F32(&'a [f32]),
    /// Integers.
    I64(&'a [i64]),
    /// Booleans, written `true` and `false`.
    Bool(&'a [bool]),
}

impl ColumnRef<'_> {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            ColumnRef::F64(values) => values.len(),
            ColumnRef::F32(values) => values.len(),
            ColumnRef::I64(values) => values.len(),
            ColumnRef::Bool(values) => values.len(),
        }
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn put(&self, row: usize, text: &mut Vec<u8>) -> io::Result<()> {
        match self {
            ColumnRef::F64(values) if values[row].is_nan() => text.write_all(b"nan"),
            ColumnRef::F32(values) if values[row].is_nan() => text.write_all(b"nan"),
            // `{:?}` gives the fewest digits that read back as the same number, like `{}`, but also
            // keeps a column of whole floats one of floats (1.0, -0.0) and large ones short (1e300).
            ColumnRef::F64(values) => write!(text, "{:?}", values[row]),
            ColumnRef::F32(values) => write!(text, "{:?}", values[row]),
            ColumnRef::I64(values) => write!(text, "{}", values[row]),
            ColumnRef::Bool(values) => write!(text, "{}", values[row]),
        }
    }
}

/// Writes named columns to a file, which is replaced as a whole when all of it is written.
///
/// Floating-point numbers are written with the fewest digits that read back as the same number, NaN
/// as `nan` and infinities as `inf` and `-inf`. `progress` is called now and then, and once at the
/// end, with the rows written and the rows there are.
///
/// # Errors
/// [`Error::Empty`] without columns, [`Error::UnequalLengths`], [`Error::DuplicateColumn`] for names
/// that differ in nothing but blanks or a leading `#`, and [`Error::Io`].
pub fn write_table(
    path: impl AsRef<Path>,
    columns: &[(&str, ColumnRef<'_>)],
    progress: &mut dyn FnMut(u64, u64),
) -> Result<()> {
    let path = path.as_ref();
    let rows = check(path, columns)?;
    replace(path, |file| {
        put_table(file, columns, rows, progress).map_err(Error::io(path))
    })
}

/// Writes named columns to anything that takes bytes; `name` stands for the file in errors.
///
/// # Errors
/// As [`write_table`]; what is wrong with the columns is found before anything is written.
pub fn write_table_to(
    mut output: impl Write,
    name: impl AsRef<Path>,
    columns: &[(&str, ColumnRef<'_>)],
    progress: &mut dyn FnMut(u64, u64),
) -> Result<()> {
    let path = name.as_ref();
    let rows = check(path, columns)?;
    put_table(&mut output, columns, rows, progress).map_err(Error::io(path))
}

/// The number of rows, once it is clear that the columns make a table.
fn check(path: &Path, columns: &[(&str, ColumnRef<'_>)]) -> Result<usize> {
    let Some((_, first)) = columns.first() else {
        return Err(Error::Empty {
            path: path.to_path_buf(),
            what: Emptiness::NoColumns,
        });
    };
    let rows = first.len();
    if let Some((name, column)) = columns.iter().find(|(_, column)| column.len() != rows) {
        return Err(Error::UnequalLengths {
            path: path.to_path_buf(),
            column: (*name).to_owned(),
            found: column.len(),
            expected: rows,
        });
    }
    check_names(columns.iter().map(|(name, _)| *name), path)?;
    Ok(rows)
}

fn put_table(
    output: &mut impl Write,
    columns: &[(&str, ColumnRef<'_>)],
    rows: usize,
    progress: &mut dyn FnMut(u64, u64),
) -> io::Result<()> {
    let mut text = Vec::with_capacity(2 * CHUNK);
    let mut between = "";
    // Names behind a `#` are read as long as they are on one line.
    let one_line = !columns.iter().any(|(name, _)| name.contains(['\n', '\r']));
    for (name, _) in columns {
        text.extend_from_slice(between.as_bytes());
        put_name(name, one_line, &mut text);
        between = ",";
    }
    text.push(b'\n');
    for row in 0..rows {
        between = "";
        for (_, column) in columns {
            text.extend_from_slice(between.as_bytes());
            column.put(row, &mut text)?;
            between = ",";
        }
        text.push(b'\n');
        if text.len() >= CHUNK {
            output.write_all(&text)?;
            text.clear();
        }
        if (row + 1) % REPORT_EVERY == 0 && row + 1 < rows {
            progress(row as u64 + 1, rows as u64);
        }
    }
    output.write_all(&text)?;
    output.flush()?;
    progress(rows as u64, rows as u64);
    Ok(())
}

/// Writes a name, in quotes if any reader could otherwise take it for something else.
fn put_name(name: &str, one_line: bool, text: &mut Vec<u8>) {
    let is_plain = !name.is_empty()
        && name.trim() == name
        && (one_line || !name.starts_with('#'))
        && !name.starts_with('\u{feff}')
        && !name.contains([',', ';', '\t', '"', '\n', '\r']);
    if is_plain {
        text.extend_from_slice(name.as_bytes());
    } else {
        text.push(b'"');
        text.extend_from_slice(name.replace('"', "\"\"").as_bytes());
        text.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(columns: &[(&str, ColumnRef<'_>)]) -> Result<String> {
        let mut bytes = Vec::new();
        write_table_to(&mut bytes, "t.csv", columns, &mut |_, _| {})?;
        Ok(String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn numbers_are_as_short_as_they_can_be_and_keep_their_type() {
        let text = write(&[
            ("a", ColumnRef::F64(&[0.1, 1.0, -0.0, 1e300, f64::NAN])),
            (
                "b",
                ColumnRef::F32(&[
                    0.1,
                    16_777_216.0,
                    f32::INFINITY,
                    f32::NEG_INFINITY,
                    f32::NAN,
                ]),
            ),
            ("c", ColumnRef::I64(&[i64::MIN, -1, 0, 1, i64::MAX])),
            ("d", ColumnRef::Bool(&[true, false, true, false, true])),
        ]);
        assert_eq!(
            text.unwrap(),
            "a,b,c,d\n\
             0.1,0.1,-9223372036854775808,true\n\
             1.0,16777216.0,-1,false\n\
             -0.0,inf,0,true\n\
             1e300,-inf,1,false\n\
             nan,nan,9223372036854775807,true\n"
        );
    }

    #[test]
    fn names_are_quoted_where_needed() {
        let values = ColumnRef::I64(&[]);
        let names = [
            "p [m]",
            "a,b",
            "say \"x\"",
            "",
            " q",
            "a;b",
            "#t",
            "\u{feff}u",
        ];
        let text = write(&names.map(|name| (name, values))).unwrap();
        assert_eq!(
            text,
            "p [m],\"a,b\",\"say \"\"x\"\"\",\"\",\" q\",\"a;b\",#t,\"\u{feff}u\"\n"
        );
    }

    #[test]
    fn a_name_over_two_lines_ends_what_looks_like_a_comment() {
        let one = ColumnRef::I64(&[1]);
        assert_eq!(write(&[("#t", one), ("b", one)]).unwrap(), "#t,b\n1,1\n");
        let text = write(&[("#t", one), ("a\nb", one)]).unwrap();
        assert_eq!(text, "\"#t\",\"a\nb\"\n1,1\n");
        let table = crate::csv::parse_table(text.as_bytes(), "t.csv").unwrap();
        let names: Vec<_> = table.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["#t", "a\nb"]);
    }

    #[test]
    fn columns_that_make_no_table_are_refused() {
        let (one, two) = (ColumnRef::Bool(&[true]), ColumnRef::F32(&[1.0, 2.0]));
        assert!(matches!(
            write(&[("a", one), ("b", two)]),
            Err(Error::UnequalLengths {
                found: 2,
                expected: 1,
                ..
            })
        ));
        assert!(matches!(
            write(&[("a", one), ("#a", one)]),
            Err(Error::DuplicateColumn {
                first: 1,
                second: 2,
                ..
            })
        ));
        assert!(matches!(write(&[]), Err(Error::Empty { .. })));
    }

    #[test]
    fn progress_ends_with_all_rows() {
        let values = vec![true; REPORT_EVERY * 2 + 1];
        let mut calls = Vec::new();
        let columns = [("a", ColumnRef::Bool(&values))];
        write_table_to(io::sink(), "t.csv", &columns, &mut |done, all| {
            calls.push((done, all));
        })
        .unwrap();
        assert_eq!(calls, [(4096, 8193), (8192, 8193), (8193, 8193)]);
    }
}
