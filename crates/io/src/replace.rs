//! How is a file written so that a failure never leaves half of it?

use crate::{Error, Result};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

const BUFFER: usize = 1 << 18;

/// Writes a file beside `path` and renames it to `path` when it is complete and on the disk.
///
/// Whatever `path` was stays as it was until then, and for good if `write` fails. A symbolic link
/// stays a link and its target is replaced. What is not a regular file, such as a pipe or
/// `/dev/stdout`, cannot be replaced: it is sent the complete content instead.
pub(crate) fn replace(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&mut File>) -> Result<()>,
) -> Result<()> {
    let target = resolve(path)?;
    let (folder, is_special) = match &target {
        Target::Regular(file) => (parent(file).to_path_buf(), false),
        Target::Special => (std::env::temp_dir(), true),
    };
    let mut temporary = temporary_in(&folder).map_err(Error::io(path))?;
    let mut buffer = BufWriter::with_capacity(BUFFER, temporary.as_file_mut());
    write(&mut buffer)?;
    buffer.flush().map_err(Error::io(path))?;
    drop(buffer);
    if is_special {
        return send(&mut temporary, path).map_err(Error::io(path));
    }
    temporary.as_file().sync_all().map_err(Error::io(path))?;
    if let Target::Regular(file) = &target {
        temporary
            .persist(file)
            .map_err(|failure| Error::io(path)(failure.error))?;
    }
    Ok(())
}

/// Writes a file of these bytes; it is never half written, what was there stays until it is complete.
///
/// # Errors
/// [`Error::Io`].
pub fn write_bytes(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    let path = path.as_ref();
    replace(path, |file| file.write_all(bytes).map_err(Error::io(path)))
}

enum Target {
    /// To be replaced by a rename; links are resolved.
    Regular(PathBuf),
    /// Exists and is no regular file.
    Special,
}

fn resolve(path: &Path) -> Result<Target> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(Target::Regular(
            fs::canonicalize(path).map_err(Error::io(path))?,
        )),
        Ok(found) if found.is_dir() => Err(Error::io(path)(io::ErrorKind::IsADirectory.into())),
        Ok(_) => Ok(Target::Special),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Ok(Target::Regular(path.to_path_buf()))
        }
        Err(error) => Err(Error::io(path)(error)),
    }
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".robocache-").suffix(".tmp");
    // Temporary files are private by default; this one becomes the result, so it gets the
    // permissions that the user's mask gives to any new file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

fn send(temporary: &mut NamedTempFile, path: &Path) -> io::Result<()> {
    let mut target = OpenOptions::new().write(true).open(path)?;
    let content = temporary.as_file_mut();
    content.rewind()?;
    io::copy(content, &mut target)?;
    target.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(path: &Path, text: &str) -> Result<()> {
        replace(path, |w| {
            w.write_all(text.as_bytes()).map_err(Error::io(path))
        })
    }

    fn names_in(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_failure_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        put(&path, "old").unwrap();
        let failed = replace(&path, |w| {
            w.write_all(&vec![b'x'; BUFFER * 2])
                .map_err(Error::io(&path))?;
            Err(Error::malformed(&path, "stop"))
        });
        assert!(matches!(failed, Err(Error::Malformed { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names_in(folder.path()), ["a.csv"]);
        put(&path, "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(names_in(folder.path()), ["a.csv"]);
    }

    #[test]
    fn folders_and_missing_folders_are_errors_that_name_the_path() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().to_path_buf(), folder.path().join("no/a.csv")] {
            let error = put(&path, "x").unwrap_err().to_string();
            assert!(error.starts_with(&path.display().to_string()), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_permissions_are_those_of_new_files() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        put(&real, "old").unwrap();
        symlink(&real, &link).unwrap();
        put(&link, "new").unwrap();
        assert!(
            fs::symlink_metadata(&link)
                .unwrap()
                .file_type()
                .is_symlink()
        );
        assert_eq!(fs::read_to_string(&real).unwrap(), "new");

        let plain = folder.path().join("plain");
        File::create(&plain).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&real), mode(&plain));
    }

    // A pipe stands for all special files. A device such as /dev/null would do as well, but a broken
    // `replace` would destroy it where tests run with all rights.
    #[cfg(unix)]
    #[test]
    fn special_files_are_sent_the_content_and_stay() {
        use std::os::unix::fs::FileTypeExt;
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let other_end = pipe.clone();
        let reader = std::thread::spawn(move || fs::read_to_string(other_end).unwrap());
        put(&pipe, "through").unwrap();
        let is_pipe = fs::metadata(&pipe).unwrap().file_type().is_fifo();
        assert!(is_pipe, "the pipe was replaced");
        assert_eq!(reader.join().unwrap(), "through");
        assert_eq!(names_in(folder.path()), ["pipe"]);
    }
}
