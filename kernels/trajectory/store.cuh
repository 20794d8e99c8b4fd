// Values in any type, by one rounding from what was computed.
#pragma once
#include "common/dtype.cuh"
#include "trajectory/blend.cuh"

// Where values go.
struct Sink {
    void* to;
    u32 dtype;
    u64 fill; // bits of that type

    template <class T>
    __device__ __forceinline__ void put(i64 at, T value) const {
        static_cast<T*>(to)[at] = value;
    }
};

__device__ __forceinline__ Sink sink_of(const Params& p, void* to) { return {to, p.out_dtype, p.fill}; }

__device__ __forceinline__ void store_from(const Sink& sink, i64 at, float value) {
    switch (sink.dtype) {
        case DTYPE_F16: sink.put(at, Element<f16>::narrow(value)); break;
        case DTYPE_BF16: sink.put(at, Element<bf16>::narrow(value)); break;
        case DTYPE_F32: sink.put(at, value); break;
        default: sink.put(at, double(value)); break;
    }
}

__device__ __forceinline__ void store_from(const Sink& sink, i64 at, double value) {
    switch (sink.dtype) {
        case DTYPE_F16: sink.put(at, Element<f16>::narrow(toward_odd(value))); break;
        case DTYPE_BF16: sink.put(at, Element<bf16>::narrow(toward_odd(value))); break;
        case DTYPE_F32: sink.put(at, __double2float_rn(value)); break;
        default: sink.put(at, value); break;
    }
}

__device__ __forceinline__ void store_from(const Sink& sink, i64 at, i64 value) {
    switch (sink.dtype) {
        case DTYPE_F16: sink.put(at, Element<f16>::narrow(toward_odd(toward_odd(value)))); break;
        case DTYPE_BF16: sink.put(at, Element<bf16>::narrow(toward_odd(toward_odd(value)))); break;
        case DTYPE_F32: sink.put(at, __ll2float_rn(value)); break;
        case DTYPE_F64: sink.put(at, __ll2double_rn(value)); break;
        case DTYPE_U8: sink.put(at, u8(value)); break;
        case DTYPE_I16: sink.put(at, i16(value)); break;
        case DTYPE_I32: sink.put(at, i32(value)); break;
        default: sink.put(at, value); break;
    }
}

// Several values at a time; the type is looked at once.
template <u32 N>
__device__ __forceinline__ void store_all(const Sink& sink, const u32 (&at)[N], const float (&values)[N]) {
    const auto put_all = [&](auto narrow) {
#pragma unroll
        for (u32 k = 0; k < N; ++k) sink.put(at[k], narrow(values[k]));
    };
    switch (sink.dtype) {
        case DTYPE_F16: put_all([](float v) { return Element<f16>::narrow(v); }); break;
        case DTYPE_BF16: put_all([](float v) { return Element<bf16>::narrow(v); }); break;
        case DTYPE_F32: put_all([](float v) { return v; }); break;
        default: put_all([](float v) { return double(v); }); break;
    }
}
template <u32 N>
__device__ __forceinline__ void store_all(const Sink& sink, const u32 (&at)[N], const double (&values)[N]) {
#pragma unroll
    for (u32 k = 0; k < N; ++k) store_from(sink, at[k], values[k]);
}

// The value of a target without samples: NaN, or the fill value, whose bits the host has converted. Integers have
// no NaN.
__device__ __forceinline__ void store_missing(const Sink& sink, i64 at, int low) {
    switch (sink.dtype) {
        case DTYPE_F16: sink.put(at, missing_element<f16>(low, sink.fill)); break;
        case DTYPE_BF16: sink.put(at, missing_element<bf16>(low, sink.fill)); break;
        case DTYPE_F32: sink.put(at, missing_element<float>(low, sink.fill)); break;
        case DTYPE_F64: sink.put(at, missing_element<double>(low, sink.fill)); break;
        case DTYPE_U8: sink.put(at, u8(sink.fill)); break;
        case DTYPE_I16: sink.put(at, i16(sink.fill)); break;
        case DTYPE_I32: sink.put(at, i32(sink.fill)); break;
        default: sink.put(at, i64(sink.fill)); break;
    }
}
