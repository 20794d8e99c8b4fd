//! Which samples make a span's values, and whether the span is valid.

use super::times::{Moment, Nearer};
use super::{Extrapolation, Kind, Question};

/// What makes a span's values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rule {
    /// The fill value.
    Fill,
    /// NaN, or the fill value where the output's type has none.
    Nan,
    /// One sample.
    At(usize),
    /// A bracket, by its first sample.
    Between { first: usize, weight: f64 },
    /// The slope at the first or the last end of the axis; the weight is that of the end's bracket,
    /// below 0 or above 1.
    Beyond { end: End, weight: f64 },
}

/// An end of the axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    First,
    Last,
}

/// What is known of a span before its samples are looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Verdict {
    /// Whether samples exist, tolerance and gap hold, and the target lies in the range.
    pub valid: bool,
    /// Whether extrapolation decided.
    pub outside: bool,
    pub rule: Rule,
}

/// Durations that must not be exceeded.
pub(super) struct Limits<M> {
    pub tolerance: Option<M>,
    pub max_gap: Option<M>,
}

/// Validity, and the rule for the values. `by_a_hair` says what [`Nearer::LaterByAHair`] counts as.
pub(super) fn decide<M: Moment>(
    question: &Question<'_>,
    kind: Kind,
    times: &[M],
    q: M,
    limits: &Limits<M>,
    by_a_hair: Nearer,
) -> Verdict {
    let within = |later: M, earlier: M, limit: Option<M>| {
        limit.is_none_or(|limit| later.within(earlier, limit))
    };
    let inside = |valid: bool, rule| Verdict {
        valid,
        outside: false,
        rule: if !valid && question.invalid_fills {
            Rule::Fill
        } else {
            rule
        },
    };
    let Some(last) = times.len().checked_sub(1) else {
        return inside(false, Rule::Fill);
    };
    if q.is_nan() {
        return Verdict {
            valid: false,
            outside: false,
            rule: Rule::Nan,
        };
    }
    let outside = |end| Verdict {
        valid: false,
        outside: true,
        rule: beyond(question.extrapolation, kind, times, q, end),
    };

    // An exact hit: of equal times, the last sample.
    if let Some(hit) = (0..=last).rev().find(|&i| times[i] == q) {
        return inside(true, Rule::At(hit));
    }
    let before = times.iter().filter(|&&time| time <= q).count();
    if before == 0 {
        return match kind {
            Kind::Next => inside(within(times[0], q, limits.tolerance), Rule::At(0)),
            _ => outside(End::First),
        };
    }
    let i = before - 1;
    if i == last {
        return match kind {
            Kind::Previous => inside(within(q, times[last], limits.tolerance), Rule::At(last)),
            _ => outside(End::Last),
        };
    }
    let (t0, t1) = (times[i], times[i + 1]);
    let near_earlier = within(q, t0, limits.tolerance);
    let near_later = within(t1, q, limits.tolerance);
    let narrow = within(t1, t0, limits.max_gap);
    let earlier = (near_earlier, Rule::At(i));
    let later = (near_later, Rule::At(i + 1));
    let (near, rule) = match kind {
        Kind::Previous => earlier,
        Kind::Next => later,
        Kind::Nearest => {
            let nearer = match q.nearer(t0, t1) {
                Nearer::LaterByAHair => by_a_hair,
                clear => clear,
            };
            match nearer {
                Nearer::Earlier => earlier,
                _ => later,
            }
        }
        // The outer two samples of a cubic only shape its tangents.
        Kind::Linear | Kind::Cubic | Kind::Pchip | Kind::Slerp { .. } | Kind::Angle => {
            let weight = q.weight(t0, t1);
            let rule = Rule::Between { first: i, weight };
            (near_earlier && near_later, rule)
        }
    };
    inside(near && narrow, rule)
}

/// The rule outside of the range.
fn beyond<M: Moment>(
    extrapolation: Extrapolation,
    kind: Kind,
    times: &[M],
    q: M,
    end: End,
) -> Rule {
    let last = times.len() - 1;
    let (nearer, first) = match end {
        End::First => (0, 0),
        End::Last => (last, last.saturating_sub(1)),
    };
    match extrapolation {
        Extrapolation::Nan => Rule::Fill,
        Extrapolation::Hold | Extrapolation::Error => Rule::At(nearer),
        Extrapolation::Linear => {
            if kind.holds() || last == 0 || times[first] == times[first + 1] {
                Rule::At(nearer)
            } else {
                let weight = q.weight(times[first], times[first + 1]);
                Rule::Beyond { end, weight }
            }
        }
    }
}
