//! What are the stamps, and what is wrong with them?

use robocache::{Result, TensorView, TimeAxis, TimeScalar};
use std::ops::Range;

/// Times of samples or of targets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stamps {
    /// Floating point.
    Float(Vec<f64>),
    /// Integers.
    Ticks(Vec<i64>),
}

/// The first thing wrong with stamps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    /// NaN or infinite.
    NotFinite { row: usize, value: f64 },
    /// Earlier than the stamp before it; both as text, so that integers keep all digits.
    Unsorted {
        row: usize,
        value: String,
        before: String,
    },
}

impl Stamps {
    pub(crate) fn len(&self) -> usize {
        match self {
            Stamps::Float(values) => values.len(),
            Stamps::Ticks(values) => values.len(),
        }
    }

    /// The first fault, if there is one.
    pub(crate) fn fault(&self) -> Option<Fault> {
        match self {
            Stamps::Float(values) => {
                let mut before = f64::NEG_INFINITY;
                for (row, &value) in values.iter().enumerate() {
                    if !value.is_finite() {
                        return Some(Fault::NotFinite { row, value });
                    }
                    if value < before {
                        return Some(unsorted(row, value, before));
                    }
                    before = value;
                }
                None
            }
            Stamps::Ticks(values) => {
                let pairs = values.windows(2).zip(1..);
                let mut faults = pairs.filter(|(pair, _)| pair[1] < pair[0]);
                faults
                    .next()
                    .map(|(pair, row)| unsorted(row, pair[1], pair[0]))
            }
        }
    }

    /// Whether most steps are too small for f32, in which the stamps were kept: seconds since 1970 in
    /// f32 move by 128 at a time. The rule is that of the library's own check of f32 axes.
    pub(crate) fn is_too_coarse_for_f32(&self) -> bool {
        const ENOUGH: usize = 8;
        let Stamps::Float(values) = self else {
            return false;
        };
        let near = values.windows(2).filter(|pair| {
            let ulp = f32::from_bits((pair[1] as f32).to_bits() & 0x7f80_0000) * f32::EPSILON;
            pair[1] - pair[0] < 4.0 * f64::from(ulp)
        });
        values.len() >= ENOUGH && 2 * near.count() > values.len() - 1
    }

    /// The sizes of the first and the last stamp.
    pub(crate) fn sizes(&self) -> (f64, f64) {
        let ends = match self {
            Stamps::Float(values) => values.first().copied().zip(values.last().copied()),
            Stamps::Ticks(values) => {
                let ends = values.first().zip(values.last());
                ends.map(|(&first, &last)| (first as f64, last as f64))
            }
        };
        let (first, last) = ends.unwrap_or_default();
        (first.abs(), last.abs())
    }

    /// The last stamp as text; an empty text if there is none.
    pub(crate) fn example(&self) -> String {
        match self {
            Stamps::Float(values) => values.last().map(f64::to_string),
            Stamps::Ticks(values) => values.last().map(i64::to_string),
        }
        .unwrap_or_default()
    }

    /// The median distance of neighbours, in the unit of the stamps; `None` if that is zero or there
    /// are no neighbours.
    pub(crate) fn median_spacing(&self) -> Option<f64> {
        let mut spacings: Vec<f64> = match self {
            Stamps::Float(values) => values.windows(2).map(|pair| pair[1] - pair[0]).collect(),
            Stamps::Ticks(values) => values
                .windows(2)
                .map(|pair| pair[1].abs_diff(pair[0]) as f64)
                .collect(),
        };
        if spacings.is_empty() {
            return None;
        }
        let middle = spacings.len() / 2;
        let (_, median, _) = spacings.select_nth_unstable_by(middle, f64::total_cmp);
        Some(*median).filter(|&median| median > 0.0)
    }

    /// A duration in the type of the stamps.
    pub(crate) fn scalar(&self, duration: f64) -> TimeScalar {
        match self {
            Stamps::Float(_) => TimeScalar::F64(duration),
            Stamps::Ticks(_) => TimeScalar::I64(duration.round() as i64),
        }
    }

    /// All of them as a time axis.
    pub(crate) fn axis(&self) -> Result<TimeAxis<'_>> {
        self.axis_of(0..self.len())
    }

    /// Some of them as a time axis.
    pub(crate) fn axis_of(&self, range: Range<usize>) -> Result<TimeAxis<'_>> {
        let shape = [range.len()];
        Ok(TimeAxis::Shared(match self {
            Stamps::Float(values) => TensorView::from_slice(&values[range], shape)?,
            Stamps::Ticks(values) => TensorView::from_slice(&values[range], shape)?,
        }))
    }

    /// A copy on a device.
    #[cfg(feature = "cuda")]
    pub(crate) fn upload(
        &self,
        stream: &robocache::cuda::Stream,
    ) -> Result<robocache::cuda::DeviceBuffer> {
        use robocache::cuda::DeviceBuffer;
        match self {
            Stamps::Float(values) => DeviceBuffer::upload(stream, values),
            Stamps::Ticks(values) => DeviceBuffer::upload(stream, values),
        }
    }

    /// The time axis that such a copy is.
    #[cfg(feature = "cuda")]
    pub(crate) fn axis_in<'b>(
        &self,
        buffer: &'b robocache::cuda::DeviceBuffer,
    ) -> Result<TimeAxis<'b>> {
        let layout = robocache::Layout::contiguous([self.len()])?;
        Ok(TimeAxis::Shared(match self {
            Stamps::Float(_) => buffer.view::<f64, 1>(0, layout)?,
            Stamps::Ticks(_) => buffer.view::<i64, 1>(0, layout)?,
        }))
    }
}

fn unsorted(row: usize, value: impl ToString, before: impl ToString) -> Fault {
    Fault::Unsorted {
        row,
        value: value.to_string(),
        before: before.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_fault_is_found_with_both_values() {
        assert_eq!(Stamps::Float(vec![0.0, 1.0, 1.0]).fault(), None);
        assert_eq!(Stamps::Ticks(vec![]).fault(), None);
        let big = 1_403_715_524_907_143_169i64;
        assert_eq!(
            Stamps::Ticks(vec![0, big, big - 1, 0]).fault(),
            Some(unsorted(2, big - 1, big))
        );
        assert_eq!(
            Stamps::Float(vec![0.5, 0.25, f64::NAN]).fault(),
            Some(unsorted(1, "0.25", "0.5"))
        );
        assert!(matches!(
            Stamps::Float(vec![0.0, f64::NAN, -1.0]).fault(),
            Some(Fault::NotFinite { row: 1, .. })
        ));
        assert!(matches!(
            Stamps::Float(vec![f64::INFINITY]).fault(),
            Some(Fault::NotFinite { row: 0, .. })
        ));
    }

    #[test]
    fn seconds_since_1970_are_too_coarse_in_f32() {
        let in_f32 = |start: f32| {
            let stamps = (0..100).map(|i| f64::from(start + i as f32 * 0.01));
            Stamps::Float(stamps.collect()).is_too_coarse_for_f32()
        };
        assert!(in_f32(1.7e9));
        assert!(!in_f32(100.0));
    }

    #[test]
    fn spacings_have_a_median() {
        assert_eq!(
            Stamps::Ticks(vec![0, 10, 20, 500]).median_spacing(),
            Some(10.0)
        );
        assert_eq!(Stamps::Float(vec![1.0]).median_spacing(), None);
        assert_eq!(Stamps::Float(vec![1.0, 1.0, 1.0]).median_spacing(), None);
    }
}
