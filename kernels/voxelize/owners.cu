// Every reduction of dense cells: a point that is alone in its cell writes what the cell has, the others add themselves.
//
//   clear   zeroes what has to be
//   mark    some blocks fill the outputs with what cells without points have; the others set the points' bits: whoever
//           sets one owns its cell, and the first one to find it taken gives the cell a place for its totals
//   rows    owners that are alone write; owners and others that are not add themselves
//   finish  writes what has been added up
//
// Of a large grid most cells have one point or none, and then nothing is written twice but what is filled.
#include "common/fill.cuh"
#include "common/stages.cuh"
#include "voxelize/locate.cuh"
#include "voxelize/magnitude.cuh"

constexpr u32 THREADS = 256;
constexpr u32 WARPS = THREADS / 32;
// Beside a point's cell in `node_of`: it owns the cell; it was the first to find the cell taken, and its number is where
// the cell's totals are. Fewer than 2^30 cells.
constexpr u32 OWNER = 0x80000000u, FINDER = 0x40000000u, KEY = 0x3fffffffu;

extern "C" __global__ void __launch_bounds__(THREADS) KERNEL(clear)(const __grid_constant__ Params p) {
    let_next_begin();
    fill(p.zeros, p.zero_bytes, 0);
}

// What cells without points have, by some blocks: `columns` elements each.
__device__ __forceinline__ void put_empty(const Params& p, Output output, u32 columns, double value, u32 blocks) {
    const Target& t = p.target[output];
    if (!t.to) return;
    const u64 me = u64(blockIdx.x) * THREADS + threadIdx.x, all = u64(blocks) * THREADS, cells = p.cells * p.batch;
    const bool is_index = output == OUT_FIRST, is_value = output >= OUT_SUM;
    if (t.form & WHOLE) {
        u32 word = 0;
        if (is_index) word = ~0u;
        if (is_value && t.dtype == DTYPE_F32) {
            word = value != value ? u32(Element<float>::NAN_BITS) : __float_as_uint(__double2float_rn(value));
        } else if (is_value) {
            word = narrowed(t.dtype, value) * 0x10001u;
        }
        const u32 bytes = output == OUT_OCCUPANCY ? 1 : size_of(t.dtype);
        return fill_with(t.to, cells * columns * bytes, word, me, all);
    }
    for (u64 i = me; i < cells * columns; i += all) {
        const u64 cell = i / columns, cloud = cell / p.cells;
        const i64 at = element_of(p, t, CellSpot{u32(cell - cloud * p.cells), u32(cloud)}) + (i - cell * columns) * t.stride[4];
        if (is_value) {
            put_value(t, at, value);
        } else if (is_index) {
            put_index(t, at, -1);
        } else if (output == OUT_COUNT) {
            static_cast<u32*>(t.to)[at] = 0;
        } else {
            static_cast<u8*>(t.to)[at] = 0;
        }
    }
}

// Sets the bit of a cell; whether it was not set.
__device__ __forceinline__ bool claim(u32* bits, u32 key) {
    const u32 bit = 1u << key % 32;
    return !(__ldcg(bits + key / 32) & bit) && !(atomicOr(bits + key / 32, bit) & bit);
}

// Makes the totals zero of the points `first + lane` for each lane in `mask`. The work of one whole warp.
__device__ __forceinline__ void clear_totals(const Params& p, u32 first, u32 mask) {
    const u32 lane = threadIdx.x & 31, beyond = (p.columns + BEYOND_COLUMNS - 1) / BEYOND_COLUMNS;
    for (; mask; mask &= mask - 1) {
        const u64 slot = first + __ffs(mask) - 1;
        const auto zero = [&](u32* words, u32 each) {
            if (!words) return;
            for (u32 i = lane; i < each; i += 32) words[slot * each + i] = 0;
        };
        zero(p.others, 1);
        zero(p.first, 1);
        zero(reinterpret_cast<u32*>(p.fixed), 2 * p.columns);
        zero(p.beyond, beyond);
        zero(reinterpret_cast<u32*>(p.loose), p.columns);
        zero(p.highest, p.columns);
        zero(p.lowest, p.columns);
    }
}

template <u32 W>
__device__ __forceinline__ void mark_cells(const Params& p, u32 block, u32 blocks) {
    __shared__ u32 shared[32 * W];
    Magnitudes<W> magnitudes;
    if (threadIdx.x < 32 * W) shared[threadIdx.x] = 0;
    __syncthreads();
    const u32 lane = threadIdx.x & 31, whole = (p.count + 31) / 32 * 32;
    for (u32 i = block * THREADS + threadIdx.x; i < whole; i += blocks * THREADS) {
        u32 key = NONE;
        if (i < p.count) {
            const Found found = locate(p, i);
            if (found.inside) key = u32(key_of(p, found));
        }
        if (p.fixed) magnitudes.add(p, i - lane, __ballot_sync(~0u, key != NONE));
        wait_for_last(); // by whom the bits are cleared
        // Of neighbouring lanes in one cell the first one claims it, and the next one finds it taken.
        const bool follows = __shfl_up_sync(~0u, key, 1) == key && lane > 0;
        const bool owner = key != NONE && !follows && claim(p.owners.bits, key);
        const bool follows_owner = __shfl_up_sync(~0u, owner, 1) && follows;
        const bool finds = key != NONE && !owner && (!follows || follows_owner);
        const bool finder = finds && claim(p.owners.several, key);
        if (finder) p.owners.slot_of[key] = i;
        clear_totals(p, i - lane, __ballot_sync(~0u, finder));
        if (i < p.count) p.node_of[i] = key == NONE ? NONE : key | (owner ? OWNER : 0) | (finder ? FINDER : 0);
    }
    if (!p.fixed) return;
    magnitudes.join(p, shared);
    __syncthreads();
    magnitudes.flush(p, shared);
}

extern "C" __global__ void __launch_bounds__(THREADS, 5) KERNEL(mark)(const __grid_constant__ Params p) {
    let_next_begin();
    const u32 fillers = p.owners.fillers;
    if (blockIdx.x < fillers) {
        put_empty(p, OUT_OCCUPANCY, 1, 0, fillers);
        put_empty(p, OUT_COUNT, 1, 0, fillers);
        put_empty(p, OUT_FIRST, 1, 0, fillers);
        for (u32 output = OUT_SUM; output <= OUT_MIN; ++output) put_empty(p, Output(output), p.columns, p.empty, fillers);
        return;
    }
    if (p.flags & FOURS) {
        mark_cells<4>(p, blockIdx.x - fillers, gridDim.x - fillers);
    } else {
        mark_cells<1>(p, blockIdx.x - fillers, gridDim.x - fillers);
    }
}

__device__ __forceinline__ CellSpot spot_of(const Params& p, u32 key) {
    const u32 cloud = p.batch == 1 ? 0 : u32(key / p.keys);
    return {u32(key - cloud * p.keys), cloud};
}

// What is one number of a cell with so many points.
__device__ __forceinline__ void put_numbers(const Params& p, CellSpot spot, u32 points, u32 first) {
    if (const Target& t = p.target[OUT_COUNT]; t.to) static_cast<u32*>(t.to)[element_of(p, t, spot)] = points;
    if (const Target& t = p.target[OUT_FIRST]; t.to) put_index(t, element_of(p, t, spot), first);
    if (const Target& t = p.target[OUT_OCCUPANCY]; t.to) static_cast<u8*>(t.to)[element_of(p, t, spot)] = 1;
}

// Some of a warp's points: their lanes, and where each belongs.
struct Picked {
    u32 row[32];
    u32 to[32];

    // Those that are `picked`; how many. The work of one whole warp, which has to be done with the last ones.
    __device__ __forceinline__ u32 pick(bool picked, u32 belongs) {
        const u32 lane = threadIdx.x & 31, all = __ballot_sync(~0u, picked), at = __popc(all & ((1u << lane) - 1));
        if (picked) row[at] = lane, to[at] = belongs;
        __syncwarp();
        return __popc(all);
    }
};

// Lanes of a warp that share out columns, W at a time, and rows.
template <u32 W>
struct Lanes {
    u32 all;    // times W columns
    u32 width;  // lanes side by side, for columns side by side
    u32 step;   // groups of those, for rows
    u32 number; // of the lane's columns, the first
    u32 group;

    __device__ __forceinline__ Lanes(const Params& p) {
        const u32 lane = threadIdx.x & 31;
        all = p.columns / W, width = min(max(all, 1u), 32u), step = 32 / width;
        number = lane % width, group = lane / width;
    }

    // Calls `each` with columns and a picked point's number and values, and `end` behind the last one of these columns.
    template <class F, class E>
    __device__ __forceinline__ void each(Columns<W>& columns, const Picked& picked, u32 count, u32 first, F each,
                                         E end) const {
        constexpr u32 TOGETHER = W == 4 ? 2 : 4; // points of a lane that are on their way
        for (u32 base = 0; base < all; base += width) {
            const bool works = group < step && base + number < all;
            if (all > width && works) {
                columns.first = (base + number) * W;
                columns.weigh();
            }
            for (u32 i = works ? group : count; i < count; i += TOGETHER * step) {
                typename Columns<W>::Values v[TOGETHER];
#pragma unroll
                for (u32 k = 0; k < TOGETHER; ++k) {
                    if (i + k * step < count) v[k] = columns.values(first + picked.row[i + k * step]);
                }
#pragma unroll
                for (u32 k = 0; k < TOGETHER; ++k) {
                    if (i + k * step < count) each(picked.to[i + k * step], v[k]);
                }
            }
            end(works);
        }
    }
};

// Adds picked points to the totals that they belong to. The work of one whole warp.
template <u32 W>
__device__ __forceinline__ void add_rows(const Params& p, const Lanes<W>& lanes, Columns<W>& columns, const Picked& picked,
                                         u32 count, u32 first, bool together) {
    using Values = typename Columns<W>::Values;
    using Totals = typename Columns<W>::Totals;
    const u32 lane = threadIdx.x & 31;
    if (!together) {
        const auto add = [&](u32 to, const Values& values) {
            Totals totals;
            columns.take(totals, values);
            columns.give(totals, to);
        };
        return lanes.each(columns, picked, count, first, add, [](bool) {});
    }
    // Many points of one cell are added first among themselves.
    Totals totals;
    const auto add = [&](u32, const Values& values) { columns.take(totals, values); };
    lanes.each(columns, picked, count, first, add, [&](bool works) {
        __syncwarp();
        for (u32 left = lanes.step; left > 1;) {
            const u32 half = (left + 1) / 2;
            columns.join_lane(totals, (lane + half * lanes.width) & 31, lanes.group + half < left);
            left = half;
        }
        if (works && lanes.group == 0) columns.give(totals, picked.to[0]);
        totals = Totals();
    });
}

template <u32 W>
__device__ __forceinline__ void put_rows(const Params& p) {
    __shared__ Picked of_warp[WARPS];
    Picked& picked = of_warp[threadIdx.x / 32];
    const bool totals = makes_totals(p);
    const u32 lane = threadIdx.x & 31, whole = (p.count + 31) / 32 * 32;
    const Lanes<W> lanes(p);
    Columns<W> columns(p, lanes.number * W);
    if (totals && lanes.number < lanes.all) columns.weigh();
    for (u32 i = blockIdx.x * THREADS + threadIdx.x; i < whole; i += gridDim.x * THREADS) {
        const u32 noted = i < p.count ? p.node_of[i] : NONE, key = noted & KEY;
        const bool inside = noted != NONE;
        const bool several = inside && __ldg(p.owners.several + key / 32) >> key % 32 & 1;
        const bool alone = inside && !several;
        const u32 slot = several ? __ldg(p.owners.slot_of + key) : NONE;
        if (alone) put_numbers(p, spot_of(p, key), 1, i);
        const u32 members = __ballot_sync(~0u, several);
        const u32 led = members ? __shfl_sync(~0u, slot, u32(__ffs(members)) - 1) : NONE;
        const bool together = __all_sync(~0u, !several || slot == led) && __popc(members) > 8;
        if (several && (!together || lane == u32(__ffs(members)) - 1)) {
            atomicAdd(p.others + slot, together ? u32(__popc(members)) : 1u);
            if (p.first) raise(p.first + slot, ~i);
        }
        if (!totals) continue;
        if (const u32 count = picked.pick(alone, key)) {
            const auto put = [&](u32 to, const typename Columns<W>::Values& values) {
                columns.put_one(values, spot_of(p, to));
            };
            lanes.each(columns, picked, count, i - lane, put, [](bool) {});
        }
        __syncwarp();
        if (members) {
            picked.pick(several, slot);
            add_rows<W>(p, lanes, columns, picked, __popc(members), i - lane, together);
        }
        __syncwarp();
    }
}

extern "C" __global__ void __launch_bounds__(THREADS, 4) KERNEL(rows)(const __grid_constant__ Params p) {
    let_next_begin();
    wait_for_last();
    if (p.flags & FOURS) {
        put_rows<4>(p);
    } else {
        put_rows<1>(p);
    }
}

// Writes what the points `first + lane` of the picked lanes have the totals of. The work of one whole warp.
template <u32 W>
__device__ __forceinline__ void put_totals(const Params& p) {
    __shared__ Picked of_warp[WARPS];
    Picked& picked = of_warp[threadIdx.x / 32];
    const bool totals = makes_totals(p);
    const u32 lane = threadIdx.x & 31, whole = (p.count + 31) / 32 * 32;
    const Lanes<W> lanes(p);
    Columns<W> columns(p, lanes.number * W);
    if (totals && lanes.number < lanes.all) columns.weigh();
    for (u32 i = blockIdx.x * THREADS + threadIdx.x; i < whole; i += gridDim.x * THREADS) {
        const u32 noted = i < p.count ? p.node_of[i] : NONE, key = noted & KEY;
        const bool finder = noted != NONE && noted & FINDER;
        if (finder) put_numbers(p, spot_of(p, key), __ldcg(p.others + i), p.first ? ~__ldcg(p.first + i) : 0);
        const u32 count = picked.pick(finder, key);
        for (u32 base = 0; totals && count && base < lanes.all; base += lanes.width) {
            if (lanes.group >= lanes.step || base + lanes.number >= lanes.all) continue;
            if (lanes.all > lanes.width) {
                columns.first = (base + lanes.number) * W;
                columns.weigh();
            }
            for (u32 at = lanes.group; at < count; at += lanes.step) {
                const u32 slot = i - lane + picked.row[at];
                columns.put(columns.given(slot), spot_of(p, picked.to[at]), __ldcg(p.others + slot));
            }
        }
        __syncwarp();
    }
}

extern "C" __global__ void __launch_bounds__(THREADS, 4) KERNEL(finish)(const __grid_constant__ Params p) {
    let_next_begin();
    wait_for_last();
    const u32 me = blockIdx.x * THREADS + threadIdx.x, all = gridDim.x * THREADS;
    if (const Target& t = p.target[OUT_BITS]; t.to) {
        const u32 bytes = u32(p.cells + 7) / 8; // of a cloud
        for (u64 i = me; i < u64(bytes) * p.batch; i += all) {
            const u64 cloud = i / bytes, byte = i - cloud * bytes;
            const u32 word = __ldcg(p.owners.bits + cloud * p.keys / 32 + byte / 4);
            static_cast<u8*>(t.to)[cloud * t.stride[0] + byte * t.stride[1]] = u8(word >> byte % 4 * 8);
        }
    }
    if (p.flags & FOURS) {
        put_totals<4>(p);
    } else {
        put_totals<1>(p);
    }
}
