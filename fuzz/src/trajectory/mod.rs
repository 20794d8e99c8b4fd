//! Resampling, from bytes.

mod kinds;
pub mod plan;
mod trial;
pub mod variants;
