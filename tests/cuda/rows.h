// Runs of kernels on rows of any length, whose results must not depend on the grid.
#pragma once
#include "unit.h"

namespace unit {

// What a job of rows has: its rows behind their offsets, what it is told of them,
// and room for what it writes.
struct RowsCase {
    Bytes src, params, tables;
    size_t n_rows, n_src, most;
};

constexpr size_t ALIGN = 256;

inline size_t aligned(size_t len) {
    return (len + ALIGN - 1) / ALIGN * ALIGN;
}

inline std::vector<u32> offsets_of(const std::vector<u32>& lens) {
    std::vector<u32> offsets{0};
    for (u32 len : lens) {
        offsets.push_back(offsets.back() + len);
    }
    return offsets;
}

// Rows of these lengths; `params` are where those written begin, and records.
inline RowsCase rows_case(const std::vector<u32>& lens, const std::vector<u32>& dst_lens, const Bytes& bytes,
                   const Bytes& records, const Bytes& tables) {
    RowsCase out{{}, {}, tables, lens.size(), bytes.size(), 0};
    const std::vector<u32> offsets = offsets_of(lens), dst_offsets = offsets_of(dst_lens);
    append(out.src, offsets.data(), offsets.size() * 4);
    out.src.resize(aligned(out.src.size()));
    append(out.src, bytes.data(), bytes.size());
    append(out.params, dst_offsets.data(), dst_offsets.size() * 4);
    append(out.params, records.data(), records.size());
    out.most = dst_offsets.back();
    return out;
}

// Runs entries one after another; gives the offsets and the bytes written.
inline Bytes run_rows(const std::vector<const char*>& entries, shim::Dim grid, const RowsCase& of, u32 bytes_each) {
    const size_t head = aligned(4 * (of.n_rows + 1));
    // Words are written whole.
    Bytes dst(head + (of.most + 3) / 4 * 4, 0xcc);
    Job job{};
    job.n = (u32)of.most / bytes_each;
    job.n_items = (u32)of.n_rows;
    job.src = job.dst = (u32)head / 4;
    Buffer src(of.src), params(of.params), tables(of.tables), to(dst);
    // As much as `tokenize` leaves between its passes, which is most.
    Buffer scratch(Bytes(4 * ((of.n_src + 2047) / 2048 * 2245 + 1), 0xcc));
    const Job* jobs = &job;
    u32* flags = nullptr;
    for (const char* name : entries) {
        const bool is_text = std::strstr(name, "tokenize") && !std::strstr(name, "write");
        const bool leaves = is_text || std::strstr(name, "count") || std::strstr(name, "scan") || std::strstr(name, "means");
        const bool is_alone =
            std::strstr(name, "scan") || std::strstr(name, "states") || std::strstr(name, "places");
        void *params_at = params.at, *tables_at = tables.at, *src_at = src.at, *aux = scratch.at;
        void* written = leaves ? scratch.at : to.at;
        void* arguments[] = {&jobs, &params_at, &tables_at, &src_at, &aux, &written, &flags};
        const shim::Entry* entry = shim::Entry::find(name);
        shim::Dim of_entry{is_alone ? 1 : grid.x, 1, 1};
        entry->run(of_entry, BLOCK, entry->copy(arguments).get());
        n_runs++;
    }
    return Bytes(to.at, to.at + dst.size());
}

// Whether rows are as expected, on every grid.
inline void check_rows(const std::vector<const char*>& entries, const RowsCase& of, u32 bytes_each,
                const std::vector<u32>& lens, const Bytes& expected) {
    for (shim::Dim grid : GRIDS) {
        Bytes dst = run_rows(entries, grid, of, bytes_each);
        const std::vector<u32> offsets = offsets_of(lens);
        const size_t head = aligned(4 * (of.n_rows + 1));
        if (std::memcmp(dst.data(), offsets.data(), offsets.size() * 4) != 0 ||
            !std::equal(expected.begin(), expected.end(), dst.begin() + (long)head)) {
            differ(entries.back(), (u32)of.n_rows, (u32)of.n_src, grid.x);
        }
    }
}

}  // namespace unit
