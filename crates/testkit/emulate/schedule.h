// Which thread runs next, and what if none can.
//
// A fiber runs until it has to wait for others. Which one runs then is the order's choice, so that what must not
// depend on it can be seen not to. Where nobody can run any more, somebody waits in vain, and that is told instead
// of waited for.
#pragma once
#include "emulate/block.h"

#include <link.h>

namespace emulated {

inline void enter() {
    own.block->body(own.block->request->params);
    own.self->state = State::RETURNED;
    for (;;) pause();
}

// What the system's function for thread-local variables is asked for.
struct TlsIndex {
    unsigned long module, offset;
};
extern "C" void* __tls_get_addr(TlsIndex*);

// Asked for by the module's number rather than told by `dlpi_tls_data`, which is null as long as the system has not
// noticed that this thread has the memory. And asked for outside of the iteration, which holds a lock that others, who
// load a library, may wait for while they hold the one that is needed here.
inline Region thread_local_memory() {
    struct Found {
        unsigned long module;
        size_t bytes;
    } found{0, 0};
    dl_iterate_phdr(
        [](dl_phdr_info* info, size_t, void* context) {
            const auto code = reinterpret_cast<uintptr_t>(&enter);
            bool ours = false;
            size_t bytes = 0;
            for (int i = 0; i < info->dlpi_phnum; ++i) {
                const auto& header = info->dlpi_phdr[i];
                const uintptr_t first = info->dlpi_addr + header.p_vaddr;
                if (header.p_type == PT_LOAD && code >= first && code < first + header.p_memsz) ours = true;
                if (header.p_type == PT_TLS) bytes = header.p_memsz;
            }
            if (ours) *static_cast<Found*>(context) = {info->dlpi_tls_modid, bytes};
            return int(ours);
        },
        &found);
    TlsIndex start{found.module, 0};
    return {static_cast<unsigned char*>(__tls_get_addr(&start)), found.bytes};
}

// Numbers `first .. first + count` in the order of this launch.
inline const unsigned* order(Block& block, unsigned first, unsigned count, unsigned* turns) {
    const unsigned order = block.request->order;
    for (unsigned i = 0; i < count; ++i) turns[i] = first + (order == 1 ? count - 1 - i : i);
    for (unsigned left = count; order == 2 && left > 1; --left) {
        block.random ^= block.random << 13;
        block.random ^= block.random >> 7;
        block.random ^= block.random << 17;
        const unsigned pick = unsigned((block.random >> 32) * left >> 32);
        const unsigned swapped = turns[left - 1];
        turns[left - 1] = turns[pick];
        turns[pick] = swapped;
    }
    return turns;
}

// Lets a warp's threads run until each waits for another warp or has returned; whether any came forward.
inline bool run_warp(Block& block, unsigned warp) {
    const unsigned first = 32 * warp;
    const unsigned lanes = block.count - first < 32 ? block.count - first : 32;
    unsigned turns[32];
    bool forward = false;
    for (bool moved = true; moved;) {
        moved = false;
        order(block, first, lanes, turns);
        for (unsigned i = 0; i < lanes; ++i) {
            Thread& thread = block.threads[turns[i]];
            if (thread.state != State::READY && thread.state != State::POLLING) continue;
            thread.in_vain = false;
            own.self = &thread;
            emulated_switch(&block.scheduler, thread.stack_pointer);
            if (block.failed) return false;
            moved = moved || !thread.in_vain;
        }
        forward = forward || moved;
    }
    return forward;
}

inline const char* doing(const Thread& thread) {
    switch (thread.state) {
        case State::RETURNED: return "has returned";
        case State::AT_BARRIER: return "waits at the block's barrier";
        case State::AT_COLLECTIVE: return "waits in another collective";
        default: return "waits for something else";
    }
}

// `at`, or nothing for a thread that waits nowhere.
inline void describe(char* to, size_t room, const Thread& thread) {
    if (thread.state == State::RETURNED) {
        snprintf(to, room, "has returned");
    } else {
        snprintf(to, room, "%s: %s (%s:%d)", doing(thread), thread.at.what, thread.at.file, thread.at.line);
    }
}

// Tells of a thread that waits in vain; of one in a collective rather than of those that wait for it.
inline void accuse_somebody(Block& block) {
    char other[300];
    for (unsigned i = 0; i < block.count; ++i) {
        const Thread& thread = block.threads[i];
        if (thread.state != State::AT_COLLECTIVE) continue;
        for (unsigned lane = 0; lane < 32; ++lane) {
            const unsigned number = i / 32 * 32 + lane;
            if (!(thread.mask >> lane & 1)) continue;
            if (number >= block.count) {
                return accuse(thread, "waits in %s (%s:%d) for lane %u of mask %#x, which does not exist",
                              thread.at.what, thread.at.file, thread.at.line, lane, thread.mask);
            }
            const Thread& partner = block.threads[number];
            const bool here = partner.state == State::AT_COLLECTIVE && partner.at == thread.at;
            if (here && partner.mask == thread.mask) continue;
            if (here) {
                snprintf(other, sizeof other, "came with mask %#x", partner.mask);
            } else {
                describe(other, sizeof other, partner);
            }
            return accuse(thread, "waits in %s (%s:%d) for lane %u of mask %#x, which %s", thread.at.what,
                          thread.at.file, thread.at.line, lane, thread.mask, other);
        }
    }
    for (unsigned i = 0; i < block.count; ++i) {
        const Thread& thread = block.threads[i];
        if (thread.state == State::POLLING) {
            return accuse(thread, "waits in %s (%s:%d) for what never comes", thread.at.what, thread.at.file,
                          thread.at.line);
        }
    }
    accuse(block.threads[0], "and all others of its block cannot go on");
}

// Lets the block's barrier go if every thread that has not returned is there.
inline bool release_barrier(Block& block) {
    Thread* first = nullptr;
    for (unsigned i = 0; i < block.count; ++i) {
        Thread& thread = block.threads[i];
        if (thread.state == State::RETURNED) continue;
        if (thread.state != State::AT_BARRIER) return false;
        if (!first) first = &thread;
        if (!(thread.at == first->at)) {
            accuse(*first, "waits at %s (%s:%d), thread (%u, %u, %u) at the one of %s:%d", first->at.what,
                   first->at.file, first->at.line, thread.index.x, thread.index.y, thread.index.z, thread.at.file,
                   thread.at.line);
            return false;
        }
    }
    for (unsigned i = 0; i < block.count; ++i) {
        if (block.threads[i].state == State::AT_BARRIER) block.threads[i].state = State::READY;
    }
    return true;
}

inline unsigned char* stack_of(const Request& request, unsigned thread) {
    return request.stacks + thread * request.stack_bytes;
}

// Threads as they are before their first instruction, memory as if nobody had ever written it.
inline void prepare(Block& block) {
    const Request& request = *block.request;
    const Own ours = own;
    poison(block.statics.first, block.statics.bytes);
    // The compiler does not see that this has overwritten `own`.
    asm volatile("" : : "r"(&own) : "memory");
    own = ours;
    poison(request.shared - request.zone, request.shared_bytes + 2 * request.zone);
    for (unsigned i = 0; i < block.count; ++i) {
        Thread& thread = block.threads[i];
        const unsigned x = request.block[0], y = request.block[1];
        thread.number = i;
        thread.index = {i % x, i / x % y, i / x / y};
        thread.state = State::READY;
        thread.copies_pending = thread.groups = 0;
        // Not all at the same distance from a page's start: they would evict each other from the caches.
        unsigned char* const top = stack_of(request, i + 1) - (i * 5 % 64) * 64;
        thread.stack_pointer = fresh_stack(top, enter);
    }
    block.bulk_pending = 0;
    memset(block.in_collective, 0, (block.count + 31) / 32 * sizeof(unsigned));
}

inline bool all_returned(const Block& block) {
    unsigned i = 0;
    while (i < block.count && block.threads[i].state == State::RETURNED) ++i;
    return i == block.count;
}

inline void check_shared_memory(Block& block) {
    const Request& request = *block.request;
    const unsigned char* const end = request.shared + request.shared_bytes;
    const size_t below = first_written(request.shared - request.zone, request.zone, 0);
    const size_t above = first_written(end, request.zone, request.shared_bytes);
    long long at = 0;
    if (below < request.zone) {
        at = (long long)below - (long long)request.zone;
    } else if (above < request.zone) {
        at = (long long)request.shared_bytes + (long long)above;
    } else {
        return;
    }
    accuse(block.threads[0], "the block wrote byte %lld of %u bytes of dynamic shared memory", at,
           request.shared_bytes);
}

inline void run_block(Block& block) {
    prepare(block);
    const unsigned warps = (block.count + 31) / 32;
    for (;;) {
        bool forward = false;
        order(block, 0, warps, block.turns);
        for (unsigned i = 0; i < warps; ++i) {
            forward = run_warp(block, block.turns[i]) || forward;
            if (block.failed) return;
        }
        if (all_returned(block)) {
            if (block.bulk_pending) accuse(block.threads[0], "the block ended before its bulk copies arrived");
            return check_shared_memory(block);
        }
        if (release_barrier(block) || block.failed || forward) {
            if (block.failed) return;
            continue;
        }
        return accuse_somebody(block);
    }
}

// Written at the far end of each stack, and expected there when all is done.
constexpr uint64_t STACK_END = 0x5354'4143'4b45'4e44;

// Runs all blocks, one after another; 0, or 1 with a message.
inline int run(const Request& request, void (*body)(void* const*)) {
    Block block{};
    block.request = &request;
    block.body = body;
    block.count = request.block[0] * request.block[1] * request.block[2];
    block.threads = static_cast<Thread*>(calloc(block.count, sizeof(Thread)));
    block.in_collective = static_cast<unsigned*>(calloc(block.count / 32 + 1, sizeof(unsigned)));
    block.turns = static_cast<unsigned*>(calloc(block.count / 32 + 1, sizeof(unsigned)));
    block.random = request.seed * 2 + 1;
    own.block = &block;
    block.statics = thread_local_memory();
    for (unsigned i = 0; i < block.count; ++i) memcpy(stack_of(request, i), &STACK_END, sizeof STACK_END);
    const uint64_t layer = uint64_t(request.grid[0]) * request.grid[1];
    for (uint64_t i = 0; i < layer * request.grid[2] && !block.failed; ++i) {
        block.index = {unsigned(i % request.grid[0]), unsigned(i / request.grid[0] % request.grid[1]),
                       unsigned(i / layer)};
        run_block(block);
    }
    for (unsigned i = 0; i < block.count; ++i) {
        if (memcmp(stack_of(request, i), &STACK_END, sizeof STACK_END) != 0) {
            accuse(block.threads[i], "needed more than %zu bytes of stack", request.stack_bytes);
        }
        free(block.threads[i].copies);
    }
    free(block.bulk);
    free(block.threads);
    free(block.in_collective);
    free(block.turns);
    own = {};
    return block.failed;
}

}  // namespace emulated
