//! How fast does a series rise, and how sure is that?
//!
//! The slope is the median of the slopes of all pairs of points (Theil 1950; Sen, "Estimates of the
//! regression coefficient based on Kendall's tau", J. Am. Stat. Assoc. 63, 1968). Its interval comes from
//! the normal approximation of Kendall's S, with the variance corrected for ties (Gilbert, "Statistical
//! Methods for Environmental Pollution Monitoring", 1987, section 16.5 and equation 16.4).
//!
//! Neighbouring samples resemble each other, which would make the interval too narrow. Two things are
//! done about it: series are judged by the medians of [`blocks`] of samples, and the variance is
//! multiplied by the factor of Hamed and Rao ("A modified Mann-Kendall trend test for autocorrelated
//! data", J. Hydrology 204, 1998, equation 12), summed up to the first lag that is not significant.
//!
//! Several runs are pooled as the seasonal estimator pools seasons (Hirsch, Slack and Smith, Water Resour.
//! Res. 18, 1982): pairs lie within a run, variances add up.

/// The normal quantile of a two-sided interval of 99 %.
pub const SURE: f64 = 2.576;
/// The normal quantile of a two-sided interval of 99.9 %.
pub const VERY_SURE: f64 = 3.291;

/// A moment and a value.
pub type Point = (f64, f64);

/// A slope with its interval, in the value's unit per unit of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    /// The median of the slopes of all pairs.
    pub value: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

/// The robust slope of points in groups, each in order of time; pairs lie within a group. `z` is the
/// normal quantile of the interval.
///
/// `None` where no group has three points at different times.
pub fn theil_sen(groups: &[Vec<Point>], z: f64) -> Option<Slope> {
    let mut slopes = Vec::new();
    let mut variance = 0.0;
    for group in groups.iter().filter(|group| group.len() >= 3) {
        let before = slopes.len();
        for (i, a) in group.iter().enumerate() {
            for b in &group[i + 1..] {
                if b.0 > a.0 {
                    slopes.push((b.1 - a.1) / (b.0 - a.0));
                }
            }
        }
        if slopes.len() > before {
            variance += kendall_variance(group) * autocorrelation_factor(group);
        }
    }
    if slopes.is_empty() {
        return None;
    }
    slopes.sort_by(f64::total_cmp);
    let spread = z * variance.sqrt();
    let pairs = slopes.len() as f64;
    Some(Slope {
        value: median_of_sorted(&slopes),
        low: ranked(&slopes, (pairs - spread) / 2.0 - 1.0),
        high: ranked(&slopes, (pairs + spread) / 2.0),
    })
}

/// The value at a rank counted from 0, between two values where the rank is; beyond the ends there is no
/// bound.
fn ranked(sorted: &[f64], rank: f64) -> f64 {
    // Where all values are equal, neither end is further away.
    if sorted[0] == sorted[sorted.len() - 1] {
        return sorted[0];
    }
    let last = (sorted.len() - 1) as f64;
    if rank < 0.0 {
        return f64::NEG_INFINITY;
    }
    if rank > last {
        return f64::INFINITY;
    }
    let low = rank.floor();
    let (a, b) = (sorted[low as usize], sorted[rank.ceil() as usize]);
    a + (b - a) * (rank - low)
}

/// The variance of Kendall's S for this many values, fewer where values are tied.
fn kendall_variance(group: &[Point]) -> f64 {
    let term = |n: f64| n * (n - 1.0) * (2.0 * n + 5.0);
    let mut values: Vec<f64> = group.iter().map(|point| point.1).collect();
    values.sort_by(f64::total_cmp);
    let ties: f64 = values
        .chunk_by(|a, b| a == b)
        .map(|tied| term(tied.len() as f64))
        .sum();
    (term(group.len() as f64) - ties) / 18.0
}

/// By how much the variance grows because neighbours resemble each other; at least 1.
fn autocorrelation_factor(group: &[Point]) -> f64 {
    let n = group.len();
    if n < 8 {
        return 1.0;
    }
    let mut slopes = Vec::with_capacity(n * (n - 1) / 2);
    for (i, a) in group.iter().enumerate() {
        slopes.extend(
            group[i + 1..]
                .iter()
                .filter(|b| b.0 > a.0)
                .map(|b| (b.1 - a.1) / (b.0 - a.0)),
        );
    }
    let slope = median(&slopes).unwrap_or(0.0);
    let flat: Vec<f64> = group.iter().map(|(t, y)| y - slope * t).collect();
    let ranks = ranks(&flat);
    let mean = (n as f64 - 1.0) / 2.0;
    let square: f64 = ranks.iter().map(|r| (r - mean).powi(2)).sum();
    if square == 0.0 {
        return 1.0;
    }
    let count = n as f64;
    let mut sum = 0.0;
    for lag in 1..n / 2 {
        let together: f64 = (lag..n)
            .map(|i| (ranks[i] - mean) * (ranks[i - lag] - mean))
            .sum();
        let correlation = together / square;
        if correlation < 1.96 / count.sqrt() {
            break;
        }
        let left = count - lag as f64;
        sum += left * (left - 1.0) * (left - 2.0) * correlation;
    }
    1.0 + 2.0 * sum / (count * (count - 1.0) * (count - 2.0))
}

/// The rank of each value from 0, the middle one where values are tied.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let middle = first as f64 + (tied.len() - 1) as f64 / 2.0;
        tied.iter().for_each(|&index| ranks[index] = middle);
        first += tied.len();
    }
    ranks
}

/// The medians, of times and of values, of at most `most` blocks of equal duration; a block without
/// points is left out.
pub fn blocks(points: &[Point], most: usize) -> Vec<Point> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Vec::new();
    };
    if points.len() <= most || last.0 <= first.0 {
        return points.to_vec();
    }
    let block = |time: f64| {
        let share = (time - first.0) / (last.0 - first.0);
        ((share * most as f64) as usize).min(most - 1)
    };
    points
        .chunk_by(|a, b| block(a.0) == block(b.0))
        .filter_map(|points| {
            let part = |of: fn(&Point) -> f64| median(&points.iter().map(of).collect::<Vec<_>>());
            Some((part(|p| p.0)?, part(|p| p.1)?))
        })
        .collect()
}

/// The middle value, or the mean of the two in the middle.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    (!sorted.is_empty()).then(|| median_of_sorted(&sorted))
}

fn median_of_sorted(sorted: &[f64]) -> f64 {
    let n = sorted.len();
    0.5 * (sorted[(n - 1) / 2] + sorted[n / 2])
}

/// Standard deviation over mean; `None` for fewer than two values or a mean of zero.
pub fn variation(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() >= 2 && mean != 0.0).then(|| (square / (n - 1.0)).sqrt() / mean.abs())
}

#[cfg(test)]
mod tests;
