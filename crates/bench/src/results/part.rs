//! What is kept of one shape with one seed?

use crate::protocol::Launches;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the files.
pub const FORMAT: u32 = 1;

/// Names and values.
pub type Facts = BTreeMap<String, String>;

/// Everything about one shape with one seed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The version of the files.
    pub format: u32,
    /// The operation's name.
    pub operation: String,
    /// What all parts of a file have in common.
    pub setup: Setup,
    /// What was measured.
    pub measured: Measured,
}

/// What was measured of one shape with one seed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The shape, in the operation's syntax.
    pub shape: String,
    /// What the numbers depend on.
    pub seed: u64,
    /// The bytes that have to move.
    pub bytes: u64,
    /// The variant that runs where nothing was measured.
    pub untuned: String,
    /// The variant that a race on this device chose, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuned: Option<String>,
    /// How the machine was.
    pub state: State,
    /// Who did not take part, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// The samples.
    pub series: Vec<Series>,
    /// What launches cost on the host, with one shape of each seed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub launches: Vec<Launches>,
}

/// What has to be the same wherever samples are put together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// `cpu` or `cuda:N`.
    pub device: String,
    /// What the driver or the system tells of the device: `model` and more.
    pub facts: Facts,
    /// The model of the host's CPU.
    pub host: String,
    /// Our own version.
    pub package: String,
    /// The commit that was built.
    pub commit: String,
    /// Runs of a block, between which contenders change.
    pub block: usize,
    /// Runs before each block that do not count.
    pub warmup: usize,
}

/// How the machine was while a part was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Seconds since 1970.
    pub time: u64,
    /// The load averages over 1, 5 and 15 minutes, as Linux tells them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<[f64; 3]>,
    /// What `nvidia-smi` says: clocks, temperature, power, throttling, other programs.
    #[serde(default, skip_serializing_if = "Facts::is_empty")]
    pub gpu: Facts,
    /// The command, without its folders.
    pub command: String,
    /// What each contender is made of.
    pub versions: BTreeMap<String, Facts>,
}

/// A contender or a subject that did not take part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LeftOut {
    /// Its name.
    pub name: String,
    /// Why, in its own words where it has some.
    pub reason: String,
}

/// The samples of one thing that was timed, in the order in which they were taken.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Who: `robocache` or a peer.
    pub contender: String,
    /// What: a variant, `copy`, `twin`, `planted`, or what the peer calls it.
    pub subject: String,
    /// How its result is another one than ours, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub differs: String,
    /// Microseconds with cold caches.
    pub cold: Vec<f64>,
    /// Microseconds with warm caches.
    pub warm: Vec<f64>,
    /// Microseconds that the host was busy; empty for the CPU, where that is all of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub host: Vec<f64>,
}

/// The contender that we are.
pub const OURS: &str = "robocache";
/// The untuned variant once more, as if it was another one.
pub const TWIN: &str = "twin";
/// The untuned variant with a delay.
pub const PLANTED: &str = "planted";
/// The planted delay, as a share of the median.
pub const PLANTED_SHARE: f64 = 0.06;

/// Rounds to at most three digits after the point and at most five in all before rounding would matter:
/// more are below what clocks resolve, and files stay small.
pub fn rounded(value: f64) -> f64 {
    if !value.is_finite() || value == 0.0 {
        return value;
    }
    let digits = (4 - value.abs().log10().floor() as i32).clamp(0, 3);
    let scale = 10f64.powi(digits);
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_what_clocks_resolve() {
        for (value, short) in [
            (12.345_678, "12.346"),
            (0.001_234, "0.001"),
            (123.456_78, "123.46"),
            (4_321.987, "4322"),
            (98_765_432.1, "98765432"),
            (0.0, "0"),
        ] {
            assert_eq!(format!("{}", rounded(value)), short);
        }
    }
}
