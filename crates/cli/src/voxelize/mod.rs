//! How do scans become voxels?
//!
//! | module | question it answers |
//! |---|---|
//! | `help` | what is there to know beyond the options? |
//! | `numbers` | what do `--voxel` and `--range` say? |
//! | `scans` | how do files become one batch of clouds? |
//! | `grid` | where are the cells, if nobody says? |
//! | `reductions` | what can be wanted of each cell? |
//! | `fill` | which arrays come out, on whichever device? |
//! | `dense` | how are all cells of the grid filled? |
//! | `write` | how do they become a file? |
//! | `image` | what does the batch look like from above? |

mod dense;
mod fill;
pub(crate) mod grid;
mod help;
pub(crate) mod image;
pub(crate) mod numbers;
mod reductions;
pub(crate) mod scans;
#[cfg(all(test, feature = "cuda"))]
mod tests;
mod write;

use crate::console::{count, counted, note};
use crate::device::Choice;
use crate::failure::usage;
use crate::output::check_folder;
use anyhow::Result;
use fill::Job;
use numbers::{Range, Sizes};
use reductions::Reduction;
use robocache::voxelize::{Determinism, Options, Outside};
use scans::Form;
use std::path::PathBuf;

/// Puts the points of scans into the cells of a grid
///
/// A point is in cell floor((p - min) / voxel) along each axis, in 32-bit floats with IEEE division. Several scans make
/// a batch.
#[derive(Debug, clap::Args)]
#[command(after_long_help = help::LONG)]
pub(crate) struct Args {
    /// The scans
    #[arg(required = true, value_name = "SCAN")]
    scans: Vec<PathBuf>,

    /// kitti, nuscenes, pcd, npy or csv, where a file does not tell by itself; or how many 32-bit floats a
    /// point has in files of nothing else
    #[arg(long, value_name = "FORMAT")]
    format: Option<Form>,

    /// How wide a cell is: one size for all axes, or three separated by commas
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    voxel: Sizes,

    /// Where the grid begins and ends; by default around every finite point
    #[arg(long, value_name = "X0,Y0,Z0,X1,Y1,Z1", allow_hyphen_values = true)]
    range: Option<Range>,

    /// What is wanted of each cell, separated by commas: count, occupancy, first, sum, mean, max, min
    #[arg(
        long,
        value_name = "A,B",
        value_delimiter = ',',
        default_value = "count"
    )]
    reduce: Vec<Reduction>,

    /// Only cells that have points, with their coordinates
    #[arg(long)]
    sparse: bool,

    /// Points outside of the range go to the cells at its border instead of being dropped
    #[arg(long, requires = "range")]
    clamp: bool,

    /// Where it runs: auto, cpu or cuda:N. By default the first GPU, if the scans are worth it
    #[arg(long, default_value = "auto")]
    device: Choice,

    /// The NPZ file to write
    #[arg(short, long, value_name = "OUT.npz")]
    output: PathBuf,

    /// A picture from above to write: how many points there are over each cell of the ground
    #[arg(long, value_name = "OUT.png")]
    image: Option<PathBuf>,
}

/// Runs `robocache voxelize`.
///
/// # Errors
/// Whatever is wrong with the arguments or the files, in words that name the place.
pub(crate) fn run(args: &Args) -> Result<()> {
    check_folder(&args.output)?;
    if args
        .output
        .extension()
        .is_none_or(|extension| extension != "npz")
    {
        return Err(usage(format!(
            "{}: expected a file that ends in .npz",
            args.output.display()
        )));
    }
    if let Some(image) = &args.image {
        check_folder(image)?;
    }
    if args.sparse && args.reduce.contains(&Reduction::Occupancy) {
        return Err(usage(
            "--reduce occupancy: with --sparse every cell has points",
        ));
    }
    let scans = scans::read(&args.scans, args.format)?;
    let grid = match &args.range {
        Some(range) => grid::within(range, &args.voxel)?,
        None => grid::around(&scans, &args.voxel)?,
    };
    let job = Job {
        scans: &scans,
        grid,
        wanted: &args.reduce,
        sparse: args.sparse,
        options: options(args.clamp),
    };
    let filled = job.run(&args.device.open(job.traffic())?)?;
    if filled.points < scans.count() {
        note(&format!(
            "{} of {} are in no cell",
            count((scans.count() - filled.points) as u128),
            counted(scans.count(), "point")
        ));
    }
    if let Some(path) = &args.image {
        image::write(path, grid, filled.columns_of_cells())?;
    }
    write::write(&args.output, grid, &filled)?;
    tracing::info!(
        "wrote {}: {} from {}",
        args.output.display(),
        counted(filled.voxels, "voxel"),
        counted(args.scans.len(), "scan")
    );
    Ok(())
}

/// Those that make the same file on every machine and device.
fn options(clamp: bool) -> Options {
    let outside = match clamp {
        true => Outside::Clamp,
        false => Outside::Drop,
    };
    Options::default()
        .outside(outside)
        .determinism(Determinism::CpuEqualsGpu)
}
