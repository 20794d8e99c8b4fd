//! Where do points lie in a drawing, and which path goes through them?

use super::scale::Scale;
use super::series::Point;
use super::text::Px;

/// Where the marks of a plot lie.
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) time: Scale,
    pub(super) value: Scale,
}

impl Frame {
    pub(super) fn x(&self, t: f64) -> f64 {
        self.time.share(t) * self.width
    }

    pub(super) fn y(&self, v: f64) -> f64 {
        (1.0 - self.value.share(v)) * self.height
    }
}

/// The path of a line, or of steps, through points.
pub(super) fn line(points: &[Point], frame: &Frame, step: bool) -> String {
    let mut d = String::with_capacity(points.len() * 10);
    // What is written for the point before, to leave out what would not move the pen.
    let mut pen: Option<(String, String)> = None;
    let mut alone = false;
    for point in points {
        let x = Px(frame.x(point.t)).to_string();
        let y = Px(frame.y(point.v)).to_string();
        match pen.as_ref().filter(|_| point.joined) {
            None => {
                // A line of no length shows as a dot.
                if alone {
                    d.push_str("h0");
                }
                d.push('M');
                push_pair(&mut d, &x, &y);
                alone = true;
            }
            Some((at_x, at_y)) if step => {
                if *at_x != x {
                    d.push('H');
                    d.push_str(&x);
                }
                if *at_y != y {
                    d.push('V');
                    d.push_str(&y);
                }
                alone = alone && *at_x == x && *at_y == y;
            }
            Some((at_x, at_y)) => {
                if *at_x != x || *at_y != y {
                    d.push(' ');
                    push_pair(&mut d, &x, &y);
                    alone = false;
                }
            }
        }
        pen = Some((x, y));
    }
    if alone {
        d.push_str("h0");
    }
    d
}

fn push_pair(d: &mut String, x: &str, y: &str) {
    d.push_str(x);
    d.push(',');
    d.push_str(y);
}

/// The path of a dot for each point, no two closer than `room`.
pub(super) fn dots<'p>(
    points: impl Iterator<Item = &'p Point>,
    frame: &Frame,
    room: f64,
) -> String {
    let mut d = String::new();
    let mut last = f64::NEG_INFINITY;
    for point in points {
        let x = frame.x(point.t);
        if x - last >= room {
            d.push('M');
            push_pair(
                &mut d,
                &Px(x).to_string(),
                &Px(frame.y(point.v)).to_string(),
            );
            d.push_str("h0");
            last = x;
        }
    }
    d
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Frame {
        Frame {
            left: 0.0,
            width: 100.0,
            height: 10.0,
            time: Scale::linear(0.0, 10.0),
            value: Scale::linear(0.0, 10.0),
        }
    }

    fn points(rows: &[(f64, f64, bool)]) -> Vec<Point> {
        rows.iter()
            .map(|&(t, v, joined)| Point {
                t,
                v,
                joined,
                valid: true,
            })
            .collect()
    }

    #[test]
    fn lines_break_and_lone_points_show() {
        let got = line(
            &points(&[
                (0.0, 0.0, false),
                (1.0, 5.0, true),
                (2.0, 10.0, false),
                (3.0, 1.0, false),
                (3.0, 1.0, true),
                (4.0, 2.0, true),
                (9.0, 0.0, false),
            ]),
            &frame(),
            false,
        );
        assert_eq!(got, "M0,10 10,5M20,0h0M30,9 40,8M90,10h0");
    }

    #[test]
    fn steps_hold_until_the_next_point() {
        let got = line(
            &points(&[
                (0.0, 0.0, false),
                (1.0, 0.0, true),
                (2.0, 10.0, true),
                (5.0, 5.0, false),
            ]),
            &frame(),
            true,
        );
        assert_eq!(got, "M0,10H10H20V0M50,5h0");
    }

    #[test]
    fn rings_keep_their_distance() {
        let crowd = points(&[
            (0.0, 0.0, false),
            (0.1, 0.0, true),
            (0.49, 0.0, true),
            (0.5, 0.0, true),
        ]);
        assert_eq!(dots(crowd.iter(), &frame(), 5.0), "M0,10h0M5,10h0");
    }
}
