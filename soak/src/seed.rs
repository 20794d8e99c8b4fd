//! Which cases does a run draw?

/// The finaliser of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
/// 2014): neighbours go far apart.
pub fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The seed of case `index` of a run. A report's runs differ although they may be given one seed.
pub fn of_case(run_seed: u64, segment: usize, index: u64) -> u64 {
    mix(mix(run_seed ^ mix(segment as u64)).wrapping_add(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_cases_differ_and_repeat() {
        let mut seen = std::collections::BTreeSet::new();
        for segment in 0..10 {
            for index in 0..100 {
                assert!(seen.insert(of_case(7, segment, index)));
                assert_eq!(of_case(7, segment, index), of_case(7, segment, index));
            }
        }
        assert!(!seen.contains(&of_case(8, 0, 0)));
    }
}
