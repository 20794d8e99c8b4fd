// Points that are added to the totals of a voxel.
#pragma once
#include "voxelize/total.cuh"

// Whether lanes side by side have columns side by side, and each has only one.
__device__ __forceinline__ bool one_column_a_lane(const Params& p) { return 32 % p.columns == 0; }

// Features of the lanes in `others`, each for the voxel of its lane.
__device__ __forceinline__ void add_features(const Params& p, u32 point, u32 slot, u32 others, u32 together) {
    const u32 lane = threadIdx.x & 31;
    const u32 first = point - lane;
    if (together != NONE && one_column_a_lane(p)) {
        // Each lane adds up a column of every so many points.
        const Place to{p, together, lane % p.columns};
        const Quantum quantum = p.fixed ? to.quantum() : Quantum();
        Sums sums;
        each_column(p.columns, 32, 32, lane, [&](u32 from, u32 column) {
            if (others >> from & 1) sums.take(p, quantum, feature(p, first + from, column));
        });
        for (u32 bit = p.columns; bit < 32; bit <<= 1) sums.join(p, sums.of_lane(p, lane ^ bit));
        if (lane < p.columns) sums.give(to);
        return;
    }
    if (together != NONE) {
        const bool mine = others >> lane & 1;
        for (u32 column = 0; column < p.columns; ++column) {
            const Place to{p, together, column};
            Sums sums;
            if (mine) sums.take(p, p.fixed ? to.quantum() : Quantum(), feature(p, point, column));
            for (u32 bit = 1; bit < 32; bit <<= 1) sums.join(p, sums.of_lane(p, lane ^ bit));
            if (lane == 0) sums.give(to);
        }
        return;
    }
    // Those of a point, and of a voxel, are one request.
    each_column(p.columns, 32, 32, lane, [&](u32 from, u32 column) {
        const u32 to = __shfl_sync(~0u, slot, from);
        if (others >> from & 1) add_one({p, to, column}, feature(p, first + from, column));
    });
}

// Adds the points `point` of the lanes that are `members` to the voxels in `slot`. The work of one whole warp.
__device__ __forceinline__ void add_to_slots(const Params& p, u32 point, u32 slot, bool member) {
    const u32 lane = threadIdx.x & 31;
    const u32 members = __ballot_sync(~0u, member);
    if (!members) return;
    // Many points of a warp in one voxel are added first among themselves.
    const u32 leader = u32(__ffs(members)) - 1;
    const u32 led = __shfl_sync(~0u, slot, leader);
    const bool together = __all_sync(~0u, !member || slot == led) && __popc(members) > 8;
    if (member && (!together || lane == leader)) {
        atomicAdd(p.others + slot, together ? u32(__popc(members)) : 1u);
        if (p.first) raise(p.first + slot, ~point);
    }
    if (makes_totals(p)) add_features(p, point, slot, members, together ? led : NONE);
}
