// Samples some way from one to another: see kernels/src/blend/mod.rs.

// The product of the binary32 with these bits and a whole number from -255 to 255,
// rounded to nearest even; zero for a subnormal one. It is made of integers, so that
// it cannot be fused with the addition behind it.
fn product(alpha: u32, times: i32) -> u32 {
    let value = magnitude(alpha);
    if value < LEAST || times == 0i {
        return 0u;
    }
    let significand = (value & 0x7fffffu) | 0x800000u;
    // At most 2^24 - 1 times 255. Of 150 in an exponent, 127 are its bias and 23 the
    // bits behind the point of a significand.
    let rounded = f32_of_u32(significand * bitcast<u32>(abs(times)));
    let sign = (alpha & SIGN) ^ select(0u, SIGN, times < 0i);
    return sign | (rounded + (value & INFINITY) - (150u << 23u));
}

fn blended(a: u32, b: u32, alpha: u32) -> u32 {
    let product = product(alpha, bitcast<i32>(b) - bitcast<i32>(a));
    let sum = bitcast<u32>(bitcast<f32>(f32_of_u32(a)) + bitcast<f32>(product));
    if (sum & SIGN) != 0u {
        return 0u;
    }
    return min(whole_of_f32(sum).magnitude, 255u);
}
