// The points of a tile, or of a part of one, by cell in shared memory: see lists.cu.
#pragma once
#include "voxelize/clouds.cuh"
#include "voxelize/partition.cuh"

constexpr u32 INDEX_BITS = 12; // of a record: a point's index in its chunk, below its cell in the tile
constexpr u32 INDEX = (1u << INDEX_BITS) - 1;
constexpr u32 LIST = 4096;     // points of a part
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

// Some of a tile's runs: one of each chunk of a cloud.
struct Runs {
    const Tiles& t;
    u32 chunks;
    const u16* begins;  // [chunks]
    const u32* records; // [chunks][room]
    u32 first_point;

    __device__ __forceinline__ Runs(const Params& p, u32 cloud, u32 tile) : t(p.by_tile) {
        const Range range = chunks_of(p, cloud);
        chunks = range.end - range.first;
        begins = t.begins + u64(tile - cloud * t.tiles) * t.row + range.first;
        records = static_cast<const u32*>(t.records) + u64(range.first) * t.room;
        first_point = first_point_of(p, cloud);
    }
    __device__ __forceinline__ u32 begin(u32 chunk) const { return begins[chunk]; }
    __device__ __forceinline__ u32 end(u32 chunk) const { return begins[t.row + chunk]; }
    __device__ __forceinline__ u32 record(u32 chunk, u32 i) const { return __ldg(records + u64(chunk) * t.room + i); }
    __device__ __forceinline__ u32 point(u32 chunk, u32 record) const {
        return first_point + chunk * t.points + (record & INDEX);
    }
    // Threads that share a run, so that most have as many records as it has on average.
    __device__ __forceinline__ u32 sharing(u32 points, u32 least, u32 most) const {
        u32 threads = least;
        while (threads < most && u64(threads) * chunks < points) threads *= 2;
        return threads;
    }
};

// Calls `what` with cell and index of each of a tile's points. Of a whole block.
template <u32 THREADS, class F>
__device__ __forceinline__ void each_record(const Runs& runs, u32 points, F what) {
    constexpr u32 TOGETHER = 4; // runs of a thread whose bounds and then records are on their way
    const u32 lanes = runs.sharing(points, 1, 32), step = THREADS / lanes, lane = threadIdx.x & (lanes - 1);
    for (u32 first = threadIdx.x / lanes; first < runs.chunks; first += TOGETHER * step) {
        u32 at[TOGETHER], end[TOGETHER], record[TOGETHER];
#pragma unroll
        for (u32 k = 0; k < TOGETHER; ++k) {
            const u32 chunk = first + k * step;
            at[k] = chunk < runs.chunks ? runs.begin(chunk) + lane : 0;
            end[k] = chunk < runs.chunks ? runs.end(chunk) : 0;
        }
#pragma unroll
        for (u32 k = 0; k < TOGETHER; ++k) {
            if (at[k] < end[k]) record[k] = runs.record(first + k * step, at[k]);
        }
#pragma unroll
        for (u32 k = 0; k < TOGETHER; ++k) {
            const u32 chunk = first + k * step;
            while (at[k] < end[k]) {
                what(record[k] >> INDEX_BITS, runs.point(chunk, record[k]));
                at[k] += lanes;
                if (at[k] < end[k]) record[k] = runs.record(chunk, at[k]);
            }
        }
    }
}

// Likewise of a part of a tile, by whole warps: with whether a lane has a point, too.
template <u32 THREADS, class F>
__device__ __forceinline__ void each_of_part(const Runs& runs, const Part& part, u32* scratch, F what) {
    constexpr u32 TOGETHER = 4; // records of a thread that are on their way
    __shared__ u32 before[THREADS];
    const u32 me = threadIdx.x;
    const u32 sharing = runs.sharing(part.points, 32, THREADS), lane = me & (sharing - 1);
    const u32 low = part.number * LIST, high = low + min(LIST, part.points - low);
    u32 passed = 0; // points of the tile in the chunks before
    for (u32 base = 0; base < runs.chunks && passed < high; base += THREADS) {
        const u32 all = min(THREADS, runs.chunks - base);
        u32 points;
        const u32 mine = me < all ? runs.end(base + me) - runs.begin(base + me) : 0;
        __syncthreads();
        before[me] = passed + sum_before<THREADS>(mine, scratch, points);
        passed += points;
        __syncthreads();
        if (passed <= low) continue;
        for (u32 run = me / sharing; run < all; run += THREADS / sharing) {
            const u32 chunk = base + run, from = before[run], begin = runs.begin(chunk), length = runs.end(chunk) - begin;
            const u32 first = begin + (from < low ? min(low - from, length) : 0);
            const u32 end = begin + (from < high ? min(high - from, length) : 0);
            for (u32 i = first; i < end; i += TOGETHER * sharing) {
                u32 record[TOGETHER];
#pragma unroll
                for (u32 k = 0; k < TOGETHER; ++k) {
                    const u32 at = i + k * sharing + lane;
                    record[k] = at < end ? runs.record(chunk, at) : 0;
                }
#pragma unroll
                for (u32 k = 0; k < TOGETHER; ++k) {
                    what(i + k * sharing + lane < end, record[k] >> INDEX_BITS, runs.point(chunk, record[k]));
                }
            }
        }
    }
}

// Adds one to the count of a lane's cell, if it has a point; what the count was before. The work of one whole warp.
__device__ __forceinline__ u32 add_to_cell(u32* counts, bool valid, u32 cell) {
    const u32 led = __shfl_sync(~0u, cell, 0);
    if (!__all_sync(~0u, valid && cell == led)) return valid ? atomicAdd(counts + cell, 1u) : 0;
    const u32 lane = threadIdx.x & 31;
    u32 count = 0;
    if (lane == 0) count = atomicAdd(counts + cell, 32u);
    return __shfl_sync(~0u, count, 0) + lane;
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

// Lists a tile's points by cell. Of a whole block.
template <u32 THREADS>
__device__ __forceinline__ void list_tile(const Runs& runs, const Part& part, List& list, u64* scratch) {
    each_record<THREADS>(runs, part.points, [&](u32 cell, u32 point) {
        atomicAdd(list.ends + cell, 1u);
        if (list.firsts) atomicMax(list.firsts + cell, ~point);
    });
    __syncthreads();
    begin_cells<THREADS>(list, scratch);
    __syncthreads();
    each_record<THREADS>(runs, part.points, [&](u32 cell, u32 point) {
        list.points[atomicAdd(list.ends + cell, 1u)] = point;
    });
    __syncthreads();
}

// Likewise of one of several parts.
template <u32 THREADS>
__device__ __noinline__ void list_part(const Runs& runs, const Part& part, List& list, u64* scratch) {
    u32* const words = reinterpret_cast<u32*>(scratch);
    each_of_part<THREADS>(runs, part, words, [&](bool valid, u32 cell, u32 point) {
        add_to_cell(list.ends, valid, cell);
        if (list.firsts && valid) atomicMax(list.firsts + cell, ~point);
    });
    __syncthreads();
    begin_cells<THREADS>(list, scratch);
    __syncthreads();
    each_of_part<THREADS>(runs, part, words, [&](bool valid, u32 cell, u32 point) {
        const u32 at = add_to_cell(list.ends, valid, cell);
        if (valid) list.points[at] = point;
    });
    __syncthreads();
}
