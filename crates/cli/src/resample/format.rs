//! Which kind of file is it?

use crate::failure::usage;
use anyhow::Result;
use std::path::Path;

/// The kinds of files that are read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    Npz,
    Npy,
}

impl Format {
    /// The kind that a file's name says.
    ///
    /// # Errors
    /// For other names.
    pub(super) fn of(path: &Path) -> Result<Format> {
        let extension = path.extension().map(|text| text.to_ascii_lowercase());
        match extension.as_ref().and_then(|text| text.to_str()) {
            Some("csv") => Ok(Format::Csv),
            Some("npz") => Ok(Format::Npz),
            Some("npy") => Ok(Format::Npy),
            _ => Err(usage(format!(
                "{}: the kind of file is told by its name, which has to end with .csv, .npz or .npy",
                path.display()
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_kind() {
        assert_eq!(Format::of(Path::new("a/b.CSV")).ok(), Some(Format::Csv));
        assert_eq!(Format::of(Path::new("b.npz")).ok(), Some(Format::Npz));
        assert_eq!(Format::of(Path::new("b.c.npy")).ok(), Some(Format::Npy));
        for name in ["b", "b.bag", ".csv", ""] {
            assert!(Format::of(Path::new(name)).is_err(), "{name:?}");
        }
    }
}
