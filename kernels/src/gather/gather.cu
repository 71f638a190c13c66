// `gather` on NVIDIA GPUs, byte for byte what scalar.rs does. Row y of the grid
// works on job y; its threads stride over words of what is written.
#include "rows.cuh"

enum BorderCode : u32 { CONSTANT, EDGE, REFLECT, SYMMETRIC, WRAP };

// The remainder that is never negative.
DEVICE i32 modulo(i32 a, i32 b) {
    const i32 rest = a % b;
    return rest < 0 ? rest + b : rest;
}

// Where a coordinate outside of a window of `len` is brought back to.
DEVICE i32 brought_back(u32 border, i32 inside, i32 len) {
    i32 phase = 0;
    switch (border) {
    case EDGE:
        return inside < 0 ? 0 : inside < len ? inside : len - 1;
    case REFLECT:
        if (len == 1) {
            return 0;
        }
        phase = modulo(inside, 2 * (len - 1));
        return phase < 2 * (len - 1) - phase ? phase : 2 * (len - 1) - phase;
    case SYMMETRIC:
        phase = modulo(inside, 2 * len);
        return phase < 2 * len - 1 - phase ? phase : 2 * len - 1 - phase;
    default:
        return modulo(inside, len);
    }
}

// The sample of a row that is written at (y, x, c).
DEVICE u32 sample(const GatherConstants& it, const GatherRow& row, const u8* __restrict__ src,
                  i32 y, i32 x, u32 c) {
    i32 down = row.top + y * row.row_down + x * row.row_right - row.window_top;
    i32 right = row.left + y * row.col_down + x * row.col_right - row.window_left;
    if ((u32)down >= row.window_height || (u32)right >= row.window_width) {
        if (it.border == CONSTANT) {
            return it.fill >> c * 8 & 0xffu;
        }
        down = brought_back(it.border, down, (i32)row.window_height);
        right = brought_back(it.border, right, (i32)row.window_width);
    }
    const u32 in_y = (u32)(down + row.window_top), in_x = (u32)(right + row.window_left);
    const u32 channel = (u32)((i32)it.first_channel + (i32)c * it.channel_step);
    if (it.from_chw) {
        return src[(channel * row.src_height + in_y) * row.src_width + in_x];
    }
    return src[(in_y * row.src_width + in_x) * it.channels_in + channel];
}

ENTRY(gather) {
    const Job job = jobs[blockIdx.y];
    const auto it = constants_of<GatherConstants>(tables, job);
    const Rows rows(job, src);
    // Where those written begin, and their records behind that.
    const u32* offsets = params + job.params;
    const GatherRow* records = reinterpret_cast<const GatherRow*>(offsets + job.n_items + 1);
    for (u32 i = thread_of_grid(); i <= job.n_items; i += threads_of_grid()) {
        dst[job.dst_offsets + i] = offsets[i];
    }
    const u32 n_words = (job.n + 3) / 4;
    Cursor cursor(offsets, job.n_items);
    GatherRow row = {};
    for (u32 word = thread_of_grid(); word < n_words; word += threads_of_grid()) {
        u32 bits = 0;
        for (u32 i = 0; i < 4 && word * 4 + i < job.n; i++) {
            const u32 at = word * 4 + i;
            if (cursor.go_to(at)) {
                row = records[cursor.row];
            }
            const u32 inside = at - cursor.begin;
            const u32 area = row.dst_height * row.dst_width;
            const u32 c = it.to_chw ? inside / area : inside % it.channels_out;
            const u32 pixel = it.to_chw ? inside % area : inside / it.channels_out;
            const i32 y = (i32)(pixel / row.dst_width), x = (i32)(pixel % row.dst_width);
            const u8* from = rows.bytes + rows.offsets[cursor.row];
            bits |= sample(it, row, from, y, x, c) << i * 8;
        }
        dst[job.dst + word] = bits;
    }
}
