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
#include "voxelize/columns.cuh"
#include "voxelize/list.cuh"

constexpr u32 SPLITTERS = 512; // threads of `split`
constexpr u32 MOST_EACH = 8;   // points of one of those in a chunk
constexpr u32 THREADS = 256;   // of `rows`
constexpr u32 WARPS = THREADS / 32;
constexpr u32 VERY_HOT = 512;  // points of a cell beyond which all warps take it
constexpr u32 FEW = 4;         // times as many columns as are read at once, of a very hot cell
constexpr u32 WEIGHED = 256;   // columns whose magnitudes are collected by blocks

extern __shared__ __align__(128) unsigned char dynamic[];

extern "C" __global__ void __launch_bounds__(SPLITTERS) KERNEL(clear)(const __grid_constant__ Params p) {
    __shared__ u32 scratch[33];
    let_next_begin();
    fill(p.zeros, p.zero_bytes, 0);
    if (p.offsets && blockIdx.x == 0) divide_clouds<SPLITTERS>(p, scratch);
}

// The largest finite magnitudes of a chunk's columns, of points in `inside`, a bit each.
template <u32 W>
__device__ __forceinline__ void weigh(const Params& p, const Piece& chunk, const u32* inside, u32* shared) {
    constexpr u32 TOGETHER = 16 / W;
    const bool by_lanes = 32 % min(p.columns / W, 32u) == 0;
    share_columns<W, SPLITTERS>(p, [&](const Columns<W>& columns, u32 number, u32 step) {
        u32 most[W] = {};
        for (u32 first = number; first < chunk.points; first += TOGETHER * step) {
            typename Columns<W>::Values v[TOGETHER];
#pragma unroll
            for (u32 k = 0; k < TOGETHER; ++k) {
                const u32 i = first + k * step;
                if (i < chunk.points) v[k] = columns.values(chunk.first + i);
            }
#pragma unroll
            for (u32 k = 0; k < TOGETHER; ++k) {
                const u32 i = first + k * step;
                if (i >= chunk.points || !(inside[i / 32] >> i % 32 & 1)) continue;
#pragma unroll
                for (u32 w = 0; w < W; ++w) {
                    const u32 magnitude = __float_as_uint(v[k].of[w]) & 0x7fffffffu;
                    if (magnitude < 0x7f800000u) most[w] = max(most[w], magnitude);
                }
            }
        }
        const u32 width = SPLITTERS / step;
#pragma unroll
        for (u32 w = 0; w < W; ++w) {
            // Then all lanes of a warp are here together.
            for (u32 d = width; by_lanes && d < 32; d <<= 1) most[w] = max(most[w], __shfl_xor_sync(~0u, most[w], d));
            if (!most[w] || (by_lanes && (threadIdx.x & 31) >= width)) continue;
            if (p.columns <= WEIGHED) {
                atomicMax(shared + columns.first + w, most[w]);
            } else {
                raise(p.magnitude + columns.first + w, most[w]);
            }
        }
    });
}

// The cells of a chunk's points.
template <class T>
__device__ __forceinline__ void locate_piece(const Params& p, const Piece& chunk, u32 (&cell)[MOST_EACH]) {
    constexpr u32 TOGETHER = 4; // points whose coordinates are on their way
#pragma unroll
    for (u32 base = 0; base < MOST_EACH; base += TOGETHER) {
        T v[TOGETHER][3];
#pragma unroll
        for (u32 k = 0; k < TOGETHER; ++k) {
            const u32 i = (base + k) * SPLITTERS + threadIdx.x;
            if (i < chunk.points) load_point(p, chunk.first + i, v[k]);
        }
#pragma unroll
        for (u32 k = 0; k < TOGETHER; ++k) {
            const u32 i = (base + k) * SPLITTERS + threadIdx.x;
            u32 found_in = NONE;
            if (i < chunk.points) {
                const Found found = locate_in(p, chunk.cloud, v[k]);
                // Fewer cells than 2^31.
                if (found.inside) found_in = (found.cell[0] * p.shape[1] + found.cell[1]) * p.shape[2] + found.cell[2];
            }
            cell[base + k] = found_in;
        }
    }
}

extern "C" __global__ void __launch_bounds__(SPLITTERS, 2) KERNEL(split)(const __grid_constant__ Params p) {
    __shared__ u32 scratch[33];
    __shared__ u32 inside[MOST_EACH * SPLITTERS / 32];
    __shared__ u32 weights[WEIGHED];
    const Tiles& t = p.by_tile;
    const u32 me = threadIdx.x;
    u32* const sorted = reinterpret_cast<u32*>(dynamic); // [room]
    u32* const count = sorted + t.room;                  // [tiles]
    if (p.offsets) wait_for_last();
    const Piece chunk = chunk_of(p, blockIdx.x);
    if (!chunk.points) return;
    for (u32 i = me; i < t.tiles; i += SPLITTERS) count[i] = 0;
    for (u32 i = me; i < WEIGHED; i += SPLITTERS) weights[i] = 0;
    u32 cell[MOST_EACH], before[MOST_EACH / 2];
    switch (p.point_dtype) {
        case DTYPE_F32: locate_piece<float>(p, chunk, cell); break;
        case DTYPE_F16: locate_piece<f16>(p, chunk, cell); break;
        default: locate_piece<double>(p, chunk, cell);
    }
    __syncthreads();
#pragma unroll
    for (u32 k = 0; k < MOST_EACH; ++k) {
        const u32 within = __ballot_sync(~0u, cell[k] != NONE);
        if (me % 32 == 0) inside[k * SPLITTERS / 32 + me / 32] = within;
        const u32 rank = within ? rank_in_tile(count, cell[k] >> t.shift, cell[k] != NONE) : 0;
        before[k / 2] = k & 1 ? before[k / 2] | rank << 16 : rank;
    }
    wait_for_last(); // of whom the totals are, and magnitudes, and the ticket
    let_next_begin();
    __syncthreads();
    const u64 number = blockIdx.x;
    const u32 points = 
        begin_runs<SPLITTERS, 1>(t, count, t.begins + number, t.row, t.totals + chunk.cloud * t.tiles, scratch);
    __syncthreads();
    const u32 mask = (1u << t.shift) - 1;
#pragma unroll
    for (u32 k = 0; k < MOST_EACH; ++k) {
        if (cell[k] == NONE) continue;
        const u32 rank = k & 1 ? before[k / 2] >> 16 : before[k / 2] & 0xffff;
        sorted[count[cell[k] >> t.shift] + rank] = (cell[k] & mask) << INDEX_BITS | (k * SPLITTERS + me);
    }
    if (p.fixed) {
        if (p.flags & FOURS) {
            weigh<4>(p, chunk, inside, weights);
        } else {
            weigh<1>(p, chunk, inside, weights);
        }
    }
    __syncthreads();
    u32* const to = static_cast<u32*>(t.records) + number * t.room;
    for (u32 i = me; i < points; i += SPLITTERS) to[i] = sorted[i];
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

// Calls `one` with the columns, W at a time, of each cell that has one point, and `some` with the totals of those of
// others but hot ones. Of a whole block.
template <u32 W, class One, class Some>
__device__ __forceinline__ void reduce(const Params& p, const List& list, One one, Some some) {
    using Values = typename Columns<W>::Values;
    share_columns<W, THREADS>(p, [&](Columns<W> columns, u32 number, u32 step) {
        columns.weigh();
        constexpr u32 ONES = 4; // cells of a thread at a time, whose points are on their way together
        for (u32 first = number; first < list.singles; first += ONES * step) {
            u32 cell[ONES];
            Values v[ONES];
#pragma unroll
            for (u32 k = 0; k < ONES; ++k) {
                const u32 i = first + k * step;
                if (i >= list.singles) continue;
                cell[k] = list.single(i);
                v[k] = columns.values(list.points[list.begin(cell[k])]);
            }
#pragma unroll
            for (u32 k = 0; k < ONES; ++k) {
                if (first + k * step < list.singles) one(columns, v[k], cell[k]);
            }
        }
        constexpr u32 ROWS = 2; // likewise, of which two points each are on their way together
        for (u32 first = number; first < list.several; first += ROWS * step) {
            u32 cell[ROWS];
            Values v[ROWS][2];
#pragma unroll
            for (u32 k = 0; k < ROWS; ++k) {
                const u32 i = first + k * step;
                if (i >= list.several) continue;
                cell[k] = list.several_at(i);
                v[k][0] = columns.values(list.points[list.begin(cell[k])]);
                v[k][1] = columns.values(list.points[list.begin(cell[k]) + 1]);
            }
#pragma unroll
            for (u32 k = 0; k < ROWS; ++k) {
                if (first + k * step >= list.several) continue;
                typename Columns<W>::Totals totals;
                columns.take(totals, v[k][0]);
                columns.take(totals, v[k][1]);
                const u32 end = list.ends[cell[k]];
                for (u32 i = list.begin(cell[k]) + 2; i < end; ++i) columns.take(totals, columns.values(list.points[i]));
                some(columns, totals, cell[k]);
            }
        }
    });
}

// Calls `some` likewise for hot cells: a warp takes one, or all warps do. Of a whole block.
template <u32 W, class Some>
__device__ __noinline__ void reduce_hot(const Params& p, const List& list, void* memory, Some some) {
    using Totals = typename Columns<W>::Totals;
    constexpr u32 TOGETHER = 4;
    const auto partial = static_cast<Totals(*)[FEW]>(memory); // [WARPS]
    const u32 lane = threadIdx.x & 31, warp = threadIdx.x / 32, all = p.columns / W;
    for (u32 hot = 0; hot < *list.hots; ++hot) {
        const u32 cell = list.hot[hot], end = list.ends[cell];
        const bool together = list.count(cell) > VERY_HOT;
        if (!together && hot % WARPS != warp) continue;
        // Lanes side by side for columns side by side, and so many groups of them for points.
        const u32 width = min(all, together ? FEW : 32u), groups = 32 / width, group = lane / width;
        const u32 step = together ? groups * WARPS : groups;
        for (u32 base = 0; base < all; base += width) {
            const u32 number = base + lane % width;
            const bool works = group < groups && number < all;
            Columns<W> columns(p, works ? number * W : 0);
            columns.weigh();
            Totals totals;
            u32 i = works ? list.begin(cell) + group + (together ? warp * groups : 0) : end;
            for (; i < end; i += TOGETHER * step) {
                typename Columns<W>::Values v[TOGETHER];
#pragma unroll
                for (u32 k = 0; k < TOGETHER; ++k) {
                    if (i + k * step < end) v[k] = columns.values(list.points[i + k * step]);
                }
#pragma unroll
                for (u32 k = 0; k < TOGETHER; ++k) {
                    if (i + k * step < end) columns.take(totals, v[k]);
                }
            }
            __syncwarp();
            for (u32 left = groups; left > 1;) {
                const u32 half = (left + 1) / 2;
                columns.join_lane(totals, (lane + half * width) & 31, group + half < left);
                left = half;
            }
            const bool mine = works && group == 0;
            if (!together) {
                if (mine) some(columns, totals, cell);
                continue;
            }
            if (mine) partial[warp][lane] = totals;
            __syncthreads();
            if (mine && warp == 0) {
                for (u32 other = 1; other < WARPS; ++other) columns.join(totals, partial[other][lane]);
                some(columns, totals, cell);
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
__device__ __forceinline__ void put_tile(const Params& p, const Tile& tile, const List& list, void* memory) {
    using Of = Columns<W>;
    const auto put = [&](const Of& columns, const typename Of::Totals& totals, u32 cell) {
        columns.put(totals, tile.spot(cell), list.count(cell));
    };
    const auto put_one = [&](const Of& columns, const typename Of::Values& values, u32 cell) {
        columns.put_one(values, tile.spot(cell));
    };
    reduce<W>(p, list, put_one, put);
    if (*list.hots) reduce_hot<W>(p, list, memory, put);
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

// The slab of a part's tile, made by its first part. Of a whole block.
__device__ __forceinline__ Slab slab_of(const Params& p, const Part& part) {
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
    return {p, taken};
}

// Adds a part's cells to the slab. Of a whole block.
template <u32 W>
__device__ __noinline__ void add_part(const Params& p, const List& list, const Slab& slab, void* memory) {
    using Of = Columns<W>;
    const auto give = [&](const Of& columns, const typename Of::Totals& totals, u32 cell) {
        columns.give(totals, slab.slot(cell));
    };
    const auto give_one = [&](const Of& columns, const typename Of::Values& values, u32 cell) {
        typename Of::Totals totals;
        columns.take(totals, values);
        columns.give(totals, slab.slot(cell));
    };
    reduce<W>(p, list, give_one, give);
    if (*list.hots) reduce_hot<W>(p, list, memory, give);
}

// The results of a tile whose parts have all been added. `list`: its cells with points. Of a whole block.
template <u32 W>
__device__ __noinline__ void put_sums(const Params& p, const Tile& tile, const List& list, const Slab& slab) {
    constexpr u32 TOGETHER = 2;
    share_columns<W, THREADS>(p, [&](Columns<W> columns, u32 number, u32 step) {
        columns.weigh();
        for (u32 first = number; first < list.singles; first += TOGETHER * step) {
            typename Columns<W>::Totals totals[TOGETHER];
            u32 points[TOGETHER];
#pragma unroll
            for (u32 k = 0; k < TOGETHER; ++k) {
                const u32 i = first + k * step;
                if (i >= list.singles) continue;
                const u32 slot = slab.slot(list.single(i));
                points[k] = __ldcg(p.others + slot);
                totals[k] = columns.given(slot);
            }
#pragma unroll
            for (u32 k = 0; k < TOGETHER; ++k) {
                const u32 i = first + k * step;
                if (i < list.singles) columns.put(totals[k], tile.spot(list.single(i)), points[k]);
            }
        }
    });
}

// One of several parts of a tile: adds its cells to the slab; the last one writes the tile. Of a whole block.
__device__ __noinline__ void put_part(const Params& p, const Part& part, const Tile& tile, List& list, const Slab& slab,
                                      u64* scratch, void* memory) {
    __shared__ u32 arrived;
    const bool quads = p.flags & FOURS;
    for (u32 cell = threadIdx.x; cell < tile.cells; cell += THREADS) {
        const u32 points = list.count(cell);
        if (!points) continue;
        atomicAdd(p.others + slab.slot(cell), points);
        if (p.first) raise(p.first + slab.slot(cell), list.firsts[cell]);
    }
    if (makes_totals(p)) {
        if (quads) {
            add_part<4>(p, list, slab, memory);
        } else {
            add_part<1>(p, list, slab, memory);
        }
    }
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) arrived = atomicAdd(p.by_tile.arrived + slab.number, 1u);
    __syncthreads();
    if (arrived + 1 != part.of) return;
    __threadfence();
    // As if each cell had one point, which makes the list of those that have some.
    for (u32 cell = threadIdx.x; cell < list.cells; cell += THREADS) {
        list.ends[cell] = cell < tile.cells && __ldcg(p.others + slab.slot(cell)) ? 1 : 0;
    }
    __syncthreads();
    begin_cells<THREADS>(list, scratch);
    __syncthreads();
    const auto count = [&](u32 cell) { return __ldcg(p.others + slab.slot(cell)); };
    put_cells(p, tile, count, [&](u32 cell) { return ~__ldcg(p.first + slab.slot(cell)); });
    if (!makes_totals(p)) return;
    if (quads) {
        put_sums<4>(p, tile, list, slab);
    } else {
        put_sums<1>(p, tile, list, slab);
    }
}

extern "C" __global__ void __launch_bounds__(THREADS, 4) KERNEL(rows)(const __grid_constant__ Params p) {
    __shared__ u64 scratch[33];
    __shared__ u16 hot[MOST_HOT];
    __shared__ u32 hots;
    __shared__ __align__(16) u8 partial[WARPS * FEW * sizeof(Columns<4>::Totals)];
    __shared__ Part part;
    const Tiles& t = p.by_tile;
    const u32 me = threadIdx.x, cells = 1u << t.shift, tiles = p.batch * t.tiles;
    List list;
    list.cells = cells;
    list.ends = reinterpret_cast<u32*>(dynamic);
    list.firsts = p.first ? list.ends + cells : nullptr;
    list.points = list.ends + (p.first ? 2 : 1) * cells;
    list.filled = reinterpret_cast<u16*>(list.points + LIST);
    list.hot = hot, list.hots = &hots, list.singles = 0, list.several = 0;
    for (u32 i = me; i < (list.points - list.ends) / 4; i += THREADS) {
        reinterpret_cast<uint4*>(list.ends)[i] = uint4{0, 0, 0, 0};
    }
    if (me == 0) hots = 0;
    // `split` runs, so what cleared the ticket is over.
    const u32 ticket = take_ticket(t);
    if (ticket < tiles && makes_totals(p)) put_empty(p, Tile(p, ticket));
    wait_for_last();
    find_part<THREADS>(t, tiles, ticket, part, reinterpret_cast<u32*>(scratch));
    if (!part.of) return;
    const Tile tile(p, part.tile);
    const Runs runs(p, tile.cloud, part.tile);
    if (part.of > 1) {
        const Slab slab = slab_of(p, part);
        list_part<THREADS>(runs, part, list, scratch);
        put_part(p, part, tile, list, slab, scratch, partial);
        return;
    }
    __syncthreads();
    if (part.points) list_tile<THREADS>(runs, part, list, scratch);
    put_cells(p, tile, [&](u32 cell) { return list.count(cell); }, [&](u32 cell) { return ~list.firsts[cell]; });
    if (!makes_totals(p)) return;
    if (p.flags & FOURS) {
        put_tile<4>(p, tile, list, partial);
    } else {
        put_tile<1>(p, tile, list, partial);
    }
}
