// Binary32, binary16 and bfloat16 as bits, and the roundings between them:
// to nearest even, in integers.

const SIGN: u32 = 0x80000000u;
const INFINITY: u32 = 0x7f800000u;
// 2^-126, the least normal number.
const LEAST: u32 = 0x00800000u;
const NAN_F32: u32 = 0x7fc00000u;
const NAN_F16: u32 = 0x7e00u;
const NAN_BF16: u32 = 0x7fc0u;

fn magnitude(bits: u32) -> u32 {
    return bits & ~SIGN;
}

fn is_nan(bits: u32) -> bool {
    return magnitude(bits) > INFINITY;
}

fn is_finite(bits: u32) -> bool {
    return magnitude(bits) < INFINITY;
}

// Numbers that are not NaN in the order of their values, as unsigned integers;
// both zeros have one key.
fn key(bits: u32) -> u32 {
    return select(SIGN | bits, SIGN - magnitude(bits), (bits & SIGN) != 0u);
}

// Zero of this sign for a tiny value.
fn flush(bits: u32, sign: u32) -> u32 {
    return select(bits, sign & SIGN, magnitude(bits) <= LEAST);
}

// Rounds away the low `n` bits, 1 to 31, to nearest even.
fn round_off(value: u32, n: u32) -> u32 {
    let kept = value >> n;
    let rest = value & ((1u << n) - 1u);
    let half = 1u << (n - 1u);
    let is_up = rest > half || (rest == half && (kept & 1u) == 1u);
    return kept + select(0u, 1u, is_up);
}

// The binary32 nearest to a whole number.
fn f32_of_u32(value: u32) -> u32 {
    if value == 0u {
        return 0u;
    }
    let n_zeros = countLeadingZeros(value);
    // The leading 1 adds one to the exponent; so does a mantissa that rounds up
    // to the next power of 2.
    return ((157u - n_zeros) << 23u) + round_off(value << n_zeros, 8u);
}

fn f32_of_f16(half: u32) -> u32 {
    let sign = (half & 0x8000u) << 16u;
    let exponent = (half >> 10u) & 0x1fu;
    let fraction = half & 0x3ffu;
    if exponent == 0x1fu {
        return sign | INFINITY | (fraction << 13u);
    }
    if exponent != 0u {
        return sign | ((exponent + 112u) << 23u) | (fraction << 13u);
    }
    // A subnormal is a whole multiple of 2^-24.
    let whole = f32_of_u32(fraction);
    return sign | select(whole - (24u << 23u), 0u, fraction == 0u);
}

fn f16_of_f32(bits: u32) -> u32 {
    let sign = (bits & SIGN) >> 16u;
    let value = magnitude(bits);
    if value > INFINITY {
        return NAN_F16;
    }
    // From 2^16 on.
    if value >= 0x47800000u {
        return sign | 0x7c00u;
    }
    // From 2^-14 on; what rounds up to 2^16 comes out as infinity.
    if value >= 0x38800000u {
        return sign | round_off(value - 0x38000000u, 13u);
    }
    // Below half of the least subnormal, 2^-24.
    if value < 0x33000000u {
        return sign;
    }
    let mantissa = (value & 0x7fffffu) | 0x800000u;
    return sign | round_off(mantissa, 126u - (value >> 23u));
}

fn bf16_of_f32(bits: u32) -> u32 {
    if is_nan(bits) {
        return NAN_BF16;
    }
    // What rounds up past the largest number comes out as infinity.
    return round_off(bits, 16u);
}

// Rounds binary32 to a floating-point type; NaN leaves canonical.
fn float_of_f32(element: u32, bits: u32) -> u32 {
    switch element {
        case F16: {
            return f16_of_f32(bits);
        }
        case BF16: {
            return bf16_of_f32(bits);
        }
        default: {
            return select(bits, NAN_F32, is_nan(bits));
        }
    }
}
