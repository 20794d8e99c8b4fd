//! Descriptions of voxelizations, possible or not.

use super::{Seed, add};

const HOST: u8 = 0;
const DEVICE: u8 = 1;
const DENSE: u8 = 0;
const SPARSE: u8 = 1;
/// A tensor that lies row-major in its place.
const PLAIN: [u8; 2] = [0, 0x80];
/// Every output of a form, by bits; number and coordinates are there anyway.
const OF_CELLS: [u8; 2] = [0xff, 0];
const OF_VOXELS: [u8; 2] = [0xfc, 0x0c];
const COUNT: [u8; 2] = [4, 0];

/// See `voxelize::plan::description` for the order. The grid begins at 0, and points outside are dropped.
struct Request<'a> {
    place: u8,
    form: u8,
    /// N, B and F.
    sizes: [&'a [u8]; 3],
    /// Of cells; each axis is a size, then something more if it is 0.
    shape: &'a [u8],
    voxel_size: &'a [u8],
    columns: &'a [u8],
    level: u8,
    /// Type and tensor.
    points: &'a [u8],
    features: &'a [u8],
    offsets: &'a [u8],
    /// M and P, then which outputs.
    room: &'a [u8],
    wanted: [u8; 2],
    /// Of the last output; those before are plain.
    output: &'a [u8],
}

impl Default for Request<'_> {
    /// Four points of four columns with two features into 2·2·3 cells.
    fn default() -> Self {
        Request {
            place: HOST,
            form: DENSE,
            sizes: [&[4], &[3], &[2]],
            shape: &[2, 2, 3],
            voxel_size: &[1, 1, 1],
            columns: &[1],
            level: 1,
            points: &[0, 0, 0x80],
            features: &[1, 0, 0, 0x80],
            offsets: &[0],
            room: &[],
            wanted: OF_CELLS,
            output: &PLAIN,
        }
    }
}

impl Request<'_> {
    fn sparse() -> Self {
        Request {
            form: SPARSE,
            room: &[3, 2],
            wanted: OF_VOXELS,
            ..Request::default()
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let [count, clouds, features] = self.sizes;
        let order: &[u8] = match self.form {
            SPARSE => &[0],
            _ => &[],
        };
        let mut bytes = [
            &[self.place, self.form],
            count,
            clouds,
            features,
            self.shape,
            &[0, 0, 0],
            self.voxel_size,
            self.columns,
            &[0, self.level, 0],
            order,
            self.points,
            self.features,
            self.offsets,
            self.room,
            &self.wanted,
        ]
        .concat();
        // Number and coordinates come without being asked for.
        let asked: u32 = self.wanted.iter().map(|bits| bits.count_ones()).sum();
        let outputs = asked + 2 * u32::from(self.form);
        for left in (0..outputs).rev() {
            bytes.push(0);
            bytes.extend(if left == 0 { self.output } else { &PLAIN });
        }
        bytes
    }
}

pub(super) fn seeds(seeds: &mut Vec<Seed>) {
    let mut add = |name: &str, good, request: Request<'_>| {
        add(seeds, "voxelize_plan", name, good, &request.bytes());
    };
    for (on, place) in [("host", HOST), ("device", DEVICE)] {
        for (form, request) in [
            ("dense", Request::default as fn() -> _),
            ("sparse", Request::sparse),
        ] {
            let mut add = |name: &str, good, request: Request<'_>| {
                let request = Request { place, ..request };
                add(&format!("{on}-{form}-{name}"), good, request);
            };
            for level in 0..3 {
                let request = Request { level, ..request() };
                add(&format!("level-{level}"), true, request);
            }
            let few = Request {
                wanted: COUNT,
                ..request()
            };
            add("count", true, few);
            let clouds = Request {
                offsets: &[1, 0, 0, 0x80],
                shape: &[1, 1, 2],
                ..request()
            };
            add("clouds", true, clouds);
            let none = Request {
                sizes: [&[0], &[3], &[2]],
                ..request()
            };
            add("no-points", true, none);
            let half = Request {
                points: &[2, 0, 0x80],
                features: &[1, 2, 0, 0x80],
                ..request()
            };
            add("half", true, half);
            // Points and features backwards, in columns, and further apart.
            for (name, style) in [("backwards", 0x84), ("apart", 0x88)] {
                let strided = Request {
                    points: &[0, 0, style],
                    features: &[1, 0, 0, style],
                    ..request()
                };
                add(name, true, strided);
            }
            // Two columns; a grid without cells; cells of no size; features that are missing, or are of another number.
            let narrow = Request {
                columns: &[0xf0, 2],
                ..request()
            };
            add("narrow", false, narrow);
            let no_cells = Request {
                shape: &[2, 0, 0xff, 3],
                ..request()
            };
            add("no-cells", false, no_cells);
            let flat = Request {
                voxel_size: &[1, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 1],
                ..request()
            };
            add("flat", false, flat);
            let without = Request {
                features: &[0],
                ..request()
            };
            add("no-features", false, without);
            let others = Request {
                features: &[1, 0, 0x1f, 7, 0, 0x80],
                ..request()
            };
            add("other-features", false, others);
            // An output that repeats, or is of another type or shape.
            for (name, output) in [
                ("repeated", &[0, 0x85][..]),
                ("typed", &[0xe0, 4, 0x80]),
                ("shaped", &[0x1f, 7, 0, 0x80]),
            ] {
                add(
                    name,
                    false,
                    Request {
                        output,
                        ..request()
                    },
                );
            }
        }
        // 2^30 cells along each axis are 2^90, along one too many for a dense result of 4 · 2^30.
        let wide = Request {
            place,
            shape: &[0xc1, 30, 0xc1, 30, 0xc1, 30],
            ..Request::sparse()
        };
        add(&format!("{on}-sparse-beyond"), false, wide);
        let wide = Request {
            place,
            shape: &[0xc1, 30, 2, 0xc1, 30],
            ..Request::sparse()
        };
        add(&format!("{on}-sparse-wide"), true, wide);
        let wide = Request {
            place,
            shape: &[0xc1, 30, 2, 2],
            wanted: [0, 0],
            ..Request::default()
        };
        add(&format!("{on}-dense-beyond"), false, wide);
    }
    // 2^24 points in one place.
    let many = Request {
        place: DEVICE,
        sizes: [&[0xc1, 24], &[3], &[2]],
        ..Request::sparse()
    };
    add("device-sparse-many", true, many);
    let many = Request {
        place: DEVICE,
        sizes: [&[0xc1, 24], &[3], &[2]],
        wanted: COUNT,
        ..Request::default()
    };
    add("device-dense-many", true, many);
    // The last output where the points are, or the counts.
    for (name, slot) in [("points", 0), ("count", 5)] {
        let request = Request {
            place: DEVICE,
            output: &[0, 0x10, slot],
            ..Request::default()
        };
        add(&format!("device-dense-on-{name}"), false, request);
    }
    // Twelve bytes up to the first one of the points, and one further.
    for (name, good, slot) in [("beside", true, 0xc0), ("on-one-byte-of", false, 0xb0)] {
        let request = Request {
            place: DEVICE,
            wanted: [1, 0],
            output: &[0, 0x10, slot],
            ..Request::default()
        };
        add(&format!("device-dense-{name}-points"), good, request);
    }
}
