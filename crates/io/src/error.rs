//! The one error type.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can be wrong with a file, or with what should be written to one.
///
/// Lines and columns are counted from 1, as editors count them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// There is nothing to read, or nothing to write.
    #[error("{}: {what}", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// Whether the file is empty or only its body is.
        what: Emptiness,
    },
    /// The first line of a table holds values instead of names.
    #[error(
        "{}, line {line}: found {} where a column name was expected; add a first line with a name \
         for each column", path.display(), quoted(cell)
    )]
    NoHeader {
        /// The file.
        path: PathBuf,
        /// The line taken for the header.
        line: u64,
        /// Its first cell.
        cell: String,
    },
    /// A row has more or fewer cells than the header.
    #[error(
        "{}, line {line}: found {found} cell(s), expected {expected} as in the header on line \
         {header_line}", path.display()
    )]
    Ragged {
        /// The file.
        path: PathBuf,
        /// The row's line.
        line: u64,
        /// The row's cells.
        found: usize,
        /// The header's cells.
        expected: usize,
        /// The header's line.
        header_line: u64,
    },
    /// A column of numbers holds something else.
    #[error(
        "{}, line {line}, column {}: found {}, expected a number (an empty cell or nan for a \
         missing one)", path.display(), quoted(column), quoted(cell)
    )]
    NotANumber {
        /// The file.
        path: PathBuf,
        /// The cell's line.
        line: u64,
        /// The cell's column.
        column: String,
        /// What it holds.
        cell: String,
    },
    /// A column of booleans holds something else.
    #[error(
        "{}, line {line}, column {}: found {}, expected true or false as in the rows above",
        path.display(), quoted(column), quoted(cell)
    )]
    NotABool {
        /// The file.
        path: PathBuf,
        /// The cell's line.
        line: u64,
        /// The cell's column.
        column: String,
        /// What it holds.
        cell: String,
    },
    /// A cell is missing in a column of integers so large that they would lose digits if the column
    /// became floating point, which alone can say that a value is missing.
    #[error(
        "{}, line {line}, column {}: no value, in a column of integers such as {integer} (line \
         {integer_line}) that floating point cannot hold exactly; fill the cell or remove the row",
        path.display(), quoted(column)
    )]
    MissingInteger {
        /// The file.
        path: PathBuf,
        /// The line of the first missing cell.
        line: u64,
        /// The cell's column.
        column: String,
        /// The first integer that would change.
        integer: i64,
        /// Its line.
        integer_line: u64,
    },
    /// A table has no column of that name.
    #[error("{}: no column {}; there {}", path.display(), quoted(column), Names(available))]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The name asked for.
        column: String,
        /// The names that there are, the most similar first.
        available: Vec<String>,
    },
    /// Two columns, or two arrays, have one name.
    #[error(
        "{}: {} is the name of both number {first} and number {second}; rename one",
        path.display(), quoted(column)
    )]
    DuplicateColumn {
        /// The file.
        path: PathBuf,
        /// The name.
        column: String,
        /// Position of its first use, counted from 1.
        first: usize,
        /// Position of its second use.
        second: usize,
    },
    /// Columns of one table differ in length.
    #[error(
        "{}: column {} has {found} row(s), expected {expected} as in the first column",
        path.display(), quoted(column)
    )]
    UnequalLengths {
        /// The file to be written.
        path: PathBuf,
        /// The first column that differs.
        column: String,
        /// Its rows.
        found: usize,
        /// The rows of the first column.
        expected: usize,
    },
    /// An array's elements are not numbers that this crate reads.
    #[error("{}: {} holds {found}; {advice}", path.display(), Member(array))]
    UnsupportedDType {
        /// The file.
        path: PathBuf,
        /// The array within an NPZ file.
        array: Option<String>,
        /// The element type, in words.
        found: String,
        /// What to do about it.
        advice: &'static str,
    },
    /// An array's shape does not fit its values or its purpose, or is beyond what the format can say.
    #[error("{}: {} {what}", path.display(), Member(array))]
    Shape {
        /// The file.
        path: PathBuf,
        /// The array within an NPZ file.
        array: Option<String>,
        /// What does not fit.
        what: String,
    },
    /// Neither a file's name nor its content says for certain what is in it.
    #[error("{}: {found}; name its format: {expected}", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// What could be seen of it.
        found: String,
        /// The formats that it may have.
        expected: String,
    },
    /// The file is damaged or is not of the kind that its name says.
    #[error("{}: {what}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        what: String,
    },
}

/// What is missing where there are no values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emptiness {
    /// The file holds nothing, or only blank lines.
    NoContent,
    /// The file holds column names but not one row.
    NoRows,
    /// There are no columns to be written.
    NoColumns,
    /// The file that should hold points holds nothing.
    NoPoints,
}

impl fmt::Display for Emptiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Emptiness::NoContent => {
                "the file is empty, expected a line of column names and rows below it"
            }
            Emptiness::NoRows => "the file has a header but no rows below it",
            Emptiness::NoColumns => "there are no columns to be written",
            Emptiness::NoPoints => "the file is empty, expected points",
        })
    }
}

impl Error {
    /// Wraps what the operating system said about a file.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_path_buf();
        move |source| Error::Io { path, source }
    }

    pub(crate) fn malformed(path: &Path, what: impl Into<String>) -> Error {
        Error::Malformed {
            path: path.to_path_buf(),
            what: what.into(),
        }
    }
}

/// The text in quotes, with escapes, cut where it is too long for a message.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// The names that a table offers, for a sentence that begins with "there".
struct Names<'a>(&'a [String]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 8;
        let names: Vec<String> = self.0.iter().take(SHOWN).map(|name| quoted(name)).collect();
        match self.0.len() {
            0 => f.write_str("are no named columns"),
            1 => write!(f, "is only {}", names[0]),
            n if n > SHOWN => write!(f, "are {} and {} more", names.join(", "), n - SHOWN),
            _ => write!(f, "are {}", names.join(", ")),
        }
    }
}

/// The subject of a sentence about an array, which only NPZ files name.
struct Member<'a>(&'a Option<String>);

impl fmt::Display for Member<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(f, "array {}", quoted(name)),
            None => f.write_str("the array"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_place_what_was_found_and_what_was_expected() {
        let error = Error::NotANumber {
            path: "log.csv".into(),
            line: 7,
            column: "q0".into(),
            cell: "n/a".into(),
        };
        assert_eq!(
            error.to_string(),
            "log.csv, line 7, column \"q0\": found \"n/a\", expected a number (an empty cell or \
             nan for a missing one)"
        );
        let error = Error::UnsupportedDType {
            path: "a.npz".into(),
            array: Some("names".into()),
            found: "text (dtype <U3)".into(),
            advice: "leave it out",
        };
        assert_eq!(
            error.to_string(),
            "a.npz: array \"names\" holds text (dtype <U3); leave it out"
        );
    }

    #[test]
    fn long_cells_and_long_lists_of_names_are_cut() {
        assert_eq!(quoted(&"ä".repeat(61)), format!("\"{}\"…", "ä".repeat(60)));
        assert_eq!(quoted(&"ä".repeat(60)), format!("\"{}\"", "ä".repeat(60)));
        let names: Vec<String> = (0..10).map(|i| format!("c{i}")).collect();
        let text = Names(&names).to_string();
        assert!(text.ends_with("\"c7\" and 2 more"), "{text}");
        assert_eq!(Names(&names[..1]).to_string(), "is only \"c0\"");
        assert_eq!(Names(&[]).to_string(), "are no named columns");
    }
}
