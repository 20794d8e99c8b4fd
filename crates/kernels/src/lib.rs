//! Kernel sources, variants and ahead-of-time images: data only.
//!
//! Everything in [`generated`] comes from `registry.toml` and the folder `kernels/` at the top of the
//! repository, by this crate's build script.

#![forbid(unsafe_code)]

use robocache_registry::Source;

/// Constants that the build script writes.
pub mod generated {
    use crate::Image;
    use robocache_core::DType;
    use robocache_registry::{Budget, CpuLevel, KernelEntry, Source, Target, VariantInfo};

    include!(concat!(env!("OUT_DIR"), "/generated.rs"));
}

pub use generated::{ARCHITECTURES, ENTRY_COUNT, HEADERS, IMAGES, SOURCES, VARIANTS};

/// A source compiled for an architecture.
pub struct Image {
    /// The source's path.
    pub source: &'static str,
    /// The compute capability it was compiled for.
    pub architecture: u32,
    /// The cubin.
    pub bytes: &'static [u8],
}

/// The name under which the image of a source for an architecture is stored.
pub fn image_name(source: &Source, architecture: u32) -> String {
    format!(
        "{}-sm_{architecture}-{}.cubin",
        source.path.replace('/', "."),
        &source.hash[..16]
    )
}

/// The embedded image of a source that runs on a device: of its own major version, the highest that
/// is not above it.
pub fn image_for(source: &Source, compute_capability: u32) -> Option<&'static Image> {
    IMAGES
        .iter()
        .filter(|image| image.source == source.path)
        .filter(|image| image.architecture / 10 == compute_capability / 10)
        .filter(|image| image.architecture <= compute_capability)
        .max_by_key(|image| image.architecture)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_are_unique_and_begin_with_their_operation() {
        let ids: HashSet<_> = VARIANTS.iter().map(|v| v.id).collect();
        assert_eq!(ids.len(), VARIANTS.len());
        for variant in VARIANTS {
            assert!(variant.id.starts_with(&format!("{}.", variant.op)));
        }
    }

    #[test]
    fn every_entry_is_defined_in_its_source() {
        for variant in VARIANTS {
            let Some(source) = variant.source else {
                continue;
            };
            for entry in variant.entries {
                let prefix = entry
                    .name
                    .rsplit_once('_')
                    .map_or(entry.name, |(prefix, _)| prefix);
                assert!(
                    source.text.contains(entry.name)
                        || source.text.contains(&format!("{prefix}_##name")),
                    "{} is not in {}",
                    entry.name,
                    source.path
                );
                assert!(entry.slot < ENTRY_COUNT);
            }
        }
    }

    #[test]
    fn a_header_changes_the_hash_of_what_includes_it() {
        let hashes: HashSet<_> = SOURCES.iter().map(|s| s.hash).collect();
        assert_eq!(hashes.len(), SOURCES.len());
        assert!(SOURCES.iter().all(|s| s.hash.len() == 64));
        assert!(HEADERS.iter().any(|(name, _)| *name == "common/search.cuh"));
    }
}
