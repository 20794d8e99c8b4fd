//! How many clouds, points, cells and voxels there are, and how they lie in memory.

use crate::common::{everywhere, integers, number, numbered, sparse, trial, variants_of_the_cpu};
use robocache_core::{DType, Error, Layout, TensorView, TensorViewMut};
use robocache_testkit::operand::{Operand, Style};
use robocache_testkit::random::Random;
use robocache_voxelize::testing::{Place, Trial, Wish};
use robocache_voxelize::{
    Clouds, Dense, Determinism, Grid, Options, Order, Output, Sparse, voxelize_dense,
    voxelize_sparse,
};

fn unit(shape: [usize; 3]) -> Grid {
    Grid::new([0.0; 3], [1.0; 3], shape).unwrap()
}

/// Anywhere in a grid of unit cells.
fn anywhere(count: usize, grid: Grid, seed: u64) -> Vec<[f64; 3]> {
    let mut random = Random::new(seed);
    let mut point = || grid.shape().map(|n| random.between(0.0, n as f64));
    (0..count).map(|_| point()).collect()
}

fn offsets(list: &[i64]) -> Option<Operand<1>> {
    let shape = [list.len()];
    Some(Operand::integers(
        DType::I64,
        shape,
        Style::default(),
        |[i]| list[i],
    ))
}

#[test]
fn an_empty_cloud_and_an_empty_batch() {
    let grid = unit([2, 3, 4]);
    for place in [Place::Dense, sparse(3), sparse(0)] {
        let mut none = trial("empty", &[], grid, place);
        everywhere(&none);
        none.offsets = offsets(&[0]);
        everywhere(&none);
        none.offsets = offsets(&[0, 0, 0]);
        everywhere(&none);
    }
}

#[test]
fn a_batch_with_empty_clouds() {
    let grid = unit([2, 3, 4]);
    let cloud = anywhere(20, grid, 1);
    for place in [Place::Dense, sparse(30)] {
        for list in [[0, 0, 7, 7, 20], [0, 20, 20, 20, 20], [3, 3, 3, 11, 11]] {
            let mut batch = trial("empty clouds", &cloud, grid, place);
            batch.offsets = offsets(&list);
            everywhere(&batch);
        }
    }
}

/// As many as one warp looks through in one step, in two and in three, of which some begin and end within a warp's points
/// and some have several warps' points; and points before the first and behind the last one.
#[test]
fn more_clouds_than_lanes() {
    let grid = unit([2, 3, 4]);
    for clouds in [30, 31, 32, 70, 1030] {
        let mut list = vec![3];
        list.extend((0..clouds).map(|cloud| [0, 1, 0, 7, 33, 150][cloud * 5 % 7 % 6]));
        for at in 1..list.len() {
            list[at] += list[at - 1];
        }
        let cloud = anywhere(*list.last().unwrap() as usize + 40, grid, clouds as u64);
        for place in [Place::Dense, sparse(24 * clouds)] {
            for level in [Determinism::CpuEqualsGpu, Determinism::NotGuaranteed] {
                let mut batch = trial("many clouds", &cloud, grid, place);
                batch.options = Options::default().determinism(level);
                batch.offsets = offsets(&list);
                everywhere(&batch);
            }
        }
    }
}

#[test]
fn room_for_no_voxel_for_one_for_all_but_one_and_for_all() {
    let grid = unit([4, 4, 4]);
    let cloud = anywhere(60, grid, 2);
    let voxels = number(&everywhere(&trial("room", &cloud, grid, sparse(64)))) as usize;
    assert!(voxels > 30);
    for order in Order::ALL {
        for capacity in [0, 1, voxels - 1, voxels, voxels + 1] {
            let place = Place::Sparse {
                capacity,
                gathered: 3,
                order,
            };
            let outputs = everywhere(&trial("room", &cloud, grid, place));
            assert_eq!(number(&outputs), voxels as i64);
            // What is left out is left out, and nothing else changes.
            let placed = integers(&outputs, Output::PointToVoxel);
            let highest = placed.iter().max().copied().unwrap();
            assert_eq!(highest, capacity.min(voxels) as i32 - 1);
        }
    }
}

/// As many points as make several chunks and ranges, with the oracle and in every level.
#[test]
fn many_points_on_all_threads() {
    let grid = unit([40, 30, 20]);
    let cloud = anywhere(50_000, grid, 3);
    for level in Determinism::ALL {
        for place in [Place::Dense, sparse(24_000)] {
            let mut many = trial("many", &cloud, grid, place);
            many.offsets = offsets(&[0, 1, 20_000, 49_999]);
            many.options = Options::default().determinism(level);
            everywhere(&many);
        }
    }
}

/// Of the first points one has a feature that is much larger than all others: what its size does to the sums is seen
/// wherever they are.
#[test]
fn one_large_feature_among_many_points() {
    let grid = unit([6, 5, 4]);
    let count = 20_000;
    let cloud = anywhere(count, grid, 8);
    for place in [Place::Dense, sparse(120)] {
        let mut many = trial("one large feature", &cloud, grid, place);
        many.options = Options::default().determinism(Determinism::CpuEqualsGpu);
        let feature = |[point, _]: [usize; 2]| if point == 5 { 1e12 } else { 1.0 / 3.0 };
        let style = Style::default();
        many.features = Some(Operand::floats(DType::F32, [count, 2], style, feature));
        everywhere(&many);
    }
}

/// Points that are alone in their cells, with features so small beside one that even their sums are rounded: in the block
/// of that one and in others, in part of a warp, in every number of lanes a row, and in outputs of 16 bits.
#[test]
fn small_features_alone_in_their_cells() {
    let grid = unit([7, 9, 8]);
    for (count, columns) in [
        (3, 1),
        (3, 8),
        (37, 4),
        (300, 3),
        (300, 8),
        (40, 9),
        (37, 132),
    ] {
        let mut cloud: Vec<_> = (0..count)
            .map(|i| [i / 72, i / 8 % 9, i % 8].map(|at| at as f64 + 0.5))
            .collect();
        // One cell in ten has another point.
        cloud.extend_from_within(..count / 10);
        let feature = |[point, column]: [usize; 2]| match (point, column % 3) {
            (2, 0 | 1) => 1e9,
            (_, 0) => -1.0 / 3.0 / (point + 1) as f64,
            (_, 1) => 1e-30,
            _ => 0.1,
        };
        for level in Determinism::ALL {
            for dtype in [DType::F32, DType::Bf16] {
                let mut small = trial("small features", &cloud, grid, Place::Dense);
                small.options = Options::default().determinism(level);
                let shape = [cloud.len(), columns];
                let style = Style::default();
                small.features = Some(Operand::floats(DType::F32, shape, style, feature));
                for output in [Output::Sum, Output::Mean, Output::Max] {
                    small.wishes[output as usize] = Some(Wish::of(dtype));
                }
                everywhere(&small);
            }
        }
    }
}

/// As many columns as a warp has lanes, or as lanes with four each, and one or four more; of points that are alone, several
/// or many in their cells.
#[test]
fn more_features_than_lanes() {
    let grid = unit([4, 5, 6]);
    let mut cloud = anywhere(60, grid, 12);
    cloud.extend([[1.5, 2.5, 3.5]; 70]);
    for features in [32, 33, 36, 128, 132] {
        for level in Determinism::ALL {
            for place in [Place::Dense, sparse(120)] {
                let mut wide = trial("many features", &cloud, grid, place);
                wide.options = Options::default().determinism(level);
                wide.features = Some(numbered(cloud.len(), features));
                everywhere(&wide);
            }
        }
    }
}

/// Voxels alone in their cells, more than the CPU totals at a time, of one range of cells.
#[test]
fn voxels_of_several_tiles() {
    let grid = unit([9, 10, 11]);
    let mut cloud: Vec<[f64; 3]> = (0..700)
        .map(|i| [i / 110, i / 11 % 10, i % 11].map(|n| n as f64 + 0.5))
        .collect();
    cloud.extend(anywhere(200, grid, 13));
    for order in [Order::Key, Order::FirstPoint] {
        for capacity in [255, 256, 257, 600, 990, 1200] {
            let place = Place::Sparse {
                capacity,
                gathered: 2,
                order,
            };
            let mut tiles = trial("several tiles", &cloud, grid, place);
            tiles.features = Some(numbered(cloud.len(), 200));
            everywhere(&tiles);
        }
    }
}

/// Many chunks of points in several tiles of cells, of which one has more than half of all points.
#[test]
fn clouds_that_are_counted_by_tiles() {
    const POINTS: usize = 70_000;
    for (shape, columns) in [([40, 30, 60], 3), ([64, 40, 50], 4)] {
        let grid = unit(shape);
        let mut random = Random::new(11);
        let cloud: Vec<[f64; 3]> = (0..POINTS)
            .map(|i| match i % 5 {
                0..3 => [0.5, 0.25, 0.75],
                _ => shape.map(|cells| random.between(-0.5, cells as f64 + 0.5)),
            })
            .collect();
        let at = |[point, column]: [usize; 2]| cloud[point][column.min(2)];
        let mut trial = trial("by tiles", &cloud, grid, Place::Dense);
        trial.points = Operand::floats(DType::F32, [POINTS, columns], Style::default(), at);
        for wanted in [&[Output::Count][..], &[Output::Count, Output::Occupancy]] {
            trial.wishes = [None; Output::COUNT];
            for &output in wanted {
                let dtype = match output {
                    Output::Count => DType::I32,
                    _ => DType::U8,
                };
                trial.wishes[output as usize] = Some(Wish::of(dtype));
            }
            everywhere(&trial);
        }
    }
}

/// One cell has all points: sums are of millions of numbers, on every variant.
#[test]
fn ten_million_points_in_one_cell() {
    const POINTS: usize = 10_000_000;
    let cloud = vec![[0.5f32, 1.5, 2.5]; POINTS];
    let numbers = cloud.as_flattened();
    let view = TensorView::from_slice(numbers, [POINTS, 3]).unwrap();
    for variant in variants_of_the_cpu() {
        for level in Determinism::ALL {
            let (mut count, mut mean, mut sum) = ([-1i32; 24], [-1f32; 72], [-1f32; 72]);
            let request = Dense::new(Clouds::new(view).features(view), unit([2, 3, 4]))
                .count(TensorViewMut::from_slice(&mut count, [1, 2, 3, 4]).unwrap())
                .mean(TensorViewMut::from_slice(&mut mean, [1, 2, 3, 4, 3]).unwrap())
                .sum(TensorViewMut::from_slice(&mut sum, [1, 2, 3, 4, 3]).unwrap())
                .options(Options::default().determinism(level).forced(variant));
            voxelize_dense(request).unwrap();
            let mut expected = [0; 24];
            expected[6] = POINTS as i32;
            assert_eq!(count, expected, "{variant}");
            assert_eq!(mean[18..21], [0.5, 1.5, 2.5]);
            assert_eq!(sum[18..21], [5e6, 1.5e7, 2.5e7]);
            assert!(mean[..18].iter().chain(&mean[21..]).all(|&m| m == 0.0));
        }
    }
}

/// Numbers of cells that 32 bits cannot hold, some of them so large that only one variant takes them.
#[test]
fn keys_beyond_31_and_44_bits() {
    for shape in [[1 << 12, 1 << 11, 1 << 10], [1 << 20, 1 << 20, 1 << 22]] {
        let grid = Grid::new([0.0; 3], [1.0; 3], shape).unwrap();
        let last = shape.map(|n| n as f64 - 1.0);
        let cloud = [
            last,
            [0.0; 3],
            [last[0], 0.0, 0.0],
            [0.0, 0.0, last[2]],
            last,
        ];
        let outputs = everywhere(&trial("large keys", &cloud, grid, sparse(9)));
        assert_eq!(number(&outputs), 4);
        let coords = integers(&outputs, Output::Coords);
        let last = last.map(|at| at as i32);
        assert_eq!(coords[12..16], [0, last[0], last[1], last[2]]);
    }
}

#[test]
fn a_dense_grid_of_too_many_cells_is_an_error() {
    let grid = unit([1 << 11, 1 << 10, 1 << 10]);
    let points = [0f32; 3];
    let clouds = Clouds::new(TensorView::from_slice(&points, [1, 3]).unwrap());
    let error = voxelize_dense(Dense::new(clouds, grid)).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Range {
                argument: "grid",
                ..
            }
        ),
        "{error}"
    );
    // A cell fewer along one axis is fine.
    assert_eq!(
        voxelize_dense(Dense::new(clouds, unit([(1 << 11) - 1, 1 << 10, 1 << 10]))),
        Ok(())
    );
}

#[test]
fn strides_beyond_the_columns_and_addresses_off_any_boundary() {
    let grid = unit([3, 4, 5]);
    let cloud = anywhere(70, grid, 4);
    for dtype in [DType::F32, DType::F16, DType::F64] {
        for (steps, pads, shift) in [
            ([1, 1], [0, 5], 0),
            ([1, 2], [0, 0], 1),
            ([2, 1], [0, 1], 3),
        ] {
            let style = Style {
                steps,
                pads,
                shift,
                ..Style::default()
            };
            let mut far = trial("strided", &cloud, grid, Place::Dense);
            far.points = Operand::floats(dtype, [70, 5], style, |[point, column]| {
                cloud[point].get(column).copied().unwrap_or(f64::NAN)
            });
            everywhere(&far);
            far.place = sparse(60);
            far.wishes = crate::common::all_of(far.place);
            everywhere(&far);
        }
    }
}

/// Scans are read as they are on disk: features are columns of the points themselves.
#[test]
fn features_may_be_columns_of_the_points() {
    let scan = [
        [0.5f32, 0.5, 0.5, 10.0],
        [0.5, 0.5, 0.5, 30.0],
        [1.5, 0.5, 0.5, 7.0],
    ];
    let numbers = scan.as_flattened();
    let points = TensorView::from_slice(numbers, [3, 4]).unwrap();
    let layout = Layout::strided([3, 1], [4, 1]).unwrap();
    let features = TensorView::from_slice_strided(numbers, layout, 3).unwrap();
    let (mut number, mut coords, mut mean) = ([0i64], [0i32; 8], [0f32; 2]);
    let request = Sparse::new(
        Clouds::new(points).features(features),
        unit([2, 1, 1]),
        TensorViewMut::from_slice(&mut number, [1]).unwrap(),
        TensorViewMut::from_slice(&mut coords, [2, 4]).unwrap(),
    )
    .mean(TensorViewMut::from_slice(&mut mean, [2, 1]).unwrap());
    voxelize_sparse(request).unwrap();
    assert_eq!(
        (number, coords, mean),
        ([2], [0, 0, 0, 0, 0, 1, 0, 0], [20.0, 7.0])
    );
}

#[test]
fn no_features_and_no_columns_of_them() {
    let grid = unit([2, 2, 2]);
    let cloud = anywhere(9, grid, 5);
    for place in [Place::Dense, sparse(8)] {
        let mut plain = trial("no columns", &cloud, grid, place);
        plain.features = Some(numbered(9, 0));
        everywhere(&plain);
        plain.features = None;
        for output in Output::ALL {
            if output.is_of_features() {
                plain.wishes[output as usize] = None;
            }
        }
        everywhere(&plain);
    }
}

/// As many columns as can be numbered, of which none has a place: nothing is kept of them.
#[test]
fn billions_of_features_and_room_for_no_voxel() {
    let columns = i32::MAX as usize;
    let points = [0.5f32; 12];
    let view = TensorView::from_slice(&points, [4, 3]).unwrap();
    let layout = Layout::strided([4, columns], [1, 0]).unwrap();
    let features = TensorView::from_slice_strided(&points, layout, 0).unwrap();
    for variant in variants_of_the_cpu() {
        let (mut number, mut coords, mut mean) = ([-7i64], [0i32; 0], [0f32; 0]);
        let request = Sparse::new(
            Clouds::new(view).features(features),
            unit([2, 3, 4]),
            TensorViewMut::from_slice(&mut number, [1]).unwrap(),
            TensorViewMut::from_slice(&mut coords, [0, 4]).unwrap(),
        )
        .mean(TensorViewMut::from_slice(&mut mean, [0, columns]).unwrap())
        .options(Options::default().forced(variant));
        voxelize_sparse(request).unwrap();
        assert_eq!(number, [1], "{variant}");
    }
}

/// The same points in any order: the same bytes of all that does not tell of the order.
#[test]
fn the_order_of_the_points_changes_nothing_at_the_strictest_level() {
    let grid = unit([5, 4, 3]);
    let count = 3000;
    let mut random = Random::new(6);
    let cloud = anywhere(count, grid, 7);
    let mut values: Vec<f64> = Vec::new();
    for _ in 0..3 * count {
        values.push(random.between(-1.0, 1.0) * random.between(-40.0, 40.0).exp2());
    }
    for place in [Place::Dense, sparse(60)] {
        let mut trial: Trial = trial("permuted", &cloud, grid, place);
        trial.options = Options::default().determinism(Determinism::CpuEqualsGpu);
        trial.features = Some(Operand::floats(
            DType::F32,
            [count, 3],
            Style::default(),
            |[point, column]| values[3 * point + column],
        ));
        let before = everywhere(&trial);
        let mut order: Vec<_> = (0..count).collect();
        for i in (1..count).rev() {
            order.swap(i, random.below(i + 1));
        }
        let after = everywhere(&trial.permuted(&order));
        for output in Output::ALL {
            let told = matches!(
                output,
                Output::First | Output::PointToVoxel | Output::Gathered
            );
            let same = before[output as usize] == after[output as usize];
            assert!(same || told, "{}", output.name());
        }
    }
}
