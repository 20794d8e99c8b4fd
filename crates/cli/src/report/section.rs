//! What is shown of one stream?

use std::fmt::{self, Display};

use super::clock::{Clock, close_look};
use super::plot::Plot;
use super::scale::{Scale, extent};
use super::series::Series;
use super::text::{Escaped, counted, duration, value};
use super::{ColumnReport, StreamReport};

/// The widths of the plot of the whole stream and of the one that looks closer.
const WHOLE: f64 = 800.0;
const CLOSE: f64 = 400.0;
/// The heights of a column's plots and of the clock's.
const COLUMN: f64 = 142.0;
const STRIP: f64 = 152.0;

/// A close look's value axis is at least this share of the whole plot's, so that a signal at
/// rest is not blown up to its noise.
const LEAST_SHARE: f64 = 0.1;

/// One stream: its clock and then its columns.
pub(super) struct Section<'s> {
    pub(super) stream: &'s StreamReport<'s>,
    /// The place of the stream in the report.
    pub(super) index: usize,
    /// The time that the report calls zero.
    pub(super) origin: f64,
}

/// What all plots of a stream share.
struct Shared {
    whole: (f64, f64),
    close: (f64, f64),
    gaps: Vec<(f64, f64)>,
}

impl Display for Section<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = &self.stream.columns;
        writeln!(
            f,
            "<section class=\"stream\" id=\"stream-{}\"><h2>{}</h2>",
            self.index,
            Escaped(&self.stream.name)
        )?;
        let Some(first) = columns.first() else {
            return f.write_str("<p class=\"facts\">This stream has no columns.</p></section>\n");
        };
        let clock = Clock::of(first.source_times);
        let target = Clock::of(first.target_times);
        let Some((from, to)) = extent(
            columns
                .iter()
                .flat_map(|column| [column.source_times, column.target_times])
                .flatten()
                .copied(),
        ) else {
            return f.write_str("<p class=\"facts\">This stream has no samples.</p></section>\n");
        };
        // An axis that nearly starts at the report's zero does start there.
        let from = if from - self.origin < 0.01 * (to - self.origin) {
            self.origin
        } else {
            from
        };
        // A single sample still needs some time around it.
        let room = if to > from { 0.0 } else { 0.5 };
        let close = close_look(&clock, (from - room, to + room));
        let seconds = |(from, to): (f64, f64)| (from - self.origin, to - self.origin);
        let shared = Shared {
            whole: seconds((from - room, to + room)),
            close: seconds(close),
            gaps: clock.gaps.iter().copied().map(seconds).collect(),
        };
        self.facts(f, &clock, &target)?;
        self.clock(f, &clock, &target, &shared)?;
        for column in columns {
            self.column(f, column, &shared)?;
        }
        f.write_str("</section>\n")
    }
}

impl Section<'_> {
    fn facts(
        &self,
        f: &mut fmt::Formatter<'_>,
        clock: &Clock<'_>,
        target: &Clock<'_>,
    ) -> fmt::Result {
        write!(
            f,
            "<p class=\"facts\">{}. {} recorded",
            counted(self.stream.columns.len(), "column", "columns"),
            counted(clock.times.len(), "sample", "samples")
        )?;
        if let (Some(first), Some(last)) = (clock.times.first(), clock.times.last()) {
            write!(f, " over {}", duration(last - first))?;
        }
        write!(
            f,
            ", {} after.",
            counted(target.times.len(), "point", "points")
        )?;
        if let Some((start, end)) = clock.widest_gap() {
            write!(
                f,
                " {} in the recording, the widest {} at {}.",
                counted(clock.gaps.len(), "gap", "gaps"),
                duration(end - start),
                duration(start - self.origin)
            )?;
        }
        if clock.faults > 0 {
            write!(
                f,
                " {} out of order or not finite, and plotted in order.",
                counted(clock.faults, "time is", "times are")
            )?;
        }
        f.write_str("</p>\n")
    }

    /// The strip that shows the spacing of the samples.
    fn clock(
        &self,
        f: &mut fmt::Formatter<'_>,
        clock: &Clock<'_>,
        target: &Clock<'_>,
        shared: &Shared,
    ) -> fmt::Result {
        let before = Series::spacings(clock, self.origin);
        let after = Series::spacings(target, self.origin);
        let points = || before.points().iter().chain(after.points());
        let range = extent(points().map(|point| point.v));
        // A few doubled stamps must not push all others to the upper edge.
        let usual = [clock.median, target.median]
            .into_iter()
            .flatten()
            .filter(|median| *median > 0.0)
            .fold(f64::INFINITY, f64::min);
        let least = usual * 1e3 / 20.0;
        let range = range.map(|(low, high)| {
            let low = if least.is_finite() {
                low.max(least)
            } else {
                low
            };
            let high = high.max(low);
            // The rugs take the lowest part of the strip.
            (low / (high / low).max(4.0).powf(0.25), high)
        });
        f.write_str(
            "<figure class=\"clock\"><figcaption><b>clock</b> \
             <span class=\"unit\">time from sample to sample</span> <span class=\"stats\">",
        )?;
        for (class, name, clock) in [("before", "before", clock), ("after", "after", target)] {
            write!(
                f,
                "<span class=\"key {class}\"></span>{name}: median {}, max {} ",
                clock.median.map_or_else(|| "\u{2013}".to_owned(), duration),
                clock
                    .widest
                    .map_or_else(|| "\u{2013}".to_owned(), |w| duration(w.0)),
            )?;
        }
        f.write_str("</span> <output></output></figcaption><div class=\"pair\">")?;
        let name = &self.stream.name;
        for (what, window, width) in [
            ("whole", shared.whole, WHOLE),
            ("close up", shared.close, CLOSE),
        ] {
            let close = what != "whole";
            Plot {
                label: format!("Time from sample to sample of {name}, {what}"),
                corner: corner(close, window),
                unit: "ms",
                width,
                height: STRIP,
                window,
                scale: Scale::logarithmic(range),
                before: &before,
                after: &after,
                gaps: &shared.gaps,
                lens: (!close && shared.close != shared.whole).then_some(shared.close),
                step: true,
                dots: false,
                rug: close,
            }
            .fmt(f)?;
        }
        f.write_str("</div></figure>\n")
    }

    fn column(
        &self,
        f: &mut fmt::Formatter<'_>,
        column: &ColumnReport<'_>,
        shared: &Shared,
    ) -> fmt::Result {
        // A column of a stream has the stream's gaps; only its own decide where its line ends.
        let clock = Clock::of(column.source_times);
        let before = Series::new(
            column.source_times,
            column.source_values,
            None,
            self.origin,
            clock.reach(),
        );
        let after = Series::new(
            column.target_times,
            column.target_values,
            column.mask,
            self.origin,
            f64::INFINITY,
        );
        let range = |window| {
            let inside = before.inside(window).iter().chain(after.inside(window));
            extent(inside.map(|point| point.v))
        };
        let scale = Scale::around(range(shared.whole), 0.0);
        let least = LEAST_SHARE * (scale.high() - scale.low());
        write!(
            f,
            "<figure><figcaption><b>{}</b> \
             <span class=\"stats\">{}</span> <output></output></figcaption><div class=\"pair\">",
            Escaped(column.name),
            column_facts(column, &before, &after)
        )?;
        for (what, window, width, scale) in [
            ("whole", shared.whole, WHOLE, scale),
            (
                "close up",
                shared.close,
                CLOSE,
                match range(shared.close) {
                    Some(range) if !column.step => Scale::around(Some(range), least),
                    // A step signal's levels say more together.
                    _ => scale,
                },
            ),
        ] {
            let close = what != "whole";
            Plot {
                label: format!(
                    "{} of {}, {what}, before and after",
                    column.name, self.stream.name
                ),
                corner: corner(close, window),
                unit: column.unit,
                width,
                height: COLUMN,
                window,
                scale,
                before: &before,
                after: &after,
                gaps: &shared.gaps,
                lens: (!close && shared.close != shared.whole).then_some(shared.close),
                step: column.step,
                dots: true,
                rug: false,
            }
            .fmt(f)?;
        }
        f.write_str("</div></figure>\n")
    }
}

fn corner(close: bool, (from, to): (f64, f64)) -> String {
    if close {
        format!("close up, {}", duration(to - from))
    } else {
        String::new()
    }
}

/// The range of a column and what of it is missing.
fn column_facts(column: &ColumnReport<'_>, before: &Series, after: &Series) -> String {
    let mut facts = Vec::new();
    if column.step {
        facts.push("step signal".to_owned());
    }
    match extent(before.points().iter().map(|point| point.v)) {
        Some((low, high)) if low == high => facts.push(format!("always {}", value(low))),
        Some((low, high)) => facts.push(format!("{} to {}", value(low), value(high))),
        None => facts.push("nothing recorded".to_owned()),
    }
    let absent = |times: &[f64], series: &Series| times.len() - series.points().len();
    let lost = absent(column.source_times, before);
    if lost > 0 {
        facts.push(format!(
            "{} without a value",
            counted(lost, "sample", "samples")
        ));
    }
    let lost = absent(column.target_times, after);
    if lost > 0 {
        facts.push(format!(
            "{} without a value",
            counted(lost, "point", "points")
        ));
    }
    let invalid = after.points().iter().filter(|point| !point.valid).count();
    if invalid > 0 {
        facts.push(format!("{} not valid", counted(invalid, "point", "points")));
    }
    facts.join(" \u{b7} ")
}
