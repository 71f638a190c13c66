// `normalize` on NVIDIA GPUs, bit for bit what scalar.rs does. Row y of the
// grid works on job y; its threads stride over groups of numbers.
#include "entry.cuh"
#include "four.cuh"
#include "images.cuh"

// The table of the job and what its divisions need lie in shared memory: 32
// lanes look up 32 places at once there.
ENTRY(normalize_images) {
    __shared__ u32 table[1024];
    __shared__ Divisors divisors;
    const Job job = jobs[blockIdx.y];
    const Images it(job, tables);
    const u32* values = tables + job.constants + sizeof(ImagesConstants) / 4;
    for (u32 i = threadIdx.x; i < it.channels * 256; i += blockDim.x) {
        table[i] = values[i];
    }
    if (threadIdx.x == 0) {
        divisors = Divisors(it);
    }
    __syncthreads();
    const u8* from = reinterpret_cast<const u8*>(src + job.src);
    if (it.to == F32) {
        images<4>(it, divisors, table, from, dst + job.dst);
    } else {
        images<2>(it, divisors, table, from, dst + job.dst);
    }
}

DEVICE f32 scaled(f32 x, f32 mean, f32 factor) {
    return flush(__fmul_rn(flush(__fsub_rn(flush(x), mean)), factor));
}

DEVICE f64 scaled(f64 x, f64 mean, f64 factor) {
    return flush(__dmul_rn(flush(__dsub_rn(flush(x), mean)), factor));
}

// The number of these bits in binary32.
DEVICE f32 single(u32 from, u64 bits) {
    switch (from) {
    case U8:
    case U16:
    case U32:
        return __uint2float_rn((u32)bits);
    case I8:
        return __int2float_rn((i8)bits);
    case I16:
        return __int2float_rn((i16)bits);
    case I32:
        return __int2float_rn((i32)bits);
    case F16:
        return f16_value((u32)bits);
    case BF16:
        return bf16_value((u32)bits);
    default:
        return __uint_as_float((u32)bits);
    }
}

DEVICE f64 wide(u32 from, u64 bits) {
    switch (from) {
    case U64:
        return __ull2double_rn(bits);
    case I64:
        return __ll2double_rn((i64)bits);
    default:
        return __longlong_as_double((i64)bits);
    }
}

DEVICE u64 bits_in(u32 to, f32 y) {
    switch (to) {
    case F16:
        return f16_bits(y);
    case BF16:
        return bf16_bits(y);
    default:
        return f32_bits(y);
    }
}

DEVICE u64 bits_in(u32 to, f64 y) {
    return to == F64 ? f64_bits(y) : bits_in(to, __double2float_rn(y));
}

template <typename Constants, typename Float>
DEVICE u64 one(const Constants& it, Float x) {
    Float y = scaled(x, it.mean, it.factor);
    y = y < it.low ? it.low : y > it.high ? it.high : y;
    return bits_in(it.to, y);
}

CALLED u64 narrow_one(NumbersConstants it, u64 bits) {
    return one(it, single(it.from, bits));
}

CALLED u64 wide_one(WideConstants it, u64 bits) {
    return one(it, wide(it.from, bits));
}

ENTRY(normalize_numbers) {
    const Job job = jobs[blockIdx.y];
    const auto it = constants_of<NumbersConstants>(tables, job);
    for_each_four(job, it.from, it.to, src, dst,
                  [&](u64 bits, bool) { return narrow_one(it, bits); });
}

ENTRY(normalize_wide) {
    const Job job = jobs[blockIdx.y];
    const auto it = constants_of<WideConstants>(tables, job);
    for_each_four(job, it.from, it.to, src, dst,
                  [&](u64 bits, bool) { return wide_one(it, bits); });
}
