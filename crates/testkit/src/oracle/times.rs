//! What the contract says about moments and the distances between them.

use super::exact::{Double, round_to};
use robocache_core::{DType, TimeFault, TimeScalar};

/// The times of one batch row, whatever form they had.
#[derive(Clone, Debug, PartialEq)]
pub enum Times {
    /// Binary32.
    F32(Vec<f32>),
    /// Binary64.
    F64(Vec<f64>),
    /// Integer ticks.
    I64(Vec<i64>),
}

impl Times {
    /// The knots of a uniform axis: `start + i * step`, the product and the sum each rounded once.
    /// `None` if start and step differ in type.
    pub fn uniform(start: TimeScalar, step: TimeScalar, len: usize) -> Option<Times> {
        match (start, step) {
            (TimeScalar::F32(start), TimeScalar::F32(step)) => {
                // In f64 the product of an index and an f32 is exact, so rounding it is the one
                // rounding; the sum of two f32 is not always exact, so that is left to f32.
                let knot = |i: usize| {
                    let product = round_to(DType::F32, i as f64 * f64::from(step)) as f32;
                    start + product
                };
                Some(Times::F32((0..len).map(knot).collect()))
            }
            (TimeScalar::F64(start), TimeScalar::F64(step)) => {
                let knot = |i: usize| start + i as f64 * step;
                Some(Times::F64((0..len).map(knot).collect()))
            }
            (TimeScalar::I64(start), TimeScalar::I64(step)) => {
                let knot = |i: usize| {
                    let knot = i128::from(start) + i as i128 * i128::from(step);
                    knot.clamp(i64::MIN.into(), i64::MAX.into()) as i64
                };
                Some(Times::I64((0..len).map(knot).collect()))
            }
            _ => None,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Times::F32(times) => times.len(),
            Times::F64(times) => times.len(),
            Times::I64(times) => times.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first `count` of them.
    #[must_use]
    pub fn truncated(&self, count: usize) -> Times {
        self.part(0, count)
    }

    /// `count` of them, from one on.
    #[must_use]
    pub fn part(&self, first: usize, count: usize) -> Times {
        let range = first..first + count;
        match self {
            Times::F32(times) => Times::F32(times[range].to_vec()),
            Times::F64(times) => Times::F64(times[range].to_vec()),
            Times::I64(times) => Times::I64(times[range].to_vec()),
        }
    }

    /// One of them.
    pub fn at(&self, index: usize) -> TimeScalar {
        match self {
            Times::F32(times) => TimeScalar::F32(times[index]),
            Times::F64(times) => TimeScalar::F64(times[index]),
            Times::I64(times) => TimeScalar::I64(times[index]),
        }
    }

    /// What is wrong with them as source times, and where. An f32 axis counts as too coarse if at
    /// least half of its steps are below four units in the last place.
    pub fn fault(&self) -> Option<(usize, TimeFault)> {
        fn first<T: PartialOrd + Copy>(
            times: &[T],
            finite: impl Fn(T) -> bool,
        ) -> Option<(usize, TimeFault)> {
            (0..times.len()).find_map(|i| {
                if !finite(times[i]) {
                    return Some((i, TimeFault::NotFinite));
                }
                (i > 0 && times[i] < times[i - 1]).then_some((i, TimeFault::Unsorted))
            })
        }
        match self {
            Times::I64(times) => first(times, |_| true),
            Times::F64(times) => first(times, f64::is_finite),
            Times::F32(times) => first(times, f32::is_finite).or_else(|| {
                let coarse = |pair: &&[f32]| {
                    let ulp = f64::from(pair[1].abs().next_up()) - f64::from(pair[1].abs());
                    f64::from(pair[1]) - f64::from(pair[0]) < 4.0 * ulp
                };
                let near = times.windows(2).filter(coarse).count();
                (times.len() > 1 && 2 * near >= times.len() - 1)
                    .then_some((0, TimeFault::TooCoarse))
            }),
        }
    }
}

/// Which of two samples is nearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nearer {
    Earlier,
    Later,
    /// The later one, but by less than the type of the axis can tell.
    LaterByAHair,
}

/// A moment on an axis.
pub(super) trait Moment: Copy + PartialOrd {
    /// `self - offset`, rounded once.
    fn less(self, offset: Self) -> Self;
    fn is_nan(self) -> bool;
    /// Whether `self` is at most `limit` after `earlier`.
    fn within(self, earlier: Self, limit: Self) -> bool;
    /// Where `self` lies on the way from one moment to another, as the contract rounds it; below 0
    /// before the one and above 1 after the other.
    fn weight(self, before: Self, after: Self) -> f64;
    /// The time from one moment to a later one, rounded as in the weight's denominator.
    fn width(self, after: Self) -> f64;
    /// How long ago an earlier moment was, rounded once to f32.
    fn age(self, earlier: Self) -> f32;
    /// Which of two moments around `self` is nearer.
    fn nearer(self, before: Self, after: Self) -> Nearer;
    /// The number in a scalar of this type.
    fn from_scalar(scalar: TimeScalar) -> Option<Self>;
}

macro_rules! float_moment {
    ($float:ty, $variant:ident) => {
        impl Moment for $float {
            fn less(self, offset: Self) -> Self {
                self - offset
            }
            fn is_nan(self) -> bool {
                <$float>::is_nan(self)
            }
            fn within(self, earlier: Self, limit: Self) -> bool {
                self - earlier <= limit
            }
            fn weight(self, before: Self, after: Self) -> f64 {
                f64::from((self - before) / (after - before))
            }
            fn width(self, after: Self) -> f64 {
                f64::from(after - self)
            }
            fn age(self, earlier: Self) -> f32 {
                (self - earlier) as f32
            }
            fn nearer(self, before: Self, after: Self) -> Nearer {
                // 2q against t0 + t1, with what the rounding of the sum lost.
                let sum = Double::sum(before.into(), after.into());
                let ahead = (2.0 * f64::from(self) - sum.high) - sum.low;
                let (from, to) = (self - before, after - self);
                if ahead <= 0.0 {
                    Nearer::Earlier
                } else if from <= to {
                    Nearer::LaterByAHair
                } else {
                    Nearer::Later
                }
            }
            fn from_scalar(scalar: TimeScalar) -> Option<Self> {
                match scalar {
                    TimeScalar::$variant(value) => Some(value),
                    _ => None,
                }
            }
        }
    };
}

float_moment!(f32, F32);
float_moment!(f64, F64);

impl Moment for i64 {
    fn less(self, offset: Self) -> Self {
        let difference = i128::from(self) - i128::from(offset);
        difference.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }
    fn is_nan(self) -> bool {
        false
    }
    fn within(self, earlier: Self, limit: Self) -> bool {
        i128::from(self) - i128::from(earlier) <= i128::from(limit)
    }
    fn weight(self, before: Self, after: Self) -> f64 {
        // Of i128, too, the conversion rounds once, to nearest.
        let to_f64 = |later: i64, earlier: i64| (i128::from(later) - i128::from(earlier)) as f64;
        to_f64(self, before) / to_f64(after, before)
    }
    fn width(self, after: Self) -> f64 {
        (i128::from(after) - i128::from(self)) as f64
    }
    fn age(self, earlier: Self) -> f32 {
        (i128::from(self) - i128::from(earlier)) as f32
    }
    fn nearer(self, before: Self, after: Self) -> Nearer {
        let ahead = 2 * i128::from(self) - i128::from(before) - i128::from(after);
        if ahead <= 0 {
            Nearer::Earlier
        } else {
            Nearer::Later
        }
    }
    fn from_scalar(scalar: TimeScalar) -> Option<Self> {
        match scalar {
            TimeScalar::I64(value) => Some(value),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_knots_are_rounded_twice() {
        let knots = Times::uniform(TimeScalar::F32(1.0), TimeScalar::F32(0.1), 4).unwrap();
        assert_eq!(
            knots,
            Times::F32(vec![1.0, 1.0 + 0.1, 1.0 + 0.2, 1.0 + 3.0 * 0.1f32])
        );
        let saturated = Times::uniform(TimeScalar::I64(i64::MAX - 1), TimeScalar::I64(1), 4);
        assert_eq!(saturated.unwrap().at(3), TimeScalar::I64(i64::MAX));
        assert!(Times::uniform(TimeScalar::I64(0), TimeScalar::F64(1.0), 2).is_none());
    }

    #[test]
    fn faults_are_found_where_they_are() {
        assert_eq!(Times::F64(vec![0.0, 0.0, 1.0]).fault(), None);
        let unsorted = Times::I64(vec![0, 5, 4]).fault();
        assert_eq!(unsorted, Some((2, TimeFault::Unsorted)));
        let infinite = Times::F32(vec![0.0, f32::INFINITY, 0.0]).fault();
        assert_eq!(infinite, Some((1, TimeFault::NotFinite)));
        let epoch = Times::F32((0..9).map(|i| 1.7e9 + 0.01 * i as f32).collect());
        assert_eq!(epoch.fault(), Some((0, TimeFault::TooCoarse)));
        let session = Times::F32((0..9).map(|i| 0.01 * i as f32).collect());
        assert_eq!(session.fault(), None);
    }

    #[test]
    fn the_nearer_of_two() {
        assert_eq!(1.0f64.nearer(0.0, 2.0), Nearer::Earlier);
        assert_eq!(1.5f64.nearer(0.0, 2.0), Nearer::Later);
        let hair = (1u64 << 60) as i64;
        assert_eq!((hair + 1).nearer(0, 2 * hair), Nearer::Later);
        assert_eq!(hair.nearer(0, 2 * hair), Nearer::Earlier);
        // The exact middle lies below q, but both distances round to the same f32.
        let (before, after) = (-1.0e-9f32, 2.0f32);
        assert_eq!(1.0f32.nearer(before, after), Nearer::LaterByAHair);
    }

    #[test]
    fn differences_beyond_i64_are_kept() {
        assert_eq!(0i64.weight(i64::MIN, i64::MAX), 0.5);
        assert_eq!(i64::MIN.width(i64::MAX), 2f64.powi(64));
        assert_eq!(0.1f32.width(0.7), f64::from(0.7f32 - 0.1));
        assert_eq!(i64::MAX.age(i64::MIN), 2f32.powi(64));
        assert!(!i64::MAX.within(i64::MIN, i64::MAX));
        assert_eq!(i64::MIN.less(1), i64::MIN);
        assert_eq!(i64::MAX.less(-1), i64::MAX);
    }
}
