// The value between two samples.
#pragma once
#include "trajectory/bracket.cuh"

// From the nearer end, so that the result never leaves [a, b] by more than rounding, and equal ends
// give exactly that value.
template <class A>
__device__ __forceinline__ A blend_by(A a, A b, A rise, A weight) {
    return weight < A(0.5) ? add(a, mul(weight, rise)) : sub(b, mul(sub(A(1), weight), rise));
}

template <class A>
__device__ __forceinline__ A blend(A a, A b, A weight) {
    return blend_by(a, b, sub(b, a), weight);
}

template <class T>
__device__ __forceinline__ T blend_elements(T a, T b, typename Element<T>::Arith weight) {
    using E = Element<T>;
    return E::narrow(blend(E::widen(a), E::widen(b), weight));
}

// The value of a target without samples, by its bracket: NaN, or the fill value, whose bits the host has
// converted.
template <class T>
__device__ __forceinline__ T missing_element(int low, u64 fill_bits) {
    union {
        u64 bits;
        T value;
    } missing;
    missing.bits = low == NOT_A_TIME ? Element<T>::NAN_BITS : fill_bits;
    return missing.value;
}
