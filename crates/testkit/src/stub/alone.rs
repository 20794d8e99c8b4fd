//! Tests in a process of their own: the environment is read once per process, and the user's own cache stays
//! untouched.

use robocache_cuda::nvrtc::Compiler;
use std::io::Write;
use std::process::Command;

const CHILD: &str = "ROBOCACHE_STUB_CHILD";

/// Runs `body` in a process of its own, in which a fresh folder is the cache. `test` is the path of the test that
/// calls this, as the test program lists it.
///
/// # Panics
/// If the test fails there.
#[track_caller]
pub fn alone(test: &str, body: impl FnOnce()) {
    if is_child(test) {
        return body();
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = std::env::current_exe().expect("the test program");
    let output = Command::new(program)
        .args([test, "--exact", "--nocapture"])
        .env(CHILD, test)
        .env("ROBOCACHE_CACHE_DIR", folder.path())
        .env_remove("ROBOCACHE_FORCE_VARIANT")
        .output()
        .expect("the test program can be started");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(
        output.status.success() && out.contains("1 passed"),
        "{test} in its own process: {}\n{out}\n{err}",
        output.status
    );
}

fn is_child(test: &str) -> bool {
    std::env::var_os(CHILD).is_some_and(|name| name == test)
}

/// As [`alone`], where compiled kernels can be had.
///
/// Where they can be had in no way, says so and runs nothing; `ROBOCACHE_REQUIRE_NVRTC=1` makes that a failure.
///
/// # Panics
/// If the test fails, or kernels are required and cannot be had.
#[track_caller]
pub fn with_kernels(test: &str, body: impl FnOnce()) {
    if let (false, Err(reason)) = (is_child(test), kernels()) {
        let required = std::env::var_os("ROBOCACHE_REQUIRE_NVRTC").is_some_and(|v| v == "1");
        assert!(!required, "{test} needs kernels: {reason}");
        return skipped(test, &reason);
    }
    alone(test, body);
}

/// Whether kernels can be had: embedded, or compiled.
fn kernels() -> Result<(), String> {
    if !robocache_kernels::IMAGES.is_empty() {
        return Ok(());
    }
    Compiler::open().map(|_| ()).map_err(str::to_owned)
}

/// Says that a test did not run, past the test program's capture of what passing tests print.
pub fn skipped(test: &str, reason: &str) {
    let line = format!("{test} skipped: {reason}\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}
