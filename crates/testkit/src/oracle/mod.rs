//! What the contract says a resampling must give, in float64 and better, found by counting and
//! comparing where the library searches and vectorises. Written from the contract alone.
//!
//! | module | question it answers |
//! |---|---|
//! | `exact` | what do element formats hold, and what is a sum without rounding? |
//! | `number` | what is an element of any type? |
//! | `times` | what are moments, and how far apart are they? |
//! | `decide` | which samples make a span's values, and is the span valid? |
//! | `kinds` | what are the values, and how near is near enough? |
//! | `judge` | is what was found right? |
//!
//! One [`Question`] is one batch row with its times as plain numbers; whoever asks has expanded shared,
//! strided, ragged and uniform forms before. The answer to each target is what mask, age and values
//! must be, and how far from it is still right: not at all for copies, the contract's bound for what is
//! computed.

mod decide;
mod exact;
mod judge;
mod kinds;
mod number;
mod times;

pub use exact::{decode, encode, round_to};
pub use judge::{Answer, Expected, Swap, first_outside};
pub use number::Number;
pub use times::Times;

use decide::{Limits, decide};
use kinds::{Made, Source, make};
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
    /// Hermite's cubic, with the tangents of parabolas through three samples.
    Cubic,
    /// Hermite's cubic with tangents that keep monotone data monotone.
    Pchip,
    /// Rotations, at constant angular velocity over the shorter arc. Of four columns each; several one
    /// after another are interpolated one by one.
    Slerp {
        /// Where the scalar part is.
        order: QuaternionOrder,
    },
    /// Angles in radians, over the shorter arc. Beyond 2^16 turns the values may be anything.
    Angle,
}

impl Kind {
    /// Whether values are copies of samples.
    pub fn holds(self) -> bool {
        matches!(self, Kind::Previous | Kind::Next | Kind::Nearest)
    }
}

/// The order of a quaternion's columns. Interpolation treats all four alike, so that the answers do not
/// depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuaternionOrder {
    /// The scalar part last.
    Xyzw,
    /// The scalar part first.
    Wxyz,
}

/// Neighbouring columns of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// How many; for rotations a multiple of four.
    pub columns: usize,
    /// How their values are made.
    pub kind: Kind,
}

/// What targets outside of the source range get. The mask is false there all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extrapolation {
    /// The value at the nearer end.
    Hold,
    /// The fill value.
    Nan,
    /// The end's slope goes on. Holds, single samples and ends of two samples at one time have none:
    /// the value at the nearer end.
    Linear,
    /// An error, see [`first_outside`]; values as [`Extrapolation::Hold`].
    Error,
}

/// One batch row to be resampled.
pub struct Question<'a> {
    /// When its samples were taken; sorted.
    pub times: &'a Times,
    /// When values are wanted; of the same type.
    pub targets: &'a Times,
    /// The sample of an index and a column.
    pub sample: &'a dyn Fn(usize, usize) -> Number,
    /// All D columns, in order. A span without columns still counts in the mask.
    pub spans: &'a [Span],
    /// The type of the samples; an integer one only if all kinds are holds.
    pub in_dtype: DType,
    /// The type of the values: a float type, or the samples'.
    pub out_dtype: DType,
    /// What targets outside of the range get.
    pub extrapolation: Extrapolation,
    /// Taken off each target.
    pub offset: Option<TimeScalar>,
    /// The largest distance to a sample used.
    pub tolerance: Option<TimeScalar>,
    /// The largest width of a bracket.
    pub max_gap: Option<TimeScalar>,
    /// Whether a span that fails tolerance or gap, or that uses a zero quaternion, takes the fill value;
    /// else it keeps its own, which for a zero quaternion is NaN.
    pub invalid_fills: bool,
    /// The fill value.
    pub fill: f64,
}

/// The answers to all targets of a row.
///
/// # Panics
/// If times, targets and durations are not all of one type, integers are asked for what is computed,
/// or rotations have other than four columns each.
pub fn answers(question: &Question<'_>) -> Vec<Answer> {
    for span in question.spans {
        assert!(question.in_dtype.is_float() || span.kind.holds());
        assert!(!matches!(span.kind, Kind::Slerp { .. }) || span.columns % 4 == 0);
    }
    assert!(question.out_dtype.is_float() || question.in_dtype == question.out_dtype);
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
    let nearest = question.spans.iter().any(|span| span.kind == Kind::Nearest);
    targets
        .iter()
        .map(|&target| {
            let q = offset.map_or(target, |offset| target.less(offset));
            let answer = |by_a_hair| answer(question, times, q, &limits, by_a_hair);
            let mut strict = answer(Nearer::Later);
            // Also where it is the same one: zeros of two signs are equal, and not the same.
            strict.or = nearest.then(|| Box::new(answer(Nearer::Earlier)));
            strict
        })
        .collect()
}

/// The answer to one target. `by_a_hair` says what [`Nearer::LaterByAHair`] counts as.
fn answer<M: Moment>(
    question: &Question<'_>,
    times: &[M],
    q: M,
    limits: &Limits<M>,
    by_a_hair: Nearer,
) -> Answer {
    let mut answer = Answer {
        mask: Some(!times.is_empty() && !q.is_nan()),
        age: age(times, q),
        outside: false,
        values: Vec::new(),
        swaps: Vec::new(),
        or: None,
    };
    let source = Source {
        question,
        samples: times.len(),
        width: &|bracket| times[bracket].width(times[bracket + 1]),
    };
    for span in question.spans {
        let verdict = decide(question, span.kind, times, q, limits, by_a_hair);
        answer.outside |= verdict.outside;
        let mut made = make(&source, *span, answer.values.len(), verdict.rule);
        if question.invalid_fills && made.usable != Some(true) {
            // Where it is open whether the span is valid, it is open whether it is filled.
            let value = match made.usable {
                None => Expected::Anything,
                _ => Expected::Exactly(question.fill.into()),
            };
            made = Made {
                values: vec![value; span.columns],
                swaps: Vec::new(),
                ..made
            };
        }
        answer.values.extend(made.values);
        answer.swaps.extend(made.swaps);
        answer.mask = and(answer.mask, and(Some(verdict.valid), made.usable));
    }
    answer
}

/// Whether both hold, as far as that is known.
fn and(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

/// How long before a target the newest sample was taken that is not after it.
fn age<M: Moment>(times: &[M], q: M) -> f32 {
    let newest = times.iter().rfind(|&&time| time <= q);
    newest.map_or(f32::NAN, |&newest| q.age(newest))
}

#[cfg(test)]
mod tests;
