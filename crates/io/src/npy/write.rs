//! How does an array become an NPY stream?

use super::array::ArrayRef;
use super::{MOST_DIMENSIONS, Place, header};
use crate::replace::replace;
use crate::{Error, Result};
use std::io::{self, Write};
use std::path::Path;

/// Elements converted at a time.
const CHUNK: usize = 1 << 13;

/// Writes an array to an NPY file, which is replaced as a whole when all of it is written.
///
/// # Errors
/// [`Error::Shape`] for a shape that does not fit the values, [`Error::Io`].
pub fn write_npy(path: impl AsRef<Path>, array: &ArrayRef<'_>) -> Result<()> {
    let path = path.as_ref();
    check(array, Place { path, array: None })?;
    replace(path, |file| put(array, file).map_err(Error::io(path)))
}

/// Refuses an array that cannot be written.
pub(super) fn check(array: &ArrayRef<'_>, place: Place<'_>) -> Result<()> {
    let shape = array.shape;
    let found = array.values.len();
    let expected = shape
        .iter()
        .filter(|&&n| n != 0)
        .try_fold(1usize, |count, &n| count.checked_mul(n))
        .map(|count| if shape.contains(&0) { 0 } else { count });
    let what = if shape.len() > MOST_DIMENSIONS {
        let dimensions = shape.len();
        format!("has {dimensions} dimensions, expected at most {MOST_DIMENSIONS}")
    } else if expected != Some(found) {
        format!("has {found} value(s), which does not fit its shape {shape:?}")
    } else {
        return Ok(());
    };
    Err(Error::Shape {
        path: place.path.to_path_buf(),
        array: place.array(),
        what,
    })
}

/// Bytes that [`put`] writes.
pub(super) fn written_bytes(array: &ArrayRef<'_>) -> u64 {
    header::write(array).len() as u64 + array.values.bytes() as u64
}

/// Writes the header and the data.
pub(super) fn put(array: &ArrayRef<'_>, output: &mut impl Write) -> io::Result<()> {
    output.write_all(&header::write(array))?;
    let count = array.values.len();
    let mut bytes = Vec::new();
    let mut start = 0;
    while start < count {
        let end = count.min(start + CHUNK);
        bytes.clear();
        array.values.put(start..end, &mut bytes);
        output.write_all(&bytes)?;
        start = end;
    }
    Ok(())
}
