// What the host passes to every kernel of voxelization. Mirrors `Params` in crates/voxelize, offset by offset; a test
// there compares the two.
#pragma once
#include "common/dtype.cuh"

// As robocache_voxelize::Output.
enum Output : u32 {
    OUT_OCCUPANCY = 0,
    OUT_BITS = 1,
    OUT_COUNT = 2,
    OUT_FIRST = 3,
    OUT_SUM = 4,
    OUT_MEAN = 5,
    OUT_MAX = 6,
    OUT_MIN = 7,
    OUT_NUMBER = 8,
    OUT_COORDS = 9,
    OUT_POINT_TO_VOXEL = 10,
    OUT_GATHERED = 11,
};
enum Flags : u32 {
    CLAMP = 1,              // points outside are in the nearest cell
    QUICK = 2,              // the grid is one for `quotient` in locate.cuh
    OFFSETS_ARE_64_BIT = 4,
    BY_FIRST = 8,           // voxels in the order of their first points
    FOURS = 16,             // features are f32, adjacent, and a multiple of four
    QUADS = 32,             // and their rows whole chunks of 16 bytes
    ALL_ADD = 64,           // no output holds the features of a cell's owner as they are, see owners.cu
};

// An output.
struct Target {
    void* to;       // null: not wanted
    i64 stride[5];  // elements
    u32 dtype;
    u32 form;       // bits of the enumeration below
};
enum TargetForm : u32 {
    FLAT = 1,   // the cells of a cloud follow each other
    CHUNKS = 2, // rows of features are f32 and whole chunks of 16 bytes
    WHOLE = 4,  // in some order, the elements of all cells of all clouds follow each other
};

// A level of the trie: see trie.cuh. `parts` and `total` are zero at first, and so are bits and counts.
struct Level {
    u32* bits;    // [nodes][8]
    u32* counts;  // [nodes]: bits that are set
    u32* prefix;  // [nodes]: bits set in the nodes before
    u32* parts;   // [nodes / NODES]: bits set in so many nodes
    u32* total;   // bits set in all
    i64 nodes;    // that there is room for
};

// Points by tiles of cells: see tiles.cu. `totals`, `ticket` and `written` are zero at first.
struct Tiles {
    u16* records;  // [chunks][room]
    u16* begins;   // [tiles + 1][row]: where the run of a tile begins in each chunk, in units of 16 bytes
    u32* totals;   // [tiles]: points
    u32* ticket;
    u32* written;  // [tiles]: whether the first part is
    u32 shift;     // cells of a tile, as a power of two
    u32 tiles;
    u32 chunks;
    u32 each;      // points of a thread in a chunk
    u32 room;      // records of a chunk; a multiple of 8
    u32 row;       // chunks, rounded up to whole groups
    u32 group;     // chunks, 1 or 4, that a block takes after each other and writes to the table at once
    u32 heavy;     // points of a tile from which on it is several blocks'
    u32 part;      // points of each of those
};

// Cells and the points that were there first: see owners.cu. `state` and `lengths` are zero at first.
struct Owners {
    u32* state;     // [B * keys / 16]: OWNED and SHARED of each cell, in two bits
    u32* slot_of;   // [B * keys]: where the totals of those are that are shared
    u32* key_of;    // [slots]
    uint2* members; // [N]: points that add themselves, each with its cell
    u64* lengths;   // how many slots there are, in the low half, and how many members
    u32* least;     // [blocks of `mark`][F]: see Magnitudes
};

struct Params {
    const void* points;
    const void* features;
    const void* offsets;   // null: one cloud
    i64 point_stride[2];   // elements
    i64 feature_stride[2];
    i64 offsets_stride;
    u64 cells;             // of a cloud
    u64 keys;              // of a cloud: its cells, filled up as far as a variant wants
    u32 count;             // N
    u32 batch;             // B
    u32 columns;           // F
    u32 column_inverse;    // 2^16 / F, rounded up: see Sharing
    u32 four_inverse;      // 2^16 / (F / 4), likewise
    u32 point_dtype;
    u32 feature_dtype;
    u32 flags;
    float min[3];
    float size[3];
    float inverse[3];      // 1 / size, rounded to nearest
    float limit[3];        // the shape, exact where the grid is one for `quotient`
    u32 shape[3];
    double empty;
    u32 capacity;          // M
    u32 rows;              // P
    u32 slots;             // voxels that are worked on
    u32 apart;             // words from one of `others` to the next
    u32 levels;
    u32 level_now;         // which one this launch is about
    u8* zeros;             // what is zero at first
    u64 zero_bytes;
    u32* node_of;          // [N]: see trie.cuh; where there is no trie, a point's key, if it is kept
    u8* bit_of;            // [N]
    u32* magnitude;        // [F]: bits of the largest finite one
    u32* most;             // [F][blocks]: likewise among the points of a block, see totals.cu
    u32* owner;            // [slots]: a point of the voxel
    u32* others;           // [slots][apart]: points that are added up, with an owner all but that; zero at first, as all below
    u32* first;            // [slots]: of those the first, inverted; null: not wanted, as all below
    i64* fixed;            // [slots][F]: of those the sum of multiples
    u32* beyond;           // [slots][F / 16]: two bits for each sum, see total.cuh
    float* loose;          // [slots][F]: of those the sum
    u32* highest;          // [slots][F]: of those the maximum, ordered
    u32* lowest;           // [slots][F]: of those the minimum, ordered and inverted
    u32* listed;           // [slots][P]: the first points, inverted
    Tiles by_tile;
    Owners owners;
    Level level[9];        // the last one, of points, for the order of first points
    Target target[12];     // by Output
};

constexpr u32 ORDER_LEVEL = 8;
constexpr u32 NONE = 0xffffffffu;
