// Structs that devices are handed, as Rust lays them out. Written by
// scripts/twins.sh from the structs of the same names in kernels/src; do not edit.
#pragma once
#include "number.cuh"

struct Job {
    u32 n;
    u32 n_items;
    u32 src;
    u32 src_offsets;
    u32 src_item;
    u32 dst;
    u32 dst_offsets;
    u32 aux;
    u32 params;
    u32 constants;
    u32 flag;
};
static_assert(sizeof(Job) == 44, "as in Rust");

struct ImagesConstants {
    u32 height;
    u32 width;
    u32 channels;
    u32 origin;
    i32 row_stride;
    i32 col_stride;
    i32 channel_stride;
    u32 to_chw;
    u32 to;
};
static_assert(sizeof(ImagesConstants) == 36, "as in Rust");

struct NumbersConstants {
    u32 from;
    u32 to;
    f32 mean;
    f32 factor;
    f32 low;
    f32 high;
};
static_assert(sizeof(NumbersConstants) == 24, "as in Rust");

struct WideConstants {
    u32 from;
    u32 to;
    f64 mean;
    f64 factor;
    f64 low;
    f64 high;
};
static_assert(sizeof(WideConstants) == 40, "as in Rust");

struct CastConstants {
    u32 from;
    u32 to;
};
static_assert(sizeof(CastConstants) == 8, "as in Rust");

struct MapConstants {
    u32 from;
    u32 held;
    u32 to;
    u32 n_instructions;
};
static_assert(sizeof(MapConstants) == 16, "as in Rust");

struct MapInstruction {
    u32 operation;
    u32 before;
    u32 behind;
    u32 first;
    u32 first_high;
    u32 second;
    u32 second_high;
};
static_assert(sizeof(MapInstruction) == 28, "as in Rust");

struct BlendConstants {
    u32 channels;
    u32 is_chw;
};
static_assert(sizeof(BlendConstants) == 8, "as in Rust");

struct BlendRow {
    u32 height;
    u32 width;
    u32 top;
    u32 left;
    u32 rows;
    u32 cols;
    f32 alpha;
    u32 pad;
};
static_assert(sizeof(BlendRow) == 32, "as in Rust");

struct ColorConstants {
    u32 channels;
    u32 is_chw;
};
static_assert(sizeof(ColorConstants) == 8, "as in Rust");

struct ColorRow {
    u32 order;
    u32 first;
    u32 second;
    u32 third;
    u32 fourth;
};
static_assert(sizeof(ColorRow) == 20, "as in Rust");

struct GatherConstants {
    u32 channels_in;
    u32 channels_out;
    u32 from_chw;
    u32 to_chw;
    u32 first_channel;
    i32 channel_step;
    u32 border;
    u32 fill;
};
static_assert(sizeof(GatherConstants) == 32, "as in Rust");

struct GatherRow {
    u32 src_height;
    u32 src_width;
    u32 dst_height;
    u32 dst_width;
    i32 top;
    i32 left;
    i32 row_down;
    i32 row_right;
    i32 col_down;
    i32 col_right;
    i32 window_top;
    i32 window_left;
    u32 window_height;
    u32 window_width;
    u32 pad_low;
    u32 pad_high;
};
static_assert(sizeof(GatherRow) == 64, "as in Rust");

struct LutConstants {
    u32 to;
    u32 channels;
    u32 n_tables;
    u32 is_chw;
    u32 from_row;
    u32 record_len;
};
static_assert(sizeof(LutConstants) == 24, "as in Rust");

struct ResampleConstants {
    u32 channels;
    u32 is_chw;
};
static_assert(sizeof(ResampleConstants) == 8, "as in Rust");

struct ResampleRow {
    u32 height;
    u32 width;
    u32 top;
    u32 left;
    u32 rows;
    u32 cols;
    u32 to;
    u32 table;
    u32 is_vertical;
};
static_assert(sizeof(ResampleRow) == 36, "as in Rust");

struct CutConstants {
    u32 shortened;
    u32 forward;
    u32 backward;
    u32 begins;
    u32 page_of;
    u32 pages;
};
static_assert(sizeof(CutConstants) == 24, "as in Rust");

struct PairConstants {
    u32 byte_ids;
    u32 pairs;
    u32 pairs_mask;
    u32 words;
    u32 words_mask;
    u32 long_words;
    u32 long_mask;
    u32 long_bytes;
};
static_assert(sizeof(PairConstants) == 32, "as in Rust");

struct PieceConstants {
    u32 words;
    u32 words_mask;
    u32 spelled;
    u32 spelled_bytes;
    u32 trie;
    u32 inside;
    u32 unknown;
    u32 max_chars;
};
static_assert(sizeof(PieceConstants) == 32, "as in Rust");

struct WarpConstants {
    u32 channels;
    u32 is_chw;
    u32 is_bilinear;
    u32 fill;
};
static_assert(sizeof(WarpConstants) == 16, "as in Rust");

struct WarpRow {
    u32 src_height;
    u32 src_width;
    u32 dst_height;
    u32 dst_width;
    u32 x_across_low;
    u32 x_across_high;
    u32 x_down_low;
    u32 x_down_high;
    u32 x_first_low;
    u32 x_first_high;
    u32 y_across_low;
    u32 y_across_high;
    u32 y_down_low;
    u32 y_down_high;
    u32 y_first_low;
    u32 y_first_high;
    u32 w_across_low;
    u32 w_across_high;
    u32 w_down_low;
    u32 w_down_high;
    u32 w_first_low;
    u32 w_first_high;
};
static_assert(sizeof(WarpRow) == 88, "as in Rust");
