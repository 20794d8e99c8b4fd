//! Tables of columns in text, with one line of names above them.
//!
//! | file | question it answers |
//! |---|---|
//! | `lines` | where does a line of the file end, and which one is it? |
//! | `split` | where does a cell end? |
//! | `number` | what does the text of one cell say? |
//! | `column` | which type do the cells of a column have together? |
//! | `header` | which line holds the names, and what separates them? |
//! | `read` | how does a file become a table? |
//! | `table` | what does a table hold, and how are its columns found? |
//! | `nearest` | which of these names did the user mean? |
//! | `write` | how do columns become a file? |
//!
//! # What is read
//!
//! The first line that is neither blank nor a comment holds the names; a comment is a line that
//! begins with `#`. A file whose first such line holds values already has its names in the last
//! comment above it, as in EuRoC's `#timestamp [ns],p_RS_R_x [m],…`. Cells are separated by commas,
//! semicolons or tabs, whichever the names are separated by most often. A cell may stand in double
//! quotes, with `""` for a quote in it, and may then hold separators and line breaks. Blanks around
//! cells, blank lines, a UTF-8 byte order mark, and LF or CRLF at the end of a line do not matter.
//!
//! # Types
//!
//! The first cell of a column that is not empty decides what it is:
//!
//! - A number (also `nan`, `inf`, `Infinity`): a column of numbers. If every cell is an integer that
//!   fits an `i64` the values stay integers, so that nanosecond stamps keep every digit; otherwise
//!   they are `f64`. An empty cell or `nan` is a missing value and becomes NaN, which makes the
//!   column floating point; where integers would lose digits by that, the file is refused.
//! - `true` or `false`, in any case: a column of booleans, without missing values.
//! - Anything else: text. The values are not kept. Only asking for the column as numbers is an error.
//!
//! A column without any value holds NaN. A cell that does not fit its column is an error that names
//! the line. A row with more or fewer cells than there are names is one, too.

mod column;
mod header;
mod lines;
mod nearest;
mod number;
mod read;
mod split;
mod table;
mod write;

pub use nearest::by_similarity;
pub use read::{ReadOptions, parse_table, read_table};
pub use table::{Cells, Column, Table, TextCell, plain_name};
pub use write::{ColumnRef, write_table, write_table_to};
