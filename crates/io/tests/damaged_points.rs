//! Damaged files of points give an error or a cloud, never a panic, and take no memory that they do
//! not fill.

mod damage;
mod pcd;

use damage::{damaged, damages, survives};
use pcd::{Data, field};
use proptest::prelude::*;
#[cfg(unix)]
use robocache_io::points::read_points;
use robocache_io::points::{Format, parse_points};
use std::sync::OnceLock;

/// Three points with padding in between and a column that needs 64 bits, in every encoding.
fn clouds() -> &'static [Vec<u8>] {
    static CLOUDS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    CLOUDS.get_or_init(|| {
        let fields = [
            field("y", "F4", 1),
            field("_", "U1", 3),
            field("x", "F4", 1),
            field("n", "U2", 2),
            field("z", "F8", 1),
        ];
        let points: Vec<Vec<u64>> = (0..3).map(|at| vec![at, 0, 0, 0, 1, 7, 7, 2]).collect();
        let encodings = [
            Data::Ascii,
            Data::Binary,
            Data::Compressed,
            Data::CompressedWithPadding,
        ];
        encodings
            .map(|data| pcd::write(&fields, &points, data))
            .to_vec()
    })
}

fn parse_pcd(bytes: &[u8]) -> robocache_io::Result<()> {
    parse_points(bytes, Format::Pcd).map(drop)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn damaged_pcd(damages in damages()) {
        for sample in clouds() {
            survives(parse_pcd, &damaged(sample, &damages));
        }
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for &format in Format::ALL {
            survives(|bytes| parse_points(bytes, format), &bytes);
        }
        let header = b"FIELDS x y z\nWIDTH 20\nDATA binary_compressed\n";
        survives(parse_pcd, &[&header[..], &bytes].concat());
        let sizes = [bytes.len() as u32, 240].map(u32::to_le_bytes);
        survives(parse_pcd, &[&header[..], sizes.as_flattened(), &bytes].concat());
    }
}

#[test]
fn each_file_is_intact_before_it_is_damaged_and_refused_when_cut() {
    for sample in clouds() {
        parse_pcd(sample).unwrap();
        // The last number of text, cut, may be another number.
        let last = match sample.ends_with(b"\n") {
            true => sample.iter().rposition(|&byte| byte == b' ').unwrap(),
            false => sample.len() - 1,
        };
        for length in 0..=last {
            let result = parse_pcd(&sample[..length]);
            assert!(result.is_err(), "taken with {length} bytes");
        }
    }
}

#[test]
fn a_claim_of_many_points_takes_no_memory() {
    for data in ["ascii", "binary", "binary_compressed"] {
        let header = format!("FIELDS x y z\nWIDTH 300000000\nDATA {data}\n");
        let sizes = [8u32, 3_600_000_000].map(u32::to_le_bytes);
        let bytes = [header.as_bytes(), sizes.as_flattened(), &[0; 8]].concat();
        parse_pcd(&bytes).unwrap_err();
        survives(parse_pcd, &bytes);
        #[cfg(unix)]
        through_a_pipe(&bytes);
    }
    // As many values of a point as there may be, and none of them there.
    let header = "FIELDS x y z h\nCOUNT 1 1 1 16381\nWIDTH 9\nDATA binary\n";
    survives(parse_pcd, header.as_bytes());
}

/// What is said of these bytes in a pipe, of which nobody knows how long it is.
#[cfg(unix)]
fn through_a_pipe(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("a.pcd");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let (other_end, content) = (pipe.clone(), bytes.to_vec());
    let writer = std::thread::spawn(move || std::fs::write(other_end, content));
    let mut said = String::new();
    survives(
        |_| said = read_points(&pipe).unwrap_err().to_string(),
        bytes,
    );
    // It fails where the reader has given up.
    let _ = writer.join().unwrap();
    said
}

#[cfg(unix)]
#[test]
fn a_pipe_that_ends_too_early_is_noticed() {
    // Of text a line is cut, which is another error.
    for (sample, expected) in clouds().iter().skip(1).zip([
        "bytes of data, expected 69",
        "bytes of compressed data, expected",
        "bytes of compressed data, expected",
    ]) {
        let text = through_a_pipe(&sample[..sample.len() - 20]);
        assert!(
            text.contains("the file is cut short: found ") && text.contains(expected),
            "{text}"
        );
    }
}
