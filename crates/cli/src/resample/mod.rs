//! How does a file become a resampled file?
//!
//! | module | question it answers |
//! |---|---|
//! | `format` | which kind of file is it? |
//! | `log` | what does a log hold, whichever file it came from? |
//! | `csv` | how does a table become a log? |
//! | `arrays` | how do arrays become a log? |
//! | `write` | how does a log become a file? |

mod arrays;
pub(crate) mod csv;
mod format;
pub(crate) mod log;
mod write;

use crate::args::parse_rate;
use crate::console::{self, counted, note};
use crate::device::{Choice, Device};
use crate::engine::{Job, options};
use crate::failure::usage;
use crate::memory;
use crate::time::{Stamps, Unit, find, grid, per_interval};
use anyhow::{Result, bail};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use format::Format;
use log::{Block, Data, Log};
use robocache::Element;
use robocache::trajectory::Kind;
use std::path::PathBuf;

/// Puts the columns of a log onto a clock of a fixed rate
///
/// Targets are t0 + k/rate, from the first sample's time t0 to the last sample's. The output keeps
/// the time column's name, unit and epoch and the columns' names and order.
#[derive(Debug, clap::Args)]
#[command(after_long_help = LONG_HELP)]
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

    /// How values between samples are made
    #[arg(long, default_value = "linear", value_parser = kinds())]
    kind: Kind,

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

const LONG_HELP: &str = "\
Kinds:
  linear    on the straight line between the two neighbours
  previous  the newest sample that is not after the target (zero-order hold)
  next      the oldest sample that is not before the target
  nearest   the nearer neighbour, the earlier one if both are equally far

Times:
  Floating point is seconds; a unit in the column's name (t_ms, \"stamp [us]\") or stamps too large
  for seconds say otherwise. Integers take their unit from the name, else from their size as Unix
  time; --time-unit overrides both. Times must not decrease. Integers stay integers: target k is
  t0 + k/rate rounded to the nearest tick.

CSV:
  Values are resampled in 64-bit floating point. Columns of true and false count as 1 and 0, empty
  cells and nan are missing values and stay NaN. Columns of text are skipped with a note.

NPZ:
  --time names the array of times [S]. Every other array whose first dimension is S is a stream
  [S, ...] and becomes [T, ...]; the rest is copied unchanged. f16, f32 and f64 arrays keep their
  type; integers and booleans become f64, for the hold kinds too.

NPY:
  One array [S, columns]; --time is the index of its column of times, counted from 0, and --columns
  are indices too. A file of one type cannot hold integer stamps beside fractions: such a log is
  best written as .npz.

Examples:
  robocache resample log.csv --time timestamp --rate 50 -o log_50hz.csv
  robocache resample imu.csv --time '#timestamp [ns]' --rate 200 --kind previous -o imu.npz
  robocache resample run.npz --time t --columns q,qd --rate 100 --device cuda:0 -o run_100hz.npz";

fn kinds() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(Kind::ALL.map(Kind::name))
        .map(|name| Kind::from_name(&name).unwrap_or_default())
}

/// Runs `robocache resample`.
///
/// # Errors
/// Whatever is wrong with the arguments or the file, in words that name the place.
pub(crate) fn run(args: &Args) -> Result<()> {
    let format = Format::of(&args.input)?;
    let output = Format::of(&args.output)?;
    write::check_folder(&args.output)?;
    if args.columns.iter().any(|columns| columns.trim().is_empty()) {
        return Err(usage("--columns needs at least one name"));
    }
    let log = match format {
        Format::Csv => csv::read(&args.input, &args.time, &args.columns)?,
        Format::Npz => arrays::read_npz(&args.input, &args.time, &args.columns)?,
        Format::Npy => arrays::read_npy(&args.input, &args.time, &args.columns)?,
    };
    log.check_times()?;
    let found = find(&log.time.name, &log.time.stamps, args.time_unit)?;
    if let Some(by) = found.by {
        note(&format!(
            "the times in {:?} are taken as {} {by}; --time-unit overrides it",
            log.time.name, found.unit
        ));
    }
    let targets = targets(&log, found.unit, args.rate)?;
    write::check_exact(&log, output, &args.output)?;
    let device = args.device.open(traffic(&log, &targets))?;
    let samples = log.time.stamps.len();
    let resampled = apply(log, targets, args.kind, &device)?;
    write::write(&resampled, output, &args.output)?;
    tracing::info!(
        "wrote {}: {} from {}",
        args.output.display(),
        counted(resampled.time.stamps.len(), "row"),
        counted(samples, "sample")
    );
    Ok(())
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

/// The log with every block on the targets.
fn apply(log: Log, targets: Stamps, kind: Kind, device: &Device) -> Result<Log> {
    let mut blocks = Vec::with_capacity(log.blocks.len());
    for block in &log.blocks {
        let data = match &block.data {
            Data::F16(data) => Data::F16(one(data, block, &log, &targets, kind, device)?),
            Data::F32(data) => Data::F32(one(data, block, &log, &targets, kind, device)?),
            Data::F64(data) => Data::F64(one(data, block, &log, &targets, kind, device)?),
        };
        let fields = block.fields.clone();
        blocks.push(Block { fields, data });
    }
    Ok(log.with(targets, blocks))
}

fn one<T: Element + Default>(
    data: &[T],
    block: &Block,
    log: &Log,
    targets: &Stamps,
    kind: Kind,
    device: &Device,
) -> Result<Vec<T>> {
    let bar = console::row_bar("resampling");
    let job = Job {
        data,
        columns: block.width(),
        source: &log.time.stamps,
        target: targets,
        options: options(kind, None),
    };
    let done = job.run(device, &bar)?;
    bar.finish_and_clear();
    Ok(done.values)
}
