//! Which streams are resampled?

use crate::console::{counted, note};
use crate::resample::csv;
use crate::robot_log::RobotLog;
use crate::time::{Stamps, Unit, find};
use anyhow::{Context, Result, bail};
use robocache_io::csv::Cells;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The seed of the synthetic log: the same log each time.
const SEED: u64 = 7;

/// A spacing of this many medians is a gap, in which nothing is valid.
pub(super) const GAP: f64 = 4.0;

/// The streams of a log.
pub(super) struct Session {
    /// What the log is, in words.
    pub(super) origin: String,
    /// The same without folders, for the page.
    pub(super) title: String,
    pub(super) is_synthetic: bool,
    pub(super) unit: Unit,
    pub(super) streams: Vec<Stream>,
    /// Where they are.
    files: Vec<PathBuf>,
}

/// A stream.
pub(super) struct Stream {
    pub(super) name: String,
    pub(super) stamps: Stamps,
    pub(super) columns: Vec<Column>,
}

/// A signal of a stream.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) unit: &'static str,
    /// Whether it keeps its value until the next sample.
    pub(super) hold: bool,
    pub(super) values: Vec<f64>,
}

impl Session {
    /// A made-up log, whose files are written to a folder.
    ///
    /// # Errors
    /// What the operating system says.
    pub(super) fn synthesize(seconds: f64, folder: &Path) -> Result<Session> {
        let log = RobotLog::synthesize(SEED, seconds);
        let files = log
            .write_csv(folder)
            .with_context(|| folder.display().to_string())?;
        let streams = log.streams.into_iter().map(|stream| Stream {
            name: stream.name,
            stamps: Stamps::Float(stream.times),
            columns: stream
                .columns
                .into_iter()
                .map(|column| Column {
                    name: column.name,
                    unit: column.unit,
                    hold: column.hold,
                    values: column.values,
                })
                .collect(),
        });
        Ok(Session {
            origin: format!("a synthetic session of {seconds} s"),
            title: format!("A synthetic session of {seconds} s"),
            is_synthetic: true,
            unit: Unit::Seconds,
            streams: streams.collect(),
            files,
        })
    }

    /// The numeric columns of a CSV file as one stream. Columns of true and false are steps.
    ///
    /// # Errors
    /// Whatever is wrong with the file.
    pub(super) fn read(path: &Path, time: &str, unit: Option<Unit>) -> Result<Session> {
        let table = csv::load(path)?;
        let at = csv::position(&table, time)?;
        let chosen = csv::numeric(&table, at);
        let is_step = |&at: &usize| matches!(table.columns[at].cells, Cells::Bool(_));
        let steps: Vec<bool> = chosen.iter().map(is_step).collect();
        let log = csv::from_table(table, at, &chosen)?;
        log.check_times()?;
        let found = find(&log.time.name, &log.time.stamps, unit)?;
        if let Some(by) = found.by {
            note(&format!(
                "the times in {:?} are taken as {} {by}; --time-unit overrides it",
                log.time.name, found.unit
            ));
        }
        let block = log.blocks.first();
        let columns = block.into_iter().flat_map(|block| {
            let fields = block.fields.iter().zip(&steps).enumerate();
            fields.map(|(at, (field, &hold))| Column {
                name: field.name.clone(),
                unit: "",
                hold,
                values: block.column(at),
            })
        });
        let columns = columns.collect();
        if log.time.stamps.len() < 2 {
            bail!(
                "{}: there is only one sample, and nothing to see between samples",
                path.display()
            );
        }
        let name = path.file_stem().map(|stem| stem.to_string_lossy());
        let stream = Stream {
            name: name.unwrap_or_default().into_owned(),
            stamps: log.time.stamps,
            columns,
        };
        Ok(Session {
            origin: path.display().to_string(),
            title: path
                .file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            is_synthetic: false,
            unit: found.unit,
            streams: vec![stream],
            files: vec![path.to_path_buf()],
        })
    }

    /// The log and its common clock in words.
    pub(super) fn describe(&self, targets: &Stamps, rate: f64) -> String {
        let mut text = format!("The log: {}\n", self.origin);
        if self.is_synthetic {
            for file in &self.files {
                // Writing to a string cannot fail.
                let _ = writeln!(text, "  {}", file.display());
            }
        }
        let _ = writeln!(
            text,
            "The clock: {} at {rate} Hz",
            counted(targets.len(), "target")
        );
        text
    }
}

#[cfg(test)]
impl Session {
    /// A session of one stream.
    pub(super) fn of_one(stream: Stream, unit: Unit) -> Session {
        Session {
            origin: "a test".into(),
            title: "A test".into(),
            is_synthetic: false,
            unit,
            streams: vec![stream],
            files: Vec::new(),
        }
    }
}
