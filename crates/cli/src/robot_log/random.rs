//! Where do the random numbers come from?
//!
//! From xoshiro256++ (Blackman and Vigna), seeded through splitmix64. Both are a few lines, and
//! a log must stay the same for a seed whatever a random number crate changes in a release.

/// A generator of random numbers that is the same on every machine.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: [u64; 4],
}

impl Random {
    /// The generator of `seed`; each `lane` of a seed is a sequence of its own.
    pub(crate) fn new(seed: u64, lane: u64) -> Self {
        let mut mixer = seed ^ lane.wrapping_mul(0xd134_2543_de82_ef95);
        Self {
            state: std::array::from_fn(|_| splitmix(&mut mixer)),
        }
    }

    /// The next 64 random bits.
    fn bits(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let c2 = c ^ a;
        let d2 = d ^ b;
        self.state = [a ^ d2, b ^ c2, c2 ^ (b << 17), d2.rotate_left(45)];
        result
    }

    /// A number in `0 .. 1`.
    fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A number in `low .. high`.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A whole number in `0 .. end`; zero if `end` is zero.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        // Multiplying favours no result by more than end / 2⁶⁴.
        ((u128::from(self.bits()) * end as u128) >> 64) as usize
    }

    /// A number of the standard normal distribution (Box and Muller).
    pub(crate) fn normal(&mut self) -> f64 {
        // 1 - unit is in 0 exclusive .. 1 inclusive, where the logarithm is finite.
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix_and_xoshiro_match_their_published_sequences() {
        let mut state = 1_234_567;
        let got: [u64; 3] = std::array::from_fn(|_| splitmix(&mut state));
        assert_eq!(
            got,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
        let mut random = Random {
            state: [1, 2, 3, 4],
        };
        let got: [u64; 3] = std::array::from_fn(|_| random.bits());
        assert_eq!(got, [41_943_041, 58_720_359, 3_588_806_011_781_223]);
    }

    #[test]
    fn normal_has_mean_zero_and_variance_one() {
        let mut random = Random::new(5, 0);
        let draws: Vec<f64> = (0..40_000).map(|_| random.normal()).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / draws.len() as f64;
        assert!(mean.abs() < 0.02, "mean {mean}");
        assert!((variance - 1.0).abs() < 0.03, "variance {variance}");
    }

    #[test]
    fn ranges_hold_and_lanes_differ() {
        let mut random = Random::new(9, 0);
        for _ in 0..1000 {
            assert!((2.0..3.0).contains(&random.between(2.0, 3.0)));
            assert!(random.below(7) < 7);
        }
        assert_eq!(random.below(0), 0);
        assert_ne!(Random::new(9, 0).bits(), Random::new(9, 1).bits());
    }
}
