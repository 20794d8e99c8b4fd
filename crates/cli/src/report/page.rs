//! What stands where on the page?

use std::fmt;

use super::scale::extent;
use super::section::Section;
use super::text::{Escaped, counted, duration, significant};
use super::{Report, Run, scan};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// A report as HTML.
pub(super) struct Page<'p>(pub(super) &'p Report<'p>);

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.0;
        write!(
            f,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
             <meta name=\"color-scheme\" content=\"light dark\"/>\n\
             <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n\
             <h1>{}</h1>\n<p class=\"lead\">{}</p>\n<p class=\"facts\">{}</p>\n</header>\n<main>\n",
            Escaped(&report.title),
            Escaped(&report.title),
            Escaped(&report.subtitle),
            totals(report)
        )?;
        if !report.runs.is_empty() {
            f.write_str("<section><h2>Speed</h2>\n")?;
            runs(f, &report.runs)?;
            f.write_str("</section>\n")?;
        }
        if !report.streams.is_empty() {
            legend(f, report)?;
            let origin = origin(report);
            for (index, stream) in report.streams.iter().enumerate() {
                let section = Section {
                    stream,
                    index,
                    origin,
                };
                write!(f, "{section}")?;
            }
        }
        if let Some(scan) = &report.scan {
            write!(f, "{}", scan::Section(scan))?;
        }
        if !report.notes.is_empty() {
            f.write_str("<section class=\"notes\"><h2>Notes</h2>\n")?;
            for note in &report.notes {
                writeln!(f, "<p>{}</p>", Escaped(note))?;
            }
            f.write_str("</section>\n")?;
        }
        write!(
            f,
            "</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n"
        )
    }
}

/// The earliest time of the report, which it calls zero.
fn origin(report: &Report<'_>) -> f64 {
    let columns = report.streams.iter().flat_map(|stream| &stream.columns);
    extent(
        columns
            .flat_map(|column| [column.source_times, column.target_times])
            .flatten()
            .copied(),
    )
    .map_or(0.0, |(first, _)| first)
}

/// How much is shown, in one line.
fn totals(report: &Report<'_>) -> String {
    let columns = report.streams.iter().map(|s| s.columns.len()).sum();
    let of = |times: fn(&super::ColumnReport<'_>) -> usize| {
        let first = |s: &super::StreamReport<'_>| s.columns.first().map_or(0, times);
        report.streams.iter().map(first).sum()
    };
    let before = of(|column| column.source_times.len());
    let after = of(|column| column.target_times.len());
    format!(
        "{} with {}: {} before, {} after.",
        counted(report.streams.len(), "stream", "streams"),
        counted(columns, "column", "columns"),
        counted(before, "recorded sample", "recorded samples"),
        counted(after, "resampled point", "resampled points")
    )
}

/// The names of the marks, and links to the streams.
fn legend(f: &mut fmt::Formatter<'_>, report: &Report<'_>) -> fmt::Result {
    f.write_str("<nav aria-label=\"Streams and legend\"><span class=\"links\">")?;
    for (index, stream) in report.streams.iter().enumerate() {
        write!(
            f,
            "<a href=\"#stream-{index}\">{}</a> ",
            Escaped(&stream.name)
        )?;
    }
    if let Some(scan) = &report.scan {
        write!(f, "<a href=\"#scan\">{}</a> ", Escaped(&scan.title))?;
    }
    f.write_str(
        "</span><span class=\"legend\">\
         <span data-toggle=\"before\"><span class=\"key before\"></span>before: as recorded</span> \
         <span data-toggle=\"after\"><span class=\"key after\"></span>after: resampled</span> \
         <span><span class=\"key hollow\"></span>not valid</span> \
         <span><span class=\"key gap\"></span>gap in the recording</span></span></nav>\n",
    )
}

/// The table of what was measured.
pub(super) fn runs(f: &mut fmt::Formatter<'_>, runs: &[Run]) -> fmt::Result {
    f.write_str(
        "<div class=\"runs\"><div class=\"scroll\"><table>\n<thead><tr>\
         <th scope=\"col\">Device</th><th scope=\"col\">Variant</th><th scope=\"col\">Shape</th>\
         <th scope=\"col\" class=\"number\">Time</th><th scope=\"col\" class=\"number\">GB/s</th>\
         <th scope=\"col\">Beside a memory copy</th></tr></thead>\n<tbody>\n",
    )?;
    for run in runs {
        // A GPU's bar beside a CPU's would say nothing: each device has a scale of its own.
        let full = runs
            .iter()
            .filter(|other| other.device == run.device)
            .flat_map(|other| [other.gigabytes_per_second, other.copy_gigabytes_per_second])
            .filter_map(usable)
            .fold(0.0, f64::max);
        let time = usable(run.micros).map(|micros| duration(micros * 1e-6));
        let speed = usable(run.gigabytes_per_second);
        let copy = usable(run.copy_gigabytes_per_second);
        write!(
            f,
            "<tr><td>{}</td><td><code>{}</code></td><td>{}</td>\
             <td class=\"number\">{}</td><td class=\"number\"><b>{}</b></td><td>",
            Escaped(&run.device),
            Escaped(&run.variant),
            Escaped(&run.shape),
            time.unwrap_or_else(dash),
            speed.map_or_else(dash, |speed| significant(speed, 3))
        )?;
        bar(f, "run", speed, full)?;
        bar(f, "copy", copy, full)?;
        match (speed, copy) {
            (Some(speed), Some(copy)) => write!(
                f,
                "<span class=\"of\">{}\u{202f}% of {}\u{a0}GB/s</span>",
                significant(100.0 * speed / copy, if speed < copy { 2 } else { 3 }),
                significant(copy, 3)
            )?,
            (None, Some(copy)) => write!(
                f,
                "<span class=\"of\">copy: {}\u{a0}GB/s</span>",
                significant(copy, 3)
            )?,
            _ => write!(f, "<span class=\"of\">{}</span>", dash())?,
        }
        f.write_str("</td></tr>\n")?;
    }
    f.write_str(
        "</tbody>\n</table></div>\n<p class=\"facts\">GB/s counts the bytes read and written. \
         The upper bar is the run, the lower bar a memory copy of the same bytes; bars share a \
         scale within a device.</p></div>\n",
    )
}

fn bar(f: &mut fmt::Formatter<'_>, class: &str, value: Option<f64>, full: f64) -> fmt::Result {
    let share = value.map_or(0.0, |value| 100.0 * (value / full).clamp(0.0, 1.0));
    write!(
        f,
        "<span class=\"bar\"><span class=\"{class}\" style=\"width:{share:.1}%\"></span></span>"
    )
}

/// A measured number, if it can be one.
fn usable(value: f64) -> Option<f64> {
    (value.is_finite() && value > 0.0).then_some(value)
}

fn dash() -> String {
    "\u{2013}".to_owned()
}
