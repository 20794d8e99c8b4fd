//! What is asked of a voxelization.

/// What becomes of points outside of the grid. Points that are not finite are in no cell either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Outside {
    /// They are in no cell.
    #[default]
    Drop = 0,
    /// They are in the nearest cell of the grid's border, along each axis.
    Clamp = 1,
}

impl Outside {
    /// Every rule.
    pub const ALL: [Outside; 2] = [Outside::Drop, Outside::Clamp];

    /// The name used on the command line and in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Outside::Drop => "drop",
            Outside::Clamp => "clamp",
        }
    }
}

/// What two runs have in common. Sums and means depend on it, and the time they take; everything else is the same
/// on every device at every level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u32)]
pub enum Determinism {
    /// Additions in any order: sums of n values may differ from run to run. The error is at most
    /// `n · 2⁻²⁴ · Σ|x|`, where that sum is one that f32 can hold.
    NotGuaranteed = 0,
    /// The same bytes on every run on one device, with the same bound, or on CUDA devices that of
    /// [`CpuEqualsGpu`](Self::CpuEqualsGpu), whose way of adding up they use: in a column with magnitudes far apart,
    /// `2^(39 − log2 N)` and more, sums of the small ones lose digits.
    #[default]
    RunToRun = 1,
    /// The same bytes on every device and on the CPU, however the work is spread, and for any order of the points.
    ///
    /// Each value is rounded to a multiple of `q = 2^(e + ceil(log2 N) − 62)`, where `e` is the exponent of the
    /// largest finite magnitude in its column among all points of the batch that are in a cell, and `N` the number of
    /// points; the multiples are added as 64-bit integers. The error is at most `n · q / 2`.
    CpuEqualsGpu = 2,
}

impl Determinism {
    /// Every level.
    pub const ALL: [Determinism; 3] = [
        Determinism::NotGuaranteed,
        Determinism::RunToRun,
        Determinism::CpuEqualsGpu,
    ];

    /// The name used on the command line and in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Determinism::NotGuaranteed => "not-guaranteed",
            Determinism::RunToRun => "run-to-run",
            Determinism::CpuEqualsGpu => "cpu-equals-gpu",
        }
    }
}

/// In which order the voxels of a sparse result are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Order {
    /// By cloud, then by cell, x-major.
    #[default]
    Key = 0,
    /// By the index of their first point.
    FirstPoint = 1,
}

impl Order {
    /// Both orders.
    pub const ALL: [Order; 2] = [Order::Key, Order::FirstPoint];

    /// The name used on the command line and in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Order::Key => "key",
            Order::FirstPoint => "first-point",
        }
    }
}

/// The options of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// What becomes of points outside of the grid.
    pub outside: Outside,
    /// What two runs have in common.
    pub determinism: Determinism,
    /// Sum, mean, max and min of a cell without points.
    pub empty: f64,
    /// The id of the variant to run, for tests and measurements.
    pub variant: Option<&'static str>,
}

impl Options {
    /// Sets [`outside`](Self::outside).
    #[must_use]
    pub fn outside(mut self, outside: Outside) -> Self {
        self.outside = outside;
        self
    }

    /// Sets [`determinism`](Self::determinism).
    #[must_use]
    pub fn determinism(mut self, determinism: Determinism) -> Self {
        self.determinism = determinism;
        self
    }

    /// Sets [`empty`](Self::empty).
    #[must_use]
    pub fn empty(mut self, empty: f64) -> Self {
        self.empty = empty;
        self
    }

    /// Sets [`variant`](Self::variant).
    #[must_use]
    pub fn forced(mut self, variant: &'static str) -> Self {
        self.variant = Some(variant);
        self
    }
}
