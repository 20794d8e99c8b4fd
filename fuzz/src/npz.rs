//! Any bytes as an archive of arrays, and any archive.
//!
//! Checksums keep a fuzzer out of an archive's members, so bytes that begin with 1, as no archive does,
//! describe the archive to be made: see [`archive`](crate::archive).

use crate::{archive, memory, npy, scratch};
use robocache_io::npy::{ArrayRef, Npz, parse_npy, parse_npz, read_npz, write_npz};

/// Deflated data grow by up to 1032 times; then as for one array.
const BYTES_PER_BYTE: usize = 3 * 1032;
const BUFFERS: usize = 2 << 20;

/// Reads an archive, checks its arrays, and writes and reads them again. Whether it was sound.
///
/// # Panics
/// On a bug.
pub fn run(data: &[u8]) -> bool {
    match data {
        [1, description @ ..] => {
            let (bytes, contents) = archive::build(description);
            let Some(npz) = read(&bytes) else {
                return false;
            };
            compare(&npz, &contents);
            true
        }
        bytes => read(bytes).is_some(),
    }
}

/// Whatever is claimed, an array that was read is its member's content.
fn compare(npz: &Npz, contents: &[(String, Vec<u8>)]) {
    for (name, array) in &npz.arrays {
        let member = format!("{name}.npy");
        let mut found = contents.iter().filter(|(name, _)| *name == member);
        let (_, content) = found.next().expect("an array has a member");
        assert!(found.next().is_none(), "{name:?} is there twice");
        let expected = parse_npy(content).expect("what was read as a member is an array");
        assert!(
            npy::same(array, &expected),
            "{name:?}: {array:?}, expected {expected:?}"
        );
    }
}

fn read(bytes: &[u8]) -> Option<Npz> {
    let limit = BUFFERS + BYTES_PER_BYTE * bytes.len();
    let npz = match memory::within(limit, || parse_npz(bytes)) {
        Ok(npz) => npz,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return None;
        }
    };
    for (_, array) in &npz.arrays {
        npy::check(array);
    }
    let arrays: Vec<(&str, ArrayRef<'_>)> = npz
        .arrays
        .iter()
        .map(|(name, array)| (name.as_str(), array.as_ref()))
        .collect();
    let path = scratch::path("again.npz");
    if let Err(error) = write_npz(&path, &arrays) {
        let strange = |name: &str| name.is_empty() || name.contains('\0') || name.len() > 60_000;
        let excused = arrays.iter().any(|(name, _)| strange(name));
        assert!(excused, "what was read cannot be written: {error}");
        return Some(npz);
    }
    let again =
        read_npz(&path).unwrap_or_else(|error| panic!("what was written cannot be read: {error}"));
    assert_eq!(again.skipped, []);
    assert_eq!(again.arrays.len(), npz.arrays.len());
    for ((name, array), (other, values)) in npz.arrays.iter().zip(&again.arrays) {
        assert_eq!(name, other);
        assert!(
            npy::same(array, values),
            "{name:?}: {array:?} became {values:?}"
        );
    }
    Some(npz)
}
