// W columns of features side by side, from one on: what is read of points, and what is written of cells.
//
// With four at a time features are f32, and those of a row follow each other in memory, though not at whole chunks of 16
// bytes: in a packed cloud they lie behind the coordinates.
#pragma once
#include "voxelize/output.cuh"
#include "voxelize/total.cuh"

// How a warp shares rows of features, W columns a lane.
template <u32 W>
struct Lanes {
    u32 all;   // chunks of W columns in a row
    u32 width; // lanes side by side, of a row
    u32 rows;  // that are taken together
    u32 row;   // of those the lane's; `rows` or more where a lane has none
    u32 chunk; // the lane's first

    __device__ __forceinline__ Lanes(const Params& p) {
        const u32 lane = threadIdx.x & 31;
        const Sharing sharing = W == 4 ? Sharing::of_fours(p) : Sharing::of_columns(p);
        all = sharing.columns;
        width = min(all, 32u);
        rows = all > 32 ? 1 : sharing.rows(32);
        row = sharing.rows(lane);
        chunk = lane - row * width;
    }
    __device__ __forceinline__ bool idle() const { return row >= rows; }
};

template <u32 W>
struct Columns {
    struct Values {
        float of[W];
    };
    struct Totals {
        Sums of[W];
    };

    const Params& p;
    u32 first;
    Quantum quantum[W];

    __device__ __forceinline__ Columns(const Params& params, u32 first_column) : p(params), first(first_column) {}
    // Magnitudes have to be known.
    __device__ __forceinline__ void weigh() {
        if (!p.fixed) return;
#pragma unroll
        for (u32 w = 0; w < W; ++w) quantum[w] = Place{p, 0, first + w}.quantum();
    }

    __device__ __forceinline__ Values values(u32 point) const {
        if constexpr (W == 4) {
            const float* const at = static_cast<const float*>(p.features) + i64(point) * p.feature_stride[0] + first;
            if (p.flags & QUADS) {
                const float4 v = __ldg(reinterpret_cast<const float4*>(at));
                return {{v.x, v.y, v.z, v.w}};
            }
            return {{__ldg(at), __ldg(at + 1), __ldg(at + 2), __ldg(at + 3)}};
        } else {
            return {{feature(p, point, first)}};
        }
    }

    // What has been added up, in two parts as not all that has room in registers at a time.
    __device__ __forceinline__ Totals given(u32 slot) const {
        Totals totals = given_sums(slot);
        const Totals extremes = given_extremes(slot);
#pragma unroll
        for (u32 w = 0; w < W; ++w) {
            totals.of[w].highest = extremes.of[w].highest;
            totals.of[w].lowest = extremes.of[w].lowest;
        }
        return totals;
    }
    __device__ __forceinline__ Totals given_sums(u32 slot) const {
        Totals totals;
        const Place place{p, slot, first};
        if (p.fixed) {
            const u32 beyond = __ldcg(place.beyond()) >> place.beyond_shift();
            i64 fixed[W];
            read(p.fixed + place.at(), fixed);
#pragma unroll
            for (u32 w = 0; w < W; ++w) totals.of[w].fixed = fixed[w], totals.of[w].beyond = beyond >> 2 * w & 3;
        }
        if (p.loose) {
            u32 loose[W];
            read(reinterpret_cast<const u32*>(p.loose) + place.at(), loose);
#pragma unroll
            for (u32 w = 0; w < W; ++w) totals.of[w].loose = __uint_as_float(loose[w]);
        }
        return totals;
    }
    __device__ __forceinline__ Totals given_extremes(u32 slot) const {
        Totals totals;
        const Place place{p, slot, first};
        u32 extreme[W];
        if (p.highest) {
            read(p.highest + place.at(), extreme);
#pragma unroll
            for (u32 w = 0; w < W; ++w) totals.of[w].highest = extreme[w];
        }
        if (p.lowest) {
            read(p.lowest + place.at(), extreme);
#pragma unroll
            for (u32 w = 0; w < W; ++w) totals.of[w].lowest = extreme[w];
        }
        return totals;
    }

    // Adds what was written of a cell's owner when it was alone: to sums what an output in f32 says.
    __device__ __forceinline__ void join_owner(Totals& totals, CellSpot spot) const {
        if (p.fixed || p.loose) {
            const bool is_sum = p.target[OUT_SUM].to && p.target[OUT_SUM].dtype == DTYPE_F32;
            const Values values = written(is_sum ? OUT_SUM : OUT_MEAN, spot);
#pragma unroll
            for (u32 w = 0; w < W; ++w) totals.of[w].take_sum(p, quantum[w], values.of[w]);
        }
        if (p.highest) {
            const Values values = written(OUT_MAX, spot);
#pragma unroll
            for (u32 w = 0; w < W; ++w) totals.of[w].highest = max(totals.of[w].highest, ordered(values.of[w]));
        }
        if (p.lowest) {
            const Values values = written(OUT_MIN, spot);
#pragma unroll
            for (u32 w = 0; w < W; ++w) totals.of[w].lowest = max(totals.of[w].lowest, ordered_down(values.of[w]));
        }
    }

    // The results of a cell with so many points.
    __device__ __forceinline__ void put(const Totals& totals, CellSpot spot, u32 points) const {
        put_sums(totals, spot, points);
        put_extremes(totals, spot);
    }
    __device__ __forceinline__ void put_sums(const Totals& totals, CellSpot spot, u32 points) const {
        if (p.fixed || p.loose) {
            double sum[W];
#pragma unroll
            for (u32 w = 0; w < W; ++w) sum[w] = totals.of[w].sum(p, quantum[w]);
            write(OUT_SUM, spot, [&](u32 w) { return sum[w]; });
            const Divisor by(points);
            write(OUT_MEAN, spot, [&](u32 w) { return by.quotient(sum[w]); });
        }
    }
    __device__ __forceinline__ void put_extremes(const Totals& totals, CellSpot spot) const {
        write(OUT_MAX, spot, [&](u32 w) { return totals.of[w].most(); });
        write(OUT_MIN, spot, [&](u32 w) { return totals.of[w].least(); });
    }
    // Of a cell without points.
    __device__ __forceinline__ void put_nothing(CellSpot spot) const {
        const auto empty = [&](u32) { return p.empty; };
        write(OUT_SUM, spot, empty);
        write(OUT_MEAN, spot, empty);
        write(OUT_MAX, spot, empty);
        write(OUT_MIN, spot, empty);
    }
    // Of a cell that has one point. A sum is as it is but for what is no multiple of its quantum, if that is known.
    __device__ __forceinline__ void put_one(const Values& values, CellSpot spot, bool known) const {
        if (p.fixed || p.loose) {
            float sum[W];
#pragma unroll
            for (u32 w = 0; w < W; ++w) {
                const float v = values.of[w];
                sum[w] = v + 0.0f; // a sum begins at +0
                if (known && !quantum[w].divides(v)) sum[w] = __double2float_rn(quantum[w].times(quantum[w].multiple(v)));
            }
            write(OUT_SUM, spot, [&](u32 w) { return sum[w]; });
            write(OUT_MEAN, spot, [&](u32 w) { return sum[w]; });
        }
        write(OUT_MAX, spot, [&](u32 w) { return values.of[w]; });
        write(OUT_MIN, spot, [&](u32 w) { return values.of[w]; });
    }

private:
    // Words of W columns, past the L1 cache.
    static __device__ __forceinline__ void read(const u32* from, u32 (&to)[W]) {
        if constexpr (W == 4) {
            const uint4 v = __ldcg(reinterpret_cast<const uint4*>(from));
            to[0] = v.x, to[1] = v.y, to[2] = v.z, to[3] = v.w;
        } else {
            to[0] = __ldcg(from);
        }
    }
    static __device__ __forceinline__ void read(const i64* from, i64 (&to)[W]) {
        if constexpr (W == 4) {
            const auto joined = [](u32 low, u32 high) { return i64(u64(high) << 32 | low); };
            const uint4 v = __ldcg(reinterpret_cast<const uint4*>(from)), w = __ldcg(reinterpret_cast<const uint4*>(from) + 1);
            to[0] = joined(v.x, v.y), to[1] = joined(v.z, v.w), to[2] = joined(w.x, w.y), to[3] = joined(w.z, w.w);
        } else {
            to[0] = __ldcg(from);
        }
    }
    static __device__ __forceinline__ float narrow(float v) { return v != v ? Element<float>::nan() : v; }
    static __device__ __forceinline__ float narrow(double v) { return narrow(__double2float_rn(v)); }

    __device__ __forceinline__ Values written(Output output, CellSpot spot) const {
        const Target& t = p.target[output];
        const i64 at = element_of(p, t, spot) + first * t.stride[4];
        Values values;
        if constexpr (W == 4) {
            if (t.form & CHUNKS) {
                const float4 v = __ldcg(reinterpret_cast<const float4*>(static_cast<const float*>(t.to) + at));
                return {{v.x, v.y, v.z, v.w}};
            }
        }
#pragma unroll
        for (u32 w = 0; w < W; ++w) values.of[w] = get_value(t, at + w * t.stride[4]);
        return values;
    }
    template <class F>
    __device__ __forceinline__ void write(Output output, CellSpot spot, F result) const {
        const Target& t = p.target[output];
        if (!t.to) return;
        const i64 at = element_of(p, t, spot) + first * t.stride[4];
        if constexpr (W == 4) {
            if (t.form & CHUNKS) {
                *reinterpret_cast<float4*>(static_cast<float*>(t.to) + at) =
                    float4{narrow(result(0)), narrow(result(1)), narrow(result(2)), narrow(result(3))};
                return;
            }
        }
#pragma unroll
        for (u32 w = 0; w < W; ++w) put_value(t, at + w * t.stride[4], double(result(w)));
    }
};
