//! Arrays on a CUDA device.

use super::memory::sealed::Sealed;
use super::memory::{Host, Memory, Work};
use super::voxels::{Array, Voxels};
use super::{Collect, collect_in};
use crate::{Sparse, enqueue};
use robocache_core::{Element, Error, Layout, Place, Result, TensorView, TensorViewMut};
use robocache_cuda::{DeviceBuffer, Stream};
use std::sync::Arc;

/// Memory of a CUDA device: arrays are a [`DeviceBuffer`] each.
#[derive(Clone, Copy, Debug)]
pub enum OnDevice {}

impl Sealed for OnDevice {}

impl Memory for OnDevice {
    type Of<T: Element> = DeviceBuffer;

    fn view<T: Element, const R: usize>(
        of: &DeviceBuffer,
        layout: Layout<R>,
    ) -> Result<TensorView<'_, R>> {
        of.view::<T, R>(0, layout)
    }

    fn view_mut<T: Element, const R: usize>(
        of: &mut DeviceBuffer,
        layout: Layout<R>,
    ) -> Result<TensorViewMut<'_, R>> {
        of.view_mut::<T, R>(0, layout)
    }
}

/// A stream and its device's memory.
struct Pool<'s>(&'s Arc<Stream>);

impl Work for Pool<'_> {
    type Memory = OnDevice;

    fn place(&self) -> Place {
        self.0.context().place()
    }

    fn room<T: Element + Default>(&self, len: usize) -> Result<DeviceBuffer> {
        let context = self.0.context();
        let bytes = len.checked_mul(size_of::<T>()).ok_or(Error::Overflow {
            what: "the size of the result",
        })?;
        match context.cuda_caps().memory_pools {
            true => DeviceBuffer::on_stream(self.0, bytes),
            false => DeviceBuffer::new(context, bytes),
        }
    }

    fn trimmed<T: Element + Default>(&self, of: DeviceBuffer, len: usize) -> Result<DeviceBuffer> {
        let mut less = self.room::<T>(len)?;
        let bytes = less.len();
        less.copy_from(self.0, &of, bytes)?;
        Ok(less)
    }

    fn run(&self, request: Sparse<'_>) -> Result<()> {
        enqueue(request, self.0)
    }

    fn first(&self, of: &DeviceBuffer) -> Result<i64> {
        Ok(of.download::<i64>(self.0, 1)?[0])
    }
}

/// Voxelizes clouds in device memory into owned arrays there, of the cells that have points: the same bytes as
/// [`enqueue`](crate::enqueue) gives with as much room as there are voxels.
///
/// It waits for the stream, to learn how many voxels there are: for a call that does not wait, or that a CUDA graph
/// is to capture, give [`enqueue`](crate::enqueue) memory of your own. The last copies into the arrays may still be
/// under way when this returns; what is enqueued on the same stream comes after them. The arrays are the stream's,
/// where the device has memory pools: work on other streams has to come before they are dropped.
///
/// ```no_run
/// use robocache_core::Layout;
/// use robocache_cuda::{DeviceBuffer, Driver, Stream};
/// use robocache_voxelize::{Clouds, Collect, Grid, collect_on};
/// use std::sync::Arc;
///
/// # fn main() -> robocache_core::Result<()> {
/// # let scan = vec![0.5f32; 4 * 100_000];
/// let stream = Arc::new(Stream::new(&Driver::open()?.context(0)?)?);
/// let memory = DeviceBuffer::upload(&stream, &scan)?;
/// let points = memory.view::<f32, 2>(0, Layout::contiguous([100_000, 4])?)?;
/// let grid = Grid::from_range([-51.2, -51.2, -5.0], [51.2, 51.2, 3.0], [0.1; 3])?;
///
/// let voxels = collect_on(Collect::new(Clouds::new(points).features(points), grid).mean(), &stream)?;
/// println!("{} voxels", voxels.len());                            // voxels.coords and voxels.mean are on the device
/// let mean = voxels.download(&stream)?.mean.unwrap().values;      // and here
/// # drop(mean);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of [`enqueue`](crate::enqueue); [`Error::Memory`] if the stream is being captured.
pub fn collect_on(request: Collect<'_>, stream: &Arc<Stream>) -> Result<Voxels<OnDevice>> {
    if stream.is_capturing()? {
        return Err(Error::memory(
            "stream",
            "is being captured, and cannot be waited for: use enqueue",
        ));
    }
    collect_in(&request, &Pool(stream))
}

impl<T: Element + Default, const R: usize> Array<T, R, OnDevice> {
    /// A copy in host memory, behind the stream's earlier work; waits.
    ///
    /// # Errors
    /// [`Error::Driver`]; [`Error::Memory`] if the array was changed and does not fit its shape any more.
    pub fn download(&self, stream: &Stream) -> Result<Array<T, R>> {
        let len = Layout::contiguous(self.shape)?.len();
        Ok(Array {
            values: self.values.download(stream, len)?,
            shape: self.shape,
        })
    }
}

fn down<T: Element + Default, const R: usize>(
    array: &Option<Array<T, R, OnDevice>>,
    stream: &Stream,
) -> Result<Option<Array<T, R, Host>>> {
    let array = array.as_ref().map(|array| array.download(stream));
    array.transpose()
}

impl Voxels<OnDevice> {
    /// A copy in host memory, behind the stream's earlier work; waits.
    ///
    /// # Errors
    /// Those of [`Array::download`].
    pub fn download(&self, stream: &Stream) -> Result<Voxels> {
        Ok(Voxels {
            number: self.number,
            coords: self.coords.download(stream)?,
            count: down(&self.count, stream)?,
            first: down(&self.first, stream)?,
            sum: down(&self.sum, stream)?,
            mean: down(&self.mean, stream)?,
            max: down(&self.max, stream)?,
            min: down(&self.min, stream)?,
            point_to_voxel: down(&self.point_to_voxel, stream)?,
            gathered: down(&self.gathered, stream)?,
        })
    }
}
