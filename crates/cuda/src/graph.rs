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
        let context = stream.context();
        let api = context.api();
        let capture = Capture::begin(stream)?;
        let worked = work(stream);
        let captured = capture.end();
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

/// A capture in progress. It ends with this value, also where a call around it fails or the work that
/// was to be captured panics: left open, it would make the stream unusable, which may be somebody
/// else's.
struct Capture<'s> {
    stream: &'s Stream,
    open: bool,
}

impl Capture<'_> {
    fn begin(stream: &Stream) -> Result<Capture<'_>> {
        const THREAD_LOCAL: u32 = 1;
        let context = stream.context();
        context.with_current(|| {
            // SAFETY: the stream lives.
            let code =
                unsafe { (context.api().cuStreamBeginCapture_v2)(stream.handle(), THREAD_LOCAL) };
            context.check("cuStreamBeginCapture", code)?;
            Ok(Capture { stream, open: true })
        })
    }

    fn end(mut self) -> Result<Template> {
        let context = self.stream.context();
        context.with_current(|| {
            self.open = false;
            let mut handle: Handle = std::ptr::null_mut();
            // SAFETY: the stream is being captured; one handle is written.
            let code =
                unsafe { (context.api().cuStreamEndCapture)(self.stream.handle(), &mut handle) };
            let template = Template {
                context: context.clone(),
                handle,
            };
            context.check("cuStreamEndCapture", code)?;
            Ok(template)
        })
    }
}

impl Drop for Capture<'_> {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        let context = self.stream.context();
        let mut handle: Handle = std::ptr::null_mut();
        // SAFETY: the stream is being captured; one handle is written.
        let end =
            || unsafe { (context.api().cuStreamEndCapture)(self.stream.handle(), &mut handle) };
        context.release("cuStreamEndCapture", end);
        drop(Template {
            context: context.clone(),
            handle,
        });
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
