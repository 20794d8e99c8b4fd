// Values in any type, by one rounding from what was computed.
#pragma once
#include "trajectory/blend.cuh"

template <class T>
__device__ __forceinline__ void put(const Params& p, i64 at, T value) {
    static_cast<T*>(p.out)[at] = value;
}

__device__ __forceinline__ void store_from(const Params& p, i64 at, float value) {
    switch (p.out_dtype) {
        case DTYPE_F16: put(p, at, Element<f16>::narrow(value)); break;
        case DTYPE_BF16: put(p, at, Element<bf16>::narrow(value)); break;
        case DTYPE_F32: put(p, at, value); break;
        default: put(p, at, double(value)); break;
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

__device__ __forceinline__ void store_from(const Params& p, i64 at, double value) {
    switch (p.out_dtype) {
        case DTYPE_F16: put(p, at, Element<f16>::narrow(toward_odd(value))); break;
        case DTYPE_BF16: put(p, at, Element<bf16>::narrow(toward_odd(value))); break;
        case DTYPE_F32: put(p, at, __double2float_rn(value)); break;
        default: put(p, at, value); break;
    }
}

__device__ __forceinline__ void store_from(const Params& p, i64 at, i64 value) {
    switch (p.out_dtype) {
        case DTYPE_F16: put(p, at, Element<f16>::narrow(toward_odd(toward_odd(value)))); break;
        case DTYPE_BF16: put(p, at, Element<bf16>::narrow(toward_odd(toward_odd(value)))); break;
        case DTYPE_F32: put(p, at, __ll2float_rn(value)); break;
        case DTYPE_F64: put(p, at, __ll2double_rn(value)); break;
        case DTYPE_U8: put(p, at, u8(value)); break;
        case DTYPE_I16: put(p, at, i16(value)); break;
        case DTYPE_I32: put(p, at, i32(value)); break;
        default: put(p, at, value); break;
    }
}

// The value of a target without samples: NaN, or the fill value, whose bits the host has converted. Integers have
// no NaN.
__device__ __forceinline__ void store_missing(const Params& p, i64 at, int low) {
    switch (p.out_dtype) {
        case DTYPE_F16: put(p, at, missing_element<f16>(low, p.fill)); break;
        case DTYPE_BF16: put(p, at, missing_element<bf16>(low, p.fill)); break;
        case DTYPE_F32: put(p, at, missing_element<float>(low, p.fill)); break;
        case DTYPE_F64: put(p, at, missing_element<double>(low, p.fill)); break;
        case DTYPE_U8: put(p, at, u8(p.fill)); break;
        case DTYPE_I16: put(p, at, i16(p.fill)); break;
        case DTYPE_I32: put(p, at, i32(p.fill)); break;
        default: put(p, at, i64(p.fill)); break;
    }
}
