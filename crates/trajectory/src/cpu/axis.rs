//! Times of the three types, and the knots of an axis in its three forms.

use super::arith::Arith;
use crate::check::Checked;
use robocache_core::{Element, Error, HostTensor, Result, TimeAxis, TimeScalar};

/// A type of times, with its rules.
pub(crate) trait Tick: Element + PartialOrd + Checked {
    /// The type of distances: u64 for i64, as they can exceed it.
    type Distance: Copy + PartialOrd + Send + Sync;

    fn from_scalar(scalar: TimeScalar) -> Option<Self>;
    fn zero() -> Self;
    fn is_nan(self) -> bool;
    /// Knot i of a uniform axis: two roundings.
    fn knot(i: usize, start: Self, step: Self) -> Self;
    /// A guess at the last knot that is not after `self`; at most `count - 1`.
    fn guess(self, start: Self, step: Self, count: usize) -> Option<usize>;
    /// A target on the source's clock; integers saturate.
    fn shifted(self, offset: Self) -> Self;
    fn since(self, earlier: Self) -> Self::Distance;
    fn as_distance(self) -> Self::Distance;
    fn ratio<A: Arith>(part: Self::Distance, whole: Self::Distance) -> A;
    /// A ratio of widths, as exact as the arithmetic type.
    fn proportion<A: Arith>(part: Self::Distance, whole: Self::Distance) -> A;
    /// How old a sample is.
    fn age(distance: Self::Distance) -> f32;
}

macro_rules! float_tick {
    ($ty:ident, $scalar:ident, $from:ident, $proportion:expr) => {
        impl Tick for $ty {
            type Distance = $ty;

            fn from_scalar(scalar: TimeScalar) -> Option<Self> {
                if let TimeScalar::$scalar(value) = scalar {
                    Some(value)
                } else {
                    None
                }
            }
            fn zero() -> Self {
                0.0
            }
            #[inline]
            fn is_nan(self) -> bool {
                $ty::is_nan(self)
            }
            #[inline]
            fn knot(i: usize, start: Self, step: Self) -> Self {
                start + i as $ty * step
            }
            #[inline]
            fn guess(self, start: Self, step: Self, count: usize) -> Option<usize> {
                let steps = (self - start) / step;
                // The conversion saturates; NaN becomes 0.
                if steps < 0.0 {
                    None
                } else {
                    Some((steps as usize).min(count - 1))
                }
            }
            #[inline]
            fn shifted(self, offset: Self) -> Self {
                self - offset
            }
            #[inline]
            fn since(self, earlier: Self) -> $ty {
                self - earlier
            }
            fn as_distance(self) -> $ty {
                self
            }
            #[inline]
            fn ratio<A: Arith>(part: $ty, whole: $ty) -> A {
                A::$from(part / whole)
            }
            #[inline]
            fn proportion<A: Arith>(part: $ty, whole: $ty) -> A {
                $proportion(part, whole)
            }
            #[inline]
            fn age(distance: $ty) -> f32 {
                distance as f32
            }
        }
    };
}

float_tick!(f32, F32, from_f32, |part, whole| A::from_f32(part)
    / A::from_f32(whole));
float_tick!(f64, F64, from_f64, Self::ratio);

impl Tick for i64 {
    type Distance = u64;

    fn from_scalar(scalar: TimeScalar) -> Option<Self> {
        if let TimeScalar::I64(value) = scalar {
            Some(value)
        } else {
            None
        }
    }
    fn zero() -> Self {
        0
    }
    #[inline]
    fn is_nan(self) -> bool {
        false
    }
    #[inline]
    fn knot(i: usize, start: Self, step: Self) -> Self {
        // The problem's validation has shown that no knot overflows.
        start.wrapping_add((i as i64).wrapping_mul(step))
    }
    #[inline]
    fn guess(self, start: Self, step: Self, count: usize) -> Option<usize> {
        if self < start {
            return None;
        }
        let steps = self.since(start) / step.max(1) as u64;
        Some(usize::try_from(steps).unwrap_or(usize::MAX).min(count - 1))
    }
    #[inline]
    fn shifted(self, offset: Self) -> Self {
        self.saturating_sub(offset)
    }
    #[inline]
    fn since(self, earlier: Self) -> u64 {
        (self as u64).wrapping_sub(earlier as u64)
    }
    fn as_distance(self) -> u64 {
        self as u64
    }
    #[inline]
    fn ratio<A: Arith>(part: u64, whole: u64) -> A {
        A::from_f64(part as f64 / whole as f64)
    }
    #[inline]
    fn proportion<A: Arith>(part: u64, whole: u64) -> A {
        Self::ratio(part, whole)
    }
    #[inline]
    fn age(distance: u64) -> f32 {
        distance as f32
    }
}

/// An axis with its element type known.
#[derive(Clone, Copy)]
pub(crate) enum HostAxis<'a, X: Tick> {
    PerRow(HostTensor<'a, X, 2>),
    Shared(HostTensor<'a, X, 1>),
    Uniform { start: X, step: X },
}

impl<'a, X: Tick> HostAxis<'a, X> {
    pub fn new(axis: &TimeAxis<'a>) -> Result<Self> {
        let scalar = |value: TimeScalar| {
            X::from_scalar(value).ok_or(Error::DType {
                argument: "times",
                found: value.time_type().dtype(),
                expected: X::DTYPE.name(),
            })
        };
        Ok(match axis {
            TimeAxis::PerRow(view) => HostAxis::PerRow(HostTensor::new(view)?),
            TimeAxis::Shared(view) => HostAxis::Shared(HostTensor::new(view)?),
            TimeAxis::Uniform { start, step, .. } => HostAxis::Uniform {
                start: scalar(*start)?,
                step: scalar(*step)?,
            },
        })
    }

    /// The axis of batch row `row`, its knot 0 being the axis' knot `first`.
    #[inline]
    pub fn row(&self, row: usize, first: usize) -> RowAxis<'_, 'a, X> {
        RowAxis {
            axis: self,
            row,
            first,
        }
    }
}

/// The knots of one batch row.
#[derive(Clone, Copy)]
pub(crate) struct RowAxis<'h, 'a, X: Tick> {
    axis: &'h HostAxis<'a, X>,
    row: usize,
    first: usize,
}

impl<'a, X: Tick> RowAxis<'_, 'a, X> {
    /// `count` knots from one on as a slice, if they lie one behind the other in memory.
    #[inline]
    pub fn slice(&self, from: usize, count: usize) -> Option<&'a [X]> {
        let all = match self.axis {
            HostAxis::PerRow(times) if times.has_rows() => times.row(self.row),
            HostAxis::Shared(times) => times.as_slice()?,
            _ => return None,
        };
        let from = self.first + from;
        all.get(from..from + count)
    }
}

/// The knots of one batch row, which do not descend.
pub(crate) trait Knots<X: Tick> {
    fn at(&self, i: usize) -> X;

    /// Where a search for `q` among `count` knots begins, the one before having ended at `near`.
    #[inline]
    fn guess(&self, _count: usize, _q: X, near: usize) -> usize {
        near
    }

    /// How many of `count` knots are not after each target, of which there are whole [groups](GROUP). `near` is where the
    /// search for the first one begins.
    #[inline(always)]
    fn count_not_after(&self, count: usize, targets: &[X], mut near: usize, passed: &mut [usize]) {
        for (&q, passed) in targets.iter().zip(passed) {
            *passed = search_from(self, count, q, near);
            near = passed.saturating_sub(1);
        }
    }
}

/// How many of `count` knots are not after `q`. `near` is where the search begins; the result does not depend on
/// it.
fn search_from<X: Tick>(
    knots: &(impl Knots<X> + ?Sized),
    count: usize,
    q: X,
    near: usize,
) -> usize {
    if count == 0 {
        return 0;
    }
    // Targets mostly ascend, so the guess or one of the next knots is mostly right.
    let guess = knots.guess(count, q, near).min(count - 1);
    if knots.at(guess) <= q {
        let near = count.min(guess + NEAR);
        if let Some(later) = (guess + 1..near).find(|&i| knots.at(i) > q) {
            return later;
        }
        return halve(knots, near, count, q);
    }
    if guess == 0 {
        return 0;
    }
    if knots.at(guess - 1) <= q {
        return guess;
    }
    halve(knots, 0, guess - 1, q)
}

/// By halving, among the knots `low..high`, those before `low` being known not to be after `q`.
fn halve<X: Tick>(
    knots: &(impl Knots<X> + ?Sized),
    mut low: usize,
    mut high: usize,
    q: X,
) -> usize {
    while low < high {
        let middle = low + (high - low) / 2;
        if knots.at(middle) <= q {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// Knots looked at one after the other before the rest is halved.
const NEAR: usize = 8;

/// Knots in memory, one behind the other.
pub(crate) struct Slice<'a, X>(pub &'a [X]);

/// Targets that are looked for together.
pub(crate) const GROUP: usize = 16;
/// Knots that are compared with all of a group before each of its targets is looked for by itself.
const MANY: usize = 32 * GROUP;

impl<X: Tick> Knots<X> for Slice<'_, X> {
    #[inline]
    fn at(&self, i: usize) -> X {
        self.0[i]
    }

    #[inline(always)]
    fn count_not_after(&self, _: usize, targets: &[X], mut near: usize, passed: &mut [usize]) {
        let (targets, _) = targets.as_chunks::<GROUP>();
        let (passed, _) = passed.as_chunks_mut::<GROUP>();
        for (targets, passed) in targets.iter().zip(passed) {
            *passed = self.count_for_group(targets, near);
            near = passed[GROUP - 1].saturating_sub(1);
        }
    }
}

impl<X: Tick> Slice<'_, X> {
    /// How many knots are not after each target. Targets mostly ascend, so that those of a group lie between the
    /// same few knots: each of these is compared with all of them at once. `near` is as in [`search_from`].
    #[inline(always)]
    fn count_for_group(&self, targets: &[X; GROUP], near: usize) -> [usize; GROUP] {
        let knots = self.0;
        // Without jumps.
        if targets.iter().fold(false, |any, q| any | q.is_nan()) {
            return self.count_one_by_one(targets, near);
        }
        let [first, last] = ends(targets);
        let passed = |count: usize| knots.get(count - 1).is_some_and(|&knot| knot <= first);
        let begin = if near > 0 && !passed(near) {
            halve(self, 0, near - 1, first)
        } else if passed(near + NEAR) {
            halve(self, near + NEAR, knots.len(), first)
        } else {
            near
        };
        if knots.get(begin + MANY).is_some_and(|&knot| knot <= last) {
            return self.count_one_by_one(targets, begin);
        }
        let mut counts = [0u32; GROUP];
        for &knot in knots[begin..].iter().take_while(|&&knot| knot <= last) {
            for (count, &q) in counts.iter_mut().zip(targets) {
                *count += u32::from(knot <= q);
            }
        }
        counts.map(|count| begin + count as usize)
    }

    #[inline(never)]
    fn count_one_by_one(&self, targets: &[X; GROUP], mut near: usize) -> [usize; GROUP] {
        targets.map(|q| {
            let passed = search_from(self, self.0.len(), q, near);
            near = passed.saturating_sub(1);
            passed
        })
    }
}

/// The first and the last in time, none being NaN: halves compared with each other, and so on.
#[inline(always)]
fn ends<X: Tick>(targets: &[X; GROUP]) -> [X; 2] {
    let (mut first, mut last) = (*targets, *targets);
    for width in [GROUP / 2, GROUP / 4, GROUP / 8, GROUP / 16] {
        for i in 0..width {
            let (a, b) = (first[i], first[i + width]);
            first[i] = if b < a { b } else { a };
            let (a, b) = (last[i], last[i + width]);
            last[i] = if b > a { b } else { a };
        }
    }
    [first[0], last[0]]
}

impl<X: Tick> Knots<X> for RowAxis<'_, '_, X> {
    #[inline]
    fn at(&self, i: usize) -> X {
        match self.axis {
            HostAxis::PerRow(times) => times.at([self.row, self.first + i]),
            HostAxis::Shared(times) => times.at([self.first + i]),
            HostAxis::Uniform { start, step } => X::knot(i, *start, *step),
        }
    }

    #[inline]
    fn guess(&self, count: usize, q: X, near: usize) -> usize {
        match self.axis {
            HostAxis::Uniform { start, step } => q.guess(*start, *step, count).unwrap_or(0),
            _ => near,
        }
    }
}
