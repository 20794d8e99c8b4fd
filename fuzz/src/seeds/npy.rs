//! Arrays.

use super::{Seed, add};

/// A file with a header and data.
pub(super) fn npy(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([version, 0]);
    let length = (header.len() as u32).to_le_bytes();
    bytes.extend(&length[..if version == 1 { 2 } else { 4 }]);
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

pub(super) fn seeds(seeds: &mut Vec<Seed>) {
    let mut add = |name, good, version, descr, fortran, shape, bytes| {
        let header =
            format!("{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
        let data: Vec<u8> = (0..bytes).map(|i| (37 * i + 1) as u8).collect();
        add(seeds, "npy", name, good, &npy(version, &header, &data));
    };
    add("plain", true, 1, "'<f4'", "False", "(3, 2)", 24);
    add("big-endian", true, 2, "'>f8'", "False", "(2,)", 16);
    add("fortran", true, 3, "'<i2'", "True", "(2, 3, 2)", 24);
    add("scalar", true, 1, "'|u1'", "False", "()", 1);
    add("empty", true, 1, "'<i8'", "True", "(0, 5)", 0);
    add("half", true, 1, "'<f2'", "False", "(4,)", 8);
    add("short", false, 1, "'<f8'", "False", "(4, 4)", 100);
    add(
        "huge",
        false,
        1,
        "'<f8'",
        "False",
        "(4294967296, 4294967296)",
        8,
    );
    add("objects", false, 1, "'|O'", "False", "(1,)", 8);
    add(
        "records",
        false,
        1,
        "[('x', '<f4'), ('y', '<f4')]",
        "False",
        "(1,)",
        8,
    );
}
