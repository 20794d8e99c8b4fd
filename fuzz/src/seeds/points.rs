//! Files of points, each behind the byte that tells its format.

use super::npy::npy;
use super::{Seed, add};
use crate::points::compress;

const KITTI: u8 = 0;
const NUSCENES: u8 = 1;
const PCD: u8 = 2;
const NPY: u8 = 3;
const CSV: u8 = 4;

/// Floats in rows without columns; each further one has a column more.
const FLOATS: u8 = 5;

pub(super) fn seeds(seeds: &mut Vec<Seed>) {
    let mut add = |name: &str, good, format: u8, file: &[u8]| {
        add(seeds, "points", name, good, &[&[format], file].concat());
    };
    let floats: Vec<u8> = (0..20u8)
        .flat_map(|at| (f32::from(at) - 2.5).to_le_bytes())
        .collect();
    add("kitti", true, KITTI, &floats);
    add("kitti-cut", false, KITTI, &floats[..79]);
    add("nuscenes", true, NUSCENES, &floats);
    add("floats", true, FLOATS + 10, &floats);
    add("floats-narrow", false, FLOATS + 2, &floats);
    let header = "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 4), }\n";
    add("npy", true, NPY, &npy(1, header, &floats[..64]));
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (10, 2), }\n";
    add("npy-narrow", false, NPY, &npy(1, header, &floats[..20]));
    add("csv", true, CSV, b"label,z,y,X,i\na,3,2,1,7\nb,,5.5,4,8\n");
    add("csv-text", false, CSV, b"x,y,z\n1,2,far\n");
    clouds(&mut |name, good, file| add(name, good, PCD, file), &floats);
}

fn clouds(add: &mut dyn FnMut(&str, bool, &[u8]), floats: &[u8]) {
    let head = "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\nFIELDS x y z rgb\nSIZE 4 4 4 4\n\
                TYPE F F F F\nCOUNT 1 1 1 1\nWIDTH 5\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS 5\nDATA ";
    let file = |data: &str, bytes: &[u8]| [head.as_bytes(), data.as_bytes(), b"\n", bytes].concat();
    let compressed = |bytes: &[u8], size: usize| {
        let sizes = [bytes.len() as u32, size as u32].map(u32::to_le_bytes);
        file("binary_compressed", &[sizes.as_flattened(), bytes].concat())
    };
    let text = b"1 2 3 0\nnan nan nan 4.2e6\n-inf 1e-45 .5 1\n\n4 5 6 7 \n0 0 0 0\n";
    add("pcd-text", true, &file("ascii", text));
    add("pcd-text-cut", false, &file("ascii", &text[..20]));
    add("pcd-rows", true, &file("binary", floats));
    add(
        "pcd-rows-padded",
        true,
        &file("binary", &[floats, &[0; 9]].concat()),
    );
    add("pcd-rows-cut", false, &file("binary", &floats[..79]));
    add("pcd-packed", true, &compressed(&compress(floats), 80));
    add(
        "pcd-packed-references",
        true,
        &compressed(b"\x03abcd\xe0\x43\x03", 80),
    );
    add(
        "pcd-packed-before-start",
        false,
        &compressed(b"\x03abcd\xe0\x43\x04", 80),
    );
    add(
        "pcd-packed-too-much",
        false,
        &compressed(b"\x03abcd\xe0\x44\x03", 80),
    );
    add("pcd-packed-claim", false, &compressed(b"", 80));
    let mixed =
        "FIELDS h _ z y n x\nSIZE 2 1 4 8 8 1\nTYPE U U F F I I\nCOUNT 2 3 1 1 1 1\nPOINTS 2\n";
    let rows: Vec<u8> = (0..56).collect();
    add(
        "pcd-mixed",
        true,
        &[mixed.as_bytes(), b"DATA binary\n", &rows].concat(),
    );
    let text = b"1 2 _ _ _ 3 4 5 6\n65535 0 0 0 0 1e9 -1 -2 -128\n";
    add(
        "pcd-mixed-text",
        true,
        &[mixed.as_bytes(), b"DATA ascii\n", text].concat(),
    );
    let old = b"# .PCD v.5\nVERSION .5\nCOLUMNS z y x\nPOINTS 1\nDATA ascii\n1 2 3\n";
    add("pcd-old", true, old);
    add(
        "pcd-empty",
        true,
        b"FIELDS x y z\nWIDTH 0\nDATA binary_compressed\n",
    );
    add(
        "pcd-no-z",
        false,
        b"FIELDS x y w\nWIDTH 1\nDATA ascii\n1 2 3\n",
    );
    add(
        "pcd-huge",
        false,
        b"FIELDS x y z\nWIDTH 4294967296\nHEIGHT 4294967296\nDATA binary\n",
    );
    add(
        "pcd-wide",
        false,
        b"FIELDS x y z h\nCOUNT 1 1 1 16381\nWIDTH 99\nDATA binary\n",
    );
}
