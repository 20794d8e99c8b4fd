//! What holds whatever the numbers are, without an oracle: each on every variant of every device.
//!
//! `everywhere` has compared all variants bit for bit when it returns, so what is asserted of its outputs
//! is asserted of every variant's.

mod checks;
#[path = "../common/mod.rs"]
mod common;
mod forms;
mod values;
