//! Which scan is voxelized, into which cells, and how many of it make a batch?

use crate::console::{count, counted};
use crate::lidar;
use crate::memory;
use crate::voxelize::grid::around;
use crate::voxelize::numbers::Sizes;
use crate::voxelize::scans::{Form, Scans, read};
use anyhow::{Context, Result, bail};
use robocache::voxelize::Grid;
use robocache_io::points::{PointCloud, Values};
use robocache_io::write_bytes;
use std::path::{Path, PathBuf};

/// The seed of the synthetic scan: the same scan each time.
const SEED: u64 = 7;
/// More would say nothing more.
const MOST_SCANS: u128 = 64;

/// Copies of a scan, as a data loader makes a batch of scans, and where their points fall.
pub(in crate::demo) struct Scene {
    /// What the scan is, in words.
    pub(super) origin: String,
    /// The same without folders, for the page.
    pub(super) title: String,
    pub(super) is_synthetic: bool,
    /// Points of one scan.
    pub(super) points: usize,
    /// The batch.
    pub(super) scans: Scans,
    /// Cells of one height: a map of the ground.
    pub(super) ground: Grid,
    /// Cells as high as they are wide.
    pub(super) space: Grid,
}

/// A scan, and where it came from.
pub(in crate::demo) struct Source {
    origin: String,
    title: String,
    is_synthetic: bool,
    scan: Scans,
}

impl Source {
    /// A made-up scan, which is written to a file as KITTI's are.
    ///
    /// # Errors
    /// What the operating system says.
    pub(in crate::demo) fn synthesize(file: &Path) -> Result<Source> {
        let values = lidar::scan(SEED);
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        write_bytes(file, &bytes)?;
        Ok(Source {
            origin: format!("a synthetic scan of a street, {}", file.display()),
            title: "A synthetic scan of a street".to_owned(),
            is_synthetic: true,
            scan: Scans::of(PointCloud {
                columns: ["x", "y", "z", "intensity"].map(str::to_owned).to_vec(),
                values: Values::F32(values),
            }),
        })
    }

    /// The scan of a file.
    ///
    /// # Errors
    /// Whatever is wrong with it.
    pub(in crate::demo) fn read(file: &PathBuf, format: Option<Form>) -> Result<Source> {
        let name = file.file_name();
        Ok(Source {
            origin: file.display().to_string(),
            title: name.map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            is_synthetic: false,
            scan: read(std::slice::from_ref(file), format)?,
        })
    }

    /// A batch of it with cells of a size; as many scans as move `goal` bytes for a map of the ground, or as memory
    /// allows.
    ///
    /// # Errors
    /// If the cells are too many.
    pub(in crate::demo) fn scene(self, size: f64, goal: u128) -> Result<Scene> {
        let space = around(&self.scan, &Sizes([size; 3]))?;
        let (min, [width, deep, _], [x, y, z]) = (space.min(), space.voxel_size(), space.shape());
        let ground = Grid::new(min, [width, deep, width * z as f32], [x, y, 1])?;
        if ground.cells() > i32::MAX as u64 {
            bail!(
                "--voxel {size}: the ground would have {x} x {y} cells, expected fewer than 2^31"
            );
        }
        // A count and a value for each column, of the ground and at most of every point.
        let cell = 4 * (1 + self.scan.columns.len() as u128);
        let (read, map) = (self.scan.bytes() as u128, u128::from(ground.cells()) * cell);
        let voxels = self.scan.count() as u128 * (16 + cell);
        // Three times, as those of two devices are held against a third.
        let room = read + 3 * (map + voxels);
        memory::ensure(room, &format!("a map of {x} x {y} cells of the ground"))?;
        let free = memory::available().map_or(u128::MAX, |free| u128::from(free) / 2);
        let times = goal
            .div_ceil(read + map)
            .min(free / room)
            .clamp(1, MOST_SCANS);
        Ok(Scene {
            origin: self.origin,
            title: self.title,
            is_synthetic: self.is_synthetic,
            points: self.scan.count(),
            scans: self.scan.repeated(times as usize),
            ground,
            space,
        })
    }
}

impl Scene {
    /// The scan and its cells in words.
    pub(in crate::demo) fn describe(&self) -> String {
        let [x, y, z] = self.space.shape();
        format!(
            "\nThe scan: {}\nThe batch: {} of {}, into cells of {}: {} on the ground, {} in space\n",
            self.origin,
            counted(self.scans.batch(), "scan"),
            counted(self.points, "point"),
            self.space.voxel_size()[0],
            count((x * y) as u128),
            count(x as u128 * y as u128 * z as u128),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_copies_of_a_scan_in_two_grids_of_the_same_ground() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("new/scan.bin");
        let scene = |goal| {
            let source = Source::synthesize(&file).expect("a scan");
            source.scene(0.5, goal).expect("a scene")
        };
        let one = scene(1);
        assert_eq!((one.scans.batch(), one.scans.count()), (1, one.points));
        // A map is no smaller than half of the points, and no larger than all of them.
        let three = scene(4 * one.scans.bytes() as u128);
        assert_eq!(three.scans.batch(), 3);
        assert_eq!(three.scans.bytes(), 3 * one.scans.bytes());
        assert!(scene(u128::MAX).scans.batch() <= MOST_SCANS as usize);
        let [x, y, z] = one.space.shape();
        assert_eq!(one.ground.shape(), [x, y, 1]);
        assert!(x > 100 && y > 30 && z > 5, "{x} {y} {z}");
        assert_eq!(one.ground.min(), one.space.min());
        // The file is a scan as the command reads them.
        let again = Source::read(&file, Some("kitti".parse().expect("a format")));
        let again = again.expect("a scan").scene(0.5, 1).expect("a scene");
        assert_eq!(again.scans.bytes(), one.scans.bytes());
        assert_eq!(
            (again.title.as_str(), again.is_synthetic),
            ("scan.bin", false)
        );
    }

    #[test]
    fn cells_that_are_too_many_are_refused_in_words() {
        let folder = tempfile::tempdir().expect("a folder");
        let source = Source::synthesize(&folder.path().join("scan.bin")).expect("a scan");
        let error = source.scene(1e-3, 1).err().expect("too many");
        assert!(error.to_string().contains("--voxel"), "{error}");
    }
}
