//! Emulated devices in the place of this machine's.

use super::{Emulation, Order};
use crate::stub::{Config, Device, Stub};
use robocache_core::Result;
use robocache_cuda::{Context, Driver};
use std::cell::RefCell;
use std::sync::Arc;

thread_local! {
    static DRIVER: RefCell<Option<Arc<Driver>>> = const { RefCell::new(None) };
}

/// The context on which a case runs: of a device of this machine, or of an emulated one inside of [`instead`].
///
/// # Errors
/// Those of [`Driver::open`] and [`Driver::context`].
pub fn context(ordinal: u32) -> Result<Arc<Context>> {
    match DRIVER.with_borrow(Clone::clone) {
        Some(driver) => driver.context(ordinal),
        None => Driver::open()?.context(ordinal),
    }
}

/// Calls something on this thread that finds emulated devices where it looks for CUDA devices by [`context`]. A
/// stub that was installed on this thread before is gone afterwards.
///
/// # Errors
/// What the emulation found wrong, in words, and what was left behind; then the result does not count.
pub fn instead<R>(
    devices: &[Device],
    order: Order,
    work: impl FnOnce() -> R,
) -> std::result::Result<R, String> {
    let stub = Stub::install(Config {
        emulation: Some(Emulation::new(order)),
        ..Config::new(devices.iter().copied())
    });
    let driver = stub.driver().map_err(|error| error.to_string())?;
    // Where it ends by a panic, too.
    let put_back = PutBack;
    DRIVER.set(Some(Arc::new(driver)));
    let result = work();
    drop(put_back);
    let wrong = [stub.violations(), stub.leaks()].concat();
    // All memory that was ever asked for is kept until then.
    Stub::install(Config::new([]));
    if wrong.is_empty() {
        Ok(result)
    } else {
        Err(wrong.join("\n"))
    }
}

struct PutBack;

impl Drop for PutBack {
    fn drop(&mut self) {
        DRIVER.set(None);
    }
}
