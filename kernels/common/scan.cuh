// Scans over the threads of a block.
#pragma once
#include "common/types.cuh"

struct Plus {
    static __device__ __forceinline__ u32 of(u32 a, u32 b) { return a + b; }
};
struct Most {
    static __device__ __forceinline__ u32 of(u32 a, u32 b) { return max(a, b); }
};

// What the threads of a block of so many before this one hold, joined, and what all hold in `total`; 0 joins nothing.
// `scratch`: 33 words. A barrier has to come between two calls.
template <u32 THREADS, class Join>
__device__ __forceinline__ u32 join_before(u32 mine, u32* scratch, u32& total) {
    const u32 lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    const auto up_to = [lane](u32 held) {
#pragma unroll
        for (u32 d = 1; d < 32; d <<= 1) {
            const u32 below = __shfl_up_sync(~0u, held, d);
            if (lane >= d) held = Join::of(held, below);
        }
        return held;
    };
    // Of the threads before the one that holds what is asked for.
    const auto before = [lane](u32 joined) {
        const u32 below = __shfl_up_sync(~0u, joined, 1);
        return lane ? below : 0;
    };
    const u32 joined = up_to(mine);
    if (lane == 31) scratch[warp] = joined;
    const u32 in_warp = before(joined);
    __syncthreads();
    if (warp == 0) {
        const u32 all = up_to(lane < THREADS / 32 ? scratch[lane] : 0);
        const u32 warps = before(all);
        __syncwarp();
        scratch[lane] = warps;
        if (lane == 31) scratch[32] = all;
    }
    __syncthreads();
    total = scratch[32];
    return Join::of(scratch[warp], in_warp);
}

template <u32 THREADS>
__device__ __forceinline__ u32 sum_before(u32 mine, u32* scratch, u32& total) {
    return join_before<THREADS, Plus>(mine, scratch, total);
}
