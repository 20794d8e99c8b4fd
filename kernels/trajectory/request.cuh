// A batch row of a request: its samples, its times, and whether those are sound.
#pragma once
#include "common/search.cuh"
#include "trajectory/params.cuh"

// Where a batch row's samples lie, clamped so that bad lengths or offsets never lead outside.
struct RowSpan {
    i64 first; // index of the row's first sample along the time dimension
    int count;
};

__device__ __forceinline__ i64 row_index(const Params& p, i64 i) {
    return p.flags & ROWS_ARE_64_BIT ? static_cast<const i64*>(p.rows)[i * p.rows_stride]
                                     : i64(static_cast<const i32*>(p.rows)[i * p.rows_stride]);
}

__device__ __forceinline__ RowSpan row_span(const Params& p, i64 row) {
    if (!rarely(p.rows_form != ROWS_DENSE)) return {0, int(p.samples)};
    if (p.rows_form == ROWS_LENGTHS) return {0, int(min(max(row_index(p, row), 0ll), p.samples))};
    const i64 first = min(max(row_index(p, row), 0ll), p.samples);
    const i64 end = min(max(row_index(p, row + 1), first), p.samples);
    return {first, int(min(end - first, 0x7fffffffll))};
}

// The element of the data at which a batch row begins.
__device__ __forceinline__ i64 row_start(const Params& p, i64 row, RowSpan span) {
    return (p.rows_form == ROWS_PACKED ? 0 : row) * p.data_stride[0] + span.first * p.data_stride[1];
}

template <class X>
__device__ __forceinline__ Knots<X> source_knots(const Params& p, i64 row, RowSpan span) {
    return Knots<X>(p.source, row, span.first);
}

template <class X>
__device__ __forceinline__ X target_time(const Params& p, i64 row, i64 t) {
    return shifted(Knots<X>(p.target, row, 0)(t), from_bits<X>(p.offset));
}

// Writes the first fault of a row's times to the status word. The work of one whole warp.
template <class X>
__device__ __forceinline__ void check_times(const Params& p, i64 row, RowSpan span) {
    if (!p.source.times) return; // the host has checked a uniform axis
    const Knots<X> knots = source_knots<X>(p, row, span);
    const int lane = threadIdx.x % 32;
    int near = 0;
    bool faulty = false;
#pragma unroll 1
    for (int i = lane; i < span.count; i += 32) {
        const X t = knots(i);
        const u64 place = u64(row) << 33 | u64(i) << 2;
        const bool unsorted = i > 0 && t < knots(i - 1);
        if (!is_finite(t)) atomicMin(p.status, place | 0);
        if (unsorted) atomicMin(p.status, place | 1);
        faulty = faulty || unsorted || !is_finite(t);
        if constexpr (sizeof(X) == 4) {
            // Four units in the last place of t: its power of two times 2^-21.
            const float power = __uint_as_float(__float_as_uint(t) & 0x7f800000u);
            if (i > 0 && is_finite(t) && sub(t, knots(i - 1)) < mul(power, 4.76837158203125e-07f)) ++near;
        }
    }
    if constexpr (sizeof(X) == 4) {
        // Of a row without another fault only, as on the CPU.
        const i64 all = __reduce_add_sync(0xffffffffu, near);
        const bool sound = !__any_sync(0xffffffffu, faulty);
        const bool coarse = span.count >= 8 && 2 * all > span.count - 1;
        if (lane == 0 && sound && coarse) atomicMin(p.status, u64(row) << 33 | 2);
    }
}

// Calls `body` with a value of the axis' type.
template <class F>
__device__ __forceinline__ void with_time_type(u32 time_type, F body) {
    if (time_type == TIME_F32) {
        body(float());
    } else if (time_type == TIME_F64) {
        body(double());
    } else {
        body(i64());
    }
}
