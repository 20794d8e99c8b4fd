//! Which of some candidates is the fastest, beyond the noise.
//!
//! The candidates run in turn, round after round, each round beginning with another one, so that a drift
//! of the machine's speed and the order meet all alike, and are compared round by round. Who is half as
//! slow again as the best after a few rounds leaves; the rest run all rounds.

use robocache_core::{Error, Result};

/// A clock for candidates.
pub trait Timer {
    /// Runs a variant with cold caches and tells how long it took, in microseconds.
    ///
    /// # Errors
    /// What the operation reports. A candidate that fails leaves the race.
    fn time(&mut self, variant: &'static str) -> Result<f64>;
}

impl<F: FnMut(&'static str) -> Result<f64>> Timer for F {
    fn time(&mut self, variant: &'static str) -> Result<f64> {
        self(variant)
    }
}

/// How much a race may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Rounds after which those that are far off leave.
    pub screening: usize,
    /// Rounds in all.
    pub rounds: usize,
}

impl Effort {
    /// For a call that waits: some milliseconds on a device.
    pub const QUICK: Effort = Effort {
        screening: 3,
        rounds: 15,
    };
    /// For a command that was asked to.
    pub const THOROUGH: Effort = Effort {
        screening: 5,
        rounds: 60,
    };
}

/// Those whose median is this many times the best one's leave after the screening.
const FAR_OFF: f64 = 1.5;
/// What a challenger has to win by.
const MARGIN: f64 = 0.03;

/// What a race found.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The variant to take.
    pub choice: &'static str,
    /// Each candidate's times in microseconds, round by round; fewer for those that left early.
    pub times: Vec<(&'static str, Vec<f64>)>,
}

/// Races candidates.
///
/// `default` is what would run if nothing was measured; `incumbent` is what was chosen by an earlier
/// race, if there was one. The incumbent, else the default, stays unless another one wins by 3 % in the
/// median of the rounds and in more rounds than luck explains; and whoever does not beat the default
/// either gives way to it.
///
/// # Errors
/// The default's, if that fails.
pub fn race(
    candidates: &[&'static str],
    default: &'static str,
    incumbent: Option<&'static str>,
    effort: Effort,
    timer: &mut dyn Timer,
) -> Result<Outcome> {
    let mut lanes: Vec<Lane> = candidates.iter().map(|&id| Lane::new(id)).collect();
    // Loads kernels, touches memory, fills the branch predictors: not counted.
    for lane in &mut lanes {
        lane.run(default, timer)?;
        lane.micros.clear();
    }
    for round in 0..effort.rounds {
        if round == effort.screening {
            screen(&mut lanes, &[Some(default), incumbent]);
        }
        let count = lanes.len();
        for turn in 0..count {
            lanes[(turn + round) % count].run(default, timer)?;
        }
    }
    let finisher = |id| lanes.iter().find(|lane| lane.id == id && lane.running);
    let untuned = finisher(default).ok_or_else(|| missing(default))?;
    let start = incumbent.and_then(finisher).unwrap_or(untuned);
    let challenger = lanes
        .iter()
        .filter(|lane| lane.running && lane.id != start.id && lane.beats(start, MARGIN))
        .min_by(|a, b| a.median().total_cmp(&b.median()));
    let choice = challenger.unwrap_or(start);
    let loses = choice.id != default && !choice.beats(untuned, 0.0);
    Ok(Outcome {
        choice: if loses { default } else { choice.id },
        times: lanes.into_iter().map(|l| (l.id, l.micros)).collect(),
    })
}

fn missing(default: &'static str) -> Error {
    Error::Range {
        argument: "candidates",
        found: format!("no {default}"),
        expected: "the default among them",
    }
}

struct Lane {
    id: &'static str,
    micros: Vec<f64>,
    running: bool,
}

impl Lane {
    fn new(id: &'static str) -> Lane {
        Lane {
            id,
            micros: Vec::new(),
            running: true,
        }
    }

    /// One turn, unless it has left the race.
    fn run(&mut self, default: &str, timer: &mut dyn Timer) -> Result<()> {
        if !self.running {
            return Ok(());
        }
        match timer.time(self.id) {
            Ok(micros) => self.micros.push(micros),
            Err(error) if self.id == default => return Err(error),
            Err(error) => {
                tracing::warn!("{} leaves the race: {error}", self.id);
                self.running = false;
            }
        }
        Ok(())
    }

    fn median(&self) -> f64 {
        median(self.micros.iter().copied())
    }

    fn beats(&self, other: &Lane, margin: f64) -> bool {
        wins(&self.micros, &other.micros, margin)
    }
}

/// Ends the race for those that are far off.
fn screen(lanes: &mut [Lane], stay: &[Option<&str>]) {
    let running = lanes.iter().filter(|lane| lane.running);
    let best = running.map(Lane::median).fold(f64::INFINITY, f64::min);
    for lane in lanes {
        if !stay.contains(&Some(lane.id)) && lane.median() > FAR_OFF * best {
            lane.running = false;
        }
    }
}

/// Whether one is faster than the other by a margin, round by round: the median of the ratios says so,
/// and so many rounds are won that a fair coin would do it once in forty times (two standard deviations
/// of a binomial, `n/2 + sqrt(n)`).
fn wins(one: &[f64], other: &[f64], margin: f64) -> bool {
    let rounds = one.len();
    if rounds == 0 || rounds != other.len() {
        return false;
    }
    let pairs = || one.iter().zip(other);
    let won = pairs().filter(|(a, b)| a < b).count() as f64;
    let needed = rounds as f64 / 2.0 + (rounds as f64).sqrt();
    won >= needed.min(rounds as f64) && median(pairs().map(|(a, b)| a / b)) <= 1.0 - margin
}

/// The middle one of some numbers, NaN of none.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    match n {
        0 => f64::NAN,
        _ if n % 2 == 1 => sorted[n / 2],
        _ => 0.5 * (sorted[n / 2 - 1] + sorted[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: [&str; 4] = ["a", "b", "c", "d"];

    /// A machine on which the candidates have true times, with noise of a few percent, now and then an
    /// interruption, and a speed that drifts.
    struct Fake {
        truth: [f64; 4],
        noise: f64,
        drift: f64,
        state: u64,
        runs: [usize; 4],
        fails: Option<&'static str>,
    }

    impl Fake {
        fn new(truth: [f64; 4], seed: u64) -> Fake {
            Fake {
                truth,
                noise: 0.02,
                drift: 0.0,
                state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
                runs: [0; 4],
                fails: None,
            }
        }

        fn unit(&mut self) -> f64 {
            self.state ^= self.state << 13;
            self.state ^= self.state >> 7;
            self.state ^= self.state << 17;
            (self.state >> 11) as f64 / (1u64 << 53) as f64
        }
    }

    impl Timer for Fake {
        fn time(&mut self, variant: &'static str) -> Result<f64> {
            let index = IDS.iter().position(|&id| id == variant).unwrap();
            if self.fails == Some(variant) {
                return Err(missing(variant));
            }
            let total: usize = self.runs.iter().sum();
            self.runs[index] += 1;
            // The sum of uniforms is near enough to a normal distribution.
            let normal = (0..6).map(|_| self.unit() - 0.5).sum::<f64>() * 1.414;
            let interrupted = if self.unit() < 0.03 { 5.0 } else { 1.0 };
            let slower = 1.0 + self.drift * total as f64;
            Ok(self.truth[index] * (1.0 + self.noise * normal) * interrupted * slower)
        }
    }

    fn run(fake: &mut Fake, default: &'static str, incumbent: Option<&'static str>) -> Outcome {
        race(&IDS, default, incumbent, Effort::THOROUGH, fake).unwrap()
    }

    fn share(of: impl Fn(u64) -> bool) -> f64 {
        (0..400).filter(|&seed| of(seed)).count() as f64 / 400.0
    }

    #[test]
    fn equals_change_nothing() {
        let kept = share(|seed| run(&mut Fake::new([10.0; 4], seed), "c", None).choice == "c");
        assert!(kept > 0.99, "{kept}");
        // Nor does what is only a little better.
        let kept = share(|seed| {
            run(&mut Fake::new([9.9, 10.0, 10.0, 9.85], seed), "c", None).choice == "c"
        });
        assert!(kept > 0.97, "{kept}");
    }

    #[test]
    fn the_fastest_is_found_through_noise_interruptions_and_drift() {
        for drift in [0.0, 0.01, -0.001] {
            let found = share(|seed| {
                let mut fake = Fake::new([10.0, 9.2, 9.9, 12.0], seed);
                (fake.drift, fake.noise) = (drift, 0.04);
                run(&mut fake, "a", None).choice == "b"
            });
            assert!(found > 0.97, "{found} with a drift of {drift}");
        }
    }

    #[test]
    fn an_incumbent_stays_until_it_is_beaten_by_the_margin_or_loses_to_the_default() {
        let kept = share(|seed| {
            run(
                &mut Fake::new([10.0, 9.8, 12.0, 12.0], seed),
                "c",
                Some("a"),
            )
            .choice
                == "a"
        });
        assert!(kept > 0.97, "{kept}");
        let beaten = share(|seed| {
            run(
                &mut Fake::new([10.0, 9.0, 12.0, 12.0], seed),
                "c",
                Some("a"),
            )
            .choice
                == "b"
        });
        assert!(beaten > 0.97, "{beaten}");
        // Slower than the default, if only by a little: then the default it is.
        let back = share(|seed| {
            run(
                &mut Fake::new([10.1, 12.0, 10.0, 12.0], seed),
                "c",
                Some("a"),
            )
            .choice
                == "c"
        });
        assert!(back > 0.97, "{back}");
    }

    #[test]
    fn who_is_far_off_is_not_run_to_the_end_unless_it_is_the_default() {
        let mut fake = Fake::new([10.0, 16.0, 30.0, 14.0], 7);
        let outcome = run(&mut fake, "c", None);
        assert_eq!(outcome.choice, "a");
        let Effort { screening, rounds } = Effort::THOROUGH;
        assert_eq!(
            fake.runs,
            [rounds + 1, screening + 1, rounds + 1, rounds + 1]
        );
    }

    #[test]
    fn who_fails_leaves_and_a_failing_default_is_the_error() {
        let mut fake = Fake::new([10.0, 5.0, 10.0, 10.0], 3);
        fake.fails = Some("b");
        assert_ne!(run(&mut fake, "a", None).choice, "b");
        let error = race(&IDS, "b", None, Effort::QUICK, &mut fake);
        assert!(error.is_err());
        let none = race(
            &IDS[..1],
            "d",
            None,
            Effort::QUICK,
            &mut Fake::new([1.0; 4], 1),
        );
        assert!(matches!(none, Err(Error::Range { .. })));
    }

    #[test]
    fn a_quick_race_finds_what_is_clearly_faster() {
        let found = share(|seed| {
            let mut fake = Fake::new([10.0, 8.5, 10.0, 14.0], seed);
            race(&IDS, "a", None, Effort::QUICK, &mut fake)
                .unwrap()
                .choice
                == "b"
        });
        assert!(found > 0.97, "{found}");
    }
}
