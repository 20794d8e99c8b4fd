//! How many bytes are there, and how are they taken?

use crate::{Error, Result};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

/// Bytes read and converted at a time. A multiple of every number's size.
pub(super) const CHUNK: usize = 1 << 16;

/// Opens a file and tells its size in bytes, if it has one; a pipe has none.
pub(super) fn open(path: &Path) -> Result<(BufReader<File>, Option<u64>)> {
    let file = File::open(path).map_err(Error::io(path))?;
    let metadata = file.metadata().map_err(Error::io(path))?;
    let size = metadata.is_file().then_some(metadata.len());
    Ok((BufReader::with_capacity(CHUNK, file), size))
}

/// Reads until `bytes` are full or the input ends, and returns how many bytes were there.
pub(super) fn fill(input: &mut impl Read, bytes: &mut [u8], path: &Path) -> Result<usize> {
    let mut filled = 0;
    while filled < bytes.len() {
        match input.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::io(path)(error)),
        }
    }
    Ok(filled)
}

/// Makes room for more values, or says that there is none.
pub(super) fn reserve<T>(values: &mut Vec<T>, more: usize, path: &Path) -> Result<()> {
    values.try_reserve(more).map_err(|_| {
        let found = values.len();
        let what = format!("not enough memory for {more} values more than {found}");
        Error::malformed(path, what)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time, and is interrupted before each.
    struct Slow<'a>(&'a [u8], bool);

    impl Read for Slow<'_> {
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let count = bytes.len().min(1);
            self.0.read(&mut bytes[..count])
        }
    }

    #[test]
    fn bytes_are_filled_as_far_as_there_are_any() {
        let mut bytes = [0; 4];
        let path = Path::new("a.bin");
        assert_eq!(
            fill(&mut Slow(b"abcdef", false), &mut bytes, path).unwrap(),
            4
        );
        assert_eq!(&bytes, b"abcd");
        assert_eq!(fill(&mut Slow(b"xy", false), &mut bytes, path).unwrap(), 2);
        assert_eq!(&bytes, b"xycd");
    }

    #[test]
    fn memory_that_there_is_not_is_an_error() {
        let error = reserve(&mut vec![0.0f64], usize::MAX / 16, Path::new("a.bin")).unwrap_err();
        assert!(error.to_string().contains("not enough memory"), "{error}");
    }
}
