// A bracket as the threads of a block hand it to each other through shared memory: where its first sample lies
// there, and how the value comes from that sample and the next.
#pragma once
#include "trajectory/blend.cuh"

enum MixBits : u32 {
    MIX_BOTH = 1u << 31, // the second sample counts too
    MIX_BACK = 1u << 30, // the value is that of the second one and a share of the way back
    MIX_PLACE = MIX_BACK - 1,
};
// Places that stand for values without samples.
constexpr u32 MIX_FILL = MIX_PLACE - 1;
constexpr u32 MIX_NAN = MIX_PLACE;

template <class A>
struct Mix {
    u32 place; // of the first sample, in the unit that whoever makes it chooses; and bits
    A share;
};

// A value that is that of one place.
template <class A>
__device__ __forceinline__ Mix<A> mix_at(u32 place) {
    return {place, A(0)};
}

template <class A>
__device__ __forceinline__ Mix<A> mix_of(const Bracket<A>& b, u32 place) {
    if (b.low == b.high) return mix_at<A>(place);
    const bool back = !(b.weight < A(0.5));
    return {place | MIX_BOTH | (back ? MIX_BACK : 0u), back ? -sub(A(1), b.weight) : b.weight};
}

// The value from both samples. As `blend`, bit for bit.
template <class T>
__device__ __forceinline__ T mix_both(T low, T high, const Mix<typename Element<T>::Arith>& mix) {
    using E = Element<T>;
    const auto a = E::widen(low);
    const auto b = E::widen(high);
    return E::narrow(add(mix.place & MIX_BACK ? b : a, mul(mix.share, sub(b, a))));
}

// The value from both samples, which are the same one without MIX_BOTH. Without branches, so that several are computed
// at once.
template <class T>
__device__ __forceinline__ T mix_elements(T low, T high, const Mix<typename Element<T>::Arith>& mix) {
    const T value = mix_both(low, high, mix);
    return mix.place & MIX_BOTH ? value : low;
}
