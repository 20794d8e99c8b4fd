// Every reduction of dense cells that are few: each has totals, to which points add themselves.
//
//   weigh   zeroes the totals; and if sums have to be the same in any order, finds the cell of each point, and the largest
//           magnitudes among those of each block
//   add     each point adds itself to its cell
//   finish  goes through the cells and writes what each has
//
// Nothing is claimed or listed: that takes longer than to go through the totals of all cells where most have points, or
// where those are few bytes for each point.
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

template <u32 W>
__device__ __forceinline__ void weigh_points(const Params& p, u32* most) {
    const u32 lane = threadIdx.x & 31;
    Magnitudes<W> magnitudes;
    for (u32 base = blockIdx.x * POINT_THREADS; base < p.count; base += gridDim.x * POINT_THREADS) {
        const u32 i = base + threadIdx.x;
        const u32 key = small_key_by_warp(p, i);
        if (i < p.count) p.node_of[i] = key;
        magnitudes.add(p, i - lane, __ballot_sync(~0u, key != NONE));
    }
    magnitudes.join(p, most, nullptr);
}

extern "C" __global__ void __launch_bounds__(POINT_THREADS, 1) KERNEL(weigh)(const __grid_constant__ Params p) {
    __shared__ u32 most[MOST_KEPT];
    let_next_begin();
    if (threadIdx.x < MOST_KEPT) most[threadIdx.x] = 0;
    __syncthreads();
    if (p.fixed && p.flags & FOURS) {
        weigh_points<4>(p, most);
    } else if (p.fixed) {
        weigh_points<1>(p, most);
    }
    fill(p.zeros, p.zero_bytes, 0); // for which nothing here waits
    __syncthreads();
    if (p.fixed && threadIdx.x < p.columns) p.most[threadIdx.x * gridDim.x + blockIdx.x] = most[threadIdx.x];
}

// The largest magnitudes of all blocks of `weigh`, as many as there are of this stage. Each block finds them for itself
// and writes what all others write, too.
__device__ __forceinline__ void join_blocks(const Params& p) {
    constexpr u32 TOGETHER = 5; // of a lane that are on their way: a block for each of 132 multiprocessors and more
    const u32 lane = threadIdx.x & 31;
    for (u32 column = threadIdx.x / 32; column < p.columns; column += POINT_WARPS) {
        u32 most = 0;
        for (u32 base = lane; base < gridDim.x; base += 32 * TOGETHER) {
            u32 v[TOGETHER];
#pragma unroll
            for (u32 k = 0; k < TOGETHER; ++k) {
                const u32 block = base + 32 * k;
                v[k] = block < gridDim.x ? __ldcg(p.most + column * gridDim.x + block) : 0;
            }
#pragma unroll
            for (u32 k = 0; k < TOGETHER; ++k) most = max(most, v[k]);
        }
        most = __reduce_max_sync(~0u, most);
        if (lane == 0) p.magnitude[column] = most;
    }
    __syncthreads();
}

extern "C" __global__ void __launch_bounds__(POINT_THREADS, 1) KERNEL(add)(const __grid_constant__ Params p) {
    __shared__ Picked of_warp[POINT_WARPS];
    let_next_begin();
    if (p.fixed) wait_for_last();
    bool weighed = !p.fixed;
    for (u32 base = blockIdx.x * POINT_THREADS; base < p.count; base += gridDim.x * POINT_THREADS) {
        const u32 i = base + threadIdx.x;
        u32 key = NONE;
        if (!p.fixed) {
            key = small_key_by_warp(p, i);
        } else if (i < p.count) {
            key = p.node_of[i];
        }
        wait_for_last();
        if (!weighed) join_blocks(p), weighed = true; // only now, as the first keys are on their way meanwhile
        add_members(p, of_warp[threadIdx.x / 32], i, key, key != NONE);
    }
    wait_for_last(); // also where there are no points, as whoever waits for this kernel waits for that one, too
}

// Features of a warp's cells, from a key on, of which each lane has one with so many points.
template <u32 W>
__device__ __forceinline__ void put_features(const Params& p, u32 key, u32 points) {
    const Lanes<W> lanes(p);
    const bool any = __any_sync(~0u, points > 0);
    for (u32 base = 0; base < lanes.all; base += lanes.width) {
        const bool works = !lanes.idle() && base + lanes.chunk < lanes.all;
        Columns<W> columns(p, works ? (base + lanes.chunk) * W : 0);
        if (any) columns.weigh();
        for (u32 from = 0; from < 32; from += lanes.rows) {
            const u32 row = from + lanes.row, filled = __shfl_sync(~0u, points, row);
            const CellSpot spot = spot_of(p, key + row);
            if (!works || row >= 32 || spot.number >= p.cells) continue;
            if (filled) {
                columns.put_sums(columns.given_sums(key + row), spot, filled);
                columns.put_extremes(columns.given_extremes(key + row), spot);
            } else {
                columns.put_nothing(spot);
            }
        }
    }
}

// Which cells of a warp have points, a bit each.
__device__ __forceinline__ void put_bits(const Params& p, CellSpot spot, u32 filled) {
    const Target& t = p.target[OUT_BITS];
    const u32 lane = threadIdx.x & 31;
    if (!t.to || lane % 8 || spot.number >= p.cells) return;
    static_cast<u8*>(t.to)[spot.cloud * t.stride[0] + spot.number / 8 * t.stride[1]] = u8(filled >> lane);
}

// All cells, features W columns a lane.
template <u32 W>
__device__ __forceinline__ void put_cells(const Params& p) {
    const u32 keys = u32(p.keys) * p.batch; // fewer than 2^31, of each cloud whole warps
    for (u32 key = blockIdx.x * CELL_THREADS + threadIdx.x; key < keys; key += gridDim.x * CELL_THREADS) {
        const u32 points = __ldcg(others_of(p, key)), filled = __ballot_sync(~0u, points > 0);
        const CellSpot spot = spot_of(p, key);
        put_bits(p, spot, filled);
        if (spot.number < p.cells) put_numbers(p, spot, points, p.first && points ? i64(u32(~__ldcg(p.first + key))) : -1);
        if (makes_totals(p)) put_features<W>(p, key & ~31u, points);
    }
}

extern "C" __global__ void __launch_bounds__(CELL_THREADS, 4) KERNEL(finish)(const __grid_constant__ Params p) {
    let_next_begin();
    wait_for_last();
    if (p.flags & FOURS) {
        put_cells<4>(p);
    } else {
        put_cells<1>(p);
    }
}
