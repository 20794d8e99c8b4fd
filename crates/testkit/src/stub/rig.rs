//! A device without hardware, with what a test of the launch path needs of it.

use super::{Config, Stub};
use robocache_cuda::{Context, Driver, Stream};
use std::sync::Arc;

/// A stub's first device, with a stream on it. Dropped in this order.
pub struct Rig {
    /// A stream of the context.
    pub stream: Arc<Stream>,
    /// The context of the first device.
    pub context: Arc<Context>,
    /// The driver behind the stub.
    pub driver: Driver,
    /// The stub of this thread.
    pub stub: Stub,
}

impl Rig {
    /// A rig on a stub installed anew.
    ///
    /// # Panics
    /// If the stub is configured to refuse it.
    pub fn new(config: Config) -> Rig {
        // What was chosen on this thread for a device of the same number is not for this one.
        robocache_registry::dispatch::forget_choices();
        let stub = Stub::install(config);
        let driver = stub.driver().expect("a driver");
        let context = driver.context(0).expect("a device");
        let stream = Arc::new(Stream::new(&context).expect("a stream"));
        Rig {
            stream,
            context,
            driver,
            stub,
        }
    }

    /// Drops all but the stub, which must then be clean.
    ///
    /// # Panics
    /// If it is not.
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
