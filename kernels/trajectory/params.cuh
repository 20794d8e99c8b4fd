// What the host passes to every resampling kernel. Mirrors `Params` in crates/trajectory, offset by
// offset; a test there compares the two.
#pragma once
#include "common/time.cuh"

enum Kind : u32 { KIND_LINEAR = 0, KIND_PREVIOUS = 1, KIND_NEXT = 2, KIND_NEAREST = 3 };
enum Extrapolation : u32 { EXTRAPOLATE_HOLD = 0, EXTRAPOLATE_NAN = 1 };
enum RowsForm : u32 { ROWS_DENSE = 0, ROWS_LENGTHS = 1, ROWS_PACKED = 2 };
// As robocache_core::DType.
enum DType : u32 { DTYPE_F16 = 0, DTYPE_BF16 = 1, DTYPE_F32 = 2, DTYPE_F64 = 3 };
enum Flags : u32 {
    HAS_TOLERANCE = 1,
    HAS_MAX_GAP = 2,
    FILL_INVALID = 4,
    CHECK_TIMES = 8,
    ROWS_ARE_64_BIT = 16,
};

struct Params {
    const void* data;
    void* out;
    u8* mask;            // null: not wanted
    const void* rows;    // lengths or offsets; null: dense
    u64* status;         // null: not checked
    Axis source;
    Axis target;
    u64 offset;          // bits of the axis' type, as the two below
    u64 tolerance;
    u64 max_gap;
    u64 fill;            // bits of the output type
    i64 data_stride[3];  // elements
    i64 out_stride[3];
    i64 mask_stride[2];
    i64 rows_stride;
    i64 batch;           // B
    i64 samples;         // S; for packed rows N
    i64 targets;         // T
    i64 columns;         // D
    u32 tile;            // targets per block, or per warp
    u32 tiles;           // of them per batch row
    u32 kind;
    u32 extrapolation;
    u32 time_type;
    u32 rows_form;
    u32 in_dtype;
    u32 out_dtype;
    u32 flags;
    u32 reserved;
};
