// Counts and occupancy of large clouds: points by tile of cells first, then each tile in shared memory.
//
//   clear  zeroes what has to be
//   split  sorts the points of each chunk by tile in shared memory, and writes of each the cell within its tile where
//          the chunk's records have their fixed place, with a table of where each tile's run begins
//   count  a block for a tile, or several for one with many points: reads the tile's runs, counts in shared memory, and
//          writes the tile once
//
// No atomics in memory but the tiles' totals, no capacity that a cloud could exceed. Records of a tile begin at whole
// 16 bytes, filled up with NO_CELL, so that they are read as such.
#include "common/fill.cuh"
#include "common/scan.cuh"
#include "common/stages.cuh"
#include "voxelize/locate.cuh"
#include "voxelize/records.cuh"

constexpr u32 THREADS = 512;
constexpr u32 MOST_EACH = 14; // points of a thread in a chunk

extern __shared__ __align__(128) unsigned char dynamic[];

extern "C" __global__ void __launch_bounds__(THREADS) KERNEL(clear)(const __grid_constant__ Params p) {
    let_next_begin();
    fill(p.zeros, p.zero_bytes, 0);
}

// The points of a chunk.
struct Piece {
    u64 first;
    u32 points;
};
__device__ __forceinline__ Piece chunk_of(const Params& p, u32 number) {
    const u64 each = u64(p.by_tile.each) * THREADS, first = number * each;
    return {first, first < p.count ? u32(min(each, p.count - first)) : 0};
}

// Fetches a chunk's rows by the copy engine, which moves whole 16 bytes; what is left comes word by word.
struct Rows {
    const Params& p;
    float* stage;
    u64* arrival;
    u32 columns;

    __device__ __forceinline__ const float* from(Piece chunk) const {
        return static_cast<const float*>(p.points) + chunk.first * columns;
    }
    // Behind the last point nothing is read but its coordinates.
    __device__ __forceinline__ u32 words(Piece chunk) const {
        return chunk.points * columns - (chunk.points && chunk.first + chunk.points == p.count ? columns - 3 : 0);
    }
    // By one thread.
    __device__ __forceinline__ void ask(Piece chunk) const {
        const u32 bytes = words(chunk) / 4 * 16;
        expect_arrival(arrival, bytes);
        if (bytes) copy_bulk(stage, from(chunk), bytes, arrival);
    }
    // By all threads; whether what came last is to be waited for at a barrier.
    __device__ __forceinline__ bool wait(Piece chunk, u32 turn) const {
        wait_arrival(arrival, turn);
        const u32 all = words(chunk), whole = all / 4 * 4;
        if (all == whole) return false;
        if (threadIdx.x < all - whole) stage[whole + threadIdx.x] = from(chunk)[whole + threadIdx.x];
        return true;
    }
};

extern "C" __global__ void __launch_bounds__(THREADS, 2) KERNEL(split)(const __grid_constant__ Params p) {
    __shared__ u32 scratch[33];
    __shared__ u64 arrival;
    const Tiles& t = p.by_tile;
    const u32 columns = u32(p.point_stride[0]), me = threadIdx.x, lane = me & 31;
    float* const stage = reinterpret_cast<float*>(dynamic);
    u16* const sorted = reinterpret_cast<u16*>(stage + t.each * THREADS * columns);
    u32* const count = reinterpret_cast<u32*>(sorted + t.room);
    u16* const begins = reinterpret_cast<u16*>(count + (t.tiles + 1) / 2 * 2); // [tiles + 1][group]
    const u32 mask = (1u << t.shift) - 1;
    const Rows rows{p, stage, &arrival, columns};
    if (me == 0) {
        open_arrival(&arrival);
        if (blockIdx.x * t.group < t.row) rows.ask(chunk_of(p, blockIdx.x * t.group));
    }
    for (u32 i = me; i < t.tiles; i += THREADS) count[i] = 0;
    __syncthreads();

    wait_for_last(); // of whom only the totals are
    u32 turn = 0, next;
    // Numbers are rounded up to whole groups: some are of no chunk.
    for (u32 number = blockIdx.x * t.group; number < t.row; number = next, turn ^= 1) {
        const u32 member = number % t.group;
        next = member + 1 < t.group ? number + 1 : number + 1 + (gridDim.x - 1) * t.group;
        const Piece chunk = chunk_of(p, number);
        if (rows.wait(chunk, turn)) __syncthreads();
        // The cell within the tile and the tile, and how many points of the tile come before.
        u32 cell[MOST_EACH], before[(MOST_EACH + 1) / 2];
#pragma unroll
        for (u32 k = 0; k < MOST_EACH; ++k) {
            const u32 i = k * THREADS + me;
            cell[k] = NONE;
            if (k < t.each && i < chunk.points) {
                const float* const at = stage + i * columns;
                const float v[3] = {at[0], at[1], at[2]};
                const Found found = locate_in(p, 0, v);
                // Fewer cells than 2^31.
                if (found.inside) cell[k] = (found.cell[0] * p.shape[1] + found.cell[1]) * p.shape[2] + found.cell[2];
            }
            const u32 tile = cell[k] >> t.shift;
            const u32 led = __shfl_sync(~0u, tile, 0);
            u32 rank = 0;
            // A warp whose points all lie in one tile adds once, not lane by lane.
            if (__all_sync(~0u, cell[k] != NONE && tile == led)) {
                if (lane == 0) rank = atomicAdd(&count[tile], 32u);
                rank = __shfl_sync(~0u, rank, 0) + lane;
            } else if (cell[k] != NONE) {
                rank = atomicAdd(&count[tile], 1u);
            }
            before[k / 2] = k & 1 ? before[k / 2] | rank << 16 : rank;
        }
        before_bulk();
        __syncthreads();
        if (me == 0 && next < t.row) rows.ask(chunk_of(p, next));

        // Where each tile's run begins.
        const u32 each = (t.tiles + THREADS - 1) / THREADS;
        const u32 first = min(t.tiles, me * each), last = min(t.tiles, first + each);
        u32 sum = 0, units;
        for (u32 i = first; i < last; ++i) sum += (count[i] + UNIT - 1) / UNIT;
        u32 at = sum_before<THREADS>(sum, scratch, units);
        for (u32 i = first; i < last; ++i) {
            const u32 points = count[i];
            count[i] = at * UNIT;
            begins[i * t.group + member] = u16(at);
            at += (points + UNIT - 1) / UNIT;
            if (points) atomicAdd(t.totals + i, points);
        }
        if (me == 0) begins[t.tiles * t.group + member] = u16(units);
        uint4* const filled = reinterpret_cast<uint4*>(sorted);
        for (u32 i = me; i < units; i += THREADS) filled[i] = uint4{~0u, ~0u, ~0u, ~0u};
        __syncthreads();
#pragma unroll
        for (u32 k = 0; k < MOST_EACH; ++k) {
            if (cell[k] == NONE) continue;
            const u32 rank = k & 1 ? before[k / 2] >> 16 : before[k / 2] & 0xffff;
            sorted[count[cell[k] >> t.shift] + rank] = u16(cell[k] & mask);
        }
        __syncthreads();
        if (chunk.points) {
            uint4* const to = reinterpret_cast<uint4*>(t.records + u64(number) * t.room);
            for (u32 i = me; i < units; i += THREADS) to[i] = filled[i];
        }
        for (u32 i = me; i < t.tiles; i += THREADS) count[i] = 0;
        if (member + 1 == t.group) {
            u16* const table = t.begins + (number - member);
            for (u32 i = me; i <= t.tiles; i += THREADS) {
                if (t.group == 4) {
                    *reinterpret_cast<uint2*>(table + u64(i) * t.row) = *reinterpret_cast<const uint2*>(begins + i * 4);
                } else {
                    table[u64(i) * t.row] = begins[i];
                }
            }
        }
        __syncthreads();
    }
    let_next_begin();
}

// How many parts a tile of so many points has.
__device__ __forceinline__ u32 parts_of(const Tiles& t, u32 points) {
    return points > t.heavy ? (points + t.part - 1) / t.part : 1;
}

// Parts are handed out in order, so that when a block waits for the first one of its tile, that one has started. The
// first `tiles` blocks take the first parts and look at nothing but their own total.
__device__ __forceinline__ Part take_part(const Tiles& t, u32* scratch) {
    __shared__ Part taken;
    __shared__ u32 mine;
    if (threadIdx.x == 0) {
        mine = atomicAdd(t.ticket, 1u);
        const u32 points = mine < t.tiles ? __ldcg(t.totals + mine) : 0;
        taken = {mine, 0, mine < t.tiles ? parts_of(t, points) : 0, points};
    }
    __syncthreads();
    const u32 ticket = mine;
    if (ticket < t.tiles) return taken;
    const u32 each = (t.tiles + COUNTERS - 1) / COUNTERS;
    const u32 first = min(t.tiles, threadIdx.x * each), last = min(t.tiles, first + each);
    u32 further = 0, all;
    for (u32 i = first; i < last; ++i) further += parts_of(t, __ldcg(t.totals + i)) - 1;
    u32 at = t.tiles + sum_before<COUNTERS>(further, scratch, all);
    for (u32 i = first; i < last; ++i) {
        const u32 points = __ldcg(t.totals + i), more = parts_of(t, points) - 1;
        if (at <= ticket && ticket < at + more) taken = {i, ticket - at + 1, more + 1, points};
        at += more;
    }
    __syncthreads();
    return taken;
}

// Writes a tile's cells, or adds to what the first part has written.
__device__ __forceinline__ void put_part(const Params& p, Part part, const u32* counts) {
    const Tiles& t = p.by_tile;
    const u64 first = u64(part.tile) << t.shift;
    const u32 cells = u32(min(u64(1) << t.shift, p.cells - first));
    u32* const count = static_cast<u32*>(p.target[OUT_COUNT].to);
    u8* const occupancy = static_cast<u8*>(p.target[OUT_OCCUPANCY].to);
    if (part.number > 0) {
        for (u32 i = threadIdx.x; i < cells; i += COUNTERS) {
            if (!counts[i]) continue;
            if (count) atomicAdd(count + first + i, counts[i]);
            if (occupancy) occupancy[first + i] = 1;
        }
        return;
    }
    // Tiles begin at whole chunks of memory where the outputs do.
    if (count && reinterpret_cast<u64>(count) % 16 == 0) {
        const u32 whole = cells / 4;
        uint4* const to = reinterpret_cast<uint4*>(count + first);
        for (u32 i = threadIdx.x; i < whole; i += COUNTERS) to[i] = reinterpret_cast<const uint4*>(counts)[i];
        for (u32 i = whole * 4 + threadIdx.x; i < cells; i += COUNTERS) count[first + i] = counts[i];
    } else if (count) {
        for (u32 i = threadIdx.x; i < cells; i += COUNTERS) count[first + i] = counts[i];
    }
    if (occupancy && reinterpret_cast<u64>(occupancy) % 4 == 0) {
        const u32 whole = cells / 4;
        u32* const to = reinterpret_cast<u32*>(occupancy + first);
        const auto bit = [](u32 n) { return n ? 1u : 0u; };
        for (u32 i = threadIdx.x; i < whole; i += COUNTERS) {
            const uint4 n = reinterpret_cast<const uint4*>(counts)[i];
            to[i] = bit(n.x) | bit(n.y) << 8 | bit(n.z) << 16 | bit(n.w) << 24;
        }
        for (u32 i = whole * 4 + threadIdx.x; i < cells; i += COUNTERS) occupancy[first + i] = u8(bit(counts[i]));
    } else if (occupancy) {
        for (u32 i = threadIdx.x; i < cells; i += COUNTERS) occupancy[first + i] = counts[i] ? 1 : 0;
    }
}

extern "C" __global__ void __launch_bounds__(COUNTERS, 1) KERNEL(count)(const __grid_constant__ Params p) {
    __shared__ u32 scratch[33];
    const Tiles& t = p.by_tile;
    u32* const counts = reinterpret_cast<u32*>(dynamic);
    for (u32 i = threadIdx.x; i < (1u << t.shift) / 4; i += COUNTERS) {
        reinterpret_cast<uint4*>(counts)[i] = uint4{0, 0, 0, 0};
    }
    wait_for_last();
    const Part part = take_part(t, scratch);
    if (!part.of) return;
    __syncthreads();
    count_part(t, part, counts);
    __syncthreads();
    if (part.number > 0) {
        if (threadIdx.x == 0) {
            while (!load_acquire(t.written + part.tile)) {}
            __threadfence();
        }
        __syncthreads();
    }
    put_part(p, part, counts);
    if (part.number == 0 && part.of > 1) {
        __threadfence();
        __syncthreads();
        if (threadIdx.x == 0) store_release(t.written + part.tile, 1);
    }
}
