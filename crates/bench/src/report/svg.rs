//! How is a drawing written?

use super::text::escaped;
use std::fmt::Write as _;

/// Colours that are told apart with any kind of colour vision (Okabe and Ito 2008), ours first.
pub const COLOURS: [&str; 6] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
];
/// Lines that are there to read off, and quiet text.
pub const GRID: &str = "#d9dde1";
/// Text.
pub const INK: &str = "#24292f";

/// A drawing on a light ground.
pub struct Drawing {
    width: f64,
    height: f64,
    body: String,
}

/// Where a text stands to its point.
#[derive(Clone, Copy)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

impl Drawing {
    /// An empty drawing.
    pub fn new(width: f64, height: f64) -> Drawing {
        Drawing {
            width,
            height,
            body: String::new(),
        }
    }

    /// A text whose baseline begins, has its middle or ends at a point.
    pub fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.put(&format!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
            escaped(text)
        ));
    }

    /// A heading.
    pub fn title(&mut self, text: &str) {
        self.put(&format!(
            "<text x=\"12\" y=\"22\" font-size=\"15\" font-weight=\"600\">{}</text>",
            escaped(text)
        ));
    }

    /// A straight line.
    pub fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), colour: &str, width: f64) {
        self.put(&format!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\" \
             stroke-width=\"{width}\"/>"
        ));
    }

    /// A filled box.
    pub fn bar(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), colour: &str) {
        self.put(&format!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{height:.1}\" fill=\"{colour}\"/>",
            width.max(0.0)
        ));
    }

    /// A dot, with what a pointer on it shows.
    pub fn dot(&mut self, (x, y): (f64, f64), colour: &str, says: &str) {
        self.put(&format!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\" stroke=\"#ffffff\">\
             <title>{}</title></circle>",
            escaped(says)
        ));
    }

    /// A line through points.
    pub fn path(&mut self, points: &[(f64, f64)], colour: &str) {
        let mut list = String::new();
        for (x, y) in points {
            let _ = write!(list, "{x:.1},{y:.1} ");
        }
        self.put(&format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" \
             stroke-dasharray=\"5 3\"/>",
            list.trim_end()
        ));
    }

    /// Names and colours, in a row.
    pub fn legend(&mut self, (mut x, y): (f64, f64), entries: &[(&str, &str)]) {
        for (name, colour) in entries {
            self.bar((x, y - 9.0), (10.0, 10.0), colour);
            self.text((x + 15.0, y), Anchor::Start, name);
            x += 31.0 + 7.0 * name.chars().count() as f64;
        }
    }

    fn put(&mut self, element: &str) {
        self.body += element;
        self.body.push('\n');
    }

    /// The file.
    pub fn finish(self) -> String {
        let Drawing {
            width,
            height,
            body,
        } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
             height=\"{height:.0}\" font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"{INK}\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{body}</svg>\n"
        )
    }
}

/// A range of numbers along an axis of a drawing.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    /// The numbers at its ends.
    range: (f64, f64),
    /// Where its ends are.
    place: (f64, f64),
    logarithmic: bool,
}

impl Axis {
    /// An axis from 0 to at least a number.
    pub fn linear(most: f64, place: (f64, f64)) -> Axis {
        let range = (0.0, if most > 0.0 { most } else { 1.0 });
        Axis {
            range,
            place,
            logarithmic: false,
        }
    }

    /// An axis that holds some numbers above 0, with some room at its ends; at least a factor of three.
    pub fn logarithmic(numbers: impl Iterator<Item = f64>, place: (f64, f64)) -> Axis {
        let usable = numbers.filter(|n| n.is_finite() && *n > 0.0);
        let (low, high) = usable.fold((f64::INFINITY, 0.0f64), |(l, h), n| (l.min(n), h.max(n)));
        let (low, high) = if low <= high {
            (low, high)
        } else {
            (1.0, 10.0)
        };
        let room = (high / low)
            .powf(0.05)
            .max((3.0 * low / high).sqrt())
            .max(1.05);
        Axis {
            range: (low / room, high * room),
            place,
            logarithmic: true,
        }
    }

    /// Where a number is; at the near end where it lies outside.
    pub fn at(&self, number: f64) -> f64 {
        let (low, high) = self.range;
        let share = match self.logarithmic {
            true => (number.max(f64::MIN_POSITIVE) / low).ln() / (high / low).ln(),
            false => (number - low) / (high - low),
        };
        self.place.0 + share.clamp(0.0, 1.0) * (self.place.1 - self.place.0)
    }

    /// Round numbers on it.
    pub fn ticks(&self) -> Vec<f64> {
        let (low, high) = self.range;
        if !self.logarithmic {
            let step = [0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0];
            let step = step
                .into_iter()
                .find(|step| high / step <= 8.0)
                .unwrap_or(high / 8.0);
            return (0..=(high / step + 1e-9) as usize)
                .map(|i| i as f64 * step)
                .collect();
        }
        let decades = (low.log10().floor() as i32)..=(high.log10().ceil() as i32);
        let digits: &[f64] = if high / low < 300.0 {
            &[1.0, 2.0, 5.0]
        } else {
            &[1.0]
        };
        let all =
            decades.flat_map(|power| digits.iter().map(move |digit| digit * 10f64.powi(power)));
        all.filter(|tick| (low..=high).contains(tick)).collect()
    }
}

/// A round number, as short as it gets.
pub fn label(tick: f64) -> String {
    match tick {
        tick if tick >= 1e3 || tick == tick.trunc() => format!("{tick:.0}"),
        tick => format!("{:.3}", tick).trim_end_matches('0').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_a_few_round_numbers() {
        let labels = |axis: Axis| axis.ticks().into_iter().map(label).collect::<Vec<_>>();
        let place = (0.0, 100.0);
        assert_eq!(
            labels(Axis::linear(1.2, place)),
            ["0", "0.2", "0.4", "0.6", "0.8", "1", "1.2"]
        );
        assert_eq!(
            labels(Axis::logarithmic([0.9, 30.0].into_iter(), place)),
            ["1", "2", "5", "10", "20"]
        );
        assert_eq!(
            labels(Axis::logarithmic([0.5, 5e3].into_iter(), place)),
            ["1", "10", "100", "1000"]
        );
        assert!(
            Axis::logarithmic([f64::NAN].into_iter(), place)
                .ticks()
                .len()
                > 2
        );
    }

    #[test]
    fn numbers_lie_where_they_belong() {
        let axis = Axis::logarithmic([1.0, 100.0].into_iter(), (100.0, 200.0));
        assert!((axis.at(10.0) - 150.0).abs() < 1e-9);
        assert_eq!((axis.at(1e9), axis.at(0.0)), (200.0, 100.0));
        assert_eq!(Axis::linear(2.0, (10.0, 0.0)).at(0.5), 7.5);
    }

    #[test]
    fn text_cannot_break_a_drawing() {
        let mut drawing = Drawing::new(10.0, 10.0);
        drawing.text((1.0, 1.0), Anchor::Start, "a->b & <c>");
        let text = drawing.finish();
        assert!(text.contains("a-&gt;b &amp; &lt;c&gt;") && text.ends_with("</svg>\n"));
    }
}
