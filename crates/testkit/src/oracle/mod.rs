//! What the contract says a resampling must give, in float64 and better, found by counting and
//! comparing where the library searches and vectorises. Written from the contract alone.
//!
//! | module | question it answers |
//! |---|---|
//! | `exact` | what do element formats hold, and what is a sum without rounding? |
//! | `times` | what are moments, and how far apart are they? |
//!
//! One [`Question`] is one batch row with its times as plain numbers; whoever asks has expanded shared,
//! strided, ragged and uniform forms before. The answer to each target is what mask and values must
//! be, and how far from it is still right: not at all for copies, the contract's bound for `Linear`.

mod exact;
mod times;

pub use exact::{decode, encode, round_to};
pub use times::Times;

use exact::{Double, smallest, unit_roundoff};
use robocache_core::{DType, TimeScalar};
use times::{Moment, Nearer};

/// The kinds of interpolation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// On the line between the neighbours.
    Linear,
    /// The last sample not after the target.
    Previous,
    /// The first sample not before the target.
    Next,
    /// The nearer neighbour, of two equally near ones the earlier.
    Nearest,
}

/// One batch row to be resampled.
pub struct Question<'a> {
    /// When its samples were taken; sorted.
    pub times: &'a Times,
    /// When values are wanted; of the same type.
    pub targets: &'a Times,
    /// The sample of an index and a column.
    pub sample: &'a dyn Fn(usize, usize) -> f64,
    /// D.
    pub columns: usize,
    /// The type of the samples.
    pub in_dtype: DType,
    /// The type of the values.
    pub out_dtype: DType,
    /// How values are made.
    pub kind: Kind,
    /// Whether the end samples hold outside of the range; else the fill value does.
    pub hold: bool,
    /// Taken off each target.
    pub offset: Option<TimeScalar>,
    /// The largest distance to a sample used.
    pub tolerance: Option<TimeScalar>,
    /// The largest width of a bracket.
    pub max_gap: Option<TimeScalar>,
    /// Whether what fails tolerance or gap takes the fill value; else it keeps its own.
    pub invalid_fills: bool,
    /// The fill value.
    pub fill: f64,
}

/// What one element must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expected {
    /// This number, rounded once to the output's type; every NaN is equal to every other.
    Exactly(f64),
    /// Within `error` of a number, before it was rounded to the output's type.
    Near {
        /// The number.
        value: f64,
        /// The permitted distance.
        error: f64,
    },
}

impl Expected {
    /// Whether an element of the output is right.
    pub fn admits(&self, found: f64, out_dtype: DType) -> bool {
        match *self {
            Expected::Exactly(value) => {
                let value = round_to(out_dtype, value);
                value.to_bits() == found.to_bits() || (value.is_nan() && found.is_nan())
            }
            // Rounding keeps order, so this is the bound plus one rounding, without counting any
            // rounding twice.
            Expected::Near { value, error } => {
                round_to(out_dtype, value - error) <= found
                    && found <= round_to(out_dtype, value + error)
            }
        }
    }
}

/// What one target must give.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Whether it is valid.
    pub mask: bool,
    /// Its columns.
    pub values: Vec<Expected>,
    /// Another answer that is right as well: for `Nearest`, where the nearer sample is nearer by less
    /// than the axis' type can tell.
    pub or: Option<Box<Answer>>,
}

impl Answer {
    /// Whether a mask (where there is one) and values are right; the first difference in words.
    ///
    /// # Errors
    /// What differs.
    pub fn check(
        &self,
        mask: Option<u8>,
        found: &dyn Fn(usize) -> f64,
        out_dtype: DType,
    ) -> Result<(), String> {
        let Err(difference) = self.check_one(mask, found, out_dtype) else {
            return Ok(());
        };
        match &self.or {
            Some(or) if or.check_one(mask, found, out_dtype).is_ok() => Ok(()),
            _ => Err(difference),
        }
    }

    fn check_one(
        &self,
        mask: Option<u8>,
        found: &dyn Fn(usize) -> f64,
        out_dtype: DType,
    ) -> Result<(), String> {
        if let Some(mask) = mask
            && mask != u8::from(self.mask)
        {
            return Err(format!(
                "mask {mask}, expected {} (values {:?})",
                u8::from(self.mask),
                self.values.first()
            ));
        }
        for (column, expected) in self.values.iter().enumerate() {
            let found = found(column);
            if !expected.admits(found, out_dtype) {
                return Err(format!(
                    "column {column}: {found:?}, expected {expected:?} as {out_dtype}"
                ));
            }
        }
        Ok(())
    }
}

/// Where a target's values come from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rule {
    Constant(f64),
    Copy(usize),
    Blend(usize, f64),
}

/// The answers to all targets of a row.
///
/// # Panics
/// If times, targets and durations are not all of one type.
pub fn answers(question: &Question<'_>) -> Vec<Answer> {
    match (question.times, question.targets) {
        (Times::F32(times), Times::F32(targets)) => row(question, times, targets),
        (Times::F64(times), Times::F64(targets)) => row(question, times, targets),
        (Times::I64(times), Times::I64(targets)) => row(question, times, targets),
        _ => panic!("times and targets differ in type"),
    }
}

fn row<M: Moment>(question: &Question<'_>, times: &[M], targets: &[M]) -> Vec<Answer> {
    let duration = |scalar: Option<TimeScalar>| {
        scalar.map(|scalar| M::from_scalar(scalar).expect("a duration of the axis' type"))
    };
    let limits = Limits {
        tolerance: duration(question.tolerance),
        max_gap: duration(question.max_gap),
    };
    let offset = duration(question.offset);
    targets
        .iter()
        .map(|&target| {
            let q = offset.map_or(target, |offset| target.less(offset));
            let answer = |by_a_hair| {
                let (mask, rule) = decide(question, times, q, &limits, by_a_hair);
                Answer {
                    mask,
                    values: (0..question.columns)
                        .map(|column| value(question, rule, column))
                        .collect(),
                    or: None,
                }
            };
            let mut strict = answer(Nearer::Later);
            if question.kind == Kind::Nearest {
                let lax = answer(Nearer::Earlier);
                strict.or = (lax != strict).then(|| Box::new(lax));
            }
            strict
        })
        .collect()
}

struct Limits<M> {
    tolerance: Option<M>,
    max_gap: Option<M>,
}

/// Validity, and the rule for the values. `by_a_hair` says what [`Nearer::LaterByAHair`] counts as.
fn decide<M: Moment>(
    question: &Question<'_>,
    times: &[M],
    q: M,
    limits: &Limits<M>,
    by_a_hair: Nearer,
) -> (bool, Rule) {
    let fill = Rule::Constant(question.fill);
    let Some(last) = times.len().checked_sub(1) else {
        return (false, fill);
    };
    if q.is_nan() {
        return (false, Rule::Constant(f64::NAN));
    }
    let within = |later: M, earlier: M, limit: Option<M>| {
        limit.is_none_or(|limit| later.within(earlier, limit))
    };
    let limited = |fine: bool, rule| {
        if !fine && question.invalid_fills {
            (false, fill)
        } else {
            (fine, rule)
        }
    };
    let outside = |end: usize| (false, if question.hold { Rule::Copy(end) } else { fill });

    // An exact hit: of equal times, the last sample.
    if let Some(hit) = (0..=last).rev().find(|&i| times[i] == q) {
        return (true, Rule::Copy(hit));
    }
    let before = times.iter().filter(|&&time| time <= q).count();
    if before == 0 {
        return match question.kind {
            Kind::Next => limited(within(times[0], q, limits.tolerance), Rule::Copy(0)),
            _ => outside(0),
        };
    }
    let i = before - 1;
    if i == last {
        return match question.kind {
            Kind::Previous => limited(within(q, times[last], limits.tolerance), Rule::Copy(last)),
            _ => outside(last),
        };
    }
    let (t0, t1) = (times[i], times[i + 1]);
    let near_earlier = within(q, t0, limits.tolerance);
    let near_later = within(t1, q, limits.tolerance);
    let narrow = within(t1, t0, limits.max_gap);
    let (near, rule) = match question.kind {
        Kind::Linear => (near_earlier && near_later, Rule::Blend(i, q.weight(t0, t1))),
        Kind::Previous => (near_earlier, Rule::Copy(i)),
        Kind::Next => (near_later, Rule::Copy(i + 1)),
        Kind::Nearest => {
            let nearer = match q.nearer(t0, t1) {
                Nearer::LaterByAHair => by_a_hair,
                clear => clear,
            };
            match nearer {
                Nearer::Earlier => (near_earlier, Rule::Copy(i)),
                _ => (near_later, Rule::Copy(i + 1)),
            }
        }
    };
    limited(near && narrow, rule)
}

fn value(question: &Question<'_>, rule: Rule, column: usize) -> Expected {
    match rule {
        Rule::Constant(value) => Expected::Exactly(value),
        Rule::Copy(i) => Expected::Exactly((question.sample)(i, column)),
        Rule::Blend(i, weight) => {
            let (a, b) = (
                (question.sample)(i, column),
                (question.sample)(i + 1, column),
            );
            blend(a, b, weight, question.in_dtype)
        }
    }
}

/// The line's value, and the contract's bound: two roundings' worth of `M + Δ`, and the product's own
/// rounding where it is subnormal.
fn blend(a: f64, b: f64, weight: f64, in_dtype: DType) -> Expected {
    let arithmetic = if in_dtype == DType::F64 {
        DType::F64
    } else {
        DType::F32
    };
    let difference = round_to(arithmetic, b - a);
    if !difference.is_finite() {
        // Infinite, NaN or beyond the type: the formula itself, step by step, says which.
        let weight = round_to(arithmetic, weight);
        let value = if weight < 0.5 {
            a + weight * difference
        } else {
            b - (1.0 - weight) * difference
        };
        return Expected::Exactly(value);
    }
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
    let scale = a.abs().max(b.abs()) + (b - a).abs();
    let error = 2.0 * unit_roundoff(arithmetic) * scale + smallest(arithmetic);
    Expected::Near {
        value: exact.high,
        error: error + exact.low.abs(),
    }
}

#[cfg(test)]
mod tests;
