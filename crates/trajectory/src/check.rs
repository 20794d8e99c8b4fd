//! Whether source times are sorted, finite and fine enough.

use robocache_core::{Error, Result, TimeFault};
use std::cmp::Ordering;

/// On axes of fewer knots, a few duplicates would look like a lack of resolution.
const ENOUGH_KNOTS: usize = 8;

/// A type of times, as far as a check needs it.
pub(crate) trait Checked: Copy + PartialOrd {
    fn finite(self) -> bool;
    /// Whether `self - previous` is below four units in the last place of `self`. Only asked of f32,
    /// the type whose resolution a clock outruns.
    fn too_near(self, previous: Self) -> bool;
    /// Whether that would be found on most steps of a uniform axis.
    fn too_coarse(start: Self, step: Self, count: usize) -> bool;
}

impl Checked for f32 {
    fn finite(self) -> bool {
        self.is_finite()
    }
    fn too_near(self, previous: f32) -> bool {
        let ulp = f32::from_bits(self.to_bits() & 0x7f80_0000) * f32::EPSILON;
        self.is_finite() && self - previous < 4.0 * ulp
    }
    fn too_coarse(start: f32, step: f32, count: usize) -> bool {
        uniform_too_coarse(start, step, count)
    }
}

impl Checked for f64 {
    fn finite(self) -> bool {
        self.is_finite()
    }
    fn too_near(self, _: f64) -> bool {
        false
    }
    fn too_coarse(_: f64, _: f64, _: usize) -> bool {
        false
    }
}

impl Checked for i64 {
    fn finite(self) -> bool {
        true
    }
    fn too_near(self, _: i64) -> bool {
        false
    }
    fn too_coarse(_: i64, _: i64, _: usize) -> bool {
        false
    }
}

/// Checks the `count` times of one batch row.
///
/// # Errors
/// [`Error::Time`] with the first offending index.
pub(crate) fn check_row<X: Checked>(
    batch: usize,
    count: usize,
    time: impl Fn(usize) -> X,
) -> Result<()> {
    let fault = |index: usize, fault| Error::Time {
        batch: batch as u64,
        index: index as u64,
        fault,
    };
    let mut near = 0usize;
    let mut previous: Option<X> = None;
    for index in 0..count {
        let now = time(index);
        if !now.finite() {
            return Err(fault(index, TimeFault::NotFinite));
        }
        if let Some(previous) = previous {
            if now < previous {
                return Err(fault(index, TimeFault::Unsorted));
            }
            near += usize::from(now.too_near(previous));
        }
        previous = Some(now);
    }
    if count >= ENOUGH_KNOTS && 2 * near > count - 1 {
        return Err(fault(0, TimeFault::TooCoarse));
    }
    Ok(())
}

/// [`check_row`] of times that lie one behind the other, in a form that vector instructions can take as long
/// as nothing is wrong.
///
/// # Errors
/// As [`check_row`].
pub(crate) fn check_slice<X: Checked>(batch: usize, times: &[X]) -> Result<()> {
    // Of sorted times none is finite beyond the ends, and NaN is in no order.
    let ends = [times.first(), times.last()];
    let finite = ends.into_iter().flatten().all(|end| end.finite());
    let (mut unsorted, mut near) = (0u32, 0u32);
    for (previous, now) in times.iter().zip(times.iter().skip(1)) {
        unsorted += u32::from(!matches!(
            previous.partial_cmp(now),
            Some(Ordering::Less | Ordering::Equal)
        ));
        near += u32::from(now.too_near(*previous));
    }
    if finite && unsorted == 0 && 2 * (near as usize) < times.len() {
        return Ok(());
    }
    check_row(batch, times.len(), |i| times[i])
}

/// Whether a uniform f32 axis is too coarse: what [`check_row`] would find on its knots, without a look
/// at them where the steps are clearly large enough.
pub(crate) fn uniform_too_coarse(start: f32, step: f32, count: usize) -> bool {
    let knot = |i: usize| start + i as f32 * step;
    let largest = start.abs().max(knot(count.saturating_sub(1)).abs());
    let ulp = f32::from_bits(largest.to_bits() & 0x7f80_0000) * f32::EPSILON;
    // The distance of two rounded knots is at least the step less one unit.
    if count < ENOUGH_KNOTS || step >= 8.0 * ulp {
        return false;
    }
    let fault = check_row(0, count, knot);
    matches!(
        fault,
        Err(Error::Time {
            fault: TimeFault::TooCoarse,
            ..
        })
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<X: Checked>(times: &[X]) -> Option<(u64, TimeFault)> {
        let found = check_row(3, times.len(), |i| times[i]);
        assert_eq!(check_slice(3, times), found);
        match found {
            Ok(()) => None,
            Err(Error::Time {
                batch: 3,
                index,
                fault,
            }) => Some((index, fault)),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn the_first_fault_is_named() {
        assert_eq!(check(&[0.0, 1.0, 1.0, 2.0]), None);
        assert_eq!(check(&[0.0, 2.0, 1.0, 0.5]), Some((2, TimeFault::Unsorted)));
        assert_eq!(
            check(&[0.0, f64::NAN, 1.0]),
            Some((1, TimeFault::NotFinite))
        );
        assert_eq!(
            check(&[f32::NEG_INFINITY, 0.0]),
            Some((0, TimeFault::NotFinite))
        );
        assert_eq!(check(&[5i64, 4]), Some((1, TimeFault::Unsorted)));
        assert_eq!(check::<f32>(&[]), None);
    }

    #[test]
    fn seconds_since_1970_do_not_fit_f32() {
        let epoch: Vec<f32> = (0..100).map(|i| 1.7e9 + i as f32 * 0.01).collect();
        assert_eq!(check(&epoch), Some((0, TimeFault::TooCoarse)));
        let session: Vec<f32> = (0..100).map(|i| i as f32 * 0.01).collect();
        assert_eq!(check(&session), None);
    }
}
