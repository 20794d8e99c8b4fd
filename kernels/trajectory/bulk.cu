// Rows of whole 16-byte chunks, brought into shared memory by the copy engine.
//
// A block takes a tile of targets of one batch row. One warp finds their brackets and has the samples copied: as one
// run from the first to the last where that is no longer than two samples a target, so that neighbouring targets
// share them; else each target's own. Then all threads walk over the tile as one flat list of chunks. What does not
// fit the shared memory at once, as targets came thicker than expected or in no order, takes several turns.
#include "trajectory/mix.cuh"
#include "trajectory/window.cuh"

constexpr int MAX_THREADS = 128;
constexpr u32 ALL = 0xffffffffu;

// The copy engine is fastest where a line of memory becomes one of shared memory.
extern __shared__ __align__(128) unsigned char staged[];

// Has the samples copied of as many targets as fit, from number `done` on, and says how many those are. The work of
// one warp, whose lane t has the bracket of target t.
template <class T, class A>
__device__ __forceinline__ int stage(const Params& p, const T* data, const Bracket<A>& b, int done, int targets, T* to,
                                     Mix<A>* mixes, u64* arrival) {
    const int lane = threadIdx.x;
    const bool due = lane >= done && lane < targets;
    const auto mix_or_missing = [](const Bracket<A>& b, u32 place) {
        return b.low < 0 ? mix_at<A>(b.low == FILL ? MIX_FILL : MIX_NAN) : mix_of(b, place);
    };
    const int samples = due && b.low >= 0 ? 1 + (b.low != b.high) : 0;
    const u32 columns = u32(p.columns);
    const u32 bytes = columns * sizeof(T);
    const int first = __reduce_min_sync(ALL, samples ? b.low : 0x7fffffff);
    const int last = __reduce_max_sync(ALL, samples ? b.high : -1);
    const int run = last < first ? 0 : last - first + 1;
    const bool together = run <= min(int(p.capacity), 2 * (targets - done) + 1);
    const int some = together ? targets - done : min(int(p.capacity) / 2, targets - done);
    if (together) {
        if (lane == 0) expect_arrival(arrival, run * bytes);
        __syncwarp();
        if (p.data_stride[1] == p.columns) {
            if (lane == 0 && run) copy_bulk(to, data + first * p.data_stride[1], run * bytes, arrival);
        } else {
#pragma unroll 1
            for (int r = lane; r < run; r += 32) {
                copy_bulk(to + r * columns, data + (first + r) * p.data_stride[1], bytes, arrival);
            }
        }
        if (due) mixes[lane] = mix_or_missing(b, (b.low - first) * columns);
    } else {
        const bool now = lane < done + some;
        const int all = __reduce_add_sync(ALL, now ? samples : 0);
        if (lane == 0) expect_arrival(arrival, all * bytes);
        __syncwarp();
        const u32 at = 2 * (lane - done) * columns;
        if (now && samples > 0) copy_bulk(to + at, data + b.low * p.data_stride[1], bytes, arrival);
        if (now && samples > 1) copy_bulk(to + at + columns, data + b.high * p.data_stride[1], bytes, arrival);
        if (now && due) mixes[lane] = mix_or_missing(b, at);
    }
    return some;
}

template <class T>
__device__ __forceinline__ void bulk(const Params& p) {
    using A = typename Element<T>::Arith;
    __shared__ u64 arrival;
    __shared__ int now;
    __shared__ Mix<A> mixes[32];
    __shared__ u64 window[WINDOW];
    T* const samples = reinterpret_cast<T*>(staged);
    const i64 row = blockIdx.x / p.tiles;
    const i64 first_target = i64(blockIdx.x % p.tiles) * p.tile;
    const int targets = int(min(i64(p.tile), p.targets - first_target));
    const RowSpan span = row_span(p, row);
    const T* const data = static_cast<const T*>(p.data) + row_start(p, row, span);
    const bool searches = threadIdx.x < 32;

    Bracket<A> mine;
    if (searches) {
        if (threadIdx.x == 0) open_arrival(&arrival);
        with_time_type(p.time_type, [&](auto tag) {
            using X = decltype(tag);
            if (rarely((p.flags & CHECK_TIMES) && first_target == 0)) check_times<X>(p, row, span);
            mine = find_near<A, X>(p, row, first_target, targets, span, reinterpret_cast<X*>(window));
        });
    }
    constexpr u32 LANES = Chunk<T>::LANES;
    T* const out = static_cast<T*>(p.out) + row * p.out_stride[0] + first_target * p.out_stride[1];
    const u32 chunks_per_row = u32(p.columns) / LANES;
    const u32 rows_on = blockDim.x / chunks_per_row;
    const u32 chunks_on = blockDim.x - rows_on * chunks_per_row;
    const u32 first_row = threadIdx.x / chunks_per_row;
    const u32 first_chunk = threadIdx.x - first_row * chunks_per_row;
#pragma unroll 1
    for (int done = 0, turn = 0; done < targets; turn ^= 1) {
        if (searches) {
            const int some = stage(p, data, mine, done, targets, samples, mixes, &arrival);
            if (threadIdx.x == 0) now = some;
        }
        __syncthreads();
        wait_arrival(&arrival, turn);
        const u32 end = done + now;
        u32 chunk = first_chunk;
#pragma unroll 2
        for (u32 target = done + first_row; target < end;) {
            const Mix<A> mix = mixes[target];
            Chunk<T> value;
            const u32 place = mix.place & MIX_PLACE;
            if (rarely(place >= MIX_FILL)) {
#pragma unroll
                for (u32 j = 0; j < LANES; ++j) value.lane[j] = missing_element<T>(place == MIX_FILL ? FILL : NOT_A_TIME, p.fill);
            } else {
                const T* const low = samples + place + chunk * LANES;
                Chunk<T> other;
                value.raw = *reinterpret_cast<const uint4*>(low);
                other.raw = *reinterpret_cast<const uint4*>(mix.place & MIX_BOTH ? low + u32(p.columns) : low);
#pragma unroll
                for (u32 j = 0; j < LANES; ++j) value.lane[j] = mix_elements(value.lane[j], other.lane[j], mix);
            }
            store_chunk(out + target * p.out_stride[1] + chunk * LANES, value.raw);
            target += rows_on;
            chunk += chunks_on;
            if (chunk >= chunks_per_row) {
                chunk -= chunks_per_row;
                ++target;
            }
        }
        done = end;
        if (done < targets) {
            before_bulk();
            __syncthreads();
        }
    }
}

// The compiler is told the element type and the symbol: one image per entry of registry.toml.
extern "C" __global__ void __launch_bounds__(MAX_THREADS, 8) ENTRY(const __grid_constant__ Params p) {
    bulk<ELEMENT>(p);
}
