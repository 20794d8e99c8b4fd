// The points of a tile, or of a part of one, by cell in shared memory: see lists.cu.
#pragma once
#include "voxelize/clouds.cuh"
#include "voxelize/partition.cuh"

constexpr u32 INDEX_BITS = 12; // of a record: a point's index in its chunk, below its cell in the tile
constexpr u32 INDEX = (1u << INDEX_BITS) - 1;
constexpr u32 LIST = 6144;     // points of a part
constexpr u32 HOT = 32;        // points of a cell beyond which a warp takes it
constexpr u32 MOST_HOT = LIST / HOT;

struct List {
    u32 cells;   // of a tile
    u32* ends;   // [cells]: counts, then beginnings, then ends of the cells' points; zero at first
    u32* firsts; // [cells]: the lowest of the cells' points, inverted, zero at first; null: not wanted
    u32* points; // [LIST]
    u16* filled; // [cells]: cells with one point from the front, those with several from the back
    u16* hot;    // [MOST_HOT]: those with more than a few
    u32* hots;   // how many
    u32 singles;
    u32 several;

    __device__ __forceinline__ u32 begin(u32 cell) const { return cell ? ends[cell - 1] : 0; }
    __device__ __forceinline__ u32 count(u32 cell) const { return ends[cell] - begin(cell); }
    __device__ __forceinline__ u32 single(u32 i) const { return filled[i]; }
    __device__ __forceinline__ u32 several_at(u32 i) const { return filled[cells - 1 - i]; }
};

// Calls `what` with cell and index of each of a part's points. Of a whole block.
template <u32 THREADS, class F>
__device__ __forceinline__ void each_record(const Params& p, const Part& part, u32 cloud, u32* scratch, F what) {
    constexpr u32 RUNS = 4; // of a lane at a time, whose bounds and then records are on their way together
    __shared__ u32 before[THREADS];
    const Tiles& t = p.by_tile;
    const u32 me = threadIdx.x;
    const Range chunks = chunks_of(p, cloud);
    const u32 first_point = first_point_of(p, cloud);
    const u16* const begins = t.begins + u64(part.tile - cloud * t.tiles) * t.row;
    const u32* const records = static_cast<const u32*>(t.records);
    u32 lanes = 1; // for a run
    while (lanes < 32 && u64(lanes) * (chunks.end - chunks.first) < part.points) lanes *= 2;
    const u32 low = part.number * LIST, high = low + min(LIST, part.points - low);
    u32 passed = 0; // points of the tile in the chunks before
    for (u32 base = chunks.first; base < chunks.end && passed < high; base += THREADS) {
        const u32 end = min(chunks.end, base + THREADS);
        if (part.of > 1) {
            u32 all;
            const u32 chunk = base + me;
            const u32 mine = chunk < end ? begins[t.row + chunk] - begins[chunk] : 0;
            __syncthreads();
            before[me] = passed + sum_before<THREADS>(mine, scratch, all);
            passed += all;
            __syncthreads();
            if (passed <= low) continue;
        }
        const u32 step = THREADS / lanes;
        for (u32 first = base + me / lanes; first < end; first += RUNS * step) {
            u32 at[RUNS], to[RUNS], record[RUNS];
#pragma unroll
            for (u32 k = 0; k < RUNS; ++k) {
                const u32 chunk = first + k * step;
                at[k] = chunk < end ? begins[chunk] : 0;
                to[k] = chunk < end ? begins[t.row + chunk] : 0;
                if (part.of > 1 && chunk < end) {
                    const u32 from = at[k], come = before[chunk - base];
                    at[k] = from + (come < low ? min(low - come, to[k] - from) : 0);
                    to[k] = from + (come < high ? min(high - come, to[k] - from) : 0);
                }
                at[k] += me & (lanes - 1);
            }
#pragma unroll
            for (u32 k = 0; k < RUNS; ++k) {
                if (at[k] < to[k]) record[k] = __ldg(records + u64(first + k * step) * t.room + at[k]);
            }
#pragma unroll
            for (u32 k = 0; k < RUNS; ++k) {
                if (at[k] >= to[k]) continue;
                const u32 chunk = first + k * step, point = first_point + (chunk - chunks.first) * t.points;
                what(record[k] >> INDEX_BITS, point + (record[k] & INDEX));
                const u32* const run = records + u64(chunk) * t.room;
                for (u32 i = at[k] + lanes; i < to[k]; i += lanes) {
                    const u32 further = __ldg(run + i);
                    what(further >> INDEX_BITS, point + (further & INDEX));
                }
            }
        }
    }
}

// From counts to beginnings, and the cells that have points. Of a whole block.
template <u32 THREADS>
__device__ __forceinline__ void begin_cells(List& list, u64* scratch) {
    constexpr u32 SINGLE = 16, SEVERAL = 32; // bits from where on such cells are counted, above the points
    const u32 each = (list.cells + THREADS - 1) / THREADS;
    const u32 first = min(list.cells, threadIdx.x * each), last = min(list.cells, first + each);
    const auto of = [](u32 points) {
        const u64 cell = points == 1 ? u64(1) << SINGLE : points && points <= HOT ? u64(1) << SEVERAL : 0;
        return points + cell;
    };
    u64 sum = 0, all;
    for (u32 i = first; i < last; ++i) sum += of(list.ends[i]);
    u64 at = sum_before<THREADS>(sum, scratch, all);
    list.singles = u32(all >> SINGLE) & 0xffff, list.several = u32(all >> SEVERAL);
    for (u32 i = first; i < last; ++i) {
        const u32 points = list.ends[i];
        list.ends[i] = u32(at) & 0xffff;
        if (points == 1) {
            list.filled[u32(at >> SINGLE) & 0xffff] = u16(i);
        } else if (points > HOT) {
            list.hot[atomicAdd(list.hots, 1u)] = u16(i);
        } else if (points) {
            list.filled[list.cells - 1 - u32(at >> SEVERAL)] = u16(i);
        }
        at += of(points);
    }
}

// Lists a part's points by cell. Of a whole block.
template <u32 THREADS>
__device__ __forceinline__ void make_list(const Params& p, const Part& part, u32 cloud, List& list, u64* scratch) {
    u32* const words = reinterpret_cast<u32*>(scratch);
    each_record<THREADS>(p, part, cloud, words, [&](u32 cell, u32 point) {
        atomicAdd(list.ends + cell, 1u);
        if (list.firsts) atomicMax(list.firsts + cell, ~point);
    });
    __syncthreads();
    begin_cells<THREADS>(list, scratch);
    __syncthreads();
    each_record<THREADS>(p, part, cloud, words, [&](u32 cell, u32 point) {
        list.points[atomicAdd(list.ends + cell, 1u)] = point;
    });
    __syncthreads();
}
