//! The shapes that break kernels, by name: each on every variant of every device, against the oracle and
//! bit for bit against each other.

#[path = "../common/mod.rs"]
mod common;
mod shapes;
mod staged;
mod times;
