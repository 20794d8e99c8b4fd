//! Why does memory that was freed not go back to the system?
//!
//! glibc's allocator keeps freed memory for later, in a pool per thread, and takes ever larger pieces
//! into these pools once one of that size was freed. Under random sizes the resident memory then wanders
//! by a hundred megabytes with no leak at all, in which a leak could hide. A program that is started with
//! fixed thresholds gives large pieces back at once.

use std::process::Command;

/// What mallopt(3) calls these, as environment variables.
const FIXED: [(&str, &str); 3] = [
    ("MALLOC_ARENA_MAX", "1"),
    ("MALLOC_MMAP_THRESHOLD_", "65536"),
    ("MALLOC_TRIM_THRESHOLD_", "65536"),
];

/// Starts this program over with fixed thresholds, unless it was started so, or its caller chose others.
/// Returns only where nothing is to be done, or cannot be.
#[cfg(unix)]
pub fn steady() {
    use std::os::unix::process::CommandExt;
    if FIXED
        .iter()
        .any(|(name, _)| std::env::var_os(name).is_some())
    {
        return;
    }
    if let Ok(program) = std::env::current_exe() {
        let error = Command::new(program)
            .args(std::env::args_os().skip(1))
            .envs(FIXED)
            .exec();
        eprintln!("note: the allocator's thresholds stay as they are: {error}");
    }
}

/// Other systems have other allocators.
#[cfg(not(unix))]
pub fn steady() {}
