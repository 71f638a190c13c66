// Numbers of any type by fours: a thread's share of a column. Which type it is,
// is the same for all threads of a block, so the switches cost little and there
// is one loop instead of one for each pair of types.
#pragma once
#include "entry.cuh"

struct Four {
    u64 at[4];
};

// Four numbers of `BYTES` bytes, or as many as there are.
template <u32 BYTES>
DEVICE Four load_four(const u32* __restrict__ src, u32 group, u32 n) {
    Four four = {};
    if (n >= 4) {
        Words<BYTES> words = load<BYTES>(src + (u64)group * BYTES);
#pragma unroll
        for (u32 i = 0; i < 4; i++) {
            four.at[i] = number_at<BYTES>(words, i);
        }
    } else {
#pragma unroll
        for (u32 i = 0; i < 3; i++) {
            four.at[i] = i < n ? read_one<BYTES>(src, group * 4 + i) : 0;
        }
    }
    return four;
}

template <u32 BYTES>
DEVICE void store_four(u32* __restrict__ dst, u32 group, u32 n, const Four& four) {
    if (n >= 4) {
        Words<BYTES> words = {};
#pragma unroll
        for (u32 i = 0; i < 4; i++) {
            put<BYTES>(words, i, four.at[i]);
        }
        store(dst + (u64)group * BYTES, words);
    } else {
#pragma unroll
        for (u32 i = 0; i < 3; i++) {
            if (i < n) {
                write_one<BYTES>(dst, group * 4 + i, four.at[i]);
            }
        }
    }
}

DEVICE u32 len_bytes(u32 code) {
    return code <= I8 ? 1 : code <= I16 ? 2 : code <= I32 ? 4 : code <= I64 ? 8 : code <= BF16 ? 2 : code == F32 ? 4 : 8;
}

DEVICE Four load_any(u32 from, const u32* __restrict__ src, u32 group, u32 n) {
    switch (len_bytes(from)) {
    case 1:
        return load_four<1>(src, group, n);
    case 2:
        return load_four<2>(src, group, n);
    case 4:
        return load_four<4>(src, group, n);
    default:
        return load_four<8>(src, group, n);
    }
}

DEVICE void store_any(u32 to, u32* __restrict__ dst, u32 group, u32 n, const Four& four) {
    switch (len_bytes(to)) {
    case 1:
        return store_four<1>(dst, group, n, four);
    case 2:
        return store_four<2>(dst, group, n, four);
    case 4:
        return store_four<4>(dst, group, n, four);
    default:
        return store_four<8>(dst, group, n, four);
    }
}

// Makes each number of a column what `make` makes of its bits; a thread strides
// over groups of four. Behind the last number zeros fill up its group: `make` is told
// whether a number is there, so that none of those is reported.
template <typename Make>
DEVICE void for_each_four(const Job& job, u32 from, u32 to, const u32* __restrict__ src,
                          u32* __restrict__ dst, Make make) {
    const u32 n_groups = (job.n + 3) / 4;
    const u32 step = gridDim.x * blockDim.x;
#pragma unroll 1
    for (u32 group = blockIdx.x * blockDim.x + threadIdx.x; group < n_groups; group += step) {
        const u32 n = job.n - group * 4;
        Four four = load_any(from, src + job.src, group, n);
#pragma unroll
        for (u32 i = 0; i < 4; i++) {
            four.at[i] = make(four.at[i], i < n);
        }
        store_any(to, dst + job.dst, group, n, four);
    }
}
