// Searching where the targets are expected: recordings are nearly even, so that a target's place among the knots is
// about its place among the targets. A few knots around that are read at once, without a search's waiting for one
// read after another; whoever turns out to lie elsewhere is searched for.
#pragma once
#include "trajectory/bracket.cuh"

// Knots that a block has in shared memory, by their number from the first one there on.
template <class X>
struct NearKnots {
    const X* times;
    __device__ __forceinline__ X operator()(int i) const { return times[i]; }
};

// As for other knots. The last steps are known when the kernel is compiled, so that a turn is three instructions.
template <class X>
__device__ __forceinline__ int last_not_after(const NearKnots<X>& knots, int count, X q) {
    constexpr int KNOWN = 16;
    if (count <= 0) return -1;
    int after = 0; // so many knots, at least, are not after q
    const auto turn = [&](int part, int step) {
        if (knots(after + part - 1) <= q) after += step;
    };
    int part = 1 << (31 - __clz(count));
    turn(part, count - part + 1);
    part >>= 1;
#pragma unroll 1
    for (; part > KNOWN; part >>= 1) turn(part, part);
#pragma unroll
    for (int known = KNOWN; known > 0; known >>= 1) {
        if (known <= part) turn(known, known);
    }
    return after - 1;
}

// The first of `count` knots around those that some targets are expected between.
__device__ __forceinline__ int expected(const Params& p, i64 first_target, int targets, int knots, int count) {
    const float even = __fdividef(float(knots), float(p.targets));
    const int middle = int((float(first_target) + 0.5f * float(targets)) * even);
    return max(0, min(middle - count / 2, knots - count));
}

// Whether all of a target's neighbours are among the `count` knots from number `first` on, of `all`.
template <class X>
__device__ __forceinline__ bool is_near(const NearKnots<X>& knots, int first, int count, int all, X q) {
    return is_nan(q) || ((first == 0 || knots(0) <= q) && (first + count == all || q < knots(count - 1)));
}

constexpr int WINDOW = 128; // knots that a warp reads

// The bracket of the target of each of a warp's first `targets` lanes; the block's first warp tells of it. `near`: room
// for the window.
template <class A, class X>
__device__ __forceinline__ Bracket<A> find_near(const Params& p, i64 row, i64 first_target, int targets, RowSpan span,
                                                X* near) {
    constexpr u32 ALL = 0xffffffffu;
    const int lane = threadIdx.x % 32;
    const bool mine = lane < targets;
    Knots<X> knots = source_knots<X>(p, row, span);
    X q = X();
    int i;
    if (!rarely(!knots.times)) {
        const int count = min(WINDOW, span.count);
        const int first = expected(p, first_target, targets, span.count, count);
        X knot[WINDOW / 32];
        const X* from = knots.times + (first + lane) * knots.stride;
        const i64 step = 32 * knots.stride;
#pragma unroll
        for (int k = 0; k < WINDOW / 32; ++k) {
            if (lane + 32 * k < count) knot[k] = from[k * step];
        }
        if (mine) q = target_time<X>(p, row, first_target + lane);
#pragma unroll
        for (int k = 0; k < WINDOW / 32; ++k) near[lane + 32 * k] = knot[k];
        __syncwarp();
        if (rarely(__any_sync(ALL, mine && !is_near(NearKnots<X>{near}, first, count, span.count, q)))) {
            i = last_not_after_by_warp(knots, span.count, q, targets);
        } else {
            // A lane without a target might be led to the window's last knot, behind which is nothing.
            i = first + (mine ? last_not_after(NearKnots<X>{near}, count, q) : 0);
            knots.times = near - first;
            knots.stride = 1;
        }
    } else {
        if (mine) q = target_time<X>(p, row, first_target + lane);
        i = last_not_after_on(knots, span.count, q);
    }
    return decide<A>(p, row, first_target + lane, knots, span.count, q, i, int(threadIdx.x) < targets);
}
