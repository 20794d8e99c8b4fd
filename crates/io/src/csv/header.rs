//! Which line holds the names, and what separates them?

use super::lines::{Lines, is_blank};
use super::number::{boolean, float, integer};
use super::read::{ReadOptions, read_row};
use super::split::Splitter;
use super::table::plain_name;
use crate::error::Emptiness;
use crate::{Error, Result};
use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

/// Columns that a table may have.
const MOST_COLUMNS: usize = 1 << 16;

pub(super) struct Header {
    pub(super) names: Vec<String>,
    pub(super) line: u64,
    pub(super) delimiter: u8,
    /// The line, already read, that the first row begins with, and its number.
    pub(super) first_row: Option<(Vec<u8>, u64)>,
}

/// Reads as far as needed to know the names.
pub(super) fn read_header<R: Read>(
    lines: &mut Lines<'_, R>,
    path: &Path,
    options: &ReadOptions,
) -> Result<Header> {
    let mut comment = None;
    let mut line = Vec::new();
    let number = loop {
        let Some(number) = lines.next(&mut line)? else {
            let what = match comment {
                Some(_) => Emptiness::NoRows,
                None => Emptiness::NoContent,
            };
            let path = path.to_path_buf();
            return Err(Error::Empty { path, what });
        };
        if options.is_comment(&line) {
            comment = Some((std::mem::take(&mut line), number));
        } else if !is_blank(&line, None) {
            break number;
        }
    };
    let header = match comment {
        Some((names, names_number)) => {
            let delimiter = options.delimiter.unwrap_or_else(|| detect(&names));
            if holds_values(&line, delimiter) {
                let mut splitter = Splitter::new(delimiter);
                // The row below is already read, so the names cannot go on over a line break.
                read_row::<R>(&mut splitter, &names, names_number, path, None)?;
                Some(Header {
                    names: decode(&splitter, &names),
                    line: names_number,
                    delimiter,
                    first_row: Some((std::mem::take(&mut line), number)),
                })
            } else {
                None
            }
        }
        None => None,
    };
    let header = match header {
        Some(header) => header,
        None => {
            let delimiter = options.delimiter.unwrap_or_else(|| detect(&line));
            let mut splitter = Splitter::new(delimiter);
            read_row(&mut splitter, &line, number, path, Some(lines))?;
            Header {
                names: decode(&splitter, &line),
                line: number,
                delimiter,
                first_row: None,
            }
        }
    };
    check_for_values(&header, path)?;
    check_names(header.names.iter().map(String::as_str), path)?;
    Ok(header)
}

/// The candidate that stands outside of quotes most often; a comma if none does.
fn detect(line: &[u8]) -> u8 {
    let mut best = (b',', 0);
    for candidate in [b',', b';', b'\t'] {
        let mut in_quotes = false;
        let mut count = 0;
        for &byte in line {
            in_quotes ^= byte == b'"';
            count += usize::from(byte == candidate && !in_quotes);
        }
        if count > best.1 {
            best = (candidate, count);
        }
    }
    best.0
}

/// Whether some cell of the line is a value rather than a name.
fn holds_values(line: &[u8], delimiter: u8) -> bool {
    let mut splitter = Splitter::new(delimiter);
    splitter.begin(line).is_ok()
        && splitter.cells(line).any(|cell| {
            let cell = cell.trim_ascii();
            float(cell).is_some() || boolean(cell).is_some()
        })
}

fn decode(splitter: &Splitter, line: &[u8]) -> Vec<String> {
    let names = splitter.cells(line);
    names
        .take(MOST_COLUMNS + 1)
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect()
}

/// Refuses a header without any name, or with nothing but numbers. Names 0, 1, 2, … are taken, as
/// they are what pandas calls columns that have no names.
fn check_for_values(header: &Header, path: &Path) -> Result<()> {
    let names = header.names.iter().map(|name| name.trim().as_bytes());
    let named: Vec<&[u8]> = names.filter(|name| !name.is_empty()).collect();
    let counted = (0..).zip(&named).all(|(i, name)| integer(name) == Some(i));
    if named.iter().any(|name| float(name).is_none()) || (named.len() > 1 && counted) {
        return Ok(());
    }
    Err(Error::NoHeader {
        path: path.to_path_buf(),
        line: header.line,
        cell: header.names.first().cloned().unwrap_or_default(),
    })
}

/// Refuses names that could not be told apart, and too many of them. Columns without a name cannot
/// be asked for, so there may be several.
pub(super) fn check_names<'a>(names: impl Iterator<Item = &'a str>, path: &Path) -> Result<()> {
    let mut seen = HashMap::new();
    for (position, name) in (1..).zip(names) {
        if position > MOST_COLUMNS {
            let what = format!("the table has more than {MOST_COLUMNS} columns");
            return Err(Error::malformed(path, what));
        }
        // Of the first line that is found out at once; the header may be a later one.
        if name.contains('\0') {
            let what =
                format!("the name of column {position} holds a NUL character, as no text does");
            return Err(Error::malformed(path, what));
        }
        let name = plain_name(name);
        if name.is_empty() {
            continue;
        }
        if let Some(first) = seen.insert(name, position) {
            return Err(Error::DuplicateColumn {
                path: path.to_path_buf(),
                column: name.to_owned(),
                first,
                second: position,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Result<Header> {
        let path = Path::new("t.csv");
        let mut lines = Lines::new(text.as_bytes(), path);
        read_header(&mut lines, path, &ReadOptions::default())
    }

    fn names(text: &str) -> (Vec<String>, u64) {
        let header = header(text).unwrap();
        (header.names, header.line)
    }

    #[test]
    fn the_separator_is_the_most_frequent_one_outside_of_quotes() {
        for (line, expected) in [
            ("a,b", b','),
            ("a;b", b';'),
            ("a\tb\tc,d", b'\t'),
            ("\"a,b,c\";d", b';'),
            ("a", b','),
            ("a,b;c", b','),
        ] {
            assert_eq!(detect(line.as_bytes()), expected, "{line:?}");
        }
    }

    #[test]
    fn names_are_the_first_line_that_is_no_comment() {
        let (found, line) = names("\n# made by x, today\n time ,\"a, b\",\n1,2,3\n");
        assert_eq!(found, [" time ", "a, b", ""]);
        assert_eq!(line, 3);
        assert_eq!(names("\"a\nb\",c\n1,2\n").0, ["a\nb", "c"]);
    }

    #[test]
    fn names_are_the_last_comment_where_values_follow_it() {
        for row in ["1,x", "x,nan", "go,True"] {
            let (found, line) = names(&format!("# EuRoC\n#time [ns], p\n\n{row}\n"));
            assert_eq!((found, line), (vec!["#time [ns]".into(), " p".into()], 2));
        }
    }

    #[test]
    fn a_line_of_numbers_is_no_header_unless_it_counts_columns() {
        for text in [
            "0.5,1\n1,2\n",
            "0\n1\n",
            "nan,inf\n",
            ",\n1,2\n",
            "1,2\n3,4\n",
        ] {
            let error = header(text).map(|header| header.names);
            assert!(
                matches!(error, Err(Error::NoHeader { line: 1, .. })),
                "{text:?}"
            );
        }
        assert_eq!(names(",0,1,2\n").0, ["", "0", "1", "2"]);
    }

    #[test]
    fn names_must_differ_by_more_than_blanks() {
        let Err(Error::DuplicateColumn {
            column,
            first,
            second,
            ..
        }) = header("#a,b,,, a\n1,")
        else {
            panic!("taken");
        };
        assert_eq!((column.as_str(), first, second), ("a", 1, 5));
    }

    #[test]
    fn a_name_with_a_nul_character_is_refused_on_any_line() {
        for text in ["a\0,b\n1,2\n", "\na\0,b\n1,2\n", "\n\n\"b\",\"a\0\"\n1,2\n"] {
            let Err(error) = header(text) else {
                panic!("{text:?} is taken");
            };
            assert!(matches!(error, Error::Malformed { .. }), "{error}");
        }
    }

    #[test]
    fn there_may_be_many_columns_but_not_any_number() {
        let most: Vec<String> = (0..=MOST_COLUMNS).map(|i| format!("c{i}")).collect();
        assert_eq!(names(&most[..MOST_COLUMNS].join(",")).0.len(), MOST_COLUMNS);
        assert!(matches!(
            header(&most.join(",")),
            Err(Error::Malformed { .. })
        ));
    }
}
