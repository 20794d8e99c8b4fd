//! Readers and writers of the files that RoboCache works on.
//!
//! | module | question it answers |
//! |---|---|
//! | [`csv`] | how does a log in text become typed columns, and columns text? |
//! | [`npy`] | how do arrays of numbers come out of NPY and NPZ files, and go into them? |
//! | [`points`] | how do point clouds come out of scans, PCD files, arrays and tables? |
//! | [`error`] | what can be wrong with a file, and what should its owner do? |
//!
//! Files are not trusted. A size that a header claims is compared with what the file holds before
//! memory is taken for it, every index and product is checked, and whatever is wrong comes back as
//! an [`Error`] that names the file and the place.
//!
//! ```
//! use robocache_io::csv::{Cells, parse_table};
//!
//! let log = "#timestamp [ns],q0\n1403715273262142976,0.25\n1403715273267142976,0.5\n";
//! let table = parse_table(log.as_bytes(), "log.csv")?;
//! let stamps = &table.column("timestamp [ns]")?.cells;
//! assert!(matches!(stamps, Cells::I64(ns) if ns[0] == 1_403_715_273_262_142_976));
//! assert_eq!(*table.column("q0")?.to_f64()?, [0.25, 0.5]);
//! # Ok::<(), robocache_io::Error>(())
//! ```
//!
//! ```
//! use robocache_io::points::{Format, Values, parse_points};
//!
//! let file = "FIELDS ring x y z\nTYPE U F F F\nSIZE 1 4 4 4\nWIDTH 1\nDATA ascii\n7 1.5 2 nan\n";
//! let cloud = parse_points(file.as_bytes(), Format::Pcd)?;
//! assert_eq!(cloud.columns, ["x", "y", "z", "ring"]);
//! assert!(matches!(cloud.values, Values::F32(v) if v[0] == 1.5 && v[2].is_nan() && v[3] == 7.0));
//! # Ok::<(), robocache_io::Error>(())
//! ```

#![forbid(unsafe_code)]

pub mod csv;
pub mod error;
pub mod npy;
pub mod points;

mod replace;

pub use error::{Error, Result};
pub use replace::write_bytes;
