//! Where do a request's targets lie among its source times?

use super::arith::Arith;
use super::axis::{GROUP, HostAxis, Knots, Slice, Tick};
use super::bracket::{Bracket, Place, Relation, Within};
use super::hermite::Ratios;
use crate::check::{check_row, check_slice};
use crate::{Extrapolation, Problem, Resample};
use robocache_core::{Error, Result, RowSpan, TimeFault, TimeScalar, TimeType};
use std::marker::PhantomData;

/// The most targets whose places are found together.
pub(crate) const TILE: usize = 64;
const _: () = assert!(TILE.is_multiple_of(GROUP));

/// The places of a tile of targets, part by part: what is computed of all of them becomes vector instructions.
pub(crate) struct Found<A> {
    pub relation: [Relation; TILE],
    pub low: [usize; TILE],
    pub weight: [A; TILE],
    pub later_is_nearer: [bool; TILE],
    pub within: [Within; TILE],
    /// How many knots were not after the last target: where the next tile's search begins.
    passed: usize,
}

impl<A: Arith> Found<A> {
    pub fn new() -> Self {
        Found {
            relation: [Relation::Nowhere; TILE],
            low: [0; TILE],
            weight: [A::NAN; TILE],
            later_is_nearer: [false; TILE],
            within: [Within::ALL; TILE],
            passed: 0,
        }
    }

    /// What follows is of another batch row.
    pub fn begin_row(&mut self) {
        self.passed = 0;
    }

    #[inline(always)]
    pub fn place(&self, t: usize) -> Place<A> {
        Place {
            relation: self.relation[t],
            low: self.low[t],
            weight: self.weight[t],
            later_is_nearer: self.later_is_nearer[t],
            within: self.within[t],
        }
    }

    fn set(&mut self, t: usize, place: Place<A>) {
        self.relation[t] = place.relation;
        self.low[t] = place.low;
        self.weight[t] = place.weight;
        self.later_is_nearer[t] = place.later_is_nearer;
        self.within[t] = place.within;
    }
}

/// Instructions to find places with.
pub(crate) trait Instructions: Sized + 'static {
    /// [`Finder::locate`] with these instructions.
    ///
    /// # Safety
    /// The CPU must have them.
    unsafe fn locate<A: Arith, X: Tick>(
        finder: &Finder<'_, X, Self>,
        row: usize,
        first: usize,
        count: usize,
        found: &mut Found<A>,
        ages: Option<&mut [f32]>,
    );
}

/// Those that every CPU of an architecture has.
pub(crate) struct Baseline;

impl Instructions for Baseline {
    unsafe fn locate<A: Arith, X: Tick>(
        finder: &Finder<'_, X, Self>,
        row: usize,
        first: usize,
        count: usize,
        found: &mut Found<A>,
        ages: Option<&mut [f32]>,
    ) {
        finder.locate(row, first, count, found, ages);
    }
}

/// Everything about a request that does not depend on the columns, the type of times and the instructions forgotten.
pub(crate) trait Places<A>: Sync {
    /// The samples of a batch row.
    fn span(&self, row: usize) -> RowSpan;

    /// Finds the places of `count` targets of a batch row from `first` on, one to [`TILE`], and their ages where they
    /// are wanted.
    fn find(
        &self,
        row: usize,
        first: usize,
        count: usize,
        found: &mut Found<A>,
        ages: Option<&mut [f32]>,
    );

    /// The width of each bracket over those of its neighbours.
    fn ratios(&self, row: usize, brackets: &[Bracket<A>], ratios: &mut [Ratios<A>]);
}

/// The [`Places`] of a request, with the times checked if that is asked for; found with instructions `S`.
///
/// # Safety
/// The CPU must have them.
pub(crate) unsafe fn places<'a, A: Arith, S: Instructions>(
    problem: &Problem,
    request: &Resample<'a>,
) -> Result<Box<dyn Places<A> + 'a>> {
    let [batch, samples] = [problem.batch, problem.samples];
    Ok(match problem.time_type {
        TimeType::F32 => Box::new(Finder::<f32, S>::new(request, batch, samples)?),
        TimeType::F64 => Box::new(Finder::<f64, S>::new(request, batch, samples)?),
        TimeType::I64 => Box::new(Finder::<i64, S>::new(request, batch, samples)?),
    })
}

fn check_axis<X: Tick>(
    axis: &HostAxis<'_, X>,
    row: usize,
    first: usize,
    count: usize,
) -> Result<()> {
    match *axis {
        HostAxis::Uniform { start, step } if X::too_coarse(start, step, count) => {
            Err(Error::Time {
                batch: row as u64,
                index: 0,
                fault: TimeFault::TooCoarse,
            })
        }
        HostAxis::Uniform { .. } => Ok(()),
        _ => {
            let axis = axis.row(row, first);
            match axis.slice(0, count) {
                Some(times) => check_slice(row, times),
                None => check_row(row, count, |i| axis.at(i)),
            }
        }
    }
}

/// The [`Places`] of a request, the type of times and the instructions known.
pub(crate) struct Finder<'a, X: Tick, S> {
    source: HostAxis<'a, X>,
    target: HostAxis<'a, X>,
    spans: Option<Vec<RowSpan>>,
    samples: usize,
    offset: X,
    tolerance: Option<X::Distance>,
    max_gap: Option<X::Distance>,
    /// Whether weights are wanted beyond the ends.
    goes_on: bool,
    instructions: PhantomData<fn() -> S>,
}

impl<A: Arith, X: Tick, S: Instructions> Places<A> for Finder<'_, X, S> {
    fn span(&self, row: usize) -> RowSpan {
        self.row_span(row)
    }

    fn find(
        &self,
        row: usize,
        first: usize,
        count: usize,
        found: &mut Found<A>,
        ages: Option<&mut [f32]>,
    ) {
        // SAFETY: whoever made this knows that the CPU has them.
        unsafe { S::locate(self, row, first, count, found, ages) }
    }

    fn ratios(&self, row: usize, brackets: &[Bracket<A>], ratios: &mut [Ratios<A>]) {
        let span = self.row_span(row);
        let source = self.source.row(row, span.first);
        let width = |i: usize| source.at(i + 1).since(source.at(i));
        let none = X::zero().as_distance();
        for (bracket, ratios) in brackets.iter().zip(ratios) {
            let Bracket::Between(i, _) = *bracket else {
                continue;
            };
            let over = |neighbour: Option<usize>| {
                let Some(neighbour) = neighbour.filter(|&n| n + 1 < span.count) else {
                    return -A::ONE;
                };
                let theirs = width(neighbour);
                let ratio = X::proportion::<A>(width(i), theirs);
                if theirs > none && ratio.is_finite() {
                    ratio
                } else {
                    A::ZERO
                }
            };
            *ratios = Ratios {
                before: over(i.checked_sub(1)),
                after: over(Some(i + 1)),
            };
        }
    }
}

impl<'a, X: Tick, S> Finder<'a, X, S> {
    /// The finder of a request, with the times checked if that is asked for.
    fn new(request: &Resample<'a>, batch: usize, samples: usize) -> Result<Self> {
        let options = request.options;
        let scalar = |value: Option<TimeScalar>| value.and_then(X::from_scalar);
        let finder = Finder {
            source: HostAxis::<X>::new(&request.source_times)?,
            target: HostAxis::<X>::new(&request.target_times)?,
            spans: request.rows.spans(batch, samples)?,
            samples,
            offset: scalar(options.offset).unwrap_or(X::zero()),
            tolerance: scalar(options.tolerance).map(X::as_distance),
            max_gap: scalar(options.max_gap).map(X::as_distance),
            goes_on: options.extrapolation == Extrapolation::Linear,
            instructions: PhantomData,
        };
        if options.check {
            // A shared axis is the same for every row; of dense rows one look is enough.
            let alike = !matches!(finder.source, HostAxis::PerRow(_)) && finder.spans.is_none();
            for row in 0..if alike { batch.min(1) } else { batch } {
                let RowSpan { first, count } = finder.row_span(row);
                check_axis(&finder.source, row, first, count)?;
            }
        }
        Ok(finder)
    }

    /// The samples of a batch row.
    fn row_span(&self, row: usize) -> RowSpan {
        match &self.spans {
            Some(spans) => spans[row],
            None => RowSpan {
                first: 0,
                count: self.samples,
            },
        }
    }

    /// [`Places::find`], part of whatever calls it and so of its instructions.
    #[inline(always)]
    pub fn locate<A: Arith>(
        &self,
        row: usize,
        first: usize,
        count: usize,
        found: &mut Found<A>,
        ages: Option<&mut [f32]>,
    ) {
        let span = self.row_span(row);
        let source = self.source.row(row, span.first);
        let target = self.target.row(row, 0);
        let mut times = [X::zero(); TILE];
        match target.slice(first, count) {
            Some(found) => times[..count].copy_from_slice(found),
            None => {
                for (t, time) in times[..count].iter_mut().enumerate() {
                    *time = target.at(first + t);
                }
            }
        }
        // What is computed of all of a tile, however many are wanted, becomes vector instructions without a rest.
        let last = times[count - 1];
        times[count..].fill(last);
        for time in &mut times {
            *time = time.shifted(self.offset);
        }
        // Knots one behind the other in memory, as they mostly are, want no look at their form each time.
        match source.slice(0, span.count) {
            Some(knots) => self.walk(&Slice(knots), span.count, &times, count, found, ages),
            None => self.walk(&source, span.count, &times, count, found, ages),
        }
    }

    /// First between which knots the targets are, then what follows from that: each step of all of them. `wanted` of
    /// them are, and the last of those is repeated.
    #[inline(always)]
    fn walk<A: Arith>(
        &self,
        knots: &impl Knots<X>,
        count: usize,
        targets: &[X; TILE],
        wanted: usize,
        found: &mut Found<A>,
        ages: Option<&mut [f32]>,
    ) {
        let (mut earlier, mut later) = ([X::zero(); TILE], [X::zero(); TILE]);
        let mut passed = [0; TILE];
        knots.count_not_after(count, targets, found.passed.saturating_sub(1), &mut passed);
        found.passed = passed[TILE - 1];
        let mut all_between = true;
        for (&passed, (t0, t1)) in passed.iter().zip(earlier.iter_mut().zip(&mut later)) {
            match is_inside(passed, count) {
                true => (*t0, *t1) = (knots.at(passed - 1), knots.at(passed)),
                false => all_between = false,
            }
        }
        for (low, passed) in found.low.iter_mut().zip(&passed) {
            *low = passed.wrapping_sub(1);
        }
        let around = targets.iter().zip(earlier.iter().zip(&later));
        let parts = (found.weight.iter_mut())
            .zip(&mut found.relation)
            .zip(&mut found.later_is_nearer);
        for ((&q, (&t0, &t1)), ((weight, relation), nearer)) in around.clone().zip(parts) {
            let (before, after, width) = (q.since(t0), t1.since(q), t1.since(t0));
            let on = t0 == q;
            let ratio = X::ratio(before, width);
            *relation = if on { Relation::On } else { Relation::Between };
            *weight = if on { A::NAN } else { ratio };
            *nearer = !on & (after < before);
        }
        if self.tolerance.is_some() || self.max_gap.is_some() {
            for ((&q, (&t0, &t1)), within) in around.zip(&mut found.within) {
                let narrow = self.max_gap.is_none_or(|limit| t1.since(t0) <= limit);
                *within = match t0 == q {
                    true => Within::ALL,
                    false => Within::of(self.near(q.since(t0)), self.near(t1.since(q)), narrow),
                };
            }
        } else {
            found.within.fill(Within::ALL);
        }
        let each = || targets.iter().zip(&passed).take(wanted);
        if !all_between {
            for (t, (&q, &passed)) in each().enumerate() {
                if !is_inside(passed, count) {
                    found.set(t, self.elsewhere(knots, count, q, passed.checked_sub(1)));
                }
            }
        }
        if let Some(ages) = ages {
            for ((&q, &passed), age) in each().zip(ages) {
                *age = match passed.checked_sub(1) {
                    Some(last) => X::age(q.since(knots.at(last))),
                    None => f32::NAN,
                };
            }
        }
    }

    /// The place of a target that is not between two knots.
    fn elsewhere<A: Arith>(
        &self,
        knots: &impl Knots<X>,
        count: usize,
        q: X,
        last: Option<usize>,
    ) -> Place<A> {
        if count == 0 {
            return Place::of(Relation::Nowhere, 0);
        }
        if q.is_nan() {
            return Place::of(Relation::NotATime, 0);
        }
        let Some(i) = last else {
            let first = knots.at(0);
            let weight = match count > 1 && self.goes_on {
                true => weight_before(first, knots.at(1), q),
                false => A::NAN,
            };
            return Place {
                weight,
                within: Within::of(true, self.near(first.since(q)), true),
                ..Place::of(Relation::Before, 0)
            };
        };
        let t0 = knots.at(i);
        if t0 == q {
            return Place::of(Relation::On, i);
        }
        let weight = match i > 0 && self.goes_on {
            true => weight_after(knots.at(i - 1), t0, q),
            false => A::NAN,
        };
        Place {
            weight,
            within: Within::of(self.near(q.since(t0)), true, true),
            ..Place::of(Relation::After, i)
        }
    }

    #[inline]
    fn near(&self, distance: X::Distance) -> bool {
        self.tolerance.is_none_or(|limit| distance <= limit)
    }
}

/// Whether a target that `passed` of `count` knots are not after has knots before and after it.
#[inline(always)]
fn is_inside(passed: usize, count: usize) -> bool {
    passed.wrapping_sub(1) < count.wrapping_sub(1)
}

/// The weight of a target before the first two knots, NaN where they are equal.
fn weight_before<A: Arith, X: Tick>(first: X, second: X, q: X) -> A {
    match second > first {
        true => -X::ratio::<A>(first.since(q), second.since(first)),
        false => A::NAN,
    }
}

/// The weight of a target after the last two knots, likewise.
fn weight_after<A: Arith, X: Tick>(before_last: X, last: X, q: X) -> A {
    match last > before_last {
        true => X::ratio(q.since(before_last), last.since(before_last)),
        false => A::NAN,
    }
}
