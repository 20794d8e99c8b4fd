//! Small resamplings.

use super::{Seed, add};

/// See `trajectory::trial`: types, B, S, T, D, kinds, options, form of the batch, styles, times, samples.
pub(super) fn seeds(seeds: &mut Vec<Seed>) {
    const COLUMNS: [u8; 8] = [1, 3, 8, 16, 17, 33, 64, 71];
    // A pose, two rotations, two angles and three cubics: 20 columns. Of integers, two kinds for 4.
    const SPANS: [u8; 8] = [8, 1, 6, 2, 10, 2, 4, 3];
    const HOLDS: [u8; 4] = [0, 2, 1, 2];
    let mut random = robocache_testkit::random::Random::new(1);
    for n in 0..48u8 {
        let (samples, targets) = (4 + n % 9, 3 + n % 7);
        let is_whole = n % 6 == 4;
        let mut bytes = vec![
            if is_whole { 4 + n / 6 % 4 } else { n % 4 },
            if n % 5 == 0 { n } else { 0 },
            n % 3,
        ];
        let (spans, round) = match is_whole {
            true => (&HOLDS[..], 4),
            false => (&SPANS[..], 20),
        };
        let (columns, kinds) = match n % 5 {
            3 => (round, [&[6][..], spans].concat()),
            4 => (2 * round, [&[7, 1][..], spans].concat()),
            _ => (COLUMNS[usize::from((n + n / 4) % 8)], vec![0, n / 2 % 11]),
        };
        bytes.extend([1 + n % 3, samples, targets, columns]);
        bytes.extend(kinds);
        // Extrapolation, invalid, fill; now and then a tolerance and a gap of one.
        bytes.extend([n / 3 % 4, n / 4 % 2, n % 4]);
        bytes.extend(if n % 6 == 5 { &[6u8, 2, 2][..] } else { &[0] });
        // Dense, or as many samples as there are in each row.
        match n % 4 {
            3 => {
                bytes.extend([1, 2, 0, 0]);
                bytes.extend(vec![samples; usize::from(1 + n % 3)]);
            }
            _ => bytes.extend([0, 0]),
        }
        // Plain samples, then plain or reversed values, then a mask, and ages now and then.
        bytes.push(2 * (n % 3));
        bytes.extend(if n % 7 == 6 {
            &[1u8, 0, 1, 8, 9, 0][..]
        } else {
            &[0]
        });
        bytes.extend([1, 0]);
        bytes.extend(match n % 4 {
            1 => &[1, 0][..],
            2 => &[1, 1, 1, 9, 8],
            _ => &[0],
        });
        // Shared times in small steps, then targets in such steps, or at the times and beside them; or
        // targets amid the times, where 16-bit results lie amid two numbers.
        bytes.extend([0, 0, 0, 0]);
        let amid = n % 8 == 1;
        let mut step = || if amid { 2 } else { 1 + random.below(7) as u8 };
        bytes.extend((0..samples).map(|_| step()));
        bytes.extend([0, 0, 3 * (n / 2 % 2), 0]);
        bytes.extend((0..targets).map(|t| match amid {
            true => 2 + u8::from(t == 0),
            false => random.below(256) as u8,
        }));
        // Bits, numbers that tell where they stand, or small ones; checked.
        bytes.extend([n % 3, 0]);
        bytes.extend((0..32).map(|_| random.below(256) as u8));
        add(
            seeds,
            "trajectory_variants",
            &format!("trial-{n:02}"),
            true,
            &bytes,
        );
    }
    // One row of four samples and two targets of three columns, of f32 and linear, with f64 times.
    let plain = [2, 0, 1, 1, 4, 2, 3, 0, 0, 0, 0, 0, 0];
    let unsorted = [&plain[..], &[0, 0, 0, 0, 0, 0, 0, 0, 1, 0], &[0xff; 32]].concat();
    add(seeds, "trajectory_variants", "bad-times", false, &unsorted);
    // A length below zero.
    let short = [&plain[..], &[0, 2, 0, 7, 0xff]].concat();
    add(seeds, "trajectory_variants", "bad-length", false, &short);
}
