// Scans over the threads of a block.
#pragma once
#include "common/types.cuh"

struct Plus {
    template <class T>
    static __device__ __forceinline__ T of(T a, T b) {
        return a + b;
    }
};
struct Most {
    template <class T>
    static __device__ __forceinline__ T of(T a, T b) {
        return max(a, b);
    }
};

// What the threads of a block of so many before this one hold, joined, and what all hold in `total`; 0 joins nothing.
// `scratch`: 33 of them. A barrier has to come between two calls.
template <u32 THREADS, class Join, class T>
__device__ __forceinline__ T join_before(T mine, T* scratch, T& total) {
    const u32 lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    const auto up_to = [lane](T held) {
#pragma unroll
        for (u32 d = 1; d < 32; d <<= 1) {
            const T below = __shfl_up_sync(~0u, held, d);
            if (lane >= d) held = Join::of(held, below);
        }
        return held;
    };
    // Of the threads before the one that holds what is asked for.
    const auto before = [lane](T joined) {
        const T below = __shfl_up_sync(~0u, joined, 1);
        return lane ? below : T(0);
    };
    const T joined = up_to(mine);
    if (lane == 31) scratch[warp] = joined;
    const T in_warp = before(joined);
    __syncthreads();
    if (warp == 0) {
        const T all = up_to(lane < THREADS / 32 ? scratch[lane] : T(0));
        const T warps = before(all);
        __syncwarp();
        scratch[lane] = warps;
        if (lane == 31) scratch[32] = all;
    }
    __syncthreads();
    total = scratch[32];
    return Join::of(scratch[warp], in_warp);
}

template <u32 THREADS, class T>
__device__ __forceinline__ T sum_before(T mine, T* scratch, T& total) {
    return join_before<THREADS, Plus>(mine, scratch, total);
}
