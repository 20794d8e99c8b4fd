//! The memory that takes part in a call.

use crate::{Grid, Options, Order};
use robocache_core::{TensorView, TensorViewMut};

/// The clouds of a batch: their points one cloud after another, and what belongs to each point.
#[derive(Clone, Copy, Debug)]
pub struct Clouds<'a> {
    /// `[N, C]`, C ≥ 3, f16, f32 or f64: x, y and z in the grid's unit, then anything. Any strides, so that scans are
    /// read as they are on disk.
    pub points: TensorView<'a, 2>,
    /// `[N, F]`, f16, bf16, f32 or f64: what sums, means, maxima and minima are of. f64 is rounded to f32 first. May
    /// be columns of the points themselves.
    pub features: Option<TensorView<'a, 2>>,
    /// `[B + 1]`, i32 or i64: cloud b has the points `offsets[b] .. offsets[b + 1]`. Without, all points are one
    /// cloud.
    pub offsets: Option<TensorView<'a, 1>>,
}

impl<'a> Clouds<'a> {
    /// One cloud without features.
    pub fn new(points: TensorView<'a, 2>) -> Self {
        Clouds {
            points,
            features: None,
            offsets: None,
        }
    }

    /// Sets [`features`](Self::features).
    #[must_use]
    pub fn features(mut self, features: TensorView<'a, 2>) -> Self {
        self.features = Some(features);
        self
    }

    /// Sets [`offsets`](Self::offsets).
    #[must_use]
    pub fn offsets(mut self, offsets: TensorView<'a, 1>) -> Self {
        self.offsets = Some(offsets);
        self
    }

    /// How many clouds there are, if the offsets have an element.
    pub fn batch(&self) -> Option<usize> {
        match &self.offsets {
            None => Some(1),
            Some(offsets) => offsets.shape()[0].checked_sub(1),
        }
    }
}

/// What may be wanted of each cell: a number of rank `C`, or F numbers of rank `V`. All that are given are filled in
/// one call.
#[derive(Debug, Default)]
pub struct Reductions<'a, const C: usize, const V: usize> {
    /// i32: how many points.
    pub count: Option<TensorViewMut<'a, C>>,
    /// i32 or i64: the lowest index of a point; −1 without points.
    pub first: Option<TensorViewMut<'a, C>>,
    /// f16, bf16 or f32, rounded once, as are the ones below: the sum of the points' features; NaN if one is.
    pub sum: Option<TensorViewMut<'a, V>>,
    /// Their mean; likewise.
    pub mean: Option<TensorViewMut<'a, V>>,
    /// Their maximum: NaN only if all are, and −0 is below +0.
    pub max: Option<TensorViewMut<'a, V>>,
    /// Their minimum; likewise.
    pub min: Option<TensorViewMut<'a, V>>,
}

/// One dense voxelization: every cell of the grid gets a value. All memory lies in one place.
///
/// Shapes are x-major; for z-major outputs, or channels first, give views whose strides say so.
#[derive(Debug)]
pub struct Dense<'a> {
    /// What to read.
    pub clouds: Clouds<'a>,
    /// Where it falls; at most 2³¹ − 1 cells.
    pub grid: Grid,
    /// `[B, X, Y, Z]` u8: 1 where there is a point, else 0.
    pub occupancy: Option<TensorViewMut<'a, 4>>,
    /// `[B, ceil(X·Y·Z / 8)]` u8: the same as bits, the lowest first, cells x-major.
    pub bits: Option<TensorViewMut<'a, 2>>,
    /// `[B, X, Y, Z]`, and `[B, X, Y, Z, F]`.
    pub cells: Reductions<'a, 4, 5>,
    /// How.
    pub options: Options,
}

/// One sparse voxelization: only cells with points get a place, of M that there is room for. All memory lies in one
/// place.
///
/// Voxels beyond M, the last ones in order, are left out, and so are their points; nothing else changes. Places behind
/// the last voxel get coordinates of −1, a count of 0, a first point of −1 and `empty` values.
#[derive(Debug)]
pub struct Sparse<'a> {
    /// What to read.
    pub clouds: Clouds<'a>,
    /// Where it falls.
    pub grid: Grid,
    /// `[1]` i64: how many voxels there are, also where that is more than M.
    pub number: TensorViewMut<'a, 1>,
    /// `[M, 4]` i32: cloud, x, y, z.
    pub coords: TensorViewMut<'a, 2>,
    /// `[M]`, and `[M, F]`.
    pub voxels: Reductions<'a, 1, 2>,
    /// `[N]` i32 or i64: the voxel of each point; −1 for one that is in none.
    pub point_to_voxel: Option<TensorViewMut<'a, 1>>,
    /// `[M, P, F]` f16, bf16 or f32: the features of the first P points of each voxel by index, then zeros.
    pub gathered: Option<TensorViewMut<'a, 3>>,
    /// The order of the voxels.
    pub order: Order,
    /// How.
    pub options: Options,
}

impl<'a> Dense<'a> {
    /// A request for nothing yet, with default options.
    pub fn new(clouds: Clouds<'a>, grid: Grid) -> Self {
        Dense {
            clouds,
            grid,
            occupancy: None,
            bits: None,
            cells: Reductions::default(),
            options: Options::default(),
        }
    }

    /// Sets [`occupancy`](Self::occupancy).
    #[must_use]
    pub fn occupancy(mut self, occupancy: TensorViewMut<'a, 4>) -> Self {
        self.occupancy = Some(occupancy);
        self
    }

    /// Sets [`bits`](Self::bits).
    #[must_use]
    pub fn bits(mut self, bits: TensorViewMut<'a, 2>) -> Self {
        self.bits = Some(bits);
        self
    }
}

impl<'a> Sparse<'a> {
    /// A request for number and coordinates, in the order of keys, with default options.
    pub fn new(
        clouds: Clouds<'a>,
        grid: Grid,
        number: TensorViewMut<'a, 1>,
        coords: TensorViewMut<'a, 2>,
    ) -> Self {
        Sparse {
            clouds,
            grid,
            number,
            coords,
            voxels: Reductions::default(),
            point_to_voxel: None,
            gathered: None,
            order: Order::default(),
            options: Options::default(),
        }
    }

    /// Sets [`point_to_voxel`](Self::point_to_voxel).
    #[must_use]
    pub fn point_to_voxel(mut self, point_to_voxel: TensorViewMut<'a, 1>) -> Self {
        self.point_to_voxel = Some(point_to_voxel);
        self
    }

    /// Sets [`gathered`](Self::gathered).
    #[must_use]
    pub fn gathered(mut self, gathered: TensorViewMut<'a, 3>) -> Self {
        self.gathered = Some(gathered);
        self
    }

    /// Sets [`order`](Self::order).
    #[must_use]
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }
}

/// The same memory again, while its owner waits.
fn again<'r, const R: usize>(
    view: &'r mut Option<TensorViewMut<'_, R>>,
) -> Option<TensorViewMut<'r, R>> {
    view.as_mut().map(TensorViewMut::reborrow)
}

impl<const C: usize, const V: usize> Reductions<'_, C, V> {
    fn reborrow(&mut self) -> Reductions<'_, C, V> {
        Reductions {
            count: again(&mut self.count),
            first: again(&mut self.first),
            sum: again(&mut self.sum),
            mean: again(&mut self.mean),
            max: again(&mut self.max),
            min: again(&mut self.min),
        }
    }
}

impl Dense<'_> {
    /// The same request again, while this one waits.
    pub(crate) fn reborrow(&mut self) -> Dense<'_> {
        Dense {
            clouds: self.clouds,
            grid: self.grid,
            occupancy: again(&mut self.occupancy),
            bits: again(&mut self.bits),
            cells: self.cells.reborrow(),
            options: self.options,
        }
    }
}

impl Sparse<'_> {
    /// The same request again, while this one waits.
    pub(crate) fn reborrow(&mut self) -> Sparse<'_> {
        Sparse {
            clouds: self.clouds,
            grid: self.grid,
            number: self.number.reborrow(),
            coords: self.coords.reborrow(),
            voxels: self.voxels.reborrow(),
            point_to_voxel: again(&mut self.point_to_voxel),
            gathered: again(&mut self.gathered),
            order: self.order,
            options: self.options,
        }
    }
}

macro_rules! common {
    ($($request:ident, $each:ident, $c:literal, $v:literal;)*) => {$(
        impl<'a> $request<'a> {
            /// Sets [`count`](Reductions::count).
            #[must_use]
            pub fn count(mut self, count: TensorViewMut<'a, $c>) -> Self {
                self.$each.count = Some(count);
                self
            }

            /// Sets [`first`](Reductions::first).
            #[must_use]
            pub fn first(mut self, first: TensorViewMut<'a, $c>) -> Self {
                self.$each.first = Some(first);
                self
            }

            /// Sets [`sum`](Reductions::sum).
            #[must_use]
            pub fn sum(mut self, sum: TensorViewMut<'a, $v>) -> Self {
                self.$each.sum = Some(sum);
                self
            }

            /// Sets [`mean`](Reductions::mean).
            #[must_use]
            pub fn mean(mut self, mean: TensorViewMut<'a, $v>) -> Self {
                self.$each.mean = Some(mean);
                self
            }

            /// Sets [`max`](Reductions::max).
            #[must_use]
            pub fn max(mut self, max: TensorViewMut<'a, $v>) -> Self {
                self.$each.max = Some(max);
                self
            }

            /// Sets [`min`](Reductions::min).
            #[must_use]
            pub fn min(mut self, min: TensorViewMut<'a, $v>) -> Self {
                self.$each.min = Some(min);
                self
            }

            /// Sets [`options`](Self::options).
            #[must_use]
            pub fn options(mut self, options: Options) -> Self {
                self.options = options;
                self
            }
        }
    )*};
}

common! {
    Dense, cells, 4, 5;
    Sparse, voxels, 1, 2;
}

/// Either form.
pub(crate) enum Request<'a> {
    Dense(Dense<'a>),
    Sparse(Sparse<'a>),
}

/// A request for either form: [`Dense`] or [`Sparse`].
pub trait Voxelization<'a>: sealed::Sealed {
    #[doc(hidden)]
    #[allow(private_interfaces)] // Nobody outside can name it, nor has to.
    fn into_request(self) -> Request<'a>;

    #[doc(hidden)]
    #[allow(private_interfaces)]
    fn again(&mut self) -> Request<'_>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Dense<'_> {}
    impl Sealed for super::Sparse<'_> {}
}

#[allow(private_interfaces)]
impl<'a> Voxelization<'a> for Dense<'a> {
    fn into_request(self) -> Request<'a> {
        Request::Dense(self)
    }

    fn again(&mut self) -> Request<'_> {
        Request::Dense(self.reborrow())
    }
}

#[allow(private_interfaces)]
impl<'a> Voxelization<'a> for Sparse<'a> {
    fn into_request(self) -> Request<'a> {
        Request::Sparse(self)
    }

    fn again(&mut self) -> Request<'_> {
        Request::Sparse(self.reborrow())
    }
}

impl Request<'_> {
    /// The same request again, while this one waits.
    pub fn reborrow(&mut self) -> Request<'_> {
        match self {
            Request::Dense(dense) => Request::Dense(dense.reborrow()),
            Request::Sparse(sparse) => Request::Sparse(sparse.reborrow()),
        }
    }

    pub fn options(&self) -> &Options {
        match self {
            Request::Dense(dense) => &dense.options,
            Request::Sparse(sparse) => &sparse.options,
        }
    }
}
