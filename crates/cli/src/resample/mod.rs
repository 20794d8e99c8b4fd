//! How does a file become a resampled file?
//!
//! | module | question it answers |
//! |---|---|
//! | `help` | what is there to know beyond the options? |
//! | `format` | which kind of file is it? |
//! | `log` | what does a log hold, whichever file it came from? |
//! | `csv` | how does a table become a log? |
//! | `arrays` | how do arrays become a log? |
//! | `kinds` | what does `--kind` say? |
//! | `assign` | which kind does each column have? |
//! | `lookup` | which columns do the names in it mean? |
//! | `rotations` | are these columns whole rotations or poses, in the right order? |
//! | `limits` | which values are valid, and what becomes of the others? |
//! | `parts` | which columns does one call resample? |
//! | `apply` | how do a log's columns get onto the targets? |
//! | `write` | how does a log become a file? |

mod apply;
mod arrays;
mod assign;
pub(crate) mod csv;
mod format;
mod help;
mod kinds;
mod limits;
pub(crate) mod log;
mod lookup;
mod parts;
mod rotations;
mod write;

use crate::args::parse_rate;
use crate::console::{counted, note};
use crate::device::Choice;
use crate::failure::usage;
use crate::memory;
use crate::output::check_folder;
use crate::time::{Stamps, Unit, find, grid, per_interval};
use anyhow::{Result, bail};
use apply::{Applied, How, apply};
use format::Format;
use kinds::Wanted;
use limits::Limits;
use log::{Added, Block, Log};
use std::path::PathBuf;

/// Puts the columns of a log onto a clock of a fixed rate
///
/// Targets are t0 + k/rate, from the first sample's time t0 to the last sample's. The output keeps
/// the time column's name, unit and epoch and the columns' names and order.
#[derive(Debug, clap::Args)]
#[command(after_long_help = help::LONG)]
pub(crate) struct Args {
    /// The log: a .csv, .npz or .npy file
    input: PathBuf,

    /// The column of times: a column's name (CSV), an array's name (NPZ) or a column's index (NPY)
    #[arg(long, value_name = "COLUMN")]
    time: String,

    /// How many rows a second the output has
    #[arg(long, value_name = "HZ", value_parser = parse_rate, allow_hyphen_values = true)]
    rate: f64,

    /// The columns to keep, separated by commas; by default all numeric ones
    #[arg(long, value_name = "A,B")]
    columns: Vec<String>,

    /// How values between samples are made: KIND for all columns (by default linear), COLUMNS=KIND for
    /// some; can be given several times
    #[arg(long, value_name = "[COLUMNS=]KIND")]
    kind: Vec<Wanted>,

    #[command(flatten)]
    limits: Limits,

    /// Adds a column of true and false: whether the row was covered by samples in every column
    #[arg(long, value_name = "NAME")]
    mask: Option<String>,

    /// Adds a column: how many seconds old the newest sample that is not after the row was
    #[arg(long, value_name = "NAME")]
    age: Option<String>,

    /// Where it runs: auto, cpu or cuda:N. By default the first GPU, if the data are worth it
    #[arg(long, default_value = "auto")]
    device: Choice,

    /// The unit of the times, where neither their column's name nor their size tells
    #[arg(long, value_name = "UNIT")]
    time_unit: Option<Unit>,

    /// The file to write: .csv, .npz or .npy, whatever the input is
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
}

/// Runs `robocache resample`.
///
/// # Errors
/// Whatever is wrong with the arguments or the file, in words that name the place.
pub(crate) fn run(args: &Args) -> Result<()> {
    let format = Format::of(&args.input)?;
    let output = Format::of(&args.output)?;
    check_folder(&args.output)?;
    if args.columns.iter().any(|columns| columns.trim().is_empty()) {
        return Err(usage("--columns needs at least one name"));
    }
    args.limits.check(args.mask.is_some())?;
    let log = match format {
        Format::Csv => csv::read(&args.input, &args.time, &args.columns)?,
        Format::Npz => arrays::read_npz(&args.input, &args.time, &args.columns)?,
        Format::Npy => arrays::read_npy(&args.input, &args.time, &args.columns)?,
    };
    let mask = args.mask.iter().map(|name| ("--mask", name.as_str()));
    let age = args.age.iter().map(|name| ("--age", name.as_str()));
    write::check_added(&log, output, &mask.chain(age).collect::<Vec<_>>())?;
    let shares = assign::assign(&log, &args.kind)?;
    log.check_times()?;
    let found = find(&log.time.name, &log.time.stamps, args.time_unit)?;
    if let Some(by) = found.by {
        note(&format!(
            "the times in {:?} are taken as {} {by}; --time-unit overrides it",
            log.time.name, found.unit
        ));
    }
    let options = args.limits.options(&log.time.stamps, found.unit)?;
    let targets = targets(&log, found.unit, args.rate)?;
    write::check_exact(&log, output, &args.output)?;
    let how = How {
        device: &args.device.open(traffic(&log, &targets))?,
        options,
        age: args.age.is_some(),
    };
    let applied = apply(&log, &targets, &shares, &how)?;
    args.limits.tell(&applied.mask);
    let samples = log.time.stamps.len();
    let (blocks, added) = args.added(applied, found.unit);
    let resampled = log.with(targets, blocks, added);
    write::write(&resampled, output, &args.output)?;
    tracing::info!(
        "wrote {}: {} from {}",
        args.output.display(),
        counted(resampled.time.stamps.len(), "row"),
        counted(samples, "sample")
    );
    Ok(())
}

impl Args {
    /// The blocks, and what else was asked for by its names.
    fn added(&self, applied: Applied, unit: Unit) -> (Vec<Block>, Vec<(String, Added)>) {
        let per_second = unit.per_second() as f64;
        let seconds = applied
            .age
            .iter()
            .map(|&age| (f64::from(age) / per_second) as f32);
        let age = Added::Age(seconds.collect());
        let mask = Added::Mask(applied.mask);
        let added = self.mask.iter().cloned().zip([mask]);
        let added = added.chain(self.age.iter().cloned().zip([age]));
        (applied.blocks, added.collect())
    }
}

/// The targets of a log's clock, once it is clear that they and their values fit.
fn targets(log: &Log, unit: Unit, rate: f64) -> Result<Stamps> {
    let stamps = &log.time.stamps;
    if matches!(stamps, Stamps::Ticks(_)) && rate > unit.per_second() as f64 {
        bail!(
            "{}: the times in {:?} are integers in {unit}, in which targets at {rate} Hz would \
             coincide; convert the times to a finer unit",
            log.path.display(),
            log.time.name
        );
    }
    let count = per_interval(stamps, unit, rate);
    // What is beyond that is refused by `grid`, which names the rate.
    if count <= f64::from(i32::MAX) {
        let row: usize = log.blocks.iter().map(Block::bytes_per_row).sum();
        memory::ensure(
            count as u128 * (row as u128 + 8),
            &format!("the output at {rate} Hz, {count:.0} rows,"),
        )?;
    }
    Ok(log.time.rounded(grid(stamps, unit, rate)?))
}

/// Bytes that are read and written.
fn traffic(log: &Log, targets: &Stamps) -> u128 {
    let row: usize = log.blocks.iter().map(Block::bytes_per_row).sum();
    (log.time.stamps.len() as u128 + targets.len() as u128) * (row as u128 + 8)
}
