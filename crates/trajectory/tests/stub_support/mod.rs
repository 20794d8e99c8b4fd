//! What the tests of the launch path share: a device without hardware, requests on it, and a process
//! of its own for tests that compile kernels.

mod params;
mod requests;

pub use params::Fields;
pub use requests::{Memory, Shape};

use robocache_cuda::nvrtc::Compiler;
use robocache_cuda::{Context, Driver, Stream};
use robocache_testkit::stub::{Config, Device, Stub};
use std::io::Write;
use std::process::Command;
use std::sync::Arc;

/// What a launch on a prepared plan asks of the driver; nothing else may ever come in between.
pub const LAUNCH: [&str; 3] = [
    "cuCtxPushCurrent_v2",
    "cuLaunchKernel",
    "cuCtxPopCurrent_v2",
];

/// A stub's first device, with a stream on it. Dropped in this order.
pub struct Rig {
    pub stream: Stream,
    pub context: Arc<Context>,
    pub driver: Driver,
    pub stub: Stub,
}

impl Rig {
    pub fn new(devices: impl IntoIterator<Item = Device>) -> Rig {
        // What was chosen on this thread for a device of the same number is not for this one.
        robocache_registry::dispatch::forget_choices();
        let stub = Stub::install(Config::new(devices));
        // SAFETY: every kernel of this operation takes one `Params`.
        unsafe { stub.param_bytes(Fields::of_params().bytes()) };
        let driver = stub.driver().unwrap();
        let context = driver.context(0).unwrap();
        let stream = Stream::new(&context).unwrap();
        Rig {
            stream,
            context,
            driver,
            stub,
        }
    }

    /// Drops all but the stub, which must then be clean.
    #[track_caller]
    pub fn assert_clean(self) {
        let Rig {
            stream,
            context,
            driver,
            stub,
        } = self;
        drop((stream, context, driver));
        stub.assert_clean();
    }
}

const CHILD: &str = "ROBOCACHE_STUB_CHILD";

/// Runs `body` in a process of its own, in which a fresh folder holds the compiled kernels: the
/// environment is read once per process, and the user's own cache stays untouched. `test` is the path of
/// the test that calls this, as the test program lists it.
///
/// Where kernels can be had in no way, says so and runs nothing; `ROBOCACHE_REQUIRE_NVRTC=1` makes that
/// a failure.
#[track_caller]
pub fn with_kernels(test: &str, body: impl FnOnce()) {
    if std::env::var_os(CHILD).is_some_and(|name| name == test) {
        return body();
    }
    if let Err(reason) = kernels() {
        let required = std::env::var_os("ROBOCACHE_REQUIRE_NVRTC").is_some_and(|v| v == "1");
        assert!(!required, "{test} needs kernels: {reason}");
        return skipped(test, &reason);
    }
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(CHILD, test)
        .env("ROBOCACHE_CACHE_DIR", folder.path())
        .env_remove("ROBOCACHE_FORCE_VARIANT")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(
        output.status.success() && out.contains("1 passed"),
        "{test} in its own process: {}\n{out}\n{err}",
        output.status
    );
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
