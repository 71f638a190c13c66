// The numbers that kernels read and write: names of types as in Rust, the codes
// of `Element`, and the roundings that all devices share.
//
// Exactness rests on three things: operations are written as intrinsics that
// name their rounding, so that none is ever fused or approximated; NaN and tiny
// values are told apart by their bits; 16-bit floats are rounded by integers.
#pragma once

typedef unsigned char u8;
typedef signed char i8;
typedef unsigned short u16;
typedef signed short i16;
typedef unsigned int u32;
typedef signed int i32;
typedef unsigned long long u64;
typedef signed long long i64;
typedef float f32;
typedef double f64;

// `Element::code`.
enum Code : u32 { U8, I8, U16, I16, U32, I32, U64, I64, F16, BF16, F32, F64 };

#define DEVICE __device__ __forceinline__

// A function that is called: where each thread calls it for several numbers, and
// memory is what is waited for, copies of it would only cost time to translate.
#define CALLED static __device__ __noinline__

DEVICE bool is_nan(u32 bits) {
    return (bits & 0x7fffffffu) > 0x7f800000u;
}

DEVICE bool is_nan(u64 bits) {
    return (bits & 0x7fffffffffffffffull) > 0x7ff0000000000000ull;
}

DEVICE u32 bits_of(f32 x) {
    return __float_as_uint(x);
}

DEVICE u64 bits_of(f64 x) {
    return (u64)__double_as_longlong(x);
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

// The final bits of a binary32: NaN becomes the canonical one.
DEVICE u32 f32_bits(f32 x) {
    u32 bits = bits_of(x);
    return is_nan(bits) ? 0x7fc00000u : bits;
}

DEVICE u64 f64_bits(f64 x) {
    u64 bits = bits_of(x);
    return is_nan(bits) ? 0x7ff8000000000000ull : bits;
}

// Rounds a binary32 to binary16, to nearest even; subnormals are kept.
DEVICE u32 f16_bits(f32 x) {
    u32 bits = bits_of(x);
    u32 sign = bits >> 16 & 0x8000u;
    u32 size = bits & 0x7fffffffu;
    if (size > 0x7f800000u) {
        return 0x7e00u;
    }
    if (size >= 0x47800000u) {
        return sign | 0x7c00u;
    }
    if (size < 0x38800000u) {
        // One unit of 0.5 is 2^-24, the least binary16: the sum rounds there.
        f32 sum = __fadd_rn(__uint_as_float(size), 0.5f);
        return sign | (bits_of(sum) - 0x3f000000u);
    }
    u32 odd = size >> 13 & 1u;
    return sign | ((size - 0x38000000u + 0xfffu + odd) >> 13);
}

// Rounds a binary32 to bfloat16, to nearest even; subnormals are kept.
DEVICE u32 bf16_bits(f32 x) {
    u32 bits = bits_of(x);
    u32 odd = bits >> 16 & 1u;
    return is_nan(bits) ? 0x7fc0u : (bits + 0x7fffu + odd) >> 16;
}

// Widens a binary16, which is exact.
DEVICE f32 f16_value(u32 half) {
    u32 sign = (half & 0x8000u) << 16;
    u32 size = half & 0x7fffu;
    u32 bits = (size << 13) + 0x38000000u;
    if (size >= 0x7c00u) {
        bits += 0x38000000u;
    } else if (size < 0x0400u) {
        bits = bits_of(__fmul_rn(__uint2float_rn(size), 5.9604644775390625e-8f));
    }
    return __uint_as_float(sign | bits);
}

DEVICE f32 bf16_value(u32 half) {
    return __uint_as_float(half << 16);
}

// Words of 32 bits that are read or written at once.
template <u32 N>
struct Words {
    u32 at[N];
};

// Reads N consecutive words; `from` is aligned to as many bytes, at most 16.
template <u32 N>
DEVICE Words<N> load(const u32* __restrict__ from) {
    Words<N> words;
    if constexpr (N == 1) {
        words.at[0] = from[0];
    } else if constexpr (N == 2) {
        uint2 pair = *reinterpret_cast<const uint2*>(from);
        words.at[0] = pair.x;
        words.at[1] = pair.y;
    } else {
        static_assert(N % 4 == 0, "whole groups of four");
#pragma unroll
        for (u32 i = 0; i < N; i += 4) {
            uint4 four = *reinterpret_cast<const uint4*>(from + i);
            words.at[i] = four.x;
            words.at[i + 1] = four.y;
            words.at[i + 2] = four.z;
            words.at[i + 3] = four.w;
        }
    }
    return words;
}

// Writes N consecutive words; `to` is aligned as for `load`.
template <u32 N>
DEVICE void store(u32* __restrict__ to, const Words<N>& words) {
    if constexpr (N == 1) {
        to[0] = words.at[0];
    } else if constexpr (N == 2) {
        *reinterpret_cast<uint2*>(to) = make_uint2(words.at[0], words.at[1]);
    } else {
        static_assert(N % 4 == 0, "whole groups of four");
#pragma unroll
        for (u32 i = 0; i < N; i += 4) {
            *reinterpret_cast<uint4*>(to + i) =
                make_uint4(words.at[i], words.at[i + 1], words.at[i + 2], words.at[i + 3]);
        }
    }
}

// The bits of number `i` among words that hold numbers of `BYTES` bytes.
template <u32 BYTES, u32 N>
DEVICE u64 number_at(const Words<N>& words, u32 i) {
    if constexpr (BYTES == 8) {
        return words.at[2 * i] | (u64)words.at[2 * i + 1] << 32;
    } else if constexpr (BYTES == 4) {
        return words.at[i];
    } else {
        constexpr u32 EACH = 4 / BYTES;
        return words.at[i / EACH] >> (i % EACH * BYTES * 8) & ((1u << BYTES * 8) - 1u);
    }
}

// Puts number `i` into words that are zero there.
template <u32 BYTES, u32 N>
DEVICE void put(Words<N>& words, u32 i, u64 bits) {
    if constexpr (BYTES == 8) {
        words.at[2 * i] = (u32)bits;
        words.at[2 * i + 1] = (u32)(bits >> 32);
    } else if constexpr (BYTES == 4) {
        words.at[i] = (u32)bits;
    } else {
        constexpr u32 EACH = 4 / BYTES;
        words.at[i / EACH] |= ((u32)bits & ((1u << BYTES * 8) - 1u)) << (i % EACH * BYTES * 8);
    }
}

// Reads one number of `BYTES` bytes.
template <u32 BYTES>
DEVICE u64 read_one(const u32* __restrict__ from, u32 i) {
    if constexpr (BYTES == 8) {
        return reinterpret_cast<const u64*>(from)[i];
    } else if constexpr (BYTES == 4) {
        return from[i];
    } else if constexpr (BYTES == 2) {
        return reinterpret_cast<const u16*>(from)[i];
    } else {
        return reinterpret_cast<const u8*>(from)[i];
    }
}

// Writes one number of `BYTES` bytes.
template <u32 BYTES>
DEVICE void write_one(u32* __restrict__ to, u32 i, u64 bits) {
    if constexpr (BYTES == 8) {
        reinterpret_cast<u64*>(to)[i] = bits;
    } else if constexpr (BYTES == 4) {
        to[i] = (u32)bits;
    } else if constexpr (BYTES == 2) {
        reinterpret_cast<u16*>(to)[i] = (u16)bits;
    } else {
        reinterpret_cast<u8*>(to)[i] = (u8)bits;
    }
}
