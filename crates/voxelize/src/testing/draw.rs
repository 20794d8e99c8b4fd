//! Random trials.

use super::trial::{Place, Trial, Wish, Wishes};
use crate::{Determinism, Grid, Options, Order, Output, Outside};
use robocache_core::DType;
use robocache_testkit::operand::{Operand, Style};
use robocache_testkit::random::Random;

const COORDINATES: [DType; 3] = [DType::F32, DType::F64, DType::F16];
const FEATURES: [DType; 4] = [DType::F32, DType::F16, DType::Bf16, DType::F64];
const VALUES: [DType; 3] = [DType::F32, DType::F16, DType::Bf16];

/// The trial of a seed.
pub(super) fn trial(seed: u64) -> Trial {
    let random = &mut Random::new(seed);
    let count = random.pick(&[0, 1, 2, 3, 17, 31, 33, 64, 100, 255, 257, 300]);
    let grid = grid(random);
    let points = points(random, count, &grid);
    let features = features(random, count);
    let offsets = random.once_in(2).then(|| offsets(random, count));
    let dense = random.once_in(2);
    let options = Options::default()
        .outside(random.pick(&Outside::ALL))
        .determinism(random.pick(&Determinism::ALL))
        .empty(random.pick(&[0.0, 0.0, -1.0, 7.5, f64::NAN, 1e-9, f64::NEG_INFINITY]));
    let mut trial = Trial {
        name: format!("seed {seed}"),
        points,
        features,
        offsets,
        grid,
        place: Place::Dense,
        wishes: [None; Output::COUNT],
        options,
    };
    if !dense {
        trial.place = Place::Sparse {
            capacity: capacity(random, &trial),
            gathered: random.below(4),
            order: random.pick(&Order::ALL),
        };
    }
    trial.wishes = wishes(random, dense, trial.features.is_some());
    if dense && random.once_in(8) {
        make_plain(random, &mut trial);
    }
    trial
}

/// One cloud of contiguous f32 points, and only whether and how many there are in each cell: what some variants take
/// and nothing else.
fn make_plain(random: &mut Random, trial: &mut Trial) {
    let columns = random.pick(&[3, 4, 5]);
    let shape = [trial.count(), columns];
    let all = &trial.points;
    let at = |[point, column]: [usize; 2]| all.float([point, column.min(2)]);
    trial.points = Operand::floats(DType::F32, shape, Style::default(), at);
    trial.offsets = None;
    trial.wishes = [None; Output::COUNT];
    for (output, dtype) in [(Output::Count, DType::I32), (Output::Occupancy, DType::U8)] {
        if trial.wishes == [None; Output::COUNT] || random.once_in(2) {
            trial.wishes[output as usize] = Some(Wish::of(dtype));
        }
    }
}

fn grid(random: &mut Random) -> Grid {
    const SIZES: [f32; 6] = [0.5, 0.1, 0.16, 1.0, 0.3, 1e-3];
    const MINIMA: [f32; 6] = [0.0, -1.0, -75.2, 3.3, -0.05, 1000.0];
    let axis = |random: &mut Random| {
        (
            random.pick(&MINIMA),
            random.pick(&SIZES),
            1 + random.below(9),
        )
    };
    let [x, y, z] = [axis(random), axis(random), axis(random)];
    let grid = Grid::new([x.0, y.0, z.0], [x.1, y.1, z.1], [x.2, y.2, z.2]);
    grid.expect("small numbers make a grid")
}

/// How elements lie in memory.
fn style<const R: usize>(random: &mut Random, input: bool) -> Style<R> {
    let mut style = Style::<R>::default();
    if random.once_in(2) {
        return style;
    }
    style.shift = random.below(4);
    for axis in 0..R {
        style.order.swap(axis, random.below(R));
    }
    for axis in 0..R {
        style.steps[axis] = 1 + usize::from(random.once_in(4));
        style.pads[axis] = random.below(3);
        style.reversed[axis] = random.once_in(4);
        style.repeated[axis] = input && random.once_in(12);
    }
    style
}

/// Within the grid and around it, many on faces and next to them, some in one place, some no numbers.
fn points(random: &mut Random, count: usize, grid: &Grid) -> Operand<2> {
    let dtype = random.pick(&COORDINATES);
    let columns = random.pick(&[3, 4, 5, 6]);
    let style = style(random, true);
    let clustered = random.once_in(4);
    let mut all = Vec::with_capacity(count * columns);
    for _ in 0..count {
        for column in 0..columns {
            all.push(match column {
                0..3 => coordinate(random, grid, column, clustered),
                _ => random.between(-1.0, 1.0),
            });
        }
    }
    Operand::floats(dtype, [count, columns], style, |[point, column]| {
        all[point * columns + column]
    })
}

fn coordinate(random: &mut Random, grid: &Grid, axis: usize, clustered: bool) -> f64 {
    let (min, size, cells) = (
        grid.min()[axis],
        grid.voxel_size()[axis],
        grid.shape()[axis],
    );
    let face = |random: &mut Random| min + random.below(cells + 2) as f32 * size;
    if clustered && !random.once_in(8) {
        return f64::from(min) + f64::from(size) * 0.5;
    }
    f64::from(match random.below(40) {
        0 => f32::NAN,
        1 => f32::INFINITY,
        2 => f32::NEG_INFINITY,
        3 => random.pick(&[f32::MAX, f32::MIN, 1e30, -1e30, 3e9]),
        4 => random.pick(&[0.0, -0.0, f32::MIN_POSITIVE, -1e-45, 1e-45]),
        5..=10 => face(random),
        11..=13 => face(random).next_up(),
        14..=16 => face(random).next_down(),
        _ => {
            let width = f64::from(size) * cells as f64;
            return f64::from(min) + random.between(-0.15, 1.15) * width;
        }
    })
}

fn features(random: &mut Random, count: usize) -> Option<Operand<2>> {
    if random.once_in(6) {
        return None;
    }
    let columns = random.pick(&[1, 2, 3, 4, 5, 8, 9, 0]);
    let dtype = random.pick(&FEATURES);
    let style = style(random, true);
    // Of each column: numbers of one size, of all sizes, whole ones, zeros.
    let scale: Vec<_> = (0..columns).map(|_| random.below(6)).collect();
    let mut all = Vec::with_capacity(count * columns);
    for _ in 0..count {
        for &scale in &scale {
            all.push(match (random.below(60), scale) {
                (0, _) => f64::NAN,
                (1, 0) => random.pick(&[f64::INFINITY, f64::NEG_INFINITY]),
                (_, 1) => random.between(-1.0, 1.0) * random.between(-60.0, 60.0).exp2(),
                (_, 2) => random.below(256) as f64,
                (_, 3) => random.pick(&[0.0, -0.0]),
                (_, 4) => random.between(-1.0, 1.0) * 3e38,
                _ => random.between(-10.0, 10.0),
            });
        }
    }
    Some(Operand::floats(
        dtype,
        [count, columns],
        style,
        |[point, column]| all[point * columns + column],
    ))
}

/// Some clouds, empty ones among them; not always of all points.
fn offsets(random: &mut Random, count: usize) -> Operand<1> {
    let clouds = random.below(6);
    let mut ends: Vec<_> = (0..=clouds).map(|_| random.below(count + 1)).collect();
    ends.sort_unstable();
    if random.once_in(2) {
        ends[0] = 0;
        ends[clouds] = count;
    }
    let dtype = random.pick(&[DType::I64, DType::I32]);
    let mut style = style(random, true);
    style.repeated = [false];
    Operand::integers(dtype, [clouds + 1], style, |[i]| ends[i] as i64)
}

/// None, one, too few, as many as there are, more.
fn capacity(random: &mut Random, trial: &Trial) -> usize {
    let number = super::judge::question(trial).cells().len();
    match random.below(6) {
        0 => random.below(2),
        1 => number.saturating_sub(1),
        2 => number,
        3 => random.below(number + 1),
        _ => number + random.below(5),
    }
}

fn wishes(random: &mut Random, dense: bool, has_features: bool) -> Wishes {
    let mut wishes = [None; Output::COUNT];
    for output in Output::ALL {
        use Output::{Bits, Coords, Gathered, Number, Occupancy, PointToVoxel};
        let of_this_form = match output {
            Occupancy | Bits => dense,
            Number | Coords | PointToVoxel | Gathered => !dense,
            _ => true,
        };
        let needed = matches!(output, Number | Coords);
        let possible = of_this_form && (has_features || !output.is_of_features());
        if possible && (needed || random.once_in(2)) {
            let dtype = match output {
                Occupancy | Bits => DType::U8,
                Output::Count | Coords => DType::I32,
                Output::First | PointToVoxel => random.pick(&[DType::I32, DType::I64]),
                Number => DType::I64,
                _ => random.pick(&VALUES),
            };
            let style = style(random, false);
            wishes[output as usize] = Some(Wish { dtype, style });
        }
    }
    wishes
}
