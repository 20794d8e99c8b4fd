// The threads of a block, as fibers on one thread of the system: what is known of them, how they wait, and how
// one says what is wrong.
#pragma once
#include "emulate/switch.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace emulated {

struct Index {
    unsigned x, y, z;
};

// What the host asks for. Mirrors `Request` in src/emulate/run.rs, field by field.
struct Request {
    unsigned grid[3];
    unsigned block[3];
    unsigned order;  // 0 ascending, 1 descending, 2 drawn
    unsigned shared_bytes;
    uint64_t seed;
    void* const* params;
    unsigned char* stacks;  // one after another, one for each thread of a block
    size_t stack_bytes;
    unsigned char* shared;  // with `zone` bytes of ours before and behind
    size_t zone;
    char* message;  // what was wrong
    size_t message_bytes;
};

enum class State : unsigned char { READY, POLLING, AT_BARRIER, AT_COLLECTIVE, RETURNED };

// Where in the source a thread waits, and for what.
struct Place {
    const char* what;
    const char* file;
    int line;
};

inline bool same(const char* a, const char* b) { return a == b || strcmp(a, b) == 0; }
inline bool operator==(const Place& a, const Place& b) {
    return a.line == b.line && same(a.what, b.what) && same(a.file, b.file);
}

// An asynchronous copy that has not arrived.
struct Copy {
    void* to;
    const void* from;
    unsigned group;
};

// A bulk copy that has not arrived, and the barrier that it reports to.
struct BulkCopy {
    void* to;
    const void* from;
    unsigned bytes;
    const void* arrival;
};

struct Thread {
    void* stack_pointer;
    unsigned number;
    Index index;
    State state;
    bool in_vain;  // polled once more, for nothing
    Place at;
    // Of a collective.
    unsigned mask;
    uint64_t value;
    uint64_t result;
    unsigned from;
    // Of asynchronous copies.
    Copy* copies;
    unsigned copies_pending, copies_room, groups;
};

// This library's thread-local memory: the kernel's static shared memory, and what we own.
struct Region {
    unsigned char* first;
    size_t bytes;
};

struct Block {
    const Request* request;
    void (*body)(void* const* params);
    Region statics;
    Index index;
    unsigned count;
    Thread* threads;
    unsigned* in_collective;  // by warp: the lanes that wait in one
    unsigned* turns;          // scratch of `order`
    void* scheduler;
    uint64_t random;
    bool failed;
    // Of bulk copies, which belong to the block and not to a thread.
    BulkCopy* bulk;
    unsigned bulk_pending, bulk_room;
};

// All that is thread-local here besides the kernel's shared memory.
struct Own {
    Thread* self;
    Block* block;
};
static thread_local Own own;

// Bytes of memory that nobody has written: as floats NaN, as integers negative.
constexpr uint16_t POISON = 0xfffa;

inline void poison(unsigned char* first, size_t bytes) {
    const size_t some = bytes < sizeof POISON ? bytes : sizeof POISON;
    memcpy(first, &POISON, some);
    for (size_t done = some; done < bytes;) {
        const size_t more = done < bytes - done ? done : bytes - done;
        memcpy(first + done, first, more);
        done += more;
    }
}
// Index of the first byte that is no longer poison, or `bytes`. `phase`: bytes of the pattern before.
inline size_t first_written(const unsigned char* first, size_t bytes, size_t phase) {
    unsigned char pair[2];
    memcpy(pair, &POISON, sizeof pair);
    size_t i = 0;
    while (i < bytes && first[i] == pair[(phase + i) % 2]) ++i;
    return i;
}

// Back to the scheduler, until it lets this thread go on.
inline void pause() { emulated_switch(&own.self->stack_pointer, own.block->scheduler); }

// Writes what is wrong, once, and with which thread.
inline void complain(const Thread& thread, const char* format, va_list arguments) {
    Block& block = *own.block;
    if (block.failed) return;
    block.failed = true;
    char* to = block.request->message;
    const size_t room = block.request->message_bytes;
    const int used = snprintf(to, room, "block (%u, %u, %u), thread (%u, %u, %u): ", block.index.x, block.index.y,
                              block.index.z, thread.index.x, thread.index.y, thread.index.z);
    if (used >= 0 && size_t(used) < room) vsnprintf(to + used, room - used, format, arguments);
}

__attribute__((format(printf, 2, 3))) inline void accuse(const Thread& thread, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    complain(thread, format, arguments);
    va_end(arguments);
}

// Ends the launch because of what the running thread did.
__attribute__((format(printf, 1, 2))) inline void fail(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    complain(*own.self, format, arguments);
    va_end(arguments);
    for (;;) pause();
}

// What the compiler's `-fsanitize=alignment` passes on, as far as it is used: where in the source, and the alignment as
// a power of two.
struct Misaligned {
    const char* file;
    unsigned line, column;
    const void* type;
    unsigned char power;
};

// Waits until something is true that other threads bring about.
template <class F>
inline void wait_until(F ready, const char* what, const char* file, int line) {
    Thread& me = *own.self;
    me.at = {what, file, line};
    for (bool first = true; !ready(); first = false) {
        me.state = State::POLLING;
        me.in_vain = !first;
        pause();
    }
    me.state = State::READY;
}

// `list` with room for one more.
template <class T>
inline T* with_room(T* list, unsigned used, unsigned& room) {
    if (used < room) return list;
    room = 2 * room + 8;
    return static_cast<T*>(realloc(list, room * sizeof(T)));
}

// Dynamic shared memory, exactly as large as it was asked for.
template <class T>
inline T* dynamic_shared() {
    return reinterpret_cast<T*>(own.block->request->shared);
}

}  // namespace emulated

// Called by what the compiler makes of every access through a pointer, if that is not aligned.
extern "C" __attribute__((visibility("hidden"), used)) void __ubsan_handle_type_mismatch_v1(void* data, void* address) {
    const auto& found = *static_cast<const emulated::Misaligned*>(data);
    emulated::fail("uses %p (%s:%u), which is not aligned to %u bytes", address, found.file, found.line, 1u << found.power);
}
