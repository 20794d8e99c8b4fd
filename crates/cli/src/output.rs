//! Can a file be written there?

use anyhow::{Result, bail};
use std::path::Path;

/// Makes sure that there is a folder for the output, before any work is done.
///
/// # Errors
/// If there is none.
pub(crate) fn check_folder(path: &Path) -> Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => bail!(
            "{}: there is no folder {}",
            path.display(),
            folder.display()
        ),
        _ if path.is_dir() => bail!("{}: is a folder", path.display()),
        _ => Ok(()),
    }
}
