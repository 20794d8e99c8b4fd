//! What was asked for on the command line?

use crate::device::Choice;
use crate::plant::Plant;
use clap::Parser;
use std::path::PathBuf;
use std::time::Duration;

/// Random cases of every operation on every variant for hours, with an eye on memory and latency
///
/// Exits with 0 for a pass, 1 for a failure of any sort, and 2 if the run was too short to tell.
#[derive(Parser, Debug, Clone)]
#[command(name = "robocache-soak", version)]
pub struct Options {
    /// Hours to run
    #[arg(long, required_unless_present_any = ["smoke", "repeat"], value_parser = hours)]
    pub hours: Option<f64>,
    /// Devices: cpu, cuda:N, or auto for all there are
    #[arg(long, num_args = 1.., value_delimiter = ',', default_value = "auto")]
    pub device: Vec<Choice>,
    /// Operations; without it every one
    #[arg(long, num_args = 1.., value_delimiter = ',')]
    pub ops: Vec<String>,
    /// Seed of the cases; without it one that nobody chose
    #[arg(long)]
    pub seed: Option<u64>,
    /// Threads that run cases; without it one for each processor, from 2 to 16
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Folder of the report; a report that is there is continued
    #[arg(long, default_value = "target/soak")]
    pub report: PathBuf,
    /// Plants a fault, which the run must find
    #[arg(long)]
    pub plant: Option<Plant>,
    /// Judges correctness and plumbing alone, in 20 seconds unless --hours says otherwise
    #[arg(long)]
    pub smoke: bool,
    /// Runs one case and prints what happens: OPERATION:SEED, or OPERATION:SEED:VARIANT
    #[arg(long, value_name = "OP:SEED[:VARIANT]", conflicts_with_all = ["smoke", "hours", "plant"])]
    pub repeat: Option<Repeat>,
    /// Commit of the sources, for the report
    #[arg(long, hide = true)]
    pub commit: Option<String>,
}

/// One case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// The operation.
    pub op: String,
    /// The case's seed.
    pub seed: u64,
    /// The only variant to run it on.
    pub variant: Option<String>,
}

impl std::str::FromStr for Repeat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut words = text.splitn(3, ':');
        let op = words.next().filter(|op| !op.is_empty());
        let seed = words.next().and_then(|seed| seed.parse().ok());
        match (op, seed) {
            (Some(op), Some(seed)) => Ok(Repeat {
                op: op.to_owned(),
                seed,
                variant: words.next().map(str::to_owned),
            }),
            _ => Err("expected OPERATION:SEED or OPERATION:SEED:VARIANT".into()),
        }
    }
}

fn hours(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(hours) if 0.0 < hours && hours <= 10_000.0 => Ok(hours),
        _ => Err("expected a number above 0".into()),
    }
}

/// How long a smoke run takes.
const SMOKE: Duration = Duration::from_secs(20);

impl Options {
    /// How long to run.
    pub fn duration(&self) -> Duration {
        self.hours
            .map_or(SMOKE, |hours| Duration::from_secs_f64(hours * 3600.0))
    }

    /// How many threads run cases.
    pub fn workers(&self) -> usize {
        let processors = std::thread::available_parallelism().map_or(2, |n| n.get());
        self.threads
            .map_or_else(|| processors.clamp(2, 16), usize::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Options, clap::Error> {
        Options::try_parse_from([&["soak"], words].concat())
    }

    #[test]
    fn what_is_needed_and_what_excludes_what() {
        assert_eq!(
            parsed(&["--hours", "0.5"]).unwrap().duration().as_secs(),
            1800
        );
        assert_eq!(parsed(&["--smoke"]).unwrap().duration(), SMOKE);
        let several = parsed(&["--smoke", "--device", "cpu", "cuda:1", "--ops", "a,b"]).unwrap();
        assert_eq!((several.device.len(), several.ops.len()), (2, 2));
        for bad in [
            &[][..],
            &["--hours", "0"],
            &["--hours", "NaN"],
            &["--hours", "1", "--device", "gpu"],
            &["--hours", "1", "--threads", "0"],
            &["--hours", "1", "--plant", "nothing"],
            &["--repeat", "trajectory"],
            &["--repeat", "trajectory:1", "--smoke"],
        ] {
            assert!(parsed(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_case_is_named_by_operation_seed_and_variant() {
        let repeat = |text: &str| text.parse::<Repeat>();
        assert_eq!(
            repeat("trajectory:18446744073709551615:trajectory.scalar.cpu"),
            Ok(Repeat {
                op: "trajectory".into(),
                seed: u64::MAX,
                variant: Some("trajectory.scalar.cpu".into()),
            })
        );
        assert_eq!(repeat("a:7").map(|repeat| repeat.variant), Ok(None));
        for bad in ["", ":1", "a", "a:", "a:-1", "a:x:v"] {
            assert!(repeat(bad).is_err(), "{bad}");
        }
    }
}
