// Sums over the threads of a block.
#pragma once
#include "common/types.cuh"

// The sum of what the threads of a block of so many before this one hold, and of all in `total`. `scratch`: 33 words. A
// barrier has to come between two calls.
template <u32 THREADS>
__device__ __forceinline__ u32 sum_before(u32 mine, u32* scratch, u32& total) {
    const u32 lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    u32 sum = mine;
#pragma unroll
    for (u32 d = 1; d < 32; d <<= 1) {
        const u32 below = __shfl_up_sync(~0u, sum, d);
        if (lane >= d) sum += below;
    }
    if (lane == 31) scratch[warp] = sum;
    __syncthreads();
    if (warp == 0) {
        const u32 held = lane < THREADS / 32 ? scratch[lane] : 0;
        u32 up = held;
#pragma unroll
        for (u32 d = 1; d < 32; d <<= 1) {
            const u32 below = __shfl_up_sync(~0u, up, d);
            if (lane >= d) up += below;
        }
        __syncwarp();
        scratch[lane] = up - held;
        if (lane == 31) scratch[32] = up;
    }
    __syncthreads();
    total = scratch[32];
    return scratch[warp] + sum - mine;
}
