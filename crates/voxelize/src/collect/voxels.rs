//! What comes out, and how the arrays are made, filled and trimmed.

use super::Collect;
use super::memory::{Host, Memory, Work};
use crate::Sparse;
use crate::request::Reductions;
use robocache_core::{Element, Layout, Result, TensorView, TensorViewMut};

/// An array that owns its memory, contiguous.
pub struct Array<T: Element, const R: usize, M: Memory = Host> {
    /// Its elements, the last dimension fastest: a `Vec` in host memory, a `DeviceBuffer` on a CUDA device.
    pub values: M::Of<T>,
    /// Its sizes.
    pub shape: [usize; R],
}

impl<T: Element, const R: usize, M: Memory> std::fmt::Debug for Array<T, R, M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{:?}", T::DTYPE, self.shape)
    }
}

/// The voxels of a batch of clouds: M of them, with F features each. What nobody asked for is not there.
#[derive(Debug)]
pub struct Voxels<M: Memory = Host> {
    /// How many voxels there are; more than M where [`max_voxels`](Collect::max_voxels) left some out.
    pub number: usize,
    /// `[M, 4]`: cloud, x, y, z.
    pub coords: Array<i32, 2, M>,
    /// `[M]`: how many points.
    pub count: Option<Array<i32, 1, M>>,
    /// `[M]`: the lowest index of a point.
    pub first: Option<Array<i32, 1, M>>,
    /// `[M, F]`: the sum of the points' features; NaN if one is.
    pub sum: Option<Array<f32, 2, M>>,
    /// `[M, F]`: their mean; likewise.
    pub mean: Option<Array<f32, 2, M>>,
    /// `[M, F]`: their maximum; NaN only if all are.
    pub max: Option<Array<f32, 2, M>>,
    /// `[M, F]`: their minimum; likewise.
    pub min: Option<Array<f32, 2, M>>,
    /// `[N]`: the voxel of each point; −1 for one that is in none of those kept.
    pub point_to_voxel: Option<Array<i32, 1, M>>,
    /// `[M, P, F]`: the features of the first P points of each voxel by index, then zeros.
    pub gathered: Option<Array<f32, 3, M>>,
}

impl<T: Element, const R: usize, M: Memory> Array<T, R, M> {
    /// The array as what calls take.
    ///
    /// # Errors
    /// If `values` and `shape` were changed and do not fit each other any more.
    pub fn view(&self) -> Result<TensorView<'_, R>> {
        M::view(&self.values, Layout::contiguous(self.shape)?)
    }

    /// The array as what calls fill.
    ///
    /// # Errors
    /// As [`view`](Self::view).
    pub fn view_mut(&mut self) -> Result<TensorViewMut<'_, R>> {
        M::view_mut(&mut self.values, Layout::contiguous(self.shape)?)
    }

    fn room<W: Work<Memory = M>>(shape: [usize; R], work: &W) -> Result<Self>
    where
        T: Default,
    {
        let values = work.room(Layout::contiguous(shape)?.len())?;
        Ok(Array { values, shape })
    }

    /// Its first rows.
    fn trimmed<W: Work<Memory = M>>(mut self, rows: usize, work: &W) -> Result<Self>
    where
        T: Default,
    {
        if self.shape[0] != rows {
            self.shape[0] = rows;
            self.values = work.trimmed(self.values, Layout::contiguous(self.shape)?.len())?;
        }
        Ok(self)
    }
}

/// A view of an array, if it is there.
fn view<T: Element, const R: usize, M: Memory>(
    array: &mut Option<Array<T, R, M>>,
) -> Result<Option<TensorViewMut<'_, R>>> {
    array.as_mut().map(Array::view_mut).transpose()
}

impl<M: Memory> Voxels<M> {
    /// M: how many voxels the arrays hold.
    pub fn len(&self) -> usize {
        self.coords.shape[0]
    }

    /// Whether they hold none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Room for so many.
    pub(super) fn with_room<W: Work<Memory = M>>(
        wanted: &Collect<'_>,
        room: usize,
        work: &W,
    ) -> Result<Self> {
        let [points, _] = wanted.clouds.points.shape();
        let features = wanted.clouds.features.map_or(0, |view| view.shape()[1]);
        let one = |wanted: bool, len| wanted.then(|| Array::room([len], work)).transpose();
        let some = |wanted: bool| wanted.then(|| Array::room([room, features], work));
        let some = |wanted| some(wanted).transpose();
        let gathered = wanted.gathered;
        Ok(Voxels {
            number: 0,
            coords: Array::room([room, 4], work)?,
            count: one(wanted.count, room)?,
            first: one(wanted.first, room)?,
            sum: some(wanted.sum)?,
            mean: some(wanted.mean)?,
            max: some(wanted.max)?,
            min: some(wanted.min)?,
            point_to_voxel: one(wanted.point_to_voxel, points)?,
            gathered: gathered
                .map(|each| Array::room([room, each, features], work))
                .transpose()?,
        })
    }

    /// The request that fills them.
    pub(super) fn request<'r, W: Work<Memory = M>>(
        &'r mut self,
        wanted: &Collect<'r>,
        number: &'r mut M::Of<i64>,
    ) -> Result<Sparse<'r>> {
        let number = M::view_mut(number, Layout::contiguous([1])?)?;
        let coords = self.coords.view_mut()?;
        let mut request = Sparse::new(wanted.clouds, wanted.grid, number, coords)
            .order(wanted.order)
            .options(wanted.options);
        request.voxels = Reductions {
            count: view(&mut self.count)?,
            first: view(&mut self.first)?,
            sum: view(&mut self.sum)?,
            mean: view(&mut self.mean)?,
            max: view(&mut self.max)?,
            min: view(&mut self.min)?,
        };
        request.point_to_voxel = view(&mut self.point_to_voxel)?;
        request.gathered = view(&mut self.gathered)?;
        Ok(request)
    }

    /// The first ones of them.
    pub(super) fn trimmed<W: Work<Memory = M>>(self, voxels: usize, work: &W) -> Result<Self> {
        fn trim<T: Element + Default, const R: usize, W: Work>(
            array: Option<Array<T, R, W::Memory>>,
            rows: usize,
            work: &W,
        ) -> Result<Option<Array<T, R, W::Memory>>> {
            array.map(|array| array.trimmed(rows, work)).transpose()
        }
        Ok(Voxels {
            coords: self.coords.trimmed(voxels, work)?,
            count: trim(self.count, voxels, work)?,
            first: trim(self.first, voxels, work)?,
            sum: trim(self.sum, voxels, work)?,
            mean: trim(self.mean, voxels, work)?,
            max: trim(self.max, voxels, work)?,
            min: trim(self.min, voxels, work)?,
            gathered: trim(self.gathered, voxels, work)?,
            ..self
        })
    }
}
