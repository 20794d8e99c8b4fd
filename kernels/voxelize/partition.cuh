// Points by tile of cells: what tiles.cu and lists.cu have in common.
//
// A chunk is some points of one cloud that follow each other, a tile some cells that do. A block sorts the points of a
// chunk by tile in shared memory and writes a record of each where the chunk's records have their fixed place, with a
// table of where each tile's run begins. Then blocks read the runs of a tile: one block, or several for a tile with many
// points, each a part. No capacity that a cloud could exceed, no atomics in memory but the tiles' totals.
#pragma once
#include "common/scan.cuh"
#include "voxelize/params.cuh"

// How many points of its chunk and tile come before a point. The work of one whole warp.
__device__ __forceinline__ u32 rank_in_tile(u32* count, u32 tile, bool inside) {
    const u32 lane = threadIdx.x & 31;
    const u32 led = __shfl_sync(~0u, tile, 0);
    // A warp whose points all lie in one tile adds once, not lane by lane.
    if (__all_sync(~0u, inside && tile == led)) {
        u32 rank = 0;
        if (lane == 0) rank = atomicAdd(&count[tile], 32u);
        return __shfl_sync(~0u, rank, 0) + lane;
    }
    return inside ? atomicAdd(&count[tile], 1u) : 0;
}

// From how many points a chunk has of each tile to where the tile's run begins, in `count` and, in units of so many
// records, in every `step`-th of `begins`; also adds to the totals. How many units there are. Of a whole block.
template <u32 THREADS, u32 UNIT>
__device__ __forceinline__ u32 begin_runs(const Tiles& t, u32* count, u16* begins, u32 step, u32* totals, u32* scratch) {
    const u32 each = (t.tiles + THREADS - 1) / THREADS;
    const u32 first = min(t.tiles, threadIdx.x * each), last = min(t.tiles, first + each);
    u32 sum = 0, units;
    for (u32 i = first; i < last; ++i) sum += (count[i] + UNIT - 1) / UNIT;
    u32 at = sum_before<THREADS>(sum, scratch, units);
    for (u32 i = first; i < last; ++i) {
        const u32 points = count[i];
        count[i] = at * UNIT;
        begins[u64(i) * step] = u16(at);
        at += (points + UNIT - 1) / UNIT;
        if (points) atomicAdd(totals + i, points);
    }
    if (threadIdx.x == 0) begins[u64(t.tiles) * step] = u16(units);
    return units;
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

// Parts are handed out in order, so that when a block waits for the first one of its tile, that one has started.
__device__ __forceinline__ u32 take_ticket(const Tiles& t) {
    __shared__ u32 mine;
    if (threadIdx.x == 0) mine = atomicAdd(t.ticket, 1u);
    __syncthreads();
    return mine;
}

// The part that a ticket is for, of so many tiles in all: the first tickets are for first parts, and look at nothing
// but their own total. `part` is in shared memory.
template <u32 THREADS>
__device__ __forceinline__ void find_part(const Tiles& t, u32 tiles, u32 ticket, Part& part, u32* scratch) {
    if (threadIdx.x == 0) {
        const u32 points = ticket < tiles ? __ldcg(t.totals + ticket) : 0;
        part = {ticket, 0, ticket < tiles ? parts_of(t, points) : 0, points};
    }
    __syncthreads();
    if (ticket < tiles) return;
    const u32 each = (tiles + THREADS - 1) / THREADS;
    const u32 first = min(tiles, threadIdx.x * each), last = min(tiles, first + each);
    u32 further = 0, all;
    for (u32 i = first; i < last; ++i) further += parts_of(t, __ldcg(t.totals + i)) - 1;
    u32 at = tiles + sum_before<THREADS>(further, scratch, all);
    for (u32 i = first; i < last; ++i) {
        const u32 points = __ldcg(t.totals + i), more = parts_of(t, points) - 1;
        if (at <= ticket && ticket < at + more) part = {i, ticket - at + 1, more + 1, points};
        at += more;
    }
    __syncthreads();
}
