//! Any text as registry.toml.

/// The reader that the build script uses.
#[path = "../../crates/kernels/build/registry.rs"]
pub mod reader;

use std::collections::HashSet;

/// Reads a registry; what is accepted must give sound Rust and C. Whether it was accepted.
///
/// # Panics
/// On a bug.
pub fn run(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    let registry = match reader::parse(text, |path| path.ends_with(".cu")) {
        Ok(registry) => registry,
        Err(what) => {
            assert!(!what.is_empty());
            return false;
        }
    };
    let (mut constants, mut symbols) = (HashSet::new(), HashSet::new());
    for variant in &registry.variant {
        let id = &variant.id;
        assert_eq!(
            id.split('.').filter(|part| !part.is_empty()).count(),
            3,
            "{id:?}"
        );
        assert!(is_word(&id.replace('.', "_")), "{id:?}");
        assert!(constants.insert(reader::identifier(id)), "{id:?}");
        assert_eq!(
            variant.summary.lines().count(),
            1,
            "{id}: {:?}",
            variant.summary
        );
        assert!(!variant.summary.contains(['\r', '\n', '\0']), "{id}");
        let mut dtypes = HashSet::new();
        for dtype in &variant.dtypes {
            assert!(
                reader::dtype_constant(dtype).is_some() && dtypes.insert(dtype),
                "{id}"
            );
        }
        let is_cuda = matches!(variant.target, reader::Target::Cuda { .. });
        assert_eq!(
            [variant.source.is_some(), variant.budget.is_some()],
            [is_cuda; 2],
            "{id}"
        );
        let mut instructions = HashSet::new();
        for name in &variant.instructions {
            assert!(
                is_cuda
                    && reader::instruction_constant(name).is_some()
                    && instructions.insert(name),
                "{id}"
            );
        }
        let entries: Vec<_> = variant.entries().collect();
        assert_eq!(
            entries.len(),
            match variant.entry.as_deref() {
                Some(entry) if entry.contains("{dtype}") => dtypes.len(),
                Some(_) => 1,
                None => 0,
            },
            "{id}"
        );
        for symbol in entries.iter().flat_map(|(entry, _)| variant.symbols(entry)) {
            assert!(
                is_word(&symbol) && symbols.insert(symbol.clone()),
                "{id}: {symbol:?}"
            );
        }
    }
    true
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
