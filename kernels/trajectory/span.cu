// Few columns: samples in shared memory by the copy engine.
//
// Rows of a few columns are too short for wide accesses, and neighbouring targets share samples. So a block, a thread
// of it for each target, has the samples that its targets lie between brought into shared memory, where they follow
// each other as they do in memory, and writes its values, which lie one after another too, as one flat array. A block
// takes several batch rows if they are short, or one; of a row that does not fit, or has too many targets, it takes a
// tile of the targets: then first the times where those are expected, and then the samples they turn out to need.
#include "trajectory/mix.cuh"
#include "trajectory/window.cuh"

constexpr int MAX_THREADS = 256;
constexpr u32 ALL = 0xffffffffu;

extern __shared__ __align__(128) unsigned char staged[];

// The copy engine is fastest where a line of memory becomes one of shared memory.
constexpr u32 LINE = 128;

__host__ __device__ constexpr u32 rounded_up(u32 bytes) { return (bytes + LINE - 1) / LINE * LINE; }

// Starts copying `count` elements to byte `at` of shared memory, which is a line's first, with a line to spare.
// Returns the byte where they will be once all threads have met at a barrier and `arrival` has had its turn. Never
// touches memory outside of the elements: what is left before the first and after the last whole chunk of 16 bytes is
// copied element by element.
template <class T>
__device__ __forceinline__ u32 stage(u32 at, const T* from, u32 count, u64* arrival) {
    const u32 shift = u32(reinterpret_cast<u64>(from)) % LINE;
    T* const to = reinterpret_cast<T*>(staged + at + shift);
    const u32 head = min((0 - shift) % 16 / u32(sizeof(T)), count);
    const u32 body = (count - head) * u32(sizeof(T)) & ~15u;
    if (threadIdx.x == 0) {
        expect_arrival(arrival, body);
        if (body) copy_bulk(to + head, from + head, body, arrival);
    }
    const u32 tail = head + body / u32(sizeof(T));
    if (rarely(head | (count - tail))) {
        if (threadIdx.x < head) to[threadIdx.x] = from[threadIdx.x];
        if (tail + threadIdx.x < count) to[tail + threadIdx.x] = from[tail + threadIdx.x];
    }
    return at + shift;
}

// The targets of a block: some of one batch row, or all of several.
struct Part {
    i64 first_row;
    i64 first_target;
    int targets;
    int rows;
};

__device__ __forceinline__ Part part_of(const Params& p) {
    if (p.tiles == 1) {
        const i64 first_row = i64(blockIdx.x) * p.group;
        const int rows = p.group == 1 ? 1 : int(min(i64(p.group), p.batch - first_row));
        return {first_row, 0, rows * int(p.targets), rows};
    }
    const u32 row = blockIdx.x / p.tiles;
    const i64 first_target = i64(blockIdx.x - row * p.tiles) * p.tile;
    return {row, first_target, int(min(i64(p.tile), p.targets - first_target)), 1};
}

// a / b for numbers below 2^22, without the integer division's many steps.
__device__ __forceinline__ u32 quotient(u32 a, u32 b) {
    u32 q = u32(__fdividef(float(a), float(b)));
    if (q * b > a) --q;
    if ((q + 1) * b <= a) ++q;
    return q;
}

// The values of a block's targets, one after another from `out` on. Mixes' places are bytes of shared memory, where the
// samples begin at `samples_at`.
template <class T>
__device__ __forceinline__ void write(T* out, u32 targets, u32 row_bytes, const Mix<typename Element<T>::Arith>* mixes,
                                      u32 samples_at) {
    using A = typename Element<T>::Arith;
    const auto load = [&](auto tag, const Mix<A>& mix, u32 byte, auto& low, auto& high) {
        using W = decltype(tag);
        const unsigned char* const at = staged + ((mix.place & MIX_PLACE) + byte);
        low = *reinterpret_cast<const W*>(at);
        high = *reinterpret_cast<const W*>(mix.place & MIX_BOTH ? at + row_bytes : at);
    };
    const auto value = [&](const Mix<A>* mix, u32 byte) {
        T low, high;
        load(T(), *mix, byte, low, high);
        return mix_elements(low, high, *mix);
    };
    // A warp's stores are whole lines: `to` is aligned to its word, and the first warp's to 128 bytes. Of which target a
    // word is and which of that one's bytes, `mix` and `byte`.
    constexpr u32 WORD = sizeof(T) < 4 ? 4 : sizeof(T);
    const u32 bytes = targets * row_bytes;
    const u32 step = blockDim.x * WORD;
    i32 at = i32(threadIdx.x * WORD) - i32(u32(reinterpret_cast<u64>(out)) % 128);
    if constexpr (sizeof(T) == 2) {
        if (at == -2) out[0] = value(mixes, 0);
    }
    if (at < 0) at += step;
    const u32 targets_on = quotient(step, row_bytes);
    const u32 bytes_on = step - targets_on * row_bytes;
    const u32 first = quotient(at, row_bytes);
    const Mix<A>* mix = mixes + first;
    u32 byte = at - first * row_bytes;
    unsigned char* to = reinterpret_cast<unsigned char*>(out) + at;
    const auto go_on = [&] {
        to += step;
        mix += targets_on;
        byte += bytes_on;
        if (byte >= row_bytes) {
            byte -= row_bytes;
            ++mix;
        }
    };
    i32 left = i32(bytes) - at;
    if constexpr (sizeof(T) >= 4) {
        for (; left > 3 * i32(step); left -= 4 * step) {
#pragma unroll
            for (int k = 0; k < 4; ++k, go_on()) *reinterpret_cast<T*>(to) = value(mix, byte);
        }
#pragma unroll 1
        for (; left > 0; left -= step, go_on()) *reinterpret_cast<T*>(to) = value(mix, byte);
    } else if ((row_bytes | u32(at) | samples_at) % 4 == 0) {
        // Both elements of a word are of one target, and their samples words too.
#pragma unroll 2
        for (; left > 0; left -= step, go_on()) {
            const Mix<A> m = *mix;
            u32 a, b;
            load(u32(), m, byte, a, b);
            const T low = mix_elements(T{u16(a)}, T{u16(b)}, m);
            const T high = mix_elements(T{u16(a >> 16)}, T{u16(b >> 16)}, m);
            *reinterpret_cast<u32*>(to) = u32(low.bits) | u32(high.bits) << 16;
        }
    } else {
#pragma unroll 2
        for (; left > 0; left -= step, go_on()) {
            const T low = value(mix, byte);
            if (left > 2) {
                const bool wraps = byte + 2 == row_bytes;
                const T high = value(wraps ? mix + 1 : mix, wraps ? 0 : byte + 2);
                *reinterpret_cast<u32*>(to) = u32(low.bits) | u32(high.bits) << 16;
            } else {
                *reinterpret_cast<T*>(to) = low;
            }
        }
    }
}

template <class T>
__device__ __forceinline__ void span(const Params& p) {
    using A = typename Element<T>::Arith;
    __shared__ u64 arrival[2];
    __shared__ int lowest, highest;
    const u32 t = threadIdx.x;
    if (t == 0) {
        open_arrival(&arrival[0]);
        open_arrival(&arrival[1]);
        lowest = 0x7fffffff;
        highest = -1;
    }
    const Part part = part_of(p);
    const u32 columns = u32(p.columns);
    const u32 row_bytes = columns * sizeof(T);
    const bool whole = p.samples <= i64(p.capacity);
    const RowSpan row = row_span(p, part.first_row);
    const T* const data = static_cast<const T*>(p.data) + row_start(p, part.first_row, row);

    // Shared memory: mixes, a row of fill values, a row of NaN, then times, then samples.
    Mix<A>* const mixes = reinterpret_cast<Mix<A>*>(staged);
    const u32 fill_at = (p.group > 1 ? p.group * u32(p.targets) : p.tile) * sizeof(Mix<A>);
    const u32 times_at = rounded_up(fill_at + 2 * row_bytes);
    u32 data_at = times_at;
    u32 samples_at = 0;
    const u32 targets = part.targets;
    const auto row_of = [&](u32 t) { return part.rows > 1 ? t / u32(p.targets) : 0; };
    int low = 0x7fffffff;
    int high = -1;

    with_time_type(p.time_type, [&](auto tag) {
        using X = decltype(tag);
        const Knots<X> knots = source_knots<X>(p, part.first_row, row);
        // The times of all rows, or of a part of the one.
        int first = 0;
        int count = part.rows == 1 ? row.count : int(p.samples);
        if (!whole) {
            count = min(row.count, int(p.capacity));
            first = expected(p, part.first_target, part.targets, row.count, count);
        }
        u32 near_at = 0;
        if (knots.times) {
            const bool one_axis = p.source.row_stride == 0;
            near_at = stage(times_at, knots.times + first, one_axis ? count : count * part.rows, &arrival[0]);
            data_at += rounded_up((one_axis ? 1 : p.group) * min(u32(p.samples), p.capacity) * u32(sizeof(X))) + LINE;
        }
        if (whole) samples_at = stage(data_at, data, count * part.rows * columns, &arrival[1]);
        const auto time_of = [&](u32 t, u32 r) {
            return target_time<X>(p, part.first_row + r, part.first_target + (t - r * u32(p.targets)));
        };
        X q = t < targets ? time_of(t, row_of(t)) : X();
        if (rarely((p.flags & CHECK_TIMES) && part.first_target == 0)) {
            for (int r = t / 32; r < part.rows; r += blockDim.x / 32) {
                check_times<X>(p, part.first_row + r, row_span(p, part.first_row + r));
            }
        }
        for (u32 i = t; i < 2 * columns; i += blockDim.x) {
            reinterpret_cast<T*>(staged + fill_at)[i] = missing_element<T>(i < columns ? FILL : NOT_A_TIME, p.fill);
        }
        __syncthreads();
        if (knots.times) wait_arrival(&arrival[0], 0);
#pragma unroll 1
        for (u32 mine = t; mine < targets;) {
            const u32 r = row_of(mine);
            const i64 batch = part.first_row + r;
            const i64 target = part.first_target + (mine - r * u32(p.targets));
            const int all = r ? row_span(p, batch).count : row.count;
            const X* const near = reinterpret_cast<const X*>(staged + near_at) + (p.source.row_stride ? r * u32(p.samples) : 0);
            const int n = whole ? all : count;
            Bracket<A> b;
            if (rarely(!knots.times)) {
                b = decide<A>(p, batch, target, knots, all, q, last_not_after_on(knots, all, q));
            } else if (rarely(!whole && !is_near(NearKnots<X>{near}, first, n, all, q))) {
                b = decide<A>(p, batch, target, knots, all, q, last_not_after(knots, all, q));
            } else {
                const int i = first + last_not_after(NearKnots<X>{near}, n, q);
                b = decide<A>(p, batch, target, NearKnots<X>{near - first}, all, q, i);
            }
            if (b.low < 0) {
                mixes[mine] = mix_at<A>(b.low == FILL ? MIX_FILL : MIX_NAN);
            } else {
                mixes[mine] = mix_of(b, samples_at + (r * u32(p.samples) + b.low) * row_bytes);
                low = min(low, b.low);
                high = max(high, b.high);
            }
            mine += blockDim.x;
            if (mine < targets) q = time_of(mine, row_of(mine));
        }
    });

    T* const out = static_cast<T*>(p.out) + part.first_row * p.out_stride[0] + part.first_target * p.out_stride[1];
    u32 skipped = 0;
    if (!whole) {
        low = __reduce_min_sync(ALL, low);
        high = __reduce_max_sync(ALL, high);
        if (t % 32 == 0) {
            atomicMin(&lowest, low);
            atomicMax(&highest, high);
        }
        __syncthreads();
        const int run = highest < 0 ? 0 : highest - lowest + 1;
        if (rarely(run > int(p.capacity))) {
            // Targets in no order, or thicker in samples than expected.
#pragma unroll 1
            for (u32 i = t; i < targets * columns; i += blockDim.x) {
                const Mix<A> mix = mixes[i / columns];
                const u32 place = mix.place & MIX_PLACE;
                T value;
                if (place >= MIX_FILL) {
                    value = missing_element<T>(place == MIX_FILL ? FILL : NOT_A_TIME, p.fill);
                } else {
                    const T* const from = data + place / sizeof(T) + i % columns;
                    value = mix_elements(from[0], from[mix.place & MIX_BOTH ? columns : 0], mix);
                }
                out[i] = value;
            }
            return;
        }
        skipped = run ? lowest : 0;
        samples_at = stage(data_at, data + skipped * p.columns, run * columns, &arrival[1]) - skipped * row_bytes;
    }
    // Now it is known where everything is.
    for (u32 mine = t; mine < targets; mine += blockDim.x) {
        const u32 place = mixes[mine].place & MIX_PLACE;
        if (rarely(place >= MIX_FILL)) {
            mixes[mine] = mix_at<A>(fill_at + (place == MIX_FILL ? 0 : row_bytes));
        } else if (!whole) {
            mixes[mine].place += samples_at;
        }
    }
    __syncthreads();
    wait_arrival(&arrival[1], 0);
    write<T>(out, targets, row_bytes, mixes, samples_at);
}

// The compiler is told the element type and the symbol: one image per entry of registry.toml.
extern "C" __global__ void __launch_bounds__(MAX_THREADS, 5) ENTRY(const __grid_constant__ Params p) {
    span<ELEMENT>(p);
}
