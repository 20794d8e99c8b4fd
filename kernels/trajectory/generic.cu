// Any strides, alignment, column count and pair of float types.
//
// A block takes a tile of targets of one batch row: each thread searches for some of them, then all
// threads walk over the tile's (target, column) pairs. The type of the values is looked at per element,
// outside of any arithmetic; the kernel is bound by memory all the same.
#include "trajectory/blend.cuh"

__device__ __forceinline__ void store_from(void* out, i64 at, u32 dtype, float value) {
    switch (dtype) {
        case DTYPE_F16: static_cast<f16*>(out)[at] = Element<f16>::narrow(value); break;
        case DTYPE_BF16: static_cast<bf16*>(out)[at] = Element<bf16>::narrow(value); break;
        case DTYPE_F32: static_cast<float*>(out)[at] = value; break;
        default: static_cast<double*>(out)[at] = value; break;
    }
}
// A double on its way to 16 bits: truncated to a float whose last bit is set if anything was lost
// (rounding to odd), so that the second rounding ends where a single one would have.
__device__ __forceinline__ float toward_odd(double value) {
    const float truncated = __double2float_rz(value);
    return double(truncated) == value ? truncated : __uint_as_float(__float_as_uint(truncated) | 1u);
}

__device__ __forceinline__ void store_from(void* out, i64 at, u32 dtype, double value) {
    switch (dtype) {
        case DTYPE_F16: static_cast<f16*>(out)[at] = Element<f16>::narrow(toward_odd(value)); break;
        case DTYPE_BF16: static_cast<bf16*>(out)[at] = Element<bf16>::narrow(toward_odd(value)); break;
        case DTYPE_F32: static_cast<float*>(out)[at] = __double2float_rn(value); break;
        default: static_cast<double*>(out)[at] = value; break;
    }
}

__device__ __forceinline__ void store_missing(const Params& p, i64 at, int low) {
    switch (p.out_dtype) {
        case DTYPE_F16: static_cast<f16*>(p.out)[at] = missing_element<f16>(low, p.fill); break;
        case DTYPE_BF16: static_cast<bf16*>(p.out)[at] = missing_element<bf16>(low, p.fill); break;
        case DTYPE_F32: static_cast<float*>(p.out)[at] = missing_element<float>(low, p.fill); break;
        default: static_cast<double*>(p.out)[at] = missing_element<double>(low, p.fill); break;
    }
}

constexpr int THREADS = 256;
constexpr int MAX_TILE = 256;

template <class T>
__device__ __forceinline__ void generic(const Params& p) {
    using E = Element<T>;
    using A = typename E::Arith;
    __shared__ Bracket<A> brackets[MAX_TILE];
    const i64 row = blockIdx.x / p.tiles;
    const u32 tile = blockIdx.x % p.tiles;
    const i64 first_target = i64(tile) * p.tile;
    const int targets = int(min(i64(p.tile), p.targets - first_target));
    const RowSpan span = row_span(p, row);

    with_time_type(p.time_type, [&](auto tag) {
        using X = decltype(tag);
        if ((p.flags & CHECK_TIMES) && tile == 0 && threadIdx.x < 32) check_times<X>(p, row, span);
        const Knots<X> knots = source_knots<X>(p, row, span);
#pragma unroll 1
        for (int t = threadIdx.x; t < targets; t += THREADS) {
            const X q = target_time<X>(p, row, first_target + t);
            const int i = search(knots, span.count, q);
            bool valid;
            brackets[t] = decide<A>(p, knots, span.count, q, i, valid);
            write_mask(p, row, first_target + t, valid);
        }
    });
    __syncthreads();

    const T* const samples = static_cast<const T*>(p.data);
    const i64 data = row_start(p, row, span);
    const i64 out = row * p.out_stride[0] + first_target * p.out_stride[1];
    const i64 pairs = targets * p.columns;
    for (i64 pair = threadIdx.x; pair < pairs; pair += THREADS) {
        // 32-bit division is several times cheaper, and nearly always enough.
        const i64 t = (pair | p.columns) >> 31 ? pair / p.columns : i64(u32(pair) / u32(p.columns));
        const i64 column = pair - t * p.columns;
        const i64 at = out + t * p.out_stride[1] + column * p.out_stride[2];
        const Bracket<A> b = brackets[t];
        if (b.low < 0) {
            store_missing(p, at, b.low);
            continue;
        }
        const i64 source = data + column * p.data_stride[2];
        A value = E::widen(samples[source + b.low * p.data_stride[1]]);
        if (b.high != b.low) value = blend(value, E::widen(samples[source + b.high * p.data_stride[1]]), b.weight);
        store_from(p.out, at, p.out_dtype, value);
    }
}

// The compiler is told the element type and the symbol: one image per entry of registry.toml.
extern "C" __global__ void __launch_bounds__(THREADS) ENTRY(const __grid_constant__ Params p) {
    generic<ELEMENT>(p);
}
