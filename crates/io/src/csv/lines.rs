//! Where does a line of the file end, and which one is it?

use crate::{Error, Result};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Bytes that one row may have. A quote that is never closed ends here, not at the end of memory.
pub(super) const LONGEST_ROW: usize = 1 << 24;

const BUFFER: usize = 1 << 18;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The lines of a file, counted.
pub(super) struct Lines<'a, R> {
    input: BufReader<R>,
    path: &'a Path,
    count: u64,
    bytes: u64,
}

impl<'a, R: Read> Lines<'a, R> {
    pub(super) fn new(input: R, path: &'a Path) -> Self {
        Lines {
            input: BufReader::with_capacity(BUFFER, input),
            path,
            count: 0,
            bytes: 0,
        }
    }

    /// Replaces `line` by the next line, with its line break, and returns its number; `None` at the
    /// end of the file.
    pub(super) fn next(&mut self, line: &mut Vec<u8>) -> Result<Option<u64>> {
        line.clear();
        let read = (&mut self.input)
            .take(LONGEST_ROW as u64 + 1)
            .read_until(b'\n', line)
            .map_err(|source| Error::Io {
                path: self.path.to_path_buf(),
                source,
            })?;
        if read == 0 {
            return Ok(None);
        }
        self.count += 1;
        self.bytes += read as u64;
        if read > LONGEST_ROW {
            return Err(too_long(self.path, self.count));
        }
        if self.count == 1 {
            self.check_encoding(line)?;
            if line.starts_with(BYTE_ORDER_MARK) {
                line.drain(..BYTE_ORDER_MARK.len());
            }
        }
        Ok(Some(self.count))
    }

    /// Bytes read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    fn check_encoding(&self, line: &[u8]) -> Result<()> {
        let what = if line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff") {
            "the text is in UTF-16; save it as UTF-8"
        } else if line.contains(&0) {
            "the file holds binary data, expected text"
        } else {
            return Ok(());
        };
        Err(Error::malformed(self.path, what))
    }
}

/// The error for a row that began on line `first` and does not end.
pub(super) fn too_long(path: &Path, first: u64) -> Error {
    let limit = LONGEST_ROW >> 20;
    Error::malformed(
        path,
        format!("line {first}: the row has more than {limit} MiB; is a quote not closed?"),
    )
}

/// Whether the line holds nothing but blanks. Tabs are none where they separate cells.
pub(super) fn is_blank(line: &[u8], delimiter: Option<u8>) -> bool {
    line.iter()
        .all(|byte| byte.is_ascii_whitespace() && Some(*byte) != delimiter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Result<Vec<(u64, Vec<u8>)>> {
        let mut lines = Lines::new(bytes, Path::new("t.csv"));
        let (mut found, mut line) = (Vec::new(), Vec::new());
        while let Some(number) = lines.next(&mut line)? {
            found.push((number, line.clone()));
        }
        assert_eq!(lines.bytes(), bytes.len() as u64);
        Ok(found)
    }

    #[test]
    fn lines_are_counted_and_a_byte_order_mark_is_dropped() {
        let found = all(b"\xef\xbb\xbfa\r\n\n\xef\xbb\xbfb").unwrap();
        assert_eq!(
            found,
            [
                (1, b"a\r\n".to_vec()),
                (2, b"\n".to_vec()),
                (3, b"\xef\xbb\xbfb".to_vec())
            ]
        );
    }

    #[test]
    fn what_is_not_utf8_text_is_recognised() {
        for (bytes, hint) in [
            (&b"\xff\xfea\0,\0"[..], "UTF-16"),
            (b"\xfe\xff\0a\0,", "UTF-16"),
            (b"\x93NUMPY\x01\0", "binary"),
        ] {
            let error = all(bytes).unwrap_err().to_string();
            assert!(error.contains(hint), "{error}");
        }
    }

    #[test]
    fn a_line_has_a_longest_length() {
        let mut bytes = vec![b'x'; LONGEST_ROW];
        assert_eq!(all(&bytes).unwrap().len(), 1);
        bytes.push(b'x');
        let error = all(&bytes).unwrap_err().to_string();
        assert!(
            error.contains("line 1: the row has more than 16 MiB"),
            "{error}"
        );
    }

    #[test]
    fn tabs_are_blank_unless_they_separate() {
        assert!(is_blank(b" \t\r\n", None));
        assert!(is_blank(b"  \r\n", Some(b'\t')));
        assert!(!is_blank(b" \t\r\n", Some(b'\t')));
        assert!(!is_blank(b" x", Some(b',')));
    }
}
