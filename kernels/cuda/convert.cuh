// Numbers of any type made numbers of any other, as `cast` means it.
//
// There are 144 pairs of types. So that there are not as many conversions, a number
// passes through the widest type of its kind: decoded from what it is, encoded
// to what is wanted. The switches are the same for all threads of a block.
#pragma once
#include "number.cuh"

// How a number is held between: a 64-bit integer with or without a sign, or a
// float as it is or widened.
enum Kind : u32 { SIGNED, UNSIGNED, SINGLE, DOUBLE };

DEVICE Kind kind_of(u32 from) {
    switch (from) {
    case U64:
        return UNSIGNED;
    case F16:
    case BF16:
    case F32:
        return SINGLE;
    case F64:
        return DOUBLE;
    default:
        return SIGNED;
    }
}

// What is held between for these bits; 64-bit types already are.
DEVICE u64 decoded(u32 from, u64 bits) {
    switch (from) {
    case I8:
        return (u64)(i64)(i8)bits;
    case I16:
        return (u64)(i64)(i16)bits;
    case I32:
        return (u64)(i64)(i32)bits;
    case F16:
        return bits_of(f16_value((u32)bits));
    case BF16:
        return bits_of(bf16_value((u32)bits));
    default:
        return bits;
    }
}

template <Kind KIND>
DEVICE auto value_of(u64 held) {
    if constexpr (KIND == SIGNED) {
        return (i64)held;
    } else if constexpr (KIND == UNSIGNED) {
        return held;
    } else if constexpr (KIND == SINGLE) {
        return __uint_as_float((u32)held);
    } else {
        return __longlong_as_double((i64)held);
    }
}

// The nearest integer from `least` to `most`; tells of those that did not fit.
DEVICE u64 whole(i64 x, i64 least, u64 most, bool& misfit) {
    if (x < least) {
        misfit = true;
        return (u64)least;
    }
    if (x >= 0 && (u64)x > most) {
        misfit = true;
        return most;
    }
    return (u64)x;
}

DEVICE u64 whole(u64 x, i64, u64 most, bool& misfit) {
    misfit |= x > most;
    return x > most ? most : x;
}

// A float is cut off; `most + 1` is a power of two, which floats hold exactly.
DEVICE u64 whole(f64 x, i64 least, u64 most, bool& misfit) {
    f64 cut = trunc(x);
    if (is_nan(bits_of(x))) {
        misfit = true;
        return 0;
    }
    if (cut < __ll2double_rn(least)) {
        misfit = true;
        return (u64)least;
    }
    if (cut >= __dmul_rn(__ull2double_rn(most / 2 + 1), 2.0)) {
        misfit = true;
        return most;
    }
    return least < 0 ? (u64)__double2ll_rz(cut) : __double2ull_rz(cut);
}

DEVICE u64 whole(f32 x, i64 least, u64 most, bool& misfit) {
    f32 cut = truncf(x);
    if (is_nan(bits_of(x))) {
        misfit = true;
        return 0;
    }
    if (cut < __ll2float_rn(least)) {
        misfit = true;
        return (u64)least;
    }
    if (cut >= __fmul_rn(__ull2float_rn(most / 2 + 1), 2.0f)) {
        misfit = true;
        return most;
    }
    return least < 0 ? (u64)__float2ll_rz(cut) : __float2ull_rz(cut);
}

DEVICE f32 single(i64 x) {
    return __ll2float_rn(x);
}

DEVICE f32 single(u64 x) {
    return __ull2float_rn(x);
}

DEVICE f32 single(f32 x) {
    return x;
}

DEVICE f32 single(f64 x) {
    return __double2float_rn(x);
}

DEVICE f64 wide(i64 x) {
    return __ll2double_rn(x);
}

DEVICE f64 wide(u64 x) {
    return __ull2double_rn(x);
}

DEVICE f64 wide(f32 x) {
    return x;
}

DEVICE f64 wide(f64 x) {
    return x;
}

template <typename Value>
DEVICE u64 encoded(u32 to, Value x, bool& misfit) {
    switch (to) {
    case F16:
        return f16_bits(single(x));
    case BF16:
        return bf16_bits(single(x));
    case F32:
        return f32_bits(single(x));
    case F64:
        return f64_bits(wide(x));
    default:
        break;
    }
    // Integers: even codes have no sign, and each size has two.
    bool is_signed = to & 1;
    u32 n_bits = (8u << to / 2) - (is_signed ? 1 : 0);
    u64 most = ~0ull >> (64 - n_bits);
    i64 least = is_signed ? -(i64)most - 1 : 0;
    return whole(x, least, most, misfit);
}

struct Converted {
    u64 bits;
    bool misfit;
};

CALLED Converted converted(u32 from, u32 to, u64 bits) {
    const u64 held = decoded(from, bits);
    bool misfit = false;
    switch (kind_of(from)) {
    case SIGNED:
        bits = encoded(to, value_of<SIGNED>(held), misfit);
        break;
    case UNSIGNED:
        bits = encoded(to, value_of<UNSIGNED>(held), misfit);
        break;
    case SINGLE:
        bits = encoded(to, value_of<SINGLE>(held), misfit);
        break;
    case DOUBLE:
        bits = encoded(to, value_of<DOUBLE>(held), misfit);
        break;
    }
    return Converted{bits, misfit};
}
