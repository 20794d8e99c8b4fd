//! Work captured once and replayed as one launch.

use crate::api::Handle;
use crate::{Context, Stream};
use robocache_core::{Error, Result};
use std::sync::Arc;

/// An executable graph of captured work.
pub struct Graph {
    context: Arc<Context>,
    handle: Handle,
}

// SAFETY: an executable graph may be used from any thread, one launch at a time as the driver asks;
// `launch` takes `&mut self`.
unsafe impl Send for Graph {}

impl Graph {
    /// Captures what `work` enqueues on `stream`. Nothing runs yet, and the memory that the work
    /// touches must stay allocated as long as the graph is launched.
    ///
    /// # Errors
    /// The error of `work`; [`Error::Driver`] if the work cannot be captured.
    pub fn capture(stream: &Stream, work: impl FnOnce(&Stream) -> Result<()>) -> Result<Graph> {
        const THREAD_LOCAL: u32 = 1;
        let context = stream.context();
        let api = context.api();
        // SAFETY: the stream lives.
        let begin = || unsafe { (api.cuStreamBeginCapture_v2)(stream.handle(), THREAD_LOCAL) };
        context.with_current(|| context.check("cuStreamBeginCapture", begin()))?;
        let worked = work(stream);
        // The capture has to be ended whatever happened, or the stream stays unusable.
        let captured = context.with_current(|| {
            let mut graph: Handle = std::ptr::null_mut();
            // SAFETY: the stream is being captured; one handle is written.
            let code = unsafe { (api.cuStreamEndCapture)(stream.handle(), &mut graph) };
            let template = Template {
                context: context.clone(),
                handle: graph,
            };
            context.check("cuStreamEndCapture", code)?;
            Ok(template)
        });
        worked?;
        let template = captured?;
        if template.handle.is_null() {
            return Err(Error::memory("graph", "the capture gave no graph"));
        }
        context.with_current(|| {
            let mut handle: Handle = std::ptr::null_mut();
            // SAFETY: the template lives; one handle is written, destroyed in drop.
            let code =
                unsafe { (api.cuGraphInstantiateWithFlags)(&mut handle, template.handle, 0) };
            context.check("cuGraphInstantiate", code)?;
            Ok(Graph {
                context: context.clone(),
                handle,
            })
        })
    }

    /// Enqueues the captured work.
    ///
    /// # Errors
    /// [`Error::Driver`].
    pub fn launch(&mut self, stream: &Stream) -> Result<()> {
        // SAFETY: both handles live.
        let launch = || unsafe { (self.context.api().cuGraphLaunch)(self.handle, stream.handle()) };
        self.context
            .with_current(|| self.context.check("cuGraphLaunch", launch()))
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        // SAFETY: instantiated in `capture`.
        let destroy = || unsafe { (self.context.api().cuGraphExecDestroy)(self.handle) };
        self.context.release("cuGraphExecDestroy", destroy);
    }
}

/// The captured graph, from which the executable one is made.
struct Template {
    context: Arc<Context>,
    handle: Handle,
}

impl Drop for Template {
    fn drop(&mut self) {
        if !self.handle.is_null() {
            // SAFETY: handed out by the end of a capture.
            let destroy = || unsafe { (self.context.api().cuGraphDestroy)(self.handle) };
            self.context.release("cuGraphDestroy", destroy);
        }
    }
}
