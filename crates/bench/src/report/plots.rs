//! The plots.

use super::rows::{Analysis, Shape, Subject};
use super::svg::{Anchor, Axis, COLOURS, Drawing, GRID, INK, label};
use super::text::number;
use crate::results::part::OURS;
use crate::serve::COPY;

/// Their names, as they end the names of their files.
pub const NAMES: [&str; 3] = ["copy", "rivals", "bytes"];

const WIDTH: f64 = 860.0;
const ROW: f64 = 24.0;
const TOP: f64 = 62.0;
const BOTTOM: f64 = 44.0;

/// The plot of a name.
pub fn draw(analysis: &Analysis<'_>, name: &str) -> String {
    match name {
        "copy" => copy(analysis),
        "rivals" => rivals(analysis),
        _ => bytes(analysis),
    }
}

/// The names of shapes beside their rows, and what an axis of numbers below needs.
fn rows(
    analysis: &Analysis<'_>,
    title: &str,
    unit: &str,
    axis: &mut dyn FnMut((f64, f64)) -> Axis,
) -> (Drawing, Axis) {
    let longest = analysis
        .shapes
        .iter()
        .map(|shape| shape.name.chars().count())
        .max();
    let left = 24.0 + 7.0 * longest.unwrap_or(0) as f64;
    let bottom = TOP + ROW * analysis.shapes.len() as f64;
    let mut drawing = Drawing::new(WIDTH, bottom + BOTTOM);
    drawing.title(title);
    let axis = axis((left, WIDTH - 48.0));
    for tick in axis.ticks() {
        let x = axis.at(tick);
        drawing.line((x, TOP), (x, bottom), GRID, 1.0);
        drawing.text((x, bottom + 16.0), Anchor::Middle, &label(tick));
    }
    drawing.text(
        (0.5 * (left + WIDTH - 48.0), bottom + 34.0),
        Anchor::Middle,
        unit,
    );
    for (index, shape) in analysis.shapes.iter().enumerate() {
        drawing.text((left - 10.0, middle(index) + 4.0), Anchor::End, &shape.name);
    }
    drawing.line((axis.at(1.0), TOP), (axis.at(1.0), bottom), INK, 1.5);
    (drawing, axis)
}

fn middle(row: usize) -> f64 {
    TOP + ROW * (row as f64 + 0.5)
}

/// Who is drawn, with a colour each: ours first.
fn entries<'a>(analysis: &'a Analysis<'_>) -> Vec<(&'a str, &'static str)> {
    let rivals = analysis.rivals.iter().map(String::as_str);
    std::iter::once(OURS)
        .chain(rivals)
        .zip(COLOURS.into_iter().cycle())
        .collect()
}

fn find<'s>(shape: &'s Shape, name: &str) -> Option<&'s Subject> {
    if name == OURS {
        shape.ours()
    } else {
        shape.rival(name)
    }
}

fn copy(analysis: &Analysis<'_>) -> String {
    let of_copy = |shape: &Shape, name: &str| Some(find(shape, name)?.of_copy?.p50);
    let all = analysis
        .shapes
        .iter()
        .filter_map(|shape| Some(of_copy(shape, OURS)?.high));
    let most = all.fold(1.1, f64::max);
    let title = format!(
        "{}: the time of a copy of the same bytes, over the time",
        analysis.file.operation
    );
    let unit = "share of the copy's speed; cold caches, P50, 95 % interval";
    let (mut drawing, axis) = rows(analysis, &title, unit, &mut |place| {
        Axis::linear(most, place)
    });
    let entries = entries(analysis);
    drawing.legend((12.0, 44.0), &entries);
    for (row, shape) in analysis.shapes.iter().enumerate() {
        let y = middle(row);
        if let Some(of) = of_copy(shape, OURS) {
            drawing.bar(
                (axis.at(0.0), y - 7.0),
                (axis.at(of.value) - axis.at(0.0), 14.0),
                COLOURS[0],
            );
            drawing.line((axis.at(of.low), y), (axis.at(of.high), y), INK, 1.5);
            drawing.text((WIDTH - 10.0, y + 4.0), Anchor::End, &number(of.value));
        }
        for (name, colour) in &entries[1..] {
            if let Some(of) = of_copy(shape, name) {
                drawing.dot(
                    (axis.at(of.value), y),
                    colour,
                    &format!("{name}: {}", number(of.value)),
                );
            }
        }
    }
    drawing.finish()
}

fn rivals(analysis: &Analysis<'_>) -> String {
    let times = |shape: &Shape, name: &str| Some(shape.rival(name)?.to_ours?.p50);
    let all = analysis.shapes.iter().flat_map(|shape| {
        let of = analysis.rivals.iter().filter_map(|name| times(shape, name));
        of.flat_map(|of| [of.low, of.value, of.high])
            .collect::<Vec<_>>()
    });
    let numbers: Vec<f64> = all.chain([1.0]).collect();
    let title = format!(
        "{}: how many times as long the rivals take",
        analysis.file.operation
    );
    let unit = "time over ours; cold caches, P50, 95 % interval; right of 1 is slower than ours";
    let (mut drawing, axis) = rows(analysis, &title, unit, &mut |place| {
        Axis::logarithmic(numbers.iter().copied(), place)
    });
    let entries = entries(analysis);
    drawing.legend((12.0, 44.0), &entries[1..]);
    for (row, shape) in analysis.shapes.iter().enumerate() {
        for (name, colour) in &entries[1..] {
            if let Some(of) = times(shape, name) {
                let y = middle(row);
                drawing.line((axis.at(of.low), y), (axis.at(of.high), y), colour, 2.0);
                drawing.dot(
                    (axis.at(of.value), y),
                    colour,
                    &format!("{name}: {} times", number(of.value)),
                );
            }
        }
    }
    drawing.finish()
}

fn bytes(analysis: &Analysis<'_>) -> String {
    const HEIGHT: f64 = 460.0;
    let speed = |shape: &Shape, name: &str| {
        let subject = match name {
            COPY => shape.subject(OURS, COPY),
            name => find(shape, name),
        };
        Some(shape.speed(&subject?.cold))
    };
    let mut entries = entries(analysis);
    let names: Vec<&str> = entries
        .iter()
        .map(|(name, _)| *name)
        .chain([COPY])
        .collect();
    let speeds = analysis
        .shapes
        .iter()
        .flat_map(|shape| names.iter().filter_map(|name| speed(shape, name)));
    let speeds: Vec<f64> = speeds.collect();
    let x = Axis::logarithmic(
        analysis.shapes.iter().map(|shape| shape.bytes / 1e6),
        (70.0, WIDTH - 30.0),
    );
    let y = Axis::logarithmic(speeds.into_iter(), (HEIGHT - 52.0, TOP));
    let mut drawing = Drawing::new(WIDTH, HEIGHT);
    drawing.title(&format!(
        "{}: speed by size, cold caches",
        analysis.file.operation
    ));
    for tick in x.ticks() {
        drawing.line((x.at(tick), TOP), (x.at(tick), HEIGHT - 52.0), GRID, 1.0);
        drawing.text((x.at(tick), HEIGHT - 36.0), Anchor::Middle, &label(tick));
    }
    for tick in y.ticks() {
        drawing.line((70.0, y.at(tick)), (WIDTH - 30.0, y.at(tick)), GRID, 1.0);
        drawing.text((62.0, y.at(tick) + 4.0), Anchor::End, &label(tick));
    }
    drawing.text(
        (0.5 * WIDTH, HEIGHT - 14.0),
        Anchor::Middle,
        "MB that have to move",
    );
    drawing.text((12.0, TOP - 14.0), Anchor::Start, "GB/s");
    let mut of_copy: Vec<(f64, f64)> = analysis
        .shapes
        .iter()
        .filter_map(|shape| Some((x.at(shape.bytes / 1e6), y.at(speed(shape, COPY)?))))
        .collect();
    of_copy.sort_by(|a, b| a.0.total_cmp(&b.0));
    drawing.path(&of_copy, INK);
    // Ours last, on top.
    for (name, colour) in entries.iter().rev() {
        for shape in &analysis.shapes {
            if let Some(speed) = speed(shape, name) {
                let says = format!("{name}, {}: {} GB/s", shape.name, number(speed));
                drawing.dot((x.at(shape.bytes / 1e6), y.at(speed)), colour, &says);
            }
        }
    }
    entries.push(("a copy of as many bytes", INK));
    drawing.legend((70.0, 44.0), &entries);
    drawing.finish()
}
