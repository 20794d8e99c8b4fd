// Memory filled by many threads.
#pragma once
#include "common/types.cuh"

// With a word over and over, by thread `me` of `all`, at least 16, in whole chunks but for the ends. What is filled are
// aligned elements, all alike, that the word is made of or that are made of it.
__device__ __forceinline__ void fill_with(void* memory, u64 bytes, u32 word, u64 me, u64 all) {
    u8* const first = static_cast<u8*>(memory);
    const u64 before = min((16 - reinterpret_cast<u64>(first)) % 16, bytes);
    const auto byte = [&](u64 at) { first[at] = u8(word >> (reinterpret_cast<u64>(first + at) % 4 * 8)); };
    uint4* const chunks = reinterpret_cast<uint4*>(first + before);
    const u64 count = (bytes - before) / 16;
#pragma unroll 4
    for (u64 i = me; i < count; i += all) chunks[i] = uint4{word, word, word, word};
    const u64 behind = before + count * 16;
    if (me < before) byte(me);
    if (me < bytes - behind) byte(behind + me);
}

// With one byte, by a whole grid, of blocks of at least 16 threads.
__device__ __forceinline__ void fill(void* memory, u64 bytes, u8 value) {
    const u64 me = u64(blockIdx.x) * blockDim.x + threadIdx.x, all = u64(gridDim.x) * blockDim.x;
    fill_with(memory, bytes, value * 0x01010101u, me, all);
}
