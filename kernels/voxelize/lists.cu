// Every reduction of dense cells: points by tile of cells first, then each tile's points listed by cell in shared memory.
//
//   clear  zeroes what has to be, and divides clouds into chunks
//   split  sorts the points of each chunk by tile: see partition.cuh
//   rows   a block for a tile writes what cells without points have while `split` still runs, lists the tile's points by
//          cell, and writes the rows of those that have some, each from its points and once
//
// A tile with more points than a list holds is in parts: each adds its cells to sums in memory, and the last one writes.
// Sums are of integers or need no order, so that neither the lists' nor the parts' order can be seen.
#include "common/fill.cuh"
#include "common/stages.cuh"
#include "voxelize/clouds.cuh"
#include "voxelize/locate.cuh"
#include "voxelize/output.cuh"
#include "voxelize/partition.cuh"
#include "voxelize/total.cuh"

constexpr u32 THREADS = 512;
constexpr u32 WARPS = THREADS / 32;
constexpr u32 MOST_EACH = 8;   // points of a thread in a chunk
constexpr u32 INDEX_BITS = 12; // of a record: a point's index in its chunk, below its cell in the tile
constexpr u32 INDEX = (1u << INDEX_BITS) - 1;
constexpr u32 LIST = 6144;     // points of a part
constexpr u32 HOT = 32;        // points of a cell beyond which a warp takes it
constexpr u32 VERY_HOT = 512;  // and beyond which all do
constexpr u32 FEW = 4;         // times as many columns as are read at once, of a very hot cell
constexpr u32 WEIGHED = 256;   // columns whose magnitudes are collected by blocks

extern __shared__ __align__(128) unsigned char dynamic[];

extern "C" __global__ void __launch_bounds__(THREADS) KERNEL(clear)(const __grid_constant__ Params p) {
    __shared__ u32 scratch[33];
    let_next_begin();
    fill(p.zeros, p.zero_bytes, 0);
    if (p.offsets && blockIdx.x == 0) divide_clouds<THREADS>(p, scratch);
}

// W columns of features side by side, from one on.
template <u32 W>
struct Columns {
    const Params& p;
    u32 column;

    struct Values {
        float of[W];
    };
    __device__ __forceinline__ Values values(u32 point) const {
        if constexpr (W == 4) {
            const float* const row = static_cast<const float*>(p.features) + i64(point) * p.feature_stride[0];
            const float4 v = __ldg(reinterpret_cast<const float4*>(row + column));
            return {{v.x, v.y, v.z, v.w}};
        } else {
            return {{feature(p, point, column)}};
        }
    }
};

// The largest finite magnitudes of a chunk's columns, of points in `inside`, a bit each.
template <u32 W>
__device__ __forceinline__ void weigh(const Params& p, const Piece& chunk, const u32* inside, u32* shared) {
    constexpr u32 TOGETHER = 8;
    const u32 all = p.columns / W, width = min(all, THREADS), groups = THREADS / width, group = threadIdx.x / width;
    const bool by_lanes = 32 % width == 0;
    if (group >= groups) return;
    for (u32 number = threadIdx.x % width; number < all; number += width) {
        const Columns<W> columns{p, number * W};
        u32 most[W] = {};
        for (u32 first = group; first < chunk.points; first += TOGETHER * groups) {
            typename Columns<W>::Values v[TOGETHER];
#pragma unroll
            for (u32 k = 0; k < TOGETHER; ++k) {
                const u32 i = first + k * groups;
                if (i < chunk.points) v[k] = columns.values(chunk.first + i);
            }
#pragma unroll
            for (u32 k = 0; k < TOGETHER; ++k) {
                const u32 i = first + k * groups;
                if (i >= chunk.points || !(inside[i / 32] >> i % 32 & 1)) continue;
#pragma unroll
                for (u32 w = 0; w < W; ++w) {
                    const u32 magnitude = __float_as_uint(v[k].of[w]) & 0x7fffffffu;
                    if (magnitude < 0x7f800000u) most[w] = max(most[w], magnitude);
                }
            }
        }
#pragma unroll
        for (u32 w = 0; w < W; ++w) {
            // All lanes of a warp come here, or it is not by lanes.
            for (u32 d = width; by_lanes && d < 32; d <<= 1) most[w] = max(most[w], __shfl_xor_sync(~0u, most[w], d));
            if (!most[w] || (by_lanes && (threadIdx.x & 31) >= width)) continue;
            if (p.columns <= WEIGHED) {
                atomicMax(shared + columns.column + w, most[w]);
            } else {
                raise(p.magnitude + columns.column + w, most[w]);
            }
        }
    }
}

template <class T>
__device__ __forceinline__ void locate_chunk(const Params& p, const Piece& chunk, u32 (&cell)[MOST_EACH]) {
#pragma unroll
    for (u32 k = 0; k < MOST_EACH; ++k) {
        const u32 i = k * THREADS + threadIdx.x;
        cell[k] = NONE;
        if (i >= chunk.points) continue;
        const Found found = locate_as<T>(p, chunk.cloud, chunk.first + i);
        // Fewer cells than 2^31.
        if (found.inside) cell[k] = (found.cell[0] * p.shape[1] + found.cell[1]) * p.shape[2] + found.cell[2];
    }
}

extern "C" __global__ void __launch_bounds__(THREADS, 2) KERNEL(split)(const __grid_constant__ Params p) {
    __shared__ u32 scratch[33];
    __shared__ u32 inside[MOST_EACH * WARPS];
    __shared__ u32 weights[WEIGHED];
    const Tiles& t = p.by_tile;
    const u32 me = threadIdx.x;
    u32* const sorted = reinterpret_cast<u32*>(dynamic); // [room]
    u32* const count = sorted + t.room;                  // [tiles]
    if (p.offsets) wait_for_last();
    const Piece chunk = chunk_of(p, blockIdx.x);
    if (!chunk.points) return;
    for (u32 i = me; i < t.tiles; i += THREADS) count[i] = 0;
    for (u32 i = me; i < WEIGHED; i += THREADS) weights[i] = 0;
    u32 cell[MOST_EACH], before[MOST_EACH / 2];
    switch (p.point_dtype) {
        case DTYPE_F32: locate_chunk<float>(p, chunk, cell); break;
        case DTYPE_F16: locate_chunk<f16>(p, chunk, cell); break;
        default: locate_chunk<double>(p, chunk, cell);
    }
    __syncthreads();
#pragma unroll
    for (u32 k = 0; k < MOST_EACH; ++k) {
        const u32 within = __ballot_sync(~0u, cell[k] != NONE);
        if (me % 32 == 0) inside[k * WARPS + me / 32] = within;
        const u32 rank = within ? rank_in_tile(count, cell[k] >> t.shift, cell[k] != NONE) : 0;
        before[k / 2] = k & 1 ? before[k / 2] | rank << 16 : rank;
    }
    wait_for_last(); // of whom the totals are, and magnitudes, and the ticket
    let_next_begin();
    __syncthreads();
    const u64 number = blockIdx.x;
    const u32 points = begin_runs<THREADS, 1>(t, count, t.begins + number, t.row, t.totals + chunk.cloud * t.tiles, scratch);
    __syncthreads();
    const u32 mask = (1u << t.shift) - 1;
#pragma unroll
    for (u32 k = 0; k < MOST_EACH; ++k) {
        if (cell[k] == NONE) continue;
        const u32 rank = k & 1 ? before[k / 2] >> 16 : before[k / 2] & 0xffff;
        sorted[count[cell[k] >> t.shift] + rank] = (cell[k] & mask) << INDEX_BITS | (k * THREADS + me);
    }
    if (p.fixed) {
        if (p.flags & QUADS) {
            weigh<4>(p, chunk, inside, weights);
        } else {
            weigh<1>(p, chunk, inside, weights);
        }
    }
    __syncthreads();
    u32* const to = static_cast<u32*>(t.records) + number * t.room;
    for (u32 i = me; i < points; i += THREADS) to[i] = sorted[i];
    if (p.fixed && p.columns <= WEIGHED && me < p.columns && weights[me]) atomicMax(p.magnitude + me, weights[me]);
}

// A tile: some cells of a cloud.
struct Tile {
    u32 cloud;
    u32 first;
    u32 cells;

    __device__ __forceinline__ Tile(const Params& p, u32 number) : cloud(number / p.by_tile.tiles) {
        first = (number - cloud * p.by_tile.tiles) << p.by_tile.shift;
        cells = u32(min(u64(1) << p.by_tile.shift, p.cells - first));
    }
    __device__ __forceinline__ CellSpot spot(u32 cell) const { return {first + cell, cloud}; }
};

__device__ __forceinline__ bool makes_totals(const Params& p) { return p.fixed || p.loose || p.highest || p.lowest; }

// What features of cells without points have, for all cells of a tile.
__device__ __forceinline__ void put_empty(const Params& p, const Tile& tile) {
    const u32 me = threadIdx.x;
    const u32 word = p.empty != p.empty ? u32(Element<float>::NAN_BITS) : __float_as_uint(__double2float_rn(p.empty));
    for (u32 output = OUT_SUM; output <= OUT_MIN; ++output) {
        const Target& t = p.target[output];
        if (!t.to) continue;
        const bool rows = t.stride[4] == 1 || p.columns == 1;
        if (rows && t.form & FLAT && t.stride[3] == p.columns) {
            const u32 all = tile.cells * p.columns; // fewer than 2^32
            const i64 first = element_of(p, t, tile.spot(0));
            if (t.form & CHUNKS) {
                uint4* const to = reinterpret_cast<uint4*>(static_cast<float*>(t.to) + first);
#pragma unroll 4
                for (u32 i = me; i < all / 4; i += THREADS) to[i] = uint4{word, word, word, word};
            } else {
                for (u32 i = me; i < all; i += THREADS) put_value(t, first + i, p.empty);
            }
        } else if (rows) {
            each_column(p.columns, tile.cells, THREADS, me, [&](u32 cell, u32 column) {
                put_value(t, element_of(p, t, tile.spot(cell)) + column * t.stride[4], p.empty);
            });
        } else {
            for (u32 column = 0; column < p.columns; ++column) {
                for (u32 cell = me; cell < tile.cells; cell += THREADS) {
                    put_value(t, element_of(p, t, tile.spot(cell)) + column * t.stride[4], p.empty);
                }
            }
        }
    }
}

// Sums of W columns of a cell.
template <u32 W>
struct Totals {
    Sums of[W];
};
template <u32 W>
struct Reduction : Columns<W> {
    using Columns<W>::p;
    using Columns<W>::column;
    Quantum quantum[W];

    __device__ __forceinline__ Reduction(const Params& params, u32 first) : Columns<W>{params, first} {
#pragma unroll
        for (u32 w = 0; w < W; ++w) {
            if (p.fixed) quantum[w] = Place{p, 0, column + w}.quantum();
        }
    }
    __device__ __forceinline__ void take(Totals<W>& totals, const typename Columns<W>::Values& values) const {
#pragma unroll
        for (u32 w = 0; w < W; ++w) totals.of[w].take(p, quantum[w], values.of[w]);
    }
    __device__ __forceinline__ void join(Totals<W>& totals, const Totals<W>& others) const {
#pragma unroll
        for (u32 w = 0; w < W; ++w) totals.of[w].join(p, others.of[w]);
    }
    // With another lane's, where it has some. The work of one whole warp.
    __device__ __forceinline__ void join_lane(Totals<W>& totals, u32 lane, bool has) const {
#pragma unroll
        for (u32 w = 0; w < W; ++w) {
            const Sums others = totals.of[w].of_lane(p, lane);
            if (has) totals.of[w].join(p, others);
        }
    }
    __device__ __forceinline__ void give(const Totals<W>& totals, u32 slot) const {
#pragma unroll
        for (u32 w = 0; w < W; ++w) totals.of[w].give({p, slot, column + w});
    }
    __device__ __forceinline__ Totals<W> given(u32 slot) const {
        Totals<W> totals;
#pragma unroll
        for (u32 w = 0; w < W; ++w) totals.of[w] = Sums::given({p, slot, column + w});
        return totals;
    }
    template <class F>
    __device__ __forceinline__ void put(Output output, CellSpot spot, F result) const {
        const Target& t = p.target[output];
        if (!t.to) return;
        const i64 at = element_of(p, t, spot) + column * t.stride[4];
        if constexpr (W == 4) {
            if (t.form & CHUNKS) {
                const auto narrow = [&](double v) { return v != v ? Element<float>::nan() : __double2float_rn(v); };
                *reinterpret_cast<float4*>(static_cast<float*>(t.to) + at) =
                    float4{narrow(result(0)), narrow(result(1)), narrow(result(2)), narrow(result(3))};
                return;
            }
        }
#pragma unroll
        for (u32 w = 0; w < W; ++w) put_value(t, at + w * t.stride[4], result(w));
    }
    // The results of a cell with so many points.
    __device__ __forceinline__ void put_all(const Totals<W>& totals, CellSpot spot, u32 points) const {
        if (p.fixed || p.loose) {
            double sum[W];
#pragma unroll
            for (u32 w = 0; w < W; ++w) sum[w] = totals.of[w].sum(p, quantum[w]);
            put(OUT_SUM, spot, [&](u32 w) { return sum[w]; });
            put(OUT_MEAN, spot, [&](u32 w) { return points > 1 ? divide(sum[w], double(points)) : sum[w]; });
        }
        put(OUT_MAX, spot, [&](u32 w) { return totals.of[w].most(); });
        put(OUT_MIN, spot, [&](u32 w) { return totals.of[w].least(); });
    }
};

// A part's points, by cell.
struct List {
    u32* ends;   // [cells of a tile]: counts, then beginnings, then ends of the cells' points
    u32* points; // [LIST]
    u32* firsts; // [cells of a tile]: the lowest of the cells' points, inverted; null: not wanted
    u16* filled; // [cells of a tile]: cells with points, but no hot ones
    u16* hot;    // [LIST / HOT]
    u32* number; // of hot ones
    u32 rows;    // of filled ones
    Totals<4>* partial; // [WARPS][FEW]

    __device__ __forceinline__ u32 begin(u32 cell) const { return cell ? ends[cell - 1] : 0; }
    __device__ __forceinline__ u32 count(u32 cell) const { return ends[cell] - begin(cell); }
};

// Calls `what` with the cell and the index of each of a part's points. Of a whole block.
template <class F>
__device__ __forceinline__ void each_record(const Params& p, const Part& part, const Tile& tile, u32* scratch, F what) {
    __shared__ u32 before[THREADS];
    const Tiles& t = p.by_tile;
    const u32 me = threadIdx.x;
    const Range chunks = chunks_of(p, tile.cloud);
    const u32 first_point = first_point_of(p, tile.cloud);
    const u16* const begins = t.begins + u64(part.tile % t.tiles) * t.row;
    const u32* const records = static_cast<const u32*>(t.records);
    u32 lanes = 1; // for a run
    while (lanes < 32 && u64(lanes) * (chunks.end - chunks.first) < part.points) lanes *= 2;
    const i64 low = i64(part.number) * LIST, high = low + LIST;
    u32 passed = 0; // points of the tile in the chunks before
    for (u32 base = chunks.first; base < chunks.end; base += THREADS) {
        const u32 end = min(chunks.end, base + THREADS);
        if (part.of > 1) {
            u32 all;
            const u32 chunk = base + me;
            const u32 mine = chunk < end ? begins[t.row + chunk] - begins[chunk] : 0;
            before[me] = passed + sum_before<THREADS>(mine, scratch, all);
            passed += all;
            __syncthreads();
        }
        if (part.of == 1 || passed > low) {
            for (u32 chunk = base + me / lanes; chunk < end; chunk += THREADS / lanes) {
                i64 at = begins[chunk], to = begins[t.row + chunk];
                if (part.of > 1) {
                    const i64 nowhere = at - before[chunk - base]; // where the tile's first point would be
                    at = max(at, nowhere + low), to = min(to, nowhere + high);
                }
                const u32* const run = records + u64(chunk) * t.room;
                const u32 first = first_point + (chunk - chunks.first) * t.points;
                for (i64 i = at + (me & (lanes - 1)); i < to; i += lanes) {
                    const u32 record = __ldg(run + i);
                    what(record >> INDEX_BITS, first + (record & INDEX));
                }
            }
        }
        if (part.of > 1) {
            if (passed >= high) break;
            __syncthreads();
        }
    }
}

// Lists a part's points by cell; `ends` is zero at first. Of a whole block.
__device__ __forceinline__ void make_list(const Params& p, const Part& part, const Tile& tile, List& list, u32* scratch) {
    const u32 me = threadIdx.x, cells = 1u << p.by_tile.shift;
    each_record(p, part, tile, scratch, [&](u32 cell, u32 point) {
        atomicAdd(list.ends + cell, 1u);
        if (list.firsts) atomicMax(list.firsts + cell, ~point);
    });
    __syncthreads();
    const u32 each = (cells + THREADS - 1) / THREADS, first = min(cells, me * each), last = min(cells, first + each);
    u32 sum = 0, all; // points below, filled cells above
    for (u32 i = first; i < last; ++i) {
        const u32 points = list.ends[i];
        sum += points + (points && points <= HOT ? 0x10000 : 0);
    }
    u32 at = sum_before<THREADS>(sum, scratch, all);
    list.rows = all >> 16;
    for (u32 i = first; i < last; ++i) {
        const u32 points = list.ends[i];
        list.ends[i] = at & 0xffff;
        at += points;
        if (points > HOT) {
            list.hot[atomicAdd(list.number, 1u)] = u16(i);
        } else if (points) {
            list.filled[at >> 16] = u16(i), at += 0x10000;
        }
    }
    __syncthreads();
    each_record(p, part, tile, scratch, [&](u32 cell, u32 point) { list.points[atomicAdd(list.ends + cell, 1u)] = point; });
    __syncthreads();
}

// Calls `result` with reduction, totals and cell, for W columns of each cell with points. Of a whole block.
template <u32 W, class F>
__device__ __forceinline__ void reduce(const Params& p, const List& list, F result) {
    constexpr u32 ROWS = 2; // of a thread at a time, of which two points each are on their way together
    using Values = typename Columns<W>::Values;
    const u32 all = p.columns / W, width = min(all, THREADS), groups = THREADS / width, group = threadIdx.x / width;
    if (group >= groups) return;
    for (u32 number = threadIdx.x % width; number < all; number += width) {
        const Reduction<W> reduction(p, number * W);
        for (u32 first = group; first < list.rows; first += ROWS * groups) {
            u32 cell[ROWS], begin[ROWS], end[ROWS];
            Values v[ROWS], w[ROWS];
#pragma unroll
            for (u32 k = 0; k < ROWS; ++k) {
                const u32 row = first + k * groups;
                if (row >= list.rows) continue;
                cell[k] = list.filled[row];
                begin[k] = list.begin(cell[k]), end[k] = list.ends[cell[k]];
                v[k] = reduction.values(list.points[begin[k]]);
                if (begin[k] + 1 < end[k]) w[k] = reduction.values(list.points[begin[k] + 1]);
            }
#pragma unroll
            for (u32 k = 0; k < ROWS; ++k) {
                if (first + k * groups >= list.rows) continue;
                Totals<W> totals;
                reduction.take(totals, v[k]);
                if (begin[k] + 1 < end[k]) reduction.take(totals, w[k]);
                for (u32 i = begin[k] + 2; i < end[k]; ++i) reduction.take(totals, reduction.values(list.points[i]));
                result(reduction, totals, cell[k]);
            }
        }
    }
}

// Likewise of hot cells: a warp takes one, or all warps do. Of a whole block.
template <u32 W, class F>
__device__ __noinline__ void reduce_hot(const Params& p, const List& list, F result) {
    constexpr u32 TOGETHER = 4;
    const auto partial = reinterpret_cast<Totals<W>(*)[FEW]>(list.partial);
    const u32 lane = threadIdx.x & 31, warp = threadIdx.x / 32, all = p.columns / W;
    for (u32 hot = 0; hot < *list.number; ++hot) {
        const u32 cell = list.hot[hot], end = list.ends[cell], points = list.count(cell);
        const bool together = points > VERY_HOT;
        if (!together && hot % WARPS != warp) continue;
        // Lanes side by side for columns side by side, and so many groups of them for points.
        const u32 width = min(all, together ? FEW : 32u), groups = 32 / width, group = lane / width;
        const u32 step = together ? groups * WARPS : groups;
        for (u32 base = 0; base < all; base += width) {
            const u32 number = base + lane % width;
            const bool works = group < groups && number < all;
            const Reduction<W> reduction(p, works ? number * W : 0);
            Totals<W> totals;
            u32 i = works ? list.begin(cell) + group + (together ? warp * groups : 0) : end;
            for (; i < end; i += TOGETHER * step) {
                typename Columns<W>::Values v[TOGETHER];
#pragma unroll
                for (u32 k = 0; k < TOGETHER; ++k) {
                    if (i + k * step < end) v[k] = reduction.values(list.points[i + k * step]);
                }
#pragma unroll
                for (u32 k = 0; k < TOGETHER; ++k) {
                    if (i + k * step < end) reduction.take(totals, v[k]);
                }
            }
            __syncwarp();
            for (u32 left = groups; left > 1;) {
                const u32 half = (left + 1) / 2;
                reduction.join_lane(totals, (lane + half * width) & 31, group + half < left);
                left = half;
            }
            const bool mine = works && group == 0;
            if (!together) {
                if (mine) result(reduction, totals, cell);
                continue;
            }
            if (mine) partial[warp][lane] = totals;
            __syncthreads();
            if (mine && warp == 0) {
                for (u32 other = 1; other < WARPS; ++other) reduction.join(totals, partial[other][lane]);
                result(reduction, totals, cell);
            }
            __syncthreads();
        }
    }
}

// What is one number of each cell; `count` and `first` are called with the cell. Of a whole block.
template <class Count, class First>
__device__ __forceinline__ void put_cells(const Params& p, const Tile& tile, Count count, First first) {
    const Target &counts = p.target[OUT_COUNT], &firsts = p.target[OUT_FIRST], &bytes = p.target[OUT_OCCUPANCY],
                 &bits = p.target[OUT_BITS];
    if (!counts.to && !firsts.to && !bytes.to && !bits.to) return;
    for (u32 cell = threadIdx.x; cell < (tile.cells + 31) / 32 * 32; cell += THREADS) {
        const bool valid = cell < tile.cells;
        const u32 points = valid ? count(cell) : 0;
        const u32 word = __ballot_sync(~0u, points > 0);
        if (!valid) continue;
        const CellSpot spot = tile.spot(cell);
        if (counts.to) static_cast<u32*>(counts.to)[element_of(p, counts, spot)] = points;
        if (firsts.to) put_index(firsts, element_of(p, firsts, spot), points ? i64(first(cell)) : -1);
        if (bytes.to) static_cast<u8*>(bytes.to)[element_of(p, bytes, spot)] = points ? 1 : 0;
        if (bits.to && cell % 8 == 0) {
            const i64 at = tile.cloud * bits.stride[0] + spot.number / 8 * bits.stride[1];
            static_cast<u8*>(bits.to)[at] = u8(word >> (cell & 31));
        }
    }
}

// Of a tile that has one part: each cell's results.
template <u32 W>
__device__ __forceinline__ void put_tile(const Params& p, const Tile& tile, const List& list) {
    const auto put = [&](const Reduction<W>& reduction, const Totals<W>& totals, u32 cell) {
        reduction.put_all(totals, tile.spot(cell), list.count(cell));
    };
    if (!makes_totals(p)) return;
    reduce<W>(p, list, put);
    reduce_hot<W>(p, list, put);
}

// The sums in memory of tiles that have several parts: for each so many slots, a cell each.
struct Slab {
    const Params& p;
    u32 number;

    __device__ __forceinline__ u32 slot(u32 cell) const { return (number << p.by_tile.shift) + cell; }

    // Of a whole block.
    __device__ __forceinline__ void clear() const {
        const u64 cells = u64(1) << p.by_tile.shift, first = slot(0);
        const auto zero = [&](auto* all, u64 each) {
            if (!all) return;
            uint4* const to = reinterpret_cast<uint4*>(all + first * each);
            for (u64 i = threadIdx.x; i < cells * each * sizeof(*all) / 16; i += THREADS) to[i] = uint4{0, 0, 0, 0};
        };
        zero(p.others, 1);
        zero(p.first, 1);
        zero(p.fixed, p.columns);
        zero(p.beyond, (p.columns + BEYOND_COLUMNS - 1) / BEYOND_COLUMNS);
        zero(p.loose, p.columns);
        zero(p.highest, p.columns);
        zero(p.lowest, p.columns);
    }
};

// Of a tile that has several parts: each adds its cells, and the last one puts the results.
template <u32 W>
__device__ __noinline__ void put_part(const Params& p, const Part& part, const Tile& tile, const List& list) {
    __shared__ u32 taken;
    const Tiles& t = p.by_tile;
    if (part.number == 0) {
        if (threadIdx.x == 0) taken = atomicAdd(t.heavy_tiles, 1u);
        __syncthreads();
        Slab{p, taken}.clear();
        __threadfence();
        __syncthreads();
        if (threadIdx.x == 0) store_release(t.ready + part.tile, taken + 1);
    } else {
        if (threadIdx.x == 0) {
            do taken = load_acquire(t.ready + part.tile) - 1;
            while (taken == NONE);
            __threadfence();
        }
        __syncthreads();
    }
    const u32 number = taken;
    const Slab slab{p, number};
    for (u32 cell = threadIdx.x; cell < tile.cells; cell += THREADS) {
        const u32 points = list.count(cell);
        if (!points) continue;
        atomicAdd(p.others + slab.slot(cell), points);
        if (p.first) raise(p.first + slab.slot(cell), list.firsts[cell]);
    }
    if (makes_totals(p)) {
        const auto give = [&](const Reduction<W>& reduction, const Totals<W>& totals, u32 cell) {
            reduction.give(totals, slab.slot(cell));
        };
        reduce<W>(p, list, give);
        reduce_hot<W>(p, list, give);
    }
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) taken = atomicAdd(t.arrived + number, 1u);
    __syncthreads();
    if (taken + 1 != part.of) return;
    __threadfence();
    const auto count = [&](u32 cell) { return __ldcg(p.others + slab.slot(cell)); };
    put_cells(p, tile, count, [&](u32 cell) { return ~__ldcg(p.first + slab.slot(cell)); });
    if (!makes_totals(p)) return;
    const u32 all = p.columns / W, width = min(all, THREADS), groups = THREADS / width, group = threadIdx.x / width;
    if (group >= groups) return;
    for (u32 column = threadIdx.x % width; column < all; column += width) {
        const Reduction<W> reduction(p, column * W);
        for (u32 cell = group; cell < tile.cells; cell += groups) {
            const u32 points = count(cell);
            if (points) reduction.put_all(reduction.given(slab.slot(cell)), tile.spot(cell), points);
        }
    }
}

extern "C" __global__ void __launch_bounds__(THREADS, 2) KERNEL(rows)(const __grid_constant__ Params p) {
    __shared__ u32 scratch[33];
    __shared__ u16 hot[LIST / HOT];
    __shared__ u32 hot_cells;
    __shared__ __align__(16) u8 partial[WARPS * FEW * sizeof(Totals<4>)];
    __shared__ Part part;
    const Tiles& t = p.by_tile;
    const u32 me = threadIdx.x, cells = 1u << t.shift, tiles = p.batch * t.tiles;
    List list;
    list.ends = reinterpret_cast<u32*>(dynamic);
    list.firsts = p.first ? list.ends + cells : nullptr;
    list.points = list.ends + (p.first ? 2 : 1) * cells;
    list.filled = reinterpret_cast<u16*>(list.points + LIST);
    list.hot = hot, list.number = &hot_cells, list.rows = 0, list.partial = reinterpret_cast<Totals<4>*>(partial);
    for (u32 i = me; i < (list.points - list.ends) / 4; i += THREADS) {
        reinterpret_cast<uint4*>(list.ends)[i] = uint4{0, 0, 0, 0};
    }
    if (me == 0) hot_cells = 0;
    // `split` runs, so what cleared the ticket is over.
    const u32 ticket = take_ticket(t);
    if (ticket < tiles && makes_totals(p)) put_empty(p, Tile(p, ticket));
    wait_for_last();
    find_part<THREADS>(t, tiles, ticket, part, scratch);
    if (!part.of) return;
    __syncthreads();
    const Tile tile(p, part.tile);
    if (part.points) make_list(p, part, tile, list, scratch);
    const bool quads = p.flags & QUADS;
    if (part.of > 1) {
        if (quads) {
            put_part<4>(p, part, tile, list);
        } else {
            put_part<1>(p, part, tile, list);
        }
        return;
    }
    put_cells(p, tile, [&](u32 cell) { return list.count(cell); }, [&](u32 cell) { return ~list.firsts[cell]; });
    if (quads) {
        put_tile<4>(p, tile, list);
    } else {
        put_tile<1>(p, tile, list);
    }
}
