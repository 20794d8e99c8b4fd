// Any strides, alignment, column count and pair of float types.
//
// A block takes a tile of targets of one batch row: each thread searches for some of them, then all
// threads walk over the tile's (target, column) pairs. Types are looked at per element, outside of
// any arithmetic; the kernel is bound by memory all the same.
#include "trajectory/blend.cuh"

template <class A>
__device__ __forceinline__ A load_as(const void* data, i64 at, u32 dtype) {
    switch (dtype) {
        case DTYPE_F16: return A(Element<f16>::widen(static_cast<const f16*>(data)[at]));
        case DTYPE_BF16: return A(Element<bf16>::widen(static_cast<const bf16*>(data)[at]));
        case DTYPE_F32: return A(static_cast<const float*>(data)[at]);
        default: return A(static_cast<const double*>(data)[at]);
    }
}

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

__device__ __forceinline__ void store_bits(void* out, i64 at, u32 dtype, u64 bits) {
    switch (dtype) {
        case DTYPE_F16:
        case DTYPE_BF16: static_cast<u16*>(out)[at] = u16(bits); break;
        case DTYPE_F32: static_cast<u32*>(out)[at] = u32(bits); break;
        default: static_cast<u64*>(out)[at] = bits; break;
    }
}

constexpr int THREADS = 256;
constexpr int MAX_TILE = 256;

template <class A>
__device__ __forceinline__ void generic(const Params& p) {
    __shared__ Bracket<A> brackets[MAX_TILE];
    const i64 row = blockIdx.x / p.tiles;
    const u32 tile = blockIdx.x % p.tiles;
    const i64 first_target = i64(tile) * p.tile;
    const int targets = int(min(i64(p.tile), p.targets - first_target));
    const RowSpan span = row_span(p, row);

    with_time_type(p.time_type, [&](auto tag) {
        using X = decltype(tag);
        if ((p.flags & CHECK_TIMES) && tile == 0) check_times<X>(p, row, span);
        const Knots<X> knots = source_knots<X>(p, row, span);
        for (int t = threadIdx.x; t < targets; t += THREADS) {
            const X q = target_time<X>(p, row, first_target + t);
            const int i = knots.times ? last_not_after(knots, span.count, q)
                                      : last_not_after_uniform(knots, span.count, q);
            bool valid;
            brackets[t] = decide<A>(p, knots, span.count, q, i, valid);
            write_mask(p, row, first_target + t, valid);
        }
    });
    __syncthreads();

    const i64 data = row_start(p, row, span);
    const i64 out = row * p.out_stride[0] + first_target * p.out_stride[1];
    const i64 pairs = targets * p.columns;
    for (i64 pair = threadIdx.x; pair < pairs; pair += THREADS) {
        // 32-bit division is several times cheaper, and nearly always enough.
        const i64 t = pair >> 31 ? pair / p.columns : i64(u32(pair) / u32(p.columns));
        const i64 column = pair - t * p.columns;
        const i64 at = out + t * p.out_stride[1] + column * p.out_stride[2];
        const Bracket<A> b = brackets[t];
        if (b.low < 0) {
            store_bits(p.out, at, p.out_dtype, p.fill);
            continue;
        }
        const i64 source = data + column * p.data_stride[2];
        A value = load_as<A>(p.data, source + b.low * p.data_stride[1], p.in_dtype);
        if (b.high != b.low) {
            value = blend(value, load_as<A>(p.data, source + b.high * p.data_stride[1], p.in_dtype), b.weight);
        }
        store_from(p.out, at, p.out_dtype, value);
    }
}

extern "C" __global__ void __launch_bounds__(THREADS) trajectory_generic_single(const __grid_constant__ Params p) {
    generic<float>(p);
}

extern "C" __global__ void __launch_bounds__(THREADS) trajectory_generic_double(const __grid_constant__ Params p) {
    generic<double>(p);
}
