//! Events: points in a stream, and the time between them.

use crate::api::Handle;
use crate::{Context, Stream};
use robocache_core::Result;
use std::sync::Arc;

/// A point in a stream, with a time stamp of the device.
pub struct Event {
    context: Arc<Context>,
    handle: Handle,
}

// SAFETY: driver events may be used from any thread.
unsafe impl Send for Event {}
// SAFETY: as above.
unsafe impl Sync for Event {}

impl Event {
    /// A new event that measures time.
    ///
    /// # Errors
    /// [`Error::Driver`](robocache_core::Error::Driver).
    pub fn new(context: &Arc<Context>) -> Result<Event> {
        context.with_current(|| {
            let mut handle: Handle = std::ptr::null_mut();
            // SAFETY: the context is current; one handle is written, destroyed in drop.
            let code = unsafe { (context.api().cuEventCreate)(&mut handle, 0) };
            context.check("cuEventCreate", code)?;
            Ok(Event {
                context: context.clone(),
                handle,
            })
        })
    }

    /// Marks the work enqueued so far.
    ///
    /// # Errors
    /// [`Error::Driver`](robocache_core::Error::Driver).
    pub fn record(&self, stream: &Stream) -> Result<()> {
        // SAFETY: both handles live.
        let record = || unsafe { (self.context.api().cuEventRecord)(self.handle, stream.handle()) };
        self.context
            .with_current(|| self.context.check("cuEventRecord", record()))
    }

    /// Waits until the marked work is done.
    ///
    /// # Errors
    /// [`Error::Driver`](robocache_core::Error::Driver).
    pub fn synchronize(&self) -> Result<()> {
        // SAFETY: the handle lives.
        let wait = || unsafe { (self.context.api().cuEventSynchronize)(self.handle) };
        self.context
            .with_current(|| self.context.check("cuEventSynchronize", wait()))
    }

    /// Makes later work of a stream wait for the marked work.
    ///
    /// # Errors
    /// [`Error::Driver`](robocache_core::Error::Driver).
    pub fn hold_back(&self, stream: &Stream) -> Result<()> {
        // SAFETY: both handles live.
        let wait =
            || unsafe { (self.context.api().cuStreamWaitEvent)(stream.handle(), self.handle, 0) };
        self.context
            .with_current(|| self.context.check("cuStreamWaitEvent", wait()))
    }

    /// Device time from `start` to this event, in microseconds; both must be done.
    ///
    /// # Errors
    /// [`Error::Driver`](robocache_core::Error::Driver), also if one of them is not done.
    pub fn micros_since(&self, start: &Event) -> Result<f64> {
        let mut millis = 0f32;
        // SAFETY: both handles live; one float is written.
        let mut read = || unsafe {
            (self.context.api().cuEventElapsedTime)(&mut millis, start.handle, self.handle)
        };
        self.context
            .with_current(|| self.context.check("cuEventElapsedTime", read()))?;
        Ok(f64::from(millis) * 1e3)
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: created by `new`.
        let destroy = || unsafe { (self.context.api().cuEventDestroy_v2)(self.handle) };
        self.context.release("cuEventDestroy", destroy);
    }
}
