// Images of which the colours, the size or the perspective change, each computed here in
// another way than the kernels do.
#pragma once
#include "rows.h"

namespace unit {

// Pillow's conversions to HSV and back, in floating point, with the hue moved between.
inline void move_hue(unsigned char* pixel, u32 by) {
    const int r = pixel[0], g = pixel[1], b = pixel[2];
    const int value = std::max({r, g, b}), least = std::min({r, g, b});
    if (value == least) {
        return;
    }
    const float chroma = (float)(value - least);
    const float rc = (float)(value - r) / chroma, gc = (float)(value - g) / chroma, bc = (float)(value - b) / chroma;
    float hue = r == value ? bc - gc : (float)(g == value ? 2.0 + rc - bc : 4.0 + gc - rc);
    hue = (float)std::fmod(hue / 6.0 + 1.0, 1.0);
    const u32 turned = ((u32)(hue * 255.0) + by) & 255, saturation = (u32)(chroma / (float)value * 255.0);
    const float part = (float)(saturation / 255.0);
    const int sector = (int)std::floor(turned * 6.0 / 255.0);
    const float within = (float)(turned * 6.0 / 255.0 - sector);
    auto of = [&](double less) { return (unsigned char)std::round(value * (1.0 - less)); };
    const unsigned char v = (unsigned char)value, p = of(part), q = of(part * within), t = of(part * (1.0 - within));
    const unsigned char all[6][3] = {{v, t, p}, {q, v, p}, {p, v, t}, {p, q, v}, {t, p, v}, {v, p, q}};
    std::memcpy(pixel, all[sector % 6], 3);
}

inline unsigned char blended(int from, int sample, float factor) {
    const volatile float product = factor * (float)(sample - from);
    const float sum = (float)from + product;
    return (unsigned char)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

// Images of different sizes; of each the hue moves, then the contrast changes, and then
// the brightness.
inline void colors(bool is_chw, u32 n_channels) {
    const std::vector<u32> sizes{1, 28, 0, 27, 700};
    std::vector<u32> lens;
    Bytes records;
    for (u32 image = 0; image < sizes.size(); image++) {
        lens.push_back(sizes[image] * n_channels);
        const float contrast = 0.4f + 0.5f * (float)image, brightness = 1.3f - 0.2f * (float)image;
        ColorRow row{4 | 2 << 8 | 1 << 16, 40 * image + 3, 0, 0, 0};
        std::memcpy(&row.second, &contrast, 4);
        std::memcpy(&row.third, &brightness, 4);
        append(records, &row, sizeof row);
    }
    const Bytes bytes = random_bytes(offsets_of(lens).back());
    Bytes expected = bytes;
    for (u32 image = 0; image < sizes.size(); image++) {
        const u32 n = sizes[image];
        unsigned char* written = expected.data() + offsets_of(lens)[image];
        auto place = [&](u32 pixel, u32 c) { return is_chw ? c * n + pixel : pixel * n_channels + c; };
        unsigned long sum = 0;
        for (u32 pixel = 0; pixel < n; pixel++) {
            unsigned char samples[3];
            for (u32 c = 0; c < 3; c++) {
                samples[c] = written[place(pixel, n_channels == 1 ? 0 : c)];
            }
            move_hue(samples, 40 * image + 3);
            sum += (19595ul * samples[0] + 38470ul * samples[1] + 7471ul * samples[2] + 0x8000) >> 16;
            for (u32 c = 0; c < std::min(n_channels, 3u); c++) {
                written[place(pixel, c)] = samples[c];
            }
        }
        const int mean = n == 0 ? 0 : (int)(sum / (double)n + 0.5);
        for (u32 pixel = 0; pixel < n; pixel++) {
            for (u32 c = 0; c < std::min(n_channels, 3u); c++) {
                unsigned char& sample = written[place(pixel, c)];
                sample = blended(mean, sample, 0.4f + 0.5f * (float)image);
                sample = blended(0, sample, 1.3f - 0.2f * (float)image);
            }
        }
    }
    RowsCase of = rows_case(lens, lens, bytes, records, tables_of(ColorConstants{n_channels, is_chw}));
    check_rows({"color_means", "color"}, of, 1, lens, expected);
}

// Images of different sizes, of each a window that is resized along one axis by a
// table of its own.
inline void resizes(bool is_vertical, bool is_chw) {
    const u32 sizes[][2] = {{1, 1}, {4, 7}, {9, 3}, {2, 16}}, n_channels = 3, tos[] = {3, 2, 5, 31};
    std::vector<u32> lens, new_lens, words;
    std::vector<ResampleRow> rows;
    for (u32 image = 0; image < 4; image++) {
        auto [height, width] = sizes[image];
        ResampleRow row{height, width, height / 2, width / 3, 0, 0, tos[image], (u32)words.size(), is_vertical};
        row.rows = height - row.top, row.cols = width - row.left;
        rows.push_back(row);
        const u32 from = is_vertical ? row.rows : row.cols, n = from < 2 ? 1 : 2;
        words.push_back(n);
        for (u32 i = 0; i < row.to; i++) {
            words.push_back(i * 7 % (from - n + 1));
        }
        for (u32 i = 0; i < row.to * n; i++) {
            words.push_back((1u << 21) + (i % 3) * (1u << 20) - (i % 2) * (3u << 20));
        }
        lens.push_back(height * width * n_channels);
        new_lens.push_back((is_vertical ? row.to * row.cols : row.rows * row.to) * n_channels);
    }
    const Bytes bytes = random_bytes(offsets_of(lens).back());
    Bytes records, expected;
    append(records, rows.data(), rows.size() * sizeof rows[0]);
    append(records, words.data(), words.size() * sizeof words[0]);
    for (u32 image = 0; image < 4; image++) {
        const ResampleRow row = rows[image];
        const u32* table = words.data() + row.table;
        const u32 n_cols = is_vertical ? row.cols : row.to, n_rows = is_vertical ? row.to : row.rows;
        for (u32 i = 0; i < new_lens[image]; i++) {
            const u32 pixel = is_chw ? i % (n_rows * n_cols) : i / n_channels;
            const u32 c = is_chw ? i / (n_rows * n_cols) : i % n_channels;
            const u32 position = is_vertical ? pixel / n_cols : pixel % n_cols;
            i32 sum = 1 << 21;
            for (u32 k = 0; k < table[0]; k++) {
                const u32 at = table[1 + position] + k;
                const u32 y = row.top + (is_vertical ? at : pixel / n_cols);
                const u32 x = row.left + (is_vertical ? pixel % n_cols : at);
                const u32 from = is_chw ? (c * row.height + y) * row.width + x : (y * row.width + x) * n_channels + c;
                sum += (i32)table[1 + row.to + position * table[0] + k] * bytes[offsets_of(lens)[image] + from];
            }
            sum >>= 22;
            expected.push_back((unsigned char)(sum < 0 ? 0 : sum > 255 ? 255 : sum));
        }
    }
    ResampleConstants constants{n_channels, is_chw};
    RowsCase of = rows_case(lens, new_lens, bytes, records, tables_of(constants));
    check_rows({"resample"}, of, 1, new_lens, expected);
}

// A number of 64 bits as a record has it, behind what is there.
inline void append_number(std::vector<u32>& words, i64 number) {
    words.push_back((u32)number);
    words.push_back((u32)((u64)number >> 32));
}

// Images of different sizes, each sampled by a map of its own: as it is, tilted, with a
// horizon within what is written, and out of every place.
inline void warps(bool is_chw, u32 n_channels, bool is_bilinear) {
    const u32 sizes[][2] = {{1, 1}, {5, 7}, {9, 3}, {0, 4}, {6, 6}}, news[][2] = {{1, 1}, {4, 9}, {11, 5}, {2, 2}, {7, 3}};
    const i64 one = 1ll << 40;
    const i64 maps[][9] = {
        {one, 0, one / 2, 0, one, one / 2, 0, 0, one},
        {one - 9, one / 7, -one, one / 9, one + 77, one / 3, one / 50, -one / 70, one + 3},
        {one / 2, 3, one / 8, -one / 5, one / 3, one, -one / 4, one / 90, one},
        {one, 0, one / 2, 0, one, one / 2, 0, 0, one},
        {3, 5, 1, 2, 4, 3, 0, 1, 2},
    };
    std::vector<u32> lens, new_lens, words;
    for (u32 image = 0; image < 5; image++) {
        words.insert(words.end(), {sizes[image][0], sizes[image][1], news[image][0], news[image][1]});
        for (i64 number : maps[image]) {
            append_number(words, number);
        }
        lens.push_back(sizes[image][0] * sizes[image][1] * n_channels);
        new_lens.push_back(news[image][0] * news[image][1] * n_channels);
    }
    const u32 fill = 0x63002107;
    const Bytes bytes = random_bytes(offsets_of(lens).back());
    Bytes records, expected;
    append(records, words.data(), words.size() * sizeof words[0]);
    for (u32 image = 0; image < 5; image++) {
        const i64 height = sizes[image][0], width = sizes[image][1];
        const u32 n_rows = news[image][0], n_cols = news[image][1];
        for (u32 i = 0; i < new_lens[image]; i++) {
            const u32 pixel = is_chw ? i % (n_rows * n_cols) : i / n_channels;
            const u32 c = is_chw ? i / (n_rows * n_cols) : i % n_channels;
            auto sum = [&](u32 at) {
                return maps[image][at] * (pixel % n_cols) + maps[image][at + 1] * (pixel / n_cols) + maps[image][at + 2];
            };
            const i64 across = sum(0), down = sum(3), depth = sum(6);
            i64 unit = 1;
            while (depth / unit >= 1 << 24) {
                unit *= 2;
            }
            const i64 divisor = depth / unit * unit;
            const bool is_before = depth > 0 && across >= 0 && down >= 0;
            const i64 u = is_before ? across * 4096 / divisor : -1, v = is_before ? down * 4096 / divisor : -1;
            if (!is_before || u >= width * 4096 || v >= height * 4096) {
                expected.push_back((unsigned char)(fill >> 8 * c));
                continue;
            }
            auto at = [&](i64 y, i64 x) {
                x = std::clamp<i64>(x, 0, width - 1), y = std::clamp<i64>(y, 0, height - 1);
                return (i64)bytes[offsets_of(lens)[image] + (is_chw ? (c * height + y) * width + x : (y * width + x) * n_channels + c)];
            };
            const i64 x = (u + 2048) / 4096 - 1, y = (v + 2048) / 4096 - 1, f = (u + 2048) % 4096, g = (v + 2048) % 4096;
            const i64 mixed = (4096 - g) * ((4096 - f) * at(y, x) + f * at(y, x + 1)) +
                              g * ((4096 - f) * at(y + 1, x) + f * at(y + 1, x + 1));
            expected.push_back((unsigned char)(is_bilinear ? (mixed + (1 << 23)) >> 24 : at(v / 4096, u / 4096)));
        }
    }
    RowsCase of = rows_case(lens, new_lens, bytes, records, tables_of(WarpConstants{n_channels, is_chw, is_bilinear, fill}));
    check_rows({"warp"}, of, 1, new_lens, expected);
}

}  // namespace unit
