//! Test oracle: numbers of every element in whole-number arithmetic, which
//! knows nothing of how kernels or the processor treat floats; and the bit
//! patterns that tests run on.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "bits are cut and signs are set on purpose"
)]

use crate::element::Element::{self, BF16, F16, F32, F64, I8, I16, I32, I64};

/// A number without error: `magnitude * 2^exponent`, signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exact {
    Nan,
    Infinite {
        negative: bool,
    },
    Finite {
        negative: bool,
        magnitude: u128,
        exponent: i32,
    },
}

/// Bits of the fraction and of the exponent.
fn format(element: Element) -> (u32, u32) {
    match element {
        F16 => (10, 5),
        BF16 => (7, 8),
        F32 => (23, 8),
        F64 => (52, 11),
        _ => panic!("expected a floating-point type, got {element}"),
    }
}

fn is_signed(element: Element) -> bool {
    matches!(element, I8 | I16 | I32 | I64)
}

/// The number that these bits of `element` stand for.
pub(crate) fn decode(element: Element, bits: u64) -> Exact {
    let width = element.len_bytes() as u32 * 8;
    let top = bits >> (width - 1) == 1;
    if !element.is_float() {
        let negative = is_signed(element) && top;
        let value = u128::from(bits);
        let magnitude = if negative {
            (1u128 << width) - value
        } else {
            value
        };
        return Exact::Finite {
            negative,
            magnitude,
            exponent: 0,
        };
    }
    let (fraction_bits, exponent_bits) = format(element);
    let fraction = bits & ((1 << fraction_bits) - 1);
    let exponent = (bits >> fraction_bits) & ((1 << exponent_bits) - 1);
    let largest = (1 << exponent_bits) - 1;
    if exponent == largest {
        return if fraction == 0 {
            Exact::Infinite { negative: top }
        } else {
            Exact::Nan
        };
    }
    let hidden = u64::from(exponent > 0) << fraction_bits;
    let bias = (1 << (exponent_bits - 1)) - 1;
    Exact::Finite {
        negative: top,
        magnitude: u128::from(fraction | hidden),
        exponent: exponent.max(1) as i32 - bias - fraction_bits as i32,
    }
}

/// The bits of the float nearest to `exact`, ties to even, NaN canonical.
pub(crate) fn round(element: Element, exact: Exact) -> u64 {
    let (fraction_bits, exponent_bits) = format(element);
    let infinity = ((1u64 << exponent_bits) - 1) << fraction_bits;
    let sign = 1u64 << (element.len_bytes() * 8 - 1);
    let (negative, mut magnitude, mut exponent) = match exact {
        Exact::Nan => return infinity | 1 << (fraction_bits - 1),
        Exact::Infinite { negative } => return infinity | (u64::from(negative) * sign),
        Exact::Finite {
            negative,
            magnitude,
            exponent,
        } => (negative, magnitude, exponent),
    };
    let sign = u64::from(negative) * sign;
    if magnitude == 0 {
        return sign;
    }
    // As many digits as there can be, of which the lowest one is sticky.
    let up = magnitude.leading_zeros();
    magnitude <<= up;
    exponent -= up as i32;
    let bias = (1 << (exponent_bits - 1)) - 1;
    let unit = (exponent + 127 - fraction_bits as i32).max(1 - bias - fraction_bits as i32);
    let down = (unit - exponent) as u32;
    let kept = if down > 127 { 0 } else { magnitude >> down };
    let rest = if down > 127 {
        magnitude
    } else {
        magnitude - (kept << down)
    };
    let half = if down > 128 {
        u128::MAX
    } else {
        1 << (down - 1)
    };
    let goes_up = down <= 128 && (rest > half || (rest == half && kept & 1 == 1));
    let kept = kept as u64 + u64::from(goes_up);
    if kept == 0 {
        return sign;
    }
    // A number without its hidden bit has the exponent field zero; a carry
    // moves into the exponent by itself.
    let field = (unit + bias + fraction_bits as i32 - 1) as u64;
    let bits = (field << fraction_bits) + kept;
    sign | bits.min(infinity)
}

/// The bits of the whole number nearest to `exact` without its fraction, and
/// whether it is the same one.
pub(crate) fn truncate(element: Element, exact: Exact) -> (u64, bool) {
    let width = element.len_bytes() as u32 * 8;
    let (low, high) = if is_signed(element) {
        (1u128 << (width - 1), (1u128 << (width - 1)) - 1)
    } else {
        (0, (1u128 << width) - 1)
    };
    let (negative, magnitude) = match exact {
        Exact::Nan => return (0, false),
        Exact::Infinite { negative } => (negative, u128::MAX),
        Exact::Finite {
            negative,
            magnitude,
            exponent,
        } => (negative, shift(magnitude, exponent)),
    };
    let bound = if negative { low } else { high };
    let kept = magnitude.min(bound) as u64;
    let mask = u64::MAX >> (64 - width);
    let bits = if negative { kept.wrapping_neg() } else { kept };
    (bits & mask, magnitude <= bound)
}

/// `magnitude * 2^exponent`, cut off below and saturated above.
fn shift(magnitude: u128, exponent: i32) -> u128 {
    let by = exponent.unsigned_abs();
    if exponent <= 0 {
        magnitude.checked_shr(by).unwrap_or(0)
    } else if magnitude == 0 {
        0
    } else if by < magnitude.leading_zeros() {
        magnitude << by
    } else {
        u128::MAX
    }
}

/// A seeded sequence of bits (the finalizer of splitmix64 over a counter).
pub(crate) fn random(seed: u64) -> impl Iterator<Item = u64> {
    (1u64..).map(move |index| {
        let mut x = seed.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    })
}

/// Numbers to try, in bits: all there are for 8 and 16 bits; else whatever is
/// special about any type, its neighbours, and random ones.
pub(crate) fn patterns(element: Element) -> Vec<u64> {
    let width = element.len_bytes() as u32 * 8;
    if width <= 16 {
        return (0..1 << width).collect();
    }
    let mask = u64::MAX >> (64 - width);
    let mut special = vec![0];
    special.extend((0..width).flat_map(|bit| [1u64 << bit, (1 << bit) - 1]));
    if element.is_float() {
        for other in [F16, BF16, F32, F64] {
            let (fraction, exponent) = format(other);
            let infinity = ((1u64 << exponent) - 1) << fraction;
            let one = ((1u64 << (exponent - 1)) - 1) << fraction;
            let largest = infinity - 1;
            for bits in [1, 2, 3, (1 << fraction) - 1, 1 << fraction, one, largest] {
                let exact = decode(other, bits);
                special.push(round(element, exact));
                special.push(round(element, halfway(exact)));
            }
        }
        let whole = [8u32, 16, 24, 31, 32, 53, 63, 64].map(|bit| Exact::Finite {
            negative: false,
            magnitude: 1 << bit,
            exponent: 0,
        });
        special.extend(whole.map(|exact| round(element, exact)));
        special.push(round(element, Exact::Nan));
    }
    let near = special.into_iter().flat_map(|bits| {
        let around = (-3i64..=3).map(move |by| bits.wrapping_add_signed(by));
        around.flat_map(move |bits| [bits, bits ^ (1 << (width - 1)), bits.wrapping_neg()])
    });
    let mut out: Vec<u64> = near.map(|bits| bits & mask).collect();
    out.extend(random(width.into()).map(|bits| bits & mask).take(30_000));
    // Numbers of a size that other types hold, and ties among them.
    let moderate = random(u64::from(width) + 1).take(30_000);
    out.extend(moderate.map(|bits| moderate_bits(element, bits) & mask));
    out
}

/// The number half a unit above.
fn halfway(exact: Exact) -> Exact {
    match exact {
        Exact::Finite {
            negative,
            magnitude,
            exponent,
        } => Exact::Finite {
            negative,
            magnitude: 2 * magnitude + 1,
            exponent: exponent - 1,
        },
        other => other,
    }
}

/// Random bits as a number of few digits near a power of two up to 2^66.
fn moderate_bits(element: Element, bits: u64) -> u64 {
    let digits = (bits >> 32) & ((1 << (1 + (bits >> 58) % 26)) - 1);
    let exponent = ((bits >> 1) & 0x7f) as i32 - 62;
    let negative = bits & 1 == 1;
    let magnitude = u128::from(digits);
    let exact = Exact::Finite {
        negative,
        magnitude,
        exponent,
    };
    if element.is_float() {
        round(element, exact)
    } else {
        truncate(element, exact).0
    }
}

/// The numbers in memory.
pub(crate) fn bytes_of(element: Element, numbers: &[u64]) -> Vec<u8> {
    let bytes = numbers.iter().map(|bits| bits.to_le_bytes());
    bytes
        .flat_map(|bytes| bytes.into_iter().take(element.len_bytes()))
        .collect()
}

/// The numbers back from memory.
pub(crate) fn bits_of(element: Element, bytes: &[u8]) -> Vec<u64> {
    let numbers = bytes.chunks_exact(element.len_bytes());
    let bits = numbers.map(|number| {
        let mut bytes = [0; 8];
        bytes[..number.len()].copy_from_slice(number);
        u64::from_le_bytes(bytes)
    });
    bits.collect()
}

#[cfg(test)]
mod tests {
    use super::{Element, decode, patterns, round, truncate};
    use half::{bf16, f16};

    /// The oracle agrees with itself and, where Rust has the conversion, with Rust.
    #[test]
    fn oracle_is_right() {
        for element in Element::ALL {
            for bits in patterns(element) {
                let exact = decode(element, bits);
                if element.is_float() && exact != super::Exact::Nan {
                    assert_eq!(round(element, exact), bits, "{element} {bits:x}");
                } else if !element.is_float() {
                    assert_eq!(truncate(element, exact), (bits, true), "{element} {bits:x}");
                }
            }
        }
        for bits in patterns(Element::F64) {
            let value = f64::from_bits(bits);
            let exact = decode(Element::F64, bits);
            if !value.is_nan() {
                assert_eq!(
                    round(Element::F32, exact),
                    u64::from((value as f32).to_bits())
                );
            }
            assert_eq!(truncate(Element::I64, exact).0, value as i64 as u64);
            assert_eq!(truncate(Element::U8, exact).0, u64::from(value as u8));
        }
        for bits in patterns(Element::F32) {
            let value = f32::from_bits(bits as u32);
            let exact = decode(Element::F32, bits);
            if !value.is_nan() {
                let [half, brain] = [Element::F16, Element::BF16].map(|to| round(to, exact));
                assert_eq!(half, u64::from(f16::from_f32(value).to_bits()));
                assert_eq!(brain, u64::from(bf16::from_f32(value).to_bits()));
            }
        }
    }
}
