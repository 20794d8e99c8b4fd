//! Where are the cells, if nobody says?

use super::numbers::{Range, Sizes};
use super::scans::Scans;
use anyhow::{Context, Result, bail};
use robocache::voxelize::Grid;

/// The grid of a range.
pub(super) fn within(range: &Range, sizes: &Sizes) -> Result<Grid> {
    Grid::from_range(range.min, range.max, sizes.0).context("--range and --voxel")
}

/// The grid around every finite point, from a multiple of the cell's size.
pub(crate) fn around(scans: &Scans, sizes: &Sizes) -> Result<Grid> {
    let Some([low, high]) = scans.bounds() else {
        bail!("the scans have no finite point: --range says where the grid is");
    };
    let (mut min, mut size, mut shape) = ([0f32; 3], [0f32; 3], [0usize; 3]);
    for axis in 0..3 {
        size[axis] = sizes.0[axis] as f32;
        min[axis] = corner(low[axis], sizes.0[axis]);
        let cells = last(high[axis], min[axis], size[axis], scans.is_f64()) + 1.0;
        if !(1.0..=f64::from(i32::MAX)).contains(&cells) {
            bail!(
                "--voxel {}: from {} to {} there would be {cells:.0} cells, expected fewer than 2^31",
                sizes.0[axis],
                low[axis],
                high[axis]
            );
        }
        shape[axis] = cells as usize;
    }
    Grid::new(min, size, shape).context("--voxel")
}

/// A multiple of the size that is not above the lowest coordinate, as f32.
fn corner(low: f64, size: f64) -> f32 {
    let corner = ((low / size).floor() * size) as f32;
    match f64::from(corner) <= low {
        true => corner,
        // A multiple need not be an f32, and the nearest one may lie above.
        false => ((low as f32).next_down()).min(corner.next_down()),
    }
}

/// The cell of the highest coordinate, reckoned as the contract says.
fn last(high: f64, min: f32, size: f32, is_f64: bool) -> f64 {
    let beyond = match is_f64 {
        true => (high - f64::from(min)) as f32,
        false => high as f32 - min,
    };
    f64::from((beyond / size).floor())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_are_multiples_that_are_not_above() {
        assert_eq!(corner(0.7, 0.5), 0.5);
        assert_eq!(corner(-0.7, 0.5), -1.0);
        assert_eq!(corner(-1.0, 0.5), -1.0);
        for low in [-75.2, 75.2, 0.1, 0.3, 1234.567, -0.1, 1e9, -1e9] {
            for low in [low, f64::from(low as f32)] {
                let corner = f64::from(corner(low, 0.1));
                assert!(
                    corner <= low && low - corner < 0.1001f64.max(low.abs() * 2e-7),
                    "{low}: {corner}"
                );
            }
        }
    }

    #[test]
    fn the_highest_point_is_in_the_last_cell() {
        assert_eq!(last(1.0, 0.0, 0.5, false), 2.0);
        assert_eq!(last(f64::from(1f32.next_down()), 0.0, 0.5, false), 1.0);
        assert_eq!(last(1e9 + 0.35, 1e9f32, 0.1, true), 3.0);
    }
}
