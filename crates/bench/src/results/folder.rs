//! Where do parts lie until a run is complete?
//!
//! One file for each operation, seed and shape, in a folder `parts`. Each is written beside its place and
//! then renamed, so that a run that was broken off left whole parts only.

use super::part::{FORMAT, Part};
use anyhow::{Context, Result, ensure};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The folder of a run.
#[derive(Clone, Debug)]
pub struct Folder {
    parts: PathBuf,
}

impl Folder {
    /// A folder for a new run, made if it is not there.
    ///
    /// # Errors
    /// If it holds parts of another run, or cannot be made.
    pub fn new(path: &Path) -> Result<Folder> {
        let folder = Folder::resume(path)?;
        ensure!(
            !folder.holds_parts()?,
            "{} holds parts of an earlier run; --resume {0} goes on with it",
            path.display()
        );
        Ok(folder)
    }

    /// A folder that may hold parts already.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn resume(path: &Path) -> Result<Folder> {
        let parts = path.join("parts");
        std::fs::create_dir_all(&parts)
            .with_context(|| format!("cannot make {}", parts.display()))?;
        Ok(Folder { parts })
    }

    /// The folder of a run that is over; nothing is written.
    pub fn of(path: &Path) -> Folder {
        Folder {
            parts: path.join("parts"),
        }
    }

    fn file(&self, operation: &str, seed: u64, shape: &str) -> PathBuf {
        let shape = shape.replace("->", "-to-");
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let shape: String = shape.chars().map(plain).collect();
        self.parts
            .join(format!("{operation}-seed-{seed}-{shape}.json"))
    }

    /// Whether a part is there.
    pub fn has(&self, operation: &str, seed: u64, shape: &str) -> bool {
        self.file(operation, seed, shape).exists()
    }

    /// Keeps a part.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn keep(&self, part: &Part) -> Result<()> {
        let measured = &part.measured;
        let path = self.file(&part.operation, measured.seed, &measured.shape);
        write_whole(&path, serde_json::to_string(part)?.as_bytes())
    }

    /// All parts, in the order of their names.
    ///
    /// # Errors
    /// If one cannot be read or understood.
    pub fn read(&self) -> Result<Vec<Part>> {
        self.files()?.iter().map(|path| read(path)).collect()
    }

    /// Whether it holds any.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn holds_parts(&self) -> Result<bool> {
        Ok(!self.files()?.is_empty())
    }

    fn files(&self) -> Result<Vec<PathBuf>> {
        let listed = std::fs::read_dir(&self.parts)
            .with_context(|| format!("{} is no folder of a run", self.parts.display()))?;
        let mut files = Vec::new();
        for entry in listed {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    }
}

fn read(path: &Path) -> Result<Part> {
    let part = || -> Result<Part> {
        let part: Part = serde_json::from_str(&std::fs::read_to_string(path)?)?;
        ensure!(
            part.format == FORMAT,
            "format {} is not {FORMAT}",
            part.format
        );
        Ok(part)
    };
    part().with_context(|| format!("{} is no part of a run", path.display()))
}

/// Writes a file whole or not at all.
///
/// # Errors
/// Those of the file system.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // Temporary files are for their owner alone; this one becomes an ordinary one.
            file.as_file()
                .set_permissions(std::fs::Permissions::from_mode(0o644))?;
        }
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::super::part::Measured;
    use super::*;

    fn part(seed: u64, shape: &str) -> Part {
        Part {
            format: FORMAT,
            operation: "fold".into(),
            measured: Measured {
                shape: shape.into(),
                seed,
                ..Measured::default()
            },
            ..Part::default()
        }
    }

    #[test]
    fn parts_are_found_again_and_nothing_else_is_taken_for_one() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::new(temporary.path()).unwrap();
        folder.keep(&part(2, "1x2->3 f32")).unwrap();
        folder.keep(&part(1, "1x2->3 bf16")).unwrap();
        // As a run leaves it that was killed while writing.
        std::fs::write(temporary.path().join("parts/.tmpAbC"), "{\"form").unwrap();
        assert!(folder.has("fold", 1, "1x2->3 bf16") && !folder.has("fold", 1, "1x2->3 f32"));
        let read = Folder::of(temporary.path()).read().unwrap();
        assert_eq!(read, [part(1, "1x2->3 bf16"), part(2, "1x2->3 f32")]);
        assert!(Folder::new(temporary.path()).is_err());
        assert!(Folder::resume(temporary.path()).is_ok());
    }

    #[test]
    fn damaged_parts_and_those_of_another_format_are_errors() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::new(temporary.path()).unwrap();
        let path = temporary.path().join("parts/x.json");
        std::fs::write(&path, "{}").unwrap();
        assert!(format!("{:#}", folder.read().unwrap_err()).contains("x.json"));
        let other = Part {
            format: 99,
            ..part(1, "s")
        };
        std::fs::write(&path, serde_json::to_string(&other).unwrap()).unwrap();
        assert!(format!("{:#}", folder.read().unwrap_err()).contains("99"));
        assert!(Folder::of(&temporary.path().join("none")).read().is_err());
    }
}
