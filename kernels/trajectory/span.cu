// Few columns: samples in shared memory by the copy engine.
//
// Rows of a few columns are too short for wide accesses, and neighbouring targets share samples. So a block, a thread
// of it for each target, has the samples that its targets lie between brought into shared memory, where they follow
// each other as they do in memory, and writes its values, which lie one after another too, as one flat array. A block
// takes several batch rows if they are short, or one; of a row that does not fit, or has too many targets, it takes a
// tile of the targets: then first the times where those are expected, and then the samples they turn out to need. Where
// most samples lie between targets that do not need them, they are read from where they are. Narrow rows that are no
// whole chunks of 16 bytes are made a target by a thread, in shared memory too.
#include "trajectory/stage.cuh"

constexpr int MAX_THREADS = 256;

// Whether a thread makes a target's whole row. The threads' rows of whole chunks would lie in few banks of shared memory;
// the host reckons the same.
constexpr u32 NARROW_BYTES = 64;
__device__ __forceinline__ bool is_narrow(u32 row_bytes) { return row_bytes <= NARROW_BYTES && row_bytes % 16 != 0; }

// The values of a block's targets, one after another from `out` on. Mixes' places are bytes of shared memory, where the
// first sample is or would be at `samples`; if STRAIGHT they are bytes behind `samples`, and what stands for values
// without samples is in shared memory from `fill_at` on.
template <class T, bool STRAIGHT>
__device__ __forceinline__ void write(T* out, u32 targets, u32 row_bytes, const Mix<typename Element<T>::Arith>* mixes,
                                      const unsigned char* samples, u32 fill_at) {
    using A = typename Element<T>::Arith;
    const auto load = [&](auto tag, const Mix<A>& mix, u32 byte, auto& low, auto& high) {
        using W = decltype(tag);
        const u32 place = mix.place & MIX_PLACE;
        if (STRAIGHT && rarely(place >= MIX_FILL)) {
            low = high = *reinterpret_cast<const W*>(staged + fill_at + (place == MIX_FILL ? 0 : row_bytes) + byte);
            return;
        }
        const unsigned char* const at = STRAIGHT ? samples + place + byte : staged + (place + byte);
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
        // In flight at a time: as many as registers are left for.
        constexpr int TURNS = 4;
        for (; left > (TURNS - 1) * i32(step); left -= TURNS * step) {
#pragma unroll
            for (int k = 0; k < TURNS; ++k, go_on()) *reinterpret_cast<T*>(to) = value(mix, byte);
        }
#pragma unroll 1
        for (; left > 0; left -= step, go_on()) *reinterpret_cast<T*>(to) = value(mix, byte);
    } else if ((row_bytes | u32(at) | u32(reinterpret_cast<u64>(samples))) % 4 == 0) {
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

// Apart from the rest, whose registers it would take.
template <class T>
__device__ __noinline__ void write_straight(T* out, u32 targets, u32 row_bytes,
                                            const Mix<typename Element<T>::Arith>* mixes, const unsigned char* samples,
                                            u32 fill_at) {
    write<T, true>(out, targets, row_bytes, mixes, samples, fill_at);
}

// As `write`, of narrow rows: each thread makes those of the targets that it has searched for, at `rows_at` in shared
// memory, from where all copy them on. Mixes' places are counted from byte `samples` of shared memory.
template <class T>
__device__ __forceinline__ void write_narrow(T* out, u32 targets, u32 columns, const Mix<typename Element<T>::Arith>* mixes,
                                             u32 samples, u32 fill_at, u32 rows_at) {
    using A = typename Element<T>::Arith;
    const u32 row_bytes = columns * sizeof(T);
    unsigned char* const rows = staged + rows_at + u32(reinterpret_cast<u64>(out)) % 16;
#pragma unroll 1
    for (u32 t = threadIdx.x; t < targets; t += blockDim.x) {
        const Mix<A> mix = mixes[t];
        const u32 place = mix.place & MIX_PLACE;
        u32 from = samples + place;
        if (rarely(place >= MIX_FILL)) from = fill_at + (place == MIX_FILL ? 0 : row_bytes);
        const T* const low = reinterpret_cast<const T*>(staged + from);
        T* const to = reinterpret_cast<T*>(rows + t * row_bytes);
        if (mix.place & MIX_BOTH) {
            const T* const high = low + columns;
#pragma unroll 4
            for (u32 c = 0; c < columns; ++c) to[c] = mix_both(low[c], high[c], mix);
        } else {
#pragma unroll 4
            for (u32 c = 0; c < columns; ++c) to[c] = low[c];
        }
    }
    __syncthreads();
    copy_on(reinterpret_cast<unsigned char*>(out), rows, targets * row_bytes);
}

template <class T>
__device__ __forceinline__ void span(const Params& p) {
    using A = typename Element<T>::Arith;
    __shared__ Stage stage;
    if (threadIdx.x == 0) open(stage);
    const Part part = part_of(p);
    const u32 targets = part.targets;
    const u32 columns = u32(p.columns);
    const u32 row_bytes = columns * sizeof(T);
    const RowSpan row = row_span(p, part.first_row);
    const T* const data = static_cast<const T*>(p.data) + row_start(p, part.first_row, row);

    // Shared memory: mixes, a row of fill values, a row of NaN, rows if they are narrow, then times, then samples.
    Mix<A>* const mixes = reinterpret_cast<Mix<A>*>(staged);
    const u32 room = p.group > 1 ? p.group * u32(p.targets) : p.tile;
    const u32 fill_at = room * sizeof(Mix<A>);
    const bool narrow = is_narrow(row_bytes) && !(p.flags & SPARSE);
    const u32 rows_at = (fill_at + 2 * row_bytes + 15) / 16 * 16;
    Places places{rounded_up(narrow ? rows_at + room * row_bytes + 16 : fill_at + 2 * row_bytes), 0, 0};
    int low = 0x7fffffff;
    int high = -1;

    with_time_type(p.time_type, [&](auto tag) {
        using X = decltype(tag);
        const auto write_missing = [&] {
            for (u32 i = threadIdx.x; i < 2 * columns; i += blockDim.x) {
                reinterpret_cast<T*>(staged + fill_at)[i] = missing_element<T>(i < columns ? FILL : NOT_A_TIME, p.fill);
            }
        };
        each_target<T, X>(p, part, row, data, stage, places, write_missing,
                          [&](u32 t, i64 batch, u32 r, i64 target, const auto& knots, int count, X q, int i) {
            const Bracket<A> b = decide<A>(p, batch, target, knots, count, q, i);
            if (b.low < 0) {
                mixes[t] = mix_at<A>(b.low == FILL ? MIX_FILL : MIX_NAN);
            } else {
                mixes[t] = mix_of(b, places.samples + (r * u32(p.samples) + b.low) * row_bytes);
                low = min(low, b.low);
                high = max(high, b.high);
            }
        });
    });

    T* const out = static_cast<T*>(p.out) + part.first_row * p.out_stride[0] + part.first_target * p.out_stride[1];
    const bool whole = stages_whole_rows(p);
    if (!whole && ((p.flags & SPARSE) || rarely(!stage_between(p, data, low, high, stage, places)))) {
        __syncthreads();
        write_straight<T>(out, targets, row_bytes, mixes, reinterpret_cast<const unsigned char*>(data), fill_at);
        return;
    }
    if (narrow) {
        if (!whole) __syncthreads();
        wait_arrival(&stage.samples, 0);
        write_narrow<T>(out, targets, columns, mixes, whole ? 0 : places.samples, fill_at, rows_at);
        return;
    }
    // Now it is known where everything is.
    for (u32 t = threadIdx.x; t < targets; t += blockDim.x) {
        const u32 place = mixes[t].place & MIX_PLACE;
        if (rarely(place >= MIX_FILL)) {
            mixes[t] = mix_at<A>(fill_at + (place == MIX_FILL ? 0 : row_bytes));
        } else if (!whole) {
            mixes[t].place += places.samples;
        }
    }
    __syncthreads();
    wait_arrival(&stage.samples, 0);
    write<T, false>(out, targets, row_bytes, mixes, staged + places.samples, fill_at);
}

// The compiler is told the element type and the symbol: one image per entry of registry.toml.
extern "C" __global__ void __launch_bounds__(MAX_THREADS, sizeof(ELEMENT) == 8 ? 4 : 5) ENTRY(const __grid_constant__ Params p) {
    span<ELEMENT>(p);
}
