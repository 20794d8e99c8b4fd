// The largest finite magnitudes of columns of features, and the least exponents.
#pragma once
#include "voxelize/columns.cuh"

constexpr u32 NO_EXPONENT = 255;
// Columns of which a block keeps what it found.
constexpr u32 MOST_KEPT = 128;

// Of W columns of each lane, among the points of a block.
template <u32 W>
struct Magnitudes {
    using Values = typename Columns<W>::Values;

    u32 most[W];
    u32 least[W]; // exponents, as f32 has them; NO_EXPONENT: of zeros only

    __device__ __forceinline__ Magnitudes() {
#pragma unroll
        for (u32 w = 0; w < W; ++w) most[w] = 0, least[w] = NO_EXPONENT;
    }
    // If a row has more columns than lanes take side by side, none is kept.
    static __device__ __forceinline__ bool keeps(const Params& p) { return p.columns / W <= 32; }
    static_assert(32 * W <= MOST_KEPT);

    __device__ __forceinline__ void take(const Values& values) {
#pragma unroll
        for (u32 w = 0; w < W; ++w) {
            const u32 magnitude = __float_as_uint(values.of[w]) & 0x7fffffffu;
            if (magnitude < 0x7f800000u) most[w] = max(most[w], magnitude);
            if (magnitude) least[w] = min(least[w], magnitude >> 23);
        }
    }
    // Of the points `first + lane` for each lane in `mask`.
    __device__ __forceinline__ void add(const Params& p, u32 first, u32 mask) {
        constexpr u32 TOGETHER = W == 4 ? 2 : 4; // points of a lane that are on their way
        const Lanes<W> lanes(p);
        if (lanes.idle()) return;
        for (u32 chunk = lanes.chunk; chunk < lanes.all; chunk += lanes.width) {
            const Columns<W> columns(p, chunk * W);
            for (u32 row = lanes.row; row < 32; row += TOGETHER * lanes.rows) {
                Values v[TOGETHER];
#pragma unroll
                for (u32 k = 0; k < TOGETHER; ++k) {
                    const u32 at = row + k * lanes.rows;
                    if (at < 32 && mask >> at & 1) v[k] = columns.values(first + at);
                }
#pragma unroll
                for (u32 k = 0; k < TOGETHER; ++k) {
                    const u32 at = row + k * lanes.rows;
                    if (at < 32 && mask >> at & 1) take(v[k]);
                }
            }
            if (!keeps(p)) give(p, chunk);
        }
    }
    // Among the warps of a block: `mosts` has 32 * W words, zero at first, and so has `leasts`, if it is wanted, of
    // NO_EXPONENT. A barrier comes between the two. The work of a whole warp.
    __device__ __forceinline__ void join(const Params& p, u32* mosts, u32* leasts) {
        const Lanes<W> lanes(p);
        if (!keeps(p)) return;
        for (u32 step = 1; step < lanes.rows; step *= 2) join_row(lanes, step, leasts != nullptr);
        if (lanes.row > 0) return;
#pragma unroll
        for (u32 w = 0; w < W; ++w) {
            const u32 column = lanes.chunk * W + w;
            if (most[w]) atomicMax(mosts + column, most[w]);
            if (leasts && least[w] < NO_EXPONENT) atomicMin(leasts + column, least[w]);
        }
    }
    static __device__ __forceinline__ void flush(const Params& p, const u32* shared) {
        if (keeps(p) && threadIdx.x < p.columns && shared[threadIdx.x]) {
            atomicMax(p.magnitude + threadIdx.x, shared[threadIdx.x]);
        }
    }

private:
    // Those of as many rows on, of the same columns.
    __device__ __forceinline__ void join_row(const Lanes<W>& lanes, u32 step, bool with_least) {
        const u32 from = (threadIdx.x & 31) + step * lanes.width;
        const bool joins = lanes.row + step < lanes.rows;
#pragma unroll
        for (u32 w = 0; w < W; ++w) {
            const u32 most_there = __shfl_sync(~0u, most[w], from);
            if (joins) most[w] = max(most[w], most_there);
            if (!with_least) continue;
            const u32 least_there = __shfl_sync(~0u, least[w], from);
            if (joins) least[w] = min(least[w], least_there);
        }
    }
    __device__ __forceinline__ void give(const Params& p, u32 chunk) {
#pragma unroll
        for (u32 w = 0; w < W; ++w) {
            raise(p.magnitude + chunk * W + w, most[w]);
            most[w] = 0;
        }
    }
};
