// `lut` on NVIDIA GPUs, bit for bit what scalar.rs does. Row y of the grid works
// on job y; its threads stride over words of what is written.
#include "rows.cuh"

// An entry of tables whose entries are as wide as numbers written.
template <u32 BYTES>
DEVICE u32 entry_of_row(const u32* __restrict__ record, u32 index) {
    return (u32)read_one<BYTES>(record, index);
}

template <u32 BYTES>
DEVICE void look_up(const Rows& rows, const LutConstants& it, const u32* __restrict__ of_column,
                    const u32* __restrict__ records, u32* __restrict__ dst) {
    constexpr u32 PER_WORD = 4 / BYTES;
    const u32 n = rows.len(), n_words = (n + PER_WORD - 1) / PER_WORD;
    Cursor cursor(rows.offsets, rows.n);
    for (u32 word = thread_of_grid(); word < n_words; word += threads_of_grid()) {
        Words<1> written = {};
        for (u32 i = 0; i < PER_WORD && word * PER_WORD + i < n; i++) {
            const u32 at = word * PER_WORD + i;
            cursor.go_to(at);
            const u32 inside = at - cursor.begin;
            u32 table = 0;
            if (it.n_tables > 1) {
                const u32 plane = (cursor.end - cursor.begin) / it.channels;
                table = it.is_chw ? inside / plane : inside % it.channels;
            }
            const u32 index = table * 256 + rows.bytes[at];
            const u32* record = records + cursor.row * (it.record_len / 4);
            put<BYTES>(written, i,
                       it.from_row ? entry_of_row<BYTES>(record, index) : of_column[index]);
        }
        dst[word] = written.at[0];
    }
}

ENTRY(lut) {
    const Job job = jobs[blockIdx.y];
    const auto it = constants_of<LutConstants>(tables, job);
    const Rows rows(job, src);
    const u32 bytes = it.to == U8 ? 1 : it.to == F32 ? 4 : 2;
    for (u32 i = thread_of_grid(); i <= rows.n; i += threads_of_grid()) {
        dst[job.dst_offsets + i] = rows.offsets[i] * bytes;
    }
    const u32* of_column = tables + job.constants + sizeof(LutConstants) / 4;
    const u32* records = params + job.params + rows.n + 1;
    switch (bytes) {
    case 1:
        return look_up<1>(rows, it, of_column, records, dst + job.dst);
    case 2:
        return look_up<2>(rows, it, of_column, records, dst + job.dst);
    default:
        return look_up<4>(rows, it, of_column, records, dst + job.dst);
    }
}
