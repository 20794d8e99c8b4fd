// What the threads of a block do together: barriers, and the collectives of warps.
//
// A collective ends when every lane of its mask has come to the same one, at the same place of the source. Whoever
// comes last works out the results of all, as the others may be in the next one before it runs again.
#pragma once
#include "emulate/block.h"

namespace emulated {

template <class F>
inline uint64_t collective(Place at, unsigned mask, uint64_t value, F complete) {
    Block& block = *own.block;
    Thread& me = *own.self;
    const unsigned lane = me.number % 32, warp = me.number / 32;
    if (!(mask >> lane & 1)) fail("calls %s (%s:%d) with mask %#x, which lacks it", at.what, at.file, at.line, mask);
    me.state = State::AT_COLLECTIVE;
    me.at = at;
    me.mask = mask;
    me.value = value;
    unsigned& waiting = block.in_collective[warp];
    waiting |= 1u << lane;
    Thread* const lanes = block.threads + 32 * warp;
    bool all = (waiting & mask) == mask;
    for (unsigned i = 0; all && i < 32; ++i) {
        if (mask >> i & 1) all = lanes[i].mask == mask && lanes[i].at == at;
    }
    if (all) {
        complete(lanes);
        for (unsigned i = 0; i < 32; ++i) {
            if (mask >> i & 1) lanes[i].state = State::READY;
        }
        waiting &= ~mask;
    }
    // Even if nobody is waited for: who goes on first is the order's choice.
    pause();
    return me.result;
}

// The result of all lanes from their values.
template <class F>
inline uint64_t reduce(Place at, unsigned mask, uint64_t value, F combine) {
    return collective(at, mask, value, [&](Thread* lanes) {
        bool some = false;
        uint64_t all = 0;
        for (unsigned i = 0; i < 32; ++i) {
            if (!(mask >> i & 1)) continue;
            all = some ? combine(all, lanes[i].value) : lanes[i].value;
            some = true;
        }
        for (unsigned i = 0; i < 32; ++i) {
            if (mask >> i & 1) lanes[i].result = all;
        }
    });
}

template <class T>
inline uint64_t bits_of(T value) {
    static_assert(sizeof(T) <= 8, "shuffles move up to 8 bytes");
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof value);
    return bits;
}
template <class T>
inline T of_bits(uint64_t bits) {
    T value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// `source`: from a lane to the one whose value it gets.
template <class T, class F>
inline T shuffle(Place at, unsigned mask, T value, F source) {
    const auto from = source(own.self->number % 32);
    if (!(mask >> from & 1)) fail("%s (%s:%d) reads lane %u, which mask %#x lacks", at.what, at.file, at.line, from, mask);
    // The lane to read goes with the value, as each lane has its own.
    Thread& me = *own.self;
    me.from = from;
    return of_bits<T>(collective(at, mask, bits_of(value), [&](Thread* lanes) {
        for (unsigned i = 0; i < 32; ++i) {
            if (mask >> i & 1) lanes[i].result = lanes[lanes[i].from].value;
        }
    }));
}

}  // namespace emulated

#define EMULATED_PLACE const char *file = __builtin_FILE(), int line = __builtin_LINE()

inline void __syncthreads(EMULATED_PLACE) {
    emulated::Thread& me = *emulated::own.self;
    me.state = emulated::State::AT_BARRIER;
    me.at = {"__syncthreads", file, line};
    emulated::pause();
}

inline void __syncwarp(unsigned mask = 0xffffffffu, EMULATED_PLACE) {
    emulated::reduce({"__syncwarp", file, line}, mask, 0, [](uint64_t a, uint64_t) { return a; });
}

inline unsigned __ballot_sync(unsigned mask, int predicate, EMULATED_PLACE) {
    const uint64_t bit = predicate ? uint64_t(1) << emulated::own.self->number % 32 : 0;
    return unsigned(emulated::reduce({"__ballot_sync", file, line}, mask, bit, [](uint64_t a, uint64_t b) { return a | b; }));
}
inline int __any_sync(unsigned mask, int predicate, EMULATED_PLACE) {
    const uint64_t flag = predicate != 0;
    return int(emulated::reduce({"__any_sync", file, line}, mask, flag, [](uint64_t a, uint64_t b) { return a | b; }));
}
inline int __all_sync(unsigned mask, int predicate, EMULATED_PLACE) {
    const uint64_t flag = predicate != 0;
    return int(emulated::reduce({"__all_sync", file, line}, mask, flag, [](uint64_t a, uint64_t b) { return a & b; }));
}

// The lanes with the same value.
template <class T>
inline unsigned __match_any_sync(unsigned mask, T value, EMULATED_PLACE) {
    return unsigned(emulated::collective({"__match_any_sync", file, line}, mask, emulated::bits_of(value), [&](emulated::Thread* lanes) {
        for (unsigned i = 0; i < 32; ++i) {
            if (!(mask >> i & 1)) continue;
            lanes[i].result = 0;
            for (unsigned k = 0; k < 32; ++k) {
                if (mask >> k & 1 && lanes[k].value == lanes[i].value) lanes[i].result |= uint64_t(1) << k;
            }
        }
    }));
}

// For int and unsigned int, as the language has them.
template <class T>
inline T __reduce_add_sync(unsigned mask, T value, EMULATED_PLACE) {
    static_assert(sizeof(T) == 4, "of 32-bit integers");
    return T(emulated::reduce({"__reduce_add_sync", file, line}, mask, uint64_t(unsigned(value)),
                              [](uint64_t a, uint64_t b) { return uint64_t(unsigned(a) + unsigned(b)); }));
}
template <class T>
inline T __reduce_min_sync(unsigned mask, T value, EMULATED_PLACE) {
    static_assert(sizeof(T) == 4, "of 32-bit integers");
    return T(emulated::reduce({"__reduce_min_sync", file, line}, mask, uint64_t(unsigned(value)),
                              [](uint64_t a, uint64_t b) { return T(b) < T(a) ? b : a; }));
}
template <class T>
inline T __reduce_max_sync(unsigned mask, T value, EMULATED_PLACE) {
    static_assert(sizeof(T) == 4, "of 32-bit integers");
    return T(emulated::reduce({"__reduce_max_sync", file, line}, mask, uint64_t(unsigned(value)),
                              [](uint64_t a, uint64_t b) { return T(a) < T(b) ? b : a; }));
}

// Lane numbers wrap round within the `width` lanes that the calling one belongs to.
template <class T>
inline T __shfl_sync(unsigned mask, T value, int from, int width = 32, EMULATED_PLACE) {
    return emulated::shuffle({"__shfl_sync", file, line}, mask, value, [&](unsigned lane) {
        return (lane & ~unsigned(width - 1)) | (unsigned(from) & unsigned(width - 1));
    });
}
template <class T>
inline T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32, EMULATED_PLACE) {
    return emulated::shuffle({"__shfl_xor_sync", file, line}, mask, value, [&](unsigned lane) {
        const unsigned from = lane ^ unsigned(bits);
        return from / width <= lane / width ? from % 32 : lane;
    });
}
template <class T>
inline T __shfl_up_sync(unsigned mask, T value, unsigned by, int width = 32, EMULATED_PLACE) {
    return emulated::shuffle({"__shfl_up_sync", file, line}, mask, value,
                             [&](unsigned lane) { return lane % width >= by ? lane - by : lane; });
}
template <class T>
inline T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = 32, EMULATED_PLACE) {
    return emulated::shuffle({"__shfl_down_sync", file, line}, mask, value,
                             [&](unsigned lane) { return lane % width + by < unsigned(width) ? lane + by : lane; });
}
