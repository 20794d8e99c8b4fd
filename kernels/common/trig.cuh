// Sine, arc tangent and the wrapping of angles, as in crates/trajectory/src/cpu/trig.rs: the same operations
// in the same order, so that results are the same bits. The constants are explained in arith.rs there.
#pragma once
#include "common/types.cuh"

template <class A>
__device__ __forceinline__ A horner(A, A last) {
    return last;
}
template <class A, class... Rest>
__device__ __forceinline__ A horner(A square, A first, Rest... rest) {
    return add(mul(horner(square, rest...), square), first);
}

template <class A>
struct Trig;

template <>
struct Trig<float> {
    static constexpr float QUARTER = 0.785398163f, HALF = 1.57079633f, PI = 3.14159265f, TAU = 6.28318531f;
    static constexpr float TURNS = 0.15915494f, EIGHTH = 0.41421357f, MOST_TURNS = 4194304.0f;
    static constexpr float PART0 = 6.28125f, PART1 = 0.0019302368f, PART2 = 5.0703633e-06f;
    static constexpr float FLAT = 5.9604645e-08f, LOW_SQUARE = 1e-30f, HIGH_SQUARE = 1e30f;
    static __device__ __forceinline__ float sin(float z) {
        return horner(z, -0.1666666f, 0.0083330665f, -0.00019809596f, 2.6057658e-06f);
    }
    static __device__ __forceinline__ float atan(float z) {
        return horner(z, -0.33333316f, 0.19998471f, -0.14243522f, 0.10593727f, -0.060779907f);
    }
};

template <>
struct Trig<double> {
    static constexpr double QUARTER = 0.7853981633974483, HALF = 1.5707963267948966, PI = 3.141592653589793;
    static constexpr double TAU = 6.283185307179586, TURNS = 0.15915494309189535, EIGHTH = 0.41421356237309503;
    static constexpr double MOST_TURNS = 140737488355328.0;
    static constexpr double PART0 = 6.2831853069365025, PART1 = 2.4308402025215864e-10;
    static constexpr double PART2 = 8.089064995183803e-21;
    static constexpr double FLAT = 1.1102230246251565e-16, LOW_SQUARE = 1e-290, HIGH_SQUARE = 1e290;
    static __device__ __forceinline__ double sin(double z) {
        return horner(z, -0.16666666666666666, 0.008333333333333333, -0.0001984126984126967, 2.7557319223940182e-06,
                      -2.5052108378486455e-08, 1.6059043195809304e-10, -7.64712724564867e-13, 2.8102026413027084e-15,
                      -7.981362543848558e-18);
    }
    static __device__ __forceinline__ double atan(double z) {
        return horner(z, -0.3333333333333333, 0.19999999999999885, -0.1428571428569542, 0.11111111109565526,
                      -0.09090909016089217, 0.07692305359314972, -0.06666617362582977, 0.05881625512042614,
                      -0.052555562425966394, 0.047055541640304455, -0.04054915909579217, 0.029607367612482862,
                      -0.012976166757650178);
    }
};

// x + x P(x^2) x^2.
template <class A>
__device__ __forceinline__ A odd_sum(A x, A square, A polynomial) {
    return add(x, mul(x, mul(square, polynomial)));
}

// The angle in (-pi, pi] that differs from one by whole turns.
template <class A>
__device__ __forceinline__ A wrap_angle(A x) {
    using C = Trig<A>;
    const A whole = round_even(mul(x, C::TURNS));
    A rest = x;
    if (whole != A(0)) {
        if (!(magnitude(whole) <= C::MOST_TURNS)) return Element<A>::nan();
        rest = sub(sub(sub(x, mul(whole, C::PART0)), mul(whole, C::PART1)), mul(whole, C::PART2));
    }
    if (rest > C::PI) return sub(rest, C::TAU);
    if (rest <= -C::PI) return add(rest, C::TAU);
    return rest;
}

template <class A>
__device__ __forceinline__ A sine(A x) {
    using C = Trig<A>;
    if (magnitude(x) > C::HALF) {
        x = wrap_angle(x);
        if (x > C::HALF) {
            x = sub(C::PI, x);
        } else if (x < -C::HALF) {
            x = sub(-C::PI, x);
        }
    }
    const A square = mul(x, x);
    return odd_sum(x, square, C::sin(square));
}

// Of a number in [0, 1].
template <class A>
__device__ __forceinline__ A arc_tangent(A x) {
    using C = Trig<A>;
    const bool large = x > C::EIGHTH;
    if (large) x = divide(sub(x, A(1)), add(x, A(1)));
    const A square = mul(x, x);
    const A angle = odd_sum(x, square, C::atan(square));
    return large ? add(C::QUARTER, angle) : angle;
}
