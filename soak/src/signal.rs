//! Did somebody ask the run to end?

use anyhow::{Context, Result};
use std::sync::atomic::{AtomicBool, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);

/// Makes SIGINT, SIGTERM and SIGHUP ask; whoever asks twice means at once.
///
/// # Errors
/// If the handler cannot be set.
pub fn watch() -> Result<()> {
    ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .context("signals cannot be watched for")
}

/// Whether somebody did.
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
