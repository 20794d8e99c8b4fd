// From one stack to another, within one thread of the system.
#pragma once
#include <stdint.h>
#include <string.h>

namespace emulated {

// Saves what a function call must not change on the stack that is left, and goes on with the other stack.
extern "C" __attribute__((visibility("hidden"))) void emulated_switch(void** leave, void* enter);
#if defined(__x86_64__)
asm(R"(
    .text
    .p2align 4
    .hidden emulated_switch
    .globl emulated_switch
    .type emulated_switch, @function
emulated_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size emulated_switch, . - emulated_switch
)");
// A stack from which `emulated_switch` returns into a function, as if that had just been called.
inline void* fresh_stack(unsigned char* top, void (*function)()) {
    void** at = reinterpret_cast<void**>(reinterpret_cast<uintptr_t>(top) & ~uintptr_t(15));
    *--at = nullptr;
    *--at = reinterpret_cast<void*>(function);
    for (int i = 0; i < 6; ++i) *--at = nullptr;
    return at;
}
#elif defined(__aarch64__)
asm(R"(
    .text
    .p2align 4
    .hidden emulated_switch
    .globl emulated_switch
    .type emulated_switch, %function
emulated_switch:
    sub sp, sp, #160
    stp x19, x20, [sp]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x19, x20, [sp]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    ret
    .size emulated_switch, . - emulated_switch
)");
inline void* fresh_stack(unsigned char* top, void (*function)()) {
    void** at = reinterpret_cast<void**>(reinterpret_cast<uintptr_t>(top) & ~uintptr_t(15)) - 20;
    memset(at, 0, 160);
    at[11] = reinterpret_cast<void*>(function);
    return at;
}
#else
#error "the emulation switches stacks by a few instructions, which are only written for x86-64 and aarch64"
#endif

}  // namespace emulated
