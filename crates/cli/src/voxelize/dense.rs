//! How are all cells of the grid filled?

use super::fill::{Filled, Job};
use super::reductions::Reduction;
use crate::device::Device;
use anyhow::{Result, bail};
use robocache::Element;
use robocache::voxelize::{Array, Clouds, Dense, Host, Memory, voxelize_dense};

#[cfg(feature = "cuda")]
use robocache::cuda::{Context, DeviceBuffer, Stream};
#[cfg(feature = "cuda")]
use robocache::voxelize::OnDevice;
#[cfg(feature = "cuda")]
use std::sync::Arc;

/// The arrays of a dense result.
struct Cells<M: Memory> {
    count: Array<i32, 4, M>,
    occupancy: Option<Array<u8, 4, M>>,
    first: Option<Array<i32, 4, M>>,
    values: Vec<(Reduction, Array<f32, 5, M>)>,
}

/// Every cell of a job's grid, on a device.
pub(super) fn fill(job: &Job<'_>, device: &Device) -> Result<Filled> {
    let [x, y, z] = job.grid.shape();
    let Some(all) = job.cells() else {
        bail!(
            "the grid has {x} x {y} x {z} cells, too many for an array of all of them: \
             --sparse takes only those with points, --range and --voxel make fewer"
        );
    };
    job.ensure(all, false)?;
    let cells = Cells::new(job);
    let cells = match device {
        Device::Cpu => cells.on_cpu(job)?,
        #[cfg(feature = "cuda")]
        Device::Cuda(gpu) => crate::device::on_gpu(cells.on_gpu(job, &gpu.stream))?,
    };
    Ok(Filled {
        shape: cells.count.shape.to_vec(),
        columns: job.scans.columns.len(),
        coords: None,
        count: cells.count.values,
        occupancy: cells.occupancy.map(|array| array.values),
        first: cells.first.map(|array| array.values),
        values: cells
            .values
            .into_iter()
            .map(|(reduction, array)| (reduction, array.values))
            .collect(),
        ..Filled::default()
    })
}

fn zeros<T: Element + Default, const R: usize>(shape: [usize; R]) -> Array<T, R> {
    let values = vec![T::default(); shape.iter().product()];
    Array { values, shape }
}

impl<M: Memory> Cells<M> {
    /// The request that fills them.
    fn request<'r>(
        &'r mut self,
        clouds: Clouds<'r>,
        job: &Job<'_>,
    ) -> robocache::Result<Dense<'r>> {
        let mut request = Dense::new(clouds, job.grid)
            .count(self.count.view_mut()?)
            .options(job.options);
        let occupancy = self.occupancy.as_mut();
        request.occupancy = occupancy.map(Array::view_mut).transpose()?;
        let first = self.first.as_mut();
        request.cells.first = first.map(Array::view_mut).transpose()?;
        for (reduction, values) in &mut self.values {
            let values = Some(values.view_mut()?);
            match reduction {
                Reduction::Sum => request.cells.sum = values,
                Reduction::Mean => request.cells.mean = values,
                Reduction::Max => request.cells.max = values,
                Reduction::Min => request.cells.min = values,
                _ => unreachable!("{reduction:?} is of no columns"),
            }
        }
        Ok(request)
    }
}

impl Cells<Host> {
    fn new(job: &Job<'_>) -> Self {
        let ([x, y, z], batch) = (job.grid.shape(), job.scans.batch());
        let (one, some) = ([batch, x, y, z], [batch, x, y, z, job.scans.columns.len()]);
        let wants = |reduction| job.wanted.contains(&reduction);
        let values = Reduction::OF_COLUMNS.into_iter();
        Cells {
            count: zeros(one),
            occupancy: wants(Reduction::Occupancy).then(|| zeros(one)),
            first: wants(Reduction::First).then(|| zeros(one)),
            values: values
                .filter(|&reduction| wants(reduction))
                .map(|reduction| (reduction, zeros(some)))
                .collect(),
        }
    }

    fn on_cpu(mut self, job: &Job<'_>) -> Result<Self> {
        voxelize_dense(self.request(job.scans.clouds()?, job)?)?;
        Ok(self)
    }

    #[cfg(feature = "cuda")]
    fn on_gpu(self, job: &Job<'_>, stream: &Arc<Stream>) -> robocache::Result<Self> {
        let uploaded = job.scans.upload(stream)?;
        let mut there = self.like_these(stream.context())?;
        robocache::voxelize::enqueue(there.request(uploaded.clouds(job.scans)?, job)?, stream)?;
        there.download(stream)
    }

    /// Room for the same on a device.
    #[cfg(feature = "cuda")]
    fn like_these(&self, context: &Arc<Context>) -> robocache::Result<Cells<OnDevice>> {
        fn room<T: Element, const R: usize>(
            array: &Array<T, R>,
            context: &Arc<Context>,
        ) -> robocache::Result<Array<T, R, OnDevice>> {
            Ok(Array {
                values: DeviceBuffer::new(context, size_of_val(&array.values[..]))?,
                shape: array.shape,
            })
        }
        let occupancy = self.occupancy.as_ref();
        let first = self.first.as_ref();
        let values = self.values.iter();
        Ok(Cells {
            count: room(&self.count, context)?,
            occupancy: occupancy.map(|array| room(array, context)).transpose()?,
            first: first.map(|array| room(array, context)).transpose()?,
            values: values
                .map(|(reduction, array)| Ok((*reduction, room(array, context)?)))
                .collect::<robocache::Result<_>>()?,
        })
    }
}

#[cfg(feature = "cuda")]
impl Cells<OnDevice> {
    fn download(&self, stream: &Stream) -> robocache::Result<Cells<Host>> {
        let occupancy = self.occupancy.as_ref();
        let first = self.first.as_ref();
        let values = self.values.iter();
        Ok(Cells {
            count: self.count.download(stream)?,
            occupancy: occupancy.map(|array| array.download(stream)).transpose()?,
            first: first.map(|array| array.download(stream)).transpose()?,
            values: values
                .map(|(reduction, array)| Ok((*reduction, array.download(stream)?)))
                .collect::<robocache::Result<_>>()?,
        })
    }
}
