//! Arrays of numbers as numpy stores them: one in an NPY file, several with names in an NPZ file.
//!
//! | file | question it answers |
//! |---|---|
//! | `array` | what is an array in memory? |
//! | `element` | how do numbers become bytes, and bytes numbers? |
//! | `literal` | what does a Python literal say? |
//! | `header` | what does an NPY header say, and how is one written? |
//! | `dtype` | which element type is meant, and what if it is none of ours? |
//! | `read` | how does an NPY stream become an array? |
//! | `write` | how does an array become an NPY stream? |
//! | `npz` | how are several arrays kept in one file? |
//!
//! Floating-point numbers of 16, 32 and 64 bits, integers of 8 to 64 bits and booleans are read and
//! written. Big-endian and Fortran-ordered arrays are converted while they are read: in memory all
//! arrays are in the machine's byte order and in C order, the last index running fastest. Files are
//! written little-endian, in C order and in version 1.0 of the format, byte for byte as `np.save`
//! does; NPZ members are not compressed and carry no time, so that the same arrays always give the
//! same file. NPZ files from `np.savez_compressed` are read.
//!
//! Pickled objects are never read: unpickling runs code from the file. An NPY file of them, of text,
//! of records or of another type beyond those above is an [`Error::UnsupportedDType`](crate::Error)
//! that says what to do; in an NPZ file such an array is left out and listed.

mod array;
mod dtype;
mod element;
mod header;
mod literal;
mod npz;
mod read;
mod write;

pub use array::{Array, ArrayRef, Values, ValuesRef};
pub use npz::{Npz, parse_npz, read_npz, write_npz};
pub use read::{parse_npy, read_npy};
pub use write::write_npy;

use crate::Error;
use std::io;
use std::path::Path;

/// The most dimensions an array can have in numpy.
const MOST_DIMENSIONS: usize = 64;

/// The array at hand, for errors.
#[derive(Clone, Copy)]
struct Place<'a> {
    path: &'a Path,
    /// The name within an NPZ file.
    array: Option<&'a str>,
}

impl Place<'_> {
    fn malformed(&self, what: impl std::fmt::Display) -> Error {
        let what = match self.array {
            Some(name) => format!("array {name:?}: {what}"),
            None => what.to_string(),
        };
        Error::malformed(self.path, what)
    }

    /// A failure to read: of the file if it is the operating system's, of its content otherwise.
    fn failure(&self, source: io::Error) -> Error {
        match source.kind() {
            io::ErrorKind::UnexpectedEof => self.malformed("the file ends in the middle"),
            // What decompression and checksums report.
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                self.malformed(format_args!("the file is damaged: {source}"))
            }
            _ => Error::Io {
                path: self.path.to_path_buf(),
                source,
            },
        }
    }

    fn array(&self) -> Option<String> {
        self.array.map(str::to_owned)
    }
}
