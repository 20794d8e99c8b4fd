//! Is one thing slower than another?
//!
//! A median more than 5 % or a P99 more than 10 % worse is too slow, but only where the 95 %
//! interval says so: a P99 of 250 samples is so uncertain that by itself it is 10 % off in a third of
//! all comparisons of a thing with itself. Where the interval holds the limit, nothing can be told.

use super::bootstrap::{Estimate, Estimates};

/// How much slower a median may be.
pub const P50_LIMIT: f64 = 1.05;
/// How much slower a P99 may be.
pub const P99_LIMIT: f64 = 1.10;

/// What a comparison comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not slower than it may be.
    Pass,
    /// Slower than it may be.
    Fail,
    /// The samples do not say.
    CannotTell,
}

/// Verdicts on both gates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// On the median.
    pub p50: Verdict,
    /// On the 99 % quantile.
    pub p99: Verdict,
}

/// Judges ratios of a thing's times to those that it must not exceed.
pub fn judge(ratios: &Estimates) -> Judgement {
    Judgement {
        p50: against(&ratios.p50, P50_LIMIT),
        p99: against(&ratios.p99, P99_LIMIT),
    }
}

fn against(ratio: &Estimate, limit: f64) -> Verdict {
    if ratio.low > limit {
        Verdict::Fail
    } else if ratio.high <= limit {
        Verdict::Pass
    } else {
        Verdict::CannotTell
    }
}

impl Judgement {
    /// Both together: one failure fails, and only two passes pass.
    pub fn verdict(self) -> Verdict {
        match (self.p50, self.p99) {
            (Verdict::Fail, _) | (_, Verdict::Fail) => Verdict::Fail,
            (Verdict::Pass, Verdict::Pass) => Verdict::Pass,
            _ => Verdict::CannotTell,
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::CannotTell => "cannot tell",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::bootstrap::{Samples, ratio};
    use super::super::random::Random;
    use super::super::summary::Summary;
    use super::*;

    const RUNS: u64 = 150;

    /// A run of 5 seeds of 50 as a busy machine gives it: noise of a percent or two, interruptions
    /// every now and then, a state of its own for each process.
    fn run(random: &mut Random, speed: f64, noise: f64) -> Samples {
        let mut unit = || (random.bits() >> 11) as f64 / (1u64 << 53) as f64;
        let mut samples = Samples::new();
        for seed in 1..=5 {
            let own = 1.0 + 0.004 * (unit() + unit() - 1.0);
            let mut sample = || {
                let normal = (0..12).map(|_| unit()).sum::<f64>() - 6.0;
                let interrupted = if unit() < 0.02 {
                    1.0 + 2.0 * unit()
                } else {
                    1.0
                };
                50.0 * speed * own * (1.0 + noise * normal) * interrupted
            };
            samples.insert(seed, (0..50).map(|_| sample()).collect());
        }
        samples
    }

    fn share(speed: f64, noise: f64, of: impl Fn(&Samples, &Samples) -> bool) -> f64 {
        let count = (0..RUNS).filter(|&index| {
            let mut random = Random::new(index);
            let one = run(&mut random, speed, noise);
            let other = run(&mut random, 1.0, noise);
            of(&one, &other)
        });
        count.count() as f64 / RUNS as f64
    }

    fn gated(one: &Samples, other: &Samples) -> Judgement {
        judge(&ratio(one, other).unwrap())
    }

    #[test]
    fn a_thing_is_not_slower_than_itself() {
        let alarms = share(1.0, 0.015, |a, b| gated(a, b).verdict() == Verdict::Fail);
        assert!(alarms <= 0.01, "{alarms}");
        let same = share(1.0, 0.015, |a, b| gated(a, b).p50 == Verdict::Pass);
        assert!(same >= 0.99, "{same}");
        // What the interval is for.
        let p99 = |samples: &Samples| {
            let all: Vec<f64> = samples.values().flatten().copied().collect();
            Summary::of(&all).unwrap().p99
        };
        let naive = share(1.0, 0.015, |a, b| p99(a) > P99_LIMIT * p99(b));
        assert!(naive > 0.2, "{naive}");
    }

    #[test]
    fn a_slow_down_of_six_percent_is_found() {
        let found = share(1.06, 0.01, |a, b| gated(a, b).p50 == Verdict::Fail);
        assert!(found >= 0.9, "{found}");
        // One that may be is not held against it.
        let fails = share(1.03, 0.01, |a, b| gated(a, b).p50 == Verdict::Fail);
        assert!(fails == 0.0, "{fails}");
    }

    #[test]
    fn a_tail_that_is_half_as_long_again_is_found_and_too_few_samples_tell_nothing() {
        let tail = |mut samples: Samples| {
            samples
                .values_mut()
                .for_each(|of| (0..5).for_each(|i| of[9 * i] *= 4.0));
            samples
        };
        let found = share(1.0, 0.01, |a, b| {
            gated(&tail(a.clone()), b).p99 == Verdict::Fail
        });
        assert!(found >= 0.9, "{found}");
        let few = |samples: &Samples| -> Samples {
            samples
                .iter()
                .map(|(&s, of)| (s, of[..2].to_vec()))
                .collect()
        };
        let told = share(1.06, 0.03, |a, b| {
            gated(&few(a), &few(b)).p50 != Verdict::CannotTell
        });
        assert!(told < 0.2, "{told}");
    }

    #[test]
    fn two_verdicts_make_one() {
        use Verdict::{CannotTell, Fail, Pass};
        let both = |p50, p99| Judgement { p50, p99 }.verdict();
        assert_eq!(both(Pass, Pass), Pass);
        assert_eq!(both(Pass, CannotTell), CannotTell);
        assert_eq!(both(CannotTell, Fail), Fail);
        assert_eq!(both(Fail, Pass), Fail);
    }
}
