//! Descriptions of resamplings, possible or not.

use super::{Seed, add};

// Tensors in a plan's words: row-major, in place; shared times; a uniform axis.
const PLAIN: [u8; 2] = [0, 0x80];
const SHARED: [u8; 3] = [1, 0, 0x80];
const UNIFORM: [u8; 3] = [2, 2, 3];
const HOST: u8 = 0;
const DEVICE: u8 = 1;

/// A plan's request: see `trajectory::plan::request` for the order. f64 times, kept values, checked.
struct Request<'a> {
    place: u8,
    sizes: &'a [u8],
    kinds: &'a [u8],
    types: &'a [u8],
    extrapolation: u8,
    rows: &'a [u8],
    data: &'a [u8],
    mask: &'a [u8],
    age: &'a [u8],
}

impl Default for Request<'_> {
    /// Linear, f32 in and out, dense rows, a mask and no ages.
    fn default() -> Self {
        Request {
            place: HOST,
            sizes: &[2, 5, 3, 4],
            kinds: &[0, 0],
            types: &[2, 0],
            extrapolation: 0,
            rows: &[0],
            data: &PLAIN,
            mask: &[1, 0, 0x80],
            age: &[0],
        }
    }
}

impl Request<'_> {
    fn bytes(&self) -> Vec<u8> {
        // The type of the times, invalid values, what is given; lengths and offsets are i64.
        let (times, options) = ([1], [self.extrapolation, 0, 1]);
        [
            &[self.place][..],
            self.sizes,
            self.kinds,
            self.types,
            &times,
            &options,
            &[1],
            self.rows,
            self.data,
            &SHARED,
            &UNIFORM,
            &PLAIN,
            self.mask,
            self.age,
        ]
        .concat()
    }
}

pub(super) fn seeds(seeds: &mut Vec<Seed>) {
    let mut add = |name: &str, good, request: Request<'_>| {
        add(seeds, "trajectory_plan", name, good, &request.bytes());
    };
    let sizes: [(&str, &[u8]); 4] = [
        ("small", &[2, 5, 3, 4]),
        ("chunks", &[3, 4, 4, 8]),
        ("empty", &[2, 0, 3, 1]),
        // 2^20 targets.
        ("many", &[1, 3, 0xc1, 20, 4]),
    ];
    for (on, place) in [("host", HOST), ("device", DEVICE)] {
        for (name, sizes) in sizes {
            for (form, rows) in [("dense", &[0u8][..]), ("lengths", &[3, 0, 0x80])] {
                // What has many elements cannot lie in small memory.
                let good = place == DEVICE || name != "many";
                let request = Request {
                    place,
                    sizes,
                    rows,
                    ..Request::default()
                };
                add(&format!("{on}-{name}-{form}"), good, request);
            }
        }
        // One kind that fits or not; spans, once and in rounds, too many, and too wide; two poses.
        let kinds: [(&str, bool, &[u8]); 7] = [
            ("rotations", true, &[0, 6]),
            ("narrow-poses", false, &[0x18, 8]),
            ("spans", true, &[4, 2, 0, 3, 6, 1]),
            ("rounds", true, &[5, 3, 8, 1, 1, 2, 10, 0, 2]),
            ("uncovered", false, &[0x1c, 1, 0, 3]),
            (
                "many-spans",
                false,
                &[&[4, 17][..], &[1, 0].repeat(17)].concat(),
            ),
            (
                "many-poses",
                false,
                &[&[4, 12][..], &[8, 3].repeat(12)].concat(),
            ),
        ];
        for (name, good, kinds) in kinds {
            let request = Request {
                place,
                sizes: &[1, 5, 2, 8],
                kinds,
                extrapolation: 2,
                ..Request::default()
            };
            add(&format!("{on}-{name}"), good, request);
        }
        // i16 held; u8 to f64; i32 interpolated; f32 to u8; i64 to i32.
        let types: [(&str, bool, u8, &[u8]); 5] = [
            ("integers", true, 1, &[5, 0]),
            ("bytes-to-f64", true, 3, &[4, 2, 3]),
            ("integers-between", false, 0, &[6, 0]),
            ("f32-to-bytes", false, 0, &[2, 1, 4]),
            ("i64-to-i32", false, 2, &[7, 1, 6]),
        ];
        for (name, good, kind, types) in types {
            let request = Request {
                place,
                kinds: &[0, kind],
                types,
                extrapolation: 3,
                ..Request::default()
            };
            add(&format!("{on}-{name}"), good, request);
        }
        // Backwards, and with rows apart.
        for (name, style) in [("backwards", 0x84), ("apart", 0x88)] {
            let request = Request {
                place,
                age: &[1, 0, style],
                ..Request::default()
            };
            add(&format!("{on}-age-{name}"), true, request);
        }
    }
    // Ages where the values are, or the samples; beyond the end of their memory.
    for (name, place, age) in [
        ("device-age-on-values", DEVICE, &[1, 0, 0x10, 4][..]),
        ("device-age-on-samples", DEVICE, &[1, 0, 0x10, 0]),
        ("host-age-too-long", HOST, &[1, 0, 0x10]),
    ] {
        let request = Request {
            place,
            age,
            ..Request::default()
        };
        add(name, false, request);
    }
    // The samples' batch stride is zero: 2^20 rows in small memory, if nothing is wanted of them.
    let repeated = Request {
        sizes: &[0xc1, 20, 3, 0, 4],
        data: &[0, 0x85],
        mask: &[0],
        ..Request::default()
    };
    add("host-repeated", true, repeated);
}
