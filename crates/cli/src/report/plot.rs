//! How is one plot drawn?

use std::fmt::{self, Write as _};

use super::path::{Frame, dots, line};
use super::scale::{Kind, Scale, Tick};
use super::series::{Series, thinned};
use super::text::{Escaped, Px, duration};

/// Room above and below the marks, for the unit and for the time axis.
const TOP: f64 = 18.0;
const BOTTOM: f64 = 20.0;
const RIGHT: f64 = 10.0;
/// The least room for the value labels, and what one of their characters needs.
const LEFT: f64 = 52.0;
const CHARACTER: f64 = 6.3;

/// Dots are drawn where each has at least this much width of its own.
const ROOM_PER_DOT: f64 = 2.6;
/// Hollow dots and ticks of the rug are drawn no closer than this.
const ROOM_PER_RING: f64 = 5.0;
const ROOM_PER_RUG_TICK: f64 = 1.5;
/// A gap is named where its name has this much width.
const ROOM_FOR_NAME: f64 = 64.0;
/// How much height the two rugs take.
const RUG: f64 = 17.0;

/// One plot of a signal before and after resampling, over a window of time.
pub(super) struct Plot<'p> {
    /// What is plotted, in words.
    pub(super) label: String,
    /// A few words for the upper right corner.
    pub(super) corner: String,
    pub(super) unit: &'p str,
    pub(super) width: f64,
    pub(super) height: f64,
    /// The first and the last second shown.
    pub(super) window: (f64, f64),
    pub(super) scale: Scale,
    pub(super) before: &'p Series,
    pub(super) after: &'p Series,
    /// Spans in which the source has no samples.
    pub(super) gaps: &'p [(f64, f64)],
    /// The window of the plot that looks closer, to be marked in this one.
    pub(super) lens: Option<(f64, f64)>,
    /// Whether values hold until the next point.
    pub(super) step: bool,
    /// Whether single points are marked, where there is room.
    pub(super) dots: bool,
    /// Whether the times of the points are marked along the lower edge.
    pub(super) rug: bool,
}

impl fmt::Display for Plot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ticks = self
            .scale
            .ticks(((self.height - TOP - BOTTOM) / 22.0) as usize);
        let widest = ticks.iter().map(|t| t.label.chars().count()).max();
        let left = LEFT.max(14.0 + CHARACTER * widest.unwrap_or(0) as f64);
        let frame = Frame {
            left,
            width: self.width - left - RIGHT,
            height: self.height - TOP - BOTTOM,
            time: Scale::linear(self.window.0, self.window.1),
            value: self.scale,
        };
        write!(
            f,
            "<svg class=\"plot\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\" \
             data-box=\"{} {TOP} {} {}\" data-time=\"{:e} {:e}\" data-value=\"{:e} {:e}\"{}>",
            self.width,
            self.height,
            Escaped(&self.label),
            frame.left,
            frame.width,
            frame.height,
            frame.time.low(),
            frame.time.high(),
            frame.value.low(),
            frame.value.high(),
            match frame.value.kind() {
                Kind::Linear => "",
                Kind::Logarithmic => " data-log=\"1\"",
            }
        )?;
        self.axes(f, &frame, &ticks)?;
        write!(
            f,
            "<svg x=\"{}\" y=\"{TOP}\" width=\"{}\" height=\"{}\">",
            Px(frame.left),
            Px(frame.width),
            Px(frame.height)
        )?;
        self.bands(f, &frame)?;
        self.series(f, &frame, self.before, "before", 0.0)?;
        self.series(f, &frame, self.after, "after", 0.5 * RUG)?;
        if !self.before.shows_in(self.window) && !self.after.shows_in(self.window) {
            write!(
                f,
                "<text class=\"empty\" x=\"{}\" y=\"{}\">no values</text>",
                Px(0.5 * frame.width),
                Px(0.5 * frame.height + 4.0)
            )?;
        }
        f.write_str("</svg></svg>\n")
    }
}

impl Plot<'_> {
    fn axes(&self, f: &mut fmt::Formatter<'_>, frame: &Frame, ticks: &[Tick]) -> fmt::Result {
        let (left, right) = (frame.left, frame.left + frame.width);
        let bottom = TOP + frame.height;
        let mut grid = String::new();
        for tick in ticks {
            let y = TOP + frame.y(tick.at);
            write!(grid, "M{},{}H{}", Px(left), Px(y), Px(right))?;
            write!(
                f,
                "<text class=\"value\" x=\"{}\" y=\"{}\">{}</text>",
                Px(left - 7.0),
                Px(y + 3.5),
                Escaped(&tick.label)
            )?;
        }
        let mut marks = format!("M{},{}H{}", Px(left), Px(bottom), Px(right));
        for tick in frame.time.ticks((frame.width / 75.0) as usize) {
            let x = left + frame.x(tick.at);
            write!(marks, "M{},{}v4", Px(x), Px(bottom))?;
            write!(
                f,
                "<text class=\"time\" x=\"{}\" y=\"{}\">{}\u{202f}s</text>",
                Px(x),
                Px(bottom + 15.0),
                Escaped(&tick.label)
            )?;
        }
        write!(
            f,
            "<path class=\"grid\" d=\"{grid}\"/><path class=\"axis\" d=\"{marks}\"/>"
        )?;
        if !self.unit.is_empty() {
            write!(
                f,
                "<text class=\"value\" x=\"{}\" y=\"10\">{}</text>",
                Px(left - 7.0),
                Escaped(self.unit)
            )?;
        }
        if !self.corner.is_empty() {
            write!(
                f,
                "<text class=\"corner\" x=\"{}\" y=\"10\">{}</text>",
                Px(right),
                Escaped(&self.corner)
            )?;
        }
        Ok(())
    }

    /// The gaps, and the window of the closer look.
    fn bands(&self, f: &mut fmt::Formatter<'_>, frame: &Frame) -> fmt::Result {
        let mut bands: Vec<(f64, f64)> = Vec::new();
        let shown = |gap: &&(f64, f64)| gap.1 >= self.window.0 && gap.0 <= self.window.1;
        for gap in self.gaps.iter().filter(shown) {
            let from = frame.x(gap.0).max(0.0);
            let to = frame.x(gap.1).min(frame.width).max(from + 1.0);
            match bands.last_mut() {
                Some(last) if from <= last.1 + 0.5 => last.1 = last.1.max(to),
                _ => bands.push((from, to)),
            }
        }
        for (from, to) in bands {
            write!(
                f,
                "<rect class=\"gap\" x=\"{}\" width=\"{}\" height=\"{}\"/>",
                Px(from),
                Px(to - from),
                Px(frame.height)
            )?;
        }
        for gap in self.gaps.iter().filter(shown) {
            let (from, to) = (frame.x(gap.0).max(0.0), frame.x(gap.1).min(frame.width));
            if to - from > ROOM_FOR_NAME {
                write!(
                    f,
                    "<text class=\"gap-name\" x=\"{}\" y=\"{}\">{} gap</text>",
                    Px(0.5 * (from + to)),
                    Px(self.name_height(*gap, frame)),
                    duration(gap.1 - gap.0)
                )?;
            }
        }
        if let Some((start, end)) = self.lens {
            let (from, to) = (frame.x(start), frame.x(end));
            write!(
                f,
                "<rect class=\"lens\" x=\"{}\" y=\"0.5\" width=\"{}\" height=\"{}\"/>",
                Px(from),
                Px((to - from).max(1.0)),
                Px(frame.height - 1.0)
            )?;
        }
        Ok(())
    }

    /// The height at which a gap's name is clear of the line that crosses the gap.
    fn name_height(&self, gap: (f64, f64), frame: &Frame) -> f64 {
        if self.rug {
            // A strip of spacings runs along the upper edge here, and below along the usual one.
            return 0.38 * frame.height;
        }
        let ends = self.before.around(gap);
        let middle = ends.iter().map(|point| frame.y(point.v)).sum::<f64>() / ends.len() as f64;
        if middle < 0.5 * frame.height {
            frame.height - 7.0
        } else {
            14.0
        }
    }

    fn series(
        &self,
        f: &mut fmt::Formatter<'_>,
        frame: &Frame,
        series: &Series,
        class: &str,
        rug_lift: f64,
    ) -> fmt::Result {
        let column = |t: f64| frame.x(t).floor() as i64;
        let points = thinned(series.around(self.window), column);
        if points.is_empty() {
            return Ok(());
        }
        write!(
            f,
            "<g class=\"{class}\"><path class=\"line\"{} d=\"{}\"/>",
            if self.step { " data-step=\"1\"" } else { "" },
            line(&points, frame, self.step)
        )?;
        let inside = series.inside(self.window);
        if self.dots {
            if inside.len() as f64 * ROOM_PER_DOT <= frame.width {
                let filled = inside.iter().filter(|point| point.valid);
                path(f, "dots", &dots(filled, frame, 0.0))?;
            }
            let hollow = inside.iter().filter(|point| !point.valid);
            let rings = dots(hollow, frame, ROOM_PER_RING);
            path(f, "ring", &rings)?;
            path(f, "hole", &rings)?;
        }
        if self.rug && inside.len() as f64 * ROOM_PER_RUG_TICK <= frame.width {
            let mut ticks = String::new();
            for point in inside {
                let y = frame.height - rug_lift - 1.0;
                write!(ticks, "M{},{}v-6", Px(frame.x(point.t)), Px(y))?;
            }
            path(f, "rug", &ticks)?;
        }
        f.write_str("</g>")
    }
}

fn path(f: &mut fmt::Formatter<'_>, class: &str, d: &str) -> fmt::Result {
    if d.is_empty() {
        return Ok(());
    }
    write!(f, "<path class=\"{class}\" d=\"{d}\"/>")
}
