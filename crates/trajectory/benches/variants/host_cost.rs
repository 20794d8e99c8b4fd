//! What a launch costs on the host: a plan's beside the driver's own.

use crate::on_cuda::Set;
use crate::report::Report;
use crate::shapes::{Shape, Times, samples};
use robocache_core::{DType, Error, Result};
use robocache_cuda::{Context, Stream, Workspace};
use robocache_trajectory::{Options, Plan, Resample, enqueue};
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
                32,
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
    let set = std::cell::RefCell::new(set);
    let request = |run: &dyn Fn(Resample<'_>) -> Result<()>| {
        run(set
            .borrow_mut()
            .request::<f32>(&shape, Options::default())?)
    };
    let planned = |request: Resample<'_>| plan.launch(request, Workspace::none(), &stream, None);
    let direct = |request: Resample<'_>| enqueue(request, &stream, None);
    let nothing = |request: Resample<'_>| {
        std::hint::black_box(request);
        Ok(())
    };
    let mut built = || request(&nothing);
    let mut planned = || request(&planned);
    let mut direct = || request(&direct);
    let mut measured: [(&str, Launch<'_>, Vec<f64>); 4] = [
        ("bare cuLaunchKernel", &mut bare, Vec::new()),
        ("building the request alone", &mut built, Vec::new()),
        (
            "building the request and Plan::launch",
            &mut planned,
            Vec::new(),
        ),
        ("building the request and enqueue", &mut direct, Vec::new()),
    ];
    // In turn, so that a drift of the machine's speed meets all alike.
    for _ in 0..launches.div_ceil(BATCH) {
        for (_, launch, nanos) in &mut measured {
            nanos.push(batch(&stream, launch)?);
        }
    }
    let measured = measured.map(|(name, _, nanos)| (name.to_owned(), nanos));
    report.host.extend(measured);
    // SAFETY: leaves no context current, as it was.
    assert_eq!(unsafe { set_current(std::ptr::null_mut()) }, 0);
    Ok(())
}

type Launch<'l> = &'l mut dyn FnMut() -> Result<()>;

/// Nanoseconds per call.
fn batch(stream: &Stream, launch: &mut Launch<'_>) -> Result<f64> {
    let start = Instant::now();
    for _ in 0..BATCH {
        launch()?;
    }
    let nanos = start.elapsed().as_secs_f64() * 1e9 / BATCH as f64;
    stream.synchronize()?;
    Ok(nanos)
}
