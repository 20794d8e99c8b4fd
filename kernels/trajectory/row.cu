// Few columns: a whole batch row in shared memory.
//
// Rows of a few columns are too short for wide accesses, and neighbouring targets share samples. So a
// block brings the row's times and data into shared memory by asynchronous 16-byte copies, wherever the
// row begins; searches there while the data still fly; and writes its targets' columns, which lie one
// after another, as one flat array in 16-byte stores.
#include "trajectory/blend.cuh"

constexpr int MAX_THREADS = 256;

extern __shared__ __align__(16) unsigned char staged[];

__host__ __device__ constexpr u32 rounded_up(u32 bytes) { return (bytes + 15) / 16 * 16; }

// Starts copying `count` elements to `to` (16-byte aligned, with 16 bytes to spare) and returns where
// they will be. Never touches a byte outside of the elements: what is left before the first and after
// the last aligned chunk is copied element by element.
template <class T>
__device__ __forceinline__ const T* stage(unsigned char* to, const T* from, i64 count) {
    const u32 shift = u32(reinterpret_cast<u64>(from)) & 15;
    T* const staged_at = reinterpret_cast<T*>(to + shift);
    const u32 head = min(u32((16 - shift) & 15) / u32(sizeof(T)), u32(count));
    const u32 chunks = u32((count - head) * sizeof(T) / 16);
    const u32 body = chunks * (16 / sizeof(T));
    for (u32 i = threadIdx.x; i < chunks; i += blockDim.x) {
        const u32 at = head + i * (16 / sizeof(T));
        copy_async_16(staged_at + at, from + at);
    }
#pragma unroll 1
    for (u32 i = threadIdx.x; i < head; i += blockDim.x) staged_at[i] = from[i];
#pragma unroll 1
    for (u32 i = head + body + threadIdx.x; i < count; i += blockDim.x) staged_at[i] = from[i];
    return staged_at;
}

template <class T>
__device__ __forceinline__ void row(const Params& p) {
    using A = typename Element<T>::Arith;
    const i64 batch = blockIdx.x / p.tiles;
    const u32 tile = blockIdx.x % p.tiles;
    const i64 first_target = i64(tile) * p.tile;
    const int targets = int(min(i64(p.tile), p.targets - first_target));
    const RowSpan span = row_span(p, batch);
    const u32 columns = u32(p.columns);

    // Shared memory: brackets, then times, then data.
    Bracket<A>* const brackets = reinterpret_cast<Bracket<A>*>(staged);
    unsigned char* const times_at = staged + rounded_up(p.tile * sizeof(Bracket<A>));
    const T* data;

    with_time_type(p.time_type, [&](auto tag) {
        using X = decltype(tag);
        if (rarely((p.flags & CHECK_TIMES) && tile == 0 && threadIdx.x < 32)) check_times<X>(p, batch, span);
        Knots<X> knots = source_knots<X>(p, batch, span);
        unsigned char* data_at = times_at;
        if (knots.times) {
            data_at += rounded_up(u32(p.samples) * sizeof(X)) + 16;
            knots.times = stage(times_at, knots.times, span.count);
            knots.stride = 1;
        }
        commit_copies();
        data = stage(data_at, static_cast<const T*>(p.data) + row_start(p, batch, span), i64(span.count) * columns);
        commit_copies();
        wait_copies<1>();
        __syncthreads();
#pragma unroll 1
        for (int t = threadIdx.x; t < targets; t += blockDim.x) {
            const X q = target_time<X>(p, batch, first_target + t);
            const int i = last_not_after_on(knots, span.count, q);
            brackets[t] = decide<A>(p, batch, first_target + t, knots, span.count, q, i);
        }
    });
    wait_copies<0>();
    __syncthreads();

    T* const out = static_cast<T*>(p.out) + batch * p.out_stride[0] + first_target * p.out_stride[1];
    const u32 count = targets * columns;
    const auto value = [&](u32 column, const Bracket<A>& b) {
        if (b.low < 0) return missing_element<T>(b.low, p.fill);
        const T a = data[b.low * columns + column];
        return b.high == b.low ? a : blend_elements(a, data[b.high * columns + column], b.weight);
    };
    const auto write_one = [&](u32 i) { out[i] = value(i % columns, brackets[i / columns]); };

    constexpr u32 LANES = Chunk<T>::LANES;
    const u32 head = min(u32((16 - (reinterpret_cast<u64>(out) & 15)) & 15) / u32(sizeof(T)), count);
    const u32 chunks = (count - head) / LANES;
#pragma unroll 1
    for (u32 i = threadIdx.x; i < head; i += blockDim.x) write_one(i);
#pragma unroll 1
    for (u32 i = threadIdx.x; i < chunks; i += blockDim.x) {
        const u32 first = head + i * LANES;
        u32 target = first / columns;
        u32 column = first - target * columns;
        Bracket<A> b = brackets[target];
        Chunk<T> chunk;
#pragma unroll
        for (u32 k = 0; k < LANES; ++k) {
            chunk.lane[k] = value(column, b);
            if (++column == columns && k + 1 < LANES) {
                column = 0;
                b = brackets[++target];
            }
        }
        store_chunk(out + first, chunk.raw);
    }
#pragma unroll 1
    for (u32 i = head + chunks * LANES + threadIdx.x; i < count; i += blockDim.x) write_one(i);
}

// The compiler is told the element type and the symbol: one image per entry of registry.toml.
extern "C" __global__ void __launch_bounds__(MAX_THREADS, 4) ENTRY(const __grid_constant__ Params p) {
    row<ELEMENT>(p);
}
