// `color` on NVIDIA GPUs, byte for byte what scalar.rs does; mod.rs says what it means.
// Two launches: a block sums the grey of each image whose contrast changes; all
// adjustments are done.
#include "blended.cuh"
#include "rows.cuh"

enum Kind : u32 { NONE, BRIGHTNESS, CONTRAST, SATURATION, HUE };

constexpr u32 N_ADJUSTMENTS = 4;

struct Pixel {
    u32 r, g, b;
};

DEVICE u32 luma(Pixel it) {
    return (19595 * it.r + 38470 * it.g + 7471 * it.b + 0x8000) >> 16;
}

// Whether the floating-point sum stays below this whole hue: see hue.rs.
DEVICE bool is_low(u32 hue) {
    const u32 low[8] = {0xfffffffe, 0, 0x11000000, 0x00000111, 0x222aaaaa, 0x23232222, 0x00022222, 0};
    return low[hue / 32] >> hue % 32 & 1;
}

// What so many of 85 parts of the saturation leave of a value.
DEVICE u32 left(u32 value, u32 saturation, i32 parts) {
    const u32 within = parts < 0 ? 0 : parts > 85 ? 85 : (u32)parts;
    return value - (value * saturation * within + 10837) / 21675;
}

DEVICE i32 distance(i32 a, i32 b) {
    return a > b ? a - b : b - a;
}

DEVICE u32 most(u32 a, u32 b) {
    return a > b ? a : b;
}

DEVICE u32 least_of(u32 a, u32 b) {
    return a < b ? a : b;
}

DEVICE Pixel moved(Pixel it, u32 by) {
    const u32 value = most(it.r, most(it.g, it.b));
    const u32 chroma = value - least_of(it.r, least_of(it.g, it.b));
    if (chroma == 0) {
        return it;
    }
    // Six chromas more, so that nothing is below zero.
    const u32 place = it.r == value   ? 6 * chroma + it.g - it.b
                      : it.g == value ? 8 * chroma + it.b - it.r
                                      : 10 * chroma + it.r - it.g;
    const u32 numerator = 85 * (place % (6 * chroma)), whole = numerator / (2 * chroma);
    const u32 hue = whole * 2 * chroma == numerator && is_low(whole) ? whole - 1 : whole;
    const u32 saturation = 255 * chroma / value;
    const i32 twice = 2 * (i32)((hue + by) & 255);
    return {left(value, saturation, 170 - distance(twice, 255)),
            left(value, saturation, distance(twice, 170) - 85),
            left(value, saturation, distance(twice, 340) - 85)};
}

// From one sample to each of a pixel.
DEVICE Pixel all_blended(u32 from, Pixel it, u32 word) {
    const float factor = __uint_as_float(word);
    return {blended(from, it.r, factor), blended(from, it.g, factor), blended(from, it.b, factor)};
}

DEVICE Pixel adjusted(Pixel it, u32 kind, u32 word, u32 mean) {
    switch (kind) {
        case BRIGHTNESS:
            return all_blended(0, it, word);
        case CONTRAST:
            return all_blended(mean, it, word);
        case SATURATION:
            return all_blended(luma(it), it, word);
        default:
            return moved(it, word);
    }
}

DEVICE u32 kind_of(const ColorRow& row, u32 at) {
    return row.order >> 8 * at & 0xff;
}

DEVICE u32 word_of(const ColorRow& row, u32 at) {
    return at == 0 ? row.first : at == 1 ? row.second : at == 2 ? row.third : row.fourth;
}

// How many adjustments there are before the one that needs the mean; 4 if none does.
DEVICE u32 before_mean(const ColorRow& row) {
    for (u32 at = 0; at < N_ADJUSTMENTS; at++) {
        if (kind_of(row, at) == CONTRAST) {
            return at;
        }
    }
    return N_ADJUSTMENTS;
}

// A pixel behind the first `n` adjustments.
DEVICE Pixel colored(Pixel it, const ColorRow& row, u32 n, u32 mean) {
    // One body for all of them: unrolled, it would be a dozen.
#pragma unroll 1
    for (u32 at = 0; at < n && kind_of(row, at) != NONE; at++) {
        it = adjusted(it, kind_of(row, at), word_of(row, at), mean);
    }
    return it;
}

// A pixel of an image of `n`; one channel is all three.
DEVICE Pixel pixel_of(const ColorConstants& of, const u8* image, u32 n, u32 pixel) {
    if (of.channels == 1) {
        return {image[pixel], image[pixel], image[pixel]};
    }
    if (of.is_chw) {
        return {image[pixel], image[n + pixel], image[2 * n + pixel]};
    }
    const u8* at = image + pixel * of.channels;
    return {at[0], at[1], at[2]};
}

// The mean of `n` greys, rounded half up, out of the sums of their halves.
DEVICE u32 mean_of(u32 high, u32 low, u32 n) {
    const u32 rest = 16 * (high % n) + low;
    return 16 * (high / n) + (2 * rest + n) / (2 * n);
}

ENTRY(color_means) {
    __shared__ u32 highs[1024];
    __shared__ u32 lows[1024];
    const Job job = jobs[blockIdx.y];
    const auto it = constants_of<ColorConstants>(tables, job);
    const Rows rows(job, src);
    const ColorRow* records = reinterpret_cast<const ColorRow*>(params + job.params + job.n_items + 1);
    for (u32 at_row = blockIdx.x; at_row < job.n_items; at_row += gridDim.x) {
        const ColorRow row = records[at_row];
        const u8* image = rows.bytes + rows.offsets[at_row];
        const u32 n = (rows.offsets[at_row + 1] - rows.offsets[at_row]) / it.channels;
        const u32 n_before = before_mean(row);
        u32 high = 0, low = 0;
        if (n_before < N_ADJUSTMENTS) {
            for (u32 pixel = threadIdx.x; pixel < n; pixel += blockDim.x) {
                const u32 grey = luma(colored(pixel_of(it, image, n, pixel), row, n_before, 0));
                high += grey >> 4;
                low += grey & 15;
            }
        }
        highs[threadIdx.x] = high;
        lows[threadIdx.x] = low;
        __syncthreads();
        for (u32 distance = 1; distance < blockDim.x; distance *= 2) {
            if (threadIdx.x % (2 * distance) == 0 && threadIdx.x + distance < blockDim.x) {
                highs[threadIdx.x] += highs[threadIdx.x + distance];
                lows[threadIdx.x] += lows[threadIdx.x + distance];
            }
            __syncthreads();
        }
        if (threadIdx.x == 0 && n_before < N_ADJUSTMENTS && n > 0) {
            dst[job.aux + at_row] = mean_of(highs[0], lows[0], n);
        }
        __syncthreads();
    }
}

ENTRY(color) {
    const Job job = jobs[blockIdx.y];
    const auto it = constants_of<ColorConstants>(tables, job);
    const Rows rows(job, src);
    // Where those written begin, and their records behind that.
    const u32* offsets = params + job.params;
    const ColorRow* records = reinterpret_cast<const ColorRow*>(offsets + job.n_items + 1);
    for (u32 i = thread_of_grid(); i <= job.n_items; i += threads_of_grid()) {
        dst[job.dst_offsets + i] = offsets[i];
    }
    const u32 n_words = (job.n + 3) / 4;
    Cursor cursor(offsets, job.n_items);
    ColorRow row = {};
    const u8* image = rows.bytes;
    u32 mean = 0;
    for (u32 word = thread_of_grid(); word < n_words; word += threads_of_grid()) {
        u32 bits = 0, last = 0xffffffff;
        Pixel made = {};
        for (u32 i = 0; i < 4 && word * 4 + i < job.n; i++) {
            const u32 at = word * 4 + i;
            if (cursor.go_to(at)) {
                row = records[cursor.row];
                image = rows.bytes + rows.offsets[cursor.row];
                mean = before_mean(row) < N_ADJUSTMENTS ? aux[job.aux + cursor.row] : 0;
                last = 0xffffffff;
            }
            const u32 inside = at - cursor.begin, n = (cursor.end - cursor.begin) / it.channels;
            const u32 pixel = it.is_chw ? inside % n : inside / it.channels;
            const u32 channel = it.is_chw ? inside / n : inside % it.channels;
            u32 sample = image[inside];
            if (channel < 3) {
                if (pixel != last) {
                    made = colored(pixel_of(it, image, n, pixel), row, N_ADJUSTMENTS, mean);
                    last = pixel;
                }
                sample = channel == 0 ? made.r : channel == 1 ? made.g : made.b;
            }
            bits |= sample << i * 8;
        }
        dst[job.dst + word] = bits;
    }
}
