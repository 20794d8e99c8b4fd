//! Streams and the launch path.

use crate::Context;
use crate::api::{Handle, LaunchAttribute, LaunchShape};
use crate::module::Function;
use robocache_core::Result;
use std::ffi::{c_int, c_void};
use std::sync::Arc;

/// The shape of a launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct LaunchConfig {
    /// Blocks along x; the kernels of RoboCache use one dimension.
    pub blocks: u32,
    /// Threads per block.
    pub threads: u32,
    /// Dynamic shared memory, bytes per block.
    pub shared_bytes: u32,
    /// Whether it may begin while the kernel before it on the stream ends. It has to wait for that one itself, by
    /// `griddepcontrol.wait`, before it looks at what it leaves. Nothing on devices before compute capability 9.0.
    pub overlaps: bool,
}

/// An order of work on a device: one of our own, or one borrowed from another framework.
pub struct Stream {
    context: Arc<Context>,
    handle: Handle,
    owned: bool,
}

// SAFETY: driver streams may be used from any thread.
unsafe impl Send for Stream {}
// SAFETY: as above.
unsafe impl Sync for Stream {}

impl Stream {
    /// A new stream that does not wait for the legacy default stream.
    ///
    /// # Errors
    /// [`Error::Driver`](robocache_core::Error::Driver).
    pub fn new(context: &Arc<Context>) -> Result<Stream> {
        const NON_BLOCKING: u32 = 1;
        context.with_current(|| {
            let mut handle: Handle = std::ptr::null_mut();
            // SAFETY: the context is current; one handle is written, destroyed in drop.
            let code = unsafe { (context.api().cuStreamCreate)(&mut handle, NON_BLOCKING) };
            context.check("cuStreamCreate", code)?;
            Ok(Stream {
                context: context.clone(),
                handle,
                owned: true,
            })
        })
    }

    /// A stream that another framework owns, for example PyTorch's current one. Null is the legacy
    /// default stream.
    ///
    /// # Safety
    /// The handle must be a stream of this context's device and outlive the result.
    pub unsafe fn borrow_raw(context: &Arc<Context>, handle: u64) -> Stream {
        Stream {
            context: context.clone(),
            handle: handle as Handle,
            owned: false,
        }
    }

    /// The context it belongs to.
    #[inline]
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// The driver's handle, for other libraries.
    pub fn raw(&self) -> u64 {
        self.handle as u64
    }

    pub(crate) fn handle(&self) -> Handle {
        self.handle
    }

    /// Waits for all work enqueued so far.
    ///
    /// # Errors
    /// [`Error::Driver`](robocache_core::Error::Driver), also for a fault of that work.
    pub fn synchronize(&self) -> Result<()> {
        // SAFETY: the stream lives.
        let wait = || unsafe { (self.context.api().cuStreamSynchronize)(self.handle) };
        self.context
            .with_current(|| self.context.check("cuStreamSynchronize", wait()))
    }

    /// Whether work on this stream is being captured into a graph.
    ///
    /// # Errors
    /// [`Error::Driver`](robocache_core::Error::Driver).
    pub fn is_capturing(&self) -> Result<bool> {
        let mut state: c_int = 0;
        // SAFETY: the stream lives; one integer is written.
        let mut ask =
            || unsafe { (self.context.api().cuStreamIsCapturing)(self.handle, &mut state) };
        self.context
            .with_current(|| self.context.check("cuStreamIsCapturing", ask()))?;
        Ok(state != 0)
    }

    /// Enqueues a kernel that takes one parameter struct.
    ///
    /// # Safety
    /// The function must belong to this stream's context and take a parameter of exactly the layout
    /// of `P`; all memory it will touch must stay allocated until it has finished.
    ///
    /// # Errors
    /// [`Error::Driver`](robocache_core::Error::Driver).
    #[inline]
    pub unsafe fn launch<P: Copy>(
        &self,
        function: Function,
        config: &LaunchConfig,
        params: &P,
    ) -> Result<()> {
        let context = &*self.context;
        let mut arguments = [std::ptr::from_ref(params).cast_mut().cast::<c_void>()];
        if config.overlaps && context.can_overlap() {
            let mut attribute = LaunchAttribute::overlaps();
            let shape = LaunchShape {
                grid: [config.blocks, 1, 1],
                block: [config.threads, 1, 1],
                shared_bytes: config.shared_bytes,
                stream: self.handle,
                attributes: &raw mut attribute,
                attribute_count: 1,
            };
            return context.with_current(|| {
                // SAFETY: as below.
                let code = unsafe {
                    (context.api().cuLaunchKernelEx)(
                        &shape,
                        function.handle(),
                        arguments.as_mut_ptr(),
                        std::ptr::null_mut(),
                    )
                };
                context.check("cuLaunchKernelEx", code)
            });
        }
        context.with_current(|| {
            // SAFETY: the caller vouches for the function and its parameter, which the driver copies
            // before it returns.
            let code = unsafe {
                (context.api().cuLaunchKernel)(
                    function.handle(),
                    config.blocks,
                    1,
                    1,
                    config.threads,
                    1,
                    1,
                    config.shared_bytes,
                    self.handle,
                    arguments.as_mut_ptr(),
                    std::ptr::null_mut(),
                )
            };
            context.check("cuLaunchKernel", code)
        })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.owned {
            // SAFETY: created by `new`; work still enqueued is finished by the driver.
            let destroy = || unsafe { (self.context.api().cuStreamDestroy_v2)(self.handle) };
            self.context.release("cuStreamDestroy", destroy);
        }
    }
}
