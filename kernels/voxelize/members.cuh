// Points of a warp that are added to the totals of voxels.
#pragma once
#include "voxelize/columns.cuh"

// Some of a warp's points, and where each belongs.
struct Picked {
    u32 point[32];
    u32 to[32];

    // Those of lanes that pick; how many. The work of one whole warp, as all below.
    __device__ __forceinline__ u32 pick(bool picks, u32 which, u32 belongs) {
        const u32 lane = threadIdx.x & 31, all = __ballot_sync(~0u, picks), at = __popc(all & ((1u << lane) - 1));
        if (picks) point[at] = which, to[at] = belongs;
        __syncwarp();
        return __popc(all);
    }
    // Likewise, those side by side that belong together: lanes `alike`, of which the first one leads.
    __device__ __forceinline__ u32 pick_sorted(bool picks, u32 which, u32 belongs, u32 alike) {
        const u32 lane = threadIdx.x & 31, leader = __ffs(alike) - 1, mine = picks && lane == leader ? __popc(alike) : 0;
        u32 end = mine; // of those that this one leads
#pragma unroll
        for (u32 step = 1; step < 32; step <<= 1) {
            const u32 before = __shfl_up_sync(~0u, end, step);
            if (lane >= step) end += before;
        }
        const u32 at = __shfl_sync(~0u, end - mine, leader) + __popc(alike & ((1u << lane) - 1));
        if (picks) point[at] = which, to[at] = belongs;
        __syncwarp();
        return __shfl_sync(~0u, end, 31);
    }
};

// Adds the features of picked points, lanes side by side at columns side by side.
__device__ __forceinline__ void add_each(const Params& p, const Picked& picked, u32 points) {
    constexpr u32 TOGETHER = 4; // features of a lane that are on their way
    const Lanes<1> lanes(p);
    if (lanes.idle()) return;
    for (u32 column = lanes.chunk; column < lanes.all; column += lanes.width) {
        const Quantum quantum = p.fixed ? Place{p, 0, column}.quantum() : Quantum();
        for (u32 i = lanes.row; i < points; i += TOGETHER * lanes.rows) {
            float v[TOGETHER];
#pragma unroll
            for (u32 k = 0; k < TOGETHER; ++k) {
                const u32 at = i + k * lanes.rows;
                if (at < points) v[k] = feature(p, picked.point[at], column);
            }
#pragma unroll
            for (u32 k = 0; k < TOGETHER; ++k) {
                const u32 at = i + k * lanes.rows;
                if (at < points) add_one({p, picked.to[at], column}, quantum, v[k]);
            }
        }
    }
}

// Likewise where many belong together, if not all to one: each lane adds up what is side by side, of a column, in a part
// of the points.
__device__ __forceinline__ void add_sorted(const Params& p, const Picked& picked, u32 points, bool one) {
    constexpr u32 TOGETHER = 2; // features of a lane that are on their way
    const Lanes<1> lanes(p);
    const u32 lane = threadIdx.x & 31, parts = lanes.rows, part = lanes.row;
    const u32 each = (points + parts - 1) / parts, begin = part * each, end = min(begin + each, points);
    for (u32 base = 0; base < p.columns; base += lanes.width) {
        const u32 column = base + lanes.chunk;
        const bool adds = !lanes.idle() && begin < end && column < p.columns;
        u32 to = adds ? picked.to[begin] : 0;
        Sums sums;
        if (adds) {
            const Quantum quantum = p.fixed ? Place{p, to, column}.quantum() : Quantum();
            for (u32 i = begin; i < end; i += TOGETHER) {
                float v[TOGETHER];
#pragma unroll
                for (u32 k = 0; k < TOGETHER; ++k) {
                    if (i + k < end) v[k] = feature(p, picked.point[i + k], column);
                }
#pragma unroll
                for (u32 k = 0; k < TOGETHER; ++k) {
                    if (i + k >= end) break;
                    if (picked.to[i + k] != to) {
                        sums.give({p, to, column});
                        sums = Sums();
                        to = picked.to[i + k];
                    }
                    sums.take(p, quantum, v[k]);
                }
            }
        }
        // All of one voxel: the parts are joined, too.
        for (u32 step = 1; one && step < parts; step *= 2) {
            const Sums other = sums.of_lane(p, lane + step * lanes.width);
            if (part % (2 * step) == 0 && part + step < parts) sums.join(p, other);
        }
        if (adds && (!one || part == 0)) sums.give({p, to, column});
    }
}

// Adds a point of each lane that is a member to its voxel: to how many there are, to the first, and its features. A scan
// often has several of a voxel in a row, and then those of a warp are added up first: atomics on one address wait for
// each other.
__device__ __forceinline__ void add_members(const Params& p, Picked& picked, u32 point, u32 slot, bool member) {
    const u32 lane = threadIdx.x & 31, all = __ballot_sync(~0u, member);
    if (!all) return;
    const u32 to = member ? slot : NONE, before = __shfl_up_sync(~0u, to, 1);
    const u32 follow = __ballot_sync(~0u, member && lane > 0 && before == to);
    const bool sorted = 8 * __popc(follow) >= __popc(all);
    const u32 alike = sorted ? __match_any_sync(~0u, to) : 1u << lane;
    const bool leads = member && lane == u32(__ffs(alike)) - 1;
    const bool one = __popc(__ballot_sync(~0u, leads)) == 1;
    if (leads) atomicAdd(others_of(p, slot), u32(__popc(alike)));
    if (p.first && member) raise(p.first + slot, ~point);
    if (!makes_totals(p)) return;
    if (sorted) {
        add_sorted(p, picked, picked.pick_sorted(member, point, slot, alike), one);
    } else {
        add_each(p, picked, picked.pick(member, point, slot));
    }
    __syncwarp();
}
