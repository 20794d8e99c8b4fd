//! How does a file become a point cloud?

use super::cloud::{PointCloud, numbered};
use super::format::Format;
use super::input::open;
use super::{array, pcd, raw, table};
use crate::csv::{ReadOptions, parse_table, read_table};
use crate::npy::{parse_npy, read_npy};
use crate::{Error, Result};
use std::path::Path;

/// What stands for the file's name in errors about bytes.
const BYTES: &str = "<bytes>";

/// Reads the points in a file whose format is certain, see [`Format::detect`].
///
/// # Errors
/// [`Error::UnknownFormat`] where it is not, and as [`read_points_as`].
pub fn read_points(path: impl AsRef<Path>) -> Result<PointCloud> {
    let path = path.as_ref();
    read_points_as(path, Format::detect(path)?)
}

/// Reads the points in a file of that format.
///
/// # Errors
/// [`Error::Malformed`] for a damaged file or one of another format, [`Error::Empty`] for one without
/// content, [`Error::MissingColumn`] without x, y or z, [`Error::DuplicateColumn`] for a name given
/// twice, [`Error::Ragged`] for a row of PCD text with more or fewer values than there are fields,
/// [`Error::Shape`] for an array that is not `[N, C]` with C of at least 3, [`Error::Io`]; and whatever
/// [`read_npy`] and [`read_table`] say.
pub fn read_points_as(path: impl AsRef<Path>, format: Format) -> Result<PointCloud> {
    let path = path.as_ref();
    match format {
        Format::Kitti | Format::NuScenes => {
            let (mut file, size) = open(path)?;
            raw::read(&mut file, size, names(format), path)
        }
        Format::Pcd => {
            let (file, size) = open(path)?;
            pcd::read(file, size, path)
        }
        Format::Npy => array::cloud(read_npy(path)?, path),
        Format::Csv => {
            let table = read_table(path, &ReadOptions::default(), &mut |_, _| {})?;
            table::cloud(&table)
        }
    }
}

/// Reads the points from the bytes of a file of that format.
///
/// # Errors
/// As [`read_points_as`], with `<bytes>` for the file's name.
pub fn parse_points(bytes: &[u8], format: Format) -> Result<PointCloud> {
    let path = Path::new(BYTES);
    let size = Some(bytes.len() as u64);
    match format {
        Format::Kitti | Format::NuScenes => raw::read(&mut &bytes[..], size, names(format), path),
        Format::Pcd => pcd::read(bytes, size, path),
        Format::Npy => array::cloud(parse_npy(bytes)?, path),
        Format::Csv => table::cloud(&parse_table(bytes, path)?),
    }
}

/// Reads a file of nothing but little-endian 32-bit floats, `columns` of them for each point: x, y, z
/// and then columns named by their indices, `3`, `4`, …
///
/// # Errors
/// [`Error::Shape`] for fewer than three columns or more than 16,384, [`Error::Malformed`] for a file
/// that is no whole number of points, [`Error::Empty`], [`Error::Io`].
pub fn read_floats(path: impl AsRef<Path>, columns: usize) -> Result<PointCloud> {
    let path = path.as_ref();
    let columns = numbered_in(columns, path)?;
    let (mut file, size) = open(path)?;
    raw::read(&mut file, size, columns, path)
}

/// Reads points from the bytes of such a file.
///
/// # Errors
/// As [`read_floats`], with `<bytes>` for the file's name.
pub fn parse_floats(bytes: &[u8], columns: usize) -> Result<PointCloud> {
    let path = Path::new(BYTES);
    let columns = numbered_in(columns, path)?;
    raw::read(&mut &bytes[..], Some(bytes.len() as u64), columns, path)
}

fn names(format: Format) -> Vec<String> {
    let names = format.raw_columns().unwrap_or(&[]);
    names.iter().map(|&name| name.to_owned()).collect()
}

fn numbered_in(columns: usize, path: &Path) -> Result<Vec<String>> {
    numbered(columns).map_err(|what| Error::Shape {
        path: path.to_path_buf(),
        array: None,
        what,
    })
}
