// Records of points by tile, each the number of a cell within its tile, and how those of a tile are counted in shared
// memory: see tiles.cu.
#pragma once
#include "voxelize/params.cuh"

constexpr u32 UNIT = 8; // records of 16 bytes
constexpr u16 NO_CELL = 0xffff;
constexpr u32 COUNTERS = 1024; // threads of `count`

// A part of a tile.
struct Part {
    u32 tile;
    u32 number;
    u32 of;     // how many parts the tile has; 0 where there is nothing left to do
    u32 points; // of the tile
};

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
