// Numbers of any type as whole numbers or as binary32.

// A whole number beyond 32 bits, or NaN, is marked as one that does not fit.
struct Whole {
    magnitude: u32,
    is_negative: bool,
    fits: bool,
}

// Extends the sign of an integer type.
fn signed(element: u32, bits: u32) -> Whole {
    let n_above = 32u - (8u << log2_bytes(element));
    let value = bitcast<i32>(bits << n_above) >> n_above;
    // The least i32 is its own negative, which is its magnitude as u32.
    return Whole(bitcast<u32>(select(value, -value, value < 0i)), value < 0i, true);
}

// Cuts off the fraction.
fn whole_of_f32(bits: u32) -> Whole {
    let value = magnitude(bits);
    let is_negative = (bits & SIGN) != 0u;
    if value > INFINITY {
        return Whole(0u, false, false);
    }
    // Below 1.
    if value < 0x3f800000u {
        return Whole(0u, is_negative, true);
    }
    // From 2^32 on.
    if value >= 0x4f800000u {
        return Whole(0xffffffffu, is_negative, false);
    }
    let exponent = (value >> 23u) - 127u;
    let mantissa = (value & 0x7fffffu) | 0x800000u;
    if exponent >= 23u {
        return Whole(mantissa << (exponent - 23u), is_negative, true);
    }
    return Whole(mantissa >> (23u - exponent), is_negative, true);
}

fn whole_of(element: u32, bits: u32) -> Whole {
    switch element {
        case U8, U16, U32: {
            return Whole(bits, false, true);
        }
        case I8, I16, I32: {
            return signed(element, bits);
        }
        default: {
            return whole_of_f32(f32_of(element, bits));
        }
    }
}

fn f32_of(element: u32, bits: u32) -> u32 {
    switch element {
        case U8, U16, U32: {
            return f32_of_u32(bits);
        }
        case I8, I16, I32: {
            let whole = signed(element, bits);
            return f32_of_u32(whole.magnitude) | select(0u, SIGN, whole.is_negative);
        }
        case F16: {
            return f32_of_f16(bits);
        }
        case BF16: {
            return bits << 16u;
        }
        default: {
            return bits;
        }
    }
}

// The largest magnitude of an integer type on one side of zero.
fn most(element: u32, is_negative: bool) -> u32 {
    switch element {
        case I8, I16, I32: {
            let least = 1u << ((8u << log2_bytes(element)) - 1u);
            return select(least - 1u, least, is_negative);
        }
        default: {
            return select(mask(element), 0u, is_negative);
        }
    }
}

// What `cast` makes of a number.
struct Converted {
    bits: u32,
    fits: bool,
}

fn converted(source: u32, to: u32, bits: u32) -> Converted {
    if to >= F16 {
        return Converted(float_of_f32(to, f32_of(source, bits)), true);
    }
    let whole = whole_of(source, bits);
    let kept = min(whole.magnitude, most(to, whole.is_negative));
    let value = select(kept, ~kept + 1u, whole.is_negative);
    return Converted(value & mask(to), whole.fits && kept == whole.magnitude);
}
