//! One number of binary16 to binary32 and back, in whole numbers.
#![expect(
    clippy::inline_always,
    reason = "loops are compiled anew for each level"
)]
#![expect(clippy::cast_possible_truncation, reason = "the upper half is zero")]

/// The least normal number of binary16 in the bits of binary32: 2^-14.
const LEAST: u32 = 113 << 23;

/// What lies between the biases of the exponents: 127 - 15.
const BIAS: u32 = 112 << 23;

/// The bits of the same number in binary32.
#[inline(always)]
pub(crate) fn widen_one(bits: u16) -> u32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let magnitude = u32::from(bits & 0x7fff) << 13;
    // A subnormal number is a fraction of 2^-14 without its leading one.
    let tiny = (f32::from_bits(magnitude + LEAST) - f32::from_bits(LEAST)).to_bits();
    let kept = if magnitude < 1 << 23 {
        tiny
    } else if magnitude >= 31 << 23 {
        magnitude | 0x7f80_0000
    } else {
        magnitude + BIAS
    };
    if magnitude > 31 << 23 {
        0x7fc0_0000
    } else {
        sign | kept
    }
}

/// The bits of the nearest number in binary16.
#[inline(always)]
pub(crate) fn narrow_one(bits: u32) -> u16 {
    let sign = (bits >> 16) & 0x8000;
    let magnitude = bits & 0x7fff_ffff;
    // Just under a half and the lowest bit kept, so that ties go to even; a
    // carry out of the largest numbers makes infinity.
    let odd = (magnitude >> 13) & 1;
    let normal = magnitude.wrapping_sub(BIAS).wrapping_add(0xfff + odd) >> 13;
    // Beside a half, a number counts in units of 2^-24, as subnormals do.
    let tiny = (f32::from_bits(magnitude) + 0.5)
        .to_bits()
        .wrapping_sub(0.5f32.to_bits());
    let rounded = if magnitude < LEAST { tiny } else { normal };
    let finite = if magnitude >= 143 << 23 {
        0x7c00
    } else {
        rounded
    };
    let kept = if magnitude > 0x7f80_0000 {
        0x7e00
    } else {
        finite | sign
    };
    kept as u16
}
