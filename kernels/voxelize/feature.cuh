// Features of points, and how totals of them hold in integers what is the same in any order.
#pragma once
#include "voxelize/params.cuh"

// Feature `column` of a point; f64 is rounded to f32.
__device__ __forceinline__ float feature(const Params& p, u32 point, u32 column) {
    const i64 at = i64(point) * p.feature_stride[0] + i64(column) * p.feature_stride[1];
    switch (p.feature_dtype) {
        case DTYPE_F16: return f32_from_f16(static_cast<const u16*>(p.features)[at]);
        case DTYPE_BF16: return __uint_as_float(u32(static_cast<const u16*>(p.features)[at]) << 16);
        case DTYPE_F32: return static_cast<const float*>(p.features)[at];
        default: return __double2float_rn(static_cast<const double*>(p.features)[at]);
    }
}

// How rows of columns, or of chunks of four, are shared out among the lanes of a warp: side by side those that are side
// by side. No division on the way.
struct Sharing {
    u32 columns;
    u32 inverse;

    static __device__ __forceinline__ Sharing of_columns(const Params& p) { return {p.columns, p.column_inverse}; }
    static __device__ __forceinline__ Sharing of_fours(const Params& p) { return {p.columns / 4, p.four_inverse}; }
    // A number up to 32 by that of columns.
    __device__ __forceinline__ u32 rows(u32 lanes) const { return lanes * inverse >> 16; }

    // An element that is a lane's.
    struct Element {
        u32 row;
        u32 column;
    };
    __device__ __forceinline__ Element first() const {
        const u32 lane = threadIdx.x & 31, row = rows(lane);
        return {row, lane - row * columns};
    }
    __device__ __forceinline__ Element after(Element e) const {
        const u32 rows_on = rows(32);
        e.row += rows_on, e.column += 32 - rows_on * columns;
        if (e.column >= columns) e.column -= columns, ++e.row;
        return e;
    }
    // Calls `each` with row and column, of so many rows; where those are a multiple of 32, as often for all lanes.
    template <class F>
    __device__ __forceinline__ void each(u32 all_rows, F each) const {
        for (Element e = first(); e.row < all_rows; e = after(e)) each(e.row, e.column);
    }
};

// An order of numbers as one of integers above 0: -0 comes before +0. Of what is no number 0.
__device__ __forceinline__ u32 ordered(float v) {
    const u32 bits = __float_as_uint(v);
    if (v != v) return 0;
    return bits >> 31 ? ~bits : bits | 0x80000000u;
}
__device__ __forceinline__ float unordered(u32 o) { return __uint_as_float(o >> 31 ? o & 0x7fffffffu : ~o); }
// The other way round.
__device__ __forceinline__ u32 ordered_down(float v) { return v != v ? 0 : ~ordered(v); }

// A sum in any order: each value becomes a whole multiple of a quantum, as crates/voxelize/src/cpu/fixed.rs says.
struct Quantum {
    i32 exponent = 0;

    Quantum() = default;
    // Of a column whose largest finite magnitude has these bits.
    __device__ __forceinline__ Quantum(u32 magnitude, u32 points) {
        const u32 least = max(magnitude, 1u);
        const i32 e = least < 0x00800000u ? 31 - __clz(i32(least)) - 149 : i32(least >> 23) - 127;
        const i32 log = points <= 1 ? 0 : 32 - __clz(i32(points - 1));
        exponent = e + log - 62;
    }
    static __device__ __forceinline__ double power_of_two(i32 e) { return __longlong_as_double(i64(e + 1023) << 52); }
    // How many quanta a finite value is, ties to even.
    __device__ __forceinline__ i64 multiple(float v) const {
        return __double2ll_rn(mul(double(v), power_of_two(-exponent)));
    }
    // Whether a value is so large that it is a multiple as it is: one whose exponent, as f32 has it, is this or above.
    __device__ __forceinline__ bool divides(float v) const { return divides_from(__float_as_uint(v) >> 23 & 255); }
    __device__ __forceinline__ bool divides_from(u32 biased) const { return i32(biased) - 127 - 23 >= exponent; }
    __device__ __forceinline__ double times(i64 multiple) const {
        return mul(__ll2double_rn(multiple), power_of_two(exponent));
    }
};

// What cannot be a multiple, in two bits: what is above all numbers and what is below, both for what is none. Or'ed
// they are those of the sum.
__device__ __forceinline__ u32 beyond_of(float v) {
    const u32 bits = __float_as_uint(v), magnitude = bits & 0x7fffffffu;
    if (magnitude < 0x7f800000u) return 0;
    return magnitude > 0x7f800000u ? 3 : 1 + (bits >> 31);
}
__device__ __forceinline__ double beyond_value(u32 beyond) {
    const u64 bits = beyond == 3 ? 0x7ff8000000000000ull : beyond == 2 ? 0xfff0000000000000ull : 0x7ff0000000000000ull;
    return __longlong_as_double(i64(bits));
}
constexpr u32 BEYOND_COLUMNS = 16; // of a word
