// Results in any type and form, by one rounding.
#pragma once
#include "voxelize/params.cuh"

// A value in 16 bits, by one rounding; of what is no number, the one that all devices write. Much code.
__device__ __noinline__ u16 narrowed(u32 dtype, double value) {
    if (dtype == DTYPE_F16) {
        return value != value ? u16(Element<f16>::NAN_BITS) : Element<f16>::narrow(toward_odd(value)).bits;
    }
    return value != value ? u16(Element<bf16>::NAN_BITS) : Element<bf16>::narrow(toward_odd(value)).bits;
}

__device__ __forceinline__ void put_value(const Target& target, i64 at, double value) {
    if (target.dtype == DTYPE_F32) {
        static_cast<float*>(target.to)[at] = value != value ? Element<float>::nan() : __double2float_rn(value);
    } else {
        static_cast<u16*>(target.to)[at] = narrowed(target.dtype, value);
    }
}

// What has been written.
__device__ __forceinline__ float get_value(const Target& target, i64 at) {
    if (target.dtype == DTYPE_F32) return __ldcg(static_cast<const float*>(target.to) + at);
    const u16 bits = __ldcg(static_cast<const u16*>(target.to) + at);
    return target.dtype == DTYPE_F16 ? f32_from_f16(bits) : __uint_as_float(u32(bits) << 16);
}
__device__ __forceinline__ i64 get_index(const Target& target, i64 at) {
    if (target.dtype == DTYPE_I32) return __ldcg(static_cast<const i32*>(target.to) + at);
    return __ldcg(static_cast<const i64*>(target.to) + at);
}

__device__ __forceinline__ void put_index(const Target& target, i64 at, i64 value) {
    if (target.dtype == DTYPE_I32) {
        static_cast<i32*>(target.to)[at] = i32(value);
    } else {
        static_cast<i64*>(target.to)[at] = value;
    }
}

// A place of a sparse result.
struct VoxelSpot {
    static constexpr u32 COLUMNS = 1; // the stride along which they lie
    u32 number;
};
// Where an output has its elements of a spot, or the first of them.
__device__ __forceinline__ i64 element_of(const Params&, const Target& target, VoxelSpot spot) {
    return spot.number * target.stride[0];
}

// A cell of a cloud.
struct CellSpot {
    static constexpr u32 COLUMNS = 4;
    u32 number;
    u32 cloud;
};
__device__ __forceinline__ i64 element_of(const Params& p, const Target& target, CellSpot spot) {
    const i64 cloud = spot.cloud * target.stride[0];
    if (target.form & FLAT) return cloud + spot.number * target.stride[3];
    const u32 plane = p.shape[1] * p.shape[2];
    const u32 x = spot.number / plane, rest = spot.number - x * plane;
    const u32 y = rest / p.shape[2], z = rest - y * p.shape[2];
    return cloud + x * target.stride[1] + y * target.stride[2] + z * target.stride[3];
}
