//! From where a target lies among the times to the samples and the weight that make its value: the rules
//! of the contract.
//!
//! `kernels/trajectory/bracket.cuh` holds the same rules for the devices; the two are compared bit for
//! bit.

use super::arith::Arith;
use crate::runs::Rule;
use crate::{Extrapolation, Invalid};

/// Where a target lies among the knots of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    /// There are no knots.
    Nowhere,
    /// The target is NaN.
    NotATime,
    /// Before the first knot.
    Before,
    /// On a knot.
    On,
    /// Between two knots.
    Between,
    /// After the last knot.
    After,
}

/// All that the rules have to know about a target and the times around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<A> {
    pub relation: Relation,
    /// The last knot not after the target; 0 before the first.
    pub low: usize,
    /// Between two knots: how far, from 0 to 1. Rules, where the line is to go on: counted from the first
    /// knot of the bracket at that end, below 0 or above 1; NaN where that bracket has no width.
    pub weight: A,
    /// Whether the later knot is the nearer one.
    pub later_is_nearer: bool,
    /// What keeps to the limits.
    pub within: Within,
}

/// What keeps to `tolerance` and `max_gap`, as bits: several of them are asked for at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Within(u8);

impl Within {
    /// The knot before is near.
    pub const EARLIER: Within = Within(1);
    /// The knot after is near.
    pub const LATER: Within = Within(2);
    /// The bracket is narrow.
    pub const GAP: Within = Within(4);
    pub const ALL: Within = Within(7);

    #[inline(always)]
    pub fn of(earlier: bool, later: bool, gap: bool) -> Within {
        Within(u8::from(earlier) | u8::from(later) << 1 | u8::from(gap) << 2)
    }

    #[inline(always)]
    fn has(self, all: Within) -> bool {
        self.0 & all.0 == all.0
    }
}

impl<A: Arith> Place<A> {
    /// Of a target without anything around it.
    pub fn of(relation: Relation, low: usize) -> Self {
        Place {
            relation,
            low,
            weight: A::NAN,
            later_is_nearer: false,
            within: Within::ALL,
        }
    }
}

/// The samples that make a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bracket<A> {
    /// The fill value.
    Fill,
    /// NaN: the target was one.
    NotATime,
    /// That sample.
    Copy(usize),
    /// Between sample i and the next, or beyond them, with the weight of the next.
    Between(usize, A),
}

/// What is asked for besides the kind.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    pub extrapolation: Extrapolation,
    pub invalid: Invalid,
}

impl Rules {
    /// What makes a value by a rule, and whether it is valid.
    #[inline(always)]
    pub fn resolve<A: Arith>(self, rule: Rule, place: &Place<A>) -> (Bracket<A>, bool) {
        let i = place.low;
        match place.relation {
            Relation::Nowhere => (Bracket::Fill, false),
            Relation::NotATime => (Bracket::NotATime, false),
            Relation::On => (Bracket::Copy(i), true),
            Relation::Before if rule == Rule::Next => {
                self.kept(Bracket::Copy(0), place.within.has(Within::LATER))
            }
            Relation::Before => self.beyond(rule, 0, Bracket::Between(0, place.weight)),
            Relation::After if rule == Rule::Previous => {
                self.kept(Bracket::Copy(i), place.within.has(Within::EARLIER))
            }
            Relation::After => {
                self.beyond(rule, i, Bracket::Between(i.wrapping_sub(1), place.weight))
            }
            Relation::Between => {
                let later = match rule {
                    Rule::Previous => false,
                    Rule::Next => true,
                    Rule::Nearest => place.later_is_nearer,
                    _ => {
                        let valid = place.within == Within::ALL;
                        return self.kept(Bracket::Between(i, place.weight), valid);
                    }
                };
                let needed = if later {
                    Within::LATER
                } else {
                    Within::EARLIER
                };
                let valid = place.within.has(Within::GAP) && place.within.has(needed);
                self.kept(Bracket::Copy(i + usize::from(later)), valid)
            }
        }
    }

    /// Whether a target there is one that [`Extrapolation::Error`] is about.
    #[inline(always)]
    pub fn is_beyond<A>(self, rule: Rule, place: &Place<A>) -> bool {
        match place.relation {
            Relation::Before => rule != Rule::Next,
            Relation::After => rule != Rule::Previous,
            _ => false,
        }
    }

    #[inline(always)]
    fn kept<A>(self, bracket: Bracket<A>, valid: bool) -> (Bracket<A>, bool) {
        match self.invalid {
            Invalid::Fill if !valid => (Bracket::Fill, false),
            _ => (bracket, valid),
        }
    }

    #[inline(always)]
    fn beyond<A: Arith>(self, rule: Rule, end: usize, on: Bracket<A>) -> (Bracket<A>, bool) {
        let goes_on = |weight: A| !weight.is_nan() && !rule.is_hold();
        let bracket = match (self.extrapolation, on) {
            (Extrapolation::Nan, _) => Bracket::Fill,
            (Extrapolation::Linear, Bracket::Between(_, weight)) if goes_on(weight) => on,
            _ => Bracket::Copy(end),
        };
        (bracket, false)
    }
}
