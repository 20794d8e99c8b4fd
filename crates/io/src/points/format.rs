//! Which format does a file have?

use super::input::{CHUNK, fill, open};
use super::raw::{KITTI, NUSCENES};
use crate::{Error, Result};
use std::fmt;
use std::path::Path;

/// The formats that point clouds are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// A Velodyne scan of KITTI: 32-bit floats x, y, z and intensity, without a header.
    Kitti,
    /// A lidar sweep of nuScenes: 32-bit floats x, y, z, intensity and ring, without a header.
    NuScenes,
    /// A file of the Point Cloud Library.
    Pcd,
    /// An array `[N, C]` whose first columns are x, y and z.
    Npy,
    /// A table with columns x, y and z.
    Csv,
}

/// Rows below which their content is no evidence.
const FEWEST: usize = 64;

impl Format {
    /// Every format.
    pub const ALL: &[Format] = &[
        Format::Kitti,
        Format::NuScenes,
        Format::Pcd,
        Format::Npy,
        Format::Csv,
    ];

    /// The format's name: `kitti`, `nuscenes`, `pcd`, `npy` or `csv`.
    pub fn name(self) -> &'static str {
        match self {
            Format::Kitti => "kitti",
            Format::NuScenes => "nuscenes",
            Format::Pcd => "pcd",
            Format::Npy => "npy",
            Format::Csv => "csv",
        }
    }

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Format> {
        Format::ALL
            .iter()
            .copied()
            .find(|format| format.name() == name)
    }

    /// The format of a file, by its name or, where that does not say it, by its content.
    ///
    /// Names that end with `.pcd.bin` (nuScenes), `.pcd`, `.npy` and `.csv` say it, in any case of
    /// letters. NPY and PCD files of other names are known by how they begin. Numbers without a header
    /// are taken for a scan only where they look like nothing else: of KITTI where every intensity is
    /// a whole number of hundredths from 0 to 1, of nuScenes where every intensity is a whole number
    /// up to 255 and the ring one up to 31. Content is looked at in regular files alone.
    ///
    /// # Errors
    /// [`Error::UnknownFormat`] where it is not certain, [`Error::Io`].
    pub fn detect(path: impl AsRef<Path>) -> Result<Format> {
        let path = path.as_ref();
        match by_name(path) {
            Some(format) => Ok(format),
            None => by_content(path),
        }
    }

    /// The columns of a scan without a header.
    pub(super) fn raw_columns(self) -> Option<&'static [&'static str]> {
        match self {
            Format::Kitti => Some(&KITTI),
            Format::NuScenes => Some(&NUSCENES),
            Format::Pcd | Format::Npy | Format::Csv => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

fn by_name(path: &Path) -> Option<Format> {
    let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
    let endings = [
        (".pcd.bin", Format::NuScenes),
        (".pcd", Format::Pcd),
        (".npy", Format::Npy),
        (".csv", Format::Csv),
    ];
    let mut endings = endings.into_iter();
    // A name that is nothing but an ending is that of a hidden file.
    let found = endings.find(|(ending, _)| name.ends_with(ending) && name.len() > ending.len());
    found.map(|(_, format)| format)
}

fn by_content(path: &Path) -> Result<Format> {
    // A pipe must not even be opened: its other end would take that for its reader.
    let metadata = std::fs::metadata(path).map_err(Error::io(path))?;
    if !metadata.is_file() {
        let found = "its name does not say what it holds, and it is no file to be read twice";
        return Err(unknown(path, found, Format::ALL));
    }
    let size = metadata.len();
    let (mut file, _) = open(path)?;
    let mut start = vec![0; CHUNK];
    let filled = fill(&mut file, &mut start, path)?;
    start.truncate(filled);
    if start.starts_with(b"\x93NUMPY") {
        return Ok(Format::Npy);
    }
    if start.starts_with(b"# .PCD") || start.starts_with(b"VERSION ") {
        return Ok(Format::Pcd);
    }
    let is_bin = path
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("bin"));
    if !is_bin {
        let found = "neither its name nor its first bytes say what it holds";
        return Err(unknown(path, found, Format::ALL));
    }
    match (is_kitti(&start, size), is_nuscenes(&start, size)) {
        (true, false) => Ok(Format::Kitti),
        (false, true) => Ok(Format::NuScenes),
        (both, _) => {
            let found = match both {
                true => "its bytes may be a scan of KITTI as well as a sweep of nuScenes",
                false => "it is no PCD file, and its bytes are not certain to be a scan",
            };
            Err(unknown(path, found, &[Format::Kitti, Format::NuScenes]))
        }
    }
}

fn unknown(path: &Path, found: &str, expected: &[Format]) -> Error {
    let mut names = Vec::new();
    for format in expected {
        names.push(match format.raw_columns() {
            Some(columns) => format!("{format} ({})", columns.join(" ")),
            None => format.to_string(),
        });
    }
    Error::UnknownFormat {
        path: path.to_path_buf(),
        found: found.to_owned(),
        expected: format!(
            "{}, or how many 32-bit floats a point has",
            names.join(", ")
        ),
    }
}

/// Whether every fourth value of these is a reflectance in hundredths.
fn is_kitti(start: &[u8], size: u64) -> bool {
    let is_hundredth = |value: f32| {
        let hundredths = (100.0 * f64::from(value)).round();
        (0.0..=1.0).contains(&value) && (hundredths / 100.0) as f32 == value
    };
    rows::<4>(start, size).is_some_and(|rows| rows.iter().all(|row| is_hundredth(row[3])))
}

/// Whether every fourth of five values is a byte, and every fifth one of several lasers.
fn is_nuscenes(start: &[u8], size: u64) -> bool {
    let is_whole = |value: f32, most| value.fract() == 0.0 && (0.0..=most).contains(&value);
    rows::<5>(start, size).is_some_and(|rows| {
        rows.iter().all(|row| is_whole(row[3], 255.0) && is_whole(row[4], 31.0))
            // A column of zeros is none of rings.
            && rows.iter().any(|row| row[4] != rows[0][4])
    })
}

/// The first rows of a file of that size, if all of it may be such rows: with finite coordinates, not
/// all of them zero.
fn rows<const C: usize>(start: &[u8], size: u64) -> Option<Vec<[f32; C]>> {
    if !size.is_multiple_of(4 * C as u64) {
        return None;
    }
    let (values, _) = start.as_chunks::<4>();
    let values: Vec<f32> = values
        .iter()
        .map(|&bytes| f32::from_le_bytes(bytes))
        .collect();
    let (rows, _) = values.as_chunks::<C>();
    let is_finite = rows
        .iter()
        .all(|row| row[..3].iter().all(|value| value.is_finite()));
    let is_somewhere = rows
        .iter()
        .any(|row| row[..3].iter().any(|&value| value != 0.0));
    (is_finite && is_somewhere && rows.len() >= FEWEST).then(|| rows.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_formats() {
        for &format in Format::ALL {
            assert_eq!(Format::from_name(format.name()), Some(format));
            assert_eq!(format!("{format:>9}").trim_start(), format.name());
        }
        for other in ["KITTI", "bin", ""] {
            assert_eq!(Format::from_name(other), None);
        }
    }

    #[test]
    fn endings_tell_the_format() {
        for (name, format) in [
            ("a/LIDAR_TOP__1.pcd.bin", Some(Format::NuScenes)),
            ("RADAR.PCD", Some(Format::Pcd)),
            ("a.b.npy", Some(Format::Npy)),
            ("points.csv", Some(Format::Csv)),
            ("000000.bin", None),
            ("pcd", None),
            (".pcd", None),
            ("a.pcd/", Some(Format::Pcd)),
            ("..", None),
        ] {
            assert_eq!(by_name(Path::new(name)), format, "{name}");
        }
    }

    /// `points` rows of that many values: coordinates, and then what `rest` says of row and column.
    fn scan(points: usize, columns: usize, rest: impl Fn(usize, usize) -> f32) -> Vec<u8> {
        let mut bytes = Vec::new();
        for row in 0..points {
            for column in 0..columns {
                let value = match column {
                    0..3 => row as f32 * 0.37 - column as f32 * 1.91,
                    _ => rest(row, column),
                };
                bytes.extend(value.to_le_bytes());
            }
        }
        bytes
    }

    /// Whether that is one of KITTI, and one of nuScenes.
    fn is(bytes: &[u8]) -> (bool, bool) {
        let (start, size) = (&bytes[..bytes.len().min(CHUNK)], bytes.len() as u64);
        (is_kitti(start, size), is_nuscenes(start, size))
    }

    #[test]
    fn scans_are_told_from_each_other_and_from_other_rows() {
        let hundredths = |row: usize, _| (row % 101) as f32 / 100.0;
        let rings = |row: usize, column| [row % 256, row % 32][column - 3] as f32;
        assert_eq!(is(&scan(10_000, 4, hundredths)), (true, false));
        assert_eq!(is(&scan(10_000, 5, rings)), (false, true));
        // Other intensities, other rows, too few of them.
        assert_eq!(
            is(&scan(100, 4, |row, _| row as f32 / 128.0)),
            (false, false)
        );
        assert_eq!(is(&scan(100, 4, |_, _| 1.01)), (false, false));
        assert_eq!(is(&scan(100, 4, |_, _| f32::NAN)), (false, false));
        for (intensity, ring) in [
            (0.5, 1.0),
            (256.0, 1.0),
            (-1.0, 1.0),
            (7.0, 0.5),
            (7.0, 2.0),
        ] {
            let rest = |row, column| [intensity, ring * (row % 32) as f32][column - 3];
            assert_eq!(
                is(&scan(100, 5, rest)),
                (false, false),
                "{intensity} {ring}"
            );
        }
        assert_eq!(is(&scan(100, 5, |_, _| 0.0)), (false, false));
        assert_eq!(is(&scan(80, 3, hundredths)), (false, false));
        assert_eq!(is(&scan(80, 6, hundredths)), (false, false));
        assert_eq!(is(&scan(FEWEST - 1, 4, hundredths)), (false, false));
        assert_eq!(is(&scan(FEWEST - 1, 5, rings)), (false, false));
        // Part of a row too much.
        let mut cut = scan(100, 4, hundredths);
        cut.truncate(1592);
        assert_eq!(is(&cut), (false, false));
        assert_eq!(is(&[0; 1600]), (false, false));
        assert_eq!(is(&scan(100, 4, hundredths).repeat(1)), (true, false));
    }

    #[test]
    fn coordinates_that_are_no_numbers_are_no_evidence() {
        let mut bytes = scan(100, 4, |_, _| 0.25);
        assert_eq!(is(&bytes), (true, false));
        bytes[16..20].copy_from_slice(&f32::INFINITY.to_le_bytes());
        assert_eq!(is(&bytes), (false, false));
    }
}
