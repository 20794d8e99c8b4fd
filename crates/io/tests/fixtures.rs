//! What numpy wrote is read as numpy meant it. `fixtures/make.py` made the files.

use robocache_io::Error;
use robocache_io::npy::{Array, Values, read_npy, read_npz};
use std::path::PathBuf;

fn fixture(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "fixtures", name]
        .iter()
        .collect()
}

fn array(shape: &[usize], values: Values) -> Array {
    Array {
        shape: shape.to_vec(),
        values,
    }
}

#[test]
fn big_endian_and_fortran_order_are_converted() {
    let grid = read_npy(fixture("big_endian_fortran.npy")).unwrap();
    let expected = vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
    assert_eq!(grid, array(&[2, 3], Values::F32(expected)));
    let block = read_npy(fixture("fortran_3d.npy")).unwrap();
    assert_eq!(block, array(&[2, 3, 4], Values::I16((0..24).collect())));
}

#[test]
fn halves_scalars_and_version_3_are_read() {
    let half = read_npy(fixture("half.npy")).unwrap();
    assert_eq!((half.shape, half.values.dtype()), (vec![4], "f16"));
    let values = half.values.to_f64();
    assert_eq!(values[..3], [0.5, -2.0, f64::INFINITY]);
    assert!(values[3].is_nan());
    let scalar = read_npy(fixture("scalar.npy")).unwrap();
    assert_eq!(scalar, array(&[], Values::F64(vec![2.5])));
    let newer = read_npy(fixture("version_3.npy")).unwrap();
    assert_eq!(newer, array(&[2], Values::U32(vec![1, 2])));
}

#[test]
fn objects_and_records_are_refused_with_advice() {
    let error = read_npy(fixture("objects.npy")).unwrap_err();
    assert!(matches!(
        &error,
        Error::UnsupportedDType { array: None, .. }
    ));
    let text = error.to_string();
    assert!(text.contains("pickled Python objects"), "{text}");
    assert!(text.contains("np.savez("), "{text}");
    assert!(text.contains("no allow_pickle"), "{text}");
    let text = read_npy(fixture("records.npy")).unwrap_err().to_string();
    assert!(text.contains("fields \"x\", \"y\""), "{text}");
}

#[test]
fn compressed_archives_are_read_in_order() {
    let npz = read_npz(fixture("compressed.npz")).unwrap();
    assert_eq!(npz.skipped, []);
    let expected = [
        ("ramp", array(&[1000], Values::I32((0..1000).collect()))),
        ("flags", array(&[2], Values::Bool(vec![true, false]))),
    ];
    assert_eq!(
        npz.arrays,
        expected.map(|(name, array)| (name.to_owned(), array))
    );
}

#[test]
fn members_that_are_no_plain_numbers_are_skipped_with_the_reason() {
    let npz = read_npz(fixture("mixed.npz")).unwrap();
    let names: Vec<&str> = npz.arrays.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["z", "a"]);
    assert_eq!(npz.arrays[1].1, array(&[2, 1], Values::U8(vec![1, 2])));
    let reasons = [
        ("names", "text"),
        ("objects", "pickled"),
        ("notes.txt", ".npy"),
    ];
    assert_eq!(npz.skipped.len(), reasons.len());
    for ((name, reason), (expected, word)) in npz.skipped.iter().zip(reasons) {
        assert_eq!(name, expected);
        assert!(reason.contains(word), "{reason}");
    }

    let npz = read_npz(fixture("lzma.npz")).unwrap();
    assert_eq!(npz.arrays.len(), 1);
    assert_eq!(npz.skipped[0].0, "x");
    assert!(
        npz.skipped[0].1.contains("compressed in another way"),
        "{:?}",
        npz.skipped
    );
}

#[test]
fn each_kind_of_file_is_told_from_the_other() {
    let text = read_npy(fixture("mixed.npz")).unwrap_err().to_string();
    assert!(text.contains("looks like an NPZ file"), "{text}");
    let text = read_npz(fixture("half.npy")).unwrap_err().to_string();
    assert!(text.contains("expected an NPZ file"), "{text}");
    let text = read_npz(fixture("none.npz")).unwrap_err().to_string();
    assert!(text.contains("none.npz: "), "{text}");
}
