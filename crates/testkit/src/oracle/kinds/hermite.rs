//! Cubics on a bracket with a tangent at either end: `Cubic` and `Pchip`.
//!
//! `Pchip` is Fritsch and Butland's "A method for constructing local monotone piecewise cubic
//! interpolants" (1984) with the end rule of Moler's "Numerical Computing with MATLAB" (2004), as
//! scipy has them.

use super::{Place, Source, arithmetic, huge};
use crate::oracle::Expected;
use crate::oracle::decide::End;
use crate::oracle::exact::{smallest, unit_roundoff};
use robocache_core::DType;

/// What tangents are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::oracle) enum Shape {
    Cubic,
    Pchip,
}

/// A bracket's width and slope.
#[derive(Clone, Copy, Debug)]
struct Secant {
    width: f64,
    slope: f64,
}

/// A bracket of one column, with those of its neighbours that shape its tangents.
struct Bracket {
    shape: Shape,
    this: Secant,
    before: Option<Secant>,
    after: Option<Secant>,
    /// Whether it is the first or the last of the axis.
    first: bool,
    last: bool,
}

/// The value, and the contract's bound.
///
/// M is the largest magnitude of the rows used and of the tangents times the bracket's width: a tangent
/// that a far narrower neighbour shaped can exceed the samples by far. Beyond the ends M has, times |w|, the
/// larger of the tangent there and the line. Anything is right if a row is
/// infinite, if M or a slope comes near the end of the type's range, or if widths or reciprocals of
/// slopes are so small or large that their products may leave it. A target so little beyond an end that its weight may
/// round to the end's is also one inside.
pub(super) fn value(source: &Source<'_>, shape: Shape, column: usize, place: Place) -> Expected {
    let Place {
        first,
        second,
        weight,
        beyond,
    } = place;
    let bracket = Bracket::new(source, shape, column, first);
    // A cubic's own end tangent is the bracket's slope, whatever lies on the other side of it.
    let alone = shape == Shape::Cubic && beyond.is_some();
    let before = bracket.before.filter(|_| !alone);
    let after = bracket.after.filter(|_| !alone);
    let rows = first - usize::from(before.is_some())..=second + usize::from(after.is_some());
    let rows: Vec<f64> = rows.map(|i| source.at(i, column)).collect();
    let arithmetic = arithmetic(source.question.in_dtype);
    let rounding = 2.0 * unit_roundoff(arithmetic);
    if alone && ((weight - 1.0).abs() <= rounding || weight.abs() <= smallest(arithmetic)) {
        let inside = Place {
            beyond: None,
            ..place
        };
        if !matches!(value(source, shape, column, inside), Expected::Near { .. }) {
            return Expected::Anything;
        }
    }
    let secants = [before, Some(bracket.this), after];
    let secants = secants.into_iter().flatten();
    // Of a neighbour whose width may be nothing beside this one's, it is open whether it shapes anything.
    let (y0, y1) = (source.at(first, column), source.at(second, column));
    let is_open = || !secants.clone().all(|one| one.has_width(arithmetic));
    if !y0.is_nan() && !y1.is_nan() && is_open() {
        return Expected::Anything;
    }
    if rows.iter().any(|row| row.is_nan()) {
        return Expected::NAN;
    }
    let largest = rows.iter().fold(0.0, |most: f64, row| most.max(row.abs()));
    let widths: f64 = secants.clone().map(|secant| secant.width).sum();
    if !largest.is_finite() || !secants.clone().all(|one| one.is_tame(widths, arithmetic)) {
        return Expected::Anything;
    }
    let width = bracket.this.width;
    let rises = [bracket.left() * width, bracket.right() * width];
    // The end rule takes slopes from each other; little may be left of them, but all of their rounding.
    let far = |rise: f64| rise.abs().max((y1 - y0).abs()) * weight.abs();
    let (value, scale) = match beyond {
        None => {
            let scale = rises
                .iter()
                .fold(largest, |most, rise| most.max(rise.abs()));
            (cubic([y0, y1], rises, weight), scale)
        }
        Some(End::First) => (y0 + rises[0] * weight, largest + far(rises[0])),
        // The bound grows with w, of which the distance from the end is a difference.
        Some(End::Last) => (y1 + rises[1] * (weight - 1.0), largest + far(rises[1])),
    };
    if scale.is_nan() || scale > huge(arithmetic) || weight.abs() > huge(arithmetic) {
        return Expected::Anything;
    }
    let floor = place.reach() * bracket.floor(arithmetic, widths);
    Expected::Near {
        value,
        error: factor(shape, arithmetic) * scale + floor,
    }
}

/// The error in units of M.
fn factor(shape: Shape, arithmetic: DType) -> f64 {
    let f32_factor = match shape {
        Shape::Cubic => 1e-5,
        Shape::Pchip => 2e-6,
    };
    if arithmetic == DType::F64 {
        f32_factor * 2f64.powi(-29)
    } else {
        f32_factor
    }
}

/// Hermite's cubic between two values; rises are the tangents times the bracket's width.
fn cubic([y0, y1]: [f64; 2], [left, right]: [f64; 2], w: f64) -> f64 {
    let rest = 1.0 - w;
    let values = (1.0 + 2.0 * w) * rest * rest * y0 + (1.0 + 2.0 * rest) * w * w * y1;
    values + w * rest * (rest * left - w * right)
}

impl Secant {
    fn new(source: &Source<'_>, column: usize, first: usize) -> Secant {
        let width = (source.width)(first);
        Secant {
            width,
            slope: (source.at(first + 1, column) - source.at(first, column)) / width,
        }
    }

    /// Whether squares of the width, and its ratio to another, stay within the type's range.
    fn has_width(self, arithmetic: DType) -> bool {
        let span = if arithmetic == DType::F64 {
            2f64.powi(480)
        } else {
            2f64.powi(60)
        };
        (1.0 / span..=span).contains(&self.width)
    }

    /// Whether also slope by width and width by slope of all brackets used, which together are `widths`
    /// wide, do, with room for a few factors. Widths by slopes may be too large for it: see
    /// [`Bracket::floor`].
    fn is_tame(self, widths: f64, arithmetic: DType) -> bool {
        let least = if arithmetic == DType::F64 {
            2f64.powi(-1000)
        } else {
            2f64.powi(-120)
        };
        let slope = self.slope.abs();
        self.has_width(arithmetic)
            && slope.max(slope * widths) <= huge(arithmetic)
            && (slope == 0.0 || self.width / slope >= least)
    }
}

impl Bracket {
    fn new(source: &Source<'_>, shape: Shape, column: usize, first: usize) -> Bracket {
        // A neighbour at the same time as the knot shapes nothing.
        let neighbour = |i: usize| {
            let secant = Secant::new(source, column, i);
            (secant.width != 0.0).then_some(secant)
        };
        let last = first + 2 == source.samples;
        Bracket {
            shape,
            this: Secant::new(source, column, first),
            before: first.checked_sub(1).and_then(neighbour),
            after: if last { None } else { neighbour(first + 1) },
            first: first == 0,
            last,
        }
    }

    /// The tangent at the first sample.
    fn left(&self) -> f64 {
        self.tangent(self.before, self.first, self.after)
    }

    /// The tangent at the second sample.
    fn right(&self) -> f64 {
        self.tangent(self.after, self.last, self.before)
    }

    /// The tangent at a knot, from the bracket beyond it, and where the axis ends there, from the one at
    /// the other side. In mirrored time slopes change their sign and nothing else.
    fn tangent(&self, beyond: Option<Secant>, ends: bool, opposite: Option<Secant>) -> f64 {
        match (self.shape, beyond) {
            (Shape::Cubic, Some(beyond)) => parabola(self.this, beyond),
            (Shape::Pchip, Some(beyond)) => harmonic(self.this, beyond),
            (Shape::Pchip, None) if ends => {
                opposite.map_or(self.this.slope, |next| end_rule(self.this, next))
            }
            (_, None) => self.this.slope,
        }
    }

    /// What underflow in between may cost: slopes in units of the smallest number, and a harmonic mean
    /// taken for zero because a width by a slope overflowed.
    fn floor(&self, arithmetic: DType, widths: f64) -> f64 {
        let width = self.this.width;
        let subnormal = 4.0 * (1.0 + width) * smallest(arithmetic);
        let overflow = if arithmetic == DType::F64 {
            2f64.powi(-1020)
        } else {
            2f64.powi(-124)
        };
        match self.shape {
            Shape::Cubic => subnormal,
            Shape::Pchip => subnormal + widths * width * overflow,
        }
    }
}

/// The derivative at the knot between two brackets of the parabola through their three samples.
fn parabola(a: Secant, b: Secant) -> f64 {
    (a.slope * b.width + b.slope * a.width) / (a.width + b.width)
}

/// The weighted harmonic mean at the knot between two brackets; zero where the data turn.
fn harmonic(a: Secant, b: Secant) -> f64 {
    if a.slope == 0.0 || b.slope == 0.0 || (a.slope < 0.0) != (b.slope < 0.0) {
        return 0.0;
    }
    let (of_a, of_b) = (2.0 * b.width + a.width, b.width + 2.0 * a.width);
    (of_a + of_b) / (of_a / a.slope + of_b / b.slope)
}

/// The three-point rule at the outer knot of the end bracket `a`, whose neighbour is `b`.
fn end_rule(a: Secant, b: Secant) -> f64 {
    let sign = |x: f64| if x == 0.0 { 0.0 } else { x.signum() };
    let tangent = ((2.0 * a.width + b.width) * a.slope - a.width * b.slope) / (a.width + b.width);
    if sign(tangent) != sign(a.slope) {
        0.0
    } else if sign(a.slope) != sign(b.slope) && tangent.abs() > 3.0 * a.slope.abs() {
        3.0 * a.slope
    } else {
        tangent
    }
}
