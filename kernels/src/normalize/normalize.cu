// `normalize` on NVIDIA GPUs, bit for bit what scalar.rs does. Row y of the
// grid works on job y; its threads stride over groups of numbers.
#include "images.cuh"
#include "jobs.cuh"
#include "number.cuh"

// The table of the job and what its divisions need lie in shared memory: 32
// lanes look up 32 places at once there.
extern "C" __global__ void normalize_images(const ImagesJob* __restrict__ jobs,
                                            const u32* __restrict__ from, u32* __restrict__ to,
                                            const u32* __restrict__ tables) {
    __shared__ u32 table[1024];
    __shared__ Divisors divisors;
    const ImagesJob job = jobs[blockIdx.y];
    for (u32 i = threadIdx.x; i < job.channels * 256; i += blockDim.x) {
        table[i] = tables[job.table + i];
    }
    if (threadIdx.x == 0) {
        divisors = Divisors(job);
    }
    __syncthreads();
    const u8* src = reinterpret_cast<const u8*>(from + job.src);
    u32* dst = to + job.dst;
    if (job.to == F32) {
        images<4>(job, divisors, table, src, dst);
    } else {
        images<2>(job, divisors, table, src, dst);
    }
}

// Zero of the same sign for a tiny value.
DEVICE f32 flush(f32 x) {
    u32 bits = bits_of(x);
    return (bits & 0x7fffffffu) <= 0x00800000u ? __uint_as_float(bits & 0x80000000u) : x;
}

DEVICE f64 flush(f64 x) {
    u64 bits = bits_of(x);
    bool is_tiny = (bits & 0x7fffffffffffffffull) <= 0x0010000000000000ull;
    return is_tiny ? __longlong_as_double((i64)(bits & 0x8000000000000000ull)) : x;
}

DEVICE f32 scaled(f32 x, f32 mean, f32 factor) {
    return flush(__fmul_rn(flush(__fsub_rn(flush(x), mean)), factor));
}

DEVICE f64 scaled(f64 x, f64 mean, f64 factor) {
    return flush(__dmul_rn(flush(__dsub_rn(flush(x), mean)), factor));
}

// The number of these bits, in the type computed in.
template <Code FROM>
DEVICE auto value_of(u64 bits) {
    if constexpr (FROM == U8 || FROM == U16 || FROM == U32) {
        return __uint2float_rn((u32)bits);
    } else if constexpr (FROM == I8) {
        return __int2float_rn((i8)bits);
    } else if constexpr (FROM == I16) {
        return __int2float_rn((i16)bits);
    } else if constexpr (FROM == I32) {
        return __int2float_rn((i32)bits);
    } else if constexpr (FROM == F16) {
        return f16_value((u32)bits);
    } else if constexpr (FROM == BF16) {
        return bf16_value((u32)bits);
    } else if constexpr (FROM == F32) {
        return __uint_as_float((u32)bits);
    } else if constexpr (FROM == U64) {
        return __ull2double_rn(bits);
    } else if constexpr (FROM == I64) {
        return __ll2double_rn((i64)bits);
    } else {
        return __longlong_as_double((i64)bits);
    }
}

template <Code TO>
DEVICE u64 bits_in(f32 y) {
    if constexpr (TO == F16) {
        return f16_bits(y);
    } else if constexpr (TO == BF16) {
        return bf16_bits(y);
    } else {
        return f32_bits(y);
    }
}

template <Code TO>
DEVICE u64 bits_in(f64 y) {
    if constexpr (TO == F64) {
        return f64_bits(y);
    } else {
        return bits_in<TO>(__double2float_rn(y));
    }
}

constexpr u32 len_bytes(Code code) {
    return code <= I8 ? 1 : code <= I16 ? 2 : code <= I32 ? 4 : code <= I64 ? 8 : code <= BF16 ? 2 : code == F32 ? 4 : 8;
}

template <Code FROM, Code TO, typename Job>
DEVICE u64 one(const Job& job, u64 bits) {
    auto y = scaled(value_of<FROM>(bits), job.mean, job.factor);
    y = y < job.low ? job.low : y > job.high ? job.high : y;
    return bits_in<TO>(y);
}

// Groups of numbers that take 16 bytes where they are wider; then the rest.
template <Code FROM, Code TO, typename Job>
DEVICE void numbers(const Job& job, const u32* __restrict__ src, u32* __restrict__ dst) {
    constexpr u32 SRC = len_bytes(FROM);
    constexpr u32 DST = len_bytes(TO);
    constexpr u32 GROUP = 16 / (SRC > DST ? SRC : DST);
    const u32 first = blockIdx.x * blockDim.x + threadIdx.x;
    const u32 step = gridDim.x * blockDim.x;
    const u32 n_groups = job.n / GROUP;
#pragma unroll 1
    for (u32 group = first; group < n_groups; group += step) {
        auto read = load<GROUP * SRC / 4>(src + (u64)group * (GROUP * SRC / 4));
        Words<GROUP * DST / 4> written = {};
#pragma unroll
        for (u32 i = 0; i < GROUP; i++) {
            put<DST>(written, i, one<FROM, TO>(job, number_at<SRC>(read, i)));
        }
        store(dst + (u64)group * (GROUP * DST / 4), written);
    }
    for (u32 i = n_groups * GROUP + first; i < job.n; i += step) {
        write_one<DST>(dst, i, one<FROM, TO>(job, read_one<SRC>(src, i)));
    }
}

template <Code FROM>
DEVICE void narrow(const NumbersJob& job, const u32* __restrict__ src, u32* __restrict__ dst) {
    switch (job.to) {
    case F16:
        return numbers<FROM, F16>(job, src, dst);
    case BF16:
        return numbers<FROM, BF16>(job, src, dst);
    case F32:
        return numbers<FROM, F32>(job, src, dst);
    }
}

extern "C" __global__ void normalize_numbers(const NumbersJob* __restrict__ jobs,
                                             const u32* __restrict__ from, u32* __restrict__ to) {
    const NumbersJob job = jobs[blockIdx.y];
    const u32* src = from + job.src;
    u32* dst = to + job.dst;
    switch (job.from) {
    case U8:
        return narrow<U8>(job, src, dst);
    case I8:
        return narrow<I8>(job, src, dst);
    case U16:
        return narrow<U16>(job, src, dst);
    case I16:
        return narrow<I16>(job, src, dst);
    case U32:
        return narrow<U32>(job, src, dst);
    case I32:
        return narrow<I32>(job, src, dst);
    case F16:
        return narrow<F16>(job, src, dst);
    case BF16:
        return narrow<BF16>(job, src, dst);
    case F32:
        return narrow<F32>(job, src, dst);
    }
}

template <Code FROM>
DEVICE void wide(const WideNumbersJob& job, const u32* __restrict__ src, u32* __restrict__ dst) {
    switch (job.to) {
    case F16:
        return numbers<FROM, F16>(job, src, dst);
    case BF16:
        return numbers<FROM, BF16>(job, src, dst);
    case F32:
        return numbers<FROM, F32>(job, src, dst);
    case F64:
        return numbers<FROM, F64>(job, src, dst);
    }
}

extern "C" __global__ void normalize_wide(const WideNumbersJob* __restrict__ jobs,
                                          const u32* __restrict__ from, u32* __restrict__ to) {
    const WideNumbersJob job = jobs[blockIdx.y];
    const u32* src = from + job.src;
    u32* dst = to + job.dst;
    switch (job.from) {
    case U64:
        return wide<U64>(job, src, dst);
    case I64:
        return wide<I64>(job, src, dst);
    case F64:
        return wide<F64>(job, src, dst);
    }
}
