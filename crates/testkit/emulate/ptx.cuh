// In the place of kernels/common/ptx.cuh: the same functions, for the emulation.
#pragma once

inline float f32_from_f16(unsigned short bits) {
    const unsigned sign = unsigned(bits & 0x8000) << 16, exponent = bits >> 10 & 31, fraction = bits & 0x3ff;
    if (exponent == 0) {
        const float magnitude = float(fraction) * 0x1p-24f;
        return __uint_as_float(sign | __float_as_uint(magnitude));
    }
    return __uint_as_float(sign | (exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13);
}

namespace emulated {

// The upper bits of a number without the `dropped` ones below, to nearest, ties to even.
inline unsigned rounded(unsigned bits, int dropped) {
    const unsigned odd = bits >> dropped & 1;
    return (bits + (1u << (dropped - 1)) - 1 + odd) >> dropped;
}

}  // namespace emulated

inline unsigned short f16_from_f32(float v) {
    const unsigned bits = __float_as_uint(v), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) return 0x7fff;
    if (magnitude >= 0x47800000) return sign | 0x7c00;
    // Below the smallest normal number, one step is 2^-24; adding 1/2 makes that the last place of the sum.
    if (magnitude < 0x38800000) return sign | (__float_as_uint(__uint_as_float(magnitude) + 0.5f) - 0x3f000000);
    return sign | emulated::rounded(magnitude - 0x38000000, 13);
}

inline unsigned short bf16_from_f32(float v) {
    const unsigned bits = __float_as_uint(v);
    return (bits & 0x7fffffff) > 0x7f800000 ? 0x7fff : emulated::rounded(bits, 16);
}

namespace emulated {

// Checks what an asynchronous copy of whole chunks of 16 bytes is given.
inline void check_copy(const void* to, const void* from, unsigned bytes) {
    const auto at = static_cast<const unsigned char*>(to);
    const Request& request = *own.block->request;
    const bool aligned = !(reinterpret_cast<uintptr_t>(to) % 16) && !(reinterpret_cast<uintptr_t>(from) % 16);
    if (!aligned) fail("copies %u bytes from %p to %p, which are not both aligned to 16", bytes, from, to);
    if (bytes % 16) fail("copies %u bytes, which are no whole chunks of 16", bytes);
    const Region statics = own.block->statics;
    const bool dynamic = at >= request.shared && at + bytes <= request.shared + request.shared_bytes;
    if (!dynamic && !(at >= statics.first && at + bytes <= statics.first + statics.bytes)) {
        fail("copies %u bytes to byte %lld of %u bytes of dynamic shared memory", bytes, (long long)(at - request.shared),
             request.shared_bytes);
    }
}

}  // namespace emulated

// Asynchronous copies arrive when they are waited for and no sooner, so that it shows where nobody waits.
inline void copy_async_16(void* to, const void* from) {
    using namespace emulated;
    check_copy(to, from, 16);
    Thread& me = *own.self;
    me.copies = with_room(me.copies, me.copies_pending, me.copies_room);
    me.copies[me.copies_pending++] = {to, from, me.groups};
}
inline void commit_copies() { ++emulated::own.self->groups; }

template <int PENDING>
inline void wait_copies() {
    emulated::Thread& me = *emulated::own.self;
    unsigned left = 0;
    for (unsigned i = 0; i < me.copies_pending; ++i) {
        const emulated::Copy copy = me.copies[i];
        if (copy.group + PENDING < me.groups) {
            memcpy(copy.to, copy.from, 16);
        } else {
            me.copies[left++] = copy;
        }
    }
    me.copies_pending = left;
}

namespace emulated {

// How a barrier of bulk copies is kept in its eight bytes.
struct Arrival {
    uint32_t turn;      // how many have ended
    uint32_t expected;  // bytes of the one that goes on
};
constexpr uint32_t NOT_YET = 0xffffffff;
// More turns than any kernel takes, and less than what unwritten memory holds.
constexpr uint32_t MOST_TURNS = 1 << 24;

inline Arrival arrival_at(const unsigned long long* at) {
    Arrival found;
    memcpy(&found, at, sizeof found);
    if (found.turn > MOST_TURNS) fail("uses a barrier of bulk copies that nobody has opened");
    return found;
}

// Lets all copies of a turn arrive, if they have been started.
inline bool arrive(unsigned long long* at) {
    Arrival arrival = arrival_at(at);
    if (arrival.expected == NOT_YET) return false;
    Block& block = *own.block;
    uint64_t started = 0;
    for (unsigned i = 0; i < block.bulk_pending; ++i) {
        if (block.bulk[i].arrival == at) started += block.bulk[i].bytes;
    }
    if (started > arrival.expected) {
        fail("waits for %u bytes of bulk copies, of which %llu were started", arrival.expected, (unsigned long long)started);
    }
    if (started < arrival.expected) return false;
    unsigned left = 0;
    for (unsigned i = 0; i < block.bulk_pending; ++i) {
        const BulkCopy copy = block.bulk[i];
        if (copy.arrival == at) {
            memcpy(copy.to, copy.from, copy.bytes);
        } else {
            block.bulk[left++] = copy;
        }
    }
    block.bulk_pending = left;
    arrival = {arrival.turn + 1, NOT_YET};
    memcpy(at, &arrival, sizeof arrival);
    return true;
}

}  // namespace emulated

inline void open_arrival(unsigned long long* at) {
    const emulated::Arrival opened{0, emulated::NOT_YET};
    static_assert(sizeof opened == sizeof *at, "the eight bytes of a barrier");
    memcpy(at, &opened, sizeof opened);
}

inline void expect_arrival(unsigned long long* at, unsigned bytes) {
    emulated::Arrival arrival = emulated::arrival_at(at);
    if (arrival.expected != emulated::NOT_YET) emulated::fail("expects bulk copies twice in a turn");
    arrival.expected = bytes;
    memcpy(at, &arrival, sizeof arrival);
}

inline void copy_bulk(void* to, const void* from, unsigned bytes, unsigned long long* arrival) {
    using namespace emulated;
    if (!bytes) fail("starts a bulk copy of nothing");
    check_copy(to, from, bytes);
    Block& block = *own.block;
    block.bulk = with_room(block.bulk, block.bulk_pending, block.bulk_room);
    block.bulk[block.bulk_pending++] = {to, from, bytes, arrival};
}

inline void wait_arrival(unsigned long long* at, unsigned turn, const char* file = __builtin_FILE(),
                         int line = __builtin_LINE()) {
    emulated::wait_until([&] { return emulated::arrival_at(at).turn % 2 != turn || emulated::arrive(at); },
                         "wait_arrival", file, line);
}

inline void before_bulk() {}

inline void let_next_begin() {}
inline void wait_for_last() {}

inline unsigned load_acquire(const unsigned* address) { return *address; }
inline void store_release(unsigned* address, unsigned value) { *address = value; }
