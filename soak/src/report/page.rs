//! What stands where on the page?

use super::plot::Plot;
use super::text::{Escaped, count, duration, number};
use super::{Report, tables};
use crate::judge::{HOURS, Trend, Verdict, WARM_UP};
use crate::limits::VARIATION;
use crate::sample::{Role, Series};
use crate::segment::Segment;
use crate::slope::median;
use std::fmt::Write;

const STYLE: &str = include_str!("style.css");

/// A report as HTML, with everything in it.
pub(super) fn page(report: &Report) -> String {
    let mut page = String::new();
    // Writing to a string does not fail.
    let _ = write_page(&mut page, report);
    page
}

/// A verdict as a coloured word.
pub(super) fn pill(verdict: Verdict) -> String {
    let class = match verdict {
        Verdict::Pass => "pass",
        Verdict::CannotTell => "unknown",
        Verdict::Fail => "fail",
    };
    format!("<span class=\"pill {class}\">{}</span>", verdict.name())
}

fn write_page(page: &mut String, report: &Report) -> std::fmt::Result {
    // A smoke run has a verdict of its own.
    let smoke = report.segments.iter().all(|segment| segment.smoke);
    let verdict = match report.segments.last() {
        Some(segment) if smoke => segment.verdict(),
        _ => report.verdict,
    };
    let runs = report.segments.len();
    write!(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n<title>Soak: {}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>Soak {}</h1>\n\
         <p class=\"lead\">{} in {} run{}, {} random cases, each on every variant that took it.</p>\n</header>\n<main>\n",
        verdict.name(),
        pill(verdict),
        duration(report.hours * 3600.0),
        runs,
        if runs == 1 { "" } else { "s" },
        count(report.cases),
    )?;
    findings(page, report)?;
    curves(page, report)?;
    steadiness(page, report)?;
    tables::failures(page, report)?;
    tables::cases(page, report)?;
    tables::runs(page, report)?;
    page.push_str("</main>\n</body>\n</html>\n");
    Ok(())
}

fn findings(page: &mut String, report: &Report) -> std::fmt::Result {
    page.push_str("<section class=\"findings\"><h2>Findings</h2>\n");
    if report.segments.len() > 1 {
        list(page, "all runs together", &report.findings)?;
    }
    for (index, segment) in report.segments.iter().enumerate().rev().take(8) {
        list(page, &format!("run {}", index + 1), &segment.findings)?;
    }
    page.push_str("</section>\n");
    Ok(())
}

fn list(page: &mut String, title: &str, findings: &[crate::segment::Finding]) -> std::fmt::Result {
    writeln!(page, "<h3>{title}</h3><ul>")?;
    for finding in findings {
        writeln!(
            page,
            "<li>{} {}</li>",
            pill(finding.verdict),
            Escaped(&finding.what)
        )?;
    }
    page.push_str("</ul>\n");
    Ok(())
}

/// Each run with the hours of those before it.
fn timeline(report: &Report) -> Vec<(f64, &Segment)> {
    let mut before = 0.0;
    let mut all = Vec::new();
    for segment in &report.segments {
        all.push((before, segment));
        before += segment.seconds / 3600.0;
    }
    all
}

fn curves(page: &mut String, report: &Report) -> std::fmt::Result {
    let timeline = timeline(report);
    let mut names: Vec<&Series> = Vec::new();
    for series in report.segments.iter().flat_map(|segment| &segment.series) {
        if names.iter().all(|known| known.name != series.name) {
            names.push(series);
        }
    }
    page.push_str(
        "<section><h2>Over time</h2>\n<p class=\"legend\"><span class=\"key sampled\"></span>sampled \
         <span class=\"key slope\"></span>robust slope <span class=\"key budget\"></span>what the budget \
         allows <span class=\"key warm\"></span>warm-up</p>\n<div class=\"plots\">\n",
    );
    for named in names {
        figure(page, report, named, &timeline)?;
    }
    page.push_str("</div></section>\n");
    Ok(())
}

fn figure(
    page: &mut String,
    report: &Report,
    named: &Series,
    timeline: &[(f64, &Segment)],
) -> std::fmt::Result {
    let mut plot = Plot {
        label: named.name.clone(),
        lines: Vec::new(),
        shades: Vec::new(),
        breaks: timeline.iter().skip(1).map(|run| run.0).collect(),
        least: if named.limit.relative { 0.2 } else { 0.04 },
        zero: false,
    };
    let mut slopes = Vec::new();
    for &(before, segment) in timeline {
        let Some(series) = segment
            .series
            .iter()
            .find(|series| series.name == named.name)
        else {
            continue;
        };
        let hours = |seconds: f64| before + seconds / 3600.0;
        let points = series.points.iter().map(|&(t, v)| (hours(t), v)).collect();
        plot.lines.push(("sampled", points));
        let (from, to) = (WARM_UP * segment.seconds, segment.seconds);
        plot.shades.push((hours(0.0), hours(from)));
        let trend = segment.trends.get(&named.name);
        let Some((rise, pivot)) = trend.and_then(|trend| Some((trend.rise?, trend.pivot?))) else {
            continue;
        };
        let scale = if series.limit.relative { pivot.1 } else { 1.0 };
        let line = |rise: f64, at: (f64, f64)| {
            let value = |t: f64| at.1 + rise * scale * (t - at.0) / (HOURS * 3600.0);
            vec![(hours(from), value(from)), (hours(to), value(to))]
        };
        slopes.push(("slope", line(rise, pivot)));
        if series.role != Role::Shown {
            let start = line(rise, pivot)[0].1;
            slopes.push(("budget", line(series.limit.budget, (from, start))));
        }
    }
    plot.lines.extend(slopes);
    let facts = match report.trends.get(&named.name) {
        Some(trend) => facts(named, trend),
        None => "smoke run: not judged".into(),
    };
    let unit = if named.unit.is_empty() {
        String::new()
    } else {
        format!(" in {}", named.unit)
    };
    writeln!(
        page,
        "<figure><figcaption><b>{}</b>{unit}<br/><span class=\"facts\">{facts}</span></figcaption>{plot}\
         </figure>",
        Escaped(&named.name)
    )
}

fn facts(series: &Series, trend: &Trend) -> String {
    let unit = if series.limit.relative {
        "%"
    } else {
        series.unit.as_str()
    };
    let unit = if unit.is_empty() {
        String::new()
    } else {
        format!(" {unit}")
    };
    let scale = if series.limit.relative { 100.0 } else { 1.0 };
    let of = |value: Option<f64>| number(value.map(|value| scale * value));
    let budget = match series.role {
        Role::Shown => String::new(),
        _ => format!("; budget {}{unit}", of(Some(series.limit.budget))),
    };
    format!(
        "rises by {}{unit} in 8 h, 99\u{202f}% interval {} to {}{budget}; {} judged",
        of(trend.rise),
        of(trend.low),
        of(trend.high),
        duration(trend.seconds)
    )
}

fn steadiness(page: &mut String, report: &Report) -> std::fmt::Result {
    let timeline = timeline(report);
    let mut probes: Vec<&str> = Vec::new();
    for steadiness in report
        .segments
        .iter()
        .flat_map(|segment| &segment.steadiness)
    {
        if !steadiness.windows.is_empty() && !probes.contains(&steadiness.probe.as_str()) {
            probes.push(&steadiness.probe);
        }
    }
    if probes.is_empty() {
        return Ok(());
    }
    write!(
        page,
        "<section><h2>Steadiness of latency</h2>\n<p class=\"facts\">The coefficient of variation of the \
         bursts' latencies, in windows of equal duration; it should stay below {VARIATION}. Grey is the \
         yardstick, which has nothing of the library in it: where that is unsteady, the machine \
         is.</p>\n<div class=\"plots\">\n"
    )?;
    for probe in probes {
        let (mut latency, mut rod, mut beside) = (Vec::new(), Vec::new(), Vec::new());
        for &(before, segment) in &timeline {
            let of_probe = segment.steadiness.iter().filter(|s| s.probe == probe);
            for window in of_probe.flat_map(|steadiness| &steadiness.windows) {
                latency.push((before + window[0] / 3600.0, window[1]));
                rod.push((before + window[0] / 3600.0, window[2]));
                beside.push(window[3]);
            }
        }
        let values = |points: &[(f64, f64)]| points.iter().map(|p| p.1).collect::<Vec<_>>();
        let (all, calm) = (values(&latency), values(&rod));
        let facts = format!(
            "{} windows: median {}, greatest {}, {} at {VARIATION} or above; yardstick: \
             median {}; latency beside the yardstick: median {}",
            all.len(),
            number(median(&all)),
            number(all.iter().copied().reduce(f64::max)),
            all.iter().filter(|&&cv| cv >= VARIATION).count(),
            number(median(&calm)),
            number(median(&beside)),
        );
        let ends = [latency.first(), latency.last()];
        let limit = ends.iter().flatten().map(|p| (p.0, VARIATION)).collect();
        let plot = Plot {
            label: format!("variation of {probe}"),
            lines: vec![("budget", limit), ("dots calm", rod), ("dots", latency)],
            shades: Vec::new(),
            breaks: timeline.iter().skip(1).map(|run| run.0).collect(),
            least: 0.1,
            zero: true,
        };
        writeln!(
            page,
            "<figure><figcaption><b>{}</b><br/><span class=\"facts\">{facts}</span></figcaption>{plot}\
             </figure>",
            Escaped(probe)
        )?;
    }
    page.push_str("</div></section>\n");
    Ok(())
}
