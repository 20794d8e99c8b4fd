// Element types by number, as the host names them, and what it takes to round to 16 bits once.
#pragma once
#include "common/types.cuh"

// As robocache_core::DType.
enum DType : u32 {
    DTYPE_F16 = 0,
    DTYPE_BF16 = 1,
    DTYPE_F32 = 2,
    DTYPE_F64 = 3,
    DTYPE_U8 = 4,
    DTYPE_I16 = 5,
    DTYPE_I32 = 6,
    DTYPE_I64 = 7,
};

__host__ __device__ constexpr u32 size_of(u32 dtype) {
    switch (dtype) {
        case DTYPE_U8: return 1;
        case DTYPE_F16:
        case DTYPE_BF16:
        case DTYPE_I16: return 2;
        case DTYPE_F32:
        case DTYPE_I32: return 4;
        default: return 8;
    }
}

// On the way to 16 bits: truncated to a float whose last bit is set if anything was lost (rounding to odd), so
// that the second rounding ends where a single one would have. Likewise integers to double.
__device__ __forceinline__ float toward_odd(double value) {
    const float truncated = __double2float_rz(value);
    return double(truncated) == value ? truncated : __uint_as_float(__float_as_uint(truncated) | 1u);
}
__device__ __forceinline__ double toward_odd(i64 value) {
    const double truncated = __ll2double_rz(value);
    // Truncated is never beyond the range of integers, so the way back is exact.
    return __double2ll_rz(truncated) == value ? truncated
                                              : __longlong_as_double(__double_as_longlong(truncated) | 1);
}
