//! What a launch costs on the host: a plan's beside the driver's own.

use crate::on_cuda::Set;
use crate::report::Report;
use crate::shapes::{Shape, Times, samples};
use robocache_core::{DType, Error, Result};
use robocache_cuda::{Context, Stream, Workspace};
use robocache_trajectory::{Options, Plan, enqueue};
use std::ffi::{c_uint, c_void};
use std::sync::Arc;
use std::time::Instant;

/// Launches between two waits: well below what the driver queues before it blocks.
const BATCH: usize = 200;

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

pub fn run(report: &mut Report, context: &Arc<Context>, launches: usize) -> Result<()> {
    let shape = Shape {
        batch: 1,
        samples: 8,
        columns: 4,
        targets: 4,
        dtype: DType::F32,
    };
    let stream = Stream::new(context)?;
    let times = Times::new(&shape, 1);
    let data = samples(shape.batch * shape.samples * shape.columns, 1, |value| {
        value
    });
    let mut set = Set::new(&stream, &shape, &data, &times)?;
    let plan = Plan::new_cuda(&set.request::<f32>(&shape, Options::default())?, context)?;

    // SAFETY: the driver is loaded; the two functions have these signatures.
    let (launch, set_current) = unsafe {
        let library =
            libloading::Library::new("libcuda.so.1").map_err(|error| Error::DriverMissing {
                reason: error.to_string(),
            })?;
        let missing = |error: libloading::Error| Error::DriverMissing {
            reason: error.to_string(),
        };
        let launch = *library
            .get::<LaunchKernel>(b"cuLaunchKernel\0")
            .map_err(missing)?;
        let set_current = *library
            .get::<SetCurrent>(b"cuCtxSetCurrent\0")
            .map_err(missing)?;
        std::mem::forget(library);
        (launch, set_current)
    };
    // The context is current, as it is in a PyTorch process.
    // SAFETY: the handle is a live context.
    assert_eq!(unsafe { set_current(context.raw() as *mut c_void) }, 0);

    let function = plan
        .function()
        .expect("a plan for a device has a function")
        .raw();
    let (raw_function, raw_stream) = (function as *mut c_void, stream.raw() as *mut c_void);
    // As many bytes as the kernel takes; a grid of no targets returns at once.
    let mut parameters = [0u64; 64];
    let mut bare = || {
        let mut arguments = [parameters.as_mut_ptr().cast::<c_void>()];
        // SAFETY: the parameter block is at least as large as the kernel's; all zeros mean no targets.
        let code = unsafe {
            launch(
                raw_function,
                1,
                1,
                1,
                256,
                1,
                1,
                0,
                raw_stream,
                arguments.as_mut_ptr(),
                std::ptr::null_mut(),
            )
        };
        assert_eq!(code, 0);
        Ok(())
    };
    report.host.push((
        "bare cuLaunchKernel".into(),
        nanos(&stream, launches, &mut bare)?,
    ));
    let mut planned = || {
        plan.launch(
            set.request::<f32>(&shape, Options::default())?,
            Workspace::none(),
            &stream,
            None,
        )
    };
    report.host.push((
        "Plan::launch".into(),
        nanos(&stream, launches, &mut planned)?,
    ));
    let mut direct = || {
        enqueue(
            set.request::<f32>(&shape, Options::default())?,
            &stream,
            None,
        )
    };
    report
        .host
        .push(("enqueue".into(), nanos(&stream, launches, &mut direct)?));
    report.host.push((
        "bare cuLaunchKernel again".into(),
        nanos(&stream, launches, &mut bare)?,
    ));
    // SAFETY: leaves no context current, as it was.
    assert_eq!(unsafe { set_current(std::ptr::null_mut()) }, 0);
    Ok(())
}

/// Nanoseconds per call, a sample per batch.
fn nanos(
    stream: &Stream,
    launches: usize,
    launch: &mut dyn FnMut() -> Result<()>,
) -> Result<Vec<f64>> {
    let mut samples = Vec::new();
    for _ in 0..launches.div_ceil(BATCH) {
        let start = Instant::now();
        for _ in 0..BATCH {
            launch()?;
        }
        samples.push(start.elapsed().as_secs_f64() * 1e9 / BATCH as f64);
        stream.synchronize()?;
    }
    Ok(samples)
}
