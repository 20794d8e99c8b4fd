//! What did resampling do to a log, and voxelization to a scan, on one page?
//!
//! A [`Report`] becomes one HTML file that needs nothing else: no network, no server and no
//! script to be complete. It shows how fast the runs were beside a memory copy of the same
//! bytes, each column before and after, as a whole and close up, and the scan from above.
//!
//! | module | question it answers |
//! |---|---|
//! | `page` | what stands where on the page? |
//! | `section` | what is shown of one stream? |
//! | `scan` | what is shown of a scan? |
//! | `clock` | what do a stream's times say about its clock? |
//! | `series` | which points of a column are drawn? |
//! | `plot` | how is one plot drawn? |
//! | `path` | where do points lie in a drawing, and which path goes through them? |
//! | `scale` | where does a value lie on an axis, and which values does the axis name? |
//! | `text` | how are text and numbers written into the page? |

mod clock;
mod page;
mod path;
mod plot;
mod scale;
mod scan;
mod section;
mod series;
#[cfg(test)]
mod tests;
mod text;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A page about one resampled log.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report<'a> {
    /// The page's heading.
    pub title: String,
    /// One sentence on what is shown.
    pub subtitle: String,
    /// What was measured; no table is shown if there is nothing.
    pub runs: Vec<Run>,
    /// The streams of the log, before and after.
    pub streams: Vec<StreamReport<'a>>,
    /// A scan in voxels, if there is one.
    pub scan: Option<ScanReport>,
    /// Remarks for the end of the page, a paragraph each.
    pub notes: Vec<String>,
}

/// One measured run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// What it ran on, for example `NVIDIA H200` or `CPU, 2 threads`.
    pub device: String,
    /// Which implementation ran, for example `trajectory.wide.sm80`.
    pub variant: String,
    /// The shape of the problem in words.
    pub shape: String,
    /// How long one run took, in microseconds.
    pub micros: f64,
    /// The bytes that the run reads and writes over its time, in gigabytes per second.
    pub gigabytes_per_second: f64,
    /// The same for a plain memory copy of the same bytes on the same device.
    pub copy_gigabytes_per_second: f64,
}

/// A scan and its voxels.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScanReport {
    /// What it is.
    pub title: String,
    /// How much there is, in one sentence.
    pub facts: String,
    /// A PNG of it from above; none is shown if there are no bytes.
    pub picture: Vec<u8>,
    /// What the picture shows.
    pub label: String,
    /// What was measured.
    pub runs: Vec<Run>,
    /// Remarks, a paragraph each.
    pub notes: Vec<String>,
}

/// One stream before and after resampling.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StreamReport<'a> {
    /// What the stream is called.
    pub name: String,
    /// The signals of the stream. The clock that is shown is that of the first of them.
    pub columns: Vec<ColumnReport<'a>>,
}

/// One signal before and after resampling.
///
/// Times are in seconds on any epoch that the whole report shares. Where a slice of values or
/// a mask is shorter than its times, the rest counts as absent; values that are not finite
/// break the line.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ColumnReport<'a> {
    /// What the signal is called.
    pub name: &'a str,
    /// The unit of the values; empty for a plain number.
    pub unit: &'a str,
    /// Whether this is a step signal, which holds its value until the next sample.
    pub step: bool,
    /// When the samples were recorded.
    pub source_times: &'a [f64],
    /// What was recorded.
    pub source_values: &'a [f64],
    /// The times that the signal was resampled to.
    pub target_times: &'a [f64],
    /// What resampling made of it.
    pub target_values: &'a [f64],
    /// Which of the resampled values may be used; all of them if absent. The others are drawn
    /// hollow.
    pub mask: Option<&'a [bool]>,
}

impl Report<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        page::Page(self).to_string()
    }

    /// Writes the page to `path`, whole or not at all: it is written beside `path` under
    /// another name and then renamed.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] if `path` does not end in a file name; else what the
    /// file system answered. A file that was at `path` is then still as it was.
    pub fn write(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        let (mut file, unfinished) = create_beside(path)?;
        let written = file
            .write_all(self.render().as_bytes())
            .and_then(|()| file.sync_all());
        drop(file);
        let finished = written.and_then(|()| fs::rename(&unfinished, path));
        if finished.is_err() {
            // The first error is the one to report, whether or not this works.
            let _ = fs::remove_file(&unfinished);
        }
        finished
    }
}

/// Makes a new file in the directory of `path`, hidden and under a name of its own.
fn create_beside(path: &Path) -> io::Result<(File, PathBuf)> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{} does not end in a file name", path.display()),
        ));
    };
    let mut attempt = 0u32;
    loop {
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}-{attempt}.tmp", std::process::id()));
        let unfinished = path.with_file_name(hidden);
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&unfinished)
        {
            Ok(file) => return Ok((file, unfinished)),
            // Left by an earlier process with this id, or in use by another thread.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 100 => {
                attempt += 1;
            }
            Err(error) => return Err(error),
        }
    }
}
