//! What does a log hold, whichever file it came from?

use crate::time::{Fault, Stamps};
use anyhow::{Result, anyhow, bail};
use robocache::f16;
use robocache_io::csv::Table;
use robocache_io::npy::{Array, Values};
use std::path::PathBuf;

/// Streams with one column of times.
pub(crate) struct Log {
    pub(crate) path: PathBuf,
    pub(crate) time: Time,
    /// The streams, in the file's order.
    pub(crate) blocks: Vec<Block>,
    /// Arrays that are no streams and are copied.
    pub(crate) rest: Vec<(String, Array)>,
    /// What was found out while it was resampled, by its names.
    pub(crate) added: Vec<(String, Added)>,
    pub(crate) rows: Rows,
}

/// The column of times.
pub(crate) struct Time {
    pub(crate) name: String,
    pub(crate) stamps: Stamps,
    /// How many fields come before it.
    pub(crate) position: usize,
    /// The type it was stored in, and is to be stored in again.
    pub(crate) stored: Stored,
}

/// The type in which times are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
}

/// Columns that are resampled together: `[S, D]` in row-major order.
pub(crate) struct Block {
    pub(crate) fields: Vec<Field>,
    pub(crate) data: Data,
}

/// A named part of a block's columns.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// The dimensions behind that of time; empty for a single column.
    pub(crate) shape: Vec<usize>,
}

/// The values of a block.
pub(crate) enum Data {
    F16(Vec<f16>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

/// Something about each row that was not in the file.
pub(crate) enum Added {
    /// Whether it was covered by samples in every column.
    Mask(Vec<bool>),
    /// How old the newest sample was, in seconds.
    Age(Vec<f32>),
}

/// How a row is named in messages.
pub(crate) enum Rows {
    /// By its line in the file.
    Lines(Table),
    /// By its index, counted from 0.
    Indices,
}

impl Field {
    /// Columns.
    pub(crate) fn width(&self) -> usize {
        self.shape.iter().product()
    }
}

impl Block {
    /// Columns of all fields.
    pub(crate) fn width(&self) -> usize {
        self.fields.iter().map(Field::width).sum()
    }

    pub(crate) fn bytes_per_row(&self) -> usize {
        self.width()
            * match self.data {
                Data::F16(_) => 2,
                Data::F32(_) => 4,
                Data::F64(_) => 8,
            }
    }
}

impl Block {
    /// One column in f64.
    pub(crate) fn column(&self, at: usize) -> Vec<f64> {
        fn of<T: Copy>(data: &[T], at: usize, width: usize) -> impl Iterator<Item = T> {
            data.iter().skip(at).step_by(width.max(1)).copied()
        }
        let width = self.width();
        match &self.data {
            Data::F16(data) => of(data, at, width).map(f16::to_f64).collect(),
            Data::F32(data) => of(data, at, width).map(f64::from).collect(),
            Data::F64(data) => of(data, at, width).collect(),
        }
    }
}

impl Time {
    /// Targets as the file can hold them: those of a column of f32 are rounded to it before anything
    /// is computed, so that the values belong to the times that are written.
    pub(crate) fn rounded(&self, targets: Stamps) -> Stamps {
        match (self.stored, targets) {
            (Stored::F32, Stamps::Float(times)) => {
                let round = |time: f64| f64::from(time as f32);
                Stamps::Float(times.into_iter().map(round).collect())
            }
            (_, targets) => targets,
        }
    }
}

impl Log {
    /// Makes sure that the times are numbers and in order.
    ///
    /// # Errors
    /// Names the row, and what is wrong with it.
    pub(crate) fn check_times(&self) -> Result<()> {
        let (path, name) = (self.path.display(), &self.time.name);
        match self.time.stamps.fault() {
            None => {}
            Some(Fault::NotFinite { row, value }) => bail!(
                "{path}, {}, column {name:?}: {value} is no time; give each row a time or remove \
                 the row",
                self.rows.name(row)
            ),
            Some(Fault::Unsorted { row, value, before }) => bail!(
                "{path}, {}, column {name:?}: the time {value} comes after {before} ({}), but times \
                 must not decrease; sort the file by this column, or name the column that is in order",
                self.rows.name(row),
                self.rows.name(row - 1)
            ),
        }
        if self.time.stored == Stored::F32 && self.time.stamps.is_too_coarse_for_f32() {
            bail!(
                "{path}, {name:?}: the times are stored in f32 and too large for it, so that most of \
                 their steps are lost; save them as float64, or take the first one off before \
                 converting"
            );
        }
        Ok(())
    }

    /// The same log with other rows, and with what was found out about them.
    pub(crate) fn with(
        self,
        stamps: Stamps,
        blocks: Vec<Block>,
        added: Vec<(String, Added)>,
    ) -> Log {
        let time = Time {
            stamps,
            ..self.time
        };
        Log {
            time,
            blocks,
            added,
            ..self
        }
    }
}

impl Rows {
    /// The row in words.
    pub(crate) fn name(&self, row: usize) -> String {
        match self {
            Rows::Lines(table) => format!("line {}", table.line_of(row)),
            Rows::Indices => format!("index {row}"),
        }
    }
}

macro_rules! stored {
    ($($kind:ident: $type:ty),*) => {
        /// The stamps in an array and the type they had.
        ///
        /// # Errors
        /// For types that times cannot have.
        pub(crate) fn stamps_of(values: &Values) -> Result<(Stamps, Stored)> {
            Ok(match values {
                Values::F64(times) => (Stamps::Float(times.clone()), Stored::F64),
                Values::F32(_) => (Stamps::Float(values.to_f64().into_owned()), Stored::F32),
                $(Values::$kind(times) => {
                    let ticks = times.iter().map(|&time| i64::try_from(time));
                    let ticks: Result<Vec<i64>, _> = ticks.collect();
                    let ticks = ticks.map_err(|_| anyhow!(
                        "a time is beyond 2^63; subtract the first one before saving"
                    ))?;
                    (Stamps::Ticks(ticks), Stored::$kind)
                })*
                Values::F16(_) => bail!("times in f16 are too coarse; save them as float64"),
                Values::Bool(_) => bail!("booleans are no times"),
            })
        }

        /// Stamps in the type that they had. All lie between two that had it.
        pub(crate) fn values_of(stamps: &Stamps, stored: Stored) -> Values {
            match (stamps, stored) {
                (Stamps::Float(times), Stored::F32) => {
                    Values::F32(times.iter().map(|&time| time as f32).collect())
                }
                (Stamps::Float(times), _) => Values::F64(times.clone()),
                $((Stamps::Ticks(times), Stored::$kind) => {
                    Values::$kind(times.iter().map(|&time| time as $type).collect())
                })*
                (Stamps::Ticks(times), _) => Values::I64(times.clone()),
            }
        }
    };
}

stored!(I8: i8, I16: i16, I32: i32, I64: i64, U8: u8, U16: u16, U32: u32, U64: u64);

/// Logs for tests.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A block of single columns.
    pub(crate) fn block(names: &[&str], data: Data) -> Block {
        let field = |name: &&str| Field {
            name: (*name).to_owned(),
            shape: Vec::new(),
        };
        Block {
            fields: names.iter().map(field).collect(),
            data,
        }
    }

    /// A log of two samples, at 0 and at 1 s.
    pub(crate) fn log(blocks: Vec<Block>) -> Log {
        Log {
            path: "log.npz".into(),
            time: Time {
                name: "t".into(),
                stamps: Stamps::Float(vec![0.0, 1.0]),
                position: 0,
                stored: Stored::F64,
            },
            blocks,
            rest: Vec::new(),
            added: Vec::new(),
            rows: Rows::Indices,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_their_type() {
        for values in [
            Values::I8(vec![-3, 4]),
            Values::U16(vec![0, 65_535]),
            Values::U64(vec![0, i64::MAX as u64]),
            Values::F32(vec![0.5, 1.5]),
            Values::F64(vec![0.1]),
        ] {
            let (stamps, stored) = stamps_of(&values).expect("times");
            assert_eq!(values_of(&stamps, stored), values);
        }
        for values in [
            Values::U64(vec![u64::MAX]),
            Values::Bool(vec![true]),
            Values::F16(vec![f16::ONE]),
        ] {
            assert!(stamps_of(&values).is_err(), "{values:?}");
        }
    }

    #[test]
    fn targets_are_rounded_to_what_the_file_can_hold() {
        let time = |stored| Time {
            name: "t".into(),
            stamps: Stamps::Float(Vec::new()),
            position: 0,
            stored,
        };
        let targets = Stamps::Float(vec![0.1]);
        assert_eq!(time(Stored::F64).rounded(targets.clone()), targets);
        assert_eq!(
            time(Stored::F32).rounded(targets),
            Stamps::Float(vec![f64::from(0.1f32)])
        );
    }
}
