// What a launch is told about each column: the structs of jobs.rs, member by
// member (a test compares names, types and offsets).
#pragma once
#include "number.cuh"

struct ImagesJob {
    u32 src;
    u32 dst;
    u32 table;
    u32 n;
    u32 src_item;
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
static_assert(sizeof(ImagesJob) == 56, "as in Rust");

struct NumbersJob {
    u32 src;
    u32 dst;
    u32 n;
    u32 from;
    u32 to;
    f32 mean;
    f32 factor;
    f32 low;
    f32 high;
};
static_assert(sizeof(NumbersJob) == 36, "as in Rust");

struct WideNumbersJob {
    u32 src;
    u32 dst;
    u32 n;
    u32 from;
    u32 to;
    u32 pad;
    f64 mean;
    f64 factor;
    f64 low;
    f64 high;
};
static_assert(sizeof(WideNumbersJob) == 56, "as in Rust");

struct CastJob {
    u32 src;
    u32 dst;
    u32 n;
    u32 from;
    u32 to;
    u32 flag;
};
static_assert(sizeof(CastJob) == 24, "as in Rust");
