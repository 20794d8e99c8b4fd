//! What is kept of one run, and what follows from it?

use crate::judge::{self, Trend, Verdict, judged};
use crate::limits::{CALM, VARIATION};
use crate::plant::Plant;
use crate::sample::{Role, Series};
use crate::slope::{Point, variation};
use crate::tally::Tally;
use crate::telemetry::Reading;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// It has not, or it was killed.
    Running,
    /// Its time was up.
    Done,
    /// Somebody asked it to.
    Signal,
    /// A fault was certain.
    Fault,
}

/// A device that a run used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceFacts {
    /// `cpu` or `cuda:N`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The driver, if it has one.
    pub driver: Option<String>,
}

/// What a probe ran.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbeFacts {
    /// Operation and device.
    pub name: String,
    /// Case and variant.
    pub runs: String,
}

/// How steady latency was, in windows of equal duration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Steadiness {
    /// Operation and device.
    pub probe: String,
    /// Of each window: its first second, the coefficient of variation of the bursts' latencies, and those of
    /// the yardstick's and of the latencies beside it.
    pub windows: Vec<[f64; 4]>,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What follows from it.
    pub verdict: Verdict,
    /// What it is, in words.
    pub what: String,
}

/// One run of the program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Seconds since 1970 at its start.
    pub started: u64,
    /// How long it ran, in seconds.
    pub seconds: f64,
    /// How long it was meant to run, in seconds.
    pub planned: f64,
    /// How it ended.
    pub end: End,
    /// Whether correctness and plumbing alone were judged.
    pub smoke: bool,
    /// The planted fault.
    pub plant: Option<Plant>,
    /// The seed of its cases.
    pub seed: u64,
    /// Its threads that ran cases.
    pub threads: usize,
    /// The library's version.
    pub version: String,
    /// The commit, if it was told.
    pub commit: Option<String>,
    /// Its devices.
    pub devices: Vec<DeviceFacts>,
    /// Its probes.
    pub probes: Vec<ProbeFacts>,
    /// What was counted.
    pub tally: Tally,
    /// What was sampled.
    pub series: Vec<Series>,
    /// How each series moved.
    pub trends: BTreeMap<String, Trend>,
    /// How steady latency was.
    pub steadiness: Vec<Steadiness>,
    /// What `nvidia-smi` said.
    pub telemetry: Vec<Reading>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
    /// What was found.
    pub findings: Vec<Finding>,
}

impl Segment {
    /// Judges it by the samples given, of which the segment itself may keep fewer.
    pub fn judge(&mut self, series: &[Series]) {
        self.trends = trends(&[series]);
        self.steadiness = steadiness(series);
        let mut findings = self.correctness();
        if self.smoke {
            findings.extend(self.plumbing());
        } else {
            findings.extend(slopes(series, &self.trends));
            findings.extend(self.steadiness.iter().map(steady));
        }
        self.findings = findings;
    }

    /// What all findings amount to.
    pub fn verdict(&self) -> Verdict {
        worst(&self.findings)
    }

    fn correctness(&self) -> Vec<Finding> {
        let tally = &self.tally;
        let pass = tally.failed == 0 && tally.cases > 0;
        let what = match (tally.failed, tally.cases) {
            (_, 0) => "no case was run".to_owned(),
            (0, cases) => format!(
                "{cases} cases, {} outputs held against the oracle and {} against another variant's, \
                 all of them right",
                tally.checks, tally.comparisons
            ),
            (failed, cases) => format!("{failed} failures in {cases} cases"),
        };
        vec![finding(
            if pass { Verdict::Pass } else { Verdict::Fail },
            what,
        )]
    }

    /// What a smoke run asks of everything but the results.
    fn plumbing(&self) -> Vec<Finding> {
        let mut missing: Vec<String> = self
            .tally
            .idle()
            .into_iter()
            .map(|idle| format!("no variant of {idle} gave an output"))
            .collect();
        if self.tally.checks == 0 {
            missing.push("nothing was held against the oracle".into());
        }
        let several = self.tally.cells.len() > self.devices.len();
        if several && self.tally.comparisons == 0 {
            missing.push("no two variants were compared".into());
        }
        let sampled = |role| {
            let of_role = self.series.iter().filter(move |s| s.role == role);
            of_role.filter(|series| series.points.len() >= 3).count()
        };
        if sampled(Role::Judged) == 0 {
            missing.push("memory was not sampled".into());
        }
        if sampled(Role::Clock) < self.probes.len() || self.probes.is_empty() {
            missing.push("latency was not sampled".into());
        }
        if missing.is_empty() {
            return vec![finding(
                Verdict::Pass,
                "everything was sampled; slopes are not judged".into(),
            )];
        }
        missing
            .into_iter()
            .map(|what| finding(Verdict::Fail, what))
            .collect()
    }
}

fn finding(verdict: Verdict, what: String) -> Finding {
    Finding { verdict, what }
}

/// What findings amount to.
pub fn worst(findings: &[Finding]) -> Verdict {
    let verdicts = findings.iter().map(|finding| finding.verdict);
    verdicts.max().unwrap_or(Verdict::CannotTell)
}

/// The trend of every series over some runs.
pub fn trends(runs: &[&[Series]]) -> BTreeMap<String, Trend> {
    let mut together: BTreeMap<&str, (Vec<Vec<Point>>, &Series)> = BTreeMap::new();
    for series in runs.iter().flat_map(|run| run.iter()) {
        let (points, _) = together
            .entry(&series.name)
            .or_insert_with(|| (Vec::new(), series));
        points.push(series.points.clone());
    }
    together
        .into_iter()
        .map(|(name, (points, series))| (name.to_owned(), judge::judge(&points, series.limit)))
        .collect()
}

/// What follows from the trends of some series.
pub fn slopes(series: &[Series], trends: &BTreeMap<String, Trend>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for series in series {
        let Some(trend) = trends.get(&series.name) else {
            continue;
        };
        match series.role {
            Role::Judged => {
                findings.push(finding(
                    trend.verdict,
                    format!("{}: {}", series.name, trend.reason),
                ));
            }
            Role::Clock => {
                let beside = trends.get(&format!("{} beside the yardstick", series.name));
                if let Some(beside) = beside {
                    let (verdict, why) = judge::latency(trend, beside);
                    findings.push(finding(verdict, format!("{}: {why}", series.name)));
                }
            }
            Role::Beside | Role::Shown => {}
        }
    }
    findings
}

/// Bursts of a window, and the most windows of a run.
const BURSTS: usize = 30;
const WINDOWS: usize = 48;

fn steadiness(series: &[Series]) -> Vec<Steadiness> {
    let clocks = series.iter().filter(|series| series.role == Role::Clock);
    clocks
        .filter_map(|clock| {
            let probe = clock.name.strip_prefix("latency of ")?;
            let named = |name: String| series.iter().find(|series| series.name == name);
            let rod = named(format!("yardstick of {probe}"))?;
            let beside = named(format!("{} beside the yardstick", clock.name))?;
            // Sampled at the same moments.
            let clock = judged(&clock.points);
            let (rod, beside) = (judged(&rod.points), judged(&beside.points));
            let count = (clock.len() / BURSTS).min(WINDOWS);
            let windows = (0..count).filter_map(|window| {
                let part = window * clock.len() / count..(window + 1) * clock.len() / count;
                let values = |points: &[Point]| points.iter().map(|p| p.1).collect::<Vec<_>>();
                Some([
                    clock[part.start].0,
                    variation(&values(&clock[part.clone()]))?,
                    variation(&values(rod.get(part.clone())?))?,
                    variation(&values(beside.get(part)?))?,
                ])
            });
            Some(Steadiness {
                probe: probe.to_owned(),
                windows: windows.collect(),
            })
        })
        .collect()
}

/// Unsteady latency is a fault of the library only where the machine was calm: in more than half of at
/// least five such windows. Elsewhere it is told, and no more.
fn steady(steadiness: &Steadiness) -> Finding {
    let over = |windows: &[&[f64; 4]]| windows.iter().filter(|w| w[1] >= VARIATION).count();
    let all: Vec<_> = steadiness.windows.iter().collect();
    let calm: Vec<_> = all
        .iter()
        .copied()
        .filter(|window| window[2] < CALM)
        .collect();
    let (unsteady, unsteady_calm) = (over(&all), over(&calm));
    let probe = &steadiness.probe;
    if all.is_empty() {
        let what = format!("variation of {probe}: too short for a window");
        return finding(Verdict::CannotTell, what);
    }
    let mut what = format!(
        "variation of {probe}: at {VARIATION} or above in {unsteady} of {} windows",
        all.len()
    );
    if unsteady > 0 {
        what += &format!(
            "; of {} windows in which the machine was calm (yardstick below {CALM}) {unsteady_calm}",
            calm.len()
        );
    }
    let fault = calm.len() >= 5 && 2 * unsteady_calm > calm.len();
    finding(if fault { Verdict::Fail } else { Verdict::Pass }, what)
}

#[cfg(test)]
pub(crate) mod tests;
