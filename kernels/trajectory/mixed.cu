// Any kinds, casts and strides of values, few columns: samples in shared memory as in span.cu.
//
// The search leaves a mix for each sort of kinds that a column has: lines and curves, which take the samples on both
// sides, and the three that hold one. Then a thread makes all values of a target, one run of columns after another, so
// that what a kind is made of is looked up once; several threads do where rows are wide. Values are made in shared
// memory, in the type of the output, and copied on from there.
#include "trajectory/hermite.cuh"
#include "trajectory/rotation.cuh"
#include "trajectory/stage.cuh"
#include "trajectory/store.cuh"

constexpr int MAX_THREADS = 256;

// Kinds that find the same samples; the first is all that do not hold.
constexpr u32 SORTS = 4;
__device__ __forceinline__ u32 sort_of(u32 rule) { return is_hold(rule) ? rule : RULE_LINEAR; }
static_assert(RULE_LINEAR == 0 && RULE_NEAREST == SORTS - 1, "sorts are counted as rules are");

// A bit for each sort that some column has.
__device__ __forceinline__ u32 sorts_in(u32 rules) {
    const u32 holds = 1u << RULE_PREVIOUS | 1u << RULE_NEXT | 1u << RULE_NEAREST;
    return (rules & holds) | (rules & ~holds ? 1u : 0u);
}

__device__ __forceinline__ bool wants_neighbours(u32 rules) { return rules & (1u << RULE_CUBIC | 1u << RULE_PCHIP); }

// What is kept in shared memory of the targets, as many as `of` said there is room for.
template <class A>
struct Tables {
    Mix<A>* mixes;         // by sort, by target
    Neighbours<A>* beside; // by target; where a rule wants them
    A* weights;            // by target
    unsigned char* rows;   // the values, as they lie in memory if that is flat
    u32 bytes;

    // The host reckons the same; see table_bytes in crates/trajectory/src/cuda/mixed.rs.
    __device__ __forceinline__ static Tables of(const Params& p, u32 targets) {
        u32 at = 0;
        const auto take = [&](u32 bytes) {
            unsigned char* const here = staged + at;
            at += (bytes + 15) / 16 * 16;
            return here;
        };
        Tables t;
        t.mixes = reinterpret_cast<Mix<A>*>(take(__popc(sorts_in(p.rules)) * targets * sizeof(Mix<A>)));
        t.beside = reinterpret_cast<Neighbours<A>*>(take(wants_neighbours(p.rules) ? targets * sizeof(Neighbours<A>) : 0));
        t.weights = reinterpret_cast<A*>(take(targets * sizeof(A)));
        t.rows = take(targets * u32(p.columns) * size_of(p.out_dtype) + 16);
        t.bytes = at;
        return t;
    }
};

// Finds a target's mixes and tells of it. `first` is the sample that places are counted from, in samples.
template <class A, class X, class K>
__device__ __forceinline__ void find(const Params& p, i64 batch, i64 target, const K& knots, int count, X q, int i, u32 t,
                                     u32 targets, u32 first, const Tables<A>& tables, int& low, int& high) {
    const Place<A> place = find_place<A>(p, knots, count, q, i);
    const u32 sorts = sorts_in(p.rules);
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
                if (wants_neighbours(p.rules) && b.low != b.high) {
                    // Of knots that need not be among those staged.
                    const Knots<X> all = source_knots<X>(p, batch, row_span(p, batch));
                    tables.beside[t] = Neighbours<A>(width_ratios<A>(all, count, b.low));
                    low = min(low, max(b.low - 1, 0));
                    high = max(high, min(b.high + 1, count - 1));
                }
            }
        }
        mix += targets;
    }
    tell_more<A>(p, batch, target, knots, q, place, beyond);
    tell_valid(p, batch, target, valid);
}

// Whether a block's values lie in memory one after another.
__device__ __forceinline__ bool is_flat(const Params& p) {
    return p.out_stride[1] == p.columns && (p.out_stride[2] == 1 || p.columns == 1);
}

// Columns of one rule, and which of them are this thread's: every one of `shares`, from number `share` on. They are
// counted from number `turn` on, so that the threads of a warp do not meet in one bank of shared memory.
struct Columns {
    u32 begin;
    u32 count;
    u32 share;
    u32 shares;
    u32 turn;

    // The column that is the n-th in that count.
    __device__ __forceinline__ u32 at(u32 n) const {
        const u32 turned = n + turn;
        return begin + (turned >= count ? turned - count : turned);
    }
};

// Makes a target's values of one rule. `samples` is where the row's first one is or would be, `first` the place of the
// target's row among `rows`. Says whether all samples have a value: a quaternion of length zero has none.
template <class T, class A = typename Element<T>::Arith>
__device__ __forceinline__ bool make(const Params& p, u32 rule, const Mix<A>& mix, u32 t, const T* samples,
                                     const Tables<A>& tables, const Sink& rows, u32 first, const Columns& columns) {
    const u32 place = mix.place & MIX_PLACE;
    if (rarely(place >= MIX_FILL)) {
        const int low = place == MIX_FILL ? FILL : NOT_A_TIME;
#pragma unroll 1
        for (u32 n = columns.share; n < columns.count; n += columns.shares) store_missing(rows, first + columns.at(n), low);
        return true;
    }
    const bool both = mix.place & MIX_BOTH;
    const int next = both ? int(p.columns) : 0;
    const T* const at = samples + place;
    const auto sample = [&](int c) { return Element<T>::widen(at[c]); };

    if (rule == RULE_LINEAR || is_hold(rule)) {
        constexpr u32 TOGETHER = 2;
        u32 to[TOGETHER];
        A values[TOGETHER];
#pragma unroll 1
        for (u32 n = columns.share; n < columns.count; n += TOGETHER * columns.shares) {
#pragma unroll
            for (u32 k = 0; k < TOGETHER; ++k) {
                // Behind the last column that one again.
                const u32 c = columns.at(min(n + k * columns.shares, columns.count - 1));
                const A low = sample(c);
                const A high = sample(c + next);
                const A between = add(mix.place & MIX_BACK ? high : low, mul(mix.share, sub(high, low)));
                values[k] = both ? between : low;
                to[k] = first + c;
            }
            store_all(rows, to, values);
        }
        return true;
    }
    const A weight = both ? tables.weights[t] : A(0);
    if (rule == RULE_SLERP_XYZW || rule == RULE_SLERP_WXYZ) {
        bool all_sound = true;
#pragma unroll 1
        for (u32 n = 4 * columns.share; n < columns.count; n += 4 * columns.shares) {
            const u32 c = columns.begin + n;
            const auto quad = [&](int c) { return Quad<A>{sample(c), sample(c + 1), sample(c + 2), sample(c + 3)}; };
            Quad<A> rotation = quad(c);
            const bool sound = both ? slerp(rotation, quad(c + next), weight) : normalise(rotation);
            all_sound = all_sound && sound;
            if (rarely(!sound)) {
#pragma unroll 1
                for (u32 k = 0; k < 4; ++k) store_missing(rows, first + c + k, p.flags & FILL_INVALID ? FILL : NOT_A_TIME);
                continue;
            }
            const u32 to[] = {first + c, first + c + 1, first + c + 2, first + c + 3};
            const A values[] = {rotation.c0, rotation.c1, rotation.c2, rotation.c3};
            store_all(rows, to, values);
        }
        return all_sound;
    }
    Neighbours<A> beside;
    if (rule != RULE_ANGLE && both) beside = tables.beside[t];
#pragma unroll 1
    for (u32 n = columns.share; n < columns.count; n += columns.shares) {
        const u32 c = columns.at(n);
        const A low = sample(c);
        A value = low;
        if (rule == RULE_ANGLE) {
            const A high = sample(c + next);
            value = wrap_angle(low);
            if (both) value = wrap_angle(blend_by(value, wrap_angle(high), wrap_angle(sub(high, low)), weight));
        } else if (both) {
            value = hermite(rule == RULE_PCHIP, weight, beside, [&](int i) { return sample(int(c) + i * next); });
        }
        store_from(rows, first + c, value);
    }
    return true;
}

// Makes all values of all targets.
template <class T, class A = typename Element<T>::Arith>
__device__ __forceinline__ void make_all(const Params& p, const Part& part, const T* samples, const Tables<A>& tables, u32 room,
                                         unsigned char* rows) {
    const Sink sink = sink_of(p, rows);
    const u32 sorts = sorts_in(p.rules);
    const u32 all = u32(p.columns);
    const u32 round = p.round ? p.round : all;
    const u32 shares = max(blockDim.x / room, 1u);
    const u32 share = threadIdx.x % shares;
    const u32 at_a_time = blockDim.x / shares;
    // Rows an odd number of words apart lie in as many banks as there are.
    const bool meet = all * u32(sizeof(T)) / 4 % 2 == 0;
#pragma unroll 1
    for (u32 t = threadIdx.x / shares; t < u32(part.targets); t += at_a_time) {
        bool sound = true;
#pragma unroll 1
        for (u32 begin = 0, from = 0, run = 0; begin < all; ++run) {
            if (run == p.runs) {
                run = 0;
                from += round;
            }
            const u32 rule = p.round ? p.run[run].rule : p.rule;
            const u32 end = p.round ? from + p.run[run].end : all;
            const Columns columns{begin, end - begin, share, shares, meet ? t * shares % (end - begin) : 0};
            const u32 sort = __popc(sorts & ((1u << sort_of(rule)) - 1));
            const Mix<A> mix = tables.mixes[sort * room + t];
            sound = make(p, rule, mix, t, samples, tables, sink, t * all, columns) && sound;
            begin = end;
        }
        if (rarely(!sound && p.mask)) {
            // The search has written it, before the barrier; whoever else finds a fault writes the same.
            const u32 r = part.rows > 1 ? t / u32(p.targets) : 0;
            const i64 target = part.first_target + (t - r * u32(p.targets));
            p.mask[(part.first_row + r) * p.mask_stride[0] + target * p.mask_stride[1]] = 0;
        }
    }
}

// Copies values to places of any strides.
template <class U>
__device__ __forceinline__ void scatter(const Params& p, const Part& part, const unsigned char* rows) {
    const u32 columns = u32(p.columns);
    const u32 targets_on = blockDim.x / columns;
    const u32 columns_on = blockDim.x - targets_on * columns;
    u32 t = threadIdx.x / columns;
    u32 c = threadIdx.x - t * columns;
#pragma unroll 1
    for (u32 i = threadIdx.x; t < u32(part.targets); i += blockDim.x) {
        const u32 r = part.rows > 1 ? t / u32(p.targets) : 0;
        const i64 target = part.first_target + (t - r * u32(p.targets));
        const i64 at = (part.first_row + r) * p.out_stride[0] + target * p.out_stride[1] + c * p.out_stride[2];
        static_cast<U*>(p.out)[at] = reinterpret_cast<const U*>(rows)[i];
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
    const RowSpan row = row_span(p, part.first_row);
    const T* const data = static_cast<const T*>(p.data) + row_start(p, part.first_row, row);
    const u32 room = p.group > 1 ? p.group * u32(p.targets) : p.tile;
    const Tables<A> tables = Tables<A>::of(p, room);
    Places places{rounded_up(tables.bytes), 0, 0};
    int low = 0x7fffffff;
    int high = -1;

    with_time_type(p.time_type, [&](auto tag) {
        using X = decltype(tag);
        each_target<T, X>(p, part, row, data, stage, places, [] {},
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

    const u32 size = size_of(p.out_dtype);
    unsigned char* const out =
        static_cast<unsigned char*>(p.out) + (part.first_row * p.out_stride[0] + part.first_target * p.out_stride[1]) * size;
    const bool flat = is_flat(p);
    unsigned char* const rows = tables.rows + (flat ? u32(reinterpret_cast<u64>(out)) % 16 : 0);
    make_all(p, part, samples, tables, room, rows);
    __syncthreads();
    if (flat) {
        copy_on(out, rows, u32(part.targets) * u32(p.columns) * size);
    } else if (size == 2) {
        scatter<u16>(p, part, rows);
    } else if (size == 4) {
        scatter<u32>(p, part, rows);
    } else {
        scatter<u64>(p, part, rows);
    }
}

// Blocks per multiprocessor that registers have to leave room for: as many as go without spilling.
constexpr int MIN_BLOCKS = sizeof(ELEMENT) == 8 ? 2 : 3;

// The compiler is told the element type and the symbol: one image per entry of registry.toml.
extern "C" __global__ void __launch_bounds__(MAX_THREADS, MIN_BLOCKS) ENTRY(const __grid_constant__ Params p) {
    mixed<ELEMENT>(p);
}
