// From a target time to the samples and the weight that make its value: everything about resampling
// that does not depend on the columns. See crates/trajectory/src/cpu/bracket.rs for the same rules in
// Rust; the two are compared bit for bit.
#pragma once
#include "common/search.cuh"
#include "trajectory/params.cuh"

// Rows `low` and `high` of the source with the weight of `high`. Equal rows mean "copy that row", the
// negative ones below a value without samples.
template <class A>
struct Bracket {
    int low;
    int high;
    A weight;
};

constexpr int FILL = -1;     // the fill value
constexpr int NOT_A_TIME = -2; // NaN: the target was one

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
    if (p.rows_form == ROWS_DENSE) return {0, int(p.samples)};
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

// The rules of the contract, given i = the last knot not after q. `valid` becomes the mask.
template <class A, class X, class K>
__device__ __forceinline__ Bracket<A> decide(const Params& p, const K& knots, int count, X q, int i, bool& valid) {
    const Bracket<A> fill{FILL, FILL, A(0)};
    const auto row = [](int r) { return Bracket<A>{r, r, A(0)}; };
    const auto near = [&](auto d) { return !(p.flags & HAS_TOLERANCE) || within(d, p.tolerance); };
    const auto kept = [&](Bracket<A> b) { return !valid && (p.flags & FILL_INVALID) ? fill : b; };

    valid = false;
    if (count == 0) return fill;
    if (is_nan(q)) return {NOT_A_TIME, NOT_A_TIME, A(0)};
    if (i < 0) {
        if (p.kind == KIND_NEXT) {
            valid = near(distance(knots(0), q));
            return kept(row(0));
        }
        return p.extrapolation == EXTRAPOLATE_HOLD ? row(0) : fill;
    }
    const X t0 = knots(i);
    if (t0 == q) {
        valid = true;
        return row(i);
    }
    if (i == count - 1) {
        if (p.kind == KIND_PREVIOUS) {
            valid = near(distance(q, t0));
            return kept(row(i));
        }
        return p.extrapolation == EXTRAPOLATE_HOLD ? row(i) : fill;
    }
    const X t1 = knots(i + 1);
    const auto before = distance(q, t0);
    const auto after = distance(t1, q);
    const auto width = distance(t1, t0);
    valid = !(p.flags & HAS_MAX_GAP) || within(width, p.max_gap);
    if (p.kind == KIND_LINEAR) {
        valid = valid && near(before) && near(after);
        return kept({i, i + 1, weight_as<A>(ratio(before, width))});
    }
    const bool later = p.kind == KIND_NEXT || (p.kind == KIND_NEAREST && after < before);
    valid = valid && near(later ? after : before);
    return kept(row(later ? i + 1 : i));
}

__device__ __forceinline__ void write_mask(const Params& p, i64 row, i64 t, bool valid) {
    if (p.mask) p.mask[row * p.mask_stride[0] + t * p.mask_stride[1]] = valid;
}

// A target's search by one thread, whatever the form of the axis.
template <class X>
__device__ __forceinline__ int search(const Knots<X> knots, int count, X q) {
    return knots.times ? last_not_after(knots, count, q) : last_not_after_uniform(knots, count, q);
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
