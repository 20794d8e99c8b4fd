//! The table of driver functions.
//!
//! Handles are untyped here and results plain numbers: a driver newer than any binding may return
//! codes that no enumeration knows. Documentation: the CUDA driver API reference, by function name.

use std::ffi::{c_char, c_int, c_uint, c_void};

/// A driver object: context, stream, event, module, function, graph.
pub type Handle = *mut c_void;
/// An address in device memory.
pub type DevicePtr = u64;
/// A driver result; 0 is success.
pub type ResultCode = u32;

/// `CUlaunchConfig`: the shape of a launch with attributes.
#[repr(C)]
#[derive(Debug)]
pub struct LaunchShape {
    /// Blocks along x, y, z.
    pub grid: [c_uint; 3],
    /// Threads along x, y, z.
    pub block: [c_uint; 3],
    /// Dynamic shared memory, bytes per block.
    pub shared_bytes: c_uint,
    /// The stream.
    pub stream: Handle,
    /// How it is launched otherwise than usual.
    pub attributes: *mut LaunchAttribute,
    /// How many of them.
    pub attribute_count: c_uint,
}

/// `CUlaunchAttribute`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct LaunchAttribute {
    /// Which one.
    pub id: c_uint,
    /// What precedes the value, which is aligned to 8 bytes.
    pub pad: [u8; 4],
    /// The value: 64 bytes, of which an attribute uses the first ones.
    pub value: [u64; 8],
}

impl LaunchAttribute {
    /// `CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION`: a kernel may begin while the one before it on the
    /// stream ends.
    pub const OVERLAPS: c_uint = 6;

    /// That attribute, set.
    pub const fn overlaps() -> LaunchAttribute {
        LaunchAttribute {
            id: LaunchAttribute::OVERLAPS,
            pad: [0; 4],
            value: [1, 0, 0, 0, 0, 0, 0, 0],
        }
    }
}

macro_rules! api {
    ($(fn $name:ident($($ty:ty),* $(,)?);)*) => {
        /// The driver functions that RoboCache calls, by the names under which the library exports
        /// them.
        #[allow(non_snake_case, missing_docs)]
        #[derive(Clone, Copy)]
        pub struct Api {
            $(pub $name: unsafe extern "C" fn($($ty),*) -> ResultCode,)*
        }

        impl Api {
            /// The names of all functions.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];

            /// Fills the table.
            ///
            /// # Safety
            /// `symbol` must return the address of the driver function of that name, or of one with
            /// the same signature.
            ///
            /// # Errors
            /// The name of the first function that there is no symbol for.
            pub unsafe fn resolve(
                mut symbol: impl FnMut(&'static str) -> Option<*const c_void>,
            ) -> Result<Api, &'static str> {
                Ok(Api {$(
                    $name: {
                        let address = symbol(stringify!($name)).ok_or(stringify!($name))?;
                        // SAFETY: the caller vouches for the symbol's signature.
                        unsafe {
                            std::mem::transmute::<
                                *const c_void,
                                unsafe extern "C" fn($($ty),*) -> ResultCode,
                            >(address)
                        }
                    },
                )*})
            }
        }
    };
}

api! {
    fn cuInit(c_uint);
    fn cuDriverGetVersion(*mut c_int);
    fn cuGetErrorName(ResultCode, *mut *const c_char);
    fn cuDeviceGetCount(*mut c_int);
    fn cuDeviceGet(*mut c_int, c_int);
    fn cuDeviceGetName(*mut c_char, c_int, c_int);
    fn cuDeviceGetAttribute(*mut c_int, c_int, c_int);
    fn cuDeviceTotalMem_v2(*mut usize, c_int);
    fn cuDevicePrimaryCtxRetain(*mut Handle, c_int);
    fn cuDevicePrimaryCtxRelease_v2(c_int);
    fn cuCtxPushCurrent_v2(Handle);
    fn cuCtxPopCurrent_v2(*mut Handle);
    fn cuCtxSynchronize();
    fn cuMemGetInfo_v2(*mut usize, *mut usize);
    fn cuMemAlloc_v2(*mut DevicePtr, usize);
    fn cuMemFree_v2(DevicePtr);
    fn cuMemAllocAsync(*mut DevicePtr, usize, Handle);
    fn cuMemFreeAsync(DevicePtr, Handle);
    fn cuMemHostAlloc(*mut *mut c_void, usize, c_uint);
    fn cuMemFreeHost(*mut c_void);
    fn cuMemcpyHtoDAsync_v2(DevicePtr, *const c_void, usize, Handle);
    fn cuMemcpyDtoHAsync_v2(*mut c_void, DevicePtr, usize, Handle);
    fn cuMemcpyDtoDAsync_v2(DevicePtr, DevicePtr, usize, Handle);
    fn cuMemsetD8Async(DevicePtr, u8, usize, Handle);
    fn cuModuleLoadData(*mut Handle, *const c_void);
    fn cuModuleUnload(Handle);
    fn cuModuleGetFunction(*mut Handle, Handle, *const c_char);
    fn cuFuncGetAttribute(*mut c_int, c_int, Handle);
    fn cuFuncSetAttribute(Handle, c_int, c_int);
    fn cuLaunchKernel(
        Handle, c_uint, c_uint, c_uint, c_uint, c_uint, c_uint, c_uint, Handle,
        *mut *mut c_void, *mut *mut c_void,
    );
    fn cuLaunchKernelEx(*const LaunchShape, Handle, *mut *mut c_void, *mut *mut c_void);
    fn cuStreamCreate(*mut Handle, c_uint);
    fn cuStreamDestroy_v2(Handle);
    fn cuStreamSynchronize(Handle);
    fn cuStreamWaitEvent(Handle, Handle, c_uint);
    fn cuStreamIsCapturing(Handle, *mut c_int);
    fn cuStreamBeginCapture_v2(Handle, c_uint);
    fn cuStreamEndCapture(Handle, *mut Handle);
    fn cuGraphInstantiateWithFlags(*mut Handle, Handle, u64);
    fn cuGraphLaunch(Handle, Handle);
    fn cuGraphDestroy(Handle);
    fn cuGraphExecDestroy(Handle);
    fn cuEventCreate(*mut Handle, c_uint);
    fn cuEventRecord(Handle, Handle);
    fn cuEventSynchronize(Handle);
    fn cuEventElapsedTime(*mut f32, Handle, Handle);
    fn cuEventDestroy_v2(Handle);
}

impl Api {
    /// The error for a failed call.
    #[cold]
    pub(crate) fn error(&self, call: &'static str, code: ResultCode) -> robocache_core::Error {
        let mut name: *const c_char = std::ptr::null();
        // SAFETY: the driver stores a pointer to a static string, or nothing for unknown codes.
        let known = unsafe { (self.cuGetErrorName)(code, &mut name) };
        let name = if known == 0 && !name.is_null() {
            // SAFETY: the driver's names are zero-terminated and live for ever.
            unsafe { std::ffi::CStr::from_ptr(name) }
                .to_string_lossy()
                .into_owned()
        } else {
            "unknown error".to_owned()
        };
        robocache_core::Error::Driver { call, code, name }
    }

    /// A result code as a result.
    #[inline]
    pub(crate) fn check(&self, call: &'static str, code: ResultCode) -> robocache_core::Result<()> {
        if code == 0 {
            Ok(())
        } else {
            Err(self.error(call, code))
        }
    }
}

/// Calls a function of the table and turns its code into a result: `call!(api, cuInit(0))`.
///
/// The expansion contains the call itself: it belongs into an `unsafe` block.
macro_rules! call {
    ($api:expr, $name:ident($($argument:expr),* $(,)?)) => {
        $api.check(stringify!($name), ($api.$name)($($argument),*))
    };
}
pub(crate) use call;

#[cfg(test)]
mod tests {
    use super::*;
    use cudarc::driver::sys;

    #[test]
    fn structs_are_those_of_the_driver() {
        use std::mem::offset_of;
        assert_eq!(size_of::<LaunchShape>(), size_of::<sys::CUlaunchConfig>());
        assert_eq!(
            size_of::<LaunchAttribute>(),
            size_of::<sys::CUlaunchAttribute>()
        );
        let offsets = [
            offset_of!(LaunchShape, block),
            offset_of!(LaunchShape, shared_bytes),
            offset_of!(LaunchShape, stream),
            offset_of!(LaunchShape, attributes),
            offset_of!(LaunchShape, attribute_count),
            offset_of!(LaunchAttribute, value),
        ];
        let expected = [
            offset_of!(sys::CUlaunchConfig, blockDimX),
            offset_of!(sys::CUlaunchConfig, sharedMemBytes),
            offset_of!(sys::CUlaunchConfig, hStream),
            offset_of!(sys::CUlaunchConfig, attrs),
            offset_of!(sys::CUlaunchConfig, numAttrs),
            offset_of!(sys::CUlaunchAttribute, value),
        ];
        assert_eq!(offsets, expected);
        let attribute =
            sys::CUlaunchAttributeID_enum::CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION;
        assert_eq!(LaunchAttribute::OVERLAPS, attribute as c_uint);
    }
}
