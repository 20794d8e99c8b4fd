// Every reduction of dense cells that are few: each has totals, to which points add themselves.
//
//   weigh   finds the cell of each point, and the largest magnitudes among those of each block; zeroes the totals, and
//           writes what cells without points have
//   add     each point adds itself to its cell
//   finish  goes through the cells and writes what those with points have
//
// Nothing is claimed or listed: that takes longer than to go through the totals of all cells where most have points, or
// where the L2 cache holds all totals with room to spare.
#include "common/stages.cuh"
#include "voxelize/cells.cuh"
#include "voxelize/locate.cuh"
#include "voxelize/magnitude.cuh"
#include "voxelize/members.cuh"

// Few blocks of points, as each block of `add` looks at what all those of `weigh` found.
constexpr u32 POINT_THREADS = 1024;
constexpr u32 POINT_WARPS = POINT_THREADS / 32;
static_assert(MOST_KEPT <= POINT_THREADS);
constexpr u32 CELL_THREADS = 256;
constexpr u32 CELL_WARPS = CELL_THREADS / 32;

template <u32 W>
__device__ __forceinline__ void weigh_points(const Params& p, u32* most) {
    const u32 lane = threadIdx.x & 31;
    Magnitudes<W> magnitudes;
    for (u32 base = blockIdx.x * POINT_THREADS; base < p.count; base += gridDim.x * POINT_THREADS) {
        const u32 i = base + threadIdx.x;
        const u32 key = small_key_by_warp(p, i);
        if (i < p.count) p.node_of[i] = key;
        if (p.fixed) magnitudes.add(p, i - lane, __ballot_sync(~0u, key != NONE));
    }
    if (p.fixed) magnitudes.join(p, most, nullptr);
}

extern "C" __global__ void __launch_bounds__(POINT_THREADS) KERNEL(weigh)(const __grid_constant__ Params p) {
    __shared__ u32 most[MOST_KEPT];
    let_next_begin();
    if (threadIdx.x < MOST_KEPT) most[threadIdx.x] = 0;
    __syncthreads();
    if (p.flags & FOURS) {
        weigh_points<4>(p, most);
    } else {
        weigh_points<1>(p, most);
    }
    // For which nothing here waits.
    fill(p.zeros, p.zero_bytes, 0);
    put_empty(p);
    __syncthreads();
    if (p.fixed && threadIdx.x < p.columns) p.most[threadIdx.x * gridDim.x + blockIdx.x] = most[threadIdx.x];
}

// The largest magnitudes of all blocks of `weigh`, as many as there are of this stage. Each block finds them for itself
// and writes what all others write, too.
__device__ __forceinline__ void join_blocks(const Params& p) {
    const u32 lane = threadIdx.x & 31;
    for (u32 column = threadIdx.x / 32; column < p.columns; column += POINT_WARPS) {
        u32 most = 0;
#pragma unroll 4
        for (u32 block = lane; block < gridDim.x; block += 32) most = max(most, __ldcg(p.most + column * gridDim.x + block));
        most = __reduce_max_sync(~0u, most);
        if (lane == 0) p.magnitude[column] = most;
    }
    __syncthreads();
}

extern "C" __global__ void __launch_bounds__(POINT_THREADS) KERNEL(add)(const __grid_constant__ Params p) {
    __shared__ Picked of_warp[POINT_WARPS];
    let_next_begin();
    wait_for_last();
    if (p.fixed) join_blocks(p);
    const u32 whole = (p.count + 31) / 32 * 32;
    for (u32 i = blockIdx.x * POINT_THREADS + threadIdx.x; i < whole; i += gridDim.x * POINT_THREADS) {
        const u32 key = i < p.count ? p.node_of[i] : NONE;
        add_members(p, of_warp[threadIdx.x / 32], i, key, key != NONE);
    }
}

// Features of cells with points, a column a lane, as totals lie side by side. Picked are keys, with how many points.
__device__ __forceinline__ void put_features(const Params& p, const Picked& picked, u32 cells) {
    constexpr u32 TOGETHER = 2; // totals of a lane that are on their way
    const Lanes<1> lanes(p);
    if (lanes.idle()) return;
    for (u32 column = lanes.chunk; column < lanes.all; column += lanes.width) {
        Columns<1> columns(p, column);
        columns.weigh();
        for (u32 i = lanes.row; i < cells; i += TOGETHER * lanes.rows) {
            Columns<1>::Totals totals[TOGETHER];
#pragma unroll
            for (u32 k = 0; k < TOGETHER; ++k) {
                const u32 at = i + k * lanes.rows;
                if (at < cells) totals[k] = columns.given(picked.point[at]);
            }
#pragma unroll
            for (u32 k = 0; k < TOGETHER; ++k) {
                const u32 at = i + k * lanes.rows;
                if (at < cells) columns.put(totals[k], spot_of(p, picked.point[at]), picked.to[at]);
            }
        }
    }
}

// Which cells of a warp have points, a bit each.
__device__ __forceinline__ void put_bits(const Params& p, u32 key, u32 filled) {
    const Target& t = p.target[OUT_BITS];
    const u32 lane = threadIdx.x & 31;
    if (!t.to || lane % 8) return;
    const CellSpot spot = spot_of(p, key);
    if (spot.number >= p.cells) return;
    static_cast<u8*>(t.to)[spot.cloud * t.stride[0] + spot.number / 8 * t.stride[1]] = u8(filled >> lane);
}

extern "C" __global__ void __launch_bounds__(CELL_THREADS, 6) KERNEL(finish)(const __grid_constant__ Params p) {
    __shared__ Picked of_warp[CELL_WARPS];
    Picked& picked = of_warp[threadIdx.x / 32];
    let_next_begin();
    wait_for_last();
    const bool totals = makes_totals(p);
    const u32 keys = u32(p.keys) * p.batch; // of each cloud whole warps
    for (u64 at = blockIdx.x * CELL_THREADS + threadIdx.x; at < keys; at += gridDim.x * CELL_THREADS) {
        const u32 key = u32(at), points = __ldcg(others_of(p, key));
        const u32 filled = __ballot_sync(~0u, points > 0);
        put_bits(p, key, filled);
        if (!filled) continue;
        if (points) put_numbers(p, spot_of(p, key), points, p.first ? ~__ldcg(p.first + key) : 0);
        if (!totals) continue;
        put_features(p, picked, picked.pick(points > 0, key, points));
        __syncwarp();
    }
}
