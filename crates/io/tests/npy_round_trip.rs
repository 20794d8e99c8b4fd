//! Arrays survive being written and read, here and in another implementation of the format.

use half::f16;
use npyz::WriterBuilder;
use proptest::prelude::*;
use robocache_io::Error;
use robocache_io::npy::{Array, ArrayRef, Values, read_npy, read_npz, write_npy, write_npz};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// An array with up to four dimensions, some of them empty.
fn arrays() -> impl Strategy<Value = Array> {
    let shapes = prop::collection::vec(0usize..5, 0..5);
    (shapes, 0usize..12, any::<u64>()).prop_map(|(shape, kind, seed)| {
        let count = shape.iter().product();
        let values = values(kind, count, seed);
        Array { shape, values }
    })
}

/// Values of the kind of that number, with every bit pattern possible.
fn values(kind: usize, count: usize, seed: u64) -> Values {
    let mut state = seed;
    let mut next = move || {
        // The generator SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let bits: Vec<u64> = (0..count).map(|_| next()).collect();
    let bits = bits.into_iter();
    match kind {
        0 => Values::F16(bits.map(|b| f16::from_bits(b as u16)).collect()),
        1 => Values::F32(bits.map(|b| f32::from_bits(b as u32)).collect()),
        2 => Values::F64(bits.map(f64::from_bits).collect()),
        3 => Values::I8(bits.map(|b| b as i8).collect()),
        4 => Values::I16(bits.map(|b| b as i16).collect()),
        5 => Values::I32(bits.map(|b| b as i32).collect()),
        6 => Values::I64(bits.map(|b| b as i64).collect()),
        7 => Values::U8(bits.map(|b| b as u8).collect()),
        8 => Values::U16(bits.map(|b| b as u16).collect()),
        9 => Values::U32(bits.map(|b| b as u32).collect()),
        10 => Values::U64(bits.collect()),
        _ => Values::Bool(bits.map(|b| b & 1 == 1).collect()),
    }
}

/// The same but for the bits of NaN, which `==` cannot compare.
fn same(a: &Array, b: &Array) -> bool {
    let equal = match (&a.values, &b.values) {
        (Values::F16(a), Values::F16(b)) => a
            .iter()
            .map(|v| v.to_bits())
            .eq(b.iter().map(|v| v.to_bits())),
        (Values::F32(a), Values::F32(b)) => a
            .iter()
            .map(|v| v.to_bits())
            .eq(b.iter().map(|v| v.to_bits())),
        (Values::F64(a), Values::F64(b)) => a
            .iter()
            .map(|v| v.to_bits())
            .eq(b.iter().map(|v| v.to_bits())),
        (a, b) => a == b,
    };
    equal && a.shape == b.shape
}

fn file(folder: &TempDir, name: &str) -> PathBuf {
    folder.path().join(name)
}

/// What the other implementation makes of a file of `f64`.
fn read_elsewhere(path: &Path) -> (Vec<u64>, Vec<f64>) {
    let npy = npyz::NpyFile::new(std::fs::File::open(path).unwrap()).unwrap();
    assert_eq!(npy.order(), npyz::Order::C);
    (npy.shape().to_vec(), npy.into_vec().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn one_array_survives(array in arrays()) {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder, "a.npy");
        write_npy(&path, &array.as_ref()).unwrap();
        let back = read_npy(&path).unwrap();
        prop_assert!(same(&array, &back), "{:?} became {:?}", array, back);
    }

    #[test]
    fn many_arrays_survive_in_order(
        arrays in prop::collection::vec(("[^\x00]{1,12}", arrays()), 0..5)
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder, "a.npz");
        // A number makes the names differ.
        let named: Vec<(String, Array)> =
            arrays.into_iter().enumerate().map(|(i, (name, a))| (format!("{name}{i}"), a)).collect();
        let refs: Vec<(&str, ArrayRef<'_>)> =
            named.iter().map(|(name, a)| (name.as_str(), a.as_ref())).collect();
        write_npz(&path, &refs).unwrap();
        let back = read_npz(&path).unwrap();
        prop_assert!(back.skipped.is_empty());
        prop_assert_eq!(named.len(), back.arrays.len());
        for ((name, array), (back_name, back_array)) in named.iter().zip(&back.arrays) {
            prop_assert_eq!(name, back_name);
            prop_assert!(same(array, back_array));
        }
        let first = std::fs::read(&path).unwrap();
        write_npz(&path, &refs).unwrap();
        prop_assert_eq!(first, std::fs::read(&path).unwrap());
    }

    #[test]
    fn another_implementation_reads_the_same(shape in prop::collection::vec(0usize..5, 0..4)) {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder, "a.npy");
        let values: Vec<f64> = (0..shape.iter().product()).map(|i| i as f64 * 0.25).collect();
        write_npy(&path, &ArrayRef::new(&shape, values.as_slice())).unwrap();
        let (their_shape, their_values) = read_elsewhere(&path);
        prop_assert_eq!(their_shape, shape.iter().map(|&n| n as u64).collect::<Vec<_>>());
        prop_assert_eq!(their_values, values);
    }

    #[test]
    fn what_another_implementation_writes_is_read(
        shape in prop::collection::vec(0usize..5, 0..5),
        is_big: bool,
        is_fortran: bool,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder, "a.npy");
        let count: usize = shape.iter().product();
        // In C order the element at each place is its number, whatever the order in the file.
        let stored: Vec<i32> = if is_fortran {
            (0..count).map(|place| number_at_fortran_place(&shape, place)).collect()
        } else {
            (0..count as i32).collect()
        };
        let their_shape: Vec<u64> = shape.iter().map(|&n| n as u64).collect();
        let descr = if is_big { ">i4" } else { "<i4" };
        let mut writer = npyz::WriteOptions::new()
            .dtype(npyz::DType::Plain(descr.parse().unwrap()))
            .shape(&their_shape)
            .order(if is_fortran { npyz::Order::Fortran } else { npyz::Order::C })
            .writer(std::fs::File::create(&path).unwrap())
            .begin_nd()
            .unwrap();
        writer.extend(stored).unwrap();
        writer.finish().unwrap();
        let array = read_npy(&path).unwrap();
        prop_assert_eq!(array.shape, shape);
        prop_assert_eq!(array.values, Values::I32((0..count as i32).collect()));
    }
}

/// The C-order number of the element that stands at `place` in Fortran order.
fn number_at_fortran_place(shape: &[usize], mut place: usize) -> i32 {
    let mut number = 0;
    let mut step: usize = shape.iter().product();
    for &n in shape {
        step /= n;
        number += place % n * step;
        place /= n;
    }
    number as i32
}

#[test]
fn arrays_larger_than_a_chunk_survive() {
    let folder = tempfile::tempdir().unwrap();
    let (npy, npz) = (file(&folder, "a.npy"), file(&folder, "a.npz"));
    for kind in 0..12 {
        let array = Array {
            shape: vec![3, 33_333],
            values: values(kind, 99_999, 7),
        };
        write_npy(&npy, &array.as_ref()).unwrap();
        assert!(same(&array, &read_npy(&npy).unwrap()));
        write_npz(&npz, &[("x", array.as_ref())]).unwrap();
        assert!(same(&array, &read_npz(&npz).unwrap().arrays[0].1));
    }
}

#[test]
fn a_shape_that_does_not_fit_is_refused_and_no_file_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "a.npy");
    for shape in [&[2, 2][..], &[], &[0, 3], &[usize::MAX, 2], &[1; 65]] {
        let array = ArrayRef::new(shape, &[1.0f32, 2.0, 3.0][..]);
        let error = write_npy(&path, &array).unwrap_err();
        assert!(matches!(error, Error::Shape { array: None, .. }), "{error}");
        let error = write_npz(&path, &[("x", array)]).unwrap_err();
        assert!(error.to_string().contains("array \"x\" has"), "{error}");
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn names_that_the_format_cannot_hold_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "a.npz");
    let array = ArrayRef::new(&[1], &[true][..]);
    for name in ["", "a\0b", &"n".repeat(65_001)] {
        let error = write_npz(&path, &[(name, array)]).unwrap_err();
        assert!(matches!(error, Error::Shape { .. }), "{error}");
    }
    write_npz(&path, &[(&"n".repeat(65_000), array)]).unwrap();
    let error = write_npz(&path, &[("x", array), ("y", array), ("x", array)]).unwrap_err();
    let Error::DuplicateColumn {
        column,
        first,
        second,
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!((column.as_str(), first, second), ("x", 1, 3));
}
