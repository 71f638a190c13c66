// What the cases of unit.cpp share: buffers that end where the last region ends, and
// runs of a kernel whose results must not depend on the grid.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "shim/shim.h"

namespace unit {
#include "twins.cuh"

using Bytes = std::vector<unsigned char>;

#ifdef SHIM_THREADS
constexpr shim::Dim GRIDS[] = {{1, 2, 1}, {2, 2, 1}};
constexpr shim::Dim BLOCK = {3, 1, 1};
constexpr u32 SIZES[] = {1, 13};
#else
constexpr shim::Dim GRIDS[] = {{1, 2, 1}, {3, 2, 1}, {40, 2, 1}};
constexpr shim::Dim BLOCK = {32, 1, 1};
constexpr u32 SIZES[] = {1, 2, 3, 4, 5, 7, 8, 9, 33, 257};
#endif

unsigned n_runs = 0;

u32 len_bytes(u32 code) {
    constexpr u32 LEN[] = {1, 1, 2, 2, 4, 4, 8, 8, 2, 2, 4, 8};
    return LEN[code];
}

[[noreturn]] void differ(const char* what, u32 from, u32 to, u32 n) {
    std::fprintf(stderr, "%s from %u to %u, n = %u: wrong\n", what, from, to, n);
    std::abort();
}

Bytes random_bytes(size_t len) {
    static u64 state = 88172645463325252ull;
    Bytes bytes(len);
    for (unsigned char& byte : bytes) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        // Extremes, and exponents that matter, come up often.
        byte = state % 5 == 0 ? 0xff : state % 5 == 1 ? 0 : (unsigned char)(state >> 32);
    }
    return bytes;
}

inline void append(Bytes& to, const void* at, size_t len) {
    auto begin = static_cast<const unsigned char*>(at);
    to.insert(to.end(), begin, begin + len);
}

struct Regions {
    Job jobs[2];
    size_t src_len, dst_len;
};

// Two jobs of n numbers, the second at the next multiple of 256 bytes.
Regions two(u32 n, size_t src_bytes, size_t dst_bytes) {
    auto up = [](size_t len) { return (len + 255) / 256 * 256; };
    Job job{};
    job.n = n;
    job.flag = 1;
    Regions out{{job, job}, up(src_bytes) + src_bytes, up(dst_bytes) + dst_bytes};
    out.jobs[1].src = (u32)(up(src_bytes) / 4);
    out.jobs[1].dst = (u32)(up(dst_bytes) / 4);
    return out;
}

// Exactly as many bytes, aligned as the driver aligns.
struct Buffer {
    explicit Buffer(const Bytes& bytes) {
        void* begin = nullptr;
        if (posix_memalign(&begin, 256, bytes.size()) != 0) {
            std::abort();
        }
        at = static_cast<unsigned char*>(begin);
        std::memcpy(at, bytes.data(), bytes.size());
    }
    ~Buffer() { std::free(at); }
    Buffer(const Buffer&) = delete;
    unsigned char* at = nullptr;
};

// Constants as words, and a table behind them.
template <typename Constants>
Bytes tables_of(const Constants& constants, const std::vector<u32>& table = {}) {
    auto bytes_of = [](const auto* at, size_t n) {
        auto begin = reinterpret_cast<const unsigned char*>(at);
        return Bytes(begin, begin + n * sizeof *at);
    };
    Bytes bytes = bytes_of(&constants, 1), behind = bytes_of(table.data(), table.size());
    bytes.insert(bytes.end(), behind.begin(), behind.end());
    return bytes;
}

Bytes run(const char* name, shim::Dim grid, const Regions& regions, const Bytes& tables,
          const Bytes& src, u32* flags) {
    const shim::Entry* entry = shim::Entry::find(name);
    Buffer constants(tables), from(src), to(Bytes(regions.dst_len, 0xcc));
    const Job* jobs = regions.jobs;
    void *tables_at = constants.at, *from_at = from.at, *to_at = to.at, *unused = nullptr;
    void* arguments[] = {&jobs, &unused, &tables_at, &from_at, &unused, &to_at, &flags};
    entry->run(grid, BLOCK, entry->copy(arguments).get());
    n_runs++;
    return Bytes(to.at, to.at + regions.dst_len);
}

// The same bytes whatever the grid, and nothing between the regions.
Bytes run_all(const char* name, const Regions& regions, const Bytes& tables, size_t dst_bytes,
              u32* flags) {
    Bytes src = random_bytes(regions.src_len), first;
    std::memcpy(src.data() + regions.jobs[1].src * 4, src.data(), regions.src_len - regions.jobs[1].src * 4);
    for (shim::Dim grid : GRIDS) {
        Bytes dst = run(name, grid, regions, tables, src, flags);
        size_t second = regions.jobs[1].dst * 4;
        bool is_wrong = !first.empty() && dst != first;
        for (size_t i = dst_bytes; i < second; i++) {
            is_wrong |= dst[i] != 0xcc;
        }
        is_wrong |= std::memcmp(dst.data(), dst.data() + second, dst_bytes) != 0;
        if (is_wrong) {
            differ(name, 0, 0, (u32)dst_bytes);
        }
        first = dst;
    }
    return src;
}

}  // namespace unit
