//! Where do a request's targets lie among its source times?

use super::arith::Arith;
use super::axis::{HostAxis, Knots, Slice, Tick};
use super::bracket::{Bracket, Place, Relation, Rules, Within};
use super::hermite::Ratios;
use super::ragged::{RowSpan, spans};
use crate::check::{check_row, check_slice};
use crate::runs::Rule;
use crate::{Extrapolation, Resample};
use robocache_core::{Error, Result, TimeFault, TimeScalar};

/// The most targets whose places are found together.
pub(crate) const TILE: usize = 128;

/// Everything about a request that does not depend on the columns, the axis' type forgotten.
pub(crate) trait Places<A>: Sync {
    /// The samples of a batch row.
    fn span(&self, row: usize) -> RowSpan;

    /// Finds the places of a batch row's targets from `first` on, and their ages where they are wanted.
    fn find(&self, row: usize, first: usize, places: &mut [Place<A>], ages: Option<&mut [f32]>);

    /// The same at once with what is made of it where all columns have one rule: brackets, and whether they are
    /// valid. Returns the first target outside.
    fn brackets(
        &self,
        place: (usize, usize),
        rule: (Rule, Rules),
        brackets: &mut [Bracket<A>],
        valid: &mut [bool],
        ages: Option<&mut [f32]>,
    ) -> Option<usize>;

    /// The width of each bracket over those of its neighbours.
    fn ratios(&self, row: usize, brackets: &[Bracket<A>], ratios: &mut [Ratios<A>]);
}

/// The [`Places`] of a request, with the times checked if that is asked for.
pub(crate) fn places<'a, A: Arith, X: Tick>(
    request: &Resample<'a>,
    batch: usize,
    samples: usize,
) -> Result<Box<dyn Places<A> + 'a>> {
    Ok(Box::new(Finder::<X>::new(request, batch, samples)?))
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

/// What becomes of places. (Closures cannot be told to be part of the loop.)
pub(crate) trait Take<A> {
    fn take(&mut self, t: usize, place: Place<A>);
}

struct Keep<'a, A>(&'a mut [Place<A>]);

impl<A> Take<A> for Keep<'_, A> {
    #[inline(always)]
    fn take(&mut self, t: usize, place: Place<A>) {
        self.0[t] = place;
    }
}

struct Resolve<'a, A> {
    rule: Rule,
    rules: Rules,
    brackets: &'a mut [Bracket<A>],
    valid: &'a mut [bool],
    /// The first target outside.
    outside: Option<usize>,
}

impl<A: Arith> Take<A> for Resolve<'_, A> {
    #[inline(always)]
    fn take(&mut self, t: usize, place: Place<A>) {
        (self.brackets[t], self.valid[t]) = self.rules.resolve(self.rule, &place);
        if self.outside.is_none() && self.rules.is_beyond(self.rule, &place) {
            self.outside = Some(t);
        }
    }
}

/// The [`Places`] of a request, the axis' type known.
pub(crate) struct Finder<'a, X: Tick> {
    source: HostAxis<'a, X>,
    target: HostAxis<'a, X>,
    spans: Option<Vec<RowSpan>>,
    samples: usize,
    offset: X,
    tolerance: Option<X::Distance>,
    max_gap: Option<X::Distance>,
    /// Whether weights are wanted beyond the ends.
    goes_on: bool,
}

impl<A: Arith, X: Tick> Places<A> for Finder<'_, X> {
    fn span(&self, row: usize) -> RowSpan {
        self.row_span(row)
    }

    fn find(&self, row: usize, first: usize, places: &mut [Place<A>], ages: Option<&mut [f32]>) {
        let count = places.len();
        self.each(row, first, count, ages, &mut Keep(places));
    }

    fn brackets(
        &self,
        (row, first): (usize, usize),
        (rule, rules): (Rule, Rules),
        brackets: &mut [Bracket<A>],
        valid: &mut [bool],
        ages: Option<&mut [f32]>,
    ) -> Option<usize> {
        let count = brackets.len();
        let mut resolve = Resolve {
            rule,
            rules,
            brackets,
            valid,
            outside: None,
        };
        self.each(row, first, count, ages, &mut resolve);
        resolve.outside
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

impl<'a, X: Tick> Finder<'a, X> {
    /// The finder of a request, with the times checked if that is asked for.
    pub fn new(request: &Resample<'a>, batch: usize, samples: usize) -> Result<Self> {
        let options = request.options;
        let scalar = |value: Option<TimeScalar>| value.and_then(X::from_scalar);
        let finder = Finder {
            source: HostAxis::<X>::new(&request.source_times)?,
            target: HostAxis::<X>::new(&request.target_times)?,
            spans: spans(&request.rows, batch, samples)?,
            samples,
            offset: scalar(options.offset).unwrap_or(X::zero()),
            tolerance: scalar(options.tolerance).map(X::as_distance),
            max_gap: scalar(options.max_gap).map(X::as_distance),
            goes_on: options.extrapolation == Extrapolation::Linear,
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
    pub fn row_span(&self, row: usize) -> RowSpan {
        match &self.spans {
            Some(spans) => spans[row],
            None => RowSpan {
                first: 0,
                count: self.samples,
            },
        }
    }

    /// Finds the place of `count` targets of a row from `first` on, at most [`TILE`].
    #[inline(always)]
    pub fn each<A: Arith>(
        &self,
        row: usize,
        first: usize,
        count: usize,
        ages: Option<&mut [f32]>,
        to: &mut impl Take<A>,
    ) {
        let span = self.row_span(row);
        let source = self.source.row(row, span.first);
        let target = self.target.row(row, 0);
        let mut clocked = [X::zero(); TILE];
        let targets = &mut clocked[..count];
        match target.slice(first, count) {
            Some(times) => targets.copy_from_slice(times),
            None => {
                for (t, time) in targets.iter_mut().enumerate() {
                    *time = target.at(first + t);
                }
            }
        }
        for time in &mut *targets {
            *time = time.shifted(self.offset);
        }
        // Knots one behind the other in memory, as they mostly are, want no look at their form each time.
        match source.slice(0, span.count) {
            Some(knots) => self.walk(&Slice(knots), span.count, ages, targets, to),
            None => self.walk(&source, span.count, ages, targets, to),
        }
    }

    #[inline(always)]
    fn walk<A: Arith>(
        &self,
        knots: &impl Knots<X>,
        count: usize,
        mut ages: Option<&mut [f32]>,
        targets: &[X],
        to: &mut impl Take<A>,
    ) {
        let mut near = 0;
        for (t, &q) in targets.iter().enumerate() {
            let last = match q.is_nan() {
                true => None,
                false => knots.last_not_after(count, q, near),
            };
            near = last.unwrap_or(0);
            if let Some(ages) = &mut ages {
                ages[t] = last.map_or(f32::NAN, |i| X::age(q.since(knots.at(i))));
            }
            to.take(t, self.place(knots, count, q, last));
        }
    }

    /// The place of `q`, given the last knot that is not after it.
    #[inline(always)]
    fn place<A: Arith>(
        &self,
        knots: &impl Knots<X>,
        count: usize,
        q: X,
        last: Option<usize>,
    ) -> Place<A> {
        if let Some(i) = last
            && i + 1 < count
        {
            let (t0, t1) = (knots.at(i), knots.at(i + 1));
            if t0 != q {
                let (before, after, width) = (q.since(t0), t1.since(q), t1.since(t0));
                return Place {
                    relation: Relation::Between,
                    low: i,
                    weight: X::ratio(before, width),
                    later_is_nearer: after < before,
                    within: Within::of(
                        self.near(before),
                        self.near(after),
                        self.max_gap.is_none_or(|limit| width <= limit),
                    ),
                };
            }
        }
        self.elsewhere(knots, count, q, last)
    }

    /// The place of a target that is not between two knots.
    #[cold]
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
