// Any strides, alignment, column count, kinds and pair of types.
//
// A block takes a tile of targets of one batch row: each thread searches for some of them, then all
// threads walk over the tile's (target, column) pairs. The type of the values and the kind of the column are
// looked at per element; the kernel is bound by memory all the same.
#include "trajectory/rotation.cuh"
#include "trajectory/store.cuh"

constexpr int THREADS = 256;
constexpr int MAX_TILE = 256;

template <class A>
struct Tile {
    Place<A> places[MAX_TILE];
    Ratios<A> ratios[MAX_TILE]; // where a rule wants them
};

// Searches for a target and tells of it.
template <class A, class X>
__device__ __forceinline__ void find(const Params& p, i64 row, i64 first_target, int t, const Knots<X>& knots,
                                     int count, Tile<A>& tile) {
    const X q = target_time<X>(p, row, first_target + t);
    const Place<A> place = find_place<A>(p, knots, count, q, last_not_after_on(knots, count, q));
    bool valid = true;
    bool beyond = false;
#pragma unroll 1
    for (u32 rule = 0; rule < RULES; ++rule) {
        if (!(p.rules >> rule & 1)) continue;
        bool covered;
        resolve(p, rule, place, covered);
        valid = valid && covered;
        beyond = beyond || is_beyond(rule, place);
    }
    tell_more(p, row, first_target + t, knots, q, place, beyond);
    tell_valid(p, row, first_target + t, valid);
    tile.places[t] = place;
    if (p.rules & (1u << RULE_CUBIC | 1u << RULE_PCHIP)) {
        bool covered;
        const Bracket<A> bracket = resolve(p, RULE_CUBIC, place, covered);
        if (bracket.low != bracket.high) tile.ratios[t] = width_ratios<A>(knots, count, bracket.low);
    }
}

// A column's rule and, of a rotation's columns, which of its four it is.
struct Column {
    u32 rule;
    u32 part;
};

__device__ __forceinline__ Column column_of(const Params& p, i64 column) {
    if (!p.round) return {p.rule, u32(column) & 3};
    const u32 at = u32(column % p.round);
    u32 begin = 0;
    u32 i = 0;
#pragma unroll 1
    for (; i + 1 < p.runs && at >= p.run[i].end; ++i) begin = p.run[i].end;
    return {p.run[i].rule, (at - begin) & 3};
}

// The value of a column between or at samples. `sample(row, d)` is the one d columns further on. `sound` becomes
// false where the samples have no value: a quaternion of length zero.
template <class A, class S>
__device__ __forceinline__ A value_of(Column column, const Bracket<A>& b, const Tile<A>& tile, int t, bool& sound,
                                      S sample) {
    sound = true;
    if (column.rule == RULE_SLERP_XYZW || column.rule == RULE_SLERP_WXYZ) {
        const int first = -int(column.part);
        const auto quad = [&](int row) {
            return Quad<A>{sample(row, first), sample(row, first + 1), sample(row, first + 2), sample(row, first + 3)};
        };
        Quad<A> rotation = quad(b.low);
        sound = b.low == b.high ? normalise(rotation) : slerp(rotation, quad(b.high), b.weight);
        return rotation.at(column.part);
    }
    const A low = sample(b.low, 0);
    if (column.rule == RULE_ANGLE) {
        if (b.low == b.high) return wrap_angle(low);
        const A high = sample(b.high, 0);
        return wrap_angle(blend_by(wrap_angle(low), wrap_angle(high), wrap_angle(sub(high, low)), b.weight));
    }
    if (b.low == b.high) return low;
    if (column.rule == RULE_LINEAR) return blend(low, sample(b.high, 0), b.weight);
    return hermite(column.rule == RULE_PCHIP, b.weight, Neighbours<A>(tile.ratios[t]), [&](int i) { return sample(b.low + i, 0); });
}

template <class T>
__device__ __forceinline__ void generic(const Params& p) {
    using A = typename Element<T>::Arith;
    __shared__ Tile<A> tile;
    const i64 row = blockIdx.x / p.tiles;
    const u32 index = blockIdx.x % p.tiles;
    const i64 first_target = i64(index) * p.tile;
    const int targets = int(min(i64(p.tile), p.targets - first_target));
    const RowSpan span = row_span(p, row);

    with_time_type(p.time_type, [&](auto tag) {
        using X = decltype(tag);
        if (rarely((p.flags & CHECK_TIMES) && index == 0 && threadIdx.x < 32)) check_times<X>(p, row, span);
        const Knots<X> knots = source_knots<X>(p, row, span);
#pragma unroll 1
        for (int t = threadIdx.x; t < targets; t += THREADS) find<A>(p, row, first_target, t, knots, span.count, tile);
    });
    __syncthreads();

    const T* const samples = static_cast<const T*>(p.data) + row_start(p, row, span);
    const Sink sink = sink_of(p, p.out);
    const i64 out = row * p.out_stride[0] + first_target * p.out_stride[1];
    const i64 pairs = targets * p.columns;
    for (i64 pair = threadIdx.x; pair < pairs; pair += THREADS) {
        // 32-bit division is several times cheaper, and nearly always enough.
        const i64 t = (pair | p.columns) >> 31 ? pair / p.columns : i64(u32(pair) / u32(p.columns));
        const i64 d = pair - t * p.columns;
        const i64 at = out + t * p.out_stride[1] + d * p.out_stride[2];
        const Column column = column_of(p, d);
        bool covered;
        const Bracket<A> b = resolve(p, column.rule, tile.places[t], covered);
        if (b.low < 0) {
            store_missing(sink, at, b.low);
            continue;
        }
        const auto sample = [&](int i, int further) {
            return Element<T>::widen(samples[i * p.data_stride[1] + (d + further) * p.data_stride[2]]);
        };
        if constexpr (Element<T>::INTEGER) {
            // Of the rules that integers can have, each takes one sample.
            store_from(sink, at, sample(b.low, 0));
        } else {
            bool sound;
            const A value = value_of(column, b, tile, int(t), sound, sample);
            if (sound) {
                store_from(sink, at, value);
            } else {
                store_missing(sink, at, p.flags & FILL_INVALID ? FILL : NOT_A_TIME);
                // The search has written it, before the barrier; whoever else finds a fault writes the same.
                if (p.mask) p.mask[row * p.mask_stride[0] + (first_target + t) * p.mask_stride[1]] = 0;
            }
        }
    }
}

// The compiler is told the element type and the symbol: one image per entry of registry.toml.
extern "C" __global__ void __launch_bounds__(THREADS) ENTRY(const __grid_constant__ Params p) {
    generic<ELEMENT>(p);
}
