//! Hue in integers: the meaning, and what its twins have in common with it.

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
    let (sector, within) = (2 * u32::from(hue) / 85, 2 * u32::from(hue) % 85);
    // The value less what so many of 85 parts of the saturation take of it.
    let less = |parts: u32| {
        let of_all = 21_675 - saturation * parts;
        ((2 * u32::from(value) * of_all + 21_675) / 43_350) as u8
    };
    let [least, falling, rising] = [85, within, 85 - within].map(less);
    match sector {
        1 => [falling, value, least],
        2 => [least, value, rising],
        3 => [least, falling, value],
        4 => [rising, least, value],
        5 => [value, least, falling],
        _ => [value, rising, least],
    }
}

/// The same without branches, as loops have it that become vector instructions: all
/// quotients are below 256, and of numbers below 2^24 by divisors below 2^16, so that
/// binary32 rounds none of them to a whole number that it does not reach.
#[expect(
    clippy::inline_always,
    clippy::cast_precision_loss,
    reason = "loops are compiled anew for each level; whole numbers below 2^24"
)]
#[inline(always)]
pub(super) fn lane([r, g, b]: [u8; 3], by: u8) -> [u8; 3] {
    let quotient = |number: i32, by: i32| u8::of_f32(number as f32 / by as f32).0;
    let value = r.max(g).max(b);
    let chroma = i32::from(value) - i32::from(r.min(g).min(b));
    let [red, green, blue] = [r, g, b].map(i32::from);
    let of_blue = 4 * chroma + red - green;
    let of_green = 2 * chroma + blue - red;
    let sector = if g == value { of_green } else { of_blue };
    let sector = if r == value { green - blue } else { sector };
    let sector = if sector < 0 {
        sector + 6 * chroma
    } else {
        sector
    };
    let (numerator, divisor) = (85 * sector, (2 * chroma).max(1));
    let whole = i32::from(quotient(numerator, divisor));
    let is_exact = whole * divisor == numerator;
    let less = i32::from(is_exact) & (low_word(whole >> 5) >> (whole & 31)) as i32 & 1;
    let saturation = i32::from(quotient(255 * chroma, i32::from(value).max(1)));
    let hue = 2 * ((whole - less + i32::from(by)) & 255);
    let sector = (hue * 193) >> 14;
    let within = hue - 85 * sector;
    let value = i32::from(value);
    let less = |parts: i32| {
        let of_all = 21_675 - saturation * parts;
        quotient(2 * value * of_all + 21_675, 43_350)
    };
    let [least, falling, rising] = [less(85), less(within), less(85 - within)];
    let value = value as u8;
    let select = |of: [u8; 6]| {
        let mut sample = of[0];
        for (at, of) in (1..).zip(&of[1..]) {
            sample = if sector == at { *of } else { sample };
        }
        sample
    };
    [
        select([value, falling, least, least, rising, value]),
        select([rising, value, value, falling, least, least]),
        select([least, least, rising, value, value, falling]),
    ]
}

/// A word of [`LOW`].
#[expect(
    clippy::inline_always,
    reason = "loops are compiled anew for each level"
)]
#[inline(always)]
fn low_word(at: i32) -> u32 {
    let mut word = LOW[0];
    for (index, low) in (1..).zip(&LOW[1..]) {
        word = if at == index { *low } else { word };
    }
    word
}
