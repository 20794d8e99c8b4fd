// The bracket of a time: the index of the last knot that is not after it, or -1.
//
// Whatever the knots hold, every search ends and its result lies in [-1, count).
#pragma once
#include "common/time.cuh"

// By halving, one thread on its own.
template <class X, class K>
__device__ __forceinline__ int last_not_after(const K& knots, int count, X q) {
    int low = 0;
#pragma unroll 1
    for (int len = count; len > 0;) {
        const int half = len >> 1;
        const bool right = knots(low + half) <= q;
        low = right ? low + half + 1 : low;
        len = right ? len - half - 1 : half;
    }
    return low - 1;
}

// By 33 parts at a time, a whole warp on one target: few dependent reads where they are slow.
template <class X, class K>
__device__ __forceinline__ int last_not_after_by_warp(const K& knots, int count, X q) {
    const int lane = threadIdx.x & 31;
    int low = 0, high = count;
#pragma unroll 1
    while (high - low > 32) {
        const int step = (high - low + 32) / 33;
        const int probe = low + (lane + 1) * step - 1;
        const bool right = probe < high && knots(probe) <= q;
        low += __popc(__ballot_sync(0xffffffffu, right)) * step;
        high = min(high, low + step - 1);
    }
    const int probe = low + lane;
    const bool right = probe < high && knots(probe) <= q;
    return low + __popc(__ballot_sync(0xffffffffu, right)) - 1;
}

// A first guess on a uniform axis; off by one at most unless steps vanish beside the values.
__device__ __forceinline__ int guess(float q, float start, float step, int count) {
    return int(fminf(fmaxf(divide(sub(q, start), step), -1.0f), float(count - 1)));
}
__device__ __forceinline__ int guess(double q, double start, double step, int count) {
    return int(fmin(fmax(divide(sub(q, start), step), -1.0), double(count - 1)));
}
__device__ __forceinline__ int guess(i64 q, i64 start, i64 step, int count) {
    if (q < start) return -1;
    const u64 steps = (u64(q) - u64(start)) / u64(step > 0 ? step : 1);
    return steps < u64(count) ? int(steps) : count - 1;
}

// Without a search: divide, then correct by one; the rare axis on which that does not do (steps below
// the resolution of its type) is searched after all.
template <class X>
__device__ __forceinline__ int last_not_after_uniform(const Knots<X>& knots, int count, X q) {
    int i = guess(q, knots.start, knots.step, count);
    i = min(max(i, -1), count - 1);
    if (i >= 0 && knots(i) > q) {
        --i;
    } else if (i + 1 < count && knots(i + 1) <= q) {
        ++i;
    }
    const bool below = i < 0 || knots(i) <= q;
    const bool above = i + 1 >= count || !(knots(i + 1) <= q);
    return below && above ? i : last_not_after(knots, count, q);
}
