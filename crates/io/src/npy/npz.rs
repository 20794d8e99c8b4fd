//! How are several arrays kept in one file?

use super::Place;
use super::array::{Array, ArrayRef};
use super::read::{Size, read_array};
use super::write::{check, put, written_bytes};
use crate::replace::replace;
use crate::{Error, Result};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Cursor, Read, Seek, SeekFrom, Write};
use std::path::Path;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// What numpy appends to an array's name to name the member that holds it.
const SUFFIX: &str = ".npy";

/// Bytes that an array's name may have. The ZIP format holds 64 KiB of name, suffix and sizes.
const LONGEST_NAME: usize = 65_000;

/// The content of an NPZ file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Npz {
    /// The arrays with their names, in the file's order.
    pub arrays: Vec<(String, Array)>,
    /// The members that were left out, with the reason for each.
    pub skipped: Vec<(String, String)>,
}

/// Reads the arrays in an NPZ file.
///
/// What is intact but cannot be read, such as text or pickled objects, is listed in
/// [`Npz::skipped`].
///
/// # Errors
/// [`Error::Malformed`] for a damaged file or one with two arrays of one name, [`Error::Io`].
pub fn read_npz(path: impl AsRef<Path>) -> Result<Npz> {
    let path = path.as_ref();
    let file = File::open(path).map_err(Error::io(path))?;
    read_archive(BufReader::new(file), path)
}

/// Reads the arrays from the bytes of an NPZ file.
///
/// # Errors
/// As [`read_npz`], with `<bytes>` for the file's name.
pub fn parse_npz(bytes: &[u8]) -> Result<Npz> {
    read_archive(Cursor::new(bytes), Path::new("<bytes>"))
}

fn read_archive(mut input: impl Read + Seek, path: &Path) -> Result<Npz> {
    let file = Place { path, array: None };
    // Bytes of the file that no member has claimed yet.
    let mut unclaimed = input.seek(SeekFrom::End(0)).map_err(Error::io(path))?;
    let mut archive = ZipArchive::new(input).map_err(|error| damaged(error, file))?;
    if archive.has_duplicate_names() {
        return Err(file.malformed("two arrays have the same name"));
    }
    let mut npz = Npz::default();
    for index in 0..archive.len() {
        let entry = archive
            .by_index_data(index)
            .map_err(|error| damaged(error, file))?;
        let name = entry
            .name()
            .map_err(|error| damaged(error, file))?
            .into_owned();
        let reason = reason_to_skip(entry.encrypted(), entry.compression());
        let Some(array) = name.strip_suffix(SUFFIX) else {
            npz.skipped.push((
                name,
                "its name does not end with .npy, so it is no array".to_owned(),
            ));
            continue;
        };
        let place = Place {
            path,
            array: Some(array),
        };
        if let Some(reason) = reason {
            npz.skipped.push((array.to_owned(), reason));
            continue;
        }
        // Members that share their data could otherwise fill any memory from a small file.
        unclaimed = unclaimed
            .checked_sub(entry.compressed_size())
            .ok_or_else(|| place.malformed("the members together are larger than the file"))?;
        let mut member = archive
            .by_index(index)
            .map_err(|error| damaged(error, place))?;
        let size = Size::Claimed(member.size());
        match read_array(&mut member, size, place) {
            Ok(values) => npz.arrays.push((array.to_owned(), values)),
            Err(Error::UnsupportedDType { found, advice, .. }) => {
                npz.skipped
                    .push((array.to_owned(), format!("it holds {found}; {advice}")));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(npz)
}

/// Why a member that may well be intact cannot be unpacked, if so.
fn reason_to_skip(is_encrypted: bool, method: CompressionMethod) -> Option<String> {
    if is_encrypted {
        return Some("it is encrypted; save it without a password".to_owned());
    }
    match method {
        CompressionMethod::Stored | CompressionMethod::Deflated => None,
        other => Some(format!(
            "it is compressed in another way than numpy does ({other}); save it with \
             np.savez_compressed"
        )),
    }
}

fn damaged(error: ZipError, place: Place<'_>) -> Error {
    match error {
        ZipError::Io(error) => place.failure(error),
        error => place.malformed(format_args!(
            "expected an NPZ file, a ZIP archive of arrays: {error}"
        )),
    }
}

/// Writes named arrays to an NPZ file, which is replaced as a whole when all of it is written.
///
/// # Errors
/// [`Error::Shape`] for a shape that does not fit the values or a name that the format cannot hold,
/// [`Error::DuplicateColumn`] for a name given twice, [`Error::Io`].
pub fn write_npz(path: impl AsRef<Path>, arrays: &[(&str, ArrayRef<'_>)]) -> Result<()> {
    let path = path.as_ref();
    let mut seen = HashMap::new();
    for (position, (name, array)) in (1..).zip(arrays) {
        let place = Place {
            path,
            array: Some(name),
        };
        check_name(place, name)?;
        check(array, place)?;
        if let Some(first) = seen.insert(*name, position) {
            return Err(Error::DuplicateColumn {
                path: path.to_path_buf(),
                column: (*name).to_owned(),
                first,
                second: position,
            });
        }
    }
    replace(path, |file| {
        put_archive(file, arrays).map_err(|error| match error {
            ZipError::Io(error) => Error::io(path)(error),
            error => Error::malformed(path, format!("cannot be written as NPZ: {error}")),
        })
    })
}

fn check_name(place: Place<'_>, name: &str) -> Result<()> {
    let what = if name.is_empty() {
        "has no name"
    } else if name.contains('\0') {
        "has a name with a NUL character, where numpy would cut it off"
    } else if name.len() > LONGEST_NAME {
        "has a name longer than 65,000 bytes"
    } else {
        return Ok(());
    };
    Err(Error::Shape {
        path: place.path.to_path_buf(),
        array: place.array(),
        what: what.to_owned(),
    })
}

fn put_archive(
    file: &mut BufWriter<&mut File>,
    arrays: &[(&str, ArrayRef<'_>)],
) -> Result<(), ZipError> {
    let mut archive = ZipWriter::new(file);
    for (name, array) in arrays {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            // The format's earliest time, so that the same arrays give the same file.
            .last_modified_time(DateTime::default())
            .large_file(written_bytes(array) >= u64::from(u32::MAX));
        archive.start_file(format!("{name}{SUFFIX}"), options)?;
        put(array, &mut archive)?;
    }
    archive.finish()?.flush()?;
    Ok(())
}
