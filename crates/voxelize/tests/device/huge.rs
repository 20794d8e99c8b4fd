//! More than 2³¹ bytes of points, and ten million points in one cell.
//!
//! Only with `ROBOCACHE_TEST_HUGE=1` on a CUDA device of at least 40 GB: the CPU computes the same.

use crate::on_each;
use robocache_core::{Layout, TensorView, TensorViewMut};
use robocache_cuda::{DeviceBuffer, Stream};
use robocache_testkit::devices::number;
use robocache_testkit::random::Random;
use robocache_voxelize::{
    Clouds, Dense, Determinism, Grid, Options, Sparse, enqueue, voxelize_dense,
};
use std::cell::Cell;
use std::sync::Arc;

const MEMORY: u64 = 40_000_000_000;
const SIDE: usize = 64;

fn grid() -> Grid {
    Grid::new([0.0; 3], [1.0; 3], [SIDE; 3]).unwrap()
}

/// Counts of a dense and of a sparse form of points whose features are themselves, and the sums of the latter.
fn on_device(stream: &Arc<Stream>, points: &[f32]) -> (Vec<i32>, Vec<i32>, Vec<f32>) {
    let (n, cells) = (points.len() / 3, SIDE * SIDE * SIDE);
    let device = DeviceBuffer::upload(stream, points).unwrap();
    let room = |bytes| DeviceBuffer::new(stream.context(), bytes).unwrap();
    let view = || {
        let layout = Layout::contiguous([n, 3]).unwrap();
        device.view::<f32, 2>(0, layout).unwrap()
    };
    let clouds = || Clouds::new(view()).features(view());
    let level = Options::default().determinism(Determinism::CpuEqualsGpu);
    let mut count = room(4 * cells);
    let shape = Layout::contiguous([1, SIDE, SIDE, SIDE]).unwrap();
    let request = Dense::new(clouds(), grid())
        .count(count.view_mut::<i32, 4>(0, shape).unwrap())
        .options(level);
    enqueue(request, stream).unwrap();
    let dense = count.download::<i32>(stream, cells).unwrap();

    let (mut number, mut coords, mut sum) = (room(8), room(16 * cells), room(12 * cells));
    let one = Layout::contiguous([cells]).unwrap();
    let request = Sparse::new(
        clouds(),
        grid(),
        number
            .view_mut::<i64, 1>(0, Layout::contiguous([1]).unwrap())
            .unwrap(),
        coords
            .view_mut::<i32, 2>(0, Layout::contiguous([cells, 4]).unwrap())
            .unwrap(),
    )
    .count(count.view_mut::<i32, 1>(0, one).unwrap())
    .sum(
        sum.view_mut::<f32, 2>(0, Layout::contiguous([cells, 3]).unwrap())
            .unwrap(),
    )
    .options(level);
    enqueue(request, stream).unwrap();
    let voxels = number.download::<i64>(stream, 1).unwrap()[0] as usize;
    let coords = coords.download::<i32>(stream, 4 * cells).unwrap();
    let counts = count.download::<i32>(stream, cells).unwrap();
    let sums = sum.download::<f32>(stream, 3 * cells).unwrap();
    let mut sparse = vec![0; cells];
    let mut all = vec![0.0; 3 * cells];
    for voxel in 0..voxels {
        let at = |axis: usize| coords[4 * voxel + axis] as usize;
        let cell = (at(1) * SIDE + at(2)) * SIDE + at(3);
        sparse[cell] = counts[voxel];
        all[3 * cell..][..3].copy_from_slice(&sums[3 * voxel..][..3]);
    }
    (dense, sparse, all)
}

fn on_cpu(points: &[f32]) -> (Vec<i32>, Vec<f32>) {
    let cells = SIDE * SIDE * SIDE;
    let view = TensorView::from_slice(points, [points.len() / 3, 3]).unwrap();
    let (mut count, mut sum) = (vec![-1; cells], vec![-1.0; 3 * cells]);
    let request = Dense::new(Clouds::new(view).features(view), grid())
        .count(TensorViewMut::from_slice(&mut count, [1, SIDE, SIDE, SIDE]).unwrap())
        .sum(TensorViewMut::from_slice(&mut sum, [1, SIDE, SIDE, SIDE, 3]).unwrap())
        .options(Options::default().determinism(Determinism::CpuEqualsGpu));
    voxelize_dense(request).unwrap();
    (count, sum)
}

fn compare(points: &[f32]) {
    let compared = Cell::new(0);
    on_each(|context, emulated| {
        if emulated || context.cuda_caps().memory_bytes < MEMORY {
            return;
        }
        let stream = Arc::new(Stream::new(context).unwrap());
        let (count, sum) = on_cpu(points);
        let (dense, sparse, sums) = on_device(&stream, points);
        assert!(dense == count && sparse == count && sums == sum);
        compared.set(compared.get() + 1);
    });
    assert!(compared.get() > 0, "no device of {MEMORY} bytes is there");
}

fn is_wanted() -> bool {
    let wanted = number("ROBOCACHE_TEST_HUGE", 0) != 0;
    if !wanted {
        println!("skipped: ROBOCACHE_TEST_HUGE is not set");
    }
    wanted
}

#[test]
fn points_of_more_than_2_to_the_31_bytes() {
    if !is_wanted() {
        return;
    }
    let mut random = Random::new(9);
    let some: Vec<f32> = (0..3_000_000)
        .map(|_| 66.0 * random.unit() as f32 - 1.0)
        .collect();
    let points: Vec<f32> = some.iter().copied().cycle().take(3 * 180_000_000).collect();
    assert!(size_of_val(&points[..]) > 1 << 31);
    compare(&points);
}

#[test]
fn ten_million_points_in_one_cell_of_a_device() {
    if is_wanted() {
        let points: Vec<f32> = (0..30_000_000)
            .map(|i| 5.0 + (i % 97) as f32 / 97.0)
            .collect();
        compare(&points);
    }
}
