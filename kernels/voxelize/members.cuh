// Points of a warp that are added to the totals of voxels.
#pragma once
#include "voxelize/total.cuh"

struct Members {
    u32 all;       // the lanes that have one
    u32 to;        // the voxel of the first
    bool together; // many, all in one voxel: they are added first among themselves

    // Of a lane with a point of a voxel, if it is one. The work of one whole warp, as all below.
    __device__ __forceinline__ Members(u32 slot, bool member) {
        all = __ballot_sync(~0u, member);
        to = __shfl_sync(~0u, slot, all ? __ffs(all) - 1 : 0);
        together = __all_sync(~0u, !member || slot == to) && __popc(all) > 8;
    }

    // How many there are, and the first ones.
    __device__ __forceinline__ void count(const Params& p, u32 point, u32 slot) const {
        const u32 lane = threadIdx.x & 31;
        if (!(together ? lane == u32(__ffs(all)) - 1 : all >> lane & 1)) return;
        atomicAdd(others_of(p, slot), together ? u32(__popc(all)) : 1u);
        if (p.first) raise(p.first + slot, ~point);
    }

    // Features of points of one voxel.
    __device__ __forceinline__ void add_together(const Params& p, u32 point) const {
        const u32 lane = threadIdx.x & 31;
        if (32 % p.columns == 0) {
            // Each lane adds up a column of every so many points.
            const Place place{p, to, lane % p.columns};
            const Quantum quantum = p.fixed ? place.quantum() : Quantum();
            Sums sums;
            each_column(p.columns, 32, 32, lane, [&](u32 from, u32 column) {
                if (all >> from & 1) sums.take(p, quantum, feature(p, point - lane + from, column));
            });
            for (u32 bit = p.columns; bit < 32; bit <<= 1) sums.join(p, sums.of_lane(p, lane ^ bit));
            if (lane < p.columns) sums.give(place);
            return;
        }
        for (u32 column = 0; column < p.columns; ++column) {
            const Place place{p, to, column};
            Sums sums;
            if (all >> lane & 1) sums.take(p, p.fixed ? place.quantum() : Quantum(), feature(p, point, column));
            for (u32 bit = 1; bit < 32; bit <<= 1) sums.join(p, sums.of_lane(p, lane ^ bit));
            if (lane == 0) sums.give(place);
        }
    }

    // Features of each for the voxel of its lane: those of a point, and of a voxel, are one request.
    __device__ __forceinline__ void add_each(const Params& p, u32 point, u32 slot) const {
        const u32 lane = threadIdx.x & 31;
        each_column(p.columns, 32, 32, lane, [&](u32 from, u32 column) {
            const u32 voxel = __shfl_sync(~0u, slot, from);
            if (all >> from & 1) add_one({p, voxel, column}, feature(p, point - lane + from, column));
        });
    }
};
