//! Where points lie.

use crate::common::{everywhere, integers, number, sparse, trial};
use robocache_core::DType;
use robocache_testkit::operand::{Operand, Style};
use robocache_voxelize::testing::Place;
use robocache_voxelize::{Grid, Options, Output, Outside};

/// A trial in both forms and with both rules for points outside.
fn everyhow(name: &str, cloud: &[[f64; 3]], grid: Grid) {
    // The dense form of a large grid is another test's.
    let places = [sparse(40), Place::Dense];
    let few = if grid.cells() > 1 << 20 { 1 } else { 2 };
    for place in places.into_iter().take(few) {
        for outside in Outside::ALL {
            let mut trial = trial(name, cloud, grid, place);
            trial.options = Options::default().outside(outside);
            everywhere(&trial);
        }
    }
}

/// How many points of a line along x are in the grid, and in which cells.
fn along_x(coordinates: &[f64], grid: Grid) -> Vec<i32> {
    let [_, y, z] = grid.min().map(f64::from);
    let cloud: Vec<_> = coordinates.iter().map(|&x| [x, y, z]).collect();
    everyhow("along x", &cloud, grid);
    let outputs = everywhere(&trial("along x", &cloud, grid, sparse(40)));
    let coords = integers(&outputs, Output::Coords);
    let voxels = integers(&outputs, Output::PointToVoxel).into_iter();
    voxels
        .map(|voxel| {
            if voxel < 0 {
                -1
            } else {
                coords[4 * voxel as usize + 1]
            }
        })
        .collect()
}

fn grid(range: [f64; 2], size: f64) -> Grid {
    Grid::from_range([range[0]; 3], [range[1]; 3], [size; 3]).unwrap()
}

#[test]
fn a_point_on_every_face() {
    let grid = Grid::new([-1.0, 2.0, 0.5], [0.5, 0.25, 1.0], [3, 2, 4]).unwrap();
    let mut cloud = Vec::new();
    for x in 0..=3 {
        for y in 0..=2 {
            for z in 0..=4 {
                cloud.push([-1.0 + 0.5 * x as f64, 2.0 + 0.25 * y as f64, 0.5 + z as f64]);
            }
        }
    }
    everyhow("every face", &cloud, grid);
    let found = along_x(&[-1.0, -0.5, 0.0, 0.5], grid);
    assert_eq!(found, [0, 1, 2, -1]);
}

#[test]
fn the_next_number_after_the_upper_face_and_before_the_lower_one() {
    let near = |x: f32| [x.next_down(), x, x.next_up()].map(f64::from);
    let grid = Grid::new([0.0; 3], [0.5; 3], [4; 3]).unwrap();
    assert_eq!(along_x(&near(2.0), grid), [3, -1, -1]);
    // The distance from the corner is what is rounded: here the number before the face is as far away as the face.
    let grid = Grid::new([-1.0; 3], [0.5; 3], [4; 3]).unwrap();
    assert_eq!(along_x(&near(1.0), grid), [-1, -1, -1]);
    assert_eq!(along_x(&near(-1.0), grid), [-1, 0, 0]);
}

/// A test on coordinates instead of cells lets numbers through whose cell is one too many.
#[test]
fn a_range_whose_end_is_no_multiple_in_f32() {
    let grid = grid([-75.2, 75.2], 0.1);
    assert_eq!(grid.shape(), [1504; 3]);
    let end = 75.2f32;
    let found = along_x(&[end.next_down(), end, end.next_up()].map(f64::from), grid);
    assert!(
        found.iter().all(|&cell| cell == 1503 || cell == -1),
        "{found:?}"
    );
    let steps: Vec<_> = (0..200).map(|i| -75.2 + 0.1 * f64::from(i * 7)).collect();
    along_x(&steps, grid);
}

/// Half a cell is one, away from zero.
#[test]
fn a_range_of_half_a_cell_more() {
    let grid = grid([0.0, 50.0], 0.16);
    assert_eq!(grid.shape(), [313; 3]);
    assert_eq!(
        along_x(&[49.99, 50.0, 50.07, 50.09], grid),
        [312, 312, 312, -1]
    );
}

#[test]
fn negative_coordinates_go_down() {
    let grid = Grid::new([-3.0; 3], [1.0; 3], [3; 3]).unwrap();
    assert_eq!(
        along_x(&[-0.5, -1.0, -1.5, -2.999, -3.0, -3.1], grid),
        [2, 2, 1, 0, 0, -1]
    );
}

#[test]
fn minus_zero_and_denormals() {
    let grid = Grid::new([0.0; 3], [1.0; 3], [2; 3]).unwrap();
    let smallest = f64::from(f32::from_bits(1));
    let numbers = [-0.0, 0.0, smallest, -smallest, f64::from(f32::MIN_POSITIVE)];
    assert_eq!(along_x(&numbers, grid), [0, 0, 0, -1, 0]);
    // The quotient of these is -0, which is in cell 0, or the smallest number below it, which is in none.
    let large = Grid::new([0.0; 3], [4.0; 3], [2; 3]).unwrap();
    let below = [-smallest, -2.0 * smallest, -3.0 * smallest];
    assert_eq!(along_x(&below, large), [0, 0, -1]);
    let small = Grid::new([0.0; 3], [f32::from_bits(4); 3], [3; 3]).unwrap();
    let numbers: Vec<_> = (0..14).map(|i| f64::from(f32::from_bits(i))).collect();
    let cells = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, -1, -1];
    assert_eq!(along_x(&numbers, small), cells);
}

#[test]
fn what_is_not_finite_is_in_no_cell_even_if_all_others_are_moved() {
    let grid = Grid::new([-1.0; 3], [1.0; 3], [2; 3]).unwrap();
    let mut cloud = vec![[0.5; 3]];
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for axis in 0..3 {
            let mut point = [0.5; 3];
            point[axis] = bad;
            cloud.push(point);
        }
    }
    everyhow("not finite", &cloud, grid);
    let mut trial = trial("not finite", &cloud, grid, sparse(9));
    trial.options = Options::default().outside(Outside::Clamp);
    let outputs = everywhere(&trial);
    assert_eq!(number(&outputs), 1);
    let voxels = integers(&outputs, Output::PointToVoxel);
    assert_eq!((voxels[0], &voxels[1..]), (0, &[-1; 9][..]));
}

#[test]
fn numbers_too_large_for_any_integer() {
    let grid = Grid::new([-1.0; 3], [1e-3; 3], [7; 3]).unwrap();
    let most = f64::from(f32::MAX);
    let cloud: Vec<_> = [most, -most, 1e30, -1e30, 9.3e18, 4e9, -4e9]
        .into_iter()
        .flat_map(|x| [[x, -1.0, -1.0], [-1.0, x, -1.0], [x; 3]])
        .collect();
    everyhow("too large", &cloud, grid);
}

#[test]
fn all_points_outside() {
    let grid = Grid::new([0.0; 3], [1.0; 3], [2; 3]).unwrap();
    let cloud = [[9.0; 3], [-1.0, 0.0, 0.0]];
    everyhow("all outside", &cloud, grid);
    assert_eq!(
        number(&everywhere(&trial("all outside", &cloud, grid, sparse(2)))),
        0
    );
}

#[test]
fn doubles_far_from_home_and_halves() {
    let far = 4_194_304.0f32; // f32 has halves there
    let grid = Grid::new([far; 3], [0.01; 3], [9; 3]).unwrap();
    let at: Vec<_> = (0..60)
        .map(|i| f64::from(far) + 0.00171 * f64::from(i))
        .collect();
    let cloud: Vec<_> = at.iter().map(|&x| [x, x, x]).collect();
    let mut trial = trial("far doubles", &cloud, grid, sparse(60));
    let of = |dtype| {
        Operand::floats(
            dtype,
            [cloud.len(), 3],
            Style::default(),
            |[point, axis]| cloud[point][axis],
        )
    };
    trial.points = of(DType::F64);
    assert!(number(&everywhere(&trial)) == 9);
    trial.points = of(DType::F32);
    assert!(number(&everywhere(&trial)) == 1);
    trial.points = of(DType::F16);
    everywhere(&trial);
}
