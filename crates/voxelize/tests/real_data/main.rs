//! Scans of datasets on every variant, cell for cell against numpy's float32 division and floor: see `expected.py`.
//!
//! `ROBOCACHE_REAL_DATA` names the folder of the datasets, `ROBOCACHE_PYTHON` a Python with numpy; without either
//! nothing is tested, and `ROBOCACHE_REQUIRE_SCIPY=1` makes a missing Python a failure.

#[path = "../common/mod.rs"]
mod common;

use common::{all_of, everywhere, sparse, variants_of_the_cpu};
use robocache_core::{DType, TensorView, TensorViewMut};
use robocache_io::npy::{Array, Values, read_npy};
use robocache_testkit::devices::number;
use robocache_testkit::operand::{Operand, Style};
use robocache_voxelize::testing::Trial;
use robocache_voxelize::{
    Clouds, Dense, Determinism, Grid, Options, Order, Output, Sparse, voxelize_dense,
    voxelize_sparse,
};
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

/// A scan, and what numpy makes of it.
struct Scan {
    points: Array,
    /// The cell of each point, -1 along all axes for none.
    cells: Array,
    /// Of each voxel in the order of keys: coordinates, count, and the exact mean of each column.
    coords: Array,
    count: Array,
    mean: Array,
}

impl Scan {
    fn of(name: &str, grid: &Grid) -> Option<Scan> {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let Some(datasets) = variable("ROBOCACHE_REAL_DATA") else {
            println!(
                "skipped: ROBOCACHE_REAL_DATA names no folder of datasets, {name} is not tried"
            );
            return None;
        };
        let Some(python) = variable("ROBOCACHE_PYTHON") else {
            let required = number("ROBOCACHE_REQUIRE_SCIPY", 0) != 0;
            assert!(
                !required,
                "ROBOCACHE_REQUIRE_SCIPY is set, but ROBOCACHE_PYTHON is not"
            );
            println!("skipped: ROBOCACHE_PYTHON names no Python with numpy, {name} is not tried");
            return None;
        };
        let out = tempfile::tempdir().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real_data/expected.py");
        let (min, size) = (grid.min().map(f64::from), grid.voxel_size().map(f64::from));
        let numbers = min
            .into_iter()
            .chain(size)
            .map(|n| OsString::from(n.to_string()));
        let shape = grid.shape().map(|n| OsString::from(n.to_string()));
        let status = Command::new(python)
            .arg(script)
            .args([datasets.as_os_str(), out.path().as_os_str()])
            .arg(name)
            .args(numbers.chain(shape))
            .status()
            .unwrap();
        assert!(status.success(), "expected.py {name}: {status}");
        let read = |file| read_npy(out.path().join(file)).unwrap();
        Some(Scan {
            points: read("points.npy"),
            cells: read("cells.npy"),
            coords: read("coords.npy"),
            count: read("count.npy"),
            mean: read("mean.npy"),
        })
    }
}

fn f32s(array: &Array) -> &[f32] {
    match &array.values {
        Values::F32(values) => values,
        other => panic!("numbers of {}", other.dtype()),
    }
}

fn f64s(array: &Array) -> &[f64] {
    match &array.values {
        Values::F64(values) => values,
        other => panic!("numbers of {}", other.dtype()),
    }
}

fn i32s(array: &Array) -> &[i32] {
    match &array.values {
        Values::I32(values) => values,
        other => panic!("numbers of {}", other.dtype()),
    }
}

fn holds_against_numpy(name: &str, grid: Grid, points: usize, voxels: usize) {
    let Some(scan) = Scan::of(name, &grid) else {
        return;
    };
    let [n, columns] = scan.points.shape[..] else {
        panic!("points have rows");
    };
    assert_eq!((n, i32s(&scan.count).len()), (points, voxels), "{name}");
    let view = || TensorView::from_slice(f32s(&scan.points), [n, columns]).unwrap();
    for variant in variants_of_the_cpu() {
        for level in Determinism::ALL {
            let options = Options::default().determinism(level).forced(variant);
            let (mut number, mut coords) = ([-1i64], vec![-7i32; 4 * n]);
            let (mut count, mut map) = (vec![-7i32; n], vec![-7i32; n]);
            let mut mean = vec![f32::NAN; n * columns];
            let request = Sparse::new(
                Clouds::new(view()).features(view()),
                grid,
                TensorViewMut::from_slice(&mut number, [1]).unwrap(),
                TensorViewMut::from_slice(&mut coords, [n, 4]).unwrap(),
            )
            .count(TensorViewMut::from_slice(&mut count, [n]).unwrap())
            .mean(TensorViewMut::from_slice(&mut mean, [n, columns]).unwrap())
            .point_to_voxel(TensorViewMut::from_slice(&mut map, [n]).unwrap())
            .order(Order::Key)
            .options(options);
            voxelize_sparse(request).unwrap();
            assert_eq!(number, [voxels as i64], "{name}: {variant}");
            for (voxel, at) in i32s(&scan.coords).chunks(3).enumerate() {
                assert_eq!(
                    coords[4 * voxel + 1..][..3],
                    *at,
                    "{name}: {variant}, voxel {voxel}"
                );
            }
            assert_eq!(count[..voxels], *i32s(&scan.count), "{name}: {variant}");
            for (point, cell) in i32s(&scan.cells).chunks(3).enumerate() {
                let found = match map[point] {
                    -1 => [-1; 3],
                    voxel => coords[4 * voxel as usize + 1..][..3].try_into().unwrap(),
                };
                assert_eq!(found, *cell, "{name}: {variant}, point {point}");
            }
            for (at, (&found, &exact)) in mean.iter().zip(f64s(&scan.mean)).enumerate() {
                let error = (f64::from(found) - exact).abs();
                let bound = exact.abs().max(1e-3) * f64::powi(2.0, -22);
                assert!(
                    error <= bound,
                    "{name}: {variant}, mean {at}: {found}, expected {exact}"
                );
            }
            if grid.cells() < 1 << 22 {
                holds_densely(&scan, grid, options, variant);
            }
        }
    }
    is_the_same_everywhere(name, &scan, grid, voxels);
}

/// On every variant of every device, at the strictest level byte for byte, also in another order of the points.
fn is_the_same_everywhere(name: &str, scan: &Scan, grid: Grid, voxels: usize) {
    let [n, columns] = scan.points.shape[..] else {
        panic!("points have rows");
    };
    let numbers = f32s(&scan.points);
    let at = |[point, column]: [usize; 2]| f64::from(numbers[point * columns + column]);
    let all = Operand::floats(DType::F32, [n, columns], Style::default(), at);
    let place = sparse(voxels);
    let trial = Trial {
        name: name.to_owned(),
        points: all.clone(),
        features: Some(all),
        offsets: None,
        grid,
        place,
        wishes: all_of(place),
        options: Options::default().determinism(Determinism::CpuEqualsGpu),
    };
    let outputs = everywhere(&trial);
    // A step that has no factor in common with the number of points visits all of them.
    let order: Vec<_> = (0..n).map(|i| (i * 7919 + 13) % n).collect();
    assert_ne!(n % 7919, 0);
    let permuted = everywhere(&trial.permuted(&order));
    for output in [
        Output::Number,
        Output::Coords,
        Output::Count,
        Output::Sum,
        Output::Mean,
        Output::Max,
        Output::Min,
    ] {
        let (one, other) = (&outputs[output as usize], &permuted[output as usize]);
        assert!(!one.is_empty() && one == other, "{name}: {}", output.name());
    }
}

/// The same cells, in the dense form.
fn holds_densely(scan: &Scan, grid: Grid, options: Options, variant: &str) {
    let [x, y, z] = grid.shape();
    let (shape, columns) = ([1, x, y, z], scan.points.shape[1]);
    let points = TensorView::from_slice(f32s(&scan.points), [scan.points.shape[0], columns]);
    let mut count = vec![-7i32; x * y * z];
    let request = Dense::new(Clouds::new(points.unwrap()), grid)
        .count(TensorViewMut::from_slice(&mut count, shape).unwrap())
        .options(options);
    voxelize_dense(request).unwrap();
    let mut expected = vec![0; x * y * z];
    for (at, &count) in i32s(&scan.coords).chunks(3).zip(i32s(&scan.count)) {
        expected[(at[0] as usize * y + at[1] as usize) * z + at[2] as usize] = count;
    }
    assert!(
        count == expected,
        "{variant}: dense counts differ from the sparse ones"
    );
}

#[test]
fn a_kitti_scan_is_that_of_numpy() {
    let grid = Grid::from_range([0.0, -40.0, -3.0], [140.8, 40.0, 1.0], [0.05, 0.05, 0.1]);
    holds_against_numpy("kitti", grid.unwrap(), 124_668, 42_006);
}

#[test]
fn a_nuscenes_sweep_is_that_of_numpy() {
    let grid = Grid::from_range([-50.0, -50.0, -5.0], [50.0, 50.0, 3.0], [0.25, 0.25, 8.0]);
    holds_against_numpy("nuscenes", grid.unwrap(), 34_688, 6_522);
}
