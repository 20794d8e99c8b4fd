// Rows of whole 16-byte chunks: 128-bit loads and stores along the columns, several in flight.
//
// A block takes a tile of up to 32 targets of one batch row, and has no barrier: each of its warps searches for all
// of the tile's targets, one lane then decides about one target, and brackets go round by shuffles. (Searching
// costs waiting, not work: that the other warps do it too is free, and they find the times in the cache.) The tile
// is then one flat list of chunks that the block walks through from front to back, so that what is in flight lies
// close together in memory.
#include "trajectory/blend.cuh"
#include "trajectory/window.cuh"

constexpr int MAX_THREADS = 128;
constexpr u32 ALL = 0xffffffffu;

template <class T>
__device__ __forceinline__ void wide(const Params& p) {
    using A = typename Element<T>::Arith;
    // Chunks of output per thread and turn. Full multiprocessors hide the waiting without more, but for
    // the two-element chunks of doubles.
    constexpr int IN_FLIGHT = sizeof(T) == 8 ? 2 : 1;
    const i64 row = blockIdx.x / p.tiles;
    const i64 first_target = i64(blockIdx.x % p.tiles) * p.tile;
    const int targets = int(min(i64(p.tile), p.targets - first_target));
    const RowSpan span = row_span(p, row);

    __shared__ u64 windows[MAX_THREADS / 32][WINDOW];
    Bracket<A> mine;
    with_time_type(p.time_type, [&](auto tag) {
        using X = decltype(tag);
        if (rarely((p.flags & CHECK_TIMES) && first_target == 0 && threadIdx.x < 32)) check_times<X>(p, row, span);
        mine = find_near<A, X>(p, row, first_target, targets, span, reinterpret_cast<X*>(windows[threadIdx.x / 32]));
    });

    const T* data = static_cast<const T*>(p.data) + row_start(p, row, span);
    T* out = static_cast<T*>(p.out) + row * p.out_stride[0] + first_target * p.out_stride[1];
    const u32 chunks_per_row = u32(p.columns) / Chunk<T>::LANES;
    const u32 chunks = targets * chunks_per_row;
#pragma unroll 1
    for (u32 base = 0; base < chunks; base += blockDim.x * IN_FLIGHT) {
        Chunk<T> low[IN_FLIGHT], high[IN_FLIGHT];
        A weight[IN_FLIGHT];
        T* to[IN_FLIGHT];
        bool between[IN_FLIGHT];
#pragma unroll
        for (int k = 0; k < IN_FLIGHT; ++k) {
            const u32 chunk = base + k * blockDim.x + threadIdx.x;
            const bool inside = chunk < chunks;
            const u32 target = inside ? chunk / chunks_per_row : 0;
            const i64 column = i64(chunk - target * chunks_per_row) * Chunk<T>::LANES;
            // By all lanes of the warp, so not behind a condition.
            const int low_row = __shfl_sync(ALL, mine.low, target);
            const int high_row = __shfl_sync(ALL, mine.high, target);
            weight[k] = __shfl_sync(ALL, mine.weight, target);
            between[k] = inside && high_row != low_row;
            to[k] = inside ? out + target * p.out_stride[1] + column : nullptr;
            if (low_row < 0) {
#pragma unroll
                for (int j = 0; j < Chunk<T>::LANES; ++j) low[k].lane[j] = missing_element<T>(low_row, p.fill);
            } else if (inside) {
                low[k].raw = load_chunk(data + low_row * p.data_stride[1] + column);
            }
            if (between[k]) high[k].raw = load_chunk(data + high_row * p.data_stride[1] + column);
        }
#pragma unroll
        for (int k = 0; k < IN_FLIGHT; ++k) {
            if (between[k]) {
#pragma unroll
                for (int j = 0; j < Chunk<T>::LANES; ++j) {
                    low[k].lane[j] = blend_elements(low[k].lane[j], high[k].lane[j], weight[k]);
                }
            }
            if (to[k]) store_chunk(to[k], low[k].raw);
        }
    }
}

// Blocks per multiprocessor that registers have to leave room for: as many as go without spilling.
constexpr int MIN_BLOCKS = sizeof(ELEMENT) == 8 ? 8 : 10;

// The compiler is told the element type and the symbol: one image per entry of registry.toml.
extern "C" __global__ void __launch_bounds__(MAX_THREADS, MIN_BLOCKS) ENTRY(const __grid_constant__ Params p) {
    wide<ELEMENT>(p);
}
