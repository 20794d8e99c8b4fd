//! How is a series drawn?

use super::text::{Escaped, number};
use crate::slope::Point;
use std::fmt;

const WIDTH: f64 = 620.0;
const HEIGHT: f64 = 190.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 24.0;

/// Lines over time.
pub(super) struct Plot {
    /// What is plotted, in words.
    pub(super) label: String,
    /// Classes of the style sheet, and points; times in hours.
    pub(super) lines: Vec<(&'static str, Vec<Point>)>,
    /// Spans of time that are not judged.
    pub(super) shades: Vec<(f64, f64)>,
    /// Where one run ends and the next begins.
    pub(super) breaks: Vec<f64>,
    /// The least height that is shown, as a share of the values' size.
    pub(super) least: f64,
    /// Whether zero is shown.
    pub(super) zero: bool,
}

/// The least and the greatest.
fn extent(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values
        .filter(|value| value.is_finite())
        .fold(None, |range, v| match range {
            None => Some((v, v)),
            Some((low, high)) => Some((low.min(v), high.max(v))),
        })
}

/// Round numbers between two, at most about `most`.
pub(super) fn ticks(low: f64, high: f64, most: usize) -> Vec<f64> {
    let rough = (high - low) / most.max(1) as f64;
    if !(rough > 0.0 && rough.is_finite()) {
        return Vec::new();
    }
    let power = 10f64.powf(rough.log10().floor());
    let digit = rough / power;
    let choices = [1.0, 2.0, 5.0, 10.0];
    let step = power
        * choices
            .iter()
            .find(|&&choice| digit <= choice * 1.000_001)
            .unwrap_or(&10.0);
    let first = (low / step).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last).map(|index| index as f64 * step).collect()
}

/// A tick's label: no more digits than neighbouring ticks need to differ.
fn label(value: f64, step: f64) -> String {
    let decimals = (-step.log10()).ceil().clamp(0.0, 6.0) as usize;
    if decimals == 0 {
        return if value < 0.0 {
            format!("\u{2212}{}", super::text::count(value.abs().round() as u64))
        } else {
            super::text::count(value.round() as u64)
        };
    }
    format!("{value:.decimals$}").replace('-', "\u{2212}")
}

impl fmt::Display for Plot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = || self.lines.iter().flat_map(|(_, points)| points);
        let (Some((t0, t1)), Some((low, high))) =
            (extent(all().map(|p| p.0)), extent(all().map(|p| p.1)))
        else {
            return f.write_str("<p class=\"facts\">no samples yet</p>");
        };
        let t1 = if t1 > t0 { t1 } else { t0 + 1e-6 };
        let low = if self.zero { low.min(0.0) } else { low };
        let least = (self.least * high.abs().max(low.abs())).max(1e-9);
        let room = (0.08 * (high - low)).max(0.5 * (least - (high - low)));
        let (low, high) = (if self.zero { low } else { low - room }, high + room);
        let x = |t: f64| LEFT + (WIDTH - LEFT - RIGHT) * (t - t0) / (t1 - t0);
        let y = |v: f64| HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (v - low) / (high - low);
        let floor = HEIGHT - BOTTOM;
        write!(
            f,
            "<svg class=\"plot\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
            Escaped(&self.label)
        )?;
        for &(from, to) in &self.shades {
            write!(
                f,
                "<rect class=\"shade\" x=\"{:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\"/>",
                x(from),
                x(to) - x(from),
                floor - TOP
            )?;
        }
        let values = ticks(low, high, 5);
        let step = values
            .windows(2)
            .next()
            .map_or(1.0, |pair| pair[1] - pair[0]);
        for &value in &values {
            write!(
                f,
                "<path class=\"grid\" d=\"M{LEFT} {0:.1}H{1}\"/>\
                 <text class=\"value\" x=\"{2}\" y=\"{3:.1}\">{4}</text>",
                y(value),
                WIDTH - RIGHT,
                LEFT - 8.0,
                y(value) + 4.0,
                label(value, step)
            )?;
        }
        // Short runs are read in minutes.
        let (unit, scale) = if t1 - t0 < 1.5 {
            ("min", 60.0)
        } else {
            ("h", 1.0)
        };
        for (index, tick) in ticks(t0 * scale, t1 * scale, 7).into_iter().enumerate() {
            write!(
                f,
                "<text class=\"time\" x=\"{:.1}\" y=\"{}\">{}{}</text>",
                x(tick / scale),
                HEIGHT - 7.0,
                number(Some(tick)),
                if index == 0 {
                    format!(" {unit}")
                } else {
                    String::new()
                }
            )?;
        }
        for &at in &self.breaks {
            write!(
                f,
                "<path class=\"break\" d=\"M{:.1} {TOP}V{floor}\"/>",
                x(at)
            )?;
        }
        write!(
            f,
            "<path class=\"axis\" d=\"M{LEFT} {floor}H{}\"/>",
            WIDTH - RIGHT
        )?;
        for (class, points) in &self.lines {
            if *class == "dots" || *class == "dots calm" {
                for &(t, v) in points {
                    write!(
                        f,
                        "<circle class=\"{class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.6\"/>",
                        x(t),
                        y(v)
                    )?;
                }
                continue;
            }
            write!(f, "<path class=\"line {class}\" d=\"")?;
            for (index, &(t, v)) in points.iter().enumerate() {
                let letter = if index == 0 { 'M' } else { 'L' };
                write!(f, "{letter}{:.1} {:.1}", x(t), y(v))?;
            }
            f.write_str("\"/>")?;
        }
        f.write_str("</svg>\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within() {
        assert_eq!(ticks(0.0, 10.0, 5), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(
            ticks(98.0, 103.0, 5),
            [98.0, 99.0, 100.0, 101.0, 102.0, 103.0]
        );
        assert_eq!(ticks(1.0, 1.0, 5), Vec::<f64>::new());
        assert_eq!(label(0.25, 0.05), "0.25");
        assert_eq!(label(-20.0, 10.0), "\u{2212}20");
    }

    #[test]
    fn every_coordinate_is_a_number() {
        for points in [
            vec![],
            vec![(0.0, 5.0)],
            vec![(0.0, 7.0), (1.0, 7.0)],
            vec![(0.0, 0.0), (2.0, 1e9)],
        ] {
            let plot = Plot {
                label: "<x>".into(),
                lines: vec![("sampled", points.clone()), ("dots", points)],
                shades: vec![(0.0, 0.1)],
                breaks: vec![0.1],
                least: 0.02,
                zero: false,
            };
            let text = plot.to_string();
            assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
        }
    }
}
