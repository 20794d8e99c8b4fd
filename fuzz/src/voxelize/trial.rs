//! A small voxelization with all of its memory, from bytes.
//!
//! Any bytes are one. Choices come first, in a fixed order: form, options, sizes, grid, outputs, offsets; then each
//! coordinate; what is left are the features.

use crate::bytes::Bytes;
use crate::style::style;
use robocache_core::DType;
use robocache_testkit::operand::Operand;
use robocache_testkit::oracle::decode as decode_number;
use robocache_voxelize::testing::{Place, Trial, Wish, Wishes};
use robocache_voxelize::{Determinism, Form, Grid, Options, Order, Output, Outside};

/// A trial, with what cannot be seen from it.
pub struct Decoded {
    /// The trial.
    pub trial: Trial,
    /// Whether the offsets are what they should be; without a cloud they say nothing.
    pub is_index_sound: bool,
}

/// The trial that some bytes describe.
pub fn decode(bytes: &[u8]) -> Decoded {
    let from = &mut Bytes(bytes);
    let form = from.pick(&[Form::Dense, Form::Sparse]);
    let options = Options::default()
        .outside(from.pick(&Outside::ALL))
        .determinism(from.pick(&Determinism::ALL))
        .empty(from.pick(&[0.0, -1.0, f64::NAN, 1e-9]));
    // Past a tile of voxels now and then, but mostly few, as a thousand runs a second find more than a hundred.
    let count = match from.byte() {
        choice @ 0..0xf0 => usize::from(choice % 48),
        choice => 20 * usize::from(choice & 15),
    };
    let columns = from.pick(&[1, 2, 3, 4, 5, 0, 8, 9]);
    let grid = grid(from, form);
    let place = match form {
        Form::Dense => Place::Dense,
        Form::Sparse => Place::Sparse {
            capacity: from.below(48),
            gathered: from.below(4),
            order: from.pick(&Order::ALL),
        },
    };
    let of_points = from.pick(&[DType::F32, DType::F64, DType::F16]);
    let of_features = from.pick(&[DType::F32, DType::F16, DType::Bf16, DType::F64]);
    let has_features = !from.byte().is_multiple_of(8);
    let wishes = wishes(from, form, has_features);
    let (offsets, is_index_sound) = offsets(from, count);
    let points = points(from, of_points, count, &grid);
    let features = has_features.then(|| features(from, of_features, [count, columns]));
    Decoded {
        trial: Trial {
            name: "from bytes".into(),
            points,
            features,
            offsets,
            grid,
            place,
            wishes,
            options,
        },
        is_index_sound,
    }
}

/// A few cells; where only those that have points get a place, as many as there can be.
fn grid(from: &mut Bytes<'_>, form: Form) -> Grid {
    let mut shape: [usize; 3] = std::array::from_fn(|_| 1 + from.below(5));
    if form == Form::Sparse && from.flag() {
        // One axis of the most cells that there can be: all three would have too many.
        shape[from.below(3)] = from.pick(&[300, 1 << 20, (1 << 24) + 1]);
        shape[from.below(3)] = from.pick(&[300, 1 << 20, (1 << 24) + 1, i32::MAX as usize]);
    }
    let min = |from: &mut Bytes<'_>| match from.byte() {
        0xff => Some(f32::from_bits(from.word() as u32)).filter(|n| n.is_finite()),
        choice => Some([0.0, -1.0, -75.2, 3.3, 1000.0, -0.05][usize::from(choice) % 6]),
    };
    let min = std::array::from_fn(|_| min(from).unwrap_or(0.0));
    let size = |from: &mut Bytes<'_>| match from.byte() {
        0xff => Some(f32::from_bits(from.word() as u32)).filter(|n| n.is_finite() && *n > 0.0),
        choice => Some([1.0, 0.5, 0.1, 0.16, 0.3, 1e-3][usize::from(choice) % 6]),
    };
    let voxel_size = std::array::from_fn(|_| size(from).unwrap_or(1.0));
    Grid::new(min, voxel_size, shape).expect("finite numbers and less than 2^63 cells")
}

fn wishes(from: &mut Bytes<'_>, form: Form, has_features: bool) -> Wishes {
    let wanted = [from.byte(), from.byte()];
    Output::ALL.map(|output| {
        use Output::{Bits, Coords, Count, First, Gathered, Number, Occupancy, PointToVoxel};
        let is_dense = form == Form::Dense;
        let has_place = match output {
            Occupancy | Bits => is_dense,
            Number | Coords | PointToVoxel | Gathered => !is_dense,
            _ => true,
        };
        let bit = wanted[output as usize / 8] >> (output as usize % 8) & 1;
        let is_possible = has_place && (has_features || !output.is_of_features());
        if !is_possible || (bit == 0 && !matches!(output, Number | Coords)) {
            return None;
        }
        let dtype = match output {
            Occupancy | Bits => DType::U8,
            Count | Coords => DType::I32,
            First | PointToVoxel => from.pick(&[DType::I32, DType::I64]),
            Number => DType::I64,
            _ => from.pick(&[DType::F32, DType::F16, DType::Bf16]),
        };
        let style = style(from, false);
        Some(Wish { dtype, style })
    })
}

/// Offsets of up to three clouds, if there are some, and whether they are sound.
fn offsets(from: &mut Bytes<'_>, count: usize) -> (Option<Operand<1>>, bool) {
    if from.flag() {
        return (None, true);
    }
    let clouds = from.below(4);
    let style = style(from, false);
    // Now and then any small number, below zero and beyond the points too.
    let is_wild = from.below(8) == 7;
    let mut all: Vec<i64> = (0..=clouds)
        .map(|_| match is_wild {
            true => i64::from(from.byte() as i8),
            false => i64::from(from.byte()) * count as i64 / 255,
        })
        .collect();
    if !is_wild {
        all.sort_unstable();
    }
    let inside = |offset: &i64| (0..=count as i64).contains(offset);
    let is_sound = clouds == 0 || (all.is_sorted() && all.iter().all(inside));
    let dtype = from.pick(&[DType::I32, DType::I64]);
    let offsets = Operand::integers(dtype, [clouds + 1], style, |[at]| all[at]);
    (Some(offsets), is_sound)
}

fn points(from: &mut Bytes<'_>, dtype: DType, count: usize, grid: &Grid) -> Operand<2> {
    let columns = 3 + from.below(3);
    let style = style(from, true);
    let mut all = vec![0.25; count * columns];
    for point in all.chunks_mut(columns) {
        for (axis, to) in point[..3].iter_mut().enumerate() {
            *to = coordinate(from, grid, axis, dtype);
        }
    }
    Operand::floats(dtype, [count, columns], style, |[point, column]| {
        all[point * columns + column]
    })
}

/// In the middle of a cell, on a face between two or next to it, far away, or any number.
fn coordinate(from: &mut Bytes<'_>, grid: &Grid, axis: usize, dtype: DType) -> f64 {
    let (min, size) = (grid.min()[axis], grid.voxel_size()[axis]);
    let cells = grid.shape()[axis];
    let choice = from.byte();
    // Around the first cells, and around the last.
    let place = usize::from(choice >> 3);
    let cell = match place {
        0..16 => place % (cells + 2),
        _ => (cells + 1).saturating_sub(place - 16),
    } as f32;
    let face = min + cell * size;
    let far = [f32::NAN, f32::INFINITY, f32::MAX, 3e9, -0.0, 1e-45];
    f64::from(match choice & 7 {
        0 => return f64::from(min) + (f64::from(cell) + 0.5) * f64::from(size),
        1 => face,
        2 => face.next_up(),
        3 => face.next_down(),
        4 => far[place % far.len()],
        5 => -far[place % far.len()],
        6 => return any(from, dtype),
        _ => return f64::from(min) + (f64::from(cell) - 0.3) * f64::from(size),
    })
}

/// Any bits of a type; all NaNs are one.
fn any(from: &mut Bytes<'_>, dtype: DType) -> f64 {
    let bytes: Vec<u8> = (0..dtype.size()).map(|_| from.byte()).collect();
    let number = decode_number(dtype, &bytes);
    if number.is_nan() { f64::NAN } else { number }
}

/// The bytes that are left, repeated: as bits, as small numbers, or as numbers of all magnitudes.
fn features(from: &mut Bytes<'_>, dtype: DType, shape: [usize; 2]) -> Operand<2> {
    let mode = from.below(3);
    let style = style(from, true);
    let pool: &[u8] = if from.0.is_empty() { &[0] } else { from.0 };
    let mut pool = pool.iter().copied().cycle();
    let mut next = || pool.next().expect("it begins anew");
    let mut number = || match mode {
        0 => {
            let bytes: Vec<u8> = (0..dtype.size()).map(|_| next()).collect();
            any(&mut Bytes(&bytes), dtype)
        }
        1 => f64::from(next() as i8) / 8.0,
        _ => {
            let (digits, exponent) = (f64::from(next() as i8), i32::from(next() as i8));
            digits * f64::powi(2.0, exponent)
        }
    };
    let all: Vec<f64> = (0..shape[0] * shape[1]).map(|_| number()).collect();
    Operand::floats(dtype, shape, style, |[point, column]| {
        all[point * shape[1] + column]
    })
}
