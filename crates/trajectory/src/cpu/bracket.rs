//! From where a target lies among the times to the samples and the weight that make its value: the rules
//! of the contract.
//!
//! `kernels/trajectory/bracket.cuh` holds the same rules for the devices; the two are compared bit for
//! bit.

use super::arith::Arith;
use crate::kinds::Rule;
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
    /// Whether the bracket's width is within `max_gap`.
    pub narrow: bool,
    /// Whether the knot before and the one after are within `tolerance`.
    pub near: [bool; 2],
}

impl<A: Arith> Place<A> {
    /// Of a target without anything around it.
    pub fn of(relation: Relation, low: usize) -> Self {
        Place {
            relation,
            low,
            weight: A::NAN,
            later_is_nearer: false,
            narrow: true,
            near: [true; 2],
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
    #[inline]
    pub fn resolve<A: Arith>(self, rule: Rule, place: &Place<A>) -> (Bracket<A>, bool) {
        let i = place.low;
        match place.relation {
            Relation::Nowhere => (Bracket::Fill, false),
            Relation::NotATime => (Bracket::NotATime, false),
            Relation::On => (Bracket::Copy(i), true),
            Relation::Before if rule == Rule::Next => self.kept(Bracket::Copy(0), place.near[1]),
            Relation::Before => self.beyond(rule, 0, Bracket::Between(0, place.weight)),
            Relation::After if rule == Rule::Previous => self.kept(Bracket::Copy(i), place.near[0]),
            Relation::After => {
                self.beyond(rule, i, Bracket::Between(i.wrapping_sub(1), place.weight))
            }
            Relation::Between => {
                let later = match rule {
                    Rule::Previous => false,
                    Rule::Next => true,
                    Rule::Nearest => place.later_is_nearer,
                    _ => {
                        let valid = place.narrow && place.near == [true; 2];
                        return self.kept(Bracket::Between(i, place.weight), valid);
                    }
                };
                let valid = place.narrow && place.near[usize::from(later)];
                self.kept(Bracket::Copy(i + usize::from(later)), valid)
            }
        }
    }

    /// Whether a target there is one that [`Extrapolation::Error`] is about.
    #[inline]
    pub fn is_beyond<A>(self, rule: Rule, place: &Place<A>) -> bool {
        match place.relation {
            Relation::Before => rule != Rule::Next,
            Relation::After => rule != Rule::Previous,
            _ => false,
        }
    }

    #[inline]
    fn kept<A>(self, bracket: Bracket<A>, valid: bool) -> (Bracket<A>, bool) {
        match self.invalid {
            Invalid::Fill if !valid => (Bracket::Fill, false),
            _ => (bracket, valid),
        }
    }

    #[inline]
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
