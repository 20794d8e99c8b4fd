//! Each way in which the points of a PCD file can be wrong is reported as itself, with its place.

mod pcd;

use pcd::{Data, field, write};
use robocache_io::Error;
use robocache_io::points::{Format, parse_points};

fn refused(bytes: &[u8]) -> Error {
    parse_points(bytes, Format::Pcd).unwrap_err()
}

#[test]
fn lines_of_points_that_make_no_sense_are_named() {
    let of = |body: &str| {
        refused(
            format!("FIELDS x y z i\nTYPE F F F U\nSIZE 4 8 4 1\nWIDTH 2\nDATA ascii\n{body}")
                .as_bytes(),
        )
    };
    for (body, expected) in [
        (
            "1 2 3 4\n5 six 7 8\n",
            "line 7, field \"y\": found \"six\", expected a 64-bit floating-point number",
        ),
        (
            "1 2 3 4\n\n5 6 0x7 8\n",
            "line 8, field \"z\": found \"0x7\", expected a 32-bit floating-point number",
        ),
        (
            "1 2 3 256\n5 6 7 8\n",
            "line 6, field \"i\": found \"256\", expected an integer from 0 to 255",
        ),
        (
            "1 2 3 -1\n5 6 7 8\n",
            "line 6, field \"i\": found \"-1\", expected an integer from 0 to 255",
        ),
        (
            "1 2 3 nan\n5 6 7 8\n",
            "line 6, field \"i\": found \"nan\", expected an integer from 0 to 255",
        ),
        (
            "1 2 3 4\n",
            "the file is cut short: found 1 point(s), expected 2 as line 4 of the header says",
        ),
        (
            "1 2 3 4\n5 6 7 8\n9 1 2 3\n",
            "line 8: found another point, expected 2 as line 4 of the header says",
        ),
    ] {
        assert_eq!(
            of(body).to_string(),
            format!("<bytes>: {expected}"),
            "{body:?}"
        );
    }
    for (body, count) in [
        ("1 2 3\n5 6 7 8\n", 3),
        ("1 2 3 4 5\n", 5),
        ("1,2,3,4\n", 1),
    ] {
        let error = of(body);
        let Error::Ragged {
            line,
            found,
            expected,
            header_line,
            ..
        } = error
        else {
            panic!("{error}");
        };
        assert_eq!((line, found, expected, header_line), (6, count, 4, 1));
    }
    let bytes = b"FIELDS x y z\nWIDTH 1\nDATA ascii\n1 \xff 3\n";
    assert!(
        refused(bytes)
            .to_string()
            .contains("line 4, field \"y\": found ")
    );
}

/// A file of four points of three floats.
fn four(data: Data) -> Vec<u8> {
    let fields = ["x", "y", "z"].map(|name| field(name, "F4", 1));
    let points: Vec<Vec<u64>> = (0..4).map(|at| vec![at, 2 * at, 3 * at]).collect();
    let bytes = write(&fields, &points, data);
    parse_points(&bytes, Format::Pcd).unwrap();
    bytes
}

#[test]
fn binary_data_that_end_too_early_or_go_on_are_refused() {
    let bytes = four(Data::Binary);
    let error = refused(&bytes[..bytes.len() - 1]).to_string();
    assert_eq!(
        error,
        "<bytes>: the file is cut short: found 47 bytes of data, expected 48 for 4 point(s) of 12 bytes"
    );
    for extra in [
        &[1][..],
        &[0, 0, 0, 7],
        &[0; 5000].iter().copied().chain([1]).collect::<Vec<u8>>(),
    ] {
        let error = refused(&[&bytes[..], extra].concat()).to_string();
        assert!(
            error.contains("more bytes follow the last point"),
            "{error}"
        );
    }
    let error = refused(&[&four(Data::Ascii)[..], b"1 2 3\n"].concat()).to_string();
    assert!(error.contains("line 16: found another point"), "{error}");
}

#[test]
fn compressed_data_are_held_against_their_sizes() {
    let intact = four(Data::Compressed);
    let at = intact
        .windows(11)
        .position(|end| end == b"compressed\n")
        .unwrap()
        + 11;
    let packed = intact.len() - at - 8;
    let with = |packed: u32, unpacked: u32| {
        let mut bytes = intact.clone();
        bytes[at..at + 4].copy_from_slice(&packed.to_le_bytes());
        bytes[at + 4..at + 8].copy_from_slice(&unpacked.to_le_bytes());
        refused(&bytes).to_string()
    };
    let text = with(packed as u32, 47);
    assert!(
        text.contains("claim to hold 47 bytes, expected 48 for 4 point(s) of 12 bytes"),
        "{text}"
    );
    let text = with(packed as u32 + 1, 48);
    let expected = format!(
        "found {packed} bytes of compressed data, expected {}",
        packed + 1
    );
    assert!(text.contains(&expected), "{text}");
    let text = with(u32::MAX, 48);
    assert!(
        text.contains("of compressed data, expected 4294967295"),
        "{text}"
    );
    let text = with(0, 48);
    assert!(
        text.contains("0 bytes of compressed data claim to hold 48 bytes, expected at most 88"),
        "{text}"
    );
    let text = with(packed as u32 - 1, 48);
    assert!(
        text.contains("the compressed data are damaged after "),
        "{text}"
    );
    let text = refused(&intact[..at + 7]).to_string();
    assert!(
        text.contains("found no sizes of the compressed data"),
        "{text}"
    );
    let text = refused(&[&intact[..], &[9]].concat()).to_string();
    assert!(text.contains("more bytes follow the last point"), "{text}");
}

#[test]
fn damage_to_compressed_data_is_placed() {
    let header = "FIELDS x y z\nWIDTH 1\nDATA binary_compressed\n";
    let of = |packed: &[u8]| {
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend((packed.len() as u32).to_le_bytes());
        bytes.extend(12u32.to_le_bytes());
        bytes.extend(packed);
        refused(&bytes).to_string()
    };
    for (packed, expected) in [
        (
            &b"\x00a\x20\x05"[..],
            "after 2 of 4 bytes: a reference goes back to before the start",
        ),
        (
            b"\x00a\xe0\x10\x00",
            "after 2 of 5 bytes: there is more than the size says",
        ),
        (
            b"\x00a\x0bbcd",
            "after 2 of 6 bytes: a run of bytes goes beyond the end",
        ),
        (
            b"\x00a\xe0",
            "after 2 of 3 bytes: a reference goes beyond the end",
        ),
        (
            b"\x00a\x80\x00",
            "after 4 of 4 bytes: there is less than the size says",
        ),
    ] {
        let text = of(packed);
        assert!(text.ends_with(expected), "{text}");
    }
}
