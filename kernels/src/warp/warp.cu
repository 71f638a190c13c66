// `warp` on NVIDIA GPUs, byte for byte what scalar.rs does; mod.rs says what it means.
// Row y of the grid works on job y; its threads stride over words of what is written.
#include "rows.cuh"

constexpr u32 PART_BITS = 12, PARTS = 1 << PART_BITS, DIVISOR_BITS = 24;

// Where a pixel is sampled, in parts of a pixel.
struct Place {
    u32 u, v;
    bool is_inside;
};

DEVICE i64 number_of(u32 low, u32 high) {
    return (i64)((u64)high << 32 | low);
}

DEVICE u32 bits_of(u64 number) {
    const i32 high = (i32)(number >> 32);
    return high != 0 ? 64 - __clz(high) : 32 - __clz((i32)number);
}

// The whole quotient of a number and one of 24 bits, where it fits 32: digit by digit,
// for remainders with 8 bits behind them fit 32 as well.
DEVICE u32 quotient(u64 dividend, u32 divisor) {
    u32 rest = (u32)(dividend >> 32), digits = 0;
#pragma unroll
    for (u32 at = 0; at < 4; at++) {
        rest = rest << 8 | ((u32)dividend >> (24 - 8 * at) & 0xff);
        digits = digits << 8 | rest / divisor;
        rest %= divisor;
    }
    return digits;
}

DEVICE Place place_of(const WarpRow& row, u32 x, u32 y) {
    const i64 across = number_of(row.x_across_low, row.x_across_high) * x +
                       number_of(row.x_down_low, row.x_down_high) * y +
                       number_of(row.x_first_low, row.x_first_high);
    const i64 down = number_of(row.y_across_low, row.y_across_high) * x +
                     number_of(row.y_down_low, row.y_down_high) * y +
                     number_of(row.y_first_low, row.y_first_high);
    const i64 depth = number_of(row.w_across_low, row.w_across_high) * x +
                      number_of(row.w_down_low, row.w_down_high) * y +
                      number_of(row.w_first_low, row.w_first_high);
    if (depth <= 0 || across < 0 || down < 0) {
        return {0, 0, false};
    }
    const u32 n_bits = bits_of((u64)depth), n_dropped = n_bits > DIVISOR_BITS ? n_bits - DIVISOR_BITS : 0;
    const u32 divisor = (u32)((u64)depth >> n_dropped);
    const u64 u_dividend = (u64)across << PART_BITS >> n_dropped;
    const u64 v_dividend = (u64)down << PART_BITS >> n_dropped;
    // Quotients of 32 bits and more are beyond every side.
    if (u_dividend >> 32 >= divisor || v_dividend >> 32 >= divisor) {
        return {0, 0, false};
    }
    const u32 u = quotient(u_dividend, divisor), v = quotient(v_dividend, divisor);
    return {u, v, u < row.src_width << PART_BITS && v < row.src_height << PART_BITS};
}

// The image that a row reads, and how its samples become others.
struct Reading {
    const WarpConstants& it;
    const WarpRow& row;
    const u8* image;

    DEVICE u32 at(u32 channel, u32 x, u32 y) const {
        const u32 place = it.is_chw ? (channel * row.src_height + y) * row.src_width + x
                                    : (y * row.src_width + x) * it.channels + channel;
        return image[place];
    }

    DEVICE u32 sample(u32 channel, const Place& found) const {
        if (!found.is_inside) {
            return it.fill >> 8 * channel & 0xff;
        }
        if (!it.is_bilinear) {
            return at(channel, found.u >> PART_BITS, found.v >> PART_BITS);
        }
        const i32 half = PARTS / 2, a = (i32)found.u - half, b = (i32)found.v - half;
        const u32 f = (u32)a % PARTS, g = (u32)b % PARTS;
        const i32 x = a >> PART_BITS, y = b >> PART_BITS;
        const i32 x_last = (i32)row.src_width - 1, y_last = (i32)row.src_height - 1;
        const u32 left = x < 0 ? 0 : x, right = x < x_last ? x + 1 : x_last;
        const u32 top = y < 0 ? 0 : y, bottom = y < y_last ? y + 1 : y_last;
        const u32 above = (PARTS - f) * at(channel, left, top) + f * at(channel, right, top);
        const u32 below = (PARTS - f) * at(channel, left, bottom) + f * at(channel, right, bottom);
        return ((PARTS - g) * above + g * below + (1u << 23)) >> 24;
    }
};

ENTRY(warp) {
    const Job job = jobs[blockIdx.y];
    const auto it = constants_of<WarpConstants>(tables, job);
    const Rows rows(job, src);
    // Where those written begin, and their records behind that.
    const u32* offsets = params + job.params;
    const WarpRow* records = reinterpret_cast<const WarpRow*>(offsets + job.n_items + 1);
    for (u32 i = thread_of_grid(); i <= job.n_items; i += threads_of_grid()) {
        dst[job.dst_offsets + i] = offsets[i];
    }
    const u32 n_words = (job.n + 3) / 4;
    Cursor cursor(offsets, job.n_items);
    WarpRow row = {};
    const u8* image = rows.bytes;
    for (u32 word = thread_of_grid(); word < n_words; word += threads_of_grid()) {
        // The pixel whose place was found last, of the row at hand.
        u32 bits = 0, last = 0xffffffff;
        Place found = {};
        for (u32 i = 0; i < 4 && word * 4 + i < job.n; i++) {
            const u32 at = word * 4 + i;
            if (cursor.go_to(at)) {
                row = records[cursor.row];
                image = rows.bytes + rows.offsets[cursor.row];
                last = 0xffffffff;
            }
            const u32 inside = at - cursor.begin, n_pixels = row.dst_height * row.dst_width;
            const u32 pixel = it.is_chw ? inside % n_pixels : inside / it.channels;
            const u32 channel = it.is_chw ? inside / n_pixels : inside % it.channels;
            if (pixel != last) {
                found = place_of(row, pixel % row.dst_width, pixel / row.dst_width);
                last = pixel;
            }
            bits |= Reading{it, row, image}.sample(channel, found) << i * 8;
        }
        dst[job.dst + word] = bits;
    }
}
