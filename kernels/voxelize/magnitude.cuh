// The largest finite magnitudes of columns of features.
#pragma once
#include "voxelize/columns.cuh"

// Of W columns of each lane, among the points of a block.
template <u32 W>
struct Magnitudes {
    u32 most[W] = {};

    // Lanes that have different columns; if there are more of them than lanes have, none is kept.
    static __device__ __forceinline__ u32 width(const Params& p) { return min(p.columns / W, 32u); }
    static __device__ __forceinline__ bool keeps(const Params& p) { return p.columns / W <= 32; }

    // Of the points `first + lane` for each lane in `mask`.
    __device__ __forceinline__ void add(const Params& p, u32 first, u32 mask) {
        constexpr u32 TOGETHER = W == 4 ? 2 : 4; // points of a lane that are on their way
        const u32 lane = threadIdx.x & 31, step = 32 / width(p), all = p.columns / W;
        if (lane / width(p) >= step) return;
        for (u32 number = lane % width(p); number < all; number += width(p)) {
            const Columns<W> columns(p, number * W);
            for (u32 row = lane / width(p); row < 32; row += TOGETHER * step) {
                typename Columns<W>::Values v[TOGETHER];
#pragma unroll
                for (u32 k = 0; k < TOGETHER; ++k) {
                    const u32 at = row + k * step;
                    if (at < 32 && mask >> at & 1) v[k] = columns.values(first + at);
                }
#pragma unroll
                for (u32 k = 0; k < TOGETHER; ++k) {
                    const u32 at = row + k * step;
                    if (at < 32 && mask >> at & 1) take(v[k]);
                }
            }
            if (!keeps(p)) give(p, number);
        }
    }
    // Among the warps of a block: `shared` has 32 * W words, zero at first, and a barrier comes between the two.
    __device__ __forceinline__ void join(const Params& p, u32* shared) const {
        const u32 lane = threadIdx.x & 31;
        if (!keeps(p) || lane / width(p) >= 32 / width(p)) return;
#pragma unroll
        for (u32 w = 0; w < W; ++w) {
            if (most[w]) atomicMax(shared + lane % width(p) * W + w, most[w]);
        }
    }
    static __device__ __forceinline__ void flush(const Params& p, const u32* shared) {
        if (keeps(p) && threadIdx.x < p.columns && shared[threadIdx.x]) {
            atomicMax(p.magnitude + threadIdx.x, shared[threadIdx.x]);
        }
    }

private:
    __device__ __forceinline__ void take(const typename Columns<W>::Values& values) {
#pragma unroll
        for (u32 w = 0; w < W; ++w) {
            const u32 magnitude = __float_as_uint(values.of[w]) & 0x7fffffffu;
            if (magnitude < 0x7f800000u) most[w] = max(most[w], magnitude);
        }
    }
    __device__ __forceinline__ void give(const Params& p, u32 number) {
#pragma unroll
        for (u32 w = 0; w < W; ++w) {
            raise(p.magnitude + number * W + w, most[w]);
            most[w] = 0;
        }
    }
};
