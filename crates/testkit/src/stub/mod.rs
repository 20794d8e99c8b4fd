//! A CUDA driver that records every call, keeps no device, and fails where it is told to.
//!
//! | file | question it answers |
//! |---|---|
//! | `device.rs` | what do the devices report? |
//! | `record.rs` | what is kept of a call? |
//! | `state.rs` | when does a call fail, and what was left behind? |
//! | `context.rs` | initialisation, devices, the stack of contexts |
//! | `memory.rs` | allocations, copies, fills |
//! | `module.rs` | modules, functions, launches |
//! | `stream.rs` | streams and events |
//! | `graph.rs` | captures and graphs |
//! | `codes.rs` | result codes and their names |
//! | `rig.rs` | what does a test of the launch path need of a device? |
//! | `failures.rs` | what becomes of work when one of its calls fails? |
//! | `alone.rs` | how does a test come to a process and a cache of its own? |
//!
//! [`Stub::install`] gives the calling thread a driver of its own: state is thread-local, so tests run
//! side by side without seeing each other, and a driver must be used on the thread that installed it.
//! Memory is real host memory at the addresses handed out, so copies and fills work and what a kernel
//! would read can be looked at. Kernels do not run, unless [`Config::emulation`] says how. Freed memory stays reserved until the
//! next installation, so that no address is ever given out twice and every use after a free is seen.
//!
//! What the real driver would answer with undefined behaviour is a *violation*: recorded, and refused
//! with an error code. What was never released, nor tried to be, is a *leak*.
//!
//! Two simplifications: work is done as soon as it is enqueued, and during a capture only kernels,
//! fills, copies on the device and events are taken into the graph.

mod alone;
mod codes;
mod context;
mod device;
pub mod failures;
mod graph;
mod memory;
mod module;
mod record;
mod rig;
mod state;
mod stream;

pub use alone::{alone, skipped, with_kernels};
pub use device::Device;
pub use record::{Call, Launch};
pub use rig::Rig;

use crate::emulate::Emulation;
use robocache_core::Result;
use robocache_cuda::{Api, Driver};
use robocache_registry::{KernelEntry, Source};
use state::{Planted, State};
use std::borrow::Cow;
use std::marker::PhantomData;

/// What [`Stub::install`] simulates.
#[derive(Clone, Debug)]
pub struct Config {
    /// The devices, by ordinal.
    pub devices: Vec<Device>,
    /// The driver's CUDA version, as 1000 * major + 10 * minor.
    pub driver_version: i32,
    /// What `cuInit` returns.
    pub init_code: u32,
    /// The driver's number of the first device. Zero with every real driver, though its
    /// documentation does not promise so.
    pub first_device: i32,
    /// How kernels run on the CPU; without it launches are recorded and nothing else.
    pub emulation: Option<Emulation>,
    /// Whether kernels are looked up by their names alone, so that none has to be compiled. Always so where they are
    /// emulated.
    pub uncompiled: bool,
}

impl Config {
    /// A good driver with these devices.
    pub fn new(devices: impl IntoIterator<Item = Device>) -> Config {
        Config {
            devices: devices.into_iter().collect(),
            driver_version: 12_040,
            init_code: 0,
            first_device: 0,
            emulation: None,
            uncompiled: false,
        }
    }

    /// The same, without a need for compiled kernels.
    #[must_use]
    pub fn uncompiled(mut self) -> Config {
        self.uncompiled = true;
        self
    }
}

/// The stub driver of this thread.
pub struct Stub {
    /// The state is this thread's.
    not_send: PhantomData<*const ()>,
}

impl Stub {
    /// Forgets whatever the thread's stub held, and starts over. Handles, addresses and drivers from
    /// before must not be used any more.
    pub fn install(config: Config) -> Stub {
        state::install(State::new(config));
        Stub {
            not_send: PhantomData,
        }
    }

    /// The table, for a test that plays another library of the process.
    pub fn api(&self) -> &'static Api {
        &API
    }

    /// A driver behind the stub.
    ///
    /// # Errors
    /// Those of [`Driver::with_api`], where the configuration or a planted failure asks for them.
    pub fn driver(&self) -> Result<Driver> {
        if state::with(|state| state.config.emulation.is_some() || state.config.uncompiled) {
            return Driver::with_images(&API, nameless_image);
        }
        Driver::with_api(&API)
    }

    /// Every call so far, in order.
    pub fn calls(&self) -> Vec<Call> {
        state::with(|state| state.calls.clone())
    }

    /// The names of all calls so far.
    pub fn names(&self) -> Vec<&'static str> {
        state::with(|state| state.calls.iter().map(|call| call.name).collect())
    }

    /// Forgets the calls so far; nothing else.
    pub fn clear_calls(&self) {
        state::with(|state| {
            state.calls.clear();
            state.failed = None;
        });
    }

    /// Every kernel that ran so far, whether launched by itself or by a graph.
    pub fn launches(&self) -> Vec<Launch> {
        state::with(|state| {
            let all = state.calls.iter().flat_map(|call| &call.launches);
            all.filter(|launch| !launch.captured).cloned().collect()
        })
    }

    /// Makes the `n`-th call from now fail with that code and without effect; 1 is the next call.
    pub fn fail_call(&self, n: usize, code: u32) {
        state::with(|state| {
            state.planted = Some(Planted { left: n, code });
            state.failed = None;
        });
    }

    /// Where among [`calls`](Self::calls) the planted failure struck, if it did.
    pub fn failed(&self) -> Option<usize> {
        state::with(|state| state.failed)
    }

    /// Breaks the device that runs the `k`-th kernel from now on: that launch succeeds, as launches
    /// do, and every later call of its context returns the code.
    pub fn break_after_launch(&self, k: usize, code: u32) {
        state::with(|state| state.fault = Some(Planted { left: k, code }));
    }

    /// How many bytes to record of each kernel's first parameter; none at first, as a driver only
    /// learns their number from the kernel.
    ///
    /// # Safety
    /// From now on every launch on this thread must pass a first parameter of at least so many bytes.
    pub unsafe fn param_bytes(&self, bytes: usize) {
        state::with(|state| state.param_bytes = bytes);
    }

    /// The ordinals of the contexts on this thread's stack, the current one last.
    pub fn stack(&self) -> Vec<u32> {
        state::with(|state| state.stack.iter().map(|&ordinal| ordinal as u32).collect())
    }

    /// Misuse so far, in words.
    pub fn violations(&self) -> Vec<String> {
        state::with(|state| state.violations.clone())
    }

    /// What is alive although nobody tried to release it: resources, contexts pushed and not popped,
    /// primary contexts retained, captures not ended.
    pub fn leaks(&self) -> Vec<String> {
        state::with(|state| state.leaks())
    }

    /// # Panics
    /// If there is a leak or a violation.
    #[track_caller]
    pub fn assert_clean(&self) {
        let (leaks, violations) = (self.leaks(), self.violations());
        assert!(
            leaks.is_empty() && violations.is_empty(),
            "leaks: {leaks:#?}, violations: {violations:#?}"
        );
    }
}

/// What stands for a compiled kernel where kernels are found by their names.
fn nameless_image(
    _: &'static Source,
    _: &'static KernelEntry,
    _: u32,
) -> Result<Cow<'static, [u8]>> {
    Ok(Cow::Borrowed(b"by name\0"))
}

static API: Api = Api {
    cuInit: context::init,
    cuDriverGetVersion: context::driver_get_version,
    cuGetErrorName: context::get_error_name,
    cuDeviceGetCount: context::device_get_count,
    cuDeviceGet: context::device_get,
    cuDeviceGetName: context::device_get_name,
    cuDeviceGetAttribute: context::device_get_attribute,
    cuDeviceTotalMem_v2: context::device_total_mem,
    cuDevicePrimaryCtxRetain: context::primary_ctx_retain,
    cuDevicePrimaryCtxRelease_v2: context::primary_ctx_release,
    cuCtxPushCurrent_v2: context::ctx_push_current,
    cuCtxPopCurrent_v2: context::ctx_pop_current,
    cuCtxSynchronize: context::ctx_synchronize,
    cuMemGetInfo_v2: memory::get_info,
    cuMemAlloc_v2: memory::alloc,
    cuMemFree_v2: memory::free,
    cuMemAllocAsync: memory::alloc_async,
    cuMemFreeAsync: memory::free_async,
    cuMemHostAlloc: memory::host_alloc,
    cuMemFreeHost: memory::free_host,
    cuMemcpyHtoDAsync_v2: memory::copy_to_device,
    cuMemcpyDtoHAsync_v2: memory::copy_to_host,
    cuMemcpyDtoDAsync_v2: memory::copy_on_device,
    cuMemsetD8Async: memory::fill,
    cuModuleLoadData: module::load_data,
    cuModuleUnload: module::unload,
    cuModuleGetFunction: module::get_function,
    cuFuncGetAttribute: module::func_get_attribute,
    cuFuncSetAttribute: module::func_set_attribute,
    cuLaunchKernel: module::launch_kernel,
    cuLaunchKernelEx: module::launch_kernel_ex,
    cuStreamCreate: stream::create,
    cuStreamDestroy_v2: stream::destroy,
    cuStreamSynchronize: stream::synchronize,
    cuStreamWaitEvent: stream::wait_event,
    cuStreamIsCapturing: graph::is_capturing,
    cuStreamBeginCapture_v2: graph::begin_capture,
    cuStreamEndCapture: graph::end_capture,
    cuGraphInstantiateWithFlags: graph::instantiate,
    cuGraphLaunch: graph::launch,
    cuGraphDestroy: graph::destroy,
    cuGraphExecDestroy: graph::exec_destroy,
    cuEventCreate: stream::event_create,
    cuEventRecord: stream::event_record,
    cuEventSynchronize: stream::event_synchronize,
    cuEventElapsedTime: stream::event_elapsed_time,
    cuEventDestroy_v2: stream::event_destroy,
};
