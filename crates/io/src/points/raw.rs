//! How do scans without a header become points?

use super::cloud::{PointCloud, Values};
use super::input::{CHUNK, fill, reserve};
use crate::error::Emptiness;
use crate::{Error, Result};
use std::io::Read;
use std::path::Path;

/// The columns of a Velodyne scan as KITTI stores it: metres, and a reflectance from 0 to 1.
pub(super) const KITTI: [&str; 4] = ["x", "y", "z", "intensity"];

/// The columns of a lidar sweep as nuScenes stores it: metres, 0 to 255, and which of the lasers.
pub(super) const NUSCENES: [&str; 5] = ["x", "y", "z", "intensity", "ring"];

/// Bytes of one value.
const VALUE: usize = size_of::<f32>();

/// Reads little-endian 32-bit floats, a row of these columns for each point, up to the end.
pub(super) fn read(
    input: &mut impl Read,
    size: Option<u64>,
    columns: Vec<String>,
    path: &Path,
) -> Result<PointCloud> {
    let mut values: Vec<f32> = Vec::new();
    if let Some(size) = size {
        check(size, &columns, path)?;
        let count = usize::try_from(size).unwrap_or(usize::MAX) / VALUE;
        reserve(&mut values, count, path)?;
    }
    let mut chunk = vec![0; CHUNK];
    let mut total = 0;
    loop {
        let filled = fill(input, &mut chunk, path)?;
        total += filled as u64;
        reserve(&mut values, filled / VALUE, path)?;
        let (numbers, _) = chunk[..filled].as_chunks::<VALUE>();
        values.extend(numbers.iter().map(|&bytes| f32::from_le_bytes(bytes)));
        if filled < CHUNK {
            break;
        }
    }
    // Of a pipe the size is known only now, and a file may have changed since.
    check(total, &columns, path)?;
    Ok(PointCloud {
        columns,
        values: Values::F32(values),
    })
}

/// Refuses a size that is no whole number of rows.
fn check(size: u64, columns: &[String], path: &Path) -> Result<()> {
    if size == 0 {
        return Err(Error::Empty {
            path: path.to_path_buf(),
            what: Emptiness::NoPoints,
        });
    }
    let row = (VALUE * columns.len()) as u64;
    let over = size % row;
    if over == 0 {
        return Ok(());
    }
    let points = size / row;
    Err(Error::malformed(
        path,
        format!(
            "found {size} bytes, expected a multiple of {row}, the bytes of a point of {} 32-bit \
             floats: {over} byte(s) follow the last whole point, number {points}; the file is cut \
             short or its points have another number of values",
            columns.len()
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8], size: Option<u64>) -> Result<PointCloud> {
        let columns = KITTI.iter().map(|&name| name.to_owned()).collect();
        read(&mut &bytes[..], size, columns, Path::new("a.bin"))
    }

    fn bytes(values: &[f32]) -> Vec<u8> {
        values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    }

    #[test]
    fn values_come_in_rows_whether_the_size_is_known_or_not() {
        let values: Vec<f32> = (0..4 * 10_000u16).map(f32::from).collect();
        let bytes = bytes(&values);
        for size in [None, Some(bytes.len() as u64)] {
            let cloud = of(&bytes, size).unwrap();
            assert_eq!(cloud.points(), 10_000);
            assert_eq!(cloud.values, Values::F32(values.clone()));
        }
    }

    #[test]
    fn part_of_a_row_is_refused_whether_the_size_is_known_or_not() {
        let bytes = bytes(&[1.0; 11]);
        for size in [None, Some(bytes.len() as u64)] {
            let error = of(&bytes, size).unwrap_err();
            assert_eq!(
                error.to_string(),
                "a.bin: found 44 bytes, expected a multiple of 16, the bytes of a point of 4 \
                 32-bit floats: 12 byte(s) follow the last whole point, number 2; the file is cut \
                 short or its points have another number of values"
            );
            let error = of(b"", size.map(|_| 0)).unwrap_err();
            assert!(matches!(
                error,
                Error::Empty {
                    what: Emptiness::NoPoints,
                    ..
                }
            ));
        }
    }

    #[test]
    fn a_file_that_shrinks_while_it_is_read_is_refused() {
        let bytes = bytes(&[1.0; 11]);
        let error = of(&bytes, Some(48)).unwrap_err().to_string();
        assert!(error.contains("found 44 bytes"), "{error}");
    }
}
