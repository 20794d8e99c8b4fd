//! How is a report written, found again and not lost?

use super::{FORMAT, LAYOUT, Report};
use crate::segment::Segment;
use anyhow::{Context, Result, bail, ensure};
use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A report's folder, held by this process alone.
pub struct Store {
    folder: PathBuf,
    earlier: Vec<Segment>,
    /// Locked as long as it is open.
    _lock: File,
}

impl Store {
    /// Opens or makes the folder, and reads the runs that it holds.
    ///
    /// # Errors
    /// If the report there is damaged or something else, which is then left as it is; if another run
    /// writes to it; if the folder cannot be used.
    pub fn open(folder: &Path) -> Result<Store> {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
        let path = folder.join("lock");
        let lock =
            File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!(
                    "another run writes to {}; name another --report",
                    folder.display()
                )
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("{} cannot be locked", path.display()));
            }
        }
        Ok(Store {
            earlier: read(&folder.join("report.json"))?,
            folder: folder.to_owned(),
            _lock: lock,
        })
    }

    /// How many runs the report held.
    pub fn runs(&self) -> usize {
        self.earlier.len()
    }

    /// Judges the earlier runs and this one together, and writes report.json and report.html.
    ///
    /// # Errors
    /// What the system says; the files are then as they were.
    pub fn save(&self, segment: &Segment) -> Result<Report> {
        let mut segments = self.earlier.clone();
        segments.push(segment.clone());
        let report = Report::of(segments);
        self.replace("report.json", &serde_json::to_string(&report)?)?;
        self.replace("report.html", &super::page::page(&report))?;
        Ok(report)
    }

    /// Where the page is.
    pub fn page(&self) -> PathBuf {
        self.folder.join("report.html")
    }

    /// Writes beside the file and renames, so that there is a whole one at any time.
    fn replace(&self, name: &str, text: &str) -> Result<()> {
        let path = self.folder.join(name);
        let beside = self.folder.join(format!("{name}.part"));
        let write = || {
            let mut file = File::create(&beside)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&beside, &path)
        };
        write().with_context(|| format!("{} cannot be written", path.display()))
    }
}

fn read(path: &Path) -> Result<Vec<Segment>> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.with_context(|| format!("{} cannot be read", path.display()))?,
    };
    let advice = || {
        format!(
            "{} is damaged or no report of a soak; it is left as it is: name another --report, or \
             move it away",
            path.display()
        )
    };
    let value: serde_json::Value = serde_json::from_str(&text).with_context(advice)?;
    ensure!(value["format"] == FORMAT, advice());
    ensure!(
        value["layout"] == LAYOUT,
        "{} has layout {}, this program knows {LAYOUT}; it is left as it is: name another --report",
        path.display(),
        value["layout"]
    );
    let report: Report = serde_json::from_value(value).with_context(advice)?;
    Ok(report.segments)
}
