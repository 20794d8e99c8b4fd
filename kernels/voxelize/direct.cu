// Counts, occupancy and first points of every cell, by atomics on the outputs themselves.
//
//   clear  what cells without points have, in each output; `add` has its points by the time that this is done
//   add    each point into its cell; points side by side in one cell are counted together
#include "common/fill.cuh"
#include "common/stages.cuh"
#include "voxelize/locate.cuh"

constexpr u32 THREADS = 256;
constexpr u32 EACH = 2; // points of a thread, whose coordinates are on their way together

extern "C" __global__ void __launch_bounds__(THREADS) KERNEL(clear)(const __grid_constant__ Params p) {
    let_next_begin();
    const u64 cells = p.cells * p.batch;
    if (const Target& t = p.target[OUT_COUNT]; t.to) fill(t.to, cells * 4, 0);
    if (const Target& t = p.target[OUT_OCCUPANCY]; t.to) fill(t.to, cells, 0);
    // -1, and above all indices where they are taken for numbers without a sign.
    if (const Target& t = p.target[OUT_FIRST]; t.to) fill(t.to, cells * size_of(t.dtype), 0xff);
}

__device__ __forceinline__ void add_points(const Params& p, u64 cell, u32 first, u32 points) {
    if (const Target& t = p.target[OUT_COUNT]; t.to) atomicAdd(static_cast<u32*>(t.to) + cell, points);
    if (const Target& t = p.target[OUT_OCCUPANCY]; t.to) static_cast<u8*>(t.to)[cell] = 1;
    const Target& t = p.target[OUT_FIRST];
    if (!t.to) return;
    if (t.dtype == DTYPE_I32) {
        u32* const at = static_cast<u32*>(t.to) + cell;
        if (first < __ldcg(at)) atomicMin(at, first);
    } else {
        u64* const at = static_cast<u64*>(t.to) + cell;
        if (first < __ldcg(at)) atomicMin(at, u64(first));
    }
}

extern "C" __global__ void __launch_bounds__(THREADS, 6) KERNEL(add)(const __grid_constant__ Params p) {
    constexpr u64 NOWHERE = ~0ull;
    const u32 lane = threadIdx.x & 31;
    const u32 base = blockIdx.x * (THREADS * EACH) + threadIdx.x;
    u64 cell[EACH];
#pragma unroll
    for (u32 k = 0; k < EACH; ++k) {
        const Found found = locate_by_warp(p, base + k * THREADS);
        cell[k] = found.inside ? key_of(p, found) : NOWHERE;
    }
    wait_for_last(); // only the outputs are of the kernel before
    const u64 led = __shfl_sync(~0u, cell[0], 0);
    bool same = led != NOWHERE;
#pragma unroll
    for (u32 k = 0; k < EACH; ++k) same = same && cell[k] == led;
    if (__all_sync(~0u, same)) {
        if (lane == 0) add_points(p, led, base, 32 * EACH);
        return;
    }
#pragma unroll
    for (u32 k = 0; k < EACH; ++k) {
        const u64 before = __shfl_up_sync(~0u, cell[k], 1);
        const u32 heads = __ballot_sync(~0u, lane == 0 || before != cell[k]);
        if (cell[k] == NOWHERE || !(heads >> lane & 1)) continue;
        const u32 later = lane == 31 ? 0 : heads >> (lane + 1);
        add_points(p, cell[k], base + k * THREADS, later ? u32(__ffs(later)) : 32 - lane);
    }
}
