//! Angles on the circle, in radians.

use super::{Made, Place, Source, arithmetic};
use crate::oracle::exact::{Double, unit_roundoff};
use crate::oracle::{Expected, Swap};
use std::f64::consts::{PI, TAU};

/// What f64 loses of 2π.
const TAU_LOW: f64 = 2.449_293_598_294_706_4e-16;

/// One column of angles: the value wrapped to (−π, π], compared on the circle, so that near the ends
/// either one is right.
///
/// The bound is `4u(π+Δ)`, times `1+|w|` outside of the range, before the value was rounded to the
/// output's type. Where the two arcs are equally long by that measure, either direction is right.
/// Anything is right for infinite angles and those of more than 2^16 turns, and where extrapolation goes
/// so far that nothing is left of the bound.
pub(super) fn extend(made: &mut Made, source: &Source<'_>, column: usize, place: Place) {
    let a = source.at(place.first, column);
    let b = source.at(place.second, column);
    if a.is_nan() || b.is_nan() {
        made.values.push(Expected::NAN);
        return;
    }
    let unit = unit_roundoff(arithmetic(source.question.in_dtype));
    let bound = 4.0 * unit * (PI + (b - a).abs());
    let error = bound * place.reach();
    // NaN for a bound, too, is none.
    let in_scope = a.abs().max(b.abs()) <= 65536.0 * TAU && error < 1.0;
    if !in_scope {
        made.values.push(Expected::Anything);
        return;
    }
    let arc = wrapped(Double::sum(b, -a));
    let mut points = vec![along(a, arc, place.weight)];
    if arc.high.abs() >= PI - bound {
        points.push(along(a, arc + turns(-arc.high.signum()), place.weight));
    }
    let mut values = Vec::new();
    for point in points {
        values.push(near(point, error));
        if point.high.abs() + error >= PI {
            values.push(near(point + turns(-point.high.signum()), error));
        }
    }
    made.swaps.extend(values[1..].iter().map(|&value| Swap {
        column,
        values: vec![value],
    }));
    made.values.push(values[0]);
}

fn near(point: Double, error: f64) -> Expected {
    Expected::Near {
        value: point.high,
        error: error + point.low.abs(),
    }
}

/// So many turns in radians.
fn turns(count: f64) -> Double {
    Double {
        high: TAU,
        low: TAU_LOW,
    }
    .times(count)
}

/// An angle less as many turns as bring it nearest to zero.
fn wrapped(angle: Double) -> Double {
    angle + turns(-(angle.high / TAU).round())
}

/// The point at a part of an arc that begins at an angle.
fn along(start: f64, arc: Double, weight: f64) -> Double {
    wrapped(arc.times(weight).plus(start))
}
