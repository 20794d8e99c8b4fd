// Clouds in chunks: some points of one cloud that follow each other.
#pragma once
#include "common/scan.cuh"
#include "voxelize/locate.cuh"

// Where each cloud has its first point and its first chunk. Offsets that do not ascend lead to clouds that have fewer
// points, or none. Of one block.
template <u32 THREADS>
__device__ __forceinline__ void divide_clouds(const Params& p, u32* scratch) {
    const Tiles& t = p.by_tile;
    const u32 offsets = p.batch + 1, each = (offsets + THREADS - 1) / THREADS;
    const u32 first = min(offsets, threadIdx.x * each), last = min(offsets, first + each);
    const auto within = [&](u32 i) { return u32(min(max(offset_at(p, i), i64(0)), i64(p.count))); };
    u32 most = 0, all;
    for (u32 i = first; i < last; ++i) most = max(most, within(i));
    u32 point = join_before<THREADS, Most>(most, scratch, all);
    for (u32 i = first; i < last; ++i) {
        point = max(point, within(i));
        t.first_point[i] = point;
    }
    __syncthreads();
    const auto chunks = [&](u32 cloud) {
        const u32 points = cloud < p.batch ? t.first_point[cloud + 1] - t.first_point[cloud] : 0;
        return (points + t.points - 1) / t.points;
    };
    u32 sum = 0;
    for (u32 i = first; i < last; ++i) sum += chunks(i);
    u32 chunk = sum_before<THREADS>(sum, scratch, all);
    for (u32 i = first; i < last; ++i) {
        t.first_chunk[i] = chunk;
        chunk += chunks(i);
    }
}

struct Range {
    u32 first;
    u32 end;
};
__device__ __forceinline__ Range chunks_of(const Params& p, u32 cloud) {
    const Tiles& t = p.by_tile;
    if (!p.offsets) return {0, t.chunks};
    return {__ldcg(t.first_chunk + cloud), __ldcg(t.first_chunk + cloud + 1)};
}
__device__ __forceinline__ u32 first_point_of(const Params& p, u32 cloud) {
    return p.offsets ? __ldcg(p.by_tile.first_point + cloud) : 0;
}

struct Piece {
    u32 cloud;
    u32 first;
    u32 points; // 0: there is no such chunk
};
__device__ __forceinline__ Piece chunk_of(const Params& p, u32 number) {
    const Tiles& t = p.by_tile;
    u32 cloud = 0, end = p.count;
    if (p.offsets) {
        if (number >= __ldcg(t.first_chunk + p.batch)) return {0, 0, 0};
        u32 high = p.batch; // the first cloud whose chunks come later
        while (cloud < high) {
            const u32 middle = cloud + (high - cloud) / 2;
            if (__ldcg(t.first_chunk + middle) <= number) {
                cloud = middle + 1;
            } else {
                high = middle;
            }
        }
        --cloud;
        end = __ldcg(t.first_point + cloud + 1);
    }
    const u32 first = first_point_of(p, cloud) + (number - chunks_of(p, cloud).first) * t.points;
    return {cloud, first, min(t.points, end - first)};
}
