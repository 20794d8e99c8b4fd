//! Clouds in device memory, with room for what is made of them.

#![allow(dead_code)] // Each test program uses a part of it.

use robocache_core::{Layout, Result};
use robocache_cuda::{DeviceBuffer, Stream};
use robocache_testkit::random::Random;
use robocache_voxelize::{Clouds, Dense, Determinism, Grid, Options, Sparse};

const CELLS: [usize; 3] = [9, 8, 7];
const FEATURES: usize = 3;

/// Clouds of points with features in device memory, and room for what is made of them.
pub struct Scene {
    count: usize,
    pub points: DeviceBuffer,
    offsets: DeviceBuffer,
    outputs: [DeviceBuffer; 5],
}

impl Scene {
    pub fn new(stream: &Stream, count: usize, seed: u64) -> Result<Scene> {
        let mut random = Random::new(seed);
        let columns = 3 + FEATURES;
        // Half of all points in one corner, so that cells have few points and many.
        let mut coordinate = |i: usize| match (i % columns, i / columns % 2) {
            (0..3, 0) => random.unit() as f32,
            (0..3, _) => 9.5 * random.unit() as f32,
            _ => 100.0 * random.unit() as f32 - 50.0,
        };
        let points: Vec<f32> = (0..count * columns).map(&mut coordinate).collect();
        let offsets = [0, count as i64 / 3, count as i64];
        let places = 2 * CELLS.iter().product::<usize>();
        let room = |bytes| DeviceBuffer::new(stream.context(), bytes);
        Ok(Scene {
            count,
            points: DeviceBuffer::upload(stream, &points)?,
            offsets: DeviceBuffer::upload(stream, &offsets)?,
            outputs: [
                room(8)?,
                room(16 * places)?,
                room(4 * places)?,
                room(4 * places * FEATURES)?,
                room(4 * count)?,
            ],
        })
    }

    fn grid() -> Grid {
        Grid::new([0.0; 3], [1.0; 3], CELLS).unwrap()
    }

    /// The clouds, and the buffers for outputs.
    fn parts(&mut self) -> (Clouds<'_>, &mut [DeviceBuffer; 5]) {
        let columns = 3 + FEATURES;
        let n = self.count;
        let view = |from: usize, count| {
            let layout = Layout::strided([n, count], [columns as isize, 1]).unwrap();
            self.points.view::<f32, 2>(4 * from, layout).unwrap()
        };
        let layout = Layout::contiguous([3]).unwrap();
        let offsets = self.offsets.view::<i64, 1>(0, layout).unwrap();
        let clouds = Clouds::new(view(0, 3)).features(view(3, FEATURES));
        (clouds.offsets(offsets), &mut self.outputs)
    }

    pub fn dense(&mut self, level: Determinism) -> Dense<'_> {
        let [x, y, z] = CELLS;
        let (clouds, [_, _, count, mean, _]) = self.parts();
        let (one, some) = ([2, x, y, z], [2, x, y, z, FEATURES]);
        let count = count.view_mut::<i32, 4>(0, Layout::contiguous(one).unwrap());
        let mean = mean.view_mut::<f32, 5>(0, Layout::contiguous(some).unwrap());
        Dense::new(clouds, Scene::grid())
            .count(count.unwrap())
            .mean(mean.unwrap())
            .options(Options::default().determinism(level))
    }

    /// Only how many points there are in each cell, which several variants can tell.
    pub fn counts(&mut self) -> Dense<'_> {
        let [x, y, z] = CELLS;
        let (clouds, [_, _, count, ..]) = self.parts();
        let layout = Layout::contiguous([2, x, y, z]).unwrap();
        Dense::new(clouds, Scene::grid()).count(count.view_mut::<i32, 4>(0, layout).unwrap())
    }

    pub fn sparse(&mut self, level: Determinism) -> Sparse<'_> {
        let n = self.count;
        let places = 2 * CELLS.iter().product::<usize>();
        let (clouds, [number, coords, count, mean, map]) = self.parts();
        let number = number.view_mut::<i64, 1>(0, Layout::contiguous([1]).unwrap());
        let coords = coords.view_mut::<i32, 2>(0, Layout::contiguous([places, 4]).unwrap());
        let count = count.view_mut::<i32, 1>(0, Layout::contiguous([places]).unwrap());
        let mean = mean.view_mut::<f32, 2>(0, Layout::contiguous([places, FEATURES]).unwrap());
        let map = map.view_mut::<i32, 1>(0, Layout::contiguous([n]).unwrap());
        Sparse::new(clouds, Scene::grid(), number.unwrap(), coords.unwrap())
            .count(count.unwrap())
            .mean(mean.unwrap())
            .point_to_voxel(map.unwrap())
            .options(Options::default().determinism(level))
    }

    /// Makes the outputs something else.
    pub fn spoil(&mut self, stream: &Stream) {
        for output in &mut self.outputs {
            output.fill(stream, 0xee).unwrap();
        }
    }

    /// The bytes of all outputs.
    pub fn outputs(&self, stream: &Stream) -> Result<Vec<Vec<u8>>> {
        let all = self.outputs.iter();
        all.map(|output| output.download(stream, output.len()))
            .collect()
    }
}
