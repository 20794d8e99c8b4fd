//! Which variant is the fastest on this device?
//!
//! | module | question it answers |
//! |---|---|
//! | `measure` | what did a race find, and does a second look agree? |
//! | `defaults` | how do findings get into registry.toml? |

mod defaults;
mod measure;

use crate::console::{self, duration, note, table};
use crate::device::{Choice, Device};
use crate::failure::usage;
use anyhow::{Context, Result};
use measure::Finding;
use robocache::registry::tune::Effort;
use robocache::registry::{DeviceId, OpEntry, operations};
use std::path::PathBuf;

/// Measures every variant on this device and keeps which one is the fastest
///
/// What is found is kept in the user's cache folder, and later calls with problems of that kind take it.
/// A variant replaces the default only if it wins by 3 % and more often than luck explains.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// An operation; several may be named. Without it, all
    #[arg(long = "op", value_name = "NAME")]
    ops: Vec<String>,

    /// A problem to measure, such as "64x1000x512->500 f32"; several may be named. Without it, those that
    /// stand for the operation's use
    #[arg(long = "shape", value_name = "SHAPE", requires = "ops")]
    shapes: Vec<String>,

    /// Measure so many problems drawn at random instead
    #[arg(long, value_name = "N", conflicts_with = "shapes")]
    random: Option<u64>,

    /// What --random draws from, and the inputs are made of
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,

    /// Where: auto for the first GPU, if there is one, else the CPU; cpu or cuda:N
    #[arg(long, default_value = "auto")]
    device: Choice,

    /// Four times as many runs
    #[arg(long)]
    exhaustive: bool,

    /// Time the choice and the default once more afterwards, beside the default against itself
    #[arg(long)]
    verify: bool,

    /// Print JSON, with every sample
    #[arg(long)]
    json: bool,

    /// Write what was found into this registry.toml, as this model's defaults for everybody
    #[arg(long, value_name = "REGISTRY.TOML")]
    defaults: Option<PathBuf>,
}

/// Runs `robocache tune`.
///
/// # Errors
/// Arguments that make no sense; a device that cannot be had; whatever an operation reports.
pub(crate) fn run(args: &Args) -> Result<()> {
    let jobs = jobs(args)?;
    let device = device(args.device)?;
    let effort = if args.exhaustive {
        Effort::THOROUGH
    } else {
        Effort::QUICK
    };
    let bar = console::row_bar("tuning");
    let mut findings = Vec::new();
    let jobs: Vec<_> = jobs
        .into_iter()
        .flat_map(|job| job.shapes(args, device))
        .collect();
    bar.set_length(jobs.len() as u64);
    for (op, shape) in jobs {
        let finding = measure::tune(op, &shape, device, args.seed, effort, args.verify)
            .with_context(|| format!("{}: {shape}", op.name))?;
        findings.push(finding);
        bar.inc(1);
    }
    bar.finish_and_clear();
    if let Some(path) = &args.defaults {
        let changed = defaults::write(path, &findings)?;
        note(&format!("{}: {changed}", path.display()));
    }
    let text = if args.json {
        serde_json::to_string_pretty(&findings)? + "\n"
    } else {
        as_table(&findings)
    };
    Ok(console::print(&text)?)
}

struct Job(&'static OpEntry);

fn jobs(args: &Args) -> Result<Vec<Job>> {
    let all = operations();
    if let Some(unknown) = args
        .ops
        .iter()
        .find(|op| all.iter().all(|o| o.name != **op))
    {
        let names: Vec<_> = all.iter().map(|op| op.name).collect();
        return Err(usage(format!(
            "--op {unknown}: there is no such operation; there is {}",
            names.join(", ")
        )));
    }
    if args.shapes.len() > 1 && args.ops.len() > 1 {
        return Err(usage("--shape: name one operation with it".to_owned()));
    }
    let wanted = |op: &&OpEntry| args.ops.is_empty() || args.ops.iter().any(|o| o == op.name);
    Ok(all.into_iter().filter(wanted).map(Job).collect())
}

impl Job {
    fn shapes(&self, args: &Args, device: DeviceId) -> Vec<(&'static OpEntry, String)> {
        let workloads = self.0.workloads;
        let shapes = match args.random {
            // An operation without variants for a device has nothing to time there.
            Some(_) if (workloads.shapes)(device).is_empty() => Vec::new(),
            Some(count) => {
                let seeds = (0..count).map(|i| args.seed.wrapping_add(i));
                seeds.map(|seed| (workloads.random)(device, seed)).collect()
            }
            None if !args.shapes.is_empty() => args.shapes.clone(),
            None => (workloads.shapes)(device),
        };
        shapes.into_iter().map(|shape| (self.0, shape)).collect()
    }
}

/// The device to measure; says why, where it is not a GPU.
fn device(choice: Choice) -> Result<DeviceId> {
    match choice.open_gpu()? {
        None => Ok(DeviceId::Cpu),
        Some(Err(reason)) => {
            note(&format!("the CPU is measured: {reason}"));
            Ok(DeviceId::Cpu)
        }
        Some(Ok(device)) => Ok(match device {
            Device::Cpu => DeviceId::Cpu,
            #[cfg(feature = "cuda")]
            Device::Cuda(gpu) => DeviceId::Cuda(gpu.context.ordinal()),
        }),
    }
}

fn as_table(findings: &[Finding]) -> String {
    let row = |finding: &Finding| {
        let default = finding.median(&finding.default);
        let chosen = finding.median(&finding.choice);
        let others = finding
            .samples
            .iter()
            .filter(|s| s.variant != finding.choice);
        let others: Vec<_> = others
            .map(|s| {
                format!(
                    "{} {:+.0} %",
                    s.variant,
                    100.0 * (s.median() / chosen - 1.0)
                )
            })
            .collect();
        let again = finding.again.as_ref().map_or_else(String::new, |again| {
            format!("{:+.1} % (itself {:+.1} %)", again.gain(), again.noise())
        });
        vec![
            finding.shape.clone(),
            finding.choice.clone(),
            duration(chosen),
            if finding.choice == finding.default {
                "the default".to_owned()
            } else {
                format!(
                    "{:+.1} % against {}",
                    100.0 * (default / chosen - 1.0),
                    finding.default
                )
            },
            again,
            others.join(", "),
        ]
    };
    let rows: Vec<_> = findings.iter().map(row).collect();
    let header = ["PROBLEM", "FASTEST", "TIME", "GAIN", "AGAIN", "THE OTHERS"];
    table(&header, &[2], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_named_or_all() {
        let args = |ops: &[&str], shapes: usize| Args {
            ops: ops.iter().map(|&op| op.to_owned()).collect(),
            shapes: vec!["2x50x7->20".to_owned(); shapes],
            random: None,
            seed: 0,
            device: Choice::Cpu,
            exhaustive: false,
            verify: false,
            json: false,
            defaults: None,
        };
        let count = |args: &Args| jobs(args).map(|jobs| jobs.len()).ok();
        assert_eq!(count(&args(&[], 0)), Some(operations().len()));
        assert_eq!(count(&args(&["trajectory"], 1)), Some(1));
        assert_eq!(count(&args(&["trajectories"], 0)), None);
        let named = args(&["trajectory"], 2);
        let shapes = jobs(&named).expect("known")[0].shapes(&named, DeviceId::Cpu);
        assert_eq!(shapes.len(), 2);
        let random = Args {
            random: Some(5),
            ..args(&[], 0)
        };
        let drawn = jobs(&random).expect("known")[0].shapes(&random, DeviceId::Cpu);
        assert_eq!(drawn.len(), 5);
        assert_ne!(drawn[0].1, drawn[1].1);
    }
}
