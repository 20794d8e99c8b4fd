// Rows of whole 16-byte chunks: 128-bit loads and stores along the columns, several in flight.
//
// A block takes a tile of targets of one batch row. Where the row's times are few they are brought
// into shared memory by one coalesced read and searched there by single threads; where they are many,
// whole warps search in place. Then the tile is one flat list of chunks.
#include "trajectory/blend.cuh"

constexpr int THREADS = 256;
constexpr int WARPS = THREADS / 32;
constexpr int MAX_TILE = 64;
constexpr int IN_FLIGHT = 4; // chunks of output per thread and turn: up to twice as many loads

extern __shared__ __align__(16) unsigned char staged[];

template <class A, class X>
__device__ __forceinline__ void find_brackets(const Params& p, i64 row, i64 first_target, int targets, RowSpan span,
                                              Bracket<A>* brackets) {
    Knots<X> knots = source_knots<X>(p, row, span);
    if (knots.times && !(p.flags & STAGE_TIMES)) {
#pragma unroll 1
        for (int t = threadIdx.x / 32; t < targets; t += WARPS) {
            const X q = target_time<X>(p, row, first_target + t);
            const int i = last_not_after_by_warp(knots, span.count, q);
            if (threadIdx.x % 32 == 0) settle(p, knots, span.count, row, first_target + t, q, i, &brackets[t]);
        }
        return;
    }
    const int t = threadIdx.x;
    const X q = t < targets ? target_time<X>(p, row, first_target + t) : X();
    if (knots.times) {
        X* const times = reinterpret_cast<X*>(staged);
        for (int i = t; i < span.count; i += THREADS) times[i] = knots.times[i * knots.stride];
        __syncthreads();
        knots.times = times;
        knots.stride = 1;
    }
    if (t < targets) {
        settle(p, knots, span.count, row, first_target + t, q, search(knots, span.count, q), &brackets[t]);
    }
}

template <class T>
__device__ __forceinline__ void wide(const Params& p) {
    using A = typename Element<T>::Arith;
    __shared__ Bracket<A> brackets[MAX_TILE];
    const i64 row = blockIdx.x / p.tiles;
    const u32 tile = blockIdx.x % p.tiles;
    const i64 first_target = i64(tile) * p.tile;
    const int targets = int(min(i64(p.tile), p.targets - first_target));
    const RowSpan span = row_span(p, row);

    with_time_type(p.time_type, [&](auto tag) {
        using X = decltype(tag);
        if ((p.flags & CHECK_TIMES) && tile == 0) check_times<X>(p, row, span);
        find_brackets<A, X>(p, row, first_target, targets, span, brackets);
    });
    __syncthreads();

    const T* data = static_cast<const T*>(p.data) + row_start(p, row, span);
    T* out = static_cast<T*>(p.out) + row * p.out_stride[0] + first_target * p.out_stride[1];
    const u32 chunks_per_row = u32(p.columns) / Chunk<T>::LANES;
    const u32 chunks = targets * chunks_per_row;
    Chunk<T> fill;
#pragma unroll
    for (int k = 0; k < Chunk<T>::LANES; ++k) fill.lane[k] = fill_element<T>(p.fill);

#pragma unroll 1
    for (u32 base = threadIdx.x; base < chunks; base += THREADS * IN_FLIGHT) {
        Chunk<T> low[IN_FLIGHT], high[IN_FLIGHT];
        Bracket<A> bracket[IN_FLIGHT];
        u32 target[IN_FLIGHT], lane[IN_FLIGHT];
#pragma unroll
        for (int k = 0; k < IN_FLIGHT; ++k) {
            const u32 chunk = base + k * THREADS;
            if (chunk >= chunks) continue;
            target[k] = chunk / chunks_per_row;
            lane[k] = (chunk - target[k] * chunks_per_row) * Chunk<T>::LANES;
            const Bracket<A> b = bracket[k] = brackets[target[k]];
            low[k] = fill;
            if (b.low >= 0) low[k].raw = load_chunk(data + b.low * p.data_stride[1] + lane[k]);
            if (b.high != b.low) high[k].raw = load_chunk(data + b.high * p.data_stride[1] + lane[k]);
        }
#pragma unroll
        for (int k = 0; k < IN_FLIGHT; ++k) {
            if (base + k * THREADS >= chunks) continue;
            if (bracket[k].high != bracket[k].low) {
#pragma unroll
                for (int j = 0; j < Chunk<T>::LANES; ++j) {
                    low[k].lane[j] = blend_elements(low[k].lane[j], high[k].lane[j], bracket[k].weight);
                }
            }
            store_chunk(out + target[k] * p.out_stride[1] + lane[k], low[k].raw);
        }
    }
}

// The compiler is told the element type and the symbol: one image per entry of registry.toml.
extern "C" __global__ void __launch_bounds__(THREADS) ENTRY(const __grid_constant__ Params p) {
    wide<ELEMENT>(p);
}
