// Every reduction of dense cells: the first point in a cell writes what the cell has, further ones add themselves.
//
//   clear   writes what cells without points have, and zeroes what has to be
//   mark    each point claims its cell: the first one owns it and writes what the cell has if nobody else comes; the next
//           one shares it and gives it a place for its totals; all but the owner are listed
//   rows    those that are listed add themselves
//   finish  writes what has been added up, together with what the owner has written
//
// Of a large grid most cells have one point or none, and then nothing else is written than each result once. What an owner
// has written cannot be taken back where sums are rounded to 16 bits: then owners are listed, too (ALL_ADD).
#include "common/stages.cuh"
#include "voxelize/cells.cuh"
#include "voxelize/locate.cuh"
#include "voxelize/magnitude.cuh"
#include "voxelize/members.cuh"

constexpr u32 THREADS = 256;
constexpr u32 WARPS = THREADS / 32;
// What a cell is, in two bits of `state`: nothing, OWNED, or both.
constexpr u32 OWNED = 1, SHARED = 2;
// With the cell of a point that is listed: it owns the cell. Fewer than 2^31 cells.
constexpr u32 OWNER = 0x80000000u;

// The next stage begins when this one ends: what it reads would come in the way of what is written.
extern "C" __global__ void __launch_bounds__(THREADS) KERNEL(clear)(const __grid_constant__ Params p) {
    fill(p.zeros, p.zero_bytes, 0);
    put_empty(p);
}

// Whether a cell that is owned is shared.
__device__ __forceinline__ bool is_shared(const Params& p, u32 key) {
    return __ldcg(p.owners.state + key / 16) >> key % 16 * 2 & SHARED;
}

// Writes W columns of each point that is alone, lanes side by side those that are side by side. KNOWN: magnitudes are.
template <u32 W, bool KNOWN>
__device__ __forceinline__ void put_alone(const Params& p, const Picked& alone, u32 points) {
    constexpr u32 TOGETHER = KNOWN ? 1 : 2; // points of a lane that are on their way
    const Lanes<W> lanes(p);
    if (lanes.idle()) return;
    for (u32 chunk = lanes.chunk; chunk < lanes.all; chunk += lanes.width) {
        Columns<W> columns(p, chunk * W);
        if (KNOWN) columns.weigh();
        for (u32 i = lanes.row; i < points; i += TOGETHER * lanes.rows) {
            typename Columns<W>::Values v[TOGETHER];
#pragma unroll
            for (u32 k = 0; k < TOGETHER; ++k) {
                if (i + k * lanes.rows < points) v[k] = columns.values(alone.point[i + k * lanes.rows]);
            }
#pragma unroll
            for (u32 k = 0; k < TOGETHER; ++k) {
                if (i + k * lanes.rows < points) columns.put_one(v[k], spot_of(p, alone.to[i + k * lanes.rows]), KNOWN);
            }
        }
    }
}

// Makes a cell something more; what it was before.
__device__ __forceinline__ u32 claim_as(u32* state, u32 key, u32 what) {
    const u32 shift = key % 16 * 2;
    return atomicOr(state + key / 16, what << shift) >> shift & (OWNED | SHARED);
}
// Claims a cell, of which no more is taken than there is left; what it was before.
__device__ __forceinline__ u32 claim(u32* state, u32 key) {
    const u32 was = claim_as(state, key, OWNED);
    return was == OWNED ? claim_as(state, key, SHARED) : was;
}

// Numbers for what lanes have to list, one after another in a block: cells that are new among those that are shared, and
// points that add themselves. The work of a whole block, in two steps, as the first numbers are a while on their way.
struct Numbers {
    u32 asked[2];     // zero at first
    u32 at[2][WARPS]; // of each warp's among the block's
    u64 first;        // the block's

    // What the first thread has to hand in.
    __device__ __forceinline__ u64 ask(const Params& p, bool fresh, bool adds) {
        ask_for(0, fresh), ask_for(1, adds);
        __syncthreads();
        if (threadIdx.x > 0) return 0;
        // Nobody else looks at what is zero again for the next turn.
        const u32 cells = atomicExch(asked, 0u), points = atomicExch(asked + 1, 0u);
        return points ? atomicAdd(p.owners.lengths, u64(points) << 32 | cells) : 0;
    }
    __device__ __forceinline__ void hand_in(u64 taken) {
        if (threadIdx.x == 0) first = taken;
        __syncthreads();
    }
    // The first one of a warp's: of cells, or of points.
    __device__ __forceinline__ u32 cells() const { return u32(first) + at[0][threadIdx.x / 32]; }
    __device__ __forceinline__ u32 points() const { return u32(first >> 32) + at[1][threadIdx.x / 32]; }

private:
    __device__ __forceinline__ void ask_for(u32 k, bool wants) {
        const u32 all = __popc(__ballot_sync(~0u, wants));
        __syncwarp(); // all have read what they had before
        if ((threadIdx.x & 31) == 0 && all) at[k][threadIdx.x / 32] = atomicAdd(asked + k, all);
    }
};

// Zeroes the totals of so many slots from one on.
__device__ __forceinline__ void clear_slots(const Params& p, u32 first, u32 slots) {
    const auto zero = [&](u32* words, u32 each) {
        if (!words) return;
        u32* const from = words + u64(first) * each;
        for (u32 i = threadIdx.x & 31; i < slots * each; i += 32) from[i] = 0;
    };
    zero(p.first, 1);
    zero(reinterpret_cast<u32*>(p.fixed), 2 * p.columns);
    zero(p.beyond, (p.columns + BEYOND_COLUMNS - 1) / BEYOND_COLUMNS);
    zero(reinterpret_cast<u32*>(p.loose), p.columns);
    zero(p.highest, p.columns);
    zero(p.lowest, p.columns);
}

// What a block of `mark` shares.
struct Marked {
    Numbers numbers;
    Picked of_warp[WARPS];
    u32 most[MOST_KEPT];
    u32 least[MOST_KEPT];
};

template <u32 W>
__device__ __forceinline__ void mark_cells(const Params& p, Marked& marked) {
    Picked& picked = marked.of_warp[threadIdx.x / 32];
    if (threadIdx.x < MOST_KEPT) marked.most[threadIdx.x] = 0, marked.least[threadIdx.x] = NO_EXPONENT;
    if (threadIdx.x < 2) marked.numbers.asked[threadIdx.x] = 0;
    __syncthreads();
    const u32 lane = threadIdx.x & 31;
    Magnitudes<W> magnitudes;
    const bool totals = makes_totals(p);
    if (p.fixed && !Magnitudes<W>::keeps(p)) wait_for_last(); // by whom magnitudes are cleared, too
    for (u32 base = blockIdx.x * THREADS; base < p.count; base += gridDim.x * THREADS) {
        const u32 i = base + threadIdx.x;
        const u32 key = small_key_by_warp(p, i);
        if (i < p.count) p.node_of[i] = key;
        if (p.fixed) magnitudes.add(p, i - lane, __ballot_sync(~0u, key != NONE));
        wait_for_last(); // by whom outputs and states are written
        // Of neighbouring lanes in one cell the first one claims it. If it owns it, the next one shares it.
        const bool follows = __shfl_up_sync(~0u, key, 1) == key && lane > 0;
        const bool claims = key != NONE && !follows;
        const u32 was = claims ? claim(p.owners.state, key) : SHARED;
        const bool owner = was == 0, comes_next = __shfl_up_sync(~0u, owner, 1) && follows && key != NONE;
        const bool fresh = was == OWNED || (comes_next && !(claim_as(p.owners.state, key, SHARED) & SHARED));
        const bool adds = key != NONE && (!owner || p.flags & ALL_ADD);
        const u64 taken = marked.numbers.ask(p, fresh, adds);
        if (owner) put_numbers(p, spot_of(p, key), 1, i);
        if (totals) {
            put_alone<W, false>(p, picked, picked.pick(owner, i, key));
            __syncwarp();
        }
        marked.numbers.hand_in(taken);
        const u32 below = (1u << lane) - 1, adding = __ballot_sync(~0u, adds), cells = __ballot_sync(~0u, fresh);
        if (adds) p.owners.members[marked.numbers.points() + __popc(adding & below)] = uint2{i, owner ? key | OWNER : key};
        if (!cells) continue;
        if (fresh) {
            const u32 slot = marked.numbers.cells() + __popc(cells & below);
            p.owners.slot_of[key] = slot;
            p.owners.key_of[slot] = key;
            *others_of(p, slot) = 0;
        }
        clear_slots(p, marked.numbers.cells(), __popc(cells));
    }
    wait_for_last(); // also where there are no points, as whoever waits for this kernel waits for that one, too
    if (!p.fixed) return;
    magnitudes.join(p, marked.most, marked.least);
    __syncthreads();
    magnitudes.flush(p, marked.most);
    if (Magnitudes<W>::keeps(p) && threadIdx.x < p.columns) {
        p.owners.least[blockIdx.x * p.columns + threadIdx.x] = marked.least[threadIdx.x];
    }
}

extern "C" __global__ void __launch_bounds__(THREADS, 4) KERNEL(mark)(const __grid_constant__ Params p) {
    __shared__ Marked marked;
    let_next_begin();
    if (p.flags & FOURS) {
        mark_cells<4>(p, marked);
    } else {
        mark_cells<1>(p, marked);
    }
}

// Whether among the points of a block of `mark` there may be some whose sums have to be rounded. The work of a warp.
template <u32 W>
__device__ __forceinline__ bool may_round(const Params& p, u32 block) {
    if (!p.fixed) return false;
    if (!Magnitudes<W>::keeps(p)) return true;
    bool rounds = false;
    for (u32 column = threadIdx.x & 31; column < p.columns; column += 32) {
        rounds |= !Place{p, 0, column}.quantum().divides_from(__ldcg(p.owners.least + block * p.columns + column));
    }
    return __any_sync(~0u, rounds);
}

// Writes the points of a block of `mark` that are alone once more, now that it is known how sums are rounded.
template <u32 W>
__device__ __forceinline__ void put_rounded(const Params& p, Picked& picked, u32 block) {
    for (u32 base = block * THREADS; base < p.count; base += gridDim.x * THREADS) {
        const u32 i = base + threadIdx.x, key = i < p.count ? p.node_of[i] : NONE;
        const u32 alone = picked.pick(key != NONE && !is_shared(p, key), i, key);
        put_alone<W, true>(p, picked, alone);
        __syncwarp();
    }
}

// As many blocks as those of `mark`.
extern "C" __global__ void __launch_bounds__(THREADS, 4) KERNEL(rows)(const __grid_constant__ Params p) {
    __shared__ Picked of_warp[WARPS];
    Picked& picked = of_warp[threadIdx.x / 32];
    let_next_begin();
    wait_for_last();
    const u32 members = __ldcg(p.owners.lengths) >> 32, whole = (members + 31) / 32 * 32;
    const auto member_at = [&](u32 i) { return i < members ? p.owners.members[i] : uint2{0, NONE}; };
    const u32 first = blockIdx.x * THREADS + threadIdx.x, step = gridDim.x * THREADS;
    uint2 next = member_at(first);
    for (u32 i = first; i < whole; i += step) {
        const uint2 member = next;
        next = member_at(i + step); // on its way while this one is added
        const bool adds = i < members && (!(member.y & OWNER) || is_shared(p, member.y & ~OWNER));
        add_members(p, picked, member.x, adds ? p.owners.slot_of[member.y & ~OWNER] : NONE, adds);
    }
    if (p.flags & FOURS) {
        if (may_round<4>(p, blockIdx.x)) put_rounded<4>(p, picked, blockIdx.x);
    } else {
        if (may_round<1>(p, blockIdx.x)) put_rounded<1>(p, picked, blockIdx.x);
    }
}

// A place for totals: the cell it is of, and how many points that has.
struct Slot {
    CellSpot spot;
    u32 points;

    __device__ __forceinline__ Slot(const Params& p, u32 slot)
        : spot(spot_of(p, __ldcg(p.owners.key_of + slot))),
          points(__ldcg(others_of(p, slot)) + (p.flags & ALL_ADD ? 0 : 1)) {}
};

template <u32 W>
__device__ __forceinline__ void put_totals(const Params& p, u32 slots) {
    const Lanes<W> lanes(p);
    if (lanes.idle()) return;
    const u32 warp = blockIdx.x * WARPS + threadIdx.x / 32;
    for (u32 chunk = lanes.chunk; chunk < lanes.all; chunk += lanes.width) {
        Columns<W> columns(p, chunk * W);
        columns.weigh();
        for (u32 number = warp * lanes.rows + lanes.row; number < slots; number += gridDim.x * WARPS * lanes.rows) {
            const Slot slot(p, number);
            auto totals = columns.given(number);
            if (!(p.flags & ALL_ADD)) columns.join_owner(totals, slot.spot);
            columns.put(totals, slot.spot, slot.points);
        }
    }
}

// The first point of a cell.
__device__ __forceinline__ u32 first_of(const Params& p, u32 number, CellSpot spot) {
    const Target& t = p.target[OUT_FIRST];
    if (!t.to) return 0;
    const u32 first = ~__ldcg(p.first + number);
    return p.flags & ALL_ADD ? first : min(first, u32(get_index(t, element_of(p, t, spot))));
}

// Which cells have points, a bit each.
__device__ __forceinline__ void put_bits(const Params& p) {
    const Target& t = p.target[OUT_BITS];
    if (!t.to) return;
    const u32 bytes = u32(p.cells + 7) / 8; // of a cloud
    for (u64 i = blockIdx.x * THREADS + threadIdx.x; i < u64(bytes) * p.batch; i += gridDim.x * THREADS) {
        const u64 cloud = i / bytes, byte = i - cloud * bytes;
        const u32 word = __ldcg(p.owners.state + cloud * p.keys / 16 + byte / 2);
        u32 bits = word >> byte % 2 * 16 & 0x5555; // every other one
        bits = (bits | bits >> 1) & 0x3333;
        bits = (bits | bits >> 2) & 0x0f0f;
        static_cast<u8*>(t.to)[cloud * t.stride[0] + byte * t.stride[1]] = u8(bits | bits >> 4);
    }
}

extern "C" __global__ void __launch_bounds__(THREADS, 4) KERNEL(finish)(const __grid_constant__ Params p) {
    let_next_begin();
    wait_for_last();
    put_bits(p);
    const u32 slots = u32(__ldcg(p.owners.lengths));
    for (u32 number = blockIdx.x * THREADS + threadIdx.x; number < slots; number += gridDim.x * THREADS) {
        const Slot slot(p, number);
        put_numbers(p, slot.spot, slot.points, first_of(p, number, slot.spot));
    }
    if (!makes_totals(p)) return;
    if (p.flags & FOURS) {
        put_totals<4>(p, slots);
    } else {
        put_totals<1>(p, slots);
    }
}
