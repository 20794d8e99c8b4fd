//! Points to time with.

use super::shape::Shape;
use robocache_core::{Error, Result};
use std::path::PathBuf;

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
    /// A scan of KITTI, from the folder of datasets that `ROBOCACHE_REAL_DATA` names, over the range that detectors take.
    Kitti,
}

impl Scene {
    pub const ALL: [Scene; 5] = [
        Scene::Uniform,
        Scene::Clustered,
        Scene::Lidar,
        Scene::One,
        Scene::Kitti,
    ];
    /// Those that need no file.
    pub const DRAWN: [Scene; 4] = [Scene::Uniform, Scene::Clustered, Scene::Lidar, Scene::One];

    pub const fn name(self) -> &'static str {
        match self {
            Scene::Uniform => "uniform",
            Scene::Clustered => "clustered",
            Scene::Lidar => "lidar",
            Scene::One => "one",
            Scene::Kitti => "kitti",
        }
    }
}

/// `[B * N, 3 + F]` points with their features; the cells of the grid are one wide and begin at zero.
///
/// # Errors
/// [`Error::Range`] if a scan cannot be read or has fewer points.
pub fn points(shape: &Shape, seed: u64) -> Result<Vec<f32>> {
    let scan = match shape.scene {
        Scene::Kitti => kitti(shape.points)?,
        _ => Vec::new(),
    };
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
            Scene::Kitti => scan[point % shape.points],
        };
        for (at, cells) in at.into_iter().zip(shape.cells) {
            all.push((at * cells as f64) as f32);
        }
        all.extend((0..shape.features).map(|_| 2.0 * random.unit() as f32 - 1.0));
    }
    Ok(all)
}

/// The first points of a scan that are within the range, as parts of it.
fn kitti(points: usize) -> Result<Vec<[f64; 3]>> {
    const FILE: &str = "kitti/odometry_00_000000.bin";
    const LEAST: [f64; 3] = [-70.4, -40.0, -3.0];
    const EXTENT: [f64; 3] = [140.8, 80.0, 4.0];
    let wrong = |found: String| Error::Range {
        argument: "shape",
        found,
        expected: "a scan in the folder that ROBOCACHE_REAL_DATA names, with as many points in range",
    };
    let folder = std::env::var_os("ROBOCACHE_REAL_DATA").map(PathBuf::from);
    let path = folder.ok_or_else(|| wrong("no folder".into()))?.join(FILE);
    let bytes = std::fs::read(&path).map_err(|e| wrong(format!("{}: {e}", path.display())))?;
    let number = |row: &[u8], axis: usize| {
        let bytes = &row[4 * axis..][..4];
        f64::from(f32::from_le_bytes(bytes.try_into().expect("four bytes")))
    };
    let scan: Vec<_> = bytes
        .chunks_exact(16)
        .map(|row| std::array::from_fn(|axis| (number(row, axis) - LEAST[axis]) / EXTENT[axis]))
        .filter(|at: &[f64; 3]| at.iter().all(|part| (0.0..1.0 - 1e-6).contains(part)))
        .take(points)
        .collect();
    match scan.len() == points {
        true => Ok(scan),
        false => Err(wrong(format!("{} points", scan.len()))),
    }
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
            let points = points(&shape, 3).unwrap();
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
            ("kitti", 2_484_074.983_630_3),
        ] {
            let text = format!("dense {scene} 2*700 30x20x10 mean f2");
            let points = points(&text.parse().unwrap(), 3);
            if scene == "kitti" && std::env::var_os("ROBOCACHE_REAL_DATA").is_none() {
                assert!(matches!(points, Err(Error::Range { .. })));
                eprintln!("skipped: ROBOCACHE_REAL_DATA names no folder of datasets");
                continue;
            }
            let points = points.unwrap();
            let weighted = points.iter().enumerate();
            let found: f64 = weighted
                .map(|(i, &p)| f64::from(p) * (i % 97 + 1) as f64)
                .sum();
            assert!((found / expected - 1.0).abs() < 1e-9, "{scene}: {found}");
        }
    }
}
