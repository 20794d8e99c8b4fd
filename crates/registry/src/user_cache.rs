//! The user's cache folder, and how a file gets there whole.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The folder: `ROBOCACHE_CACHE_DIR`, else `robocache` in the user's cache folder; `None` where there
/// is neither.
pub fn folder() -> Option<PathBuf> {
    #[cfg(test)]
    return tests::folder();
    #[cfg(not(test))]
    of_the_user()
}

#[cfg_attr(test, allow(dead_code))] // Unit tests keep away from it.
fn of_the_user() -> Option<PathBuf> {
    let set = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    set("ROBOCACHE_CACHE_DIR")
        .or_else(|| set("XDG_CACHE_HOME").map(|path| path.join("robocache")))
        .or_else(|| set("HOME").map(|path| path.join(".cache").join("robocache")))
}

/// Writes a file beside its place and renames it, so that nobody ever reads half of it; makes the
/// folders that are missing.
///
/// # Errors
/// Those of the file system; then whatever was there before is still there.
pub fn write_whole(path: &Path, contents: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(contents)?;
    temporary.persist(path)?;
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::cell::RefCell;

    thread_local! {
        static FOLDER: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
    }

    /// In unit tests there is none, but on a thread that set one.
    pub(super) fn folder() -> Option<PathBuf> {
        FOLDER.with_borrow(Clone::clone)
    }

    /// Calls something with that folder as the user's, on this thread.
    pub(crate) fn with_folder(folder: &Path, work: impl FnOnce()) {
        FOLDER.set(Some(folder.to_owned()));
        work();
        FOLDER.set(None);
    }

    #[test]
    fn files_are_written_and_replaced_whole_and_leave_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/file");
        for contents in ["one", "another, longer one", ""] {
            write_whole(&path, contents.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), contents);
        }
        let beside = std::fs::read_dir(path.parent().unwrap()).unwrap();
        assert_eq!(beside.count(), 1);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error_and_no_panic() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = folder.path().join("file");
        std::fs::write(&blocked, b"kept").unwrap();
        assert!(write_whole(&blocked.join("below"), b"x").is_err());
        assert_eq!(std::fs::read(&blocked).unwrap(), b"kept");
    }
}
