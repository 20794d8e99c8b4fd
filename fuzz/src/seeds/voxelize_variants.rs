//! Small voxelizations.

use super::{Seed, add};
use robocache_testkit::random::Random;

/// See `voxelize::trial`: form, options, N, F, grid, room, types, outputs, offsets, points, features.
pub(super) fn seeds(seeds: &mut Vec<Seed>) {
    const OUTPUTS: [[u8; 2]; 4] = [[0xff, 0x0f], [0x0c, 0x04], [0x3d, 0], [0xc6, 0x08]];
    let mut random = Random::new(2);
    for n in 0..48u8 {
        let is_sparse = n % 2;
        // Few points, and now and then more than a tile of voxels.
        let count = if n % 12 == 11 { 0xfd } else { 5 + n };
        let mut bytes = vec![is_sparse, n / 2 % 2, n / 4 % 3, n % 4, count, n / 3 % 8];
        // Cells, and perhaps many along two axes; corner; size.
        bytes.extend([4, n % 5, 3]);
        if is_sparse == 1 {
            bytes.extend(if n % 6 == 5 {
                &[1, 1, 3, 2, 1][..]
            } else {
                &[0]
            });
        }
        bytes.extend([n % 6, 0, 1, 0, n / 6 % 6, 1]);
        if is_sparse == 1 {
            bytes.extend([[4, 40, 20][usize::from(n / 2 % 3)], n / 2 % 4, n / 4 % 2]);
        }
        bytes.extend([n / 2 % 3, n / 3 % 4, 1 + n % 7]);
        let wanted = OUTPUTS[usize::from(n / 2 % 4)];
        bytes.extend(wanted);
        bytes.extend(outputs(is_sparse == 1, wanted, n));
        // One cloud, or three with points between them that are in none.
        bytes.extend(match n / 2 % 3 {
            2 => &[0, 3, 0, 0, 10, 90, 130, 250, 1][..],
            _ => &[1],
        });
        bytes.extend([n % 3, 0]);
        let count = if n % 12 == 11 {
            20 * 13
        } else {
            usize::from(5 + n) % 48
        };
        bytes.extend((0..3 * count).map(|_| coordinate(&mut random)));
        bytes.extend([n % 3, 0]);
        bytes.extend((0..40).map(|_| random.below(256) as u8));
        add(
            seeds,
            "voxelize_variants",
            &format!("trial-{n:02}"),
            true,
            &bytes,
        );
    }
    // Three points into 8 cells and their number: offsets that descend, and that leave the points.
    for (name, offsets) in [
        ("descending", [0, 3, 2]),
        ("outside", [0, 2, 4]),
        ("negative", [0xff, 1, 3]),
    ] {
        let plain = [
            0, 0, 0, 0, 3, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0,
        ];
        let bytes = [&plain[..], &[0, 2, 0, 7], &offsets].concat();
        add(seeds, "voxelize_variants", name, false, &bytes);
    }
}

/// Types and styles of the outputs of a trial that has features: plain, or, of every fifth trial, reversed and apart.
fn outputs(is_sparse: bool, wanted: [u8; 2], n: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    for output in 0..12u8 {
        let has_place = match output {
            0 | 1 => !is_sparse,
            8.. => is_sparse,
            _ => true,
        };
        let is_needed = matches!(output, 8 | 9);
        let bit = wanted[usize::from(output / 8)] >> (output % 8) & 1;
        if !has_place || (bit == 0 && !is_needed) {
            continue;
        }
        // First points, sums and the like, maps and gathered features have a choice of types.
        if matches!(output, 3..8 | 10..) {
            bytes.push(n % 3);
        }
        // Five axes are in the style, however many there are.
        bytes.extend(match n % 5 {
            4 => &[1u8, 0, 1, 0, 1, 8, 1, 0, 9, 2][..],
            _ => &[0],
        });
    }
    bytes
}

/// Mostly in a cell or on its faces.
fn coordinate(random: &mut Random) -> u8 {
    let kind = [0, 0, 0, 1, 2, 3, 7, 4][random.below(8)];
    let cell = random.below(6) as u8;
    kind | cell << 3
}
