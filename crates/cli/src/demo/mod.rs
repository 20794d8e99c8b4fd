//! What is there to see and to measure?
//!
//! | module | question it answers |
//! |---|---|
//! | `session` | which streams are resampled? |
//! | `clock` | which targets do all streams share? |
//! | `run` | what does each device make of the streams, and is it the same? |
//! | `batch` | what does a batch for training look like, cut from the log? |
//! | `measure` | how long does a device take for it, beside a copy of the same bytes? |
//! | `voxels` | what does each device make of a scan? |
//! | `page` | what is shown? |

mod batch;
mod clock;
mod measure;
mod page;
mod run;
mod session;
mod voxels;

use crate::args::parse_rate;
use crate::console::{self, counted, duration, note, table};
use crate::device::{Choice, Device};
use crate::failure::usage;
use crate::report::ScanReport;
use crate::robot_log::MAX_SECONDS;
use crate::time::Unit;
use crate::voxelize::scans::Form;
use anyhow::{Context, Result};
use batch::Batch;
use measure::Measured;
use page::Shown;
use run::Resampled;
use session::Session;
use std::path::PathBuf;
use voxels::{Scene, Source};

/// Resamples a robot's log and voxelizes a scan on every device, measures and draws both
///
/// Without --data a log is made up: a seven-joint arm at 100 Hz with jitter and a stall, its pose at
/// 200 Hz and a gripper at 30 Hz. The streams are put onto one clock on the best device found and on
/// the CPU, which have to agree bit for bit. Then a batch for training, cut from the log, is measured
/// beside a memory copy of the same bytes.
///
/// A lidar's scan of a street is made up likewise, unless --scan or --data is given. A batch of it
/// becomes a map of the ground and the voxels of space, which have to agree bit for bit too, and are
/// measured. The page DIR/index.html shows all of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A CSV log to use in place of a synthetic one
    #[arg(long, value_name = "FILE", requires = "time")]
    data: Option<PathBuf>,

    /// The column of times in that log
    #[arg(long, value_name = "COLUMN", requires = "data")]
    time: Option<String>,

    /// The unit of those times, where neither their column's name nor their size tells
    #[arg(long, value_name = "UNIT", requires = "data")]
    time_unit: Option<Unit>,

    /// The rate of the common clock, in samples per second
    #[arg(long, value_name = "HZ", default_value = "50", value_parser = parse_rate, allow_hyphen_values = true)]
    rate: f64,

    /// The length of the synthetic log, in seconds
    #[arg(long, value_name = "S", default_value = "30", value_parser = parse_seconds, allow_hyphen_values = true, conflicts_with = "data")]
    seconds: f64,

    /// A scan to use in place of a synthetic one: KITTI, nuScenes, PCD, NPY or CSV
    #[arg(long, value_name = "FILE")]
    scan: Option<PathBuf>,

    /// kitti, nuscenes, pcd, npy or csv, where that file does not tell by itself; or how many 32-bit
    /// floats a point has
    #[arg(long, value_name = "FORMAT", requires = "scan")]
    scan_format: Option<Form>,

    /// How wide the cells are that the scan is put into, in its unit; 0.2 without it
    #[arg(long, value_name = "SIZE", value_parser = parse_voxel, allow_hyphen_values = true)]
    voxel: Option<f64>,

    /// The folder for the page, the log and the scan
    #[arg(long, value_name = "DIR", default_value = "target/demo")]
    out: PathBuf,

    /// Where it runs beside the CPU: auto for the first GPU, if there is one, cpu or cuda:N
    #[arg(long, default_value = "auto")]
    device: Choice,
}

/// How wide cells are if nobody says.
const VOXEL: f64 = 0.2;

fn parse_seconds(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(seconds) if (1.0..=MAX_SECONDS).contains(&seconds) => Ok(seconds),
        _ => Err(format!(
            "expected a number of seconds from 1 to {MAX_SECONDS}"
        )),
    }
}

fn parse_voxel(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(size) if size > 0.0 && size.is_finite() => Ok(size),
        _ => Err("a cell's size is a number above zero".to_owned()),
    }
}

/// Runs `robocache demo`.
///
/// # Errors
/// What is wrong with the log, the scan, the device or the folder; and if two devices disagree.
pub(crate) fn run(args: &Args) -> Result<()> {
    if args.voxel.is_some() && args.data.is_some() && args.scan.is_none() {
        return Err(usage("--voxel needs --scan beside --data"));
    }
    let session = match (&args.data, &args.time) {
        (Some(data), Some(time)) => Session::read(data, time, args.time_unit)?,
        (None, _) => Session::synthesize(args.seconds, &args.out.join("log"))?,
        (Some(_), None) => return Err(usage("--data needs --time")),
    };
    let targets = clock::common(&session, args.rate)?;
    let devices = devices(args.device)?;
    // What is wrong with a scan is said before anything is measured.
    let goal = measure::goal(&devices);
    let scene = args
        .scan()?
        .map(|scan| scan.scene(args.voxel.unwrap_or(VOXEL), goal));
    let scene = scene.transpose()?;

    console::print(&session.describe(&targets, args.rate))?;
    let mut made = Vec::new();
    for device in &devices {
        // The first time also loads the kernels, and compiles them where that was never done.
        run::resample(&session, &targets, device, None)?;
        made.push(run::resample(&session, &targets, device, None)?);
    }
    let reference = run::reference(&session, &targets)?;
    console::print(&resampled_table(&session, &made))?;
    let agreement = run::agreement(&session, &made, &reference)?;
    console::print(&format!("\n{agreement}\n"))?;

    let measured = measure(&session, &devices)?;
    if !measured.is_empty() {
        console::print(&measured_table(&measured))?;
    }

    let scan = scene.map(|scene| show(&scene, &devices)).transpose()?;

    let best = made.first().context("there is no device at all")?;
    let path = args.out.join("index.html");
    std::fs::create_dir_all(&args.out).with_context(|| args.out.display().to_string())?;
    let shown = Shown {
        session: &session,
        rate: args.rate,
        targets: &targets,
        best,
        measured: &measured,
        agreement: &agreement,
        scan,
    };
    page::write(&path, shown)?;
    Ok(console::print(&format!("\nSee {}\n", path.display()))?)
}

impl Args {
    /// The scan that is asked for; a made-up one where the log is made up, too.
    fn scan(&self) -> Result<Option<Source>> {
        match &self.scan {
            Some(file) => Source::read(file, self.scan_format).map(Some),
            None if self.data.is_some() => Ok(None),
            None => Source::synthesize(&self.out.join("scan.bin")).map(Some),
        }
    }
}

/// Voxelizes a scan on devices, prints what came out and returns what the page shows.
fn show(scene: &Scene, devices: &[Device]) -> Result<ScanReport> {
    console::print(&scene.describe())?;
    let voxelized = voxels::voxelize(scene, devices)?;
    console::print(&measured_table(&voxelized.measured))?;
    let each = voxelized.each(scene).join("\n");
    console::print(&format!("\n{each}\n\n{}\n", voxelized.agreement))?;
    voxelized.report(scene)
}

/// The GPU, if there is one and it is wanted, and the CPU.
fn devices(choice: Choice) -> Result<Vec<Device>> {
    let mut devices = Vec::new();
    match choice.open_gpu()? {
        Some(Ok(gpu)) => devices.push(gpu),
        Some(Err(reason)) => note(&format!("only the CPU is used: {reason}")),
        None => {}
    }
    devices.push(Device::Cpu);
    Ok(devices)
}

fn resampled_table(session: &Session, made: &[Resampled]) -> String {
    let mut rows = Vec::new();
    for (at, stream) in session.streams.iter().enumerate() {
        for run in made {
            let part = &run.streams[at];
            let invalid = part.mask.iter().filter(|&&valid| !valid).count();
            rows.push(vec![
                stream.name.clone(),
                run.device.clone(),
                part.variants.join(" "),
                console::count(stream.stamps.len() as u128),
                console::count(part.mask.len() as u128),
                console::count(invalid as u128),
                duration(part.micros),
            ]);
        }
    }
    let header = [
        "STREAM",
        "DEVICE",
        "VARIANT",
        "SAMPLES",
        "TARGETS",
        "IN GAPS",
        "WITH COPIES",
    ];
    format!("\n{}", table(&header, &[3, 4, 5, 6], &rows))
}

fn measure(session: &Session, devices: &[Device]) -> Result<Vec<Measured>> {
    let Some(batch) = Batch::cut(session, measure::goal(devices)) else {
        note("the log is too short to cut a batch from; nothing is measured");
        return Ok(Vec::new());
    };
    console::print(&format!(
        "\nA batch for training: {} of {}, {} of each to {}, in f32\n",
        counted(batch.windows, "window"),
        counted(batch.samples, "sample"),
        counted(batch.columns, "column"),
        counted(batch.targets, "target"),
    ))?;
    let mut measured = Vec::new();
    for device in devices {
        let bar = console::spinner("measuring");
        let (figures, values) = measure::on(device, &batch)?;
        bar.finish_and_clear();
        measured.push((figures, values));
    }
    let mut all = measured.into_iter();
    let Some((first, values)) = all.next() else {
        return Ok(Vec::new());
    };
    let mut figures = vec![first];
    for (other, found) in all {
        run::same_f32(&figures[0], &values, &other, &found)?;
        figures.push(other);
    }
    Ok(figures)
}

fn measured_table(measured: &[Measured]) -> String {
    let rows: Vec<Vec<String>> = measured
        .iter()
        .map(|run| {
            vec![
                run.device.clone(),
                run.variant.to_owned(),
                run.shape.clone(),
                duration(run.micros),
                format!("{:.1}", run.gigabytes_per_second),
                format!("{:.1}", run.copy_gigabytes_per_second),
                format!(
                    "{:.0} %",
                    100.0 * run.gigabytes_per_second / run.copy_gigabytes_per_second
                ),
            ]
        })
        .collect();
    let header = [
        "DEVICE",
        "VARIANT",
        "SHAPE",
        "TIME",
        "GB/S",
        "COPY GB/S",
        "OF COPY",
    ];
    table(&header, &[3, 4, 5, 6], &rows)
}
