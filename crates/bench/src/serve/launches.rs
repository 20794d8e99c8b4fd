//! What does a launch cost on the host: ours, beside the driver's own?
//!
//! The one place that names an operation, since a launch needs a kernel to launch: the smallest problem
//! of resampling stands for all.

use crate::protocol::Launches;
use anyhow::{Context as _, Result, ensure};
use robocache::cuda::{Context, DeviceBuffer, Driver, Stream, Workspace};
use robocache::trajectory::{Plan, Resample, enqueue};
use robocache::{Layout, TimeAxis};
use std::ffi::{c_uint, c_void};
use std::sync::Arc;
use std::time::Instant;

/// Launches between two waits: well below what the driver queues before it blocks.
const BATCH: usize = 200;

const SAMPLES: usize = 8;
const COLUMNS: usize = 4;
const TARGETS: usize = 4;

/// Nanoseconds per call, over loops of 200 calls each.
///
/// # Errors
/// What the driver reports.
pub fn measure(ordinal: u32, count: usize) -> Result<Vec<Launches>> {
    let context = Driver::open()?.context(ordinal)?;
    let stream = Stream::new(&context)?;
    let mut memory = Memory::new(&context, &stream)?;
    let plan = Plan::new_cuda(&memory.request()?, &context)?;
    let function = plan
        .function()
        .context("a plan for a device has a function")?;
    let mut bare = Bare::new(&context, function.raw(), stream.raw())?;
    let mut series = [
        "bare cuLaunchKernel",
        "building the request alone",
        "building the request and Plan::launch",
        "building the request and enqueue",
    ]
    .map(|what| Launches {
        what: what.to_owned(),
        nanos: Vec::new(),
    });
    // In turn, so that a drift of the machine's speed meets all alike.
    for _ in 0..count.div_ceil(BATCH) {
        for (kind, series) in series.iter_mut().enumerate() {
            let start = Instant::now();
            for _ in 0..BATCH {
                match kind {
                    0 => bare.launch()?,
                    1 => drop(std::hint::black_box(memory.request()?)),
                    2 => plan.launch(memory.request()?, Workspace::none(), &stream, None)?,
                    _ => enqueue(memory.request()?, &stream, None)?,
                }
            }
            let nanos = start.elapsed().as_secs_f64() * 1e9 / BATCH as f64;
            series.nanos.push(nanos);
            stream.synchronize()?;
        }
    }
    Ok(series.into())
}

struct Memory {
    data: DeviceBuffer,
    source: DeviceBuffer,
    target: DeviceBuffer,
    out: DeviceBuffer,
}

impl Memory {
    fn new(context: &Arc<Context>, stream: &Stream) -> Result<Memory> {
        let ascending = |count: usize| (0..count).map(|i| i as f32).collect::<Vec<_>>();
        Ok(Memory {
            data: DeviceBuffer::upload(stream, &ascending(SAMPLES * COLUMNS))?,
            source: DeviceBuffer::upload(stream, &ascending(SAMPLES))?,
            target: DeviceBuffer::upload(stream, &ascending(TARGETS))?,
            out: DeviceBuffer::new(context, TARGETS * COLUMNS * size_of::<f32>())?,
        })
    }

    fn request(&mut self) -> robocache::Result<Resample<'_>> {
        let (source, target) = (
            Layout::contiguous([1, SAMPLES])?,
            Layout::contiguous([1, TARGETS])?,
        );
        let source = TimeAxis::PerRow(self.source.view::<f32, 2>(0, source)?);
        let target = TimeAxis::PerRow(self.target.view::<f32, 2>(0, target)?);
        let data = Layout::contiguous([1, SAMPLES, COLUMNS])?;
        let out = Layout::contiguous([1, TARGETS, COLUMNS])?;
        Ok(Resample::new(
            self.data.view::<f32, 3>(0, data)?,
            source,
            target,
            self.out.view_mut::<f32, 3>(0, out)?,
        ))
    }
}

type LaunchKernel = unsafe extern "C" fn(
    *mut c_void,
    c_uint,
    c_uint,
    c_uint,
    c_uint,
    c_uint,
    c_uint,
    c_uint,
    *mut c_void,
    *mut *mut c_void,
    *mut *mut c_void,
) -> u32;
type SetCurrent = unsafe extern "C" fn(*mut c_void) -> u32;

/// The driver's own launch, of the same function with a context that is current all the time, as it is
/// in a PyTorch process.
struct Bare {
    launch: LaunchKernel,
    set_current: SetCurrent,
    function: *mut c_void,
    stream: *mut c_void,
    /// As many bytes as the kernel takes, and more; all zeros mean no targets, so that it returns at
    /// once.
    parameters: [u64; 64],
    _library: libloading::Library,
}

impl Bare {
    fn new(context: &Context, function: u64, stream: u64) -> Result<Bare> {
        // SAFETY: the driver is loaded already; the two functions have these signatures, and live as
        // long as the library, which is kept beside them.
        let bare = unsafe {
            let library = libloading::Library::new("libcuda.so.1")?;
            Bare {
                launch: *library.get::<LaunchKernel>(b"cuLaunchKernel\0")?,
                set_current: *library.get::<SetCurrent>(b"cuCtxSetCurrent\0")?,
                function: function as *mut c_void,
                stream: stream as *mut c_void,
                parameters: [0; 64],
                _library: library,
            }
        };
        // SAFETY: the handle is that of a live context.
        let code = unsafe { (bare.set_current)(context.raw() as *mut c_void) };
        ensure!(code == 0, "cuCtxSetCurrent gives {code}");
        Ok(bare)
    }

    fn launch(&mut self) -> Result<()> {
        let mut arguments = [self.parameters.as_mut_ptr().cast::<c_void>()];
        let none = std::ptr::null_mut::<*mut c_void>();
        // SAFETY: function and stream are live; the parameter block is at least as large as the
        // kernel's, and makes it touch nothing.
        let code = unsafe {
            (self.launch)(
                self.function,
                1,
                1,
                1,
                32,
                1,
                1,
                0,
                self.stream,
                arguments.as_mut_ptr(),
                none,
            )
        };
        ensure!(code == 0, "cuLaunchKernel gives {code}");
        Ok(())
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // SAFETY: leaves no context current, as it was.
        unsafe { (self.set_current)(std::ptr::null_mut()) };
    }
}
