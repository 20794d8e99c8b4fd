//! Modules, functions and launches.

use super::codes::{INVALID_IMAGE, INVALID_VALUE, LAUNCH_FAILED, NOT_FOUND, Outcome};
use super::graph::Work;
use super::record::Launch;
use super::state::{Kind, Needs, State, call, put, release};
use crate::emulate::{Kernel, Shape};
use robocache_cuda::api::{Handle, LaunchAttribute, LaunchShape, ResultCode};
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};

/// An entry point of a module.
pub(super) struct Function {
    name: String,
    module: u64,
    /// Static shared memory, bytes per block.
    static_shared: u32,
    /// The largest dynamic shared memory that a launch may ask for.
    most_shared: u32,
    /// What a launch runs; `None` where kernels are not emulated.
    kernel: Option<&'static Kernel>,
}

/// A kernel that a launch runs, with copies of its parameters: a graph keeps them after the call.
#[derive(Clone)]
pub(super) struct Emulated {
    kernel: &'static Kernel,
    params: Vec<Vec<Line>>,
}

/// As much alignment as a parameter can ask for.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

const STATIC_SHARED: c_int = 1; // CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES
const MAX_DYNAMIC_SHARED: c_int = 8; // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
const MOST_THREADS: u64 = 1024;

/// Takes any image but the empty text.
pub(super) unsafe extern "C" fn load_data(module: *mut Handle, image: *const c_void) -> ResultCode {
    call("cuModuleLoadData", Needs::Context, |state| {
        state.forbid_in_capture()?;
        // SAFETY: the function's contract: an image is at least one byte long.
        if image.is_null() || unsafe { image.cast::<u8>().read() } == 0 {
            return Err(INVALID_IMAGE);
        }
        let handle = state.create(Kind::Module)?;
        // SAFETY: the function's contract.
        unsafe { put(module, handle) }
    })
}

pub(super) unsafe extern "C" fn unload(module: Handle) -> ResultCode {
    release(
        "cuModuleUnload",
        Needs::Context,
        |state| state.excuse(module),
        |state| {
            state.destroy(module, "module")?;
            for object in state.objects.values_mut() {
                if matches!(&object.kind, Kind::Function(f) if f.module == module as u64) {
                    object.live = false;
                }
            }
            Ok(())
        },
    )
}

pub(super) unsafe extern "C" fn get_function(
    function: *mut Handle,
    module: Handle,
    name: *const c_char,
) -> ResultCode {
    call("cuModuleGetFunction", Needs::Context, |state| {
        state.object(module, "module")?;
        if name.is_null() {
            return Err(INVALID_VALUE);
        }
        // SAFETY: the function's contract: a zero-terminated string.
        let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
        let kernel = match state.config.emulation {
            None => None,
            Some(emulation) => match (emulation.kernels)(&name) {
                Ok(kernel) => Some(kernel),
                Err(what) => {
                    state.violate(what);
                    return Err(NOT_FOUND);
                }
            },
        };
        let device = &state.config.devices[state.stack[state.stack.len() - 1]];
        // Devices say the same of all functions; kernels that run know better.
        let static_shared = kernel.map_or(device.static_shared, Kernel::static_shared);
        let found = Function {
            name: name.into_owned(),
            module: module as u64,
            static_shared,
            most_shared: device.shared_per_block.saturating_sub(static_shared),
            kernel,
        };
        let handle = state.create(Kind::Function(found))?;
        // Functions go with their module; nobody releases them.
        state.excuse(handle);
        // SAFETY: the function's contract.
        unsafe { put(function, handle) }
    })
}

pub(super) unsafe extern "C" fn func_get_attribute(
    value: *mut c_int,
    which: c_int,
    function: Handle,
) -> ResultCode {
    call("cuFuncGetAttribute", Needs::Context, |state| {
        let function = state.function(function)?;
        let found = match which {
            STATIC_SHARED => function.static_shared,
            MAX_DYNAMIC_SHARED => function.most_shared,
            _ => return Err(INVALID_VALUE),
        };
        // SAFETY: the function's contract.
        unsafe { put(value, found as c_int) }
    })
}

pub(super) unsafe extern "C" fn func_set_attribute(
    function: Handle,
    which: c_int,
    value: c_int,
) -> ResultCode {
    call("cuFuncSetAttribute", Needs::Context, |state| {
        let offered = state.current_device()?.shared_per_block_optin;
        let function = state.function(function)?;
        let offered = offered.saturating_sub(function.static_shared);
        match u32::try_from(value) {
            Ok(value) if which == MAX_DYNAMIC_SHARED && value <= offered => {
                function.most_shared = value;
                Ok(())
            }
            _ => Err(INVALID_VALUE),
        }
    })
}

#[allow(clippy::too_many_arguments)] // The driver's signature.
pub(super) unsafe extern "C" fn launch_kernel(
    function: Handle,
    grid_x: c_uint,
    grid_y: c_uint,
    grid_z: c_uint,
    block_x: c_uint,
    block_y: c_uint,
    block_z: c_uint,
    shared_bytes: c_uint,
    stream: Handle,
    params: *mut *mut c_void,
    extra: *mut *mut c_void,
) -> ResultCode {
    let shape = LaunchShape {
        grid: [grid_x, grid_y, grid_z],
        block: [block_x, block_y, block_z],
        shared_bytes,
        stream,
        attributes: std::ptr::null_mut(),
        attribute_count: 0,
    };
    call("cuLaunchKernel", Needs::Context, |state| {
        // SAFETY: the function's contract.
        unsafe { launch(state, &shape, function, params, extra) }
    })
}

pub(super) unsafe extern "C" fn launch_kernel_ex(
    shape: *const LaunchShape,
    function: Handle,
    params: *mut *mut c_void,
    extra: *mut *mut c_void,
) -> ResultCode {
    call("cuLaunchKernelEx", Needs::Context, |state| {
        // SAFETY: the function's contract.
        let Some(shape) = (unsafe { shape.as_ref() }) else {
            return Err(INVALID_VALUE);
        };
        for i in 0..shape.attribute_count as usize {
            // SAFETY: the function's contract: so many of them.
            let id = unsafe { (*shape.attributes.add(i)).id };
            if id != LaunchAttribute::OVERLAPS {
                return Err(
                    state.violate(format!("a launch has attribute {id}, which is not known"))
                );
            }
        }
        // SAFETY: the function's contract.
        unsafe { launch(state, shape, function, params, extra) }
    })
}

/// # Safety
/// `params` holds the address of each of the kernel's parameters.
unsafe fn launch(
    state: &mut State,
    shape: &LaunchShape,
    function: Handle,
    params: *mut *mut c_void,
    extra: *mut *mut c_void,
) -> Outcome {
    let &LaunchShape {
        grid,
        block,
        shared_bytes,
        stream,
        ..
    } = shape;
    let (name, most, kernel) = {
        let function = state.function(function)?;
        (function.name.clone(), function.most_shared, function.kernel)
    };
    let fits = (1..=i32::MAX as u32).contains(&grid[0])
        && grid[1..].iter().all(|n| (1..=65_535).contains(n))
        && block.iter().all(|&n| n > 0)
        && block.iter().map(|&n| u64::from(n)).product::<u64>() <= MOST_THREADS
        && shared_bytes <= most;
    if !fits {
        let what = format!(
            "{name} cannot run as {grid:?} blocks of {block:?} threads with {shared_bytes} \
             bytes of shared memory"
        );
        return Err(state.violate(what));
    }
    if params.is_null() || !extra.is_null() {
        return Err(state.violate("parameters are passed otherwise than by address"));
    }
    // SAFETY: the function's contract: an address for each of the kernel's parameters.
    let emulated = kernel.map(|kernel| unsafe { Emulated::new(kernel, params) });
    // SAFETY: the function's contract; the number of bytes was promised to `param_bytes`.
    let params = unsafe {
        let first = params.read().cast::<u8>().cast_const();
        if first.is_null() || state.param_bytes == 0 {
            Vec::new()
        } else {
            std::slice::from_raw_parts(first, state.param_bytes).to_vec()
        }
    };
    let launch = Launch {
        function: name,
        ordinal: state.current()? as u32,
        grid,
        block,
        shared_bytes,
        stream: stream as u64,
        params,
        captured: false,
    };
    state.enqueue(stream, Work::Kernel(launch, emulated))
}

impl Emulated {
    /// # Safety
    /// `params` holds the address of each of the kernel's parameters.
    unsafe fn new(kernel: &'static Kernel, params: *mut *mut c_void) -> Emulated {
        let copy = |(i, &bytes): (usize, &usize)| {
            let mut lines = vec![Line([0; 64]); bytes.div_ceil(64)];
            // SAFETY: the caller's promise; the lines hold at least so many bytes.
            unsafe {
                let from = params.add(i).read().cast::<u8>();
                std::ptr::copy_nonoverlapping(from, lines.as_mut_ptr().cast(), bytes);
            }
            lines
        };
        Emulated {
            kernel,
            params: kernel.param_bytes().iter().enumerate().map(copy).collect(),
        }
    }
}

impl State {
    /// Runs a kernel. A fault breaks the context, as it does on a device, but is told of at once.
    pub fn emulate(&mut self, launch: &Launch, emulated: &mut Emulated) -> Outcome {
        let Some(emulation) = self.config.emulation else {
            return Ok(());
        };
        let params = emulated.params.iter_mut();
        let params: Vec<_> = params.map(|lines| lines.as_mut_ptr().cast()).collect();
        let shape = Shape {
            grid: launch.grid,
            block: launch.block,
            shared_bytes: launch.shared_bytes,
        };
        // SAFETY: copies of the parameters that the launch was given; that they lead to valid memory is the
        // contract of a launch.
        let ended = unsafe { emulated.kernel.launch(&shape, emulation.order, &params) };
        ended.map_err(|what| {
            self.violate(what);
            self.contexts[launch.ordinal as usize].broken = LAUNCH_FAILED;
            LAUNCH_FAILED
        })
    }

    fn function(&mut self, handle: Handle) -> Outcome<&mut Function> {
        match &mut self.object(handle, "function")?.kind {
            Kind::Function(function) => Ok(function),
            _ => Err(INVALID_VALUE),
        }
    }

    fn current_device(&mut self) -> Outcome<super::Device> {
        let ordinal = self.current()?;
        Ok(self.config.devices[ordinal])
    }
}
