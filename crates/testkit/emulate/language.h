// What CUDA C++ has beyond C++, as far as the kernels use it. Included before a kernel's source, with all the rest,
// so that no macro of a kernel reaches it.
#pragma once
#include "emulate/block.h"
#include "emulate/schedule.h"
#include "emulate/warp.h"

#include <math.h>

#define __host__
#define __device__
#define __global__
#define __grid_constant__
#define __launch_bounds__(...)
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __align__(bytes) __attribute__((aligned(bytes)))
// Static shared memory. For the dynamic one, `extern __shared__ T name[]` is rewritten before the compiler sees
// it, as its size is that of the launch.
#define __shared__ thread_local

#define threadIdx (emulated::own.self->index)
#define blockIdx (emulated::own.block->index)
#define blockDim (emulated::extent(emulated::own.block->request->block))
#define gridDim (emulated::extent(emulated::own.block->request->grid))

namespace emulated {
inline Index extent(const unsigned (&of)[3]) { return {of[0], of[1], of[2]}; }

template <class To, class From>
inline To same_bits(From from) {
    static_assert(sizeof(To) == sizeof(From), "of one size");
    To to;
    memcpy(&to, &from, sizeof to);
    return to;
}
}  // namespace emulated

struct alignas(8) uint2 {
    unsigned x, y;
};
struct alignas(16) uint4 {
    unsigned x, y, z, w;
};
struct alignas(8) float2 {
    float x, y;
};
struct alignas(16) float4 {
    float x, y, z, w;
};
struct alignas(16) double2 {
    double x, y;
};

// Arithmetic. The compiler is told to contract nothing, so that each operator rounds once.
inline float __fadd_rn(float a, float b) { return a + b; }
// Down: to nearest, and by one where that went too far.
inline float __fadd_rd(float a, float b) {
    const float nearest = a + b;
    return double(nearest) > double(a) + double(b) ? nextafterf(nearest, -INFINITY) : nearest;
}
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
// On a device some units in the last place off.
inline float __fdividef(float a, float b) { return a / b; }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline float __fsqrt_rn(float a) { return sqrtf(a); }
inline double __dsqrt_rn(double a) { return sqrt(a); }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline double __fma_rn(double a, double b, double c) { return fma(a, b, c); }

// Conversions.
inline float __double2float_rn(double v) { return float(v); }
inline float __ll2float_rn(long long v) { return float(v); }
inline float __ull2float_rn(unsigned long long v) { return float(v); }
inline double __ll2double_rn(long long v) { return double(v); }
inline double __ull2double_rn(unsigned long long v) { return double(v); }

inline unsigned __float_as_uint(float v) { return emulated::same_bits<unsigned>(v); }
inline int __float_as_int(float v) { return emulated::same_bits<int>(v); }
inline float __uint_as_float(unsigned v) { return emulated::same_bits<float>(v); }
inline float __int_as_float(int v) { return emulated::same_bits<float>(v); }
inline long long __double_as_longlong(double v) { return emulated::same_bits<long long>(v); }
inline double __longlong_as_double(long long v) { return emulated::same_bits<double>(v); }

// Toward zero: to nearest, and back by one where that went too far.
inline float __double2float_rz(double v) {
    const float nearest = float(v);
    return fabs(double(nearest)) > fabs(v) ? __uint_as_float(__float_as_uint(nearest) - 1) : nearest;
}

inline double __ll2double_rz(long long v) {
    const double nearest = double(v);
    // In 128 bits, as the nearest double may lie beyond the range of 64.
    const __int128 found = __int128(nearest);
    const bool beyond = (found < 0 ? -found : found) > (v < 0 ? -__int128(v) : __int128(v));
    return beyond ? __longlong_as_double(__double_as_longlong(nearest) - 1) : nearest;
}
inline long long __double2ll_rn(double v) { return (long long)rint(v); }
inline long long __double2ll_rz(double v) { return (long long)v; }

inline int __popc(unsigned v) { return __builtin_popcount(v); }
inline int __popcll(unsigned long long v) { return __builtin_popcountll(v); }
inline int __clz(int v) { return v ? __builtin_clz(unsigned(v)) : 32; }
inline int __ffs(int v) { return __builtin_ffs(v); }

// Of two integers, with the conversions that arithmetic makes.
template <class A, class B>
constexpr auto min(A a, B b) -> decltype(a - b) {
    return b < a ? b : a;
}
template <class A, class B>
constexpr auto max(A a, B b) -> decltype(a - b) {
    return a < b ? b : a;
}
inline float min(float a, float b) { return fminf(a, b); }
inline float max(float a, float b) { return fmaxf(a, b); }
inline double min(double a, double b) { return fmin(a, b); }
inline double max(double a, double b) { return fmax(a, b); }

// Memory. Threads take turns, so that whatever one does in its turn is atomic.
template <class T>
inline T __ldg(const T* address) {
    const auto at = reinterpret_cast<uintptr_t>(address);
    if (at % alignof(T)) emulated::fail("reads %zu bytes at %#zx, which is not aligned to them", sizeof(T), size_t(at));
    return *address;
}
// What caches do is not emulated.
template <class T>
inline T __ldcg(const T* address) {
    return __ldg(address);
}
template <class T>
inline T __ldcs(const T* address) {
    return __ldg(address);
}
template <class T>
inline T atomicMin(T* address, T value) {
    const T old = *address;
    if (value < old) *address = value;
    return old;
}
template <class T>
inline T atomicMax(T* address, T value) {
    const T old = *address;
    if (old < value) *address = value;
    return old;
}
template <class T>
inline T atomicAdd(T* address, T value) {
    const T old = *address;
    *address = old + value;
    return old;
}
template <class T>
inline T atomicOr(T* address, T value) {
    const T old = *address;
    *address = old | value;
    return old;
}
template <class T>
inline T atomicExch(T* address, T value) {
    const T old = *address;
    *address = value;
    return old;
}
template <class T>
inline T atomicCAS(T* address, T expected, T value) {
    const T old = *address;
    if (old == expected) *address = value;
    return old;
}
inline void __threadfence() {}
inline void __threadfence_block() {}
