// Runs every kernel on every pair of types and on images of awkward sizes, for
// the sanitizers. Buffers end where the last region ends, so a stray access is
// seen; results must not depend on the grid, and a few are computed here as
// well. That all bits are the reference's is tested against Rust, through the
// simulated driver.
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

void casts(u32 n) {
    for (u32 from = 0; from < 12; from++) {
        for (u32 to = 0; to < 12; to++) {
            u32 flags[2] = {0, 0};
            auto regions = two(n, (size_t)n * len_bytes(from), (size_t)n * len_bytes(to));
            Bytes tables = tables_of(CastConstants{from, to});
            run_all("cast", regions, tables, (size_t)n * len_bytes(to), flags);
            bool is_widening = to < 8 && from < 8 && from % 2 == to % 2 && from <= to;
            if (flags[0] != 0 || flags[1] > 1 || (is_widening && flags[1] != 0)) {
                differ("flag of cast", from, to, n);
            }
        }
    }
}

void numbers(u32 n) {
    for (u32 from = 0; from < 12; from++) {
        bool is_wide = len_bytes(from) == 8;
        for (u32 to = F16; to <= (is_wide ? F64 : F32); to++) {
            size_t src_bytes = (size_t)n * len_bytes(from), dst_bytes = (size_t)n * len_bytes(to);
            if (is_wide) {
                Bytes tables = tables_of(WideConstants{from, to, 1.5, 0.25, -100, 1e300});
                run_all("normalize_wide", two(n, src_bytes, dst_bytes), tables, dst_bytes, nullptr);
            } else {
                Bytes tables = tables_of(NumbersConstants{from, to, 1.5f, 0.25f, -100, 1e30f});
                run_all("normalize_numbers", two(n, src_bytes, dst_bytes), tables, dst_bytes, nullptr);
            }
        }
    }
}

struct Shape {
    u32 height, width, channels, n_images;
};

// HWC in; either layout and either size of number out, as it is or mirrored.
void images(Shape shape, bool to_chw, u32 to, bool is_flipped) {
    auto [height, width, channels, n_images] = shape;
    u32 item = height * width * channels, n = item * n_images;
    i32 col = (i32)channels, row = (i32)(width * channels);
    ImagesConstants constants{height, width, channels, 0, row, col, 1, to_chw, to};
    if (is_flipped) {
        constants.origin = (width - 1) * channels;
        constants.col_stride = -col;
    }
    std::vector<u32> table(channels * 256);
    for (u32 i = 0; i < table.size(); i++) {
        table[i] = i * 40503u + 7;
    }
    size_t dst_bytes = (size_t)n * len_bytes(to);
    auto regions = two(n, n, dst_bytes);
    for (Job& job : regions.jobs) {
        job.src_item = item;
    }
    Bytes tables = tables_of(constants, table);
    Bytes src = run_all("normalize_images", regions, tables, dst_bytes, nullptr);
    Bytes dst = run("normalize_images", GRIDS[0], regions, tables, src, nullptr);
    for (u32 i = 0; i < n; i++) {
        u32 image = i / item, in = i % item;
        u32 c = to_chw ? in / (height * width) : in % channels;
        u32 pixel = to_chw ? in % (height * width) : in / channels;
        u32 y = pixel / width, x = pixel % width;
        u32 from_x = is_flipped ? width - 1 - x : x;
        u32 bits = table[c * 256 + src[image * item + (y * width + from_x) * channels + c]];
        u32 got = 0;
        std::memcpy(&got, &dst[(size_t)i * len_bytes(to)], len_bytes(to));
        if (got != (len_bytes(to) == 2 ? bits & 0xffff : bits)) {
            differ("normalize_images", to_chw, to, i);
        }
    }
}

void all_images() {
    const Shape shapes[] = {{1, 1, 1, 1}, {4, 8, 3, 2},  {3, 5, 3, 3}, {2, 4, 1, 2},
                            {5, 7, 4, 2}, {2, 16, 3, 1}, {6, 6, 2, 3}};
    for (Shape shape : shapes) {
        for (u32 to : {F16, F32}) {
            for (int way = 0; way < 4; way++) {
                images(shape, way & 1, to, way & 2);
            }
        }
    }
}

}  // namespace unit

int main() {
    for (unit::u32 n : unit::SIZES) {
        unit::casts(n);
        unit::numbers(n);
    }
    unit::all_images();
    std::printf("%u runs of %zu kernels: as expected\n", unit::n_runs, shim::Entry::all().size());
}
