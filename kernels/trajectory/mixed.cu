// Any kinds, casts and strides of values, few columns: samples in shared memory as in span.cu.
//
// The search leaves a mix for each sort of kinds that a column has: lines and curves, which take the samples on both
// sides, and the three that hold one. Rotations are worked out first, once for their four columns; then all threads
// walk over the block's values as one flat list.
#include "trajectory/hermite.cuh"
#include "trajectory/rotation.cuh"
#include "trajectory/stage.cuh"
#include "trajectory/store.cuh"

constexpr int MAX_THREADS = 256;

// Kinds that find the same samples; the first is all that do not hold.
constexpr u32 SORTS = 4;
__device__ __forceinline__ u32 sort_of(u32 rule) { return is_hold(rule) ? rule : RULE_LINEAR; }
static_assert(RULE_LINEAR == 0 && RULE_NEAREST == SORTS - 1, "sorts are counted as rules are");

__device__ __forceinline__ bool is_rotation(u32 rule) { return rule == RULE_SLERP_XYZW || rule == RULE_SLERP_WXYZ; }

// What a column is: its rule, where its sort's mixes are among those that there are, and if it is one of a rotation's
// four, where that one's component is among those of a target.
struct Column {
    u16 rule;
    u16 sort;
    u32 component;
};

// What is kept in shared memory of targets and columns, as many as `of` said there is room for.
template <class A>
struct Tables {
    Mix<A>* mixes;     // by sort, by target
    Ratios<A>* ratios; // by target; where a rule wants them
    A* weights;        // by target
    A* turned;         // by target, by rotation: four components
    u8* sound;         // by target, by rotation
    u32* first_column; // by rotation
    Column* columns;
    u32 bytes;

    // The host reckons the same; see table_bytes in crates/trajectory/src/cuda/mixed.rs.
    __device__ __forceinline__ static Tables of(u32 targets, u32 columns, u32 rules, u32 rotations) {
        u32 at = 0;
        const auto take = [&](u32 bytes) {
            unsigned char* const here = staged + at;
            at += (bytes + 15) / 16 * 16;
            return here;
        };
        Tables t;
        t.mixes = reinterpret_cast<Mix<A>*>(take(sorts_in(rules) * targets * sizeof(Mix<A>)));
        t.ratios = reinterpret_cast<Ratios<A>*>(take(wants_ratios(rules) ? targets * sizeof(Ratios<A>) : 0));
        t.weights = reinterpret_cast<A*>(take(targets * sizeof(A)));
        t.turned = reinterpret_cast<A*>(take(targets * rotations * 4 * sizeof(A)));
        t.sound = take(targets * rotations);
        t.first_column = reinterpret_cast<u32*>(take(rotations * sizeof(u32)));
        t.columns = reinterpret_cast<Column*>(take(columns * sizeof(Column)));
        t.bytes = at;
        return t;
    }

    __device__ __forceinline__ static bool wants_ratios(u32 rules) {
        return rules & (1u << RULE_CUBIC | 1u << RULE_PCHIP);
    }
    // A bit for each sort that some column has.
    __device__ __forceinline__ static u32 sorts_of(u32 rules) {
        const u32 holds = 1u << RULE_PREVIOUS | 1u << RULE_NEXT | 1u << RULE_NEAREST;
        return (rules & holds) | (rules & ~holds ? 1u : 0u);
    }
    __device__ __forceinline__ static u32 sorts_in(u32 rules) { return __popc(sorts_of(rules)); }
};

// Writes the tables of columns and rotations; the work of the whole block.
template <class A>
__device__ __forceinline__ void describe_columns(const Params& p, const Tables<A>& tables) {
    const u32 sorts = Tables<A>::sorts_of(p.rules);
    const u32 columns = u32(p.columns);
    const u32 round = p.round ? p.round : columns;
    for (u32 c = threadIdx.x; c < columns; c += blockDim.x) {
        const u32 rounds = c / round;
        const u32 at = c - rounds * round;
        u32 rule = p.rule;
        u32 begin = 0;
        u32 before = 0; // rotations
        for (u32 i = 0; p.round && i < p.runs; ++i) {
            rule = p.run[i].rule;
            if (i + 1 == p.runs || at < p.run[i].end) break;
            if (is_rotation(rule)) before += (p.run[i].end - begin) / 4;
            begin = p.run[i].end;
        }
        u32 component = 0;
        if (is_rotation(rule)) {
            const u32 of_round = p.rotations / (columns / round);
            component = 4 * (rounds * of_round + before) + at - begin;
            if (component % 4 == 0) tables.first_column[component / 4] = c;
        }
        tables.columns[c] = {u16(rule), u16(__popc(sorts & ((1u << sort_of(rule)) - 1))), component};
    }
}

// Finds a target's mixes and tells of it. `first` is the sample that places are counted from, in samples.
template <class A, class X, class K>
__device__ __forceinline__ void find(const Params& p, i64 batch, i64 target, const K& knots, int count, X q, int i, u32 t,
                                     u32 targets, u32 first, const Tables<A>& tables, int& low, int& high) {
    const Place<A> place = find_place<A>(p, knots, count, q, i);
    const u32 sorts = Tables<A>::sorts_of(p.rules);
    bool valid = true;
    bool beyond = false;
    Mix<A>* mix = tables.mixes + t;
#pragma unroll 1
    for (u32 rule = 0; rule < SORTS; ++rule) {
        if (!(sorts >> rule & 1)) continue;
        bool covered;
        const Bracket<A> b = resolve(p, rule, place, covered);
        valid = valid && covered;
        beyond = beyond || is_beyond(rule, place);
        if (b.low < 0) {
            *mix = mix_at<A>(b.low == FILL ? MIX_FILL : MIX_NAN);
        } else {
            *mix = mix_of(b, (first + b.low) * u32(p.columns));
            low = min(low, b.low);
            high = max(high, b.high);
            if (rule == RULE_LINEAR) {
                tables.weights[t] = b.weight;
                if (Tables<A>::wants_ratios(p.rules) && b.low != b.high) {
                    // Of knots that need not be among those staged.
                    const Knots<X> all = source_knots<X>(p, batch, row_span(p, batch));
                    tables.ratios[t] = width_ratios<A>(all, count, b.low);
                    low = min(low, max(b.low - 1, 0));
                    high = max(high, min(b.high + 1, count - 1));
                }
            }
        }
        mix += targets;
    }
    tell<A>(p, batch, target, knots, q, place, valid, beyond);
}

// Works out the rotations of all targets.
template <class T, class A = typename Element<T>::Arith>
__device__ __forceinline__ void turn(const Params& p, const Part& part, const T* samples, const Tables<A>& tables) {
#pragma unroll 1
    for (u32 i = threadIdx.x; i < part.targets * p.rotations; i += blockDim.x) {
        const u32 t = i / p.rotations;
        const Mix<A> mix = tables.mixes[t];
        const u32 place = mix.place & MIX_PLACE;
        if (place >= MIX_FILL) continue;
        const auto quad = [](const T* at) {
            return Quad<A>{Element<T>::widen(at[0]), Element<T>::widen(at[1]), Element<T>::widen(at[2]),
                           Element<T>::widen(at[3])};
        };
        const T* const at = samples + place + tables.first_column[i - t * p.rotations];
        Quad<A> rotation = quad(at);
        const bool sound = mix.place & MIX_BOTH ? slerp(rotation, quad(at + p.columns), tables.weights[t])
                                                : normalise(rotation);
        A* const turned = tables.turned + 4 * i;
        turned[0] = rotation.c0;
        turned[1] = rotation.c1;
        turned[2] = rotation.c2;
        turned[3] = rotation.c3;
        tables.sound[i] = sound;
        if (!sound && p.mask) {
            // The search has written it, before the barrier; whoever else finds a fault writes the same.
            const u32 r = part.rows > 1 ? t / u32(p.targets) : 0;
            const i64 target = part.first_target + (t - r * u32(p.targets));
            p.mask[(part.first_row + r) * p.mask_stride[0] + target * p.mask_stride[1]] = 0;
        }
    }
}

// A value of a column that is no rotation's.
template <class T, class A = typename Element<T>::Arith>
__device__ __forceinline__ A value_of(const Column& column, const Mix<A>& mix, const T* at, u32 columns, u32 t,
                                      const Tables<A>& tables) {
    const A low = Element<T>::widen(at[0]);
    if (!(mix.place & MIX_BOTH)) return column.rule == RULE_ANGLE ? wrap_angle(low) : low;
    const A high = Element<T>::widen(at[columns]);
    if (column.rule == RULE_LINEAR) return add(mix.place & MIX_BACK ? high : low, mul(mix.share, sub(high, low)));
    const A weight = tables.weights[t];
    if (column.rule == RULE_ANGLE) {
        return wrap_angle(blend_by(wrap_angle(low), wrap_angle(high), wrap_angle(sub(high, low)), weight));
    }
    return hermite(column.rule == RULE_PCHIP, weight, tables.ratios[t],
                   [&](int i) { return Element<T>::widen(at[i * int(columns)]); });
}

// Writes all values.
template <class T, class A = typename Element<T>::Arith>
__device__ __forceinline__ void write(const Params& p, const Part& part, const T* samples, const Tables<A>& tables, u32 room) {
    const u32 columns = u32(p.columns);
    const u32 targets_on = blockDim.x / columns;
    const u32 columns_on = blockDim.x - targets_on * columns;
    u32 t = threadIdx.x / columns;
    u32 c = threadIdx.x - t * columns;
#pragma unroll 1
    while (t < u32(part.targets)) {
        const u32 r = part.rows > 1 ? t / u32(p.targets) : 0;
        const i64 target = part.first_target + (t - r * u32(p.targets));
        const i64 at = (part.first_row + r) * p.out_stride[0] + target * p.out_stride[1] + c * p.out_stride[2];
        const Column column = tables.columns[c];
        const Mix<A> mix = tables.mixes[column.sort * room + t];
        const u32 place = mix.place & MIX_PLACE;
        if (rarely(place >= MIX_FILL)) {
            store_missing(p, at, place == MIX_FILL ? FILL : NOT_A_TIME);
        } else if (is_rotation(column.rule)) {
            const u32 component = 4 * t * p.rotations + column.component;
            if (tables.sound[component / 4]) {
                store_from(p, at, tables.turned[component]);
            } else {
                store_missing(p, at, p.flags & FILL_INVALID ? FILL : NOT_A_TIME);
            }
        } else {
            store_from(p, at, value_of(column, mix, samples + place + c, columns, t, tables));
        }
        t += targets_on;
        c += columns_on;
        if (c >= columns) {
            c -= columns;
            ++t;
        }
    }
}

template <class T>
__device__ __forceinline__ void mixed(const Params& p) {
    using A = typename Element<T>::Arith;
    __shared__ Stage stage;
    if (threadIdx.x == 0) open(stage);
    const Part part = part_of(p);
    const u32 columns = u32(p.columns);
    const RowSpan row = row_span(p, part.first_row);
    const T* const data = static_cast<const T*>(p.data) + row_start(p, part.first_row, row);
    const u32 room = p.group > 1 ? p.group * u32(p.targets) : p.tile;
    const Tables<A> tables = Tables<A>::of(room, columns, p.rules, p.rotations);
    Places places{rounded_up(tables.bytes), 0, 0};
    int low = 0x7fffffff;
    int high = -1;

    with_time_type(p.time_type, [&](auto tag) {
        using X = decltype(tag);
        each_target<T, X>(p, part, row, data, stage, places, [&] { describe_columns<A>(p, tables); },
                          [&](u32 t, i64 batch, u32 r, i64 target, const auto& knots, int count, X q, int i) {
            find<A>(p, batch, target, knots, count, q, i, t, room, r * u32(p.samples), tables, low, high);
        });
    });

    // From here on samples are where they were staged, or if they did not fit where they have been.
    const T* samples = data;
    if (takes_whole_rows(p) || stage_between(p, data, low, high, stage, places)) {
        wait_arrival(&stage.samples, 0);
        // Signed, as it may lie before what is staged of a row.
        samples = reinterpret_cast<const T*>(staged + i32(places.samples));
    }
    __syncthreads();

    turn(p, part, samples, tables);
    __syncthreads();
    write(p, part, samples, tables, room);
}

// Blocks per multiprocessor that registers have to leave room for: as many as go without spilling.
constexpr int MIN_BLOCKS = sizeof(ELEMENT) == 8 ? 2 : 4;

// The compiler is told the element type and the symbol: one image per entry of registry.toml.
extern "C" __global__ void __launch_bounds__(MAX_THREADS, MIN_BLOCKS) ENTRY(const __grid_constant__ Params p) {
    mixed<ELEMENT>(p);
}
