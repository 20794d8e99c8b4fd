//! What was counted, and how were the hours made?

use super::Report;
use super::text::{Escaped, count, duration, moment, number};
use crate::segment::{End, Segment};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The runs, one a row.
pub(super) fn runs(page: &mut String, report: &Report) -> std::fmt::Result {
    page.push_str(
        "<section><h2>How the hours were made</h2>\n<div class=\"scroll\"><table><thead><tr>\
         <th>Run</th><th>Started</th><th class=\"number\">Ran</th><th>Ended</th><th>Devices</th>\
         <th>Driver</th><th class=\"number\">Threads</th><th class=\"number\">Cases</th>\
         <th class=\"number\">Per second</th><th>Seed</th><th>Version</th><th>Verdict</th>\
         </tr></thead><tbody>\n",
    );
    for (index, segment) in report.segments.iter().enumerate() {
        let joined = |of: fn(&crate::segment::DeviceFacts) -> Option<String>| {
            let all: Vec<_> = segment.devices.iter().filter_map(of).collect();
            if all.is_empty() {
                "\u{2013}".to_owned()
            } else {
                all.join(", ")
            }
        };
        let last = index + 1 == report.segments.len();
        let commit = segment.commit.as_deref().unwrap_or("commit not known");
        writeln!(
            page,
            "<tr><td>{}</td><td>{}</td><td class=\"number\">{}</td><td>{}{}{}</td><td>{}</td><td>{}</td>\
             <td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>\
             <td><code>{}</code></td><td>{} <code>{}</code></td><td>{}</td></tr>",
            index + 1,
            moment(segment.started),
            duration(segment.seconds),
            ended(segment, last),
            if segment.smoke { ", smoke" } else { "" },
            segment
                .plant
                .map_or(String::new(), |plant| format!(", planted: {plant:?}")),
            Escaped(&joined(|d| Some(format!("{} ({})", d.id, d.name)))),
            Escaped(&joined(|d| d.driver.clone())),
            segment.threads,
            count(segment.tally.cases),
            number(Some(segment.tally.cases as f64 / segment.seconds.max(1e-3))),
            segment.seed,
            Escaped(&segment.version),
            Escaped(commit),
            super::page::pill(segment.verdict()),
        )?;
    }
    page.push_str(
        "</tbody></table></div>\n<p class=\"facts\">Every run is a process of its own. Slopes are those \
         of samples within a run; over several runs they are pooled, pairs of samples never across two \
         runs. A run's first 20\u{202f}% are warm-up and not judged.</p>\n",
    );
    for (index, segment) in report.segments.iter().enumerate() {
        for probe in &segment.probes {
            let (name, runs) = (Escaped(&probe.name), Escaped(&probe.runs));
            writeln!(
                page,
                "<p class=\"facts\">Run {}, probe of {name}: {runs}.</p>",
                index + 1
            )?;
        }
        for note in &segment.notes {
            writeln!(
                page,
                "<p class=\"facts\">Run {}: {}</p>",
                index + 1,
                Escaped(note)
            )?;
        }
        if !segment.telemetry.is_empty() {
            let said = throttling(segment);
            writeln!(page, "<p class=\"facts\">Run {}: {said}</p>", index + 1)?;
        }
    }
    page.push_str("</section>\n");
    Ok(())
}

fn ended(segment: &Segment, last: bool) -> &'static str {
    match segment.end {
        End::Done => "its time was up",
        End::Signal => "by a signal",
        End::Fault => "at a fault",
        End::Running if last => "still running",
        End::Running => "killed",
    }
}

fn throttling(segment: &Segment) -> String {
    let readings = &segment.telemetry;
    let slow = readings
        .iter()
        .filter(|reading| !reading.throttled().is_empty());
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in readings.iter().flat_map(|reading| reading.throttled()) {
        *reasons.entry(reason).or_default() += 1;
    }
    let range = |of: fn(&crate::telemetry::Reading) -> Option<f64>| {
        let values: Vec<f64> = readings.iter().filter_map(of).collect();
        let low = values.iter().copied().reduce(f64::min);
        let high = values.iter().copied().reduce(f64::max);
        format!("{} to {}", number(low), number(high))
    };
    let reasons: Vec<_> = reasons
        .iter()
        .map(|(name, n)| format!("{name} {n}"))
        .collect();
    format!(
        "throttled in {} of {} readings of <code>nvidia-smi</code>{}{}; {} °C, {} MHz.",
        slow.count(),
        readings.len(),
        if reasons.is_empty() { "" } else { ": " },
        reasons.join(", "),
        range(|reading| reading.celsius),
        range(|reading| reading.megahertz),
    )
}

/// Cases of every variant, and why they were refused.
pub(super) fn cases(page: &mut String, report: &Report) -> std::fmt::Result {
    let mut cells: BTreeMap<_, ([u64; 3], BTreeMap<&str, u64>)> = BTreeMap::new();
    for cell in report
        .segments
        .iter()
        .flat_map(|segment| &segment.tally.cells)
    {
        let (counts, reasons) = cells
            .entry((&*cell.op, &*cell.device, &*cell.variant))
            .or_default();
        counts[0] += cell.outputs;
        counts[1] += cell.refused;
        counts[2] += cell.failed;
        for (reason, number) in &cell.reasons {
            *reasons.entry(reason).or_default() += number;
        }
    }
    let sum = |of: fn(&Segment) -> u64| report.segments.iter().map(of).sum::<u64>();
    write!(
        page,
        "<section><h2>Cases</h2>\n<p class=\"facts\">{} cases; {} outputs held against the oracle, {} \
         against another variant's; {} failures.</p>\n<div class=\"scroll\"><table><thead><tr>\
         <th>Operation</th><th>Device</th><th>Variant</th><th class=\"number\">Ran</th>\
         <th class=\"number\">Refused</th><th class=\"number\">Failed</th><th>Refused because</th>\
         </tr></thead><tbody>\n",
        count(report.cases),
        count(sum(|segment| segment.tally.checks)),
        count(sum(|segment| segment.tally.comparisons)),
        count(sum(|segment| segment.tally.failed)),
    )?;
    for ((op, device, variant), (counts, reasons)) in cells {
        let mut reasons: Vec<_> = reasons.into_iter().collect();
        reasons.sort_by_key(|&(_, number)| std::cmp::Reverse(number));
        let reasons: Vec<_> = reasons
            .into_iter()
            .map(|(reason, number)| format!("{} ({})", Escaped(reason), count(number)))
            .collect();
        let never = counts[0] + counts[2] == 0;
        writeln!(
            page,
            "<tr{}><td>{}</td><td>{}</td><td><code>{}</code>{}</td><td class=\"number\">{}</td>\
             <td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"wrap\">{}</td></tr>",
            if never { " class=\"never\"" } else { "" },
            Escaped(op),
            Escaped(device),
            Escaped(variant),
            if never { " never reached" } else { "" },
            count(counts[0]),
            count(counts[1]),
            count(counts[2]),
            if reasons.is_empty() {
                "\u{2013}".to_owned()
            } else {
                reasons.join("; ")
            },
        )?;
    }
    page.push_str("</tbody></table></div></section>\n");
    Ok(())
}

/// What failed, and how to repeat it.
pub(super) fn failures(page: &mut String, report: &Report) -> std::fmt::Result {
    if report
        .segments
        .iter()
        .all(|segment| segment.tally.failures.is_empty())
    {
        return Ok(());
    }
    page.push_str("<section><h2>Failures</h2>\n");
    for (index, segment) in report.segments.iter().enumerate() {
        for failure in &segment.tally.failures {
            let variant = failure.variant.as_deref().unwrap_or("no variant");
            writeln!(
                page,
                "<article class=\"failure\"><h3>{:?}: <code>{}</code> on {}</h3><p>{}</p>\
                 <p class=\"facts\">{}</p><p><code>cargo xtask soak {}</code></p>\
                 <p class=\"facts\">Run {}, after {}.</p></article>",
                failure.kind,
                Escaped(variant),
                Escaped(&failure.device),
                Escaped(&failure.what),
                Escaped(&failure.case),
                Escaped(&failure.repeat()),
                index + 1,
                duration(failure.at),
            )?;
        }
    }
    page.push_str("</section>\n");
    Ok(())
}
