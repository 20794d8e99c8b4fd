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
#include "voxelize/members.cuh"

constexpr u32 THREADS = 256;
constexpr u32 WARPS = THREADS / 32;
// In `node_of`, where a point's cell is noted: it owns the cell. Fewer than 2^31 cells.
constexpr u32 OWNER = 0x80000000u;

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

// Sets the bit of a cell; whether it was not set. One that most likely is set already is looked at first.
__device__ __forceinline__ bool claim(u32* bits, u32 key, bool look) {
    const u32 bit = 1u << key % 32;
    if (look && __ldcg(bits + key / 32) & bit) return false;
    return !(atomicOr(bits + key / 32, bit) & bit);
}

// Gives cells that are `fresh` places for their totals: those of a block follow each other. Of a whole block.
__device__ __forceinline__ void give_slots(const Params& p, u32 key, bool fresh) {
    __shared__ u32 asked, first;
    if (threadIdx.x == 0) asked = 0;
    __syncthreads();
    const u32 lane = threadIdx.x & 31, all = __ballot_sync(~0u, fresh), slots = __popc(all);
    u32 at = 0; // of the warp's among the block's
    if (lane == 0 && slots) at = atomicAdd(&asked, slots);
    __syncthreads();
    if (threadIdx.x == 0 && asked) first = atomicAdd(p.owners.number, asked);
    __syncthreads();
    if (!slots) return;
    at = first + __shfl_sync(~0u, at, 0);
    if (fresh) {
        const u32 slot = at + __popc(all & ((1u << lane) - 1));
        p.owners.slot_of[key] = slot;
        p.owners.key_of[slot] = key;
        *others_of(p, slot) = 0;
    }
    const auto zero = [&](u32* words, u32 each) {
        if (!words) return;
        for (u64 i = lane; i < u64(slots) * each; i += 32) words[u64(at) * each + i] = 0;
    };
    zero(p.first, 1);
    zero(reinterpret_cast<u32*>(p.fixed), 2 * p.columns);
    zero(p.beyond, (p.columns + BEYOND_COLUMNS - 1) / BEYOND_COLUMNS);
    zero(reinterpret_cast<u32*>(p.loose), p.columns);
    zero(p.highest, p.columns);
    zero(p.lowest, p.columns);
}

template <u32 W>
__device__ __forceinline__ void mark_cells(const Params& p, u32 block, u32 blocks) {
    __shared__ u32 shared[32 * W];
    Magnitudes<W> magnitudes;
    if (threadIdx.x < 32 * W) shared[threadIdx.x] = 0;
    __syncthreads();
    const u32 lane = threadIdx.x & 31;
    bool crowded = false; // most of the warp's last points were in cells that have others
    if (p.fixed && !Magnitudes<W>::keeps(p)) wait_for_last(); // by whom magnitudes are cleared, too
    for (u64 base = u64(block) * THREADS; base < p.count; base += u64(blocks) * THREADS) {
        const u64 i = base + threadIdx.x;
        u32 key = NONE;
        if (i < p.count) {
            const Found found = locate(p, u32(i));
            if (found.inside) key = u32(key_of(p, found));
        }
        if (p.fixed) magnitudes.add(p, u32(i) - lane, __ballot_sync(~0u, key != NONE));
        wait_for_last(); // by whom the bits are cleared
        // Of neighbouring lanes in one cell the first one claims it, and the next one finds it taken.
        const bool follows = __shfl_up_sync(~0u, key, 1) == key && lane > 0;
        const bool claims = key != NONE && !follows;
        const bool owner = claims && claim(p.owners.bits, key, crowded);
        const bool follows_owner = __shfl_up_sync(~0u, owner, 1) && follows;
        const bool finds = key != NONE && !owner && (!follows || follows_owner);
        give_slots(p, key, finds && claim(p.owners.several, key, crowded));
        if (i < p.count) p.node_of[i] = owner ? key | OWNER : key;
        crowded = 2 * __popc(__ballot_sync(~0u, claims && !owner)) > __popc(__ballot_sync(~0u, claims));
    }
    wait_for_last(); // also where there are no points, as whoever waits for this kernel waits for that one, too
    if (!p.fixed) return;
    magnitudes.join(p, shared);
    __syncthreads();
    magnitudes.flush(p, shared);
}

extern "C" __global__ void __launch_bounds__(THREADS, 4) KERNEL(mark)(const __grid_constant__ Params p) {
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

    // Those of lanes that pick; how many. The work of one whole warp, which has to be done with the last ones.
    __device__ __forceinline__ u32 pick(bool picks, u32 belongs) {
        const u32 lane = threadIdx.x & 31, all = __ballot_sync(~0u, picks), at = __popc(all & ((1u << lane) - 1));
        if (picks) row[at] = lane, to[at] = belongs;
        __syncwarp();
        return __popc(all);
    }
};

// Writes W columns of each point that is alone, lanes side by side those that are side by side.
template <u32 W>
__device__ __forceinline__ void put_alone(const Params& p, const Picked& alone, u32 points, u32 first, Columns<W>& columns) {
    constexpr u32 TOGETHER = 2; // points of a lane that are on their way
    const u32 lane = threadIdx.x & 31, all = p.columns / W, width = min(all, 32u), step = 32 / width;
    if (lane / width >= step) return;
    for (u32 number = lane % width; number < all; number += width) {
        if (all > width) {
            columns.first = number * W;
            columns.weigh();
        }
        for (u32 i = lane / width; i < points; i += TOGETHER * step) {
            typename Columns<W>::Values v[TOGETHER];
#pragma unroll
            for (u32 k = 0; k < TOGETHER; ++k) {
                if (i + k * step < points) v[k] = columns.values(first + alone.row[i + k * step]);
            }
#pragma unroll
            for (u32 k = 0; k < TOGETHER; ++k) {
                if (i + k * step < points) columns.put_one(v[k], spot_of(p, alone.to[i + k * step]));
            }
        }
    }
}

template <u32 W>
__device__ __forceinline__ void put_rows(const Params& p) {
    __shared__ Picked of_warp[WARPS];
    Picked& picked = of_warp[threadIdx.x / 32];
    const bool totals = makes_totals(p);
    const u32 lane = threadIdx.x & 31, whole = (p.count + 31) / 32 * 32;
    Columns<W> columns(p, totals ? lane % min(p.columns / W, 32u) * W : 0);
    if (totals) columns.weigh();
    for (u32 i = blockIdx.x * THREADS + threadIdx.x; i < whole; i += gridDim.x * THREADS) {
        const u32 noted = i < p.count ? p.node_of[i] : NONE, key = noted & ~OWNER;
        const bool inside = noted != NONE;
        const bool several = inside && p.owners.several[key / 32] >> key % 32 & 1;
        const bool single = inside && !several;
        const u32 slot = several ? p.owners.slot_of[key] : NONE;
        if (single) put_numbers(p, spot_of(p, key), 1, i);
        if (totals) {
            const u32 singles = picked.pick(single, key);
            if (singles) put_alone<W>(p, picked, singles, i - lane, columns);
            __syncwarp();
        }
        const Members members(slot, several);
        if (!members.all) continue;
        members.count(p, i, slot);
        if (!totals) continue;
        if (members.together) {
            members.add_together(p, i);
            continue;
        }
        const u32 count = picked.pick(several, slot);
        // Those of a point, and of a voxel, are one request.
        each_column(p.columns, count, 32, lane, [&](u32 at, u32 column) {
            add_one({p, picked.to[at], column}, feature(p, i - lane + picked.row[at], column));
        });
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

template <u32 W>
__device__ __forceinline__ void put_totals(const Params& p, u32 slots) {
    const u32 all = p.columns / W, width = min(all, THREADS), step = THREADS / width;
    if (threadIdx.x / width >= step) return;
    for (u32 number = threadIdx.x % width; number < all; number += width) {
        Columns<W> columns(p, number * W);
        columns.weigh();
        for (u32 slot = blockIdx.x * step + threadIdx.x / width; slot < slots; slot += gridDim.x * step) {
            const CellSpot spot = spot_of(p, __ldcg(p.owners.key_of + slot));
            columns.put(columns.given(slot), spot, __ldcg(others_of(p, slot)));
        }
    }
}

extern "C" __global__ void __launch_bounds__(THREADS, 4) KERNEL(finish)(const __grid_constant__ Params p) {
    let_next_begin();
    wait_for_last();
    const u32 me = blockIdx.x * THREADS + threadIdx.x, all = gridDim.x * THREADS;
    const u32 slots = __ldcg(p.owners.number);
    for (u32 slot = me; slot < slots; slot += all) {
        const u32 first = p.first ? ~__ldcg(p.first + slot) : 0;
        put_numbers(p, spot_of(p, __ldcg(p.owners.key_of + slot)), __ldcg(others_of(p, slot)), first);
    }
    if (const Target& t = p.target[OUT_BITS]; t.to) {
        const u32 bytes = u32(p.cells + 7) / 8; // of a cloud
        for (u64 i = me; i < u64(bytes) * p.batch; i += all) {
            const u64 cloud = i / bytes, byte = i - cloud * bytes;
            const u32 word = __ldcg(p.owners.bits + cloud * p.keys / 32 + byte / 4);
            static_cast<u8*>(t.to)[cloud * t.stride[0] + byte * t.stride[1]] = u8(word >> byte % 4 * 8);
        }
    }
    if (!makes_totals(p)) return;
    if (p.flags & FOURS) {
        put_totals<4>(p, slots);
    } else {
        put_totals<1>(p, slots);
    }
}
