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

constexpr u32 THREADS = 512;
constexpr u32 MOST_EACH = 14; // points of a thread in a chunk
constexpr u32 UNIT = 8;       // records of 16 bytes
constexpr u16 NO_CELL = 0xffff;
constexpr u32 COUNTERS = 1024; // threads of `count`

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

// A part of a tile.
struct Part {
    u32 tile;
    u32 number;
    u32 of;     // how many parts the tile has; 0 where there is nothing left to do
    u32 points; // of the tile
};

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

// Counts a unit's records. Lanes that add one to the same number do so together.
__device__ __forceinline__ void count_unit(u32* counts, uint4 v) {
    const u32 words[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
    for (u32 i = 0; i < UNIT; ++i) {
        const u32 cell = i % 2 ? words[i / 2] >> 16 : words[i / 2] & 0xffff;
        if (cell != NO_CELL) atomicAdd(counts + cell, 1u);
    }
}

// What is left of long runs, for whichever warps are free: a cloud may have most of a tile's points in one chunk.
struct Rest {
    static constexpr u32 MOST = 512;
    static constexpr u32 UNITS = 128; // of a piece
    struct {
        u32 first, units;
    } piece[MOST];
    u32 pieces;

    // Leaves units in pieces; how many there was no room for.
    __device__ __forceinline__ u32 leave(u32 first, u32 units) {
        const u32 wanted = (units + UNITS - 1) / UNITS;
        const u32 at = min(atomicAdd(&pieces, wanted), MOST), room = min(wanted, MOST - at);
        for (u32 i = 0; i < room; ++i) piece[at + i] = {first + i * UNITS, min(UNITS, units - i * UNITS)};
        return units - min(units, room * UNITS);
    }
    // Counts all of it. The work of a whole block, behind a barrier.
    __device__ __forceinline__ void count(const uint4* records, u32* counts) const {
        constexpr u32 TOGETHER = UNITS / 32;
        const u32 lane = threadIdx.x & 31, all = min(pieces, MOST);
        for (u32 i = threadIdx.x / 32; i < all; i += COUNTERS / 32) {
            uint4 v[TOGETHER];
#pragma unroll
            for (u32 k = 0; k < TOGETHER; ++k) {
                v[k] = uint4{~0u, ~0u, ~0u, ~0u};
                if (k * 32 + lane < piece[i].units) v[k] = __ldcs(records + piece[i].first + k * 32 + lane);
            }
#pragma unroll
            for (u32 k = 0; k < TOGETHER; ++k) {
                // Where all are in one cell, one lane adds all of them.
                const u32 two = __shfl_sync(~0u, v[k].x, 0), cell = two & 0xffff;
                const bool same = cell != NO_CELL && two >> 16 == cell && v[k].x == two && v[k].y == two && v[k].z == two && v[k].w == two;
                if (!__all_sync(~0u, same)) {
                    count_unit(counts, v[k]);
                } else if (lane == 0) {
                    atomicAdd(counts + cell, 32 * UNIT);
                }
            }
        }
    }
};

// Counts a part's records: runs of its chunks, each by some lanes, two of them at a time so that their first units are
// on their way together, as are further ones.
__device__ __forceinline__ void count_part(const Tiles& t, Part part, u32* counts) {
    constexpr u32 TOGETHER = 2, FURTHER = 2, LONG = 4, LEAST_LONG = 8;
    __shared__ Rest rest;
    if (threadIdx.x == 0) rest.pieces = 0;
    __syncthreads();
    u32 lanes = 1;
    while (lanes < 32 && u64(lanes) * t.chunks * UNIT < part.points) lanes *= 2;
    const u32 lane = threadIdx.x & (lanes - 1), most = max(LONG * lanes, LEAST_LONG);
    const u16* const begins = t.begins + u64(part.tile) * t.row;
    const uint4* const records = reinterpret_cast<const uint4*>(t.records);
    const u32 step = part.of * (COUNTERS / lanes), room = t.room / UNIT;
    // A warp stays together, whose first lanes have `warps`.
    const u32 mine = part.of * ((threadIdx.x & 31) / lanes);
    for (u32 warps = part.number + part.of * (threadIdx.x / 32 * (32 / lanes)); warps < t.chunks; warps += TOGETHER * step) {
        const u32 first = warps + mine;
        u32 at[TOGETHER], end[TOGETHER];
        uint4 v[TOGETHER];
#pragma unroll
        for (u32 k = 0; k < TOGETHER; ++k) {
            const u32 chunk = first + k * step;
            at[k] = chunk < t.chunks ? begins[chunk] : 0;
            end[k] = chunk < t.chunks ? begins[t.row + chunk] : 0;
        }
#pragma unroll
        for (u32 k = 0; k < TOGETHER; ++k) {
            v[k] = uint4{~0u, ~0u, ~0u, ~0u};
            if (at[k] + lane < end[k]) v[k] = __ldcs(records + u64(first + k * step) * room + at[k] + lane);
        }
#pragma unroll
        for (u32 k = 0; k < TOGETHER; ++k) {
            count_unit(counts, v[k]);
            u32 begin = at[k] + lanes;
            const bool is_long = begin + most < end[k];
            if (__any_sync(~0u, is_long)) {
                u32 left = 0;
                if (is_long && lane == 0) left = rest.leave((first + k * step) * room + begin, end[k] - begin);
                left = __shfl_sync(~0u, left, 0, lanes);
                if (is_long) begin = end[k] - left;
            }
            const uint4* const run = records + u64(first + k * step) * room;
            for (u32 unit = begin + lane; __any_sync(~0u, unit < end[k]); unit += FURTHER * lanes) {
                uint4 w[FURTHER];
#pragma unroll
                for (u32 i = 0; i < FURTHER; ++i) {
                    w[i] = uint4{~0u, ~0u, ~0u, ~0u};
                    if (unit + i * lanes < end[k]) w[i] = __ldcs(run + unit + i * lanes);
                }
#pragma unroll
                for (u32 i = 0; i < FURTHER; ++i) count_unit(counts, w[i]);
            }
        }
    }
    __syncthreads();
    rest.count(records, counts);
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

extern "C" __global__ void __launch_bounds__(COUNTERS) KERNEL(count)(const __grid_constant__ Params p) {
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
