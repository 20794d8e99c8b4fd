//! Any bytes as a file of points.
//!
//! The first byte tells the format; what follows is the file. What was read is written as PCD in each
//! encoding, and read again.

use crate::{memory, scratch};
use robocache_io::points::{
    Format, PointCloud, Values, parse_floats, parse_points, read_points, read_points_as,
};

/// A byte of LZF becomes up to 88 bytes, and each of these a number of 8, beside a cell of a table or an
/// array in another order.
const BYTES_PER_BYTE: usize = 88 * (1 + 8) + 1000;

/// Also of a header of 16,384 columns whose names are as long as may be.
const BUFFERS: usize = 16 << 20;

/// Columns that are looked for by name; clouds of no more are written and read again.
const FEW: usize = 64;

/// Reads points, checks what they say about themselves, and writes and reads them again. Whether there
/// were any.
///
/// # Panics
/// On a bug.
pub fn run(data: &[u8]) -> bool {
    let Some((&first, file)) = data.split_first() else {
        return false;
    };
    let limit = BUFFERS + BYTES_PER_BYTE * data.len();
    let format = Format::ALL.get(usize::from(first)).copied();
    let cloud = memory::within(limit, || match format {
        Some(format) => parse_points(file, format),
        // Of any width, also impossible ones.
        None => parse_floats(file, usize::from(first) - Format::ALL.len()),
    });
    let cloud = match cloud {
        Ok(cloud) => cloud,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return false;
        }
    };
    check(&cloud);
    if let Some(format) = format {
        compare_with_file(&cloud, file, format);
    }
    if cloud.columns.len() <= FEW {
        write_and_read(&cloud);
    }
    true
}

fn check(cloud: &PointCloud) {
    assert_eq!(cloud.columns[..3], ["x", "y", "z"]);
    let count = cloud.points().checked_mul(cloud.columns.len());
    assert_eq!(count, Some(cloud.values.len()));
    assert_eq!(cloud.values.is_empty(), cloud.points() == 0);
    for (at, name) in cloud.columns.iter().enumerate().take(FEW) {
        // Columns without names are the only ones that are not found by them.
        assert!(
            name.is_empty() || cloud.column(name) == Some(at),
            "{name:?}"
        );
    }
}

/// A file of these bytes is the same cloud, named or not.
fn compare_with_file(cloud: &PointCloud, file: &[u8], format: Format) {
    let path = scratch::file("points", file);
    let read = read_points_as(&path, format)
        .unwrap_or_else(|error| panic!("what is read from bytes is not from a file: {error}"));
    assert!(same(cloud, &read), "{cloud:?} became {read:?}");
    // What its content says is not always what it was taken for; all of it is to be said without a panic.
    for name in ["points", "points.bin"] {
        let path = scratch::file(name, file);
        if let Ok(found) = Format::detect(&path)
            && found == format
        {
            let read = read_points(&path).expect("the format is the one that it was read as");
            assert!(same(cloud, &read), "{cloud:?} became {read:?}");
        }
    }
}

fn write_and_read(cloud: &PointCloud) {
    for encoding in ["ascii", "binary", "binary_compressed"] {
        let bytes = pcd(cloud, encoding);
        let again = parse_points(&bytes, Format::Pcd)
            .unwrap_or_else(|error| panic!("what was written cannot be read: {error}"));
        assert_eq!(again.columns[..3], cloud.columns[..3]);
        // NaN is a word in text, whatever its bits.
        assert!(
            same_values(&cloud.values, &again.values, encoding != "ascii"),
            "{encoding}: {:?} became {:?}",
            cloud.values,
            again.values
        );
    }
}

/// The cloud as a PCD file; names other than those of the coordinates are made up.
fn pcd(cloud: &PointCloud, encoding: &str) -> Vec<u8> {
    let (points, width) = (cloud.points(), cloud.columns.len());
    let size = match cloud.values {
        Values::F32(_) => " 4",
        Values::F64(_) => " 8",
    };
    let others: String = (3..width).map(|at| format!(" c{at}")).collect();
    let mut file = format!(
        "VERSION 0.7\nFIELDS x y z{others}\nSIZE{}\nTYPE{}\nWIDTH {points}\nHEIGHT 1\nDATA {encoding}\n",
        size.repeat(width),
        " F".repeat(width),
    )
    .into_bytes();
    let at = |point: usize, column: usize| point * width + column;
    if encoding == "ascii" {
        for point in 0..points {
            for column in 0..width {
                file.extend(text(&cloud.values, at(point, column)).bytes());
                file.push(b' ');
            }
            file.push(b'\n');
        }
    } else if encoding == "binary" {
        for value in 0..points * width {
            put(&cloud.values, value, &mut file);
        }
    } else {
        let mut bytes = Vec::new();
        for column in 0..width {
            for point in 0..points {
                put(&cloud.values, at(point, column), &mut bytes);
            }
        }
        let packed = compress(&bytes);
        file.extend((packed.len() as u32).to_le_bytes());
        file.extend((bytes.len() as u32).to_le_bytes());
        file.extend(packed);
    }
    file
}

fn text(values: &Values, at: usize) -> String {
    match values {
        Values::F32(values) => format!("{:?}", values[at]),
        Values::F64(values) => format!("{:?}", values[at]),
    }
}

fn put(values: &Values, at: usize, bytes: &mut Vec<u8>) {
    match values {
        Values::F32(values) => bytes.extend(values[at].to_le_bytes()),
        Values::F64(values) => bytes.extend(values[at].to_le_bytes()),
    }
}

/// The bytes in the LZF format: runs of one byte as references to it, and all else as it is.
pub(crate) fn compress(bytes: &[u8]) -> Vec<u8> {
    const LONGEST: usize = 264;
    let mut packed = Vec::new();
    let mut literal = 0;
    let mut at = 0;
    while at < bytes.len() {
        let alike = bytes[at..].iter().take_while(|&&byte| byte == bytes[at]);
        let run = alike.take(LONGEST + 1).count();
        if run < 4 {
            at += run;
            continue;
        }
        // The first of them as it is, for the others to refer to.
        literals(&bytes[literal..=at], &mut packed);
        let more = run - 1 - 2;
        match more {
            0..7 => packed.push((more as u8) << 5),
            _ => packed.extend([7 << 5, (more - 7) as u8]),
        }
        packed.push(0);
        at += run;
        literal = at;
    }
    literals(&bytes[literal..], &mut packed);
    packed
}

fn literals(bytes: &[u8], packed: &mut Vec<u8>) {
    for run in bytes.chunks(32) {
        packed.push(run.len() as u8 - 1);
        packed.extend(run);
    }
}

/// Whether both are the same to the last bit, every NaN being like every other.
fn same(one: &PointCloud, other: &PointCloud) -> bool {
    one.columns == other.columns && same_values(&one.values, &other.values, false)
}

/// Whether both are the same to the last bit; where `is_exact` is false, every NaN is like every other.
fn same_values(one: &Values, other: &Values, is_exact: bool) -> bool {
    let is_same = |same_bits: bool, both_nan: bool| same_bits || (both_nan && !is_exact);
    match (one, other) {
        (Values::F32(one), Values::F32(other)) => {
            let mut pairs = one.iter().zip(other);
            one.len() == other.len()
                && pairs.all(|(a, b)| is_same(a.to_bits() == b.to_bits(), a.is_nan() && b.is_nan()))
        }
        (Values::F64(one), Values::F64(other)) => {
            let mut pairs = one.iter().zip(other);
            one.len() == other.len()
                && pairs.all(|(a, b)| is_same(a.to_bits() == b.to_bits(), a.is_nan() && b.is_nan()))
        }
        _ => false,
    }
}
