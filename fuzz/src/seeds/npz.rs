//! Archives of arrays, as files and as descriptions of them.

use super::npy::npy;
use super::{Seed, add};
use crate::archive;

pub(super) fn seeds(seeds: &mut Vec<Seed>) {
    // Of each member: its shape, its name, the length of its content, the content.
    let member = |shape: u8, name: u8, content: &[u8]| {
        let mut bytes = vec![shape, name];
        bytes.extend((content.len() as u16).to_le_bytes());
        bytes.extend(content);
        bytes
    };
    let numbers: Vec<u8> = (0..48).map(|i| i * 5).collect();
    let array = npy(
        1,
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }\n",
        &numbers[..16],
    );
    let two = [member(0xa0, 5, &numbers[..16]), member(0xae, 6, &numbers)].concat();
    let own = member(0xa3, 5, &array);
    for (name, good, members) in [
        ("stored", true, member(0xa0, 5, &numbers)),
        ("deflated", true, member(0xa2, 5, &numbers)),
        ("two", true, two.clone()),
        ("own-header", true, own.clone()),
        ("no-array", true, member(0xa1, 2, b"text")),
        ("twice", false, [&own[..], &own[..]].concat()),
    ] {
        add(seeds, "npz", name, good, &archive::build(&members).0);
        add(
            seeds,
            "npz",
            &format!("{name}-described"),
            good,
            &[&[1], &members[..]].concat(),
        );
    }
    // False sizes in the directory, and a false checksum.
    let lies = [&member(0x42, 5, &numbers)[..], &[0xff; 8]].concat();
    add(
        seeds,
        "npz",
        "sizes-described",
        false,
        &[&[1], &lies[..]].concat(),
    );
    let damaged = [&member(0x60, 5, &numbers)[..], &[1]].concat();
    add(
        seeds,
        "npz",
        "checksum-described",
        false,
        &[&[1], &damaged[..]].concat(),
    );
}
