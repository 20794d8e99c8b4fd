//! How do rows of bytes, compressed or not, become values?

use super::header::Header;
use super::layout::Layout;
use super::lzf;
use crate::points::input::{CHUNK, fill, reserve};
use crate::points::number::{Column, Number};
use crate::{Error, Result};
use std::io::{BufRead, Read};
use std::path::Path;

/// Reads points that follow each other, from a stream of `left` bytes if their number is known.
///
/// Memory is taken for bytes that are there, never for what is merely claimed.
pub(super) fn rows<T: Number>(
    mut input: impl BufRead,
    left: Option<u64>,
    header: &Header,
    layout: &Layout,
    path: &Path,
) -> Result<Vec<T>> {
    let (points, row, width) = (header.points, layout.row_bytes, layout.width());
    let mut values = Vec::new();
    if let Some(left) = left {
        if left < layout.bytes as u64 {
            return Err(cut_short(left, header, layout, path));
        }
        reserve(&mut values, points * width, path)?;
    }
    let columns = layout.in_rows(header);
    let rows_at_once = (CHUNK / row).clamp(1, points.max(1));
    let mut chunk = vec![0; rows_at_once * row];
    let mut done = 0;
    while done < points {
        let rows = rows_at_once.min(points - done);
        let bytes = &mut chunk[..rows * row];
        let filled = fill(&mut input, bytes, path)?;
        if filled < bytes.len() {
            return Err(cut_short(
                (done * row + filled) as u64,
                header,
                layout,
                path,
            ));
        }
        append(bytes, &columns, rows, &mut values, path)?;
        done += rows;
    }
    check_end(&mut input, path)?;
    Ok(values)
}

fn cut_short(found: u64, header: &Header, layout: &Layout, path: &Path) -> Error {
    let what = format!(
        "the file is cut short: found {found} bytes of data, expected {} for {} point(s) of {} bytes",
        layout.bytes, header.points, layout.row_bytes
    );
    Error::malformed(path, what)
}

/// Reads points whose fields follow each other, compressed as one piece.
pub(super) fn compressed<T: Number>(
    mut input: impl BufRead,
    header: &Header,
    layout: &Layout,
    path: &Path,
) -> Result<Vec<T>> {
    let mut values = Vec::new();
    if header.points == 0 {
        // Some writers leave out the sizes of nothing, and some do not.
        check_end(&mut input, path)?;
        return Ok(values);
    }
    let sizes = sizes(&mut input, header, layout, path)?;
    let bytes = unpack(&mut input, &sizes, path)?;
    check_end(&mut input, path)?;
    let columns = layout.in_fields(header, sizes.has_padding);
    append(&bytes, &columns, header.points, &mut values, path)?;
    Ok(values)
}

/// What stands before compressed data.
struct Sizes {
    /// Bytes of the data, compressed.
    packed: u32,
    /// Bytes that they become.
    unpacked: usize,
    /// Whether fields that hold nothing are among them. PCL leaves them out, others do not.
    has_padding: bool,
}

/// Reads the sizes and holds them against the header, and against what so many bytes can become.
fn sizes(input: &mut impl BufRead, header: &Header, layout: &Layout, path: &Path) -> Result<Sizes> {
    let mut bytes = [0; 8];
    if fill(input, &mut bytes, path)? < bytes.len() {
        let what = "the file is cut short: found no sizes of the compressed data after the header";
        return Err(Error::malformed(path, what));
    }
    let both = u64::from_le_bytes(bytes);
    let (packed, claimed) = (both as u32, both >> 32);
    let without_padding = layout.bytes - layout.padding * header.points;
    let has_padding = claimed == layout.bytes as u64;
    if !has_padding && claimed != without_padding as u64 {
        let what = format!(
            "the compressed data claim to hold {claimed} bytes, expected {} for {} point(s) of {} \
             bytes",
            layout.bytes, header.points, layout.row_bytes
        );
        return Err(Error::malformed(path, what));
    }
    if claimed > u64::from(packed) * lzf::MOST_EXPANSION {
        let what = format!(
            "{packed} bytes of compressed data claim to hold {claimed} bytes, expected at most {} \
             times as many",
            lzf::MOST_EXPANSION
        );
        return Err(Error::malformed(path, what));
    }
    Ok(Sizes {
        packed,
        unpacked: match has_padding {
            true => layout.bytes,
            false => without_padding,
        },
        has_padding,
    })
}

fn unpack(input: &mut impl BufRead, sizes: &Sizes, path: &Path) -> Result<Vec<u8>> {
    let mut data = Vec::new();
    // Grows with what is there, whatever is claimed.
    let read = input.take(u64::from(sizes.packed)).read_to_end(&mut data);
    let found = read.map_err(Error::io(path))? as u64;
    if found != u64::from(sizes.packed) {
        let what = format!(
            "the file is cut short: found {found} bytes of compressed data, expected {}",
            sizes.packed
        );
        return Err(Error::malformed(path, what));
    }
    let mut bytes = Vec::new();
    reserve(&mut bytes, sizes.unpacked, path)?;
    lzf::decompress(&data, sizes.unpacked, &mut bytes).map_err(|fault| {
        let what = format!(
            "the compressed data are damaged after {} of {found} bytes: {}",
            fault.at, fault.what
        );
        Error::malformed(path, what)
    })?;
    Ok(bytes)
}

/// Appends the rows of so many points whose columns lie in these bytes.
fn append<T: Number>(
    bytes: &[u8],
    columns: &[Column],
    rows: usize,
    values: &mut Vec<T>,
    path: &Path,
) -> Result<()> {
    let (start, width) = (values.len(), columns.len());
    reserve(values, rows * width, path)?;
    values.resize(start + rows * width, T::default());
    for (at, column) in columns.iter().enumerate() {
        column.copy(bytes, &mut values[start..], width, at);
    }
    Ok(())
}

/// Refuses anything but zeros behind the last point.
fn check_end(input: &mut impl BufRead, path: &Path) -> Result<()> {
    let mut chunk = [0; 4096];
    loop {
        let filled = fill(input, &mut chunk, path)?;
        if chunk[..filled].iter().any(|&byte| byte != 0) {
            let what = "more bytes follow the last point; POINTS in the header is too small, or the \
                        file holds something else";
            return Err(Error::malformed(path, what));
        }
        if filled < chunk.len() {
            return Ok(());
        }
    }
}
