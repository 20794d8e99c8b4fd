//! Initialisation, devices, and the stack of contexts.

use super::codes::{
    self, CONTEXT_IS_DESTROYED, INVALID_CONTEXT, INVALID_DEVICE, INVALID_VALUE, Outcome,
};
use super::state::{Needs, State, call, put, release};
use robocache_cuda::api::{Handle, ResultCode};
use std::ffi::{c_char, c_int, c_uint};

pub(super) unsafe extern "C" fn init(flags: c_uint) -> ResultCode {
    call("cuInit", Needs::Nothing, |state| {
        if flags != 0 {
            return Err(INVALID_VALUE);
        }
        if state.config.init_code != 0 {
            return Err(state.config.init_code);
        }
        state.initialized = true;
        Ok(())
    })
}

pub(super) unsafe extern "C" fn driver_get_version(version: *mut c_int) -> ResultCode {
    call("cuDriverGetVersion", Needs::Nothing, |state| {
        // SAFETY: the function's contract.
        unsafe { put(version, state.config.driver_version) }
    })
}

pub(super) unsafe extern "C" fn get_error_name(
    code: ResultCode,
    name: *mut *const c_char,
) -> ResultCode {
    call("cuGetErrorName", Needs::Nothing, |_| {
        let known = codes::name(code);
        // SAFETY: the function's contract.
        unsafe { put(name, known.map_or(std::ptr::null(), |name| name.as_ptr())) }?;
        known.map(|_| ()).ok_or(INVALID_VALUE)
    })
}

pub(super) unsafe extern "C" fn device_get_count(count: *mut c_int) -> ResultCode {
    call("cuDeviceGetCount", Needs::Driver, |state| {
        // SAFETY: the function's contract.
        unsafe { put(count, state.config.devices.len() as c_int) }
    })
}

pub(super) unsafe extern "C" fn device_get(device: *mut c_int, ordinal: c_int) -> ResultCode {
    call("cuDeviceGet", Needs::Driver, |state| {
        let count = state.config.devices.len() as c_int;
        if !(0..count).contains(&ordinal) {
            return Err(INVALID_DEVICE);
        }
        // SAFETY: the function's contract.
        unsafe { put(device, state.config.first_device + ordinal) }
    })
}

pub(super) unsafe extern "C" fn device_get_name(
    name: *mut c_char,
    length: c_int,
    device: c_int,
) -> ResultCode {
    call("cuDeviceGetName", Needs::Driver, |state| {
        let ordinal = state.ordinal(device)?;
        let text = state.config.devices[ordinal].name.as_bytes();
        let room = usize::try_from(length).unwrap_or(0);
        if name.is_null() || room == 0 {
            return Err(INVALID_VALUE);
        }
        let copied = text.len().min(room - 1);
        // SAFETY: the function's contract: room for `length` bytes.
        unsafe {
            std::ptr::copy_nonoverlapping(text.as_ptr().cast(), name, copied);
            name.add(copied).write(0);
        }
        Ok(())
    })
}

pub(super) unsafe extern "C" fn device_get_attribute(
    value: *mut c_int,
    which: c_int,
    device: c_int,
) -> ResultCode {
    call("cuDeviceGetAttribute", Needs::Driver, |state| {
        let ordinal = state.ordinal(device)?;
        let found = state.config.devices[ordinal].attribute(which)?;
        // SAFETY: the function's contract.
        unsafe { put(value, found as c_int) }
    })
}

pub(super) unsafe extern "C" fn device_total_mem(bytes: *mut usize, device: c_int) -> ResultCode {
    call("cuDeviceTotalMem_v2", Needs::Driver, |state| {
        let ordinal = state.ordinal(device)?;
        // SAFETY: the function's contract.
        unsafe { put(bytes, state.config.devices[ordinal].memory_bytes as usize) }
    })
}

pub(super) unsafe extern "C" fn primary_ctx_retain(
    context: *mut Handle,
    device: c_int,
) -> ResultCode {
    call("cuDevicePrimaryCtxRetain", Needs::Driver, |state| {
        let ordinal = state.ordinal(device)?;
        if state.contexts[ordinal].handle == 0 {
            state.contexts[ordinal].handle = state.new_handle();
        }
        let primary = &mut state.contexts[ordinal];
        if primary.broken != 0 {
            return Err(primary.broken);
        }
        // SAFETY: the function's contract.
        unsafe { put(context, primary.handle as Handle) }?;
        primary.retained += 1;
        Ok(())
    })
}

pub(super) unsafe extern "C" fn primary_ctx_release(device: c_int) -> ResultCode {
    release(
        "cuDevicePrimaryCtxRelease_v2",
        Needs::Driver,
        |state| {
            if let Ok(ordinal) = state.ordinal(device) {
                state.contexts[ordinal].excused += 1;
            }
        },
        |state| {
            let ordinal = state.ordinal(device)?;
            if state.contexts[ordinal].retained == 0 {
                state.violate("the primary context is not retained");
                return Err(INVALID_CONTEXT);
            }
            let primary = &mut state.contexts[ordinal];
            primary.retained -= 1;
            let broken = primary.broken;
            if primary.retained == 0 {
                // What lives in it dies with it; that nobody released it before remains a leak.
                (primary.handle, primary.broken) = (0, 0);
                let objects = state.objects.values_mut();
                objects
                    .filter(|object| object.context == ordinal)
                    .for_each(|object| object.live = false);
                let memory = state.memory.values_mut();
                memory
                    .filter(|block| block.context == ordinal)
                    .for_each(|block| block.live = false);
            }
            if broken == 0 { Ok(()) } else { Err(broken) }
        },
    )
}

pub(super) unsafe extern "C" fn ctx_push_current(context: Handle) -> ResultCode {
    call("cuCtxPushCurrent_v2", Needs::Driver, |state| {
        let handle = context as u64;
        let found = state
            .contexts
            .iter()
            .position(|primary| handle != 0 && primary.handle == handle);
        let Some(ordinal) = found else {
            state.violate(format!("{handle:#x} is no context, or none any more"));
            return Err(CONTEXT_IS_DESTROYED);
        };
        match state.contexts[ordinal].broken {
            0 => {
                state.stack.push(ordinal);
                Ok(())
            }
            code => Err(code),
        }
    })
}

/// Pops even a broken context, and then reports that it is broken.
pub(super) unsafe extern "C" fn ctx_pop_current(context: *mut Handle) -> ResultCode {
    release(
        "cuCtxPopCurrent_v2",
        Needs::Driver,
        |state| state.excused_pops += 1,
        |state| {
            let Some(ordinal) = state.stack.pop() else {
                state.violate("no context is current");
                return Err(INVALID_CONTEXT);
            };
            let primary = &state.contexts[ordinal];
            // SAFETY: the function's contract.
            unsafe { put(context, primary.handle as Handle) }?;
            match primary.broken {
                0 => Ok(()),
                code => Err(code),
            }
        },
    )
}

pub(super) unsafe extern "C" fn ctx_synchronize() -> ResultCode {
    call("cuCtxSynchronize", Needs::Context, State::forbid_in_capture)
}

impl State {
    /// The ordinal behind the driver's number of a device.
    fn ordinal(&mut self, device: c_int) -> Outcome<usize> {
        let ordinal = usize::try_from(device - self.config.first_device).ok();
        let known = ordinal.filter(|&ordinal| ordinal < self.contexts.len());
        known.ok_or_else(|| {
            self.violate(format!("there is no device {device}"));
            INVALID_DEVICE
        })
    }
}
