//! Any bytes as an array in the NPY format.

use crate::{memory, scratch};
use robocache_io::npy::{Array, Values, parse_npy, read_npy, write_npy};

/// The values, converted and in another order, and a header's tree of literals.
const BYTES_PER_BYTE: usize = 200;
const BUFFERS: usize = 1 << 20;

/// Reads an array, checks what it says about itself, and writes and reads it again. Whether there was
/// one.
///
/// # Panics
/// On a bug.
pub fn run(data: &[u8]) -> bool {
    let limit = BUFFERS + BYTES_PER_BYTE * data.len();
    let array = match memory::within(limit, || parse_npy(data)) {
        Ok(array) => array,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return false;
        }
    };
    check(&array);
    let path = scratch::path("again.npy");
    write_npy(&path, &array.as_ref())
        .unwrap_or_else(|error| panic!("what was read cannot be written: {error}"));
    let again =
        read_npy(&path).unwrap_or_else(|error| panic!("what was written cannot be read: {error}"));
    assert!(same(&array, &again), "{array:?} became {again:?}");
    true
}

/// Whether shape and values belong together.
pub(crate) fn check(array: &Array) {
    let elements = array.shape.iter().map(|&n| n as u128);
    assert_eq!(elements.product::<u128>(), array.values.len() as u128);
    assert_eq!(array.values.to_f64().len(), array.values.len());
}

/// Whether both hold the same, every NaN being like every other.
pub(crate) fn same(one: &Array, other: &Array) -> bool {
    if one.shape != other.shape || one.values.dtype() != other.values.dtype() {
        return false;
    }
    match &one.values {
        Values::F16(_) | Values::F32(_) | Values::F64(_) => {
            let (one, other) = (one.values.to_f64(), other.values.to_f64());
            one.iter()
                .zip(&*other)
                .all(|(a, b)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()))
        }
        _ => one.values == other.values,
    }
}
