// Runs every kernel on every pair of types and on images of awkward sizes, for
// the sanitizers. Buffers end where the last region ends, so a stray access is
// seen; results must not depend on the grid, and a few are computed here as
// well. That all bits are the reference's is tested against Rust, through the
// simulated driver.
#include "changed.h"
#include "rows.h"
#include "texts.h"
#include "unit.h"

namespace unit {

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

// The register that holds numbers of a type.
u32 register_of(u32 from) {
    constexpr u32 REGISTERS[] = {U32, I32, U32, I32, U32, I32, U64, I64, F32, F32, F32, F64};
    return REGISTERS[from];
}

// What a float is, in words of a register's type.
std::vector<u32> words_of(u32 held, double x) {
    std::vector<u32> words(2);
    float narrow = (float)x;
    std::memcpy(words.data(), held == F64 ? (const void*)&x : &narrow, held == F64 ? 8 : 4);
    return words;
}

// Every instruction: arithmetic in floats, then edges and a table that end where the
// constants do. Counts and entries are known, so misfits are.
void maps(u32 n) {
    for (u32 from = 0; from < 12; from++) {
        for (u32 to = 0; to < 12; to++) {
            const u32 held = register_of(from), floats = len_bytes(from) == 8 ? F64 : F32;
            const u32 n_keys = 5, key_words = len_bytes(floats) / 4;
            const u32 keys_at = (sizeof(MapConstants) + 6 * sizeof(MapInstruction)) / 4;
            const u32 table_at = keys_at + n_keys * key_words + (n_keys * key_words) % 2;
            auto low = words_of(floats, -100), high = words_of(floats, 1e30);
            auto mean = words_of(floats, 1.5), factor = words_of(floats, -0.25);
            const std::vector<MapInstruction> instructions{
                {floats == F64, held, floats, 0, 0, 0, 0},
                {2, floats, floats, mean[0], mean[1], 0, 0},
                {3, floats, floats, factor[0], factor[1], 0, 0},
                {4, floats, floats, low[0], low[1], high[0], high[1]},
                {5, floats, U32, keys_at, 0, n_keys, 0},
                {6, U32, I64, table_at, 0, n_keys + 1, 0},
            };
            Bytes tables = tables_of(MapConstants{from, held, to, 6});
            append(tables, instructions.data(), instructions.size() * sizeof(MapInstruction));
            for (u32 key = 0; key < n_keys; key++) {
                // Numbers by their keys: negative ones, both zeros, large ones, NaN.
                u64 wide = ~0ull / (n_keys - 1) * key;
                u32 narrow = ~0u / (n_keys - 1) * key;
                append(tables, key_words == 2 ? (const void*)&wide : &narrow, key_words * 4);
            }
            tables.resize(table_at * 4);
            for (i64 entry = 0; entry <= n_keys; entry++) {
                append(tables, &entry, sizeof entry);
            }
            u32 flags[2] = {0, 0};
            const size_t src_bytes = (size_t)n * len_bytes(from), dst_bytes = (size_t)n * len_bytes(to);
            run_all("map", two(n, src_bytes, dst_bytes), tables, dst_bytes, flags);
            if (flags[0] != 0 || flags[1] != 0) {
                differ("flag of map", from, to, n);
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

// ---- rows of any length

void squeezes(const std::vector<u32>& lens, bool is_blank) {
    const Bytes bytes = is_blank ? Bytes(offsets_of(lens).back(), 5) : random_bytes(offsets_of(lens).back());
    // Bytes by their remainder: squeezed, dropped, kept.
    auto class_of = [](u32 byte) { return byte % 5 == 0 ? 1u : byte % 5 == 1 ? 2u : 0u; };
    std::vector<u32> words(65);
    words[0] = '~';
    for (u32 byte = 0; byte < 256; byte++) {
        words[1 + byte / 4] |= class_of(byte) << byte % 4 * 8;
    }
    Bytes tables, expected;
    append(tables, words.data(), words.size() * 4);
    std::vector<u32> new_lens;
    size_t at = 0;
    for (u32 len : lens) {
        const size_t before = expected.size();
        bool in_run = false;
        for (u32 i = 0; i < len; i++, at++) {
            const u32 kind = class_of(bytes[at]);
            if (kind == 0) {
                expected.push_back(bytes[at]);
            } else if (kind == 1 && !in_run) {
                expected.push_back('~');
            }
            in_run = kind == 1 || (kind == 2 && in_run);
        }
        new_lens.push_back((u32)(expected.size() - before));
    }
    RowsCase of = rows_case(lens, lens, bytes, {}, tables);
    check_rows({"squeeze_count", "squeeze_scan", "squeeze_edges", "squeeze_write"}, of, 1, new_lens, expected);
}

void luts(u32 to, bool from_row, bool is_chw) {
    const std::vector<u32> lens{0, 3, 33, 0, 6, 300, 0};
    const u32 n_channels = 3, width = len_bytes(to), record_len = from_row ? 3 * 256 * width : 0;
    const Bytes bytes = random_bytes(offsets_of(lens).back());
    const Bytes records = random_bytes(lens.size() * record_len);
    std::vector<u32> table(from_row ? 0 : 3 * 256);
    for (u32 i = 0; i < table.size(); i++) {
        table[i] = (i * 40503u + 7) & (0xffffffffu >> (32 - 8 * width));
    }
    LutConstants constants{to, n_channels, n_channels, is_chw, from_row, record_len};
    Bytes expected;
    std::vector<u32> new_lens;
    for (size_t row = 0, at = 0; row < lens.size(); row++) {
        for (u32 i = 0; i < lens[row]; i++, at++) {
            const u32 c = is_chw ? i / (lens[row] / n_channels) : i % n_channels;
            const u32 index = c * 256 + bytes[at];
            const void* of_column = table.data() + (from_row ? 0 : index);
            const void* of_row = records.data() + row * record_len + (from_row ? index * width : 0);
            append(expected, from_row ? of_row : of_column, width);
        }
        new_lens.push_back(lens[row] * width);
    }
    RowsCase of = rows_case(lens, new_lens, bytes, records, tables_of(constants, table));
    check_rows({"lut"}, of, width, new_lens, expected);
}

// Images of different sizes, mirrored and padded by a constant, or by an edge.
void gathers(u32 border, bool to_chw) {
    const u32 sizes[][2] = {{1, 1}, {4, 7}, {9, 3}, {2, 16}}, pad = 2, n_channels = 3;
    GatherConstants constants{n_channels, n_channels, 0, to_chw, 0, 1, border, 0x00030201};
    std::vector<u32> lens, new_lens;
    Bytes records, expected;
    for (auto [height, width] : sizes) {
        lens.push_back(height * width * n_channels);
        new_lens.push_back((height + 2 * pad) * (width + 2 * pad) * n_channels);
        GatherRow row{};
        row.src_height = row.window_height = height;
        row.src_width = row.window_width = width;
        row.dst_height = height + 2 * pad;
        row.dst_width = width + 2 * pad;
        row.top = -(i32)pad;
        row.left = (i32)(width - 1 + pad);
        row.row_down = 1;
        row.col_right = -1;
        append(records, &row, sizeof row);
    }
    const Bytes bytes = random_bytes(offsets_of(lens).back());
    for (size_t image = 0; image < lens.size(); image++) {
        const i32 height = (i32)sizes[image][0], width = (i32)sizes[image][1];
        const i32 rows = height + 2 * (i32)pad, cols = width + 2 * (i32)pad;
        for (i32 i = 0; i < rows * cols * (i32)n_channels; i++) {
            const i32 pixel = to_chw ? i % (rows * cols) : i / 3, c = to_chw ? i / (rows * cols) : i % 3;
            i32 y = pixel / cols - (i32)pad, x = width - 1 - (pixel % cols - (i32)pad);
            const bool is_inside = y >= 0 && y < height && x >= 0 && x < width;
            y = y < 0 ? 0 : y < height ? y : height - 1;
            x = x < 0 ? 0 : x < width ? x : width - 1;
            const u32 from = offsets_of(lens)[image] + (u32)((y * width + x) * 3 + c);
            expected.push_back(border == 0 && !is_inside ? (unsigned char)(c + 1) : bytes[from]);
        }
    }
    RowsCase of = rows_case(lens, new_lens, bytes, records, tables_of(constants));
    check_rows({"gather"}, of, 1, new_lens, expected);
}

// Pairs of images of different sizes, blended all over or in a rectangle.
void blends(bool is_chw, bool is_whole) {
    const u32 sizes[][2] = {{1, 1}, {4, 7}, {9, 3}, {2, 16}}, n_channels = 3;
    const float alphas[] = {0.25f, 1.9f, -0.7f, 1.0f / 3};
    std::vector<u32> lens, new_lens;
    Bytes records, expected;
    for (u32 image = 0; image < 4; image++) {
        auto [height, width] = sizes[image];
        new_lens.push_back(height * width * n_channels);
        lens.push_back(2 * new_lens.back());
        BlendRow row{height, width, 0, 0, height, width, alphas[image], 0};
        if (!is_whole) {
            row.top = height / 2, row.left = width / 3;
            row.rows = height - row.top, row.cols = (width - row.left) / 2;
        }
        append(records, &row, sizeof row);
    }
    const Bytes bytes = random_bytes(offsets_of(lens).back());
    for (u32 image = 0; image < 4; image++) {
        auto [height, width] = sizes[image];
        BlendRow row;
        std::memcpy(&row, records.data() + image * sizeof row, sizeof row);
        const unsigned char* a = bytes.data() + offsets_of(lens)[image];
        for (u32 i = 0; i < new_lens[image]; i++) {
            const u32 pixel = is_chw ? i % (height * width) : i / n_channels;
            const u32 y = pixel / width, x = pixel % width;
            const bool is_inside =
                y >= row.top && y < row.top + row.rows && x >= row.left && x < row.left + row.cols;
            const volatile float product = row.alpha * (float)(a[new_lens[image] + i] - a[i]);
            const float sum = (float)a[i] + product, clipped = sum < 0 ? 0 : sum > 255 ? 255 : sum;
            expected.push_back(is_inside ? (unsigned char)clipped : a[i]);
        }
    }
    RowsCase of = rows_case(lens, new_lens, bytes, records, tables_of(BlendConstants{n_channels, is_chw}));
    check_rows({"blend"}, of, 1, new_lens, expected);
}

void all_rows() {
    for (const TextCase& of : {byte_pairs(), word_pieces()}) {
        texts(of, {0, 1, 2, 3, 0, 0, 40, 5, 0}, 4);
        texts(of, {0, 0, 0}, 4);
        texts(of, {2048, 1, 2047, 0, 2049, 4100}, 9);
        texts(of, {700, 1500, 3, 3000, 33, 32}, 250);
    }
    squeezes({0, 1, 2, 3, 0, 0, 40, 5, 0}, false);
    squeezes({0, 0, 0}, false);
    squeezes({2048, 1, 2047, 0, 2049, 4100}, false);
    squeezes({4096, 3, 0, 70}, true);
    for (int way = 0; way < 4; way++) {
        blends(way & 1, way & 2);
        resizes(way & 1, way & 2);
        colors(way & 1, way & 2 ? 4 : 3);
    }
    colors(false, 1);
    for (int way = 0; way < 4; way++) {
        warps(way & 1, way & 2 ? 3 : 4, false);
        warps(way & 1, way & 2 ? 3 : 1, true);
    }
    for (u32 to : {U8, F16, F32}) {
        for (int way = 0; way < 4; way++) {
            luts(to, way & 1, way & 2);
        }
    }
    for (u32 border : {0, 1}) {
        gathers(border, false);
        gathers(border, true);
    }
}

}  // namespace unit

int main() {
    for (unit::u32 n : unit::SIZES) {
        unit::casts(n);
        unit::numbers(n);
        unit::maps(n);
    }
    unit::all_images();
    unit::all_rows();
    std::printf("%u runs of %zu kernels: as expected\n", unit::n_runs, shim::Entry::all().size());
}
