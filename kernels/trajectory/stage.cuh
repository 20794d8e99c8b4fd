// A block's share of a request, and its samples and times in shared memory by the copy engine.
#pragma once
#include "trajectory/mix.cuh"
#include "trajectory/window.cuh"

constexpr u32 ALL = 0xffffffffu;

extern __shared__ __align__(128) unsigned char staged[];

// The copy engine is fastest where a line of memory becomes one of shared memory.
constexpr u32 LINE = 128;

__host__ __device__ constexpr u32 rounded_up(u32 bytes) { return (bytes + LINE - 1) / LINE * LINE; }

// Starts copying `count` elements to byte `at` of shared memory, which is a line's first, with a line to spare.
// Returns the byte where they will be once all threads have met at a barrier and `arrival` has had its turn. Never
// touches memory outside of the elements: what is left before the first and after the last whole chunk of 16 bytes is
// copied element by element. The work of the first warp.
template <class T>
__device__ __forceinline__ u32 stage_at(u32 at, const T* from, u32 count, u64* arrival) {
    const u32 shift = u32(reinterpret_cast<u64>(from)) % LINE;
    if (threadIdx.x < 32) {
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

// The barriers of a block's copies, and which samples its targets lie between.
struct Stage {
    u64 times;
    u64 samples;
    int lowest;
    int highest;
};

// By one thread, before anything is staged; the others see it behind the barrier in `each_target`.
__device__ __forceinline__ void open(Stage& stage) {
    open_arrival(&stage.times);
    open_arrival(&stage.samples);
    stage.lowest = 0x7fffffff;
    stage.highest = -1;
}

// Where a block's copies lie, in bytes of shared memory.
struct Places {
    u32 times;   // from here on, a line's first byte
    u32 data;    // behind them
    u32 samples; // where the first of `data` is, once it is known
};

// Whether there is room for all samples of the block's batch rows, or at least for their times.
__device__ __forceinline__ bool takes_whole_rows(const Params& p) { return p.samples <= i64(p.capacity); }

__device__ __forceinline__ bool stages_whole_rows(const Params& p) { return takes_whole_rows(p) && !(p.flags & SPARSE); }

// Has times staged, of whole rows the samples too unless they are sparse, and calls `take` for each target: with its
// number in the block, its batch row and that one's number in the block, its number there, the knots, how many there
// are, its time, and the last knot not after that. `meanwhile` is what else has to be done before the block's barrier.
template <class T, class X, class M, class F>
__device__ __forceinline__ void each_target(const Params& p, const Part& part, RowSpan row, const T* data, Stage& stage,
                                            Places& places, M meanwhile, F take) {
    const bool whole = takes_whole_rows(p);
    const Knots<X> knots = source_knots<X>(p, part.first_row, row);
    // The times of all rows, or of a part of the one.
    int first = 0;
    int count = part.rows == 1 ? row.count : int(p.samples);
    if (!whole) {
        count = min(row.count, int(p.capacity));
        first = expected(p, part.first_target, part.targets, row.count, count);
    }
    u32 near_at = 0;
    places.data = places.times;
    if (knots.times) {
        const bool one_axis = p.source.row_stride == 0;
        near_at = stage_at(places.times, knots.times + first, one_axis ? count : count * part.rows, &stage.times);
        places.data += rounded_up((one_axis ? 1 : p.group) * min(u32(p.samples), p.capacity) * u32(sizeof(X))) + LINE;
    }
    if (stages_whole_rows(p)) places.samples = stage_at(places.data, data, count * part.rows * u32(p.columns), &stage.samples);

    const u32 targets = part.targets;
    const auto row_of = [&](u32 t) { return part.rows > 1 ? t / u32(p.targets) : 0; };
    const auto time_of = [&](u32 t, u32 r) {
        return target_time<X>(p, part.first_row + r, part.first_target + (t - r * u32(p.targets)));
    };
    X q = threadIdx.x < targets ? time_of(threadIdx.x, row_of(threadIdx.x)) : X();
    if (rarely((p.flags & CHECK_TIMES) && part.first_target == 0)) {
        for (int r = threadIdx.x / 32; r < part.rows; r += blockDim.x / 32) {
            check_times<X>(p, part.first_row + r, row_span(p, part.first_row + r));
        }
    }
    meanwhile();
    __syncthreads();
    if (knots.times) wait_arrival(&stage.times, 0);
#pragma unroll 1
    for (u32 t = threadIdx.x; t < targets;) {
        const u32 r = row_of(t);
        const i64 batch = part.first_row + r;
        const i64 target = part.first_target + (t - r * u32(p.targets));
        const int all = r ? row_span(p, batch).count : row.count;
        const X* const near = reinterpret_cast<const X*>(staged + near_at) + (p.source.row_stride ? r * u32(p.samples) : 0);
        const int n = whole ? all : count;
        if (rarely(!knots.times || (!whole && !is_near(NearKnots<X>{near}, first, n, all, q)))) {
            take(t, batch, r, target, knots, all, q, last_not_after_on(knots, all, q));
        } else {
            const int i = first + last_not_after(NearKnots<X>{near}, n, q);
            take(t, batch, r, target, NearKnots<X>{near - first}, all, q, i);
        }
        t += blockDim.x;
        if (t < targets) q = time_of(t, row_of(t));
    }
}

// Where not all samples of a row are staged: has those staged that lie from `low` to `high` for any of the block's
// threads. Afterwards `samples` is where the row's first one would be; false if they do not fit, as targets are in no
// order, or thicker in samples than expected.
template <class T>
__device__ __forceinline__ bool stage_between(const Params& p, const T* data, int low, int high, Stage& stage, Places& places) {
    low = __reduce_min_sync(ALL, low);
    high = __reduce_max_sync(ALL, high);
    if (threadIdx.x % 32 == 0) {
        atomicMin(&stage.lowest, low);
        atomicMax(&stage.highest, high);
    }
    __syncthreads();
    const int run = stage.highest < 0 ? 0 : stage.highest - stage.lowest + 1;
    if (run > int(p.capacity)) return false;
    const u32 skipped = run ? stage.lowest : 0;
    const u32 columns = u32(p.columns);
    places.samples = stage_at(places.data, data + skipped * p.columns, run * columns, &stage.samples) -
                     skipped * columns * u32(sizeof(T));
    return true;
}

// Copies what a block has made in shared memory to where it belongs, in chunks of 16 bytes; both begin equally far from
// one. All bytes are of values of two bytes or more.
__device__ __forceinline__ void copy_on(unsigned char* to, const unsigned char* from, u32 bytes) {
    const u32 head = min((0 - u32(reinterpret_cast<u64>(to))) % 16, bytes);
    const u32 tail = head + (bytes - head) / 16 * 16;
#pragma unroll 2
    for (u32 at = head + threadIdx.x * 16; at < tail; at += blockDim.x * 16) {
        store_chunk(to + at, *reinterpret_cast<const uint4*>(from + at));
    }
    const auto copy_pair = [&](u32 at) { *reinterpret_cast<u16*>(to + at) = *reinterpret_cast<const u16*>(from + at); };
    const u32 at = threadIdx.x * 2;
    if (at < head) copy_pair(at);
    if (tail + at < bytes) copy_pair(tail + at);
}

// a / b for numbers below 2^22, without the integer division's many steps.
__device__ __forceinline__ u32 quotient(u32 a, u32 b) {
    u32 q = u32(__fdividef(float(a), float(b)));
    if (q * b > a) --q;
    if ((q + 1) * b <= a) ++q;
    return q;
}
