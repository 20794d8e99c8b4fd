//! Offsets in device memory, which nobody checks.

use crate::on_each;
use robocache_core::Layout;
use robocache_cuda::{DeviceBuffer, Stream};
use robocache_testkit::random::Random;
use robocache_voxelize::{Clouds, Dense, Grid, Options, Sparse, enqueue};
use std::sync::Arc;

/// Points between them belong to some cloud or none, and nothing else is touched: what an emulation finds otherwise is a
/// failure.
#[test]
fn offsets_that_do_not_ascend_harm_nothing() {
    const POINTS: usize = 300;
    const SHAPE: [usize; 3] = [5, 6, 7];
    let mut random = Random::new(17);
    let points: Vec<f32> = (0..3 * POINTS)
        .map(|i| SHAPE[i % 3] as f32 * random.unit() as f32)
        .collect();
    let grid = Grid::new([0.0; 3], [1.0; 3], SHAPE).unwrap();
    on_each(|context, _| {
        let stream = Arc::new(Stream::new(context).unwrap());
        let points = DeviceBuffer::upload(&stream, &points).unwrap();
        let room = |bytes| DeviceBuffer::new(context, bytes).unwrap();
        for list in [
            [100_i64, 200, 300, 0, 0],
            [300, 100, 0, 200, 10],
            [-5_i64, 900, 40, 41, 1 << 40],
        ] {
            let batch = list.len() - 1;
            let offsets = DeviceBuffer::upload(&stream, &list).unwrap();
            let clouds = || {
                let rows = || points.view::<f32, 2>(0, whole([POINTS, 3])).unwrap();
                let offsets = offsets.view::<i64, 1>(0, whole([list.len()])).unwrap();
                Clouds::new(rows()).features(rows()).offsets(offsets)
            };

            let [mut number, mut coords, mut count] =
                [room(8), room(16 * POINTS), room(4 * POINTS)];
            let sparse = Sparse::new(
                clouds(),
                grid,
                number.view_mut::<i64, 1>(0, whole([1])).unwrap(),
                coords.view_mut::<i32, 2>(0, whole([POINTS, 4])).unwrap(),
            );
            let counts = count.view_mut::<i32, 1>(0, whole([POINTS])).unwrap();
            enqueue(sparse.count(counts), &stream).unwrap();
            let voxels = number.download::<i64>(&stream, 1).unwrap()[0] as usize;
            let of_voxels: i32 = count.download::<i32>(&stream, voxels).unwrap().iter().sum();
            assert!(voxels <= POINTS && of_voxels as usize <= POINTS, "{list:?}");
            let coords = coords.download::<i32>(&stream, 4 * voxels).unwrap();
            for at in coords.chunks(4) {
                let limits = [batch, SHAPE[0], SHAPE[1], SHAPE[2]];
                let within = at
                    .iter()
                    .zip(limits)
                    .all(|(&at, limit)| (0..limit as i32).contains(&at));
                assert!(within, "{list:?}: a voxel at {at:?}");
            }

            let [x, y, z] = SHAPE;
            let cells = batch * x * y * z;
            for variant in [
                "voxelize.bitmap.sm80",
                "voxelize.direct.sm80",
                "voxelize.owners.sm80",
                "voxelize.totals.sm80",
            ] {
                let [mut count, mut mean] = [room(4 * cells), room(12 * cells)];
                let counts = count
                    .view_mut::<i32, 4>(0, whole([batch, x, y, z]))
                    .unwrap();
                let mut dense = Dense::new(clouds(), grid).count(counts);
                if variant != "voxelize.direct.sm80" {
                    dense = dense.mean(
                        mean.view_mut::<f32, 5>(0, whole([batch, x, y, z, 3]))
                            .unwrap(),
                    );
                }
                enqueue(dense.options(Options::default().forced(variant)), &stream).unwrap();
                let all: i32 = count.download::<i32>(&stream, cells).unwrap().iter().sum();
                assert!(
                    (0..=POINTS as i32).contains(&all),
                    "{list:?}: {variant} counts {all}"
                );
            }
        }
    });
}

fn whole<const R: usize>(shape: [usize; R]) -> Layout<R> {
    Layout::contiguous(shape).unwrap()
}
