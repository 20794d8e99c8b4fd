// The bracket of a time: the index of the last knot that is not after it, or -1.
//
// Whatever the knots hold, every search ends and its result lies in [-1, count).
#pragma once
#include "common/time.cuh"

// By halving, one thread on its own. What is left to search is always one less than a power of two, so that a turn
// is a read, a comparison and an addition.
template <class X, class K>
__device__ __forceinline__ int last_not_after(const K& knots, int count, X q) {
    if (count <= 0) return -1;
    int part = 1 << (31 - __clz(count));
    int step = count - part + 1;
    int after = 0; // so many knots, at least, are not after q
#pragma unroll 1
    do {
        if (knots(after + part - 1) <= q) after += step;
        part >>= 1;
        step = part;
    } while (part);
    return after - 1;
}

// By 33 parts at a time, a warp for the targets of its first `targets` lanes, lane t's being `mine`. Few
// reads depend on each other, which is what counts where they are slow: the first ones are shared by
// all targets, and those of four targets are in flight together.
template <class X>
__device__ __forceinline__ int last_not_after_by_warp(Knots<X> knots, int count, X mine, int targets) {
    constexpr u32 ALL = 0xffffffffu;
    constexpr int TOGETHER = 4;
    const int lane = threadIdx.x & 31;
    if (count == 0) return -1;

    // 33 parts by 32 probes: each part but its probe, and the last one whole, is shorter than a step.
    int step = count / 33 + 1;
    const int probe = (lane + 1) * step - 1;
    const X first = probe < count ? knots(probe) : X();
    int low = 0, high = 0; // the first knot after `mine` is in [low, high]
#pragma unroll 1
    for (int t = 0; t < targets; ++t) {
        const X q = __shfl_sync(ALL, mine, t); // by all lanes, so not behind a condition
        const int parts = __popc(__ballot_sync(ALL, probe < count && first <= q));
        if (lane == t) {
            low = parts * step;
            high = min(count, low + step - 1);
        }
    }
#pragma unroll 1
    while (step > 1) {
        step = (step - 1) / 33 + 1;
#pragma unroll 1
        for (int t = 0; t < targets; t += TOGETHER) {
            X knot[TOGETHER];
            u32 inside = 0; // a bit each, as registers are what limits how many warps run
#pragma unroll
            for (int k = 0; k < TOGETHER; ++k) {
                const int next = __shfl_sync(ALL, low, t + k) + (lane + 1) * step - 1;
                const bool exists = next < __shfl_sync(ALL, high, t + k);
                inside |= u32(exists) << k;
                knot[k] = exists ? knots(next) : X();
            }
#pragma unroll
            for (int k = 0; k < TOGETHER; ++k) {
                const X q = __shfl_sync(ALL, mine, t + k);
                const int parts = __popc(__ballot_sync(ALL, (inside >> k & 1) && knot[k] <= q));
                if (lane == t + k) {
                    low += parts * step;
                    high = min(high, low + step - 1);
                }
            }
        }
    }
    return low - 1;
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

// The bracket on a uniform axis without a search: divide, then correct by one. NOT_FOUND on the rare axis on which
// that does not do, as its steps are below the resolution of its type.
constexpr int NOT_FOUND = -2;

template <class X>
__device__ __forceinline__ int last_not_after_by_steps(const Knots<X>& knots, int count, X q) {
    int i = guess(q, knots.start, knots.step, count);
    i = min(max(i, -1), count - 1);
    if (i >= 0 && knots(i) > q) {
        --i;
    } else if (i + 1 < count && knots(i + 1) <= q) {
        ++i;
    }
    const bool below = i < 0 || knots(i) <= q;
    const bool above = i + 1 >= count || !(knots(i + 1) <= q);
    return below && above ? i : NOT_FOUND;
}

// A target's search by one thread, whatever the form of the axis.
template <class X>
__device__ __forceinline__ int last_not_after_on(const Knots<X>& knots, int count, X q) {
    if (!knots.times) {
        const int i = last_not_after_by_steps(knots, count, q);
        if (i != NOT_FOUND) return i;
    }
    return last_not_after(knots, count, q);
}
