// Times, and the knots of a source axis in their three forms.
#pragma once
#include "common/types.cuh"

// As robocache_core::TimeType.
enum TimeType : u32 { TIME_F32 = 0, TIME_F64 = 1, TIME_I64 = 2 };

// A time axis as the host passes it. `times` is null for a uniform axis.
struct Axis {
    const void* times;
    i64 row_stride;
    i64 stride;
    u64 start;
    u64 step;
};

template <class X>
__device__ __forceinline__ X from_bits(u64 bits);
template <>
__device__ __forceinline__ float from_bits<float>(u64 bits) {
    return __uint_as_float(u32(bits));
}
template <>
__device__ __forceinline__ double from_bits<double>(u64 bits) {
    return __longlong_as_double(i64(bits));
}
template <>
__device__ __forceinline__ i64 from_bits<i64>(u64 bits) {
    return i64(bits);
}

// The true time of a target on the source's clock: one subtraction in the axis' type. Integer ticks
// saturate instead of wrapping round.
__device__ __forceinline__ float shifted(float t, float offset) { return sub(t, offset); }
__device__ __forceinline__ double shifted(double t, double offset) { return sub(t, offset); }
__device__ __forceinline__ i64 shifted(i64 t, i64 offset) {
    const i64 difference = i64(u64(t) - u64(offset));
    const bool overflow = ((t ^ offset) & (t ^ difference)) < 0;
    return overflow ? (t < 0 ? i64(1ull << 63) : i64(~(1ull << 63))) : difference;
}

// How far `late` is behind `early`. For integers unsigned, as it can exceed an i64.
__device__ __forceinline__ float distance(float late, float early) { return sub(late, early); }
__device__ __forceinline__ double distance(double late, double early) { return sub(late, early); }
__device__ __forceinline__ u64 distance(i64 late, i64 early) { return u64(late) - u64(early); }

__device__ __forceinline__ bool within(float distance, u64 limit) { return distance <= from_bits<float>(limit); }
__device__ __forceinline__ bool within(double distance, u64 limit) { return distance <= from_bits<double>(limit); }
__device__ __forceinline__ bool within(u64 distance, u64 limit) { return distance <= limit; }

__device__ __forceinline__ float ratio(float part, float whole) { return divide(part, whole); }
__device__ __forceinline__ double ratio(double part, double whole) { return divide(part, whole); }
__device__ __forceinline__ double ratio(u64 part, u64 whole) {
    return divide(__ull2double_rn(part), __ull2double_rn(whole));
}

__device__ __forceinline__ float rounded_to_float(float distance) { return distance; }
__device__ __forceinline__ float rounded_to_float(double distance) { return __double2float_rn(distance); }
__device__ __forceinline__ float rounded_to_float(u64 distance) { return __ull2float_rn(distance); }

// A ratio of times in the arithmetic type of the data, rounded once.
template <class A>
__device__ __forceinline__ A weight_as(float w) {
    return A(w);
}
template <class A>
__device__ __forceinline__ A weight_as(double w);
template <>
__device__ __forceinline__ float weight_as<float>(double w) {
    return __double2float_rn(w);
}
template <>
__device__ __forceinline__ double weight_as<double>(double w) {
    return w;
}

// A ratio of widths, as exact as the arithmetic type.
template <class A>
__device__ __forceinline__ A proportion(float part, float whole) {
    return divide(A(part), A(whole));
}
template <class A>
__device__ __forceinline__ A proportion(double part, double whole) {
    return weight_as<A>(ratio(part, whole));
}
template <class A>
__device__ __forceinline__ A proportion(u64 part, u64 whole) {
    return weight_as<A>(ratio(part, whole));
}

__device__ __forceinline__ bool is_nan(float t) { return t != t; }
__device__ __forceinline__ bool is_nan(double t) { return t != t; }
__device__ __forceinline__ bool is_nan(i64) { return false; }
__device__ __forceinline__ bool is_finite(float t) { return (__float_as_uint(t) & 0x7f800000u) != 0x7f800000u; }
__device__ __forceinline__ bool is_finite(double t) {
    const u64 exponent = 0x7ff0000000000000ull;
    return (u64(__double_as_longlong(t)) & exponent) != exponent;
}
__device__ __forceinline__ bool is_finite(i64) { return true; }

// Knot i of a uniform axis: two roundings. For integers the host has checked that none overflows.
__device__ __forceinline__ float uniform_knot(i64 i, float start, float step) {
    return add(start, mul(__ll2float_rn(i), step));
}
__device__ __forceinline__ double uniform_knot(i64 i, double start, double step) {
    return add(start, mul(__ll2double_rn(i), step));
}
__device__ __forceinline__ i64 uniform_knot(i64 i, i64 start, i64 step) { return start + i * step; }

// The knots of one batch row: in memory (any stride; shared memory too), or computed.
template <class X>
struct Knots {
    const X* times; // null: uniform
    i64 stride;
    X start;
    X step;

    __device__ __forceinline__ Knots(const Axis& axis, i64 row, i64 first)
        : times(static_cast<const X*>(axis.times)),
          stride(axis.stride),
          start(from_bits<X>(axis.start)),
          step(from_bits<X>(axis.step)) {
        if (times) times += row * axis.row_stride + first * axis.stride;
    }

    __device__ __forceinline__ X operator()(i64 i) const {
        return times ? times[i * stride] : uniform_knot(i, start, step);
    }
};
