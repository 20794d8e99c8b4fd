//! What does the batch look like from above?

use anyhow::{Context, Result};
use robocache::voxelize::Grid;
use robocache_io::write_bytes;
use std::path::Path;

/// Pixels along an axis at most; larger grids are drawn several cells to a pixel.
const MOST_PIXELS: usize = 4096;

/// Nothing, then from few points to many: dark blue, violet, orange, pale yellow.
const NOTHING: [u8; 3] = [255, 255, 255];
const COLOURS: [[u8; 3]; 5] = [
    [28, 30, 92],
    [105, 32, 128],
    [186, 54, 85],
    [240, 116, 33],
    [252, 222, 120],
];

/// Points over each place of the ground, of all scans.
struct Ground {
    width: usize,
    height: usize,
    counts: Vec<u64>,
}

impl Ground {
    /// x to the right, y up.
    fn of(grid: Grid, cells: impl Iterator<Item = ([usize; 3], i32)>) -> Ground {
        let [xs, ys, _] = grid.shape();
        let scale = xs.max(ys).div_ceil(MOST_PIXELS);
        let (width, height) = (xs.div_ceil(scale), ys.div_ceil(scale));
        let mut counts = vec![0; width * height];
        for ([_, x, y], count) in cells {
            let row = height - 1 - y / scale;
            counts[row * width + x / scale] += count as u64;
        }
        Ground {
            width,
            height,
            counts,
        }
    }

    /// Colours by the logarithm: a wall has a thousand points where the ground has one.
    fn pixels(&self) -> Vec<u8> {
        let most = self.counts.iter().max().copied().unwrap_or(0);
        let scale = (most as f64).ln().max(f64::MIN_POSITIVE);
        let colour = |&count: &u64| match count {
            0 => NOTHING,
            count => between((count as f64).ln() / scale),
        };
        self.counts.iter().flat_map(colour).collect()
    }
}

/// The colour at a place between the first and the last.
fn between(at: f64) -> [u8; 3] {
    let at = at.clamp(0.0, 1.0) * (COLOURS.len() - 1) as f64;
    let low = (at as usize).min(COLOURS.len() - 2);
    let rest = at - low as f64;
    let mix = |channel: usize| {
        let [a, b] = [COLOURS[low][channel], COLOURS[low + 1][channel]].map(f64::from);
        (a + rest * (b - a)).round() as u8
    };
    [mix(0), mix(1), mix(2)]
}

/// A PNG of cells, each given by its cloud, x and y, with its points.
pub(crate) fn encode(
    grid: Grid,
    cells: impl Iterator<Item = ([usize; 3], i32)>,
) -> Result<Vec<u8>, png::EncodingError> {
    let ground = Ground::of(grid, cells);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, ground.width as u32, ground.height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&ground.pixels())?;
    writer.finish()?;
    Ok(bytes)
}

/// Writes it to a file.
pub(super) fn write(
    path: &Path,
    grid: Grid,
    cells: impl Iterator<Item = ([usize; 3], i32)>,
) -> Result<()> {
    let named = || format!("{}: the picture", path.display());
    let bytes = encode(grid, cells).with_context(named)?;
    Ok(write_bytes(path, &bytes)?)
}
