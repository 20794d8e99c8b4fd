// Rotations between two quaternions, along the shorter arc at constant speed; see
// crates/trajectory/src/cpu/rotation.rs.
#pragma once
#include "common/trig.cuh"

// Four components in the order of their columns, whichever that is.
template <class A>
struct Quad {
    A c0, c1, c2, c3;

    __device__ __forceinline__ A at(int i) const { return i < 2 ? (i ? c1 : c0) : (i == 2 ? c2 : c3); }
};

template <class A>
__device__ __forceinline__ A dot(const Quad<A>& a, const Quad<A>& b) {
    return add(add(add(mul(a.c0, b.c0), mul(a.c1, b.c1)), mul(a.c2, b.c2)), mul(a.c3, b.c3));
}

template <class A>
__device__ __forceinline__ Quad<A> over(const Quad<A>& q, A length) {
    return {divide(q.c0, length), divide(q.c1, length), divide(q.c2, length), divide(q.c3, length)};
}

// A quaternion over its length; false if that is zero.
template <class A>
__device__ __forceinline__ bool normalise(Quad<A>& q) {
    A square = dot(q, q);
    if (square < Trig<A>::LOW_SQUARE || square > Trig<A>::HIGH_SQUARE) {
        // Squares would lose digits or overflow, so by the largest component first.
        A largest = A(0);
        const auto take = [&](A c) { largest = magnitude(c) > largest ? magnitude(c) : largest; };
        take(q.c0);
        take(q.c1);
        take(q.c2);
        take(q.c3);
        if (largest == A(0)) return false;
        q = over(q, largest);
        square = dot(q, q);
    }
    q = over(q, root(square));
    return true;
}

// Turns `a` into the rotation between a and b; false if one of them has no direction.
template <class A>
__device__ __forceinline__ bool slerp(Quad<A>& a, Quad<A> b, A weight) {
    const bool sound = normalise(a);
    if (!normalise(b) || !sound) return false;
    if (dot(a, b) < A(0)) b = {-b.c0, -b.c1, -b.c2, -b.c3};
    const Quad<A> difference{sub(b.c0, a.c0), sub(b.c1, a.c1), sub(b.c2, a.c2), sub(b.c3, a.c3)};
    const Quad<A> sum{add(b.c0, a.c0), add(b.c1, a.c1), add(b.c2, a.c2), add(b.c3, a.c3)};
    const A chord = dot(difference, difference);
    const A rest = sub(A(1), weight);
    A of_a = rest;
    A of_b = weight;
    // Far beyond the two, even a small angle is not a line.
    const bool inside = weight >= A(0) && rest >= A(0);
    if (!(chord < Trig<A>::FLAT && (inside || chord == A(0)))) {
        const A half = arc_tangent(divide(root(chord), root(dot(sum, sum))));
        const A angle = add(half, half);
        const A whole = sine(angle);
        of_a = divide(sine(mul(rest, angle)), whole);
        of_b = divide(sine(mul(weight, angle)), whole);
    }
    const auto mixed = [&](A of_first, A of_second) { return add(mul(of_a, of_first), mul(of_b, of_second)); };
    a = {mixed(a.c0, b.c0), mixed(a.c1, b.c1), mixed(a.c2, b.c2), mixed(a.c3, b.c3)};
    if (!normalise(a)) a = {Element<A>::nan(), Element<A>::nan(), Element<A>::nan(), Element<A>::nan()};
    return true;
}
