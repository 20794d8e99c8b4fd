//! Point clouds: named columns of numbers, one row for each point, `x`, `y` and `z` first.
//!
//! | file | question it answers |
//! |---|---|
//! | `cloud` | what is a point cloud in memory? |
//! | `format` | which format does a file have? |
//! | `read` | how does a file become a point cloud? |
//! | `input` | how many bytes are there, and how are they taken? |
//! | `raw` | how do scans without a header become points? |
//! | `pcd` | how do PCD files become points? |
//! | `number` | which types may a column have, and how do bytes and text become numbers? |
//! | `array` | which arrays are point clouds? |
//! | `table` | which columns of a table make a point cloud? |
//!
//! # Formats
//!
//! | format | content | columns |
//! |---|---|---|
//! | [`Kitti`](Format::Kitti) | 32-bit floats without a header | `x y z intensity` |
//! | [`NuScenes`](Format::NuScenes) | 32-bit floats without a header | `x y z intensity ring` |
//! | [`Pcd`](Format::Pcd) | PCD 0.5 to 0.7: text, binary or compressed | the fields of the header |
//! | [`Npy`](Format::Npy) | an array `[N, C]` | `x y z`, then their indices: `3`, `4`, … |
//! | [`Csv`](Format::Csv) | a [table](crate::csv) | the columns of numbers and booleans, by their names |
//!
//! [`read_floats`] reads 32-bit floats in rows of any other width. All of these are little-endian, but
//! for NPY, which says so itself.
//!
//! # What is kept
//!
//! Columns `x`, `y` and `z` come first, wherever the file has them, also if they are written in
//! capitals there; the others follow in the file's order. Points stay in the file's order, and points
//! of NaN stay too: what an organised PCD file holds in `WIDTH` columns and `HEIGHT` rows comes row by
//! row. Its viewpoint is not applied and not kept. Units are those of the file: metres in most, as in
//! KITTI and nuScenes.
//!
//! Values are `f32`, bit for bit as in the file, so that a colour packed into a float survives. They
//! are `f64` where some column has a type that `f32` does not hold to the last digit: 64-bit floats,
//! and integers of 32 or 64 bits. Tables are `f64` always. Integers beyond 2^53 are rounded to the
//! nearest number that there is.

mod array;
mod cloud;
mod format;
mod input;
mod number;
mod pcd;
mod raw;
mod read;
mod table;

pub use cloud::{PointCloud, Values};
pub use format::Format;
pub use read::{parse_floats, parse_points, read_floats, read_points, read_points_as};
