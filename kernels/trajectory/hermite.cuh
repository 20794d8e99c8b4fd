// Cubics between two samples, by their tangents there; see crates/trajectory/src/cpu/hermite.rs for the
// formulas. Tangents are kept times the width of the bracket.
#pragma once
#include "common/types.cuh"

// The width of a bracket over the width of each of its neighbours: zero where that has none, negative where
// there is no neighbour.
template <class A>
struct Ratios {
    A before;
    A after;
};

// That, and the bracket's part of the width of both.
template <class A>
struct Neighbour {
    A ratio;
    A share;

    Neighbour() = default;
    __device__ __forceinline__ explicit Neighbour(A ratio)
        : ratio(ratio), share(ratio > A(0) ? divide(ratio, add(A(1), ratio)) : A(0)) {}
};

template <class A>
struct Neighbours {
    Neighbour<A> before;
    Neighbour<A> after;

    Neighbours() = default;
    __device__ __forceinline__ explicit Neighbours(const Ratios<A>& ratios) : before(ratios.before), after(ratios.after) {}
};

// What a neighbouring bracket says.
template <class A>
struct Slope {
    A ratio;
    A share;
    A rise; // the neighbour's slope, times this bracket's width

    // By the difference of the neighbour's samples.
    __device__ __forceinline__ Slope(const Neighbour<A>& to, A difference)
        : ratio(to.ratio), share(to.share), rise(to.ratio > A(0) ? mul(to.ratio, difference) : A(0)) {}
};

// The derivative of the parabola through three samples at the middle one; without a neighbour, the line.
template <class A>
__device__ __forceinline__ A parabola(A rise, const Slope<A>& beside) {
    return beside.ratio > A(0) ? add(rise, mul(beside.share, sub(beside.rise, rise))) : rise;
}

// The weighted harmonic mean of two slopes of one sign, else zero.
template <class A>
__device__ __forceinline__ A harmonic(A rise, const Slope<A>& beside) {
    const A other = beside.rise;
    if ((rise > A(0) && other > A(0)) || (rise < A(0) && other < A(0))) {
        // By the smaller one over the larger one, which neither overflows nor vanishes.
        const A theirs = add(A(1), beside.share);
        const A ours = sub(A(2), beside.share);
        const bool smaller = magnitude(other) < magnitude(rise);
        const A small = smaller ? other : rise;
        const A of_small = smaller ? theirs : ours;
        const A of_large = smaller ? ours : theirs;
        return divide(mul(A(3), small), add(of_small, mul(of_large, divide(small, smaller ? rise : other))));
    }
    return other == other ? A(0) : other;
}

template <class A>
__device__ __forceinline__ bool same_sign(A x, A y) {
    return (x > A(0)) == (y > A(0)) && (x < A(0)) == (y < A(0));
}

// The three-point formula at the first or the last sample, held to the sign of the slope there and to three
// times as much.
template <class A>
__device__ __forceinline__ A at_the_end(A rise, const Slope<A>& other) {
    const A tangent = add(rise, mul(other.share, sub(rise, other.rise)));
    if (tangent != tangent) return tangent;
    const A most = mul(A(3), rise);
    if (!same_sign(tangent, rise)) return A(0);
    return !same_sign(rise, other.rise) && magnitude(tangent) > magnitude(most) ? most : tangent;
}

template <class A>
__device__ __forceinline__ A monotone(A rise, const Slope<A>& beside, const Slope<A>& other) {
    if (beside.ratio > A(0)) return harmonic(rise, beside);
    return beside.ratio < A(0) && other.ratio > A(0) ? at_the_end(rise, other) : rise;
}

// The coefficient of the square, seen from the end whose tangent is `here`.
template <class A>
__device__ __forceinline__ A curve(A rise, A here, A there) {
    const A down = sub(rise, here);
    return add(add(down, down), sub(rise, there));
}

// The value between a and b by their tangents; beyond them along the tangent.
template <class A>
__device__ __forceinline__ A cubic(A a, A b, A rise, A at_a, A at_b, A weight) {
    if (weight < A(0)) return add(a, mul(weight, at_a));
    const A rest = sub(A(1), weight);
    if (rest < A(0)) return sub(b, mul(rest, at_b));
    const A bend = add(sub(at_a, rise), sub(at_b, rise));
    if (weight < A(0.5)) {
        const A square = add(curve(rise, at_a, at_b), mul(weight, bend));
        return add(a, mul(weight, add(at_a, mul(weight, square))));
    }
    const A square = add(curve(rise, at_b, at_a), mul(rest, bend));
    return sub(b, mul(rest, add(at_b, mul(rest, square))));
}

// `sample(i)` is the sample i places after a; the outer two are asked for only where they count.
template <class A, class S>
__device__ __forceinline__ A hermite(bool monotone_kind, A weight, const Neighbours<A>& beside, S sample) {
    const A a = sample(0);
    const A b = sample(1);
    const A rise = sub(b, a);
    const Slope<A> before(beside.before, beside.before.ratio > A(0) ? sub(a, sample(-1)) : A(0));
    const Slope<A> after(beside.after, beside.after.ratio > A(0) ? sub(sample(2), b) : A(0));
    const A at_a = monotone_kind ? monotone(rise, before, after) : parabola(rise, before);
    const A at_b = monotone_kind ? monotone(rise, after, before) : parabola(rise, after);
    return cubic(a, b, rise, at_a, at_b, weight);
}
