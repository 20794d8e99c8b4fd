//! `cargo xtask gpu-bundle`: what a GPU machine without Rust and without network needs.
use anyhow::Result;
use std::path::Path;

/// Builds and collects.
pub fn run(_out: &Path) -> Result<()> {
    anyhow::bail!("being written")
}
