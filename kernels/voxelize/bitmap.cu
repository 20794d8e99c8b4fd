// Any voxelization, by a trie of bitmaps of the cells that have points.
//
//   clear    zeroes what has to be: first all that is known before, then each further level
//   mark     (a level) sets the points' bits; whoever sets one owns its voxel
//   scan     (a level) numbers the bits
//   collect  each point finds its voxel; owners leave their index there, the others add themselves
//   rank     for the order of first points: a bit for each of them, to be scanned, too
//   voxels   goes through the places in order, gathers the owners and writes each result of a sparse form once
//   cells    likewise through the cells of a dense form
//
// What is random is kept small: most voxels of a large cloud have few points, and of their owners only an index is
// written anywhere but in line.
#include "common/fill.cuh"
#include "common/stages.cuh"
#include "voxelize/locate.cuh"
#include "voxelize/magnitude.cuh"
#include "voxelize/members.cuh"
#include "voxelize/trie.cuh"

// The first thing that a stage does.
__device__ __forceinline__ void begin() {
    let_next_begin();
    wait_for_last();
}

extern "C" __global__ void __launch_bounds__(THREADS) KERNEL(clear)(const __grid_constant__ Params p) {
    begin();
    if (p.level_now == 0) return fill(p.zeros, p.zero_bytes, 0);
    const Level& level = p.level[p.level_now];
    const u64 nodes = __ldcg(p.level[p.level_now - 1].total);
    fill(level.bits, nodes * 32, 0);
    fill(level.counts, (nodes + 3) / 4 * 16, 0); // as they are read
}

template <u32 W>
__device__ __forceinline__ void mark_level(const Params& p) {
    __shared__ u32 part_scratch[MOST_PARTS];
    __shared__ u32 shared[32 * W];
    const u32 now = p.level_now;
    const Level& level = p.level[now];
    const bool last = now + 1 == p.levels, weigh = now == 0 && p.fixed;
    const Parts parts(level, part_scratch);
    Magnitudes<W> magnitudes;
    if (threadIdx.x < 32 * W) shared[threadIdx.x] = 0;
    __syncthreads();
    const u32 lane = threadIdx.x & 31;
    const u32 whole = (p.count + 31) / 32 * 32;
    for (u32 i = blockIdx.x * THREADS + threadIdx.x; i < whole; i += gridDim.x * THREADS) {
        const Found found = locate_by_warp(p, i);
        const u64 key = found.inside ? key_of(p, found) : ~0ull;
        if (weigh) magnitudes.add(p, i - lane, __ballot_sync(~0u, key != ~0ull));
        // Of neighbouring lanes in one cell the first sets the bit.
        const u64 before = __shfl_up_sync(~0u, key, 1);
        u32 noted = NONE;
        if (key != ~0ull) {
            const u64 digits = key >> 8 * (p.levels - 1 - now);
            const u32 bit = u32(digits) & 255;
            const u32 node = now == 0 ? u32(digits >> 8)
                                      : rank_of(p.level[now - 1], p.node_of[i], u32(digits >> 8) & 255);
            const bool first = lane == 0 || before != key;
            const bool owner = first && set_bit(level, parts, node, bit, p.levels > 1);
            noted = last && owner ? node | OWNER : node;
            if (last) p.bit_of[i] = u8(bit);
        }
        if (i < p.count) p.node_of[i] = noted;
    }
    __syncthreads();
    if (weigh) magnitudes.join(p, shared, nullptr);
    __syncthreads();
    if (weigh) magnitudes.flush(p, shared);
    parts.flush();
}

extern "C" __global__ void __launch_bounds__(THREADS, 5) KERNEL(mark)(const __grid_constant__ Params p) {
    begin();
    if (p.flags & FOURS) {
        mark_level<4>(p);
    } else {
        mark_level<1>(p);
    }
}

extern "C" __global__ void __launch_bounds__(THREADS) KERNEL(scan)(const __grid_constant__ Params p) {
    begin();
    __shared__ u32 scratch[33];
    const bool all = p.level_now == 0 || p.level_now == ORDER_LEVEL;
    const Level& level = p.level[p.level_now];
    scan_level(level, all ? u32(level.nodes) : __ldcg(p.level[p.level_now - 1].total), scratch);
}

extern "C" __global__ void __launch_bounds__(THREADS, 5) KERNEL(collect)(const __grid_constant__ Params p) {
    begin();
    __shared__ Picked of_warp[THREADS / 32];
    const Level& level = p.level[p.levels - 1];
    const Target& map = p.target[OUT_POINT_TO_VOXEL];
    const u32 whole = (p.count + 31) / 32 * 32;
    for (u32 i = blockIdx.x * THREADS + threadIdx.x; i < whole; i += gridDim.x * THREADS) {
        u32 slot = NONE;
        bool owner = false;
        if (i < p.count) {
            const u32 noted = p.node_of[i];
            if (noted != NONE) {
                slot = rank_of(level, noted & ~OWNER, p.bit_of[i]);
                owner = noted & OWNER;
                if (slot >= p.slots) slot = NONE; // beyond the capacity
            }
            if (p.flags & BY_FIRST) {
                p.node_of[i] = slot;
            } else if (map.to) {
                put_index(map, i * map.stride[0], slot == NONE ? -1 : i64(slot));
            }
            if (slot != NONE) {
                if (owner) p.owner[slot] = i;
                if (p.listed) list(p, slot, i);
            }
        }
        add_members(p, of_warp[threadIdx.x / 32], i, slot, slot != NONE && !owner);
    }
}

// The lowest index of a voxel's points.
__device__ __forceinline__ u32 first_of(const Params& p, u32 slot) {
    return min(__ldcg(p.owner + slot), ~__ldcg(p.first + slot));
}

extern "C" __global__ void __launch_bounds__(THREADS) KERNEL(rank)(const __grid_constant__ Params p) {
    begin();
    __shared__ u32 scratch[MOST_PARTS];
    const Level& order = p.level[ORDER_LEVEL];
    const Parts parts(order, scratch);
    __syncthreads();
    const u32 voxels = __ldcg(p.level[p.levels - 1].total);
    for (u32 slot = blockIdx.x * THREADS + threadIdx.x; slot < voxels; slot += gridDim.x * THREADS) {
        const u32 first = first_of(p, slot);
        set_bit(order, parts, first / 256, first % 256, false);
    }
    __syncthreads();
    parts.flush();
}

// What a warp of the last stage writes at a time: a spot of each lane, with the voxel that belongs there.
struct Tile {
    u32 place[32]; // NONE: nothing to write
    u32 slot[32];  // NONE: without points
    u32 owner[32];
    u32 others[32];
    u32 order[32]; // spots with points from the front, those without from the back
};

// The results of a lane's own spot that are one number and of both forms.
template <class Spot>
__device__ __forceinline__ void put_each(const Params& p, Spot spot, u32 slot, u32 others) {
    const bool filled = slot != NONE;
    if (const Target& t = p.target[OUT_COUNT]; t.to) {
        static_cast<i32*>(t.to)[element_of(p, t, spot)] = filled ? i32(others + 1) : 0;
    }
    if (const Target& t = p.target[OUT_FIRST]; t.to) {
        put_index(t, element_of(p, t, spot), filled ? i64(first_of(p, slot)) : -1);
    }
}

// Sums, means, maxima and minima of the spots of a tile that have points.
template <class Spot>
__device__ __forceinline__ void put_totals(const Params& p, const Tile& tile, Spot spot, u32 filled) {
    Sharing::of_columns(p).each(filled, [&](u32 row, u32 column) {
        const u32 at = tile.order[row], others = tile.others[at];
        spot.number = tile.place[at];
        const Place of{p, tile.slot[at], column};
        const float value = feature(p, tile.owner[at], column);
        const auto put = [&](Output output, auto result) {
            const Target& t = p.target[output];
            if (t.to) put_value(t, element_of(p, t, spot) + column * t.stride[Spot::COLUMNS], result());
        };
        if (p.fixed || p.loose) {
            const double sum = sum_of(of, others, value);
            put(OUT_SUM, [&] { return sum; });
            put(OUT_MEAN, [&] { return others ? divide(sum, double(others + 1)) : sum; });
        }
        put(OUT_MAX, [&] { return max_of(of, others, value); });
        put(OUT_MIN, [&] { return min_of(of, others, value); });
    });
}

// And of those that have none.
template <class Spot>
__device__ __forceinline__ void put_empty(const Params& p, const Tile& tile, Spot spot, u32 empty) {
    const u32 word = p.empty != p.empty ? u32(Element<float>::NAN_BITS) : __float_as_uint(__double2float_rn(p.empty));
    for (u32 output = OUT_SUM; output <= OUT_MIN; ++output) {
        const Target& t = p.target[output];
        if (!t.to) continue;
        const auto start = [&](u32 row) {
            spot.number = tile.place[tile.order[31 - row]];
            return element_of(p, t, spot);
        };
        if (t.form & CHUNKS) {
            Sharing::of_fours(p).each(empty, [&](u32 row, u32 chunk) {
                float* const to = static_cast<float*>(t.to) + start(row);
                reinterpret_cast<uint4*>(to)[chunk] = uint4{word, word, word, word};
            });
        } else {
            Sharing::of_columns(p).each(empty, [&](u32 row, u32 column) {
                put_value(t, start(row) + column * t.stride[Spot::COLUMNS], p.empty);
            });
        }
    }
}

// The features of the first points of a tile's voxels.
__device__ __forceinline__ void put_gathered(const Params& p, const Tile& tile) {
    const Target& t = p.target[OUT_GATHERED];
    for (u32 at = 0; at < 32; ++at) {
        const u32 place = tile.place[at], slot = tile.slot[at];
        if (place == NONE) continue;
        Sharing::of_columns(p).each(p.rows, [&](u32 row, u32 column) {
            const u32 listed = slot == NONE ? 0 : __ldcg(p.listed + u64(slot) * p.rows + row);
            const i64 to = place * t.stride[0] + row * t.stride[1] + column * t.stride[2];
            put_value(t, to, listed ? double(feature(p, ~listed, column)) : 0.0);
        });
    }
}

// The lane's own spot, if its number is one, and its voxel; then the features of all.
template <class Spot>
__device__ __forceinline__ void put_tile(const Params& p, Tile& tile, Spot spot, u32 slot) {
    const u32 lane = threadIdx.x & 31, below = (1u << lane) - 1;
    const bool valid = spot.number != NONE, filled = valid && slot != NONE;
    const bool totals = makes_totals(p);
    const u32 owner = filled ? __ldcg(p.owner + slot) : 0, others = filled ? __ldcg(others_of(p, slot)) : 0;
    const u32 with = __ballot_sync(~0u, filled), without = __ballot_sync(~0u, valid && !filled);
    tile.place[lane] = spot.number;
    tile.slot[lane] = slot;
    if (filled) tile.order[__popc(with & below)] = lane;
    if (valid && !filled) tile.order[31 - __popc(without & below)] = lane;
    __syncwarp();
    // While the owners are on their way.
    if (totals) put_empty(p, tile, spot, __popc(without));
    tile.owner[lane] = owner;
    tile.others[lane] = others;
    if (valid) put_each(p, spot, slot, others);
    __syncwarp();
    if (totals) put_totals(p, tile, spot, __popc(with));
}

// Eight warps a node of 256 cells, each with a word of its bits.
extern "C" __global__ void __launch_bounds__(THREADS, 5) KERNEL(cells)(const __grid_constant__ Params p) {
    begin();
    __shared__ Tile tiles[THREADS / 32];
    const u32 lane = threadIdx.x & 31, warp = threadIdx.x / 32;
    const Level& level = p.level[0];
    const u32 each = u32(p.keys / 256); // nodes of a cloud
    for (u32 node = blockIdx.x; node < each * p.batch; node += gridDim.x) {
        const u32 cloud = node / each, number = node - cloud * each;
        const u32 cell = number * 256 + threadIdx.x;
        const u32 words = lane < 8 ? __ldcg(level.bits + u64(node) * 8 + lane) : 0;
        const u32 word = __shfl_sync(~0u, words, warp);
        const u32 before = __ldcg(level.prefix + node) + __reduce_add_sync(~0u, lane < warp ? u32(__popc(words)) : 0);
        const bool filled = word >> lane & 1;
        const CellSpot spot{cell < p.cells ? cell : NONE, cloud};
        put_tile(p, tiles[warp], spot, filled ? before + __popc(word & ((1u << lane) - 1)) : NONE);
        if (const Target& t = p.target[OUT_OCCUPANCY]; t.to && cell < p.cells) {
            static_cast<u8*>(t.to)[element_of(p, t, spot)] = filled ? 1 : 0;
        }
        if (const Target& t = p.target[OUT_BITS]; t.to && lane % 8 == 0 && cell < p.cells) {
            static_cast<u8*>(t.to)[cloud * t.stride[0] + cell / 8 * t.stride[1]] = u8(word >> lane);
        }
        __syncwarp();
    }
}

// The cell of a voxel: that of its owner.
__device__ __forceinline__ void put_coords(const Params& p, u32 place, bool filled, u32 owner) {
    const Target& t = p.target[OUT_COORDS];
    i32 at[4] = {-1, -1, -1, -1};
    if (filled) {
        const Found found = locate(p, owner);
        at[0] = i32(min(found.cloud, p.batch - 1)); // which it is but for offsets that do not ascend
#pragma unroll
        for (u32 axis = 0; axis < 3; ++axis) at[1 + axis] = i32(found.cell[axis]);
    }
#pragma unroll
    for (u32 k = 0; k < 4; ++k) static_cast<i32*>(t.to)[place * t.stride[0] + k * t.stride[1]] = at[k];
}

// The place of a voxel; NONE beyond the capacity.
__device__ __forceinline__ u32 place_of(const Params& p, u32 slot) {
    u32 place = slot;
    if (p.flags & BY_FIRST) {
        const u32 first = first_of(p, slot);
        place = rank_of(p.level[ORDER_LEVEL], first / 256, first % 256);
    }
    return place < p.capacity ? place : NONE;
}

extern "C" __global__ void __launch_bounds__(THREADS, 5) KERNEL(voxels)(const __grid_constant__ Params p) {
    begin();
    __shared__ Tile tiles[THREADS / 32];
    const u32 lane = threadIdx.x & 31;
    Tile& tile = tiles[threadIdx.x / 32];
    const u32 voxels = __ldcg(p.level[p.levels - 1].total);
    if (blockIdx.x == 0 && threadIdx.x == 0) *static_cast<i64*>(p.target[OUT_NUMBER].to) = voxels;
    // All voxels that are worked on, and all places behind the last one.
    const u32 worked = min(voxels, p.slots), all = max(worked, p.capacity);
    for (u32 first = blockIdx.x * THREADS + threadIdx.x - lane; first < all; first += gridDim.x * THREADS) {
        const u32 i = first + lane, slot = i < worked ? i : NONE;
        u32 place = NONE;
        if (i < worked) {
            place = place_of(p, i);
        } else if (i < p.capacity) {
            place = i;
        }
        put_tile(p, tile, VoxelSpot{place}, slot);
        if (place != NONE) put_coords(p, place, slot != NONE, tile.owner[lane]);
        if (p.listed) put_gathered(p, tile);
        __syncwarp();
    }
    const Target& map = p.target[OUT_POINT_TO_VOXEL];
    if (!(p.flags & BY_FIRST) || !map.to) return;
    for (u32 i = blockIdx.x * THREADS + threadIdx.x; i < p.count; i += gridDim.x * THREADS) {
        const u32 slot = p.node_of[i];
        const u32 place = slot == NONE ? NONE : place_of(p, slot);
        put_index(map, i * map.stride[0], place == NONE ? -1 : i64(place));
    }
}
