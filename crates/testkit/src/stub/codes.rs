//! Result codes, as cuda.h numbers and names them.

use std::ffi::CStr;

/// A call's outcome; the error is a result code.
pub(super) type Outcome<T = ()> = Result<T, u32>;

macro_rules! codes {
    ($($code:literal $name:ident = $text:literal;)*) => {
        $(pub(super) const $name: u32 = $code;)*
        /// The driver's name of a code.
        pub(super) fn name(code: u32) -> Option<&'static CStr> {
            match code {
                0 => Some(c"CUDA_SUCCESS"),
                $($code => Some($text),)*
                // Those that are never made here, only planted.
                34 => Some(c"CUDA_ERROR_STUB_LIBRARY"),
                214 => Some(c"CUDA_ERROR_ECC_UNCORRECTABLE"),
                220 => Some(c"CUDA_ERROR_NVLINK_UNCORRECTABLE"),
                700 => Some(c"CUDA_ERROR_ILLEGAL_ADDRESS"),
                701 => Some(c"CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"),
                702 => Some(c"CUDA_ERROR_LAUNCH_TIMEOUT"),
                710 => Some(c"CUDA_ERROR_ASSERT"),
                715 => Some(c"CUDA_ERROR_ILLEGAL_INSTRUCTION"),
                716 => Some(c"CUDA_ERROR_MISALIGNED_ADDRESS"),
                999 => Some(c"CUDA_ERROR_UNKNOWN"),
                _ => None,
            }
        }
    };
}

codes! {
    1 INVALID_VALUE = c"CUDA_ERROR_INVALID_VALUE";
    2 OUT_OF_MEMORY = c"CUDA_ERROR_OUT_OF_MEMORY";
    3 NOT_INITIALIZED = c"CUDA_ERROR_NOT_INITIALIZED";
    4 DEINITIALIZED = c"CUDA_ERROR_DEINITIALIZED";
    100 NO_DEVICE = c"CUDA_ERROR_NO_DEVICE";
    101 INVALID_DEVICE = c"CUDA_ERROR_INVALID_DEVICE";
    200 INVALID_IMAGE = c"CUDA_ERROR_INVALID_IMAGE";
    201 INVALID_CONTEXT = c"CUDA_ERROR_INVALID_CONTEXT";
    400 INVALID_HANDLE = c"CUDA_ERROR_INVALID_HANDLE";
    401 ILLEGAL_STATE = c"CUDA_ERROR_ILLEGAL_STATE";
    500 NOT_FOUND = c"CUDA_ERROR_NOT_FOUND";
    709 CONTEXT_IS_DESTROYED = c"CUDA_ERROR_CONTEXT_IS_DESTROYED";
    719 LAUNCH_FAILED = c"CUDA_ERROR_LAUNCH_FAILED";
    801 NOT_SUPPORTED = c"CUDA_ERROR_NOT_SUPPORTED";
    900 CAPTURE_UNSUPPORTED = c"CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED";
    901 CAPTURE_INVALIDATED = c"CUDA_ERROR_STREAM_CAPTURE_INVALIDATED";
}
