//! Changes the type of numbers as they are copied.

use std::ops::Range;

use fuelrail_kernels::cast::Cast;
use fuelrail_kernels::{Element, Kernel, Level};

use super::super::open_shard::Open;
use super::fault::{ShardFault, beyond};
use crate::error::Error;

/// Changes the numbers of one piece; where one does not fit, the byte of `dst`
/// that is to blame.
pub(super) fn cast(
    open: &Open,
    src: &Range<usize>,
    dst: &mut [u8],
    change: Cast,
    level: Level,
) -> Result<(), (usize, ShardFault)> {
    let bytes = open.map.bytes(src.clone()).ok_or_else(|| (0, beyond()))?;
    let kernel = Kernel::Cast(change);
    let stray = kernel.run(level, bytes, dst).map_err(|e| {
        let error = Error::internal("expected rows of one length").with_source(e);
        (0, ShardFault::Content(error))
    })?;
    match stray.or_else(|| overflow(change, bytes, dst)) {
        None => Ok(()),
        Some(index) => Err((
            index * kernel.dst_item_bytes(),
            misfit(change, bytes, index),
        )),
    }
}

/// The first finite float that has become infinite.
fn overflow(Cast { from, to }: Cast, src: &[u8], dst: &[u8]) -> Option<usize> {
    // A float of another type may be too large for it, and only those of 64 bits
    // are for one of 32.
    let is_narrow = match (from, to) {
        (Element::F64, Element::F32) => true,
        (_, Element::F16 | Element::BF16) => from.is_float() && from != to,
        _ => false,
    };
    if !is_narrow {
        return None;
    }
    let mut numbers = dst.chunks_exact(to.len_bytes()).enumerate();
    let has_overflown = |(index, number): &(usize, &[u8])| {
        float(to, number).is_infinite()
            && item(from, src, *index).is_some_and(|number| float(from, number).is_finite())
    };
    numbers.find(has_overflown).map(|(index, _)| index)
}

/// The bytes of one number.
fn item(of: Element, bytes: &[u8], index: usize) -> Option<&[u8]> {
    let len = of.len_bytes();
    bytes.get(index * len..(index + 1) * len)
}

/// A float as the one of 64 bits that is equal to it.
fn float(of: Element, number: &[u8]) -> f64 {
    let mut raw = [0; 8];
    raw.iter_mut()
        .zip(number)
        .for_each(|(raw, byte)| *raw = *byte);
    let bits = u64::from_le_bytes(raw);
    let [a, b, c, d, ..] = raw;
    let word = u32::from_le_bytes([a, b, c, d]);
    match of {
        Element::F32 => f64::from(f32::from_bits(word)),
        Element::BF16 => f64::from(f32::from_bits(word << 16)),
        Element::F16 => half(word),
        _ => f64::from_bits(bits),
    }
}

/// Binary16: a sign, 5 bits of exponent and 10 of fraction.
fn half(word: u32) -> f64 {
    let (exponent, fraction) = ((word >> 10) & 0x1f, f64::from(word & 0x3ff));
    let size = match exponent {
        0 => fraction * (-24f64).exp2(),
        31 if fraction > 0.0 => f64::NAN,
        31 => f64::INFINITY,
        _ => (1024.0 + fraction) * (f64::from(exponent) - 25.0).exp2(),
    };
    if word & 0x8000 == 0 { size } else { -size }
}

/// The error for a number that does not fit its new type.
fn misfit(cast: Cast, bytes: &[u8], index: usize) -> ShardFault {
    let number = item(cast.from, bytes, index).unwrap_or_default();
    let text = if cast.from.is_float() {
        format!("{:e}", float(cast.from, number))
    } else {
        integer(cast, number).to_string()
    };
    let message = format!("expected numbers that fit {}, got {text}", cast.to);
    ShardFault::Content(
        Error::data(message).with_hint("choose a dtype that holds all of the column"),
    )
}

/// An integer of any type.
fn integer(cast: Cast, number: &[u8]) -> i128 {
    let signed = cast.from.name().starts_with("int");
    let negative = signed && number.last().is_some_and(|byte| *byte > 127);
    let mut wide = [if negative { 0xff } else { 0 }; 16];
    wide.iter_mut()
        .zip(number)
        .for_each(|(wide, byte)| *wide = *byte);
    i128::from_le_bytes(wide)
}

#[cfg(test)]
mod tests {
    use half::{bf16, f16};

    use super::*;

    #[test]
    fn every_half_is_the_float_that_it_is() {
        for bits in 0..=u16::MAX {
            let bytes = bits.to_le_bytes();
            for (of, expected) in [
                (Element::F16, f16::from_bits(bits).to_f64()),
                (Element::BF16, bf16::from_bits(bits).to_f64()),
            ] {
                let found = float(of, &bytes);
                assert!(
                    found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan()
                );
            }
        }
    }

    #[test]
    fn floats_are_rounded_and_those_too_large_are_found() {
        let numbers = [
            0.1, -2.5, 65504.0, 65519.0, 65520.0, -1e30, 3.4e38, 3.41e38, -1e300,
        ];
        let specials = [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 5e-324, -0.0];
        for to in [Element::F32, Element::F16, Element::BF16] {
            for number in numbers.into_iter().chain(specials) {
                // Behind one that fits, so that the place is told.
                let src: Vec<u8> = [1.5, number].iter().flat_map(|n| n.to_le_bytes()).collect();
                let from = Element::F64;
                let cast = Cast { from, to };
                let mut dst = vec![0; 2 * to.len_bytes()];
                let stray = Kernel::Cast(cast)
                    .run(Level::best(), &src, &mut dst)
                    .unwrap();
                assert_eq!(stray, None);
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "what the cast is compared with"
                )]
                let narrow = number as f32;
                let expected = match to {
                    Element::F32 => f64::from(narrow),
                    Element::F16 => f16::from_f32(narrow).to_f64(),
                    _ => bf16::from_f32(narrow).to_f64(),
                };
                let found = float(to, item(to, &dst, 1).unwrap());
                assert!(
                    found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan(),
                    "{number}"
                );
                let is_lost = number.is_finite() && expected.is_infinite();
                let found = overflow(cast, &src, &dst);
                assert_eq!(found, is_lost.then_some(1), "{number} to {to}");
            }
        }
    }

    #[test]
    fn numbers_that_do_not_fit_are_named() {
        let named = |from, to, bytes: &[u8]| match misfit(Cast { from, to }, bytes, 0) {
            ShardFault::Content(error) => error.message().to_owned(),
            ShardFault::Block(_) => String::new(),
        };
        let number = (-1e300f64).to_le_bytes();
        assert_eq!(
            named(Element::F64, Element::F32, &number),
            "expected numbers that fit float32, got -1e300"
        );
        let number = (-300i64).to_le_bytes();
        assert_eq!(
            named(Element::I64, Element::U8, &number),
            "expected numbers that fit uint8, got -300"
        );
    }
}
