// `resample` on NVIDIA GPUs, bit for bit what scalar.rs does. Row y of the grid
// works on job y; its threads stride over words of what is written.
#include "rows.cuh"

// How one row is read: its table, and what lies between samples and positions.
struct Reading {
    const u8* image;
    const u32* table;
    u32 per_col;  // bytes of a column in a line
    u32 rows;     // rows written, in each plane
    u32 line;     // bytes of a line written
    u32 pitch;    // bytes of a line read

    DEVICE Reading(const ResampleConstants& it, const ResampleRow& row, const u8* image, const u32* tables)
        : image(image),
          table(tables + row.table),
          per_col(it.is_chw ? 1 : it.channels),
          rows(row.is_vertical ? row.to : row.rows),
          line((row.is_vertical ? row.cols : row.to) * per_col),
          pitch(row.width * per_col) {}

    // The sample that is written at this byte of the row.
    DEVICE u32 sample(const ResampleConstants& it, const ResampleRow& row, u32 at) const {
        const u32 in_line = at % line, y = at / line % rows, plane = at / line / rows;
        const u32 x = in_line / per_col, position = row.is_vertical ? y : x;
        const u32 n = table[0], start = table[1 + position];
        const u32* weights = table + 1 + row.to + position * n;
        const u32 down = row.top + (row.is_vertical ? start : y);
        const u32 right = row.left + (row.is_vertical ? x : start);
        const u8* from = image + (plane * row.height + down) * pitch + right * per_col + in_line % per_col;
        const u32 step = row.is_vertical ? pitch : per_col;
        // Of 32 bits that wrap around, so the signs of weights need no care.
        u32 sum = 1u << 21;
        for (u32 i = 0; i < n; i++) {
            sum += weights[i] * from[i * step];
        }
        const i32 whole = (i32)sum >> 22;
        return whole < 0 ? 0 : whole > 255 ? 255 : (u32)whole;
    }
};

ENTRY(resample) {
    const Job job = jobs[blockIdx.y];
    const auto it = constants_of<ResampleConstants>(tables, job);
    const Rows rows(job, src);
    // Where those written begin, their records behind that, and tables behind these.
    const u32* offsets = params + job.params;
    const ResampleRow* records = reinterpret_cast<const ResampleRow*>(offsets + job.n_items + 1);
    const u32* row_tables = reinterpret_cast<const u32*>(records + job.n_items);
    for (u32 i = thread_of_grid(); i <= job.n_items; i += threads_of_grid()) {
        dst[job.dst_offsets + i] = offsets[i];
    }
    const u32 n_words = (job.n + 3) / 4;
    Cursor cursor(offsets, job.n_items);
    ResampleRow row = {};
    const u8* image = rows.bytes;
    for (u32 word = thread_of_grid(); word < n_words; word += threads_of_grid()) {
        u32 bits = 0;
        for (u32 i = 0; i < 4 && word * 4 + i < job.n; i++) {
            const u32 at = word * 4 + i;
            if (cursor.go_to(at)) {
                row = records[cursor.row];
                image = rows.bytes + rows.offsets[cursor.row];
            }
            const Reading reading(it, row, image, row_tables);
            bits |= reading.sample(it, row, at - cursor.begin) << i * 8;
        }
        dst[job.dst + word] = bits;
    }
}
