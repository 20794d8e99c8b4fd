// From where a target lies among the times to the samples and the weight that make its value: everything
// about resampling that does not depend on the columns. See crates/trajectory/src/cpu/bracket.rs for the same
// rules in Rust; the two are compared bit for bit.
#pragma once
#include "trajectory/hermite.cuh"
#include "trajectory/request.cuh"

// Where a target lies among the knots of its row, in the bits of a place.
enum Relation : u32 {
    NOWHERE = 0,    // there are no knots
    NAN_TARGET = 1, // the target is NaN
    BEFORE = 2,     // before the first knot
    ON = 3,         // on a knot
    BETWEEN = 4,    // between two knots
    AFTER = 5,      // after the last knot
    RELATION = 7,
};
enum PlaceBits : u32 {
    LATER_IS_NEARER = 8,
    NARROW = 16,      // the bracket's width is within max_gap
    NEAR_LOW = 32,    // the knot before is within tolerance
    NEAR_HIGH = 64,   // the one after is
    GOES_ON = 128,    // outside: the line can be continued with the weight
    ALL_NEAR = NARROW | NEAR_LOW | NEAR_HIGH,
};

// All that the rules have to know about a target and the times around it.
template <class A>
struct Place {
    int low;  // the last knot not after the target; 0 before the first
    u32 bits;
    A weight; // from 0 to 1; outside of that where the line goes on, counted from the end bracket's first knot
};

// Rows `low` and `high` of the source with the weight of `high`. Equal rows mean "that row alone", the
// negative ones below a value without samples.
template <class A>
struct Bracket {
    int low;
    int high;
    A weight;
};

constexpr int FILL = -1;       // the fill value
constexpr int NOT_A_TIME = -2; // NaN: the target was one

// The weight of a target before the first two knots.
__device__ __forceinline__ float weight_before(float first, float second, float q) {
    return -ratio(distance(first, q), distance(second, first));
}
__device__ __forceinline__ double weight_before(double first, double second, double q) {
    return -ratio(distance(first, q), distance(second, first));
}
__device__ __forceinline__ double weight_before(i64 first, i64 second, i64 q) {
    return -ratio(distance(first, q), distance(second, first));
}

// The place of q, given i = the last knot not after it.
template <class A, class X, class K>
__device__ __forceinline__ Place<A> find_place(const Params& p, const K& knots, int count, X q, int i) {
    const auto near = [&](auto d, u32 bit) { return !(p.flags & HAS_TOLERANCE) || within(d, p.tolerance) ? bit : 0; };
    const bool goes_on = p.extrapolation == EXTRAPOLATE_LINEAR && count > 1;
    if (count == 0) return {0, NOWHERE, A(0)};
    if (is_nan(q)) return {0, NAN_TARGET, A(0)};
    if (i < 0) {
        const X first = knots(0);
        Place<A> place{0, BEFORE | near(distance(first, q), NEAR_HIGH), A(0)};
        if (goes_on && knots(1) > first) {
            place.bits |= GOES_ON;
            place.weight = weight_as<A>(weight_before(first, knots(1), q));
        }
        return place;
    }
    const X t0 = knots(i);
    if (t0 == q) return {i, ON, A(0)};
    if (i == count - 1) {
        Place<A> place{i, AFTER | near(distance(q, t0), NEAR_LOW), A(0)};
        if (goes_on && t0 > knots(i - 1)) {
            place.bits |= GOES_ON;
            place.weight = weight_as<A>(ratio(distance(q, knots(i - 1)), distance(t0, knots(i - 1))));
        }
        return place;
    }
    const X t1 = knots(i + 1);
    const auto before = distance(q, t0);
    const auto after = distance(t1, q);
    const auto width = distance(t1, t0);
    u32 bits = BETWEEN | near(before, NEAR_LOW) | near(after, NEAR_HIGH);
    if (!(p.flags & HAS_MAX_GAP) || within(width, p.max_gap)) bits |= NARROW;
    if (after < before) bits |= LATER_IS_NEARER;
    return {i, bits, weight_as<A>(ratio(before, width))};
}

__host__ __device__ constexpr bool is_hold(u32 rule) {
    return rule == RULE_PREVIOUS || rule == RULE_NEXT || rule == RULE_NEAREST;
}

// What makes a value by a rule. `valid` says whether it counts as covered.
template <class A>
__device__ __forceinline__ Bracket<A> resolve(const Params& p, u32 rule, const Place<A>& place, bool& valid) {
    const Bracket<A> fill{FILL, FILL, A(0)};
    const auto row = [](int r) { return Bracket<A>{r, r, A(0)}; };
    const auto kept = [&](Bracket<A> b) { return !valid && (p.flags & FILL_INVALID) ? fill : b; };
    const u32 relation = place.bits & RELATION;
    const int i = place.low;

    valid = false;
    if (relation == NOWHERE) return fill;
    if (relation == NAN_TARGET) return {NOT_A_TIME, NOT_A_TIME, A(0)};
    if (relation == ON) {
        valid = true;
        return row(i);
    }
    if (relation == BETWEEN) {
        if (!is_hold(rule)) {
            valid = (place.bits & ALL_NEAR) == ALL_NEAR;
            return kept({i, i + 1, place.weight});
        }
        const bool later = rule == RULE_NEXT || (rule == RULE_NEAREST && place.bits & LATER_IS_NEARER);
        const u32 needed = NARROW | (later ? NEAR_HIGH : NEAR_LOW);
        valid = (place.bits & needed) == needed;
        return kept(row(later ? i + 1 : i));
    }
    if (relation == BEFORE && rule == RULE_NEXT) {
        valid = place.bits & NEAR_HIGH;
        return kept(row(0));
    }
    if (relation == AFTER && rule == RULE_PREVIOUS) {
        valid = place.bits & NEAR_LOW;
        return kept(row(i));
    }
    if (p.extrapolation == EXTRAPOLATE_NAN) return fill;
    if (place.bits & GOES_ON && !is_hold(rule)) {
        const int low = relation == BEFORE ? 0 : i - 1;
        return {low, low + 1, place.weight};
    }
    return row(i);
}

// Whether a target there is one that EXTRAPOLATE_ERROR is about.
template <class A>
__device__ __forceinline__ bool is_beyond(u32 rule, const Place<A>& place) {
    const u32 relation = place.bits & RELATION;
    return (relation == BEFORE && rule != RULE_NEXT) || (relation == AFTER && rule != RULE_PREVIOUS);
}

// Writes what is told of a target, at time q, besides its values and whether they are valid.
template <class A, class X, class K>
__device__ __forceinline__ void tell_more(const Params& p, i64 row, i64 t, const K& knots, X q, const Place<A>& place,
                                          bool beyond) {
    if (p.age) {
        const u32 relation = place.bits & RELATION;
        const bool known = relation == ON || relation == BETWEEN || relation == AFTER;
        const float age = known ? rounded_to_float(distance(q, knots(place.low))) : Element<float>::nan();
        p.age[row * p.age_stride[0] + t * p.age_stride[1]] = age;
    }
    if (beyond && p.extrapolation == EXTRAPOLATE_ERROR) atomicMin(p.status, u64(row) << 33 | u64(t) << 2 | 3);
}

__device__ __forceinline__ void tell_valid(const Params& p, i64 row, i64 t, bool valid) {
    if (p.mask) p.mask[row * p.mask_stride[0] + t * p.mask_stride[1]] = valid;
}

// A target's bracket where all columns have one rule. `tells` says whether it is this thread that writes what
// is told of the target.
template <class A, class X, class K>
__device__ __forceinline__ Bracket<A> decide(const Params& p, i64 row, i64 t, const K& knots, int count, X q, int i,
                                             bool tells = true) {
    Bracket<A> b{FILL, FILL, A(0)};
    bool valid = false;
    if (rarely(!(p.flags & SIMPLE))) {
        const Place<A> place = find_place<A>(p, knots, count, q, i);
        b = resolve(p, p.rule, place, valid);
        if (tells) tell_more(p, row, t, knots, q, place, is_beyond(p.rule, place));
    } else if (count > 0) {
        // The same rules, as far as they matter without limits and with values held outside.
        b.low = b.high = max(i, 0);
        const X t0 = knots(b.low);
        valid = t0 == q || p.rule == (i < 0 ? RULE_NEXT : RULE_PREVIOUS);
        if (t0 < q && i + 1 < count) {
            valid = true;
            const X t1 = knots(i + 1);
            const auto before = distance(q, t0);
            if (p.rule == RULE_LINEAR) {
                b.high = i + 1;
                b.weight = weight_as<A>(ratio(before, distance(t1, t0)));
            } else if (p.rule == RULE_NEXT || (p.rule == RULE_NEAREST && distance(t1, q) < before)) {
                b.low = b.high = i + 1;
            }
        }
        if (is_nan(q)) {
            b.low = b.high = NOT_A_TIME;
            valid = false;
        }
    }
    if (tells) tell_valid(p, row, t, valid);
    return b;
}

// The width of the bracket of `low` and the next knot over those of its neighbours.
template <class A, class X>
__device__ __forceinline__ Ratios<A> width_ratios(const Knots<X>& knots, int count, int low) {
    const auto width = distance(knots(low + 1), knots(low));
    const auto over = [&](int neighbour) {
        if (neighbour < 0 || neighbour + 1 >= count) return A(-1);
        const X start = knots(neighbour);
        const X end = knots(neighbour + 1);
        if (!(end > start)) return A(0);
        const A found = proportion<A>(width, distance(end, start));
        return is_finite(found) ? found : A(0);
    };
    return {over(low - 1), over(low + 1)};
}
