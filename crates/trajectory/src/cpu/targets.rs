//! Targets whose places were found, on their way to rows of values.

use super::arith::Arith;
use super::bracket::{Bracket, Relation, Within};
use super::drive::{Columns, Tile, Work, Writer};
use super::element::{Output, Value, convert};
use super::finder::TILE;
use super::hermite::Ratios;
use super::rows::{Rows, nearer_end};
use super::spans::{LANES, Real, Recipe, plain_rotations};
use super::vector::Makes;
use crate::runs::{Rule, Run};
use robocache_core::{HostRows, HostRowsMut};
use std::arch::x86_64::_mm_sfence;
use std::marker::PhantomData;

/// Writes the rotations of as many targets as there are lanes, of which `target` is the first. `false` if some want a
/// closer look: then not all were written.
#[inline(always)]
fn write_rotations<I: Real, O: Value<I::Arith>>(
    brackets: &[Bracket<I::Arith>; LANES],
    columns: Columns,
    samples: HostRows<'_, I>,
    out: &mut HostRowsMut<'_, O>,
    target: usize,
) -> bool {
    for range in columns.ranges() {
        for first in range.step_by(4) {
            let Some(rotations) = plain_rotations(brackets, samples, first) else {
                return false;
            };
            for (t, rotation) in rotations.iter().enumerate() {
                out.row_mut(target + t)[first..first + 4].copy_from_slice(rotation);
            }
        }
    }
    true
}

/// Outputs of so many bytes are not read again from a cache soon.
const PAST_CACHES: usize = 2 << 20;

/// Writes targets together, with instructions `S`.
pub(crate) struct Targets<I: Real, O, S> {
    /// Of each target [`nearer_end`].
    early: [bool; TILE],
    factor: [I::Arith; TILE],
    /// Whether a target's value is between two samples.
    between: [bool; TILE],
    brackets: [Bracket<I::Arith>; TILE],
    ratios: [Ratios<I::Arith>; TILE],
    /// Whether something may have been written past the caches.
    went_past: bool,
    types: PhantomData<(O, S)>,
}

impl<I: Real, O: Value<I::Arith> + Output, S: Makes<I, O>> Writer<I, O> for Targets<I, O, S> {
    fn write(&mut self, work: &Work<'_, '_, I, O>, tile: Tile<'_, '_, I::Arith, O>) {
        // SAFETY: whoever made this knows that the CPU has the instructions.
        unsafe { S::write(self, work, tile) }
    }

    fn finish(&mut self) {
        if self.went_past {
            // What was written past the caches is seen before anybody is told that it is there.
            // SAFETY: every CPU of the architecture has fences.
            unsafe { _mm_sfence() }
        }
    }
}

impl<I: Real, O: Value<I::Arith>, S: Makes<I, O>> Targets<I, O, S> {
    /// # Safety
    /// The CPU must have the instructions.
    pub unsafe fn new() -> Self {
        Targets {
            early: [true; TILE],
            factor: [I::Arith::ZERO; TILE],
            between: [false; TILE],
            brackets: [Bracket::Fill; TILE],
            ratios: [Ratios::ALONE; TILE],
            went_past: false,
            types: PhantomData,
        }
    }

    /// Writes a tile, part of whatever calls it and so of its instructions.
    #[inline(always)]
    pub fn write(&mut self, work: &Work<'_, '_, I, O>, tile: Tile<'_, '_, I::Arith, O>) {
        match work.runs().only() {
            Some(rule) if rule == Rule::Linear || rule.is_hold() => {
                self.write_plain(work, rule, tile);
            }
            _ => self.write_runs(work, tile),
        }
    }

    /// One rule for all columns, linear or one that holds.
    #[inline(always)]
    fn write_plain(
        &mut self,
        work: &Work<'_, '_, I, O>,
        rule: Rule,
        tile: Tile<'_, '_, I::Arith, O>,
    ) {
        let samples = work.samples(tile.batch_row).rows();
        let (n, target, found) = (tile.valid.len(), tile.target, tile.found);
        let mut out = tile.out.rows_mut(tile.row);
        let Targets {
            early,
            factor,
            between,
            went_past,
            ..
        } = self;
        for ((early, factor), &weight) in early.iter_mut().zip(&mut *factor).zip(&found.weight) {
            (*early, *factor) = nearer_end(weight);
        }
        let mut all = true;
        let places = found.relation.iter().zip(&found.within);
        for (between, (&relation, &within)) in between.iter_mut().zip(places) {
            *between = (relation == Relation::Between) & (within == Within::ALL);
            all &= *between;
        }
        // Of the two samples the one that is held. Behind the last target there can be anything.
        let later = found.later_is_nearer.iter().zip(&*between);
        for (low, (&later_is_nearer, &between)) in found.low.iter_mut().zip(later) {
            let later = (rule == Rule::Next) | ((rule == Rule::Nearest) & later_is_nearer);
            *low = low.wrapping_add(usize::from(later & between));
        }
        if !all {
            for t in 0..n {
                if between[t] {
                    continue;
                }
                let (bracket, is_valid) = work.rules.resolve(rule, &found.place(t));
                tile.valid[t] = is_valid;
                let out = out.row_mut(target + t);
                match bracket {
                    Bracket::Fill => out.fill(work.fill),
                    Bracket::NotATime => out.fill(work.nan),
                    Bracket::Copy(i) => convert(samples.row(i), out),
                    Bracket::Between(i, weight) => {
                        (found.low[t], between[t]) = (i, true);
                        (early[t], factor[t]) = nearer_end(weight);
                    }
                }
            }
        }
        // Vectors that hold samples as they are in memory are faster than a call to copy each short row.
        let narrow_and_alike = I::DTYPE == O::DTYPE && size_of::<I>() < size_of::<I::Arith>();
        let problem = work.problem;
        let one_behind_the_other = problem.out_strides[1] == problem.columns as isize;
        let past_caches = one_behind_the_other && problem.bytes_of_values() >= PAST_CACHES;
        *went_past |= past_caches;
        let mut begin = 0;
        while begin < n {
            let rest = &between[begin..n];
            let count = match all {
                true => n,
                false => rest.iter().position(|&is| !is).unwrap_or(rest.len()),
            };
            let end = begin + count;
            let rows = Rows {
                samples,
                low: &found.low[begin..end],
                early: &early[begin..end],
                factor: &factor[begin..end],
                out: &mut out,
                first: target + begin,
                past_caches,
            };
            // SAFETY: the CPU has the instructions. Rows may go past the caches only where they lie one behind the other,
            // and `finish` puts up the fence.
            unsafe {
                match rule.is_hold() {
                    true if narrow_and_alike => rows.copy(),
                    true => S::rows::<false>(rows),
                    false => S::rows::<true>(rows),
                }
            }
            begin = end + 1;
        }
    }

    /// Any rules.
    #[inline(always)]
    fn write_runs(&mut self, work: &Work<'_, '_, I, O>, tile: Tile<'_, '_, I::Arith, O>) {
        let samples = work.samples(tile.batch_row).rows();
        let (n, target) = (tile.valid.len(), tile.target);
        let mut out = tile.out.rows_mut(tile.row);
        for (index, &Run { rule, .. }) in work.runs().list().iter().enumerate() {
            for t in 0..n {
                let (bracket, is_valid) = work.rules.resolve(rule, &tile.found.place(t));
                self.brackets[t] = bracket;
                tile.valid[t] &= is_valid;
            }
            if rule.is_hermite() {
                let (brackets, ratios) = (&self.brackets[..n], &mut self.ratios[..n]);
                work.places.ratios(tile.batch_row, brackets, ratios);
            }
            let columns = Columns::of(work.runs(), index, out.columns());
            let mut t = 0;
            while t < n {
                if rule.is_rotation()
                    && let Some(brackets) = self.brackets[t..n].first_chunk::<LANES>()
                    && write_rotations(brackets, columns, samples, &mut out, target + t)
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
                let out = out.row_mut(target + t);
                for range in columns.ranges() {
                    let first = range.start;
                    tile.valid[t] &= recipe.write(samples, first, &mut out[range]);
                }
                t += 1;
            }
        }
    }
}
