//! Targets whose places were found, on their way to rows of values.

use super::arith::Arith;
use super::axis::Tick;
use super::bracket::{Bracket, Relation, Within};
use super::drive::Columns;
use super::element::Sample;
use super::finder::{Found, Places, TILE};
use super::hermite::Ratios;
use super::rows::{Rows, nearer_end};
use super::spans::{LANES, Real, Recipe, plain_rotations};
use super::stream::Stream;
use super::vector::{Instructions, Work};
use crate::runs::{Rule, Run};
use robocache_core::{HostRows, HostRowsMut};

/// A batch row's samples and values.
pub(crate) struct Lines<'s, 'o, T> {
    pub samples: HostRows<'s, T>,
    pub out: HostRowsMut<'o, T>,
}

/// Writes the rotations of as many targets as there are lanes, of which `target` is the first. `false` if some want a
/// closer look: then not all were written.
#[inline(always)]
fn write_rotations<T: Real>(
    brackets: &[Bracket<T::Arith>; LANES],
    columns: Columns,
    lines: &mut Lines<'_, '_, T>,
    target: usize,
) -> bool {
    for range in columns.ranges() {
        for first in range.step_by(4) {
            let Some(rotations) = plain_rotations(brackets, lines.samples, first) else {
                return false;
            };
            for (t, rotation) in rotations.iter().enumerate() {
                lines.out.row_mut(target + t)[first..first + 4].copy_from_slice(rotation);
            }
        }
    }
    true
}

/// Targets whose values are written together.
pub(crate) struct Targets<A> {
    pub found: Found<A>,
    /// Of each target [`nearer_end`].
    early: [bool; TILE],
    factor: [A; TILE],
    /// Whether a target's value is between two samples.
    between: [bool; TILE],
    pub valid: [bool; TILE],
    brackets: [Bracket<A>; TILE],
    ratios: [Ratios<A>; TILE],
}

impl<A: Arith> Targets<A> {
    pub fn new() -> Self {
        Targets {
            found: Found::new(),
            early: [true; TILE],
            factor: [A::ZERO; TILE],
            between: [false; TILE],
            valid: [true; TILE],
            brackets: [Bracket::Fill; TILE],
            ratios: [Ratios::ALONE; TILE],
        }
    }

    /// Writes the rows of the `n` targets that were found, of which `target` is the first within `out`.
    ///
    /// # Safety
    /// The CPU must have the instructions `S`.
    #[inline(always)]
    pub unsafe fn write<S: Instructions<T>, T: Sample<Arith = A>, X: Tick>(
        &mut self,
        work: &Work<'_, '_, T, X>,
        rule: Rule,
        lines: &mut Lines<'_, '_, T>,
        target: usize,
        n: usize,
        stream: &mut Stream<T>,
    ) {
        let Lines { samples, out } = lines;
        let Targets {
            found,
            early,
            factor,
            between,
            valid,
            ..
        } = self;
        let (early, factor, between) = (&mut early[..n], &mut factor[..n], &mut between[..n]);
        for ((early, factor), &weight) in early.iter_mut().zip(&mut *factor).zip(&found.weight) {
            (*early, *factor) = nearer_end(weight);
        }
        let mut all = true;
        let places = found.relation.iter().zip(&found.within);
        for (between, (&relation, &within)) in between.iter_mut().zip(places) {
            *between = (relation == Relation::Between) & (within == Within::ALL);
            all &= *between;
        }
        // Of the two samples the one that is held.
        let later = found.later_is_nearer.iter().zip(&*between);
        for (low, (&later_is_nearer, &between)) in found.low.iter_mut().zip(later) {
            let later = (rule == Rule::Next) | ((rule == Rule::Nearest) & later_is_nearer);
            *low += usize::from(later & between);
        }
        valid[..n].fill(true);
        if !all {
            for t in 0..n {
                if between[t] {
                    continue;
                }
                let (bracket, is_valid) = work.rules.resolve(rule, &found.place(t));
                valid[t] = is_valid;
                let out = out.row_mut(target + t);
                match bracket {
                    Bracket::Fill => out.fill(work.fill),
                    Bracket::NotATime => out.fill(work.nan),
                    Bracket::Copy(i) => out.copy_from_slice(samples.row(i)),
                    Bracket::Between(i, weight) => {
                        (found.low[t], between[t]) = (i, true);
                        (early[t], factor[t]) = nearer_end(weight);
                    }
                }
            }
        }
        let mut begin = 0;
        while begin < n {
            let rest = &between[begin..];
            let count = match all {
                true => n,
                false => rest.iter().position(|&is| !is).unwrap_or(rest.len()),
            };
            let end = begin + count;
            let rows = Rows {
                samples: *samples,
                low: &found.low[begin..end],
                early: &early[begin..end],
                factor: &factor[begin..end],
                out,
                first: target + begin,
                past: work.past_caches.then_some(&mut *stream),
            };
            match rule.is_hold() {
                true => rows.copy(),
                // SAFETY: the caller's promise.
                false => unsafe { S::blend(rows) },
            }
            begin = end + 1;
        }
    }

    /// The same whatever the kinds.
    #[inline(always)]
    pub fn write_runs<T: Real + Sample<Arith = A>, X: Tick>(
        &mut self,
        work: &Work<'_, '_, T, X>,
        batch_row: usize,
        lines: &mut Lines<'_, '_, T>,
        target: usize,
        n: usize,
    ) {
        self.valid[..n].fill(true);
        for (index, &Run { rule, .. }) in work.runs.list().iter().enumerate() {
            for t in 0..n {
                let (bracket, is_valid) = work.rules.resolve(rule, &self.found.place(t));
                self.brackets[t] = bracket;
                self.valid[t] &= is_valid;
            }
            if rule.is_hermite() {
                let (brackets, ratios) = (&self.brackets[..n], &mut self.ratios[..n]);
                work.finder.ratios(batch_row, brackets, ratios);
            }
            let columns = Columns::of(work.runs, index, lines.out.columns());
            let mut t = 0;
            while t < n {
                if rule.is_rotation()
                    && let Some(brackets) = self.brackets[t..n].first_chunk::<LANES>()
                    && write_rotations(brackets, columns, lines, target + t)
                {
                    t += LANES;
                    continue;
                }
                let recipe = Recipe {
                    rule,
                    bracket: self.brackets[t],
                    ratios: self.ratios[t],
                    invalid: work.rules.invalid,
                    fill: work.fill,
                    nan: work.nan,
                };
                let out = lines.out.row_mut(target + t);
                for range in columns.ranges() {
                    let first = range.start;
                    self.valid[t] &= recipe.write(lines.samples, first, &mut out[range]);
                }
                t += 1;
            }
        }
    }

    /// The first target outside.
    pub fn first_beyond<T: Sample<Arith = A>, X: Tick>(
        &self,
        work: &Work<'_, '_, T, X>,
        n: usize,
    ) -> Option<usize> {
        (0..n).find(|&t| {
            let place = self.found.place(t);
            work.runs.any(|rule| work.rules.is_beyond(rule, &place))
        })
    }
}
