// `blend` on NVIDIA GPUs, bit for bit what scalar.rs does. Row y of the grid works
// on job y; its threads stride over words of what is written.
#include "blended.cuh"
#include "rows.cuh"

ENTRY(blend) {
    const Job job = jobs[blockIdx.y];
    const auto it = constants_of<BlendConstants>(tables, job);
    const Rows rows(job, src);
    // Where those written begin, and their records behind that.
    const u32* offsets = params + job.params;
    const BlendRow* records = reinterpret_cast<const BlendRow*>(offsets + job.n_items + 1);
    for (u32 i = thread_of_grid(); i <= job.n_items; i += threads_of_grid()) {
        dst[job.dst_offsets + i] = offsets[i];
    }
    const u32 n_words = (job.n + 3) / 4;
    Cursor cursor(offsets, job.n_items);
    BlendRow row = {};
    const u8* images = rows.bytes;
    for (u32 word = thread_of_grid(); word < n_words; word += threads_of_grid()) {
        u32 bits = 0;
        for (u32 i = 0; i < 4 && word * 4 + i < job.n; i++) {
            const u32 at = word * 4 + i;
            if (cursor.go_to(at)) {
                row = records[cursor.row];
                images = rows.bytes + rows.offsets[cursor.row];
            }
            const u32 inside = at - cursor.begin, len = cursor.end - cursor.begin;
            const u32 pixel = it.is_chw ? inside % (row.height * row.width) : inside / it.channels;
            const u32 down = pixel / row.width - row.top, right = pixel % row.width - row.left;
            u32 sample = images[inside];
            // What lies before the rectangle wraps around to far beyond it.
            if (down < row.rows && right < row.cols) {
                sample = blended(sample, images[len + inside], row.alpha);
            }
            bits |= sample << i * 8;
        }
        dst[job.dst + word] = bits;
    }
}
