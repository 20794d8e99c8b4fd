// What the host passes to every resampling kernel. Mirrors `Params` in crates/trajectory, offset by
// offset; a test there compares the two.
#pragma once
#include "common/dtype.cuh"
#include "common/time.cuh"

// As robocache_trajectory::runs::Rule.
enum Rule : u32 {
    RULE_LINEAR = 0,
    RULE_PREVIOUS = 1,
    RULE_NEXT = 2,
    RULE_NEAREST = 3,
    RULE_CUBIC = 4,
    RULE_PCHIP = 5,
    RULE_SLERP_XYZW = 6,
    RULE_SLERP_WXYZ = 7,
    RULE_ANGLE = 8,
    RULES = 9,
};
enum Extrapolation : u32 {
    EXTRAPOLATE_HOLD = 0,
    EXTRAPOLATE_NAN = 1,
    EXTRAPOLATE_LINEAR = 2,
    EXTRAPOLATE_ERROR = 3,
};
enum RowsForm : u32 { ROWS_DENSE = 0, ROWS_LENGTHS = 1, ROWS_PACKED = 2 };
enum Flags : u32 {
    HAS_TOLERANCE = 1,
    HAS_MAX_GAP = 2,
    FILL_INVALID = 4,
    CHECK_TIMES = 8,
    ROWS_ARE_64_BIT = 16,
    SIMPLE = 32, // neither tolerance nor gaps nor ages, and values held outside
    SPARSE = 64, // targets lie so far apart that samples are read where they are
};

// Columns of one rule within a round; the first column behind it, counted within the round.
struct Run {
    u32 end;
    u32 rule;
};

struct Params {
    const void* data;
    void* out;
    u8* mask;            // null: not wanted
    float* age;          // likewise
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
    i64 age_stride[2];
    i64 rows_stride;
    i64 batch;           // B
    i64 samples;         // S; for packed rows N
    i64 targets;         // T
    i64 columns;         // D
    u32 tile;            // targets per block, or per warp
    u32 tiles;           // of them per batch row
    u32 rule;            // of all columns, where it is one
    u32 extrapolation;
    u32 time_type;
    u32 rows_form;
    u32 in_dtype;
    u32 out_dtype;
    u32 flags;
    u32 rules;           // a bit for each rule that some column has
    u32 runs;            // of a round
    u32 round;           // columns of a round; 0 where all columns have one rule
    u32 group;           // batch rows per block, where a block takes whole ones
    u32 capacity;        // samples that a block has shared memory for
    Run run[32];
};
