// What is written of dense cells that is no matter of features: of those without points, and what is one number.
#pragma once
#include "common/fill.cuh"
#include "voxelize/output.cuh"

// The cell of a key, where all of those are fewer than 2^32.
__device__ __forceinline__ CellSpot spot_of(const Params& p, u32 key) {
    const u32 keys = u32(p.keys), cloud = p.batch == 1 ? 0 : key / keys;
    return {key - cloud * keys, cloud};
}

// What cells have in an output before points come: `columns` elements each.
__device__ __forceinline__ void put_empty(const Params& p, Output output, u32 columns, double value) {
    const Target& t = p.target[output];
    if (!t.to) return;
    const u64 me = u64(blockIdx.x) * blockDim.x + threadIdx.x, all = u64(gridDim.x) * blockDim.x, cells = p.cells * p.batch;
    const bool is_index = output == OUT_FIRST, is_value = output >= OUT_SUM;
    if (t.form & WHOLE) {
        u32 word = 0;
        if (is_index) word = ~0u;
        if (is_value && t.dtype == DTYPE_F32) {
            word = value != value ? u32(Element<float>::NAN_BITS) : __float_as_uint(__double2float_rn(value));
        } else if (is_value) {
            word = narrowed(t.dtype, value) * 0x10001u;
        }
        const u32 bytes = output == OUT_OCCUPANCY ? 1 : size_of(t.dtype);
        return fill_with(t.to, cells * columns * bytes, word, me, all);
    }
    for (u64 i = me; i < cells * columns; i += all) {
        const u64 cell = i / columns, cloud = cell / p.cells;
        const i64 at = element_of(p, t, CellSpot{u32(cell - cloud * p.cells), u32(cloud)}) + (i - cell * columns) * t.stride[4];
        if (is_value) {
            put_value(t, at, value);
        } else if (is_index) {
            put_index(t, at, -1);
        } else if (output == OUT_COUNT) {
            static_cast<u32*>(t.to)[at] = 0;
        } else {
            static_cast<u8*>(t.to)[at] = 0;
        }
    }
}

// Likewise in all outputs. The work of a whole grid.
__device__ __forceinline__ void put_empty(const Params& p) {
    put_empty(p, OUT_OCCUPANCY, 1, 0);
    put_empty(p, OUT_COUNT, 1, 0);
    put_empty(p, OUT_FIRST, 1, 0);
    for (u32 output = OUT_SUM; output <= OUT_MIN; ++output) put_empty(p, Output(output), p.columns, p.empty);
}

// What is one number of a cell with so many points, of which the first one is -1 where there are none.
__device__ __forceinline__ void put_numbers(const Params& p, CellSpot spot, u32 points, i64 first) {
    if (const Target& t = p.target[OUT_COUNT]; t.to) static_cast<u32*>(t.to)[element_of(p, t, spot)] = points;
    if (const Target& t = p.target[OUT_FIRST]; t.to) put_index(t, element_of(p, t, spot), first);
    if (const Target& t = p.target[OUT_OCCUPANCY]; t.to) static_cast<u8*>(t.to)[element_of(p, t, spot)] = points > 0;
}
