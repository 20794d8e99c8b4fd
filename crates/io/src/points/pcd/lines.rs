//! Where does a line end, and which one is it?

use crate::{Error, Result};
use std::io::{BufRead, Read};
use std::path::Path;

/// Bytes that one line may have. The most values that a point may have take half of that.
const LONGEST: usize = 1 << 20;

/// The lines of a header, and of the points below it if those are text.
pub(super) struct Lines<'a, R> {
    input: R,
    path: &'a Path,
    count: u64,
    bytes: u64,
}

impl<'a, R: BufRead> Lines<'a, R> {
    pub(super) fn new(input: R, path: &'a Path) -> Self {
        Lines {
            input,
            path,
            count: 0,
            bytes: 0,
        }
    }

    /// Replaces `line` by the next line, with its line break, and returns its number, counted from 1;
    /// `None` at the end of the file.
    pub(super) fn next(&mut self, line: &mut Vec<u8>) -> Result<Option<u64>> {
        line.clear();
        let read = (&mut self.input)
            .take(LONGEST as u64 + 1)
            .read_until(b'\n', line)
            .map_err(Error::io(self.path))?;
        if read == 0 {
            return Ok(None);
        }
        self.count += 1;
        self.bytes += read as u64;
        if read > LONGEST {
            let what = format!(
                "line {}: the line has more than {} MiB, expected text",
                self.count,
                LONGEST >> 20
            );
            return Err(Error::malformed(self.path, what));
        }
        Ok(Some(self.count))
    }

    /// Bytes read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What follows the lines read so far.
    pub(super) fn input(self) -> R {
        self.input
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_and_the_rest_is_left() {
        let mut lines = Lines::new(&b"a\r\n\nb\n\x00\x01"[..], Path::new("a.pcd"));
        let mut line = Vec::new();
        for (number, expected) in [(1, "a\r\n"), (2, "\n"), (3, "b\n")] {
            assert_eq!(lines.next(&mut line).unwrap(), Some(number));
            assert_eq!(line, expected.as_bytes());
        }
        assert_eq!(lines.bytes(), 6);
        assert_eq!(lines.input(), [0, 1]);
    }

    #[test]
    fn a_line_has_a_longest_length() {
        let bytes = vec![b'x'; LONGEST + 1];
        let path = Path::new("a.pcd");
        let mut line = Vec::new();
        let whole = Lines::new(&bytes[1..], path).next(&mut line).unwrap();
        assert_eq!((whole, line.len()), (Some(1), LONGEST));
        let error = Lines::new(&bytes[..], path).next(&mut line).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a.pcd: line 1: the line has more than 1 MiB, expected text"
        );
    }
}
