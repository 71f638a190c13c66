//! Hue in integers: the meaning, and what its twins have in common with it.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "hues, saturations and values are within 0 to 255"
)]

use crate::lane::FloatTarget;

/// The hues at which Pillow's sum of rounded quotients stays below the whole number
/// that the exact one is: a bit for each.
pub(super) const LOW: [u32; 8] = [
    0xffff_fffe,
    0,
    0x1100_0000,
    0x0000_0111,
    0x222a_aaaa,
    0x2323_2222,
    0x0002_2222,
    0,
];

/// A pixel whose hue has moved by so many of 256 parts of the circle.
pub(super) fn moved([r, g, b]: [u8; 3], by: u8) -> [u8; 3] {
    let value = r.max(g).max(b);
    let chroma = i32::from(value - r.min(g).min(b));
    if chroma == 0 {
        return [value; 3];
    }
    let [red, green, blue] = [r, g, b].map(i32::from);
    let sector = if r == value {
        green - blue
    } else if g == value {
        2 * chroma + blue - red
    } else {
        4 * chroma + red - green
    };
    // From 0 to 6 chromas.
    let numerator = 85 * sector.rem_euclid(6 * chroma);
    let whole = numerator / (2 * chroma);
    let is_low = LOW[whole as usize / 32] >> (whole % 32) & 1 != 0;
    let is_exact = numerator % (2 * chroma) == 0;
    let hue = (whole - i32::from(is_exact && is_low)) as u8;
    let saturation = 255 * chroma / i32::from(value);
    rgb(hue.wrapping_add(by), saturation as u32, value)
}

/// What a hue, a saturation and a value are in red, green and blue.
fn rgb(hue: u8, saturation: u32, value: u8) -> [u8; 3] {
    let taken = |parts: i32| {
        let of_all = u32::from(value) * saturation * parts as u32;
        value - ((of_all + 10_837) / 21_675) as u8
    };
    parts(hue).map(taken)
}

/// How many of 85 parts of the saturation each channel lacks: none for a third of the
/// circle, all for another, and more and more or less and less between.
#[expect(
    clippy::inline_always,
    reason = "loops are compiled anew for each level"
)]
#[inline(always)]
fn parts(hue: u8) -> [i32; 3] {
    let twice = 2 * i32::from(hue);
    [
        170 - (twice - 255).abs(),
        (twice - 170).abs() - 85,
        (twice - 340).abs() - 85,
    ]
    .map(|parts| parts.clamp(0, 85))
}

/// The same for several pixels, without branches: loops that become vector
/// instructions. Quotients are below 256 and those of whole numbers below 2^23, so that
/// binary32 rounds none of them to a whole number that it does not reach; a product with
/// the reciprocal is a little too small or too large, so a half is added before, and all
/// of them are tried.
#[expect(
    clippy::inline_always,
    clippy::cast_precision_loss,
    reason = "loops are compiled anew for each level; whole numbers below 2^23"
)]
#[inline(always)]
pub(super) fn move_lanes<const N: usize>([reds, greens, blues]: &mut [[u8; N]; 3], by: u8) {
    let quotient = |number: i32, by: i32| i32::of_f32(number as f32 / by as f32).0;
    let (mut hues, mut exact) = ([0; N], [0; N]);
    let (mut values, mut of_values) = ([0; N], [0; N]);
    for at in 0..N {
        let [red, green, blue] = [reds[at], greens[at], blues[at]].map(i32::from);
        let value = red.max(green).max(blue);
        let chroma = value - red.min(green).min(blue);
        let (of_green, of_blue) = (2 * chroma + blue - red, 4 * chroma + red - green);
        let sector = if green == value { of_green } else { of_blue };
        let sector = if red == value { green - blue } else { sector };
        let sector = if sector < 0 {
            sector + 6 * chroma
        } else {
            sector
        };
        let (numerator, divisor) = (85 * sector, (2 * chroma).max(1));
        let whole = quotient(numerator, divisor);
        hues[at] = whole as u8;
        exact[at] = u8::from(whole * divisor == numerator);
        values[at] = value as u8;
        of_values[at] = value * quotient(255 * chroma, value.max(1));
    }
    for (hue, exact) in hues.iter_mut().zip(exact) {
        let less = IS_LOW[usize::from(*hue)] & exact;
        *hue = (*hue - less).wrapping_add(by);
    }
    for at in 0..N {
        let taken = |parts: i32| {
            let of_all = (of_values[at] * parts + 10_837) as f32 + 0.5;
            let (taken, _) = i32::of_f32(of_all * (1.0 / 21_675.0));
            (i32::from(values[at]) - taken) as u8
        };
        [reds[at], greens[at], blues[at]] = parts(hues[at]).map(taken);
    }
}

/// [`LOW`], a byte each.
const IS_LOW: [u8; 256] = {
    let mut all = [0; 256];
    let mut at = 0;
    while at < 256 {
        all[at] = (LOW[at / 32] >> (at % 32) & 1) as u8;
        at += 1;
    }
    all
};
