// What is added up of a voxel's points, of all or of all but its owner: count, first, sums, maxima and minima. All of it
// is zero at first.
#pragma once
#include "voxelize/feature.cuh"

// Raises what others may raise meanwhile. Who reads too early raises in vain.
__device__ __forceinline__ void raise(u32* to, u32 value) {
    if (value > __ldcg(to)) atomicMax(to, value);
}

__device__ __forceinline__ bool makes_totals(const Params& p) { return p.fixed || p.loose || p.highest || p.lowest; }

// Where they are counted. Where many are counted at a time they lie apart, so that none waits for another.
__device__ __forceinline__ u32* others_of(const Params& p, u32 slot) { return p.others + u64(slot) * p.apart; }

struct Place {
    const Params& p;
    u32 slot;
    u32 column;

    __device__ __forceinline__ u64 at() const { return u64(slot) * p.columns + column; }
    __device__ __forceinline__ u32* beyond() const {
        const u32 words = (p.columns + BEYOND_COLUMNS - 1) / BEYOND_COLUMNS;
        return p.beyond + u64(slot) * words + column / BEYOND_COLUMNS;
    }
    __device__ __forceinline__ u32 beyond_shift() const { return column % BEYOND_COLUMNS * 2; }
    __device__ __forceinline__ Quantum quantum() const { return Quantum(p.magnitude[column], p.count); }
};

// A number of points, by which sums are divided, with its reciprocal; see `quotient` in locate.cuh.
struct Divisor {
    double points;
    double inverse;

    explicit __device__ __forceinline__ Divisor(u32 number) : points(number), inverse(divide(1.0, points)) {}
    // Nothing underflows, as the smallest sum is far above the smallest double; and no sum is -0.
    __device__ __forceinline__ double quotient(double sum) const {
        double q = mul(sum, inverse);
        if (!(fabs(q) < __longlong_as_double(0x7ff0000000000000ll))) return sum; // no finite one
        q = __fma_rn(__fma_rn(-q, points, sum), inverse, q);
        return __fma_rn(__fma_rn(-q, points, sum), inverse, q);
    }
};

// Adds the feature of one point, of a column with such a quantum.
__device__ __forceinline__ void add_one(const Place& to, Quantum quantum, float value) {
    const Params& p = to.p;
    if (p.fixed) {
        const u32 beyond = beyond_of(value);
        if (beyond) {
            atomicOr(to.beyond(), beyond << to.beyond_shift());
        } else {
            atomicAdd(reinterpret_cast<u64*>(p.fixed) + to.at(), u64(quantum.multiple(value)));
        }
    }
    if (p.loose) atomicAdd(p.loose + to.at(), value);
    if (p.highest) raise(p.highest + to.at(), ordered(value));
    if (p.lowest) raise(p.lowest + to.at(), ordered_down(value));
}

// What some points add to a column of a voxel.
struct Sums {
    i64 fixed = 0;
    u32 beyond = 0;
    float loose = 0;
    u32 highest = 0, lowest = 0;

    __device__ __forceinline__ void take(const Params& p, Quantum quantum, float value) {
        take_sum(p, quantum, value);
        if (p.highest) highest = max(highest, ordered(value));
        if (p.lowest) lowest = max(lowest, ordered_down(value));
    }
    __device__ __forceinline__ void take_sum(const Params& p, Quantum quantum, float value) {
        if (p.fixed) {
            const u32 bits = beyond_of(value);
            if (!bits) fixed += quantum.multiple(value);
            beyond |= bits;
        }
        if (p.loose) loose = add(loose, value);
    }
    __device__ __forceinline__ void join(const Params& p, const Sums& other) {
        if (p.fixed) fixed += other.fixed, beyond |= other.beyond;
        if (p.loose) loose = add(loose, other.loose);
        if (p.highest) highest = max(highest, other.highest);
        if (p.lowest) lowest = max(lowest, other.lowest);
    }
    // Those of another lane. The work of one whole warp.
    __device__ __forceinline__ Sums of_lane(const Params& p, u32 lane) const {
        Sums other;
        if (p.fixed) other.fixed = __shfl_sync(~0u, fixed, lane), other.beyond = __shfl_sync(~0u, beyond, lane);
        if (p.loose) other.loose = __shfl_sync(~0u, loose, lane);
        if (p.highest) other.highest = __shfl_sync(~0u, highest, lane);
        if (p.lowest) other.lowest = __shfl_sync(~0u, lowest, lane);
        return other;
    }
    __device__ __forceinline__ void give(const Place& to) const {
        const Params& p = to.p;
        if (p.fixed) {
            if (fixed) atomicAdd(reinterpret_cast<u64*>(p.fixed) + to.at(), u64(fixed));
            if (beyond) atomicOr(to.beyond(), beyond << to.beyond_shift());
        }
        if (p.loose) atomicAdd(p.loose + to.at(), loose);
        if (p.highest) raise(p.highest + to.at(), highest);
        if (p.lowest) raise(p.lowest + to.at(), lowest);
    }

    __device__ __forceinline__ double sum(const Params& p, Quantum quantum) const {
        if (p.loose) return double(loose);
        return beyond ? beyond_value(beyond) : quantum.times(fixed);
    }
    __device__ __forceinline__ double most() const { return highest ? double(unordered(highest)) : beyond_value(3); }
    __device__ __forceinline__ double least() const { return lowest ? double(unordered(~lowest)) : beyond_value(3); }
};

// Puts a point into a voxel's list of its first ones: each place keeps the smaller of two and hands the other on. What
// is listed is inverted, as nothing is 0.
__device__ __forceinline__ void list(const Params& p, u32 slot, u32 point) {
    u32* const listed = p.listed + u64(slot) * p.rows;
    u32 inverted = ~point;
    if (inverted < __ldcg(listed + p.rows - 1)) return; // that place's number only grows
    for (u32 row = 0; row < p.rows && inverted; ++row) inverted = min(inverted, atomicMax(listed + row, inverted));
}

// The totals of a column of a voxel with so many points besides its owner, whose own feature is `value`.
__device__ __forceinline__ double sum_of(const Place& of, u32 others, float value) {
    const Params& p = of.p;
    if (p.loose) return others ? add(double(value), double(__ldcg(p.loose + of.at()))) : double(value) + 0.0;
    u32 beyond = beyond_of(value);
    if (others) beyond |= __ldcg(of.beyond()) >> of.beyond_shift() & 3;
    if (beyond) return beyond_value(beyond);
    const Quantum quantum = of.quantum();
    if (!others && quantum.divides(value)) return double(value) + 0.0; // a sum begins at +0
    return quantum.times(quantum.multiple(value) + (others ? __ldcg(p.fixed + of.at()) : 0));
}
__device__ __forceinline__ double max_of(const Place& of, u32 others, float value) {
    const u32 most = max(ordered(value), others ? __ldcg(of.p.highest + of.at()) : 0);
    return most ? double(unordered(most)) : beyond_value(3);
}
__device__ __forceinline__ double min_of(const Place& of, u32 others, float value) {
    const u32 most = max(ordered_down(value), others ? __ldcg(of.p.lowest + of.at()) : 0);
    return most ? double(unordered(~most)) : beyond_value(3);
}
