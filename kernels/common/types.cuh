// Element types and their arithmetic. Nothing here depends on the toolkit's headers.
#pragma once
#include "common/ptx.cuh"

using u8 = unsigned char;
using u16 = unsigned short;
using i16 = short;
using u32 = unsigned int;
using u64 = unsigned long long;
using i32 = int;
using i64 = long long;

static_assert(sizeof(u64) == 8 && sizeof(i64) == 8, "64-bit integers");

// Tells the compiler to put what follows out of the way: what runs is then close together, and starts sooner.
__device__ __forceinline__ bool rarely(bool condition) { return __builtin_expect(condition, 0); }

struct f16 {
    u16 bits;
};
struct bf16 {
    u16 bits;
};

// Every operation rounds once, to nearest: no contraction into fused multiply-adds, whatever flags
// the compiler is given, so that results are those of the CPU bit for bit.
__device__ __forceinline__ float add(float a, float b) { return __fadd_rn(a, b); }
__device__ __forceinline__ float sub(float a, float b) { return __fsub_rn(a, b); }
__device__ __forceinline__ float mul(float a, float b) { return __fmul_rn(a, b); }
__device__ __forceinline__ float divide(float a, float b) { return __fdiv_rn(a, b); }
__device__ __forceinline__ double add(double a, double b) { return __dadd_rn(a, b); }
__device__ __forceinline__ double sub(double a, double b) { return __dsub_rn(a, b); }
__device__ __forceinline__ double mul(double a, double b) { return __dmul_rn(a, b); }
__device__ __forceinline__ double divide(double a, double b) { return __ddiv_rn(a, b); }

__device__ __forceinline__ float root(float a) { return __fsqrt_rn(a); }
__device__ __forceinline__ double root(double a) { return __dsqrt_rn(a); }
__device__ __forceinline__ float magnitude(float a) { return fabsf(a); }
__device__ __forceinline__ double magnitude(double a) { return fabs(a); }
__device__ __forceinline__ float round_even(float a) { return rintf(a); }
__device__ __forceinline__ double round_even(double a) { return rint(a); }

// The arithmetic type of an element type, and the way there and back (one rounding). `Wide` holds every
// element exactly: the arithmetic type but for integers, which are only copied.
template <class T>
struct Element;

template <>
struct Element<float> {
    using Arith = float;
    using Wide = float;
    static constexpr bool INTEGER = false;
    static constexpr u64 NAN_BITS = 0x7fc00000;
    static __device__ __forceinline__ float nan() { return __uint_as_float(0x7fc00000u); }
    static __device__ __forceinline__ float widen(float v) { return v; }
    static __device__ __forceinline__ float narrow(float v) { return v; }
};

template <>
struct Element<double> {
    using Arith = double;
    using Wide = double;
    static constexpr bool INTEGER = false;
    static constexpr u64 NAN_BITS = 0x7ff8000000000000ull;
    static __device__ __forceinline__ double nan() { return __longlong_as_double(0x7ff8000000000000ll); }
    static __device__ __forceinline__ double widen(double v) { return v; }
    static __device__ __forceinline__ double narrow(double v) { return v; }
};

template <>
struct Element<f16> {
    using Arith = float;
    using Wide = float;
    static constexpr bool INTEGER = false;
    static constexpr u64 NAN_BITS = 0x7e00;
    static __device__ __forceinline__ float widen(f16 v) { return f32_from_f16(v.bits); }
    static __device__ __forceinline__ f16 narrow(float v) { return {f16_from_f32(v)}; }
};

template <>
struct Element<bf16> {
    using Arith = float;
    using Wide = float;
    static constexpr bool INTEGER = false;
    static constexpr u64 NAN_BITS = 0x7fc0;
    static __device__ __forceinline__ float widen(bf16 v) { return __uint_as_float(u32(v.bits) << 16); }
    static __device__ __forceinline__ bf16 narrow(float v) { return {bf16_from_f32(v)}; }
};

// Integers are held, never computed with; a weight beside them means nothing.
template <class T>
struct IntegerElement {
    using Arith = float;
    using Wide = i64;
    static constexpr bool INTEGER = true;
    static __device__ __forceinline__ i64 widen(T v) { return v; }
};
template <>
struct Element<u8> : IntegerElement<u8> {};
template <>
struct Element<i16> : IntegerElement<i16> {};
template <>
struct Element<i32> : IntegerElement<i32> {};
template <>
struct Element<i64> : IntegerElement<i64> {};

// Sixteen bytes of elements: the widest access there is.
template <class T>
union Chunk {
    static constexpr int LANES = 16 / int(sizeof(T));
    uint4 raw;
    T lane[LANES];
};

// One 128-bit load of memory that nobody writes meanwhile. It stays in the L1 cache: the next target
// often uses the same sample.
__device__ __forceinline__ uint4 load_chunk(const void* address) {
    return __ldg(static_cast<const uint4*>(address));
}

// One 128-bit store.
__device__ __forceinline__ void store_chunk(void* address, uint4 value) {
    *static_cast<uint4*>(address) = value;
}
