// Voxels in the order of their keys without a sort: a trie of bitmaps.
//
// A node is 256 bits. Of the first level every node exists; of a further one those that a point has reached, numbered in
// the order of keys: by the bits set before, in `prefix`, and below, in the node above. The numbers of the last level's
// bits are the voxels. One level is a bitmap of all cells, which is best wherever there is room for it.
#pragma once
#include "common/scan.cuh"
#include "voxelize/params.cuh"

constexpr u32 THREADS = 256;
constexpr u32 NODES = 1024; // whose bits are counted together, and scanned by one block
// In `node_of`, of the last level: this point was the first to set its bit, and stands for the voxel.
constexpr u32 OWNER = 0x80000000u;

// The eight words of a node.
struct Node {
    u32 word[8];
};
__device__ __forceinline__ Node node_at(const Level& level, u32 node) {
    const uint4* const words = reinterpret_cast<const uint4*>(level.bits) + u64(node) * 2;
    const uint4 a = __ldcg(words), b = __ldcg(words + 1);
    return {{a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w}};
}
// How many bits are set below one.
__device__ __forceinline__ u32 rank_in(const Node& node, u32 bit) {
    const u32 below = (1u << (bit & 31)) - 1;
    u32 sum = 0;
#pragma unroll
    for (u32 k = 0; k < 8; ++k) sum += __popc(node.word[k] & (k < bit / 32 ? ~0u : k == bit / 32 ? below : 0));
    return sum;
}
// The number of a bit that is set among all of its level.
__device__ __forceinline__ u32 rank_of(const Level& level, u32 node, u32 bit) {
    return __ldcg(level.prefix + node) + rank_in(node_at(level, node), bit);
}

// Bits set by a block, for each part of a level; beyond so many parts straight to memory.
constexpr u32 MOST_PARTS = 1024;
struct Parts {
    u32* shared;
    u32* all;
    u32 count;

    __device__ __forceinline__ Parts(const Level& level, u32* scratch)
        : shared(scratch), all(level.parts), count(u32((level.nodes + NODES - 1) / NODES)) {
        if (count <= MOST_PARTS) {
            for (u32 i = threadIdx.x; i < count; i += THREADS) shared[i] = 0;
        }
    }
    // A barrier has to come before the first and behind the last one.
    __device__ __forceinline__ void add(u32 node) const {
        atomicAdd((count <= MOST_PARTS ? shared : all) + node / NODES, 1u);
    }
    __device__ __forceinline__ void flush() const {
        if (count > MOST_PARTS) return;
        for (u32 i = threadIdx.x; i < count; i += THREADS) {
            if (shared[i]) atomicAdd(all + i, shared[i]);
        }
    }
};

// Sets a bit; whether it was this call that set it. `often`: whether it is likely to be set already.
__device__ __forceinline__ bool set_bit(const Level& level, const Parts& parts, u32 node, u32 bit, bool often) {
    const u32 flag = 1u << (bit & 31);
    u32* const word = level.bits + u64(node) * 8 + bit / 32;
    if (often && (__ldcg(word) & flag)) return false;
    if (atomicOr(word, flag) & flag) return false;
    atomicAdd(level.counts + node, 1u);
    parts.add(node);
    return true;
}

// Numbers the bits before each node. Blocks know what comes before them from the sums of parts, so that none waits for
// another. `nodes`: those that exist.
__device__ __forceinline__ void scan_level(const Level& level, u32 nodes, u32* scratch) {
    constexpr u32 EACH = NODES / THREADS; // nodes of a thread
    const u32 parts = (nodes + NODES - 1) / NODES;
    for (u32 part = blockIdx.x; part < max(parts, 1u); part += gridDim.x) {
        u32 mine = 0, before, own;
        for (u32 i = threadIdx.x; i < part; i += THREADS) mine += __ldcg(level.parts + i);
        sum_before<THREADS>(mine, scratch, before);
        __syncthreads();
        // Both arrays have room for whole parts.
        const u64 first = u64(part) * NODES + threadIdx.x * EACH;
        const uint4* const counts = reinterpret_cast<const uint4*>(level.counts + first);
        uint4* const prefix = reinterpret_cast<uint4*>(level.prefix + first);
        uint4 v[EACH / 4];
        u32 sum = 0;
#pragma unroll
        for (u32 k = 0; k < EACH / 4; ++k) {
            v[k] = first + 4 * k < nodes ? __ldcg(counts + k) : uint4{0, 0, 0, 0};
            sum += v[k].x + v[k].y + v[k].z + v[k].w;
        }
        u32 at = before + sum_before<THREADS>(sum, scratch, own);
#pragma unroll
        for (u32 k = 0; k < EACH / 4; ++k) {
            const uint4 o{at, at + v[k].x, at + v[k].x + v[k].y, at + v[k].x + v[k].y + v[k].z};
            at = o.w + v[k].w;
            prefix[k] = o;
        }
        if (part + 1 >= parts && threadIdx.x == 0) *level.total = before + own;
        __syncthreads();
    }
}
