// How the host launches the kernels. Included behind a source.
#pragma once

namespace emulated {

template <size_t... I>
struct Numbers {};
template <size_t N, size_t... I>
struct UpTo : UpTo<N - 1, N - 1, I...> {};
template <size_t... I>
struct UpTo<0, I...> {
    using Type = Numbers<I...>;
};

template <class... P, size_t... I>
inline void call(void (*kernel)(P...), void* const* params, Numbers<I...>) {
    kernel(*static_cast<const P*>(params[I])...);
}
template <class... P>
inline void call(void (*kernel)(P...), void* const* params) {
    call(kernel, params, typename UpTo<sizeof...(P)>::Type());
}

// Writes up to `room` sizes; returns how many parameters there are.
template <class... P>
inline unsigned param_bytes(void (*)(P...), size_t* bytes, unsigned room) {
    const size_t all[] = {sizeof(P)..., 0};
    for (unsigned i = 0; i < sizeof...(P) && i < room; ++i) bytes[i] = all[i];
    return sizeof...(P);
}

}  // namespace emulated

// What the host finds of a kernel, by its symbol.
#define EMULATED(kernel)                                                                                                   \
    extern "C" __attribute__((visibility("default"))) int emulated_launch_##kernel(const emulated::Request* request) {     \
        return emulated::run(*request, [](void* const* params) { emulated::call(&kernel, params); });                      \
    }                                                                                                                      \
    extern "C" __attribute__((visibility("default"))) unsigned emulated_param_bytes_##kernel(size_t* bytes, unsigned room) \
    {                                                                                                                      \
        return emulated::param_bytes(&kernel, bytes, room);                                                                \
    }

// Static shared memory, bytes per block: that of all kernels of the source.
extern "C" __attribute__((visibility("default"))) size_t emulated_static_shared() {
    return emulated::thread_local_memory().bytes - sizeof(emulated::Own);
}
