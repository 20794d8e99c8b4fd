//! Where does a cell end?

use std::ops::Range;

/// Splits rows into cells.
///
/// Rows without quotes, nearly all of them, are not copied: their cells are ranges of the line.
pub(super) struct Splitter {
    delimiter: u8,
    cells: Vec<Range<usize>>,
    /// The cells without their quotes, of a row that has any.
    unquoted: Vec<u8>,
    is_quoted: bool,
    /// Where the cell at hand begins in `unquoted`.
    start: usize,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    /// Nothing but blanks so far.
    Before,
    /// In a cell without quotes around it.
    Plain,
    /// Between quotes.
    Quoted,
    /// Right after a quote between quotes: the end, or the first half of an escaped quote.
    Closing,
    /// After the closing quote.
    After,
}

/// Whether a row ends with the line that was split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row {
    Complete,
    /// The line break stands in quotes.
    GoesOn,
}

/// Something other than blanks follows a closing quote.
#[derive(Debug, PartialEq)]
pub(super) struct TextAfterQuote;

impl Splitter {
    pub(super) fn new(delimiter: u8) -> Self {
        Splitter {
            delimiter,
            cells: Vec::new(),
            unquoted: Vec::new(),
            is_quoted: false,
            start: 0,
            state: State::Before,
        }
    }

    /// Splits the first, and mostly only, line of a row.
    pub(super) fn begin(&mut self, line: &[u8]) -> Result<Row, TextAfterQuote> {
        self.cells.clear();
        self.is_quoted = line.contains(&b'"');
        if self.is_quoted {
            self.unquoted.clear();
            self.start = 0;
            self.state = State::Before;
            return self.go_on(line);
        }
        let (body, _) = without_line_break(line);
        let mut start = 0;
        for (at, &byte) in body.iter().enumerate() {
            if byte == self.delimiter {
                self.cells.push(start..at);
                start = at + 1;
            }
        }
        self.cells.push(start..body.len());
        Ok(Row::Complete)
    }

    /// Splits a further line of a row that goes on.
    pub(super) fn go_on(&mut self, line: &[u8]) -> Result<Row, TextAfterQuote> {
        let (body, line_break) = without_line_break(line);
        for &byte in body {
            let is_end = byte == self.delimiter;
            let is_blank = byte == b' ' || byte == b'\t';
            self.state = match self.state {
                State::Before | State::Plain | State::Closing | State::After if is_end => {
                    self.end_cell();
                    State::Before
                }
                State::Before if byte == b'"' => {
                    self.unquoted.truncate(self.start);
                    State::Quoted
                }
                State::Quoted if byte == b'"' => State::Closing,
                State::Closing | State::After if is_blank => State::After,
                State::After => return Err(TextAfterQuote),
                State::Closing if byte != b'"' => return Err(TextAfterQuote),
                State::Before | State::Plain | State::Quoted | State::Closing => {
                    self.unquoted.push(byte);
                    match self.state {
                        State::Before if is_blank => State::Before,
                        State::Before | State::Plain => State::Plain,
                        _ => State::Quoted,
                    }
                }
            };
        }
        if matches!(self.state, State::Quoted) {
            self.unquoted.extend_from_slice(line_break);
            return Ok(Row::GoesOn);
        }
        self.end_cell();
        Ok(Row::Complete)
    }

    fn end_cell(&mut self) {
        self.cells.push(self.start..self.unquoted.len());
        self.start = self.unquoted.len();
    }

    /// The cells of the row, with the blanks around them if they have no quotes. `line` is the one
    /// that the row began with.
    pub(super) fn cells<'a>(&'a self, line: &'a [u8]) -> impl ExactSizeIterator<Item = &'a [u8]> {
        let text = if self.is_quoted { &self.unquoted } else { line };
        self.cells.iter().map(move |range| &text[range.clone()])
    }

    /// Bytes of the row so far, if it has quotes.
    pub(super) fn quoted_len(&self) -> usize {
        self.unquoted.len()
    }
}

/// The line and its line break, which the last line of a file may lack.
fn without_line_break(line: &[u8]) -> (&[u8], &[u8]) {
    let body = line.strip_suffix(b"\n").unwrap_or(line);
    let body = body.strip_suffix(b"\r").unwrap_or(body);
    line.split_at(body.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(delimiter: u8, lines: &[&str]) -> Result<(Row, Vec<String>), TextAfterQuote> {
        let mut splitter = Splitter::new(delimiter);
        // A row before must leave no trace.
        splitter.begin(b"\"x\"\n")?;
        let mut row = splitter.begin(lines[0].as_bytes())?;
        for line in &lines[1..] {
            row = splitter.go_on(line.as_bytes())?;
        }
        let cells = splitter.cells(lines[0].as_bytes());
        let cells = cells.map(|cell| String::from_utf8_lossy(cell).into_owned());
        Ok((row, cells.collect()))
    }

    fn complete(lines: &[&str]) -> Vec<String> {
        let (row, cells) = split(b',', lines).unwrap();
        assert_eq!(row, Row::Complete);
        cells
    }

    #[test]
    fn plain_rows_are_split_at_each_delimiter() {
        assert_eq!(complete(&["a, b ,,c\r\n"]), ["a", " b ", "", "c"]);
        assert_eq!(complete(&["a,\n"]), ["a", ""]);
        assert_eq!(complete(&["a"]), ["a"]);
        assert_eq!(split(b'\t', &["a\t\tb,c"]).unwrap().1, ["a", "", "b,c"]);
    }

    #[test]
    fn quotes_hide_delimiters_and_are_removed() {
        assert_eq!(
            complete(&["1, \"a, \"\"b\"\"\" ,\"\"\n"]),
            ["1", "a, \"b\"", ""]
        );
        assert_eq!(complete(&[" x ,\"y\"\r\n"]), [" x ", "y"]);
        assert_eq!(complete(&["5\" pipe,\"\",z\"\n"]), ["5\" pipe", "", "z\""]);
        assert_eq!(
            split(b'\t', &["\"a\tb\"\t\t1"]).unwrap().1,
            ["a\tb", "", "1"]
        );
    }

    #[test]
    fn a_row_goes_on_while_a_quote_is_open() {
        let (row, _) = split(b',', &["1,\"a\r\n"]).unwrap();
        assert_eq!(row, Row::GoesOn);
        assert_eq!(
            complete(&["1,\"a\r\n", "\n", "b\",2\n"]),
            ["1", "a\r\n\nb", "2"]
        );
    }

    #[test]
    fn text_after_a_closing_quote_is_refused() {
        for line in ["\"a\"b,c", "\"a\" b", "\"a\" \"b\""] {
            assert_eq!(split(b',', &[line]), Err(TextAfterQuote), "{line}");
        }
    }
}
