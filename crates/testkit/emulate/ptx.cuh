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

// Asynchronous copies arrive when they are waited for and no sooner, so that it shows where nobody waits.
inline void copy_async_16(void* to, const void* from) {
    using namespace emulated;
    const auto at = static_cast<unsigned char*>(to);
    const Request& request = *own.block->request;
    const bool aligned = !(reinterpret_cast<uintptr_t>(to) % 16) && !(reinterpret_cast<uintptr_t>(from) % 16);
    if (!aligned) fail("copies 16 bytes from %p to %p, which are not both aligned to them", from, to);
    const Region statics = own.block->statics;
    const bool dynamic = at >= request.shared && at + 16 <= request.shared + request.shared_bytes;
    if (!dynamic && !(at >= statics.first && at + 16 <= statics.first + statics.bytes)) {
        fail("copies 16 bytes to byte %lld of %u bytes of dynamic shared memory", (long long)(at - request.shared),
             request.shared_bytes);
    }
    Thread& me = *own.self;
    if (me.copies_pending == me.copies_room) {
        me.copies_room = 2 * me.copies_room + 8;
        me.copies = static_cast<Copy*>(realloc(me.copies, me.copies_room * sizeof(Copy)));
    }
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
