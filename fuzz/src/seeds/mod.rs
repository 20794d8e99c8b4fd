//! Where the fuzzer starts: small inputs, made by hand, a module for each target. `examples/seeds.rs` writes them to
//! fuzz/seeds.

mod csv;
mod npy;
mod npz;
mod points;
mod registry;
mod trajectory_plan;
mod trajectory_variants;
mod tuning;
mod voxelize_plan;
mod voxelize_variants;

/// An input of a target.
pub struct Seed {
    /// The target.
    pub target: &'static str,
    /// The file's name.
    pub name: String,
    /// The input.
    pub bytes: Vec<u8>,
    /// Whether it is good input, so that the target gets past its checks.
    pub is_accepted: bool,
}

/// Every seed.
pub fn all() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for of_target in [
        csv::seeds,
        npy::seeds,
        npz::seeds,
        points::seeds,
        registry::seeds,
        trajectory_plan::seeds,
        trajectory_variants::seeds,
        tuning::seeds,
        voxelize_plan::seeds,
        voxelize_variants::seeds,
    ] {
        of_target(&mut seeds);
    }
    seeds
}

fn add(seeds: &mut Vec<Seed>, target: &'static str, name: &str, is_accepted: bool, bytes: &[u8]) {
    seeds.push(Seed {
        target,
        name: name.to_owned(),
        bytes: bytes.to_vec(),
        is_accepted,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    fn run(target: &str) -> fn(&[u8]) -> bool {
        match target {
            "csv" => crate::csv::run,
            "npy" => crate::npy::run,
            "npz" => crate::npz::run,
            "points" => crate::points::run,
            "registry" => crate::registry::run,
            "trajectory_plan" => crate::trajectory::plan::run,
            "trajectory_variants" => crate::trajectory::variants::run,
            "tuning" => crate::tuning::run,
            "voxelize_plan" => crate::voxelize::plan::run,
            "voxelize_variants" => crate::voxelize::variants::run,
            other => panic!("{other} is no target"),
        }
    }

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    #[test]
    fn good_seeds_get_past_the_checks_and_bad_ones_do_not() {
        let is_otherwise = |seed: &Seed| run(seed.target)(&seed.bytes) != seed.is_accepted;
        let wrong = all().into_iter().filter(is_otherwise);
        let wrong: Vec<_> = wrong
            .map(|seed| [seed.target, &seed.name].join(" "))
            .collect();
        assert_eq!(wrong, [""; 0]);
    }

    #[test]
    fn the_files_are_these_seeds() {
        let mut files = BTreeMap::new();
        for folder in std::fs::read_dir(root().join("seeds")).unwrap() {
            let folder = folder.unwrap();
            for file in std::fs::read_dir(folder.path()).unwrap() {
                let file = file.unwrap();
                let name = (folder.file_name(), file.file_name());
                let name = (name.0.into_string().unwrap(), name.1.into_string().unwrap());
                files.insert(name, std::fs::read(file.path()).unwrap());
            }
        }
        let made: BTreeMap<_, _> = all()
            .into_iter()
            .map(|seed| ((seed.target.to_owned(), seed.name), seed.bytes))
            .collect();
        let names = |of: &BTreeMap<(String, String), Vec<u8>>| -> BTreeSet<_> {
            of.keys().cloned().collect()
        };
        assert_eq!(names(&files), names(&made));
        assert!(files == made, "run the example `seeds`");
    }

    #[test]
    fn every_target_has_seeds_of_both_sorts() {
        let seeds = all();
        for file in std::fs::read_dir(root().join("fuzz_targets")).unwrap() {
            let path = file.unwrap().path();
            let target = path.file_stem().unwrap().to_str().unwrap();
            for sort in [true, false] {
                let has = seeds
                    .iter()
                    .any(|s| s.target == target && s.is_accepted == sort);
                assert!(has, "{target}");
            }
        }
    }
}
