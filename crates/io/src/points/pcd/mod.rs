//! How do PCD files, those of the Point Cloud Library, become points?
//!
//! | file | question it answers |
//! |---|---|
//! | `lines` | where does a line end, and which one is it? |
//! | `header` | what does the header say? |
//! | `layout` | which columns does a point have, and where do their values lie? |
//! | `ascii` | how does text become values? |
//! | `binary` | how do rows of bytes, compressed or not, become values? |
//! | `lzf` | how are bytes decompressed? |
//!
//! The format is described in PCL's documentation, "The PCD (Point Cloud Data) file format". What that
//! leaves open is as PCL's own reader has it: headers of versions 0.5 and 0.6 may lack `VIEWPOINT` and
//! `COUNT`, and older ones `SIZE` and `TYPE`, for 32-bit floats, or say `COLUMNS` for `FIELDS`; fields
//! named `_` are padding. Stricter than there, a file must hold as many points as it says, and a value
//! must be one of its field's type. Zeros behind the last point are taken: PCL's writer used to round
//! the size of its files up.

mod ascii;
mod binary;
mod header;
mod layout;
mod lines;
mod lzf;

use super::cloud::{PointCloud, Values};
use super::number::Number;
use crate::Result;
use header::{Encoding, Header};
use layout::Layout;
use lines::Lines;
use std::io::BufRead;
use std::path::Path;

/// Reads a cloud from a stream of that many bytes, if their number is known.
pub(super) fn read(input: impl BufRead, size: Option<u64>, path: &Path) -> Result<PointCloud> {
    let mut lines = Lines::new(input, path);
    let header = header::read(&mut lines, path)?;
    let layout = Layout::of(&header, path)?;
    let values = if layout.fits_f32() {
        Values::F32(body(lines, size, &header, &layout, path)?)
    } else {
        Values::F64(body(lines, size, &header, &layout, path)?)
    };
    Ok(PointCloud {
        columns: layout.names,
        values,
    })
}

fn body<T: Number>(
    mut lines: Lines<'_, impl BufRead>,
    size: Option<u64>,
    header: &Header,
    layout: &Layout,
    path: &Path,
) -> Result<Vec<T>> {
    let left = size.map(|size| size.saturating_sub(lines.bytes()));
    match header.encoding {
        Encoding::Ascii => ascii::read(&mut lines, header, layout, path),
        Encoding::Binary => binary::rows(lines.input(), left, header, layout, path),
        Encoding::Compressed => binary::compressed(lines.input(), header, layout, path),
    }
}
