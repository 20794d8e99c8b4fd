//! How far could the numbers of a set of samples be off?
//!
//! Samples of one process share its memory addresses, clocks and neighbours, so they are not as many
//! independent ones. Each replicate of the bootstrap therefore draws seeds first, and samples within
//! each drawn seed after that. An interval is the middle 95 % of the replicates.

use super::random::Random;
use super::summary::Summary;
use std::collections::BTreeMap;

/// Samples by seed.
pub type Samples = BTreeMap<u64, Vec<f64>>;

/// Enough for two digits of an interval's ends, which are the only ones that are shown.
const REPLICATES: usize = 1000;

/// A number with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

/// The mean and two quantiles of some samples, or what two sets of samples have as ratios of theirs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimates {
    /// Of the means.
    pub mean: Estimate,
    /// Of the medians.
    pub p50: Estimate,
    /// Of the 99 % quantiles.
    pub p99: Estimate,
}

/// Mean, P50 and P99 with their intervals; `None` without samples.
pub fn describe(samples: &Samples) -> Option<Estimates> {
    let pool = Pool::new(samples, samples)?;
    let all = Summary::of(&pool.sorted)?;
    let mut random = Random::new(pool.sorted.len() as u64);
    let replicates = (0..REPLICATES).map(|_| {
        let seeds = draw_seeds(pool.clusters.len(), &mut random);
        pool.replicate(&seeds, &mut random)
    });
    Some(estimates(
        [all.mean, all.p50, all.p99],
        replicates.collect(),
    ))
}

/// Mean, P50 and P99 of `one` over those of `other`, over the seeds that both have; `None` if they
/// share none. A replicate draws the same seeds for both.
pub fn ratio(one: &Samples, other: &Samples) -> Option<Estimates> {
    let mut replicates = Vec::new();
    let values = over_replicates(one, other, |pair| replicates.push(pair))?;
    Some(estimates(values, replicates))
}

/// As [`ratio`] of many pairs together: the geometric mean of their ratios. Pairs that share no seed
/// are passed over.
pub fn ratio_of_all(pairs: &[(&Samples, &Samples)]) -> Option<Estimates> {
    let mut together = vec![[0.0; 3]; REPLICATES];
    let (mut values, mut count) = ([0.0; 3], 0.0f64);
    for (one, other) in pairs {
        let mut index = 0;
        let ratios = over_replicates(one, other, |ratios| {
            add(&mut together[index], ratios.map(f64::ln));
            index += 1;
        });
        if let Some(ratios) = ratios {
            add(&mut values, ratios.map(f64::ln));
            count += 1.0;
        }
    }
    let mean = |sums: [f64; 3]| sums.map(|sum| (sum / count).exp());
    (count > 0.0).then(|| estimates(mean(values), together.into_iter().map(mean).collect()))
}

fn add(sums: &mut [f64; 3], terms: [f64; 3]) {
    sums.iter_mut()
        .zip(terms)
        .for_each(|(sum, term)| *sum += term);
}

/// Calls `with` for the ratios of each replicate, and gives back those of the samples themselves.
fn over_replicates(
    one: &Samples,
    other: &Samples,
    mut with: impl FnMut([f64; 3]),
) -> Option<[f64; 3]> {
    let (one, other) = (Pool::new(one, other)?, Pool::new(other, one)?);
    let divide = |a: [f64; 3], b: [f64; 3]| [a[0] / b[0], a[1] / b[1], a[2] / b[2]];
    let numbers = |pool: &Pool| Summary::of(&pool.sorted).map(|s| [s.mean, s.p50, s.p99]);
    let values = divide(numbers(&one)?, numbers(&other)?);
    let mut random = Random::new((one.sorted.len() + other.sorted.len()) as u64);
    for _ in 0..REPLICATES {
        let seeds = draw_seeds(one.clusters.len(), &mut random);
        let upper = one.replicate(&seeds, &mut random);
        with(divide(upper, other.replicate(&seeds, &mut random)));
    }
    Some(values)
}

fn draw_seeds(count: usize, random: &mut Random) -> Vec<usize> {
    (0..count).map(|_| random.below(count)).collect()
}

/// All samples in order, and where those of each seed stand among them: a replicate counts how often
/// each is drawn, which needs no sorting.
struct Pool {
    sorted: Vec<f64>,
    clusters: Vec<Vec<u32>>,
}

impl Pool {
    /// The samples whose seeds the other set has, too.
    fn new(samples: &Samples, other: &Samples) -> Option<Pool> {
        let shared = |seed: &u64| other.get(seed).is_some_and(|of| !of.is_empty());
        let mut all: Vec<(f64, usize)> = Vec::new();
        let clusters = samples
            .iter()
            .filter(|(seed, of)| shared(seed) && !of.is_empty());
        let mut count = 0;
        for (_, samples) in clusters {
            all.extend(samples.iter().map(|&sample| (sample, count)));
            count += 1;
        }
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut clusters = vec![Vec::new(); count];
        for (rank, &(_, cluster)) in all.iter().enumerate() {
            clusters[cluster].push(rank as u32);
        }
        let sorted: Vec<f64> = all.into_iter().map(|(sample, _)| sample).collect();
        (!sorted.is_empty()).then_some(Pool { sorted, clusters })
    }

    /// Mean, P50 and P99 of samples drawn from the drawn seeds.
    fn replicate(&self, seeds: &[usize], random: &mut Random) -> [f64; 3] {
        let mut times = vec![0u32; self.sorted.len()];
        let mut count = 0;
        for &seed in seeds {
            let ranks = &self.clusters[seed];
            for _ in ranks {
                times[ranks[random.below(ranks.len())] as usize] += 1;
            }
            count += ranks.len();
        }
        let drawn = self.sorted.iter().zip(&times);
        let sum: f64 = drawn.map(|(sample, &n)| sample * f64::from(n)).sum();
        let quantile = |share: f64| {
            let at = share * (count - 1) as f64;
            let low = self.nth(&times, at.floor() as usize);
            let high = self.nth(&times, at.ceil() as usize);
            low + (at - at.floor()) * (high - low)
        };
        [sum / count as f64, quantile(0.50), quantile(0.99)]
    }

    /// The drawn sample that so many drawn ones precede.
    fn nth(&self, times: &[u32], mut before: usize) -> f64 {
        for (sample, &n) in self.sorted.iter().zip(times) {
            if before < n as usize {
                return *sample;
            }
            before -= n as usize;
        }
        self.sorted[self.sorted.len() - 1]
    }
}

fn estimates(values: [f64; 3], replicates: Vec<[f64; 3]>) -> Estimates {
    let estimate = |which: usize| {
        let mut of: Vec<f64> = replicates.iter().map(|numbers| numbers[which]).collect();
        of.sort_by(f64::total_cmp);
        Estimate {
            value: values[which],
            low: super::summary::quantile(&of, 0.025),
            high: super::summary::quantile(&of, 0.975),
        }
    };
    Estimates {
        mean: estimate(0),
        p50: estimate(1),
        p99: estimate(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five seeds of samples that are normal enough, around a centre with a deviation, the seeds'
    /// own centres deviating as well.
    fn drawn(seed: u64, centre: f64, within: f64, between: f64) -> Samples {
        let mut random = Random::new(seed);
        let mut normal = move || {
            let unit = |bits: u64| (bits >> 11) as f64 / (1u64 << 53) as f64;
            (0..12).map(|_| unit(random.bits())).sum::<f64>() - 6.0
        };
        let mut cluster = || {
            let middle = centre + between * normal();
            (0..50).map(|_| middle + within * normal()).collect()
        };
        (1..=5).map(|seed| (seed, cluster())).collect()
    }

    #[test]
    fn intervals_hold_the_truth_about_as_often_as_they_say() {
        let holds = |which: fn(&Estimates) -> Estimate| {
            let held = |seed: &u64| {
                let of = which(&describe(&drawn(*seed, 10.0, 1.0, 0.1)).unwrap());
                (of.low..=of.high).contains(&10.0)
            };
            (0..200).filter(held).count() as f64 / 200.0
        };
        let (mean, p50) = (holds(|e| e.mean), holds(|e| e.p50));
        assert!((0.88..=0.995).contains(&mean), "{mean}");
        assert!((0.88..=0.995).contains(&p50), "{p50}");
    }

    #[test]
    fn samples_of_few_seeds_do_not_pretend_to_be_independent() {
        // As if 250 samples were independent, an interval would hold the truth one time in thirty.
        let held = |seed: &u64| {
            let of = describe(&drawn(*seed, 10.0, 0.1, 1.0)).unwrap().mean;
            (of.low..=of.high).contains(&10.0)
        };
        let share = (0..100).filter(held).count() as f64 / 100.0;
        assert!(share > 0.7, "{share}");
        let ratios = |seed: &u64| {
            let (one, other) = (
                drawn(*seed, 10.0, 0.1, 1.0),
                drawn(seed + 1000, 10.0, 0.1, 1.0),
            );
            let of = ratio(&one, &other).unwrap().mean;
            (of.low..=of.high).contains(&1.0)
        };
        let share = (0..100).filter(ratios).count() as f64 / 100.0;
        assert!(share > 0.7, "{share}");
    }

    #[test]
    fn a_known_ratio_lies_in_its_interval_whatever_the_seeds_share() {
        // Seeds differ by half; the ratio within each does not.
        let base: Samples = (1..=5u64)
            .map(|seed| (seed, vec![10.0 + 5.0 * seed as f64; 50]))
            .collect();
        let double: Samples = base
            .iter()
            .map(|(&s, of)| (s, of.iter().map(|x| 2.0 * x).collect()))
            .collect();
        let of = ratio(&double, &base).unwrap();
        assert_eq!((of.p50.value, of.p50.low, of.p50.high), (2.0, 2.0, 2.0));
        assert_eq!(of.mean.value, 2.0);
        let many = ratio_of_all(&[(&double, &base), (&base, &double)]).unwrap();
        assert!((many.p50.value - 1.0).abs() < 1e-12 && (many.p50.high - 1.0).abs() < 1e-12);
    }

    #[test]
    fn only_shared_seeds_are_compared() {
        let one = Samples::from([(1, vec![2.0; 9]), (2, vec![100.0; 9])]);
        let other = Samples::from([(1, vec![1.0; 5]), (3, vec![50.0; 5])]);
        assert_eq!(ratio(&one, &other).unwrap().p50.value, 2.0);
        let apart = Samples::from([(4, vec![1.0]), (1, Vec::new())]);
        assert_eq!(ratio(&one, &apart), None);
        assert_eq!(describe(&Samples::new()), None);
        assert_eq!(ratio_of_all(&[(&one, &apart)]), None);
    }

    #[test]
    fn the_same_samples_give_the_same_intervals() {
        let samples = drawn(9, 10.0, 1.0, 0.1);
        assert_eq!(describe(&samples), describe(&samples));
    }
}
