// CUDA C++ on a processor: what a .cu file needs to be compiled by g++ with
// -ffp-contract=off and run there. It shows mistakes of indexing, bounds,
// barriers and rounding; it says nothing of speed, of warps that run in step, or
// of what NVIDIA's compiler makes of the same text.
//
// Two ways to run a block:
// - as fibers of one thread, which change at barriers (the default);
// - as one thread each (SHIM_THREADS), for ThreadSanitizer, at tiny sizes.
#pragma once

#include <ucontext.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <type_traits>
#include <vector>

#ifdef SHIM_THREADS
#include <pthread.h>
#endif

namespace shim {

struct Dim {
    unsigned x = 1, y = 1, z = 1;
};

// What one CUDA thread knows of itself.
struct Self {
    Dim thread, block, block_dim, grid_dim;
};

// The CUDA thread that this thread runs now.
inline Self& self() {
    static thread_local Self current;
    return current;
}

[[noreturn]] inline void fail(const char* why) {
    std::fprintf(stderr, "CUDA shim: %s\n", why);
    std::abort();
}

// Runs the body of a kernel for every thread of one block.
using Body = void (*)(const void*);

void sync_threads();

// A kernel by name, called with pointers to its arguments as by the driver.
struct Entry {
    const char* name;
    size_t n_parameters;
    bool has_barriers;
    // Copies the arguments, as the driver does at a launch.
    std::shared_ptr<void> (*copy)(void** arguments);
    Body body;

    static std::vector<const Entry*>& all() {
        static std::vector<const Entry*> entries;
        return entries;
    }

    static const Entry* find(const std::string& name) {
        for (const Entry* entry : all()) {
            if (name == entry->name) {
                return entry;
            }
        }
        return nullptr;
    }

    void run(Dim grid, Dim block, const void* arguments) const;
};

template <auto KERNEL, typename... Parameters>
struct Call {
    using Tuple = std::tuple<std::decay_t<Parameters>...>;

    template <size_t... I>
    static std::shared_ptr<void> copied(void** arguments, std::index_sequence<I...>) {
        return std::make_shared<Tuple>(
            *static_cast<std::decay_t<Parameters>*>(arguments[I])...);
    }

    static std::shared_ptr<void> copy(void** arguments) {
        return copied(arguments, std::index_sequence_for<Parameters...>());
    }

    static void body(const void* arguments) {
        std::apply(KERNEL, *static_cast<const Tuple*>(arguments));
    }
};

template <auto KERNEL, typename... Parameters>
Entry entry(const char* name, bool has_barriers, void (*)(Parameters...)) {
    using This = Call<KERNEL, Parameters...>;
    return Entry{name, sizeof...(Parameters), has_barriers, This::copy, This::body};
}

struct Registered {
    Entry entry;
    explicit Registered(Entry given) : entry(given) { Entry::all().push_back(&entry); }
};

#define SHIM_KERNEL(name, has_barriers) \
    static shim::Registered registered_##name(shim::entry<&name>(#name, has_barriers, &name));

}  // namespace shim

// ---- the language

#define __device__
#define __global__
#define __forceinline__ inline
#define __noinline__ __attribute__((noinline))
#ifdef SHIM_THREADS
#define __shared__ static
#else
#define __shared__ static thread_local
#endif
#define threadIdx (shim::self().thread)
#define blockIdx (shim::self().block)
#define blockDim (shim::self().block_dim)
#define gridDim (shim::self().grid_dim)

struct alignas(8) uint2 {
    unsigned x, y;
};
struct alignas(16) uint4 {
    unsigned x, y, z, w;
};
inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

inline void __syncthreads() { shim::sync_threads(); }
inline unsigned atomicOr(unsigned* at, unsigned bits) {
    return __atomic_fetch_or(at, bits, __ATOMIC_RELAXED);
}

inline unsigned atomicAnd(unsigned* at, unsigned bits) {
    return __atomic_fetch_and(at, bits, __ATOMIC_RELAXED);
}

// ---- intrinsics; what is undefined in C++ and defined in CUDA is refused

template <typename To, typename From>
inline To shim_bits(From from) {
    static_assert(sizeof(To) == sizeof(From), "the same bits");
    To to;
    std::memcpy(&to, &from, sizeof to);
    return to;
}

// Cut off; who calls it has made sure that the result fits.
template <typename To, typename From>
inline To shim_cut(From x) {
    From least = static_cast<From>(std::is_signed_v<To> ? -9223372036854775808.0 : 0.0);
    From most = static_cast<From>(std::is_signed_v<To> ? 9223372036854775808.0 : 18446744073709551616.0);
    if (!(x >= least && x < most)) {
        shim::fail("a float beyond the integers it is converted to");
    }
    return static_cast<To>(x);
}

inline unsigned __float_as_uint(float x) { return shim_bits<unsigned>(x); }
inline float __uint_as_float(unsigned x) { return shim_bits<float>(x); }
inline long long __double_as_longlong(double x) { return shim_bits<long long>(x); }
inline double __longlong_as_double(long long x) { return shim_bits<double>(x); }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline float __int2float_rn(int x) { return static_cast<float>(x); }
inline float __uint2float_rn(unsigned x) { return static_cast<float>(x); }
inline float __ll2float_rn(long long x) { return static_cast<float>(x); }
inline float __ull2float_rn(unsigned long long x) { return static_cast<float>(x); }
inline double __ll2double_rn(long long x) { return static_cast<double>(x); }
inline double __ull2double_rn(unsigned long long x) { return static_cast<double>(x); }
inline float __double2float_rn(double x) { return static_cast<float>(x); }
inline long long __float2ll_rz(float x) { return shim_cut<long long>(x); }
inline unsigned long long __float2ull_rz(float x) { return shim_cut<unsigned long long>(x); }
inline long long __double2ll_rz(double x) { return shim_cut<long long>(x); }
inline unsigned long long __double2ull_rz(double x) { return shim_cut<unsigned long long>(x); }
inline unsigned __umulhi(unsigned a, unsigned b) {
    return static_cast<unsigned>(static_cast<unsigned long long>(a) * b >> 32);
}
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(static_cast<unsigned>(x)); }
