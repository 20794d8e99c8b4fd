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

// Kernels that follow each other, from sm_90 on; nothing before, where they do not overlap. The next one may begin; what
// the ones before have left can be seen. Every thread of a kernel that is launched so waits before it looks at that.
__device__ __forceinline__ void let_next_begin() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}
__device__ __forceinline__ void wait_for_last() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// Loads that see what was written before a store that they see.
__device__ __forceinline__ unsigned int load_acquire(const unsigned int* address) {
    unsigned int value;
    asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(value) : "l"(address) : "memory");
    return value;
}
__device__ __forceinline__ void store_release(unsigned int* address, unsigned int value) {
    asm volatile("st.release.gpu.global.u32 [%0], %1;" ::"l"(address), "r"(value) : "memory");
}

// Bulk copies, from sm_90 on: memory to shared memory by the copy engine, which tells a barrier when bytes
// have arrived. Only the kernels of such devices may call these.

// Makes ready a barrier for one turn after another of bulk copies. Whoever waits has to see this first; the
// fence shows it to the copy engine.
__device__ __forceinline__ void open_arrival(unsigned long long* arrival) {
    const unsigned int address = (unsigned int)__cvta_generic_to_shared(arrival);
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;\n\tfence.proxy.async.shared::cta;" ::"r"(address) : "memory");
}

// Ends a turn once this many bytes have arrived. One thread says so, once each turn.
__device__ __forceinline__ void expect_arrival(unsigned long long* arrival, unsigned int bytes) {
    const unsigned int address = (unsigned int)__cvta_generic_to_shared(arrival);
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(address), "r"(bytes) : "memory");
}

// Starts copying; both addresses and the bytes are multiples of 16.
__device__ __forceinline__ void copy_bulk(void* to, const void* from, unsigned int bytes, unsigned long long* arrival) {
    const unsigned int address = (unsigned int)__cvta_generic_to_shared(to);
    const unsigned int told = (unsigned int)__cvta_generic_to_shared(arrival);
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(address),
                 "l"(from), "r"(bytes), "r"(told)
                 : "memory");
}

// Waits for the end of a turn: `turn` is 0 for the first, then 1 and 0 alternately.
__device__ __forceinline__ void wait_arrival(unsigned long long* arrival, unsigned int turn) {
    const unsigned int address = (unsigned int)__cvta_generic_to_shared(arrival);
    asm volatile(
        "{\n\t"
        ".reg .pred arrived;\n\t"
        "again:\n\t"
        "mbarrier.try_wait.parity.shared::cta.b64 arrived, [%0], %1;\n\t"
        "@!arrived bra again;\n\t"
        "}" ::"r"(address),
        "r"(turn)
        : "memory");
}

// What the calling thread has read from or written to shared memory comes before the copies that are started
// after this and a barrier.
__device__ __forceinline__ void before_bulk() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
