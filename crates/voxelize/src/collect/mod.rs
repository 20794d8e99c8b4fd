//! Sparse voxelization for callers who do not know how many voxels there will be: owned arrays, as long as it takes.
//!
//! | file | question |
//! |---|---|
//! | `mod.rs` | what is asked for, and with how much room is it tried? |
//! | `voxels.rs` | what comes out? |
//! | `memory.rs` | where do arrays lie, and how are they made in host memory? |
//! | `device.rs` | how are they made on a CUDA device? |

#[cfg(feature = "cuda")]
mod device;
mod memory;
mod voxels;

#[cfg(feature = "cuda")]
pub use device::{OnDevice, collect_on};
pub use memory::{Host, Memory};
pub use voxels::{Array, Voxels};

use crate::request::Request;
use crate::{Clouds, Grid, Options, Order, Problem};
use memory::{Heap, Work};
use robocache_core::{Error, Result};

/// What is wanted of the voxels of a batch of clouds: a [`Sparse`](crate::Sparse) request without the memory for its
/// outputs. Values are f32, indices i32; other types and strides are for the caller's own memory.
#[derive(Clone, Copy, Debug)]
pub struct Collect<'a> {
    /// What to read.
    pub clouds: Clouds<'a>,
    /// Where it falls.
    pub grid: Grid,
    /// Whether [`Voxels::count`] is wanted.
    pub count: bool,
    /// Whether [`Voxels::first`] is wanted.
    pub first: bool,
    /// Whether [`Voxels::sum`] is wanted.
    pub sum: bool,
    /// Whether [`Voxels::mean`] is wanted.
    pub mean: bool,
    /// Whether [`Voxels::max`] is wanted.
    pub max: bool,
    /// Whether [`Voxels::min`] is wanted.
    pub min: bool,
    /// Whether [`Voxels::point_to_voxel`] is wanted.
    pub point_to_voxel: bool,
    /// P, if [`Voxels::gathered`] is wanted.
    pub gathered: Option<usize>,
    /// The most voxels to keep, the first ones in order; all by default.
    pub max_voxels: Option<usize>,
    /// How many voxels there is room for at first; by default as many as there can be: no more than points, no more
    /// than cells.
    ///
    /// With a number from experience, such as that of the last scan and a bit more, less memory is written. Where it
    /// turns out to be too low the work is done a second time, with the room that it takes; the result is the same.
    pub expecting: Option<usize>,
    /// The order of the voxels.
    pub order: Order,
    /// How.
    pub options: Options,
}

impl<'a> Collect<'a> {
    /// A request for nothing but coordinates, in the order of keys, with default options.
    pub fn new(clouds: Clouds<'a>, grid: Grid) -> Self {
        Collect {
            clouds,
            grid,
            count: false,
            first: false,
            sum: false,
            mean: false,
            max: false,
            min: false,
            point_to_voxel: false,
            gathered: None,
            max_voxels: None,
            expecting: None,
            order: Order::default(),
            options: Options::default(),
        }
    }

    /// The most voxels that can be kept.
    fn limit(&self) -> usize {
        let [points, _] = self.clouds.points.shape();
        // A batch of no known size is refused later on.
        let batch = self.clouds.batch().unwrap_or(0);
        let cells = self.grid.cells().saturating_mul(batch as u64);
        let possible = usize::try_from(cells).map_or(points, |cells| cells.min(points));
        self.max_voxels.map_or(possible, |most| most.min(possible))
    }

    /// Looks for what is wrong with the request, before there is memory for its result.
    fn check<W: Work>(&self, work: &W) -> Result<()> {
        let place = self.clouds.points.place();
        if place != work.place() {
            let problem = format!("lie in {place}, not in {}", work.place());
            return Err(Error::memory("points", problem));
        }
        let small = Collect {
            point_to_voxel: false,
            ..*self
        };
        let mut voxels = Voxels::with_room(&small, 0, work)?;
        let mut number = work.room::<i64>(1)?;
        let request = voxels.request::<W>(&small, &mut number)?;
        Problem::of(&Request::Sparse(request)).map(|_| ())
    }
}

macro_rules! wanted {
    ($($output:ident),*) => {$(
        impl Collect<'_> {
            #[doc = concat!("Asks for [`", stringify!($output), "`](Voxels::", stringify!($output), ").")]
            #[must_use]
            pub fn $output(mut self) -> Self {
                self.$output = true;
                self
            }
        }
    )*};
}

wanted!(count, first, sum, mean, max, min, point_to_voxel);

impl Collect<'_> {
    /// Asks for the features of the first `points` points of each voxel: [`gathered`](Voxels::gathered).
    #[must_use]
    pub fn gathered(mut self, points: usize) -> Self {
        self.gathered = Some(points);
        self
    }

    /// Sets [`max_voxels`](Self::max_voxels).
    #[must_use]
    pub fn max_voxels(mut self, voxels: usize) -> Self {
        self.max_voxels = Some(voxels);
        self
    }

    /// Sets [`expecting`](Self::expecting).
    #[must_use]
    pub fn expecting(mut self, voxels: usize) -> Self {
        self.expecting = Some(voxels);
        self
    }

    /// Sets [`order`](Self::order).
    #[must_use]
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Sets [`options`](Self::options).
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }
}

/// Voxelizes clouds in host memory on the CPU into owned arrays of the cells that have points, on all threads: the
/// same bytes as [`voxelize_sparse`](crate::voxelize_sparse) gives with as much room as there are voxels.
///
/// ```
/// use robocache_core::TensorView;
/// use robocache_voxelize::{Clouds, Collect, Grid, collect};
///
/// # fn main() -> robocache_core::Result<()> {
/// let scan = [[0.1f32, 0.1, 0.1, 8.0], [0.2, 0.1, 0.1, 4.0], [0.7, 0.1, 0.1, 2.0]];
/// let points = TensorView::from_slice(scan.as_flattened(), [3, 4])?;
/// let grid = Grid::from_range([0.0; 3], [1.0; 3], [0.5; 3])?;
///
/// let voxels = collect(Collect::new(Clouds::new(points).features(points), grid).count().max())?;
/// assert_eq!(voxels.len(), 2);
/// assert_eq!(voxels.coords.values, [0, 0, 0, 0, 0, 1, 0, 0]);     // cloud, x, y, z of each
/// assert_eq!(voxels.count.unwrap().values, [2, 1]);
/// let max = voxels.max.unwrap();
/// assert_eq!((max.shape, max.values[3], max.values[7]), ([2, 4], 8.0, 2.0));
/// assert!(voxels.mean.is_none());                                 // nobody asked for it
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of [`voxelize_sparse`](crate::voxelize_sparse); [`Error::Memory`] if there is not enough memory for the
/// result.
pub fn collect(request: Collect<'_>) -> Result<Voxels> {
    collect_in(&request, &Heap)
}

/// Tries with the room that is expected to do, and once more with as much as it takes.
fn collect_in<W: Work>(wanted: &Collect<'_>, work: &W) -> Result<Voxels<W::Memory>> {
    wanted.check(work)?;
    let limit = wanted.limit();
    let mut room = wanted.expecting.unwrap_or(limit).min(limit);
    loop {
        let mut voxels = Voxels::with_room(wanted, room, work)?;
        let mut number = work.room::<i64>(1)?;
        work.run(voxels.request::<W>(wanted, &mut number)?)?;
        voxels.number = usize::try_from(work.first(&number)?).map_err(|_| Error::Overflow {
            what: "the number of voxels",
        })?;
        let kept = voxels.number.min(limit);
        if kept <= room {
            return voxels.trimmed(kept, work);
        }
        room = kept;
    }
}
