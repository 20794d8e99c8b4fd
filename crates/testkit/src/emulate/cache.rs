//! Where compiled kernels are kept: several test programs run one after another, and each wants all of them.

use robocache_registry::user_cache;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// The library of some files, compiled in `compile(folder of the files, where to)` unless it is there already.
/// Its name holds a hash of all that it was made from, and it is moved there when it is whole, so that any number
/// of processes may come here at a time.
pub(super) fn library(
    name: &str,
    made_by: &[&str],
    files: &[(&str, String)],
    compile: impl FnOnce(&Path, &Path) -> Result<(), String>,
) -> Result<PathBuf, String> {
    let folder = user_cache::folder().unwrap_or_else(|| std::env::temp_dir().join("robocache"));
    let folder = folder.join("emulated");
    let path = folder.join(format!("{name}-{}.so", digest(made_by, files)));
    if path.exists() {
        return Ok(path);
    }
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let workshop = tempfile::tempdir_in(&folder).map_err(failed)?;
    for (file, text) in files {
        let file = workshop.path().join(file);
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent).map_err(failed)?;
        }
        std::fs::write(file, text).map_err(failed)?;
    }
    let fresh = workshop.path().join("kernel.so");
    compile(workshop.path(), &fresh).map_err(|what| format!("{name}: {what}"))?;
    std::fs::rename(fresh, &path).map_err(failed)?;
    Ok(path)
}

fn digest(made_by: &[&str], files: &[(&str, String)]) -> String {
    let mut hasher = Sha256::new();
    let files = files.iter().flat_map(|(path, text)| [*path, text.as_str()]);
    for text in made_by.iter().copied().chain(files) {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text);
    }
    let bytes = hasher.finalize();
    bytes[..12]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
