//! Clouds with a grid, and what is wanted of their voxels, drawn at random.

use robocache_core::{Layout, TensorView};
use robocache_testkit::random::Random;
use robocache_voxelize::{Clouds, Collect, Determinism, Grid, Options, Order, Outside};

/// Columns of a point that are features.
pub const FEATURES: usize = 2;
pub const COLUMNS: usize = 3 + FEATURES;

/// Clouds, and a request for their voxels without its views.
pub struct Case {
    /// `[N, 5]`.
    pub points: Vec<f32>,
    pub offsets: Option<Vec<i64>>,
    pub grid: Grid,
    /// One bit for each output, and one for whether the features are given.
    wanted: usize,
    gathered: Option<usize>,
    pub max_voxels: Option<usize>,
    pub expecting: Option<usize>,
    pub order: Order,
    pub options: Options,
}

impl Case {
    /// The case of a seed.
    pub fn drawn(seed: u64) -> Case {
        let random = &mut Random::new(seed);
        let count = random.pick(&[0, 1, 2, 33, 100, 300]);
        let cells = [(); 3].map(|()| random.pick(&[1, 2, 5, 9]));
        // Now and then the grid is where no point is.
        let far = random.pick(&[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1e6]);
        let coordinate = |random: &mut Random| match random.below(30) {
            0 => f32::NAN,
            _ => random.between(-1.0, 10.0) as f32,
        };
        let mut points = Vec::new();
        for _ in 0..count {
            points.extend([(); 3].map(|()| coordinate(random)));
            points.extend([(); FEATURES].map(|()| random.between(-5.0, 5.0) as f32));
        }
        let maybe = |random: &mut Random, most: usize| {
            random.once_in(2).then(|| match random.below(4) {
                0 => random.below(2),
                1 => 2 * most,
                _ => random.below(most + 1),
            })
        };
        Case {
            points,
            offsets: random.once_in(2).then(|| offsets(random, count)),
            grid: Grid::new([far; 3], [1.0; 3], cells).unwrap(),
            wanted: random.below(256),
            gathered: random.once_in(2).then(|| random.below(4)),
            max_voxels: maybe(random, count),
            expecting: maybe(random, count),
            order: random.pick(&Order::ALL),
            options: Options::default()
                .outside(random.pick(&Outside::ALL))
                .determinism(random.pick(&Determinism::ALL))
                .empty(random.pick(&[0.0, -1.0])),
        }
    }

    /// N.
    pub fn count(&self) -> usize {
        self.points.len() / COLUMNS
    }

    /// The clouds in host memory.
    pub fn clouds(&self) -> Clouds<'_> {
        let at = |from: usize, columns| {
            let strides = [COLUMNS as isize, 1];
            let layout = Layout::strided([self.count(), columns], strides).unwrap();
            let first = if self.points.is_empty() { 0 } else { from };
            TensorView::from_slice_strided(&self.points, layout, first).unwrap()
        };
        let offsets = self.offsets.as_ref();
        let offsets = offsets.map(|all| TensorView::from_slice(all, [all.len()]).unwrap());
        self.with_parts(at(0, 3), at(3, FEATURES), offsets)
    }

    /// The clouds of views, the features only where something is wanted of them.
    pub fn with_parts<'a>(
        &self,
        points: TensorView<'a, 2>,
        features: TensorView<'a, 2>,
        offsets: Option<TensorView<'a, 1>>,
    ) -> Clouds<'a> {
        let mut clouds = Clouds::new(points);
        clouds.features = self.has_features().then_some(features);
        clouds.offsets = offsets;
        clouds
    }

    fn has_features(&self) -> bool {
        self.wanted & 1 == 0
    }

    /// What is wanted of clouds.
    pub fn request<'a>(&self, clouds: Clouds<'a>) -> Collect<'a> {
        let of = |bit: usize| self.wanted >> bit & 1 == 1;
        let of_features = |bit| self.has_features() && of(bit);
        let mut request = Collect::new(clouds, self.grid);
        (request.count, request.first) = (of(1), of(2));
        (request.sum, request.mean) = (of_features(3), of_features(4));
        (request.max, request.min) = (of_features(5), of_features(6));
        request.point_to_voxel = of(7);
        request.gathered = self.gathered.filter(|_| self.has_features());
        request.max_voxels = self.max_voxels;
        request.expecting = self.expecting;
        request.order(self.order).options(self.options)
    }
}

/// Some clouds, empty ones among them, or none at all; not always of all points.
fn offsets(random: &mut Random, count: usize) -> Vec<i64> {
    let clouds = random.below(6);
    let end = |random: &mut Random| random.below(count + 1) as i64;
    let mut ends: Vec<_> = (0..=clouds).map(|_| end(random)).collect();
    ends.sort_unstable();
    if clouds > 1 && random.once_in(2) {
        ends[1] = ends[0];
    }
    ends
}
