// Memory filled by a whole grid.
#pragma once
#include "common/types.cuh"

// With one byte, in whole chunks but for the ends. Blocks have at least 16 threads.
__device__ __forceinline__ void fill(void* memory, u64 bytes, u8 value) {
    u8* const first = static_cast<u8*>(memory);
    const u64 me = u64(blockIdx.x) * blockDim.x + threadIdx.x, all = u64(gridDim.x) * blockDim.x;
    const u64 before = min((16 - reinterpret_cast<u64>(first)) % 16, bytes);
    const u32 word = value * 0x01010101u;
    uint4* const chunks = reinterpret_cast<uint4*>(first + before);
    const u64 count = (bytes - before) / 16;
    for (u64 i = me; i < count; i += all) chunks[i] = uint4{word, word, word, word};
    const u64 behind = before + count * 16;
    if (me < before) first[me] = value;
    if (me < bytes - behind) first[behind + me] = value;
}
