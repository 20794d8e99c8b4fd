//! The line through two samples.

use super::{Place, Source, arithmetic, huge};
use crate::oracle::Expected;
use crate::oracle::exact::{Double, round_to, smallest, unit_roundoff};
use robocache_core::DType;

/// The value at a place.
pub(super) fn value(source: &Source<'_>, column: usize, place: Place) -> Expected {
    let a = source.at(place.first, column);
    let b = source.at(place.second, column);
    let line = if place.beyond.is_some() {
        beyond
    } else {
        blend
    };
    line(a, b, place.weight, source.question.in_dtype)
}

/// The line's value, and the contract's bound: two roundings' worth of `M + Δ`, and the product's own
/// rounding where it is subnormal.
pub(in crate::oracle) fn blend(a: f64, b: f64, weight: f64, in_dtype: DType) -> Expected {
    let arithmetic = arithmetic(in_dtype);
    let difference = round_to(arithmetic, b - a);
    if !difference.is_finite() {
        // Infinite, NaN or beyond the type: the formula itself, step by step, says which.
        let weight = round_to(arithmetic, weight);
        let value = if weight < 0.5 {
            a + weight * difference
        } else {
            b - (1.0 - weight) * difference
        };
        return Expected::Exactly(value.into());
    }
    let scale = a.abs().max(b.abs()) + (b - a).abs();
    near(
        a,
        b,
        weight,
        2.0 * unit_roundoff(arithmetic) * scale + smallest(arithmetic),
    )
}

/// The line's value outside of the range, and four roundings' worth of `M + |w|Δ`: anything if a sample
/// is infinite, or weight or value come near the end of the type's range.
fn beyond(a: f64, b: f64, weight: f64, in_dtype: DType) -> Expected {
    if a.is_nan() || b.is_nan() {
        return Expected::NAN;
    }
    let arithmetic = arithmetic(in_dtype);
    let scale = a.abs().max(b.abs()) + (1.0 + weight.abs()) * (b - a).abs();
    let in_range = |x: f64| x.abs() <= huge(arithmetic);
    if !in_range(scale) || !in_range(weight) {
        return Expected::Anything;
    }
    let scale = a.abs().max(b.abs()) + weight.abs() * (b - a).abs();
    let slack = (1.0 + weight.abs()) * smallest(arithmetic);
    near(
        a,
        b,
        weight,
        4.0 * unit_roundoff(arithmetic) * scale + slack,
    )
}

/// Within an error of the line's value.
fn near(a: f64, b: f64, weight: f64, error: f64) -> Expected {
    let exact = if weight < 0.5 {
        Double::sum(b, -a).times(weight).plus(a)
    } else {
        let rest = Double::sum(1.0, -weight);
        let back = Double::sum(b, -a);
        let product = back.times(rest.high).plus(back.high * rest.low);
        Double {
            high: -product.high,
            low: -product.low,
        }
        .plus(b)
    };
    Expected::Near {
        value: exact.high,
        error: error + exact.low.abs(),
    }
}
