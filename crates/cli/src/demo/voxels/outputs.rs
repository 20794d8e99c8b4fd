//! The arrays of a batch of scans: a map of the ground, and the voxels of space.

use super::scene::Scene;
use anyhow::{Result, bail};
use robocache::Element;
use robocache::voxelize::{
    Array, Clouds, Collect, Dense, Determinism, Host, Memory, Options, Outside, Sparse, Voxels,
    collect,
};

#[cfg(feature = "cuda")]
use robocache::cuda::{DeviceBuffer, Stream};
#[cfg(feature = "cuda")]
use robocache::voxelize::{OnDevice, collect_on};
#[cfg(feature = "cuda")]
use std::sync::Arc;

/// Sums have the same bits on every device, and every finite point is in a cell of both grids.
pub(super) fn options(forced: Option<&'static str>) -> Options {
    let options = Options::default()
        .outside(Outside::Clamp)
        .determinism(Determinism::CpuEqualsGpu);
    match forced {
        Some(id) => options.forced(id),
        None => options,
    }
}

/// What is made of a batch.
pub(super) struct Outputs<M: Memory> {
    /// `[B, X, Y, 1]`: points above each cell of the ground.
    pub count: Array<i32, 4, M>,
    /// `[B, X, Y, 1, C]`: the highest of each column there.
    pub max: Array<f32, 5, M>,
    /// `[1]`: voxels.
    pub number: Array<i64, 1, M>,
    /// The voxels with their counts and means.
    pub voxels: Voxels<M>,
}

impl Scene {
    fn shapes(&self) -> ([usize; 4], [usize; 5]) {
        let ([x, y, z], batch) = (self.ground.shape(), self.scans.batch());
        let columns = self.scans.columns.len();
        ([batch, x, y, z], [batch, x, y, z, columns])
    }

    fn wanted<'c>(&self, clouds: Clouds<'c>, options: Options) -> Collect<'c> {
        Collect::new(clouds, self.space)
            .count()
            .mean()
            .options(options)
    }
}

impl<M: Memory> Outputs<M> {
    /// The request for the map.
    pub(super) fn dense<'r>(
        &'r mut self,
        clouds: Clouds<'r>,
        scene: &Scene,
        options: Options,
    ) -> robocache::Result<Dense<'r>> {
        Ok(Dense::new(clouds, scene.ground)
            .count(self.count.view_mut()?)
            .max(self.max.view_mut()?)
            .options(options))
    }

    /// The request for the voxels, again.
    pub(super) fn sparse<'r>(
        &'r mut self,
        clouds: Clouds<'r>,
        scene: &Scene,
        options: Options,
    ) -> robocache::Result<Sparse<'r>> {
        let (number, voxels) = (self.number.view_mut()?, &mut self.voxels);
        let mut request = Sparse::new(clouds, scene.space, number, voxels.coords.view_mut()?);
        let (count, mean) = (voxels.count.as_mut(), voxels.mean.as_mut());
        request.voxels.count = count.map(Array::view_mut).transpose()?;
        request.voxels.mean = mean.map(Array::view_mut).transpose()?;
        Ok(request.options(options))
    }
}

impl Outputs<Host> {
    /// Voxels, and room for a map.
    pub(super) fn new(scene: &Scene, options: Options) -> Result<Self> {
        fn zeros<T: Element + Default, const R: usize>(shape: [usize; R]) -> Array<T, R> {
            let values = vec![T::default(); shape.iter().product()];
            Array { values, shape }
        }
        let (one, some) = scene.shapes();
        Ok(Outputs {
            count: zeros(one),
            max: zeros(some),
            number: zeros([1]),
            voxels: collect(scene.wanted(scene.scans.clouds()?, options))?,
        })
    }

    /// Makes sure that these are the same bits as others, and the voxels of space those above the ground.
    ///
    /// # Errors
    /// The first difference.
    pub(super) fn agree(&self, reference: &Self, scene: &Scene) -> Result<()> {
        same("count of the ground", &self.count, &reference.count)?;
        same("max of the ground", &self.max, &reference.max)?;
        let (these, others) = (&self.voxels, &reference.voxels);
        same("coords", &these.coords, &others.coords)?;
        for (one, other) in these.count.iter().zip(&others.count) {
            same("count", one, other)?;
        }
        for (one, other) in these.mean.iter().zip(&others.mean) {
            same("mean", one, other)?;
        }
        if self.number.values != [these.len() as i64] {
            bail!("{:?} voxels, found {}", self.number.values, these.len());
        }
        self.check_ground(scene)
    }

    /// Adds the voxels of space up to the cells of the ground below them.
    fn check_ground(&self, scene: &Scene) -> Result<()> {
        let [_, xs, ys, _] = self.count.shape;
        let mut ground = vec![0; self.count.values.len()];
        let coords = self.voxels.coords.values.as_chunks::<4>().0;
        let counts = self.voxels.count.iter().flat_map(|count| &count.values);
        for (&[scan, x, y, _], count) in coords.iter().zip(counts) {
            ground[(scan as usize * xs + x as usize) * ys + y as usize] += count;
        }
        let mut pairs = ground.iter().zip(&self.count.values).enumerate();
        if let Some((at, (sum, count))) = pairs.find(|(_, (sum, count))| sum != count) {
            bail!("cell {at} of the ground has {count} points, the voxels above it {sum}");
        }
        let found: usize = ground.iter().map(|&n| n as usize).sum();
        let all = scene.scans.count_finite();
        if found != all {
            bail!("{found} points are in cells, {all} are finite");
        }
        Ok(())
    }
}

/// Elements whose bits are compared.
trait Bits: Element {
    fn same(self, other: Self) -> bool;
}

impl Bits for i32 {
    fn same(self, other: i32) -> bool {
        self == other
    }
}

impl Bits for f32 {
    fn same(self, other: f32) -> bool {
        self.to_bits() == other.to_bits() || (self.is_nan() && other.is_nan())
    }
}

fn same<T: Bits, const R: usize>(name: &str, one: &Array<T, R>, other: &Array<T, R>) -> Result<()> {
    if one.shape != other.shape {
        bail!("{name}: {:?} and {:?} of them", one.shape, other.shape);
    }
    let mut pairs = one.values.iter().zip(&other.values).enumerate();
    match pairs.find(|(_, (a, b))| !a.same(**b)) {
        Some((at, (a, b))) => bail!("{name}, number {at}: {a:?} and {b:?}"),
        None => Ok(()),
    }
}

#[cfg(feature = "cuda")]
impl Outputs<OnDevice> {
    /// Voxels, and room for a map.
    pub(super) fn new_on(
        scene: &Scene,
        clouds: Clouds<'_>,
        options: Options,
        stream: &Arc<Stream>,
    ) -> robocache::Result<Self> {
        fn room<T: Element, const R: usize>(
            shape: [usize; R],
            stream: &Stream,
        ) -> robocache::Result<Array<T, R, OnDevice>> {
            let bytes = shape.iter().product::<usize>() * size_of::<T>();
            let values = DeviceBuffer::new(stream.context(), bytes)?;
            Ok(Array { values, shape })
        }
        let (one, some) = scene.shapes();
        Ok(Outputs {
            count: room(one, stream)?,
            max: room(some, stream)?,
            number: room([1], stream)?,
            voxels: collect_on(scene.wanted(clouds, options), stream)?,
        })
    }

    pub(super) fn download(&self, stream: &Stream) -> robocache::Result<Outputs<Host>> {
        Ok(Outputs {
            count: self.count.download(stream)?,
            max: self.max.download(stream)?,
            number: self.number.download(stream)?,
            voxels: self.voxels.download(stream)?,
        })
    }
}
