//! What does a report say over all its runs, and how is it kept?
//!
//! | module | question it answers |
//! |---|---|
//! | [`store`] | how is a report written, found again and not lost? |
//! | `page` | what stands where on the page? |
//! | `tables` | what was counted, and how were the hours made? |
//! | `plot` | how is a series drawn? |
//! | `text` | how are numbers and times written? |

mod page;
mod plot;
pub mod store;
mod tables;
mod text;

use crate::judge::{Trend, Verdict};
use crate::sample::Series;
use crate::segment::{Finding, Segment, slopes, trends, worst};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The name by which a report is known.
pub const FORMAT: &str = "robocache-soak";
/// The version of its layout.
pub const LAYOUT: u32 = 1;

/// All runs of a folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`FORMAT`].
    pub format: String,
    /// [`LAYOUT`].
    pub layout: u32,
    /// What all runs amount to.
    pub verdict: Verdict,
    /// Why.
    pub findings: Vec<Finding>,
    /// Hours of all runs together.
    pub hours: f64,
    /// Cases of all runs together.
    pub cases: u64,
    /// The trend of every series over all runs but smoke runs; pairs of samples lie within a run.
    pub trends: BTreeMap<String, Trend>,
    /// The runs, in order.
    pub segments: Vec<Segment>,
}

impl Report {
    /// Judges runs together.
    pub fn of(segments: Vec<Segment>) -> Report {
        let long: Vec<&[Series]> = segments
            .iter()
            .filter(|segment| !segment.smoke)
            .map(|segment| segment.series.as_slice())
            .collect();
        let trends = trends(&long);
        let mut findings = Vec::new();
        for (index, segment) in segments.iter().enumerate() {
            let failed = segment
                .findings
                .iter()
                .filter(|finding| finding.verdict == Verdict::Fail);
            findings.extend(failed.map(|finding| Finding {
                verdict: Verdict::Fail,
                what: format!("run {}: {}", index + 1, finding.what),
            }));
        }
        let mut named: BTreeMap<&str, &Series> = BTreeMap::new();
        for series in long.iter().flat_map(|series| series.iter()) {
            named.entry(&series.name).or_insert(series);
        }
        let named: Vec<Series> = named.into_values().cloned().collect();
        findings.extend(slopes(&named, &trends));
        if long.is_empty() {
            findings.push(Finding {
                verdict: Verdict::CannotTell,
                what: "smoke runs only: slopes were not judged".into(),
            });
        }
        Report {
            format: FORMAT.to_owned(),
            layout: LAYOUT,
            verdict: worst(&findings),
            findings,
            hours: segments.iter().map(|s| s.seconds).sum::<f64>() / 3600.0,
            cases: segments.iter().map(|segment| segment.tally.cases).sum(),
            trends,
            segments,
        }
    }
}

#[cfg(test)]
mod tests;
