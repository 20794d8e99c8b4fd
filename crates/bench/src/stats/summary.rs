//! Which numbers describe a set of samples?

/// A set of samples in a few numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// How many there are.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation (of a sample: over n − 1).
    pub deviation: f64,
    /// The median.
    pub p50: f64,
    /// The value that 99 % do not exceed.
    pub p99: f64,
}

impl Summary {
    /// Describes samples in any order; `None` if there are none.
    pub fn of(samples: &[f64]) -> Option<Summary> {
        if samples.is_empty() {
            return None;
        }
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let count = sorted.len();
        let mean = sorted.iter().sum::<f64>() / count as f64;
        let squares: f64 = sorted.iter().map(|x| (x - mean) * (x - mean)).sum();
        Some(Summary {
            count,
            mean,
            deviation: (squares / (count.max(2) - 1) as f64).sqrt(),
            p50: quantile(&sorted, 0.50),
            p99: quantile(&sorted, 0.99),
        })
    }
}

/// A quantile of sorted samples, of which there is at least one; between two of them by a straight
/// line (type 7 of Hyndman and Fan 1996, as numpy has it).
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    sorted[low] + (at - low as f64) * (sorted[high] - sorted[low])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_samples_have_known_numbers() {
        let summary = Summary::of(&[4.0, 2.0, 9.0, 4.0, 5.0, 7.0, 4.0, 5.0]).unwrap();
        assert_eq!((summary.count, summary.mean, summary.p50), (8, 5.0, 4.5));
        assert!((summary.deviation - (32.0f64 / 7.0).sqrt()).abs() < 1e-12);
        let hundred: Vec<f64> = (0..=100).rev().map(f64::from).collect();
        let summary = Summary::of(&hundred).unwrap();
        assert_eq!((summary.p50, summary.p99), (50.0, 99.0));
        // numpy.quantile([1, 2, 3, 10], 0.99)
        assert!((quantile(&[1.0, 2.0, 3.0, 10.0], 0.99) - 9.79).abs() < 1e-12);
    }

    #[test]
    fn one_sample_is_described_and_none_is_not() {
        let one = Summary::of(&[3.0]).unwrap();
        assert_eq!((one.p50, one.p99, one.deviation), (3.0, 3.0, 0.0));
        assert_eq!(Summary::of(&[]), None);
    }
}
