// Instructions that the language has no name for. All inline PTX is here, so that the emulation, which runs
// kernels on a CPU, has one header to replace: crates/testkit/emulate/ptx.cuh.
#pragma once

__device__ __forceinline__ float f32_from_f16(unsigned short bits) {
    float wide;
    asm("cvt.f32.f16 %0, %1;" : "=f"(wide) : "h"(bits));
    return wide;
}

// To nearest, as the one below.
__device__ __forceinline__ unsigned short f16_from_f32(float v) {
    unsigned short bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(v));
    return bits;
}
__device__ __forceinline__ unsigned short bf16_from_f32(float v) {
    unsigned short bits;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(v));
    return bits;
}

// Starts copying 16 bytes, aligned on both sides, into shared memory. What the calling thread has started
// since it last committed is one group.
__device__ __forceinline__ void copy_async_16(void* to, const void* from) {
    const unsigned int address = (unsigned int)__cvta_generic_to_shared(to);
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(address), "l"(from) : "memory");
}
__device__ __forceinline__ void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Waits until all of the calling thread's groups but the latest `PENDING` have arrived.
template <int PENDING>
__device__ __forceinline__ void wait_copies() {
    asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
}
