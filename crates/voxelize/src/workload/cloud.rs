//! Points to time with.

use super::shape::Shape;

/// How points are spread over a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// Everywhere alike.
    Uniform,
    /// In a hundred heaps.
    Clustered,
    /// Rings around the middle, as a spinning lidar with 64 beams sees the ground and what stands on it.
    Lidar,
    /// All in one cell.
    One,
}

impl Scene {
    pub const ALL: [Scene; 4] = [Scene::Uniform, Scene::Clustered, Scene::Lidar, Scene::One];

    pub const fn name(self) -> &'static str {
        match self {
            Scene::Uniform => "uniform",
            Scene::Clustered => "clustered",
            Scene::Lidar => "lidar",
            Scene::One => "one",
        }
    }
}

/// `[B * N, 3 + F]` points with their features; the cells of the grid are one wide and begin at zero.
pub fn points(shape: &Shape, seed: u64) -> Vec<f32> {
    let mut random = Random::new(seed);
    let heaps: Vec<_> = (0..100).map(|_| [(); 3].map(|()| random.unit())).collect();
    let mut all = Vec::with_capacity(shape.all_points() * (3 + shape.features));
    for point in 0..shape.all_points() {
        let at = match shape.scene {
            Scene::Uniform => [(); 3].map(|()| random.unit()),
            Scene::One => {
                [0.5; 3].map(|middle| middle + 1e-3 * random.unit() / shape.points as f64)
            }
            Scene::Clustered => {
                let heap = heaps[(random.unit() * heaps.len() as f64) as usize];
                heap.map(|middle| (middle + 0.02 * random.heap()).clamp(0.0, 1.0 - 1e-6))
            }
            Scene::Lidar => lidar(point % shape.points, shape.points, &mut random),
        };
        for (at, cells) in at.into_iter().zip(shape.cells) {
            all.push((at * cells as f64) as f32);
        }
        all.extend((0..shape.features).map(|_| 2.0 * random.unit() as f32 - 1.0));
    }
    all
}

/// A beam that looks down meets the ground, or something upright before it.
fn lidar(point: usize, points: usize, random: &mut Random) -> [f64; 3] {
    const BEAMS: usize = 64;
    let per_beam = points.div_ceil(BEAMS);
    let (beam, turn) = (point / per_beam, point % per_beam);
    let angle = std::f64::consts::TAU * turn as f64 / per_beam as f64;
    let down = 0.02 + 0.4 * beam as f64 / BEAMS as f64;
    // The sensor is a hundredth of the grid's width above the ground.
    let ground = 0.01 / down.tan();
    let distance = match random.unit() < 0.3 {
        true => ground.min(0.45) * (0.3 + 0.7 * random.unit()),
        false => ground.min(0.49),
    };
    let height = 0.5 + 10.0 * (0.01 - distance * down.tan());
    let jitter = 1e-3 * random.heap();
    [
        0.5 + distance * angle.cos() + jitter,
        0.5 + distance * angle.sin() + jitter,
        height,
    ]
    .map(|at| at.clamp(0.0, 1.0 - 1e-6))
}

/// A linear congruential generator (Knuth's MMIX constants): the same numbers everywhere.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// In [0, 1), in steps that f32 holds.
    pub fn unit(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / (1u64 << 24) as f64
    }

    /// Between -2 and 2, more often near zero.
    fn heap(&mut self) -> f64 {
        (0..4).map(|_| self.unit() - 0.5).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_in_the_grid_and_spread_as_they_should() {
        let distinct = |scene: &str| {
            let text = format!("dense {scene} 2*4000 30x20x10 mean f2");
            let shape: Shape = text.parse().unwrap();
            let points = points(&shape, 3);
            assert_eq!(points.len(), 8000 * 5);
            let mut cells: Vec<_> = points
                .chunks(5)
                .map(|p| {
                    assert!(
                        (0..3).all(|a| (0.0..shape.cells[a] as f32).contains(&p[a])),
                        "{p:?}"
                    );
                    [p[0] as usize, p[1] as usize, p[2] as usize]
                })
                .collect();
            cells.sort();
            cells.dedup();
            cells.len()
        };
        assert_eq!(distinct("one"), 1);
        let [uniform, clustered, lidar] = ["uniform", "clustered", "lidar"].map(distinct);
        assert!(uniform > 4000, "{uniform}");
        assert!((300..uniform).contains(&clustered), "{clustered}");
        assert!((300..uniform).contains(&lidar), "{lidar}");
    }

    /// The rivals in crates/bench/peers make the same points, and know the same sums.
    #[test]
    fn rivals_get_the_same_points() {
        for (scene, expected) in [
            ("uniform", 2_085_898.329_926_729_2),
            ("clustered", 2_074_842.462_102_798_7),
            ("lidar", 2_061_152.651_732_087_1),
            ("one", 2_054_484.313_467_383_4_f64),
        ] {
            let text = format!("dense {scene} 2*700 30x20x10 mean f2");
            let points = points(&text.parse().unwrap(), 3);
            let weighted = points.iter().enumerate();
            let found: f64 = weighted
                .map(|(i, &p)| f64::from(p) * (i % 97 + 1) as f64)
                .sum();
            assert!((found / expected - 1.0).abs() < 1e-9, "{scene}: {found}");
        }
    }
}
