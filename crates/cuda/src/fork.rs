//! Whether this process is a forked child of one that had used CUDA.
//!
//! CUDA's state does not survive a fork: calls in the child fail at best and hang at worst. A handler
//! that the C library runs in every new child keeps a flag, so that asking costs one load.

use robocache_core::{Error, Result};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

static FORKED: AtomicBool = AtomicBool::new(false);

#[cfg(unix)]
pub(crate) fn watch() {
    unsafe extern "C" {
        fn pthread_atfork(
            prepare: Option<extern "C" fn()>,
            parent: Option<extern "C" fn()>,
            child: Option<extern "C" fn()>,
        ) -> std::ffi::c_int;
    }
    extern "C" fn in_child() {
        FORKED.store(true, Ordering::Relaxed);
    }
    static WATCH: Once = Once::new();
    WATCH.call_once(|| {
        // SAFETY: the handler only stores to an atomic, which is allowed in a forked child.
        if unsafe { pthread_atfork(None, None, Some(in_child)) } != 0 {
            tracing::warn!("forks cannot be noticed: pthread_atfork failed");
        }
    });
}

#[cfg(not(unix))]
pub(crate) fn watch() {
    static WATCH: Once = Once::new();
    WATCH.call_once(|| {});
}

#[inline]
pub(crate) fn check() -> Result<()> {
    if FORKED.load(Ordering::Relaxed) {
        Err(Error::Forked)
    } else {
        Ok(())
    }
}
