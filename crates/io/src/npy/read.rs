//! How does an NPY stream become an array?

use super::array::{Array, Collect};
use super::element::Element;
use super::header::{self, Header};
use super::{MOST_DIMENSIONS, Place};
use crate::{Error, Result};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// Bytes read, converted and taken memory for at a time. A multiple of every element's size.
const CHUNK: usize = 1 << 16;

/// Reads the array in an NPY file.
///
/// # Errors
/// [`Error::UnsupportedDType`] for elements that are no plain numbers, [`Error::Malformed`] for a
/// damaged file, [`Error::Io`].
pub fn read_npy(path: impl AsRef<Path>) -> Result<Array> {
    let path = path.as_ref();
    let file = File::open(path).map_err(Error::io(path))?;
    let metadata = file.metadata().map_err(Error::io(path))?;
    let size = match metadata.is_file() {
        true => Size::Held(metadata.len()),
        false => Size::Unknown,
    };
    let place = Place { path, array: None };
    read_array(&mut BufReader::with_capacity(CHUNK, file), size, place)
}

/// Reads an array from the bytes of an NPY file.
///
/// # Errors
/// As [`read_npy`], with `<bytes>` for the file's name.
pub fn parse_npy(bytes: &[u8]) -> Result<Array> {
    let place = Place {
        path: Path::new("<bytes>"),
        array: None,
    };
    read_array(&mut &bytes[..], Size::Held(bytes.len() as u64), place)
}

/// What is known about the length of a stream, in bytes.
#[derive(Clone, Copy)]
pub(super) enum Size {
    /// They are there, in a file or in memory.
    Held(u64),
    /// Someone says so who may be wrong.
    Claimed(u64),
    Unknown,
}

/// Reads an array from a stream that ends with it.
pub(super) fn read_array(input: &mut impl Read, size: Size, place: Place<'_>) -> Result<Array> {
    let header = header::read(input, place)?;
    if let Size::Held(size) | Size::Claimed(size) = size {
        let held = size.saturating_sub(header.header_bytes as u64);
        if held < header.data_bytes as u64 {
            return Err(truncated(&header, held, place));
        }
    }
    let mut data = Data {
        input: &mut *input,
        header: &header,
        are_held: matches!(size, Size::Held(_)),
        place,
    };
    let values = header.kind.collect(&mut data)?;
    let mut beyond = [0];
    // For a member of an NPZ file this read also compares the checksum.
    if input
        .read(&mut beyond)
        .map_err(|error| place.failure(error))?
        != 0
    {
        return Err(place.malformed(
            "more bytes follow the array's data; save several arrays as NPZ, not one after the \
             other",
        ));
    }
    Ok(Array {
        shape: header.shape,
        values,
    })
}

fn truncated(header: &Header, held: u64, place: Place<'_>) -> Error {
    place.malformed(format_args!(
        "the file is cut short: found {held} bytes of data, expected {} for shape {:?}",
        header.data_bytes, header.shape
    ))
}

/// The data that follow a header.
struct Data<'a, R> {
    input: &'a mut R,
    header: &'a Header,
    /// Whether the data are known to be there.
    are_held: bool,
    place: Place<'a>,
}

impl<R: Read> Collect for Data<'_, R> {
    fn collect<T: Element>(&mut self) -> Result<Vec<T>> {
        let values = self.stored()?;
        if self.header.is_fortran {
            self.to_c_order(values)
        } else {
            Ok(values)
        }
    }
}

impl<R: Read> Data<'_, R> {
    /// The values in the order of the file. Memory is taken for data that are there, never for what
    /// is merely claimed.
    fn stored<T: Element>(&mut self) -> Result<Vec<T>> {
        let mut values = Vec::new();
        if self.are_held {
            self.reserve(&mut values, self.header.data_bytes / T::SIZE)?;
        }
        let mut chunk = vec![0; CHUNK.min(self.header.data_bytes)];
        let mut left = self.header.data_bytes;
        while left > 0 {
            let bytes = &mut chunk[..CHUNK.min(left)];
            self.input
                .read_exact(bytes)
                .map_err(|error| self.place.failure(error))?;
            self.reserve(&mut values, bytes.len() / T::SIZE)?;
            T::take(bytes, self.header.byte_order, &mut values);
            left -= bytes.len();
        }
        values.shrink_to_fit();
        Ok(values)
    }

    /// The values of a Fortran-ordered array, the first index running fastest, in C order.
    fn to_c_order<T: Element>(&self, values: Vec<T>) -> Result<Vec<T>> {
        let shape = &self.header.shape;
        let long_axes = shape.iter().filter(|&&n| n > 1).count();
        let (Some((&inner, outer)), true) = (shape.split_last(), long_axes > 1) else {
            return Ok(values);
        };
        if values.is_empty() {
            return Ok(values);
        }
        let mut strides = [0; MOST_DIMENSIONS];
        let mut stride = 1;
        for (axis, &n) in shape.iter().enumerate() {
            strides[axis] = stride;
            stride *= n;
        }
        let inner_stride = strides[outer.len()];
        let mut ordered = Vec::new();
        self.reserve(&mut ordered, values.len())?;
        let mut index = [0; MOST_DIMENSIONS];
        let mut start = 0;
        loop {
            ordered.extend(values.iter().skip(start).step_by(inner_stride).take(inner));
            // To the next position of the outer axes, the last of them running fastest.
            let mut axis = outer.len();
            loop {
                if axis == 0 {
                    return Ok(ordered);
                }
                axis -= 1;
                index[axis] += 1;
                start += strides[axis];
                if index[axis] < outer[axis] {
                    break;
                }
                start -= strides[axis] * index[axis];
                index[axis] = 0;
            }
        }
    }

    fn reserve<T>(&self, values: &mut Vec<T>, more: usize) -> Result<()> {
        values.try_reserve(more).map_err(|_| {
            self.place.malformed(format_args!(
                "not enough memory for {} bytes of data",
                self.header.data_bytes
            ))
        })
    }
}
