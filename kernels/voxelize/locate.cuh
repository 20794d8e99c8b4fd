// In which cell is a point? As crates/voxelize/src/cpu/locate.rs, bit for bit.
#pragma once
#include "voxelize/params.cuh"

// A type of coordinates: how far one is from the grid's corner as f32 reckons it, and whether it is finite.
template <class T>
struct Coordinate {
    static __device__ __forceinline__ float beyond(T v, float min) { return sub(Element<T>::widen(v), min); }
    static __device__ __forceinline__ bool finite(T v) {
        return (__float_as_uint(Element<T>::widen(v)) & 0x7f800000u) != 0x7f800000u;
    }
};
// Large coordinates keep their digits: what is rounded is the difference.
template <>
struct Coordinate<double> {
    static __device__ __forceinline__ float beyond(double v, float min) {
        return __double2float_rn(sub(v, double(min)));
    }
    static __device__ __forceinline__ bool finite(double v) {
        return (u64(__double_as_longlong(v)) & 0x7ff0000000000000ull) != 0x7ff0000000000000ull;
    }
};

struct Found {
    u32 cell[3];
    u32 cloud;
    bool inside;
};

__device__ __forceinline__ i64 offset_at(const Params& p, u32 i) {
    return p.flags & OFFSETS_ARE_64_BIT ? static_cast<const i64*>(p.offsets)[i * p.offsets_stride]
                                        : i64(static_cast<const i32*>(p.offsets)[i * p.offsets_stride]);
}

// The cloud of a point; B where it is in none. Offsets that do not ascend lead to some cloud or none.
__device__ __forceinline__ u32 cloud_of(const Params& p, u32 point) {
    if (!p.offsets) return 0;
    u32 low = 0, high = p.batch + 1; // the first offset beyond the point is among those
    while (low < high) {
        const u32 middle = low + (high - low) / 2;
        if (offset_at(p, middle) <= i64(point)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == 0 || low > p.batch ? p.batch : low - 1;
}

// Much code, and rare where clouds are much larger than warps.
__device__ __noinline__ u32 cloud_at_edge(const Params& p, u32 point) { return cloud_of(p, point); }

// Likewise of points side by side, most often of one cloud, which all lanes look for together. The work of a whole warp.
__device__ __forceinline__ u32 cloud_by_warp(const Params& p, u32 point) {
    if (!p.offsets) return 0;
    const u32 lane = threadIdx.x & 31;
    const i64 base = point - lane;
    u32 low = 0, high = p.batch + 1, step; // the last offset that is not beyond the first point is among those, or none is
    do {
        step = (high - low + 31) / 32;
        const u32 at = low + lane * step;
        const u32 within = __popc(__ballot_sync(~0u, at < high && offset_at(p, at) <= base));
        if (within == 0) return cloud_at_edge(p, point);
        low += (within - 1) * step;
        high = min(high, low + step);
    } while (step > 1);
    if (low < p.batch && offset_at(p, low + 1) > base + 31) return low;
    return cloud_at_edge(p, point);
}

// The IEEE quotient by a divisor whose reciprocal, rounded to nearest, is at hand: one step of Newton brings it within a
// unit in the last place, and by Markstein's theorem a second one rounds it correctly. Not where something underflows;
// where something overflows the result is no number. (P. Markstein, IA-64 and Elementary Functions, 2000, ch. 8)
__device__ __forceinline__ float quotient(float distance, float size, float inverse) {
    float q = __fmul_rn(distance, inverse);
    q = __fmaf_rn(__fmaf_rn(-q, size, distance), inverse, q);
    return __fmaf_rn(__fmaf_rn(-q, size, distance), inverse, q);
}

// The cell along an axis, or the nearest one, and whether it is one of the grid. Rare, and much code.
struct Spot {
    u32 cell;
    u32 inside;
};
__device__ __noinline__ Spot place_exactly(float distance, float size, u32 cells) {
    const double q = divide(distance, size);
    return {u32(min(max(q, 0.0), double(cells) - 1)), q >= 0 && q < double(cells)};
}

// Of coordinates of a cloud.
template <class T>
__device__ __forceinline__ Found locate_in(const Params& p, u32 cloud, const T (&v)[3]) {
    Found found;
    found.cloud = cloud;
    const bool quick = p.flags & QUICK;
    bool inside = found.cloud < p.batch, tiny = false;
    float distance[3];
#pragma unroll
    for (u32 axis = 0; axis < 3; ++axis) distance[axis] = Coordinate<T>::beyond(v[axis], p.min[axis]);
    if (quick) {
        bool within = true;
#pragma unroll
        for (u32 axis = 0; axis < 3; ++axis) {
            const float q = quotient(distance[axis], p.size[axis], p.inverse[axis]);
            // As bits, what is negative or no number is above any number of cells.
            within &= __float_as_uint(q) < __float_as_uint(p.limit[axis]);
            // Of what is next to nothing something may have underflowed, and -0 is in cell 0.
            tiny |= fabsf(q) < 0x1p-60f;
            // The floor is in the low bits once 2^23 is added, rounding down.
            found.cell[axis] = __float_as_uint(__fadd_rd(q, 0x1p23f)) - __float_as_uint(0x1p23f);
        }
        found.inside = inside && within;
        if (within || !tiny) return found;
    }
#pragma unroll
    for (u32 axis = 0; axis < 3; ++axis) {
        const Spot spot = place_exactly(distance[axis], p.size[axis], p.shape[axis]);
        found.cell[axis] = spot.cell;
        inside &= p.flags & CLAMP ? Coordinate<T>::finite(v[axis]) : spot.inside != 0;
    }
    found.inside = inside;
    return found;
}

template <class T>
__device__ __forceinline__ void read_point(const Params& p, u32 point, T (&v)[3]) {
    const T* const at = static_cast<const T*>(p.points) + i64(point) * p.point_stride[0];
#pragma unroll
    for (u32 axis = 0; axis < 3; ++axis) v[axis] = at[axis * p.point_stride[1]];
}
template <class T>
__device__ __forceinline__ Found locate_as(const Params& p, u32 point) {
    T v[3];
    read_point(p, point, v);
    return locate_in(p, cloud_of(p, point), v);
}
__device__ __forceinline__ Found locate(const Params& p, u32 point) {
    switch (p.point_dtype) {
        case DTYPE_F32: return locate_as<float>(p, point);
        case DTYPE_F16: return locate_as<f16>(p, point);
        default: return locate_as<double>(p, point);
    }
}

// Of points side by side, a lane each, of which those behind the last one are in no cell. The work of a whole warp.
template <class T>
__device__ __forceinline__ Found locate_by_warp_as(const Params& p, u32 point) {
    T v[3] = {};
    if (point < p.count) read_point(p, point, v); // on their way during the search
    Found found = locate_in(p, cloud_by_warp(p, point), v);
    found.inside = found.inside && point < p.count;
    return found;
}
__device__ __forceinline__ Found locate_by_warp(const Params& p, u32 point) {
    switch (p.point_dtype) {
        case DTYPE_F32: return locate_by_warp_as<float>(p, point);
        case DTYPE_F16: return locate_by_warp_as<f16>(p, point);
        default: return locate_by_warp_as<double>(p, point);
    }
}

// The number of a cell among those of all clouds.
__device__ __forceinline__ u64 key_of(const Params& p, const Found& found) {
    const u64 cell = (u64(found.cell[0]) * p.shape[1] + found.cell[1]) * p.shape[2] + found.cell[2];
    return found.cloud * p.keys + cell;
}
// That of the cell of each of a warp's points, where all of those are fewer than 2^32; NONE where it is in none.
__device__ __forceinline__ u32 small_key_by_warp(const Params& p, u32 point) {
    const Found found = locate_by_warp(p, point);
    return found.inside ? u32(key_of(p, found)) : NONE;
}
