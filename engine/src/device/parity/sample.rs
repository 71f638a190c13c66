//! Values to try kernels on: those that devices treat differently, and seeded
//! random bits.
#![expect(
    clippy::cast_possible_truncation,
    reason = "24 bits fit a word, and a binary32 as they fit a binary64"
)]

use fuelrail_kernels::{Element, Kernel};

use crate::device::Chain;

/// The bytes of `n_items` items that `chain` reads: first the values that are
/// known to make trouble, then random ones.
pub(crate) fn sample(chain: &Chain, n_items: usize, seed: u64) -> Vec<u8> {
    let element = match chain.kernels().next().map(|(kernel, _)| kernel) {
        Some(Kernel::NormalizeNumbers(numbers)) => numbers.from,
        Some(Kernel::Cast(cast)) => cast.from,
        Some(Kernel::Map(map)) => map.from(),
        Some(Kernel::NormalizeImages(_) | Kernel::FixedRow(_)) | None => Element::U8,
    };
    let len = n_items * chain.src_item_bytes();
    let width = element.len_bytes();
    let mut bytes = Vec::with_capacity(len + 8);
    for value in special(element) {
        bytes.extend_from_slice(&value.to_le_bytes()[..width]);
    }
    let mut state = seed;
    while bytes.len() < len {
        let value = random(element, &mut state);
        bytes.extend_from_slice(&value.to_le_bytes()[..width]);
    }
    bytes.truncate(len);
    bytes
}

/// Sebastiano Vigna's splitmix64.
pub(super) fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Random bits; half of the floats are of everyday size.
fn random(element: Element, state: &mut u64) -> u64 {
    let bits = next(state);
    // 16 bits before the point, 8 behind it.
    let everyday = f64::from((bits >> 40) as u32) / 65_536.0 - 128.0;
    match element {
        Element::F32 if bits & 1 == 0 => u64::from((everyday as f32).to_bits()),
        Element::F64 if bits & 1 == 0 => everyday.to_bits(),
        // Integers of every size, not only the largest.
        _ if !element.is_float() => bits >> (next(state) % 64),
        _ => bits,
    }
}

/// Bits at which types, rounding and ranges change.
fn special(element: Element) -> Vec<u64> {
    match element {
        Element::U8 | Element::I8 => (0..256).collect(),
        Element::F16 | Element::BF16 => around(&[
            0, 0x8000, 0x0400, 0x8400, 0x3c00, 0x7c00, 0xfc00, 0x7e00, 0x7c01, 0xfe55, 0x0080,
            0x8080, 0x3f80, 0x7f80, 0xff80, 0x7fc0, 0x7f81, 0x4f00, 0xcf00, 0x4380,
        ]),
        Element::F32 => around(&floats32()),
        Element::F64 => around(&floats64()),
        _ => around(&[
            0,
            1 << 7,
            1 << 8,
            1 << 15,
            1 << 16,
            1 << 24,
            3 << 24,
            1 << 31,
            1 << 32,
            1 << 53,
            1 << 63,
            65_504,
            65_520,
            0xffff_8000,
            0xffff_ff80,
            0xffff_ffff_8000_0000,
            0xffff_ffff_ffff_8000,
            0xffff_ffff_ffff_ff80,
        ]),
    }
}

/// Each value with those one below and one above.
fn around(values: &[u64]) -> Vec<u64> {
    let near = |&value: &u64| [value.wrapping_sub(1), value, value.wrapping_add(1)];
    values.iter().flat_map(near).collect()
}

/// Binary32: zeros, the least normals, ones, bounds of integers and of the
/// 16-bit floats, ties of their rounding, infinities, NaNs with payloads.
fn floats32() -> Vec<u64> {
    let positive = [
        0.0f32,
        f32::from_bits(1),
        f32::from_bits(0x007f_ffff),
        f32::MIN_POSITIVE,
        2.0 * f32::MIN_POSITIVE,
        1.0,
        1.5,
        2.5,
        127.0,
        128.0,
        255.0,
        256.0,
        32_767.0,
        32_768.0,
        65_504.0,
        65_520.0,
        65_535.0,
        65_536.0,
        2_147_483_648.0,
        4_294_967_296.0,
        9.223_372e18,
        1.844_674_4e19,
        5.960_464_5e-8,
        2.980_232_2e-8,
        6.103_515_6e-5,
        6.097_555e-5,
        3.389_531_4e38,
        f32::MAX,
        f32::INFINITY,
        f32::from_bits(0x7f80_0001),
        f32::from_bits(0x7fc0_0000),
        f32::from_bits(0x7fff_ffff),
        f32::from_bits(0x3f80_8000),
        f32::from_bits(0x3f81_8000),
        f32::from_bits(0x3f80_1000),
        f32::from_bits(0x3f80_3000),
    ];
    let both = positive.iter().flat_map(|value| {
        let bits = value.to_bits();
        [u64::from(bits), u64::from(bits ^ 0x8000_0000)]
    });
    both.collect()
}

/// The same for binary64.
fn floats64() -> Vec<u64> {
    let small = floats32().into_iter().map(|bits| {
        let value = f32::from_bits(u32::try_from(bits).unwrap_or(0));
        f64::from(value).to_bits()
    });
    let own = [
        1,
        f64::MIN_POSITIVE.to_bits(),
        (2.0 * f64::MIN_POSITIVE).to_bits(),
        f64::MAX.to_bits(),
        f64::INFINITY.to_bits(),
        9_007_199_254_740_992f64.to_bits(),
        9_223_372_036_854_775_808f64.to_bits(),
        18_446_744_073_709_551_616f64.to_bits(),
        0x7ff0_0000_0000_0001,
        0x7fff_ffff_ffff_ffff,
        // A tie of binary32, and just beside it.
        0x3ff0_0000_1000_0000,
        0x3ff0_0000_3000_0000,
        3.402_823_669_209_385e38f64.to_bits(),
    ];
    let both = own.into_iter().flat_map(|bits| [bits, bits ^ (1 << 63)]);
    small.chain(both).collect()
}

/// Random numbers below a bound.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// One below `n`, or 0 where that is 0.
    pub(super) fn below(&mut self, n: u32) -> u32 {
        (next(&mut self.0) % u64::from(n.max(1))) as u32
    }

    /// So many bytes.
    pub(super) fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| next(&mut self.0) as u8).collect()
    }
}
