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
    u32 dst_item;
    u32 aux;
    u32 params;
    u32 constants;
    u32 flag;
};
static_assert(sizeof(Job) == 48, "as in Rust");

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
