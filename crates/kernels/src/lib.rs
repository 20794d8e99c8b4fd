//! Kernel sources, variants and ahead-of-time images: data only.
//!
//! Everything in [`generated`] comes from `registry.toml` and the folder `kernels/` at the top of the
//! repository, by this crate's build script.

#![forbid(unsafe_code)]

use robocache_core::DType;
use robocache_registry::{KernelEntry, Source};

/// Constants that the build script writes.
pub mod generated {
    use crate::Image;
    use robocache_core::DType;
    use robocache_registry::tune::TunedDevice;
    use robocache_registry::{
        Budget, CpuLevel, Instruction, KernelEntry, KernelFunction, Source, Target, VariantInfo,
    };

    include!(concat!(env!("OUT_DIR"), "/generated.rs"));
}

pub use generated::{ARCHITECTURES, DEVICES, FUNCTION_COUNT, HEADERS, IMAGES, SOURCES, VARIANTS};

/// An entry compiled for an architecture.
pub struct Image {
    /// The entry's name.
    pub entry: &'static str,
    /// The compute capability it was compiled for.
    pub architecture: u32,
    /// The cubin.
    pub bytes: &'static [u8],
}

/// The name under which the image of an entry for an architecture is stored.
pub fn image_name(source: &Source, entry: &KernelEntry, architecture: u32) -> String {
    format!(
        "{}-sm_{architecture}-{}.cubin",
        entry.name,
        &source.hash[..16]
    )
}

/// The embedded image of an entry that runs on a device: of its own major version, the highest that
/// is not above it.
pub fn image_for(entry: &KernelEntry, compute_capability: u32) -> Option<&'static Image> {
    IMAGES
        .iter()
        .filter(|image| image.entry == entry.name)
        .filter(|image| image.architecture / 10 == compute_capability / 10)
        .filter(|image| image.architecture <= compute_capability)
        .max_by_key(|image| image.architecture)
}

/// The C++ name of an element type in kernel sources: what `ELEMENT` is defined as.
pub const fn element_name(dtype: Option<DType>) -> &'static str {
    let Some(dtype) = dtype else { return "void" };
    match dtype {
        DType::F16 => "f16",
        DType::Bf16 => "bf16",
        DType::F32 => "float",
        DType::F64 => "double",
        DType::U8 => "u8",
        DType::I16 => "short",
        DType::I32 => "i32",
        _ => "i64",
    }
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
    fn every_source_defines_the_entry_it_is_asked_for() {
        for variant in VARIANTS {
            let Some(source) = variant.source else {
                continue;
            };
            for &dtype in variant.dtypes {
                assert!(variant.entry(dtype).is_some(), "{} {dtype}", variant.id);
            }
            for function in variant.entries.iter().flat_map(|entry| entry.functions) {
                let defined = match function.stage {
                    "" => " ENTRY(".to_owned(),
                    stage => format!(" KERNEL({stage})("),
                };
                assert!(source.text.contains(&defined), "{}", function.symbol);
            }
        }
        let mut slots: Vec<_> = VARIANTS
            .iter()
            .flat_map(|v| v.entries)
            .flat_map(|entry| entry.functions)
            .map(|function| function.slot)
            .collect();
        slots.sort_unstable();
        assert_eq!(slots, (0..FUNCTION_COUNT).collect::<Vec<_>>());
    }

    #[test]
    fn a_header_changes_the_hash_of_what_includes_it() {
        let hashes: HashSet<_> = SOURCES.iter().map(|s| s.hash).collect();
        assert_eq!(hashes.len(), SOURCES.len());
        assert!(SOURCES.iter().all(|s| s.hash.len() == 64));
        assert!(HEADERS.iter().any(|(name, _)| *name == "common/search.cuh"));
    }
}
