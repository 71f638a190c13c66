//! Numbers that a step made infinite though they were finite before, because
//! they are too large for their new type. Kernels follow IEEE 754 and do not
//! report them, so they are looked for in what was written.

use fuelrail_kernels::normalize::Numbers;
use fuelrail_kernels::{Element, Kernel};

use crate::plan::SegmentColumn;

/// Bytes looked at before the outcome is asked for.
const BLOCK_BYTES: usize = 16 << 10;

/// Types read and written by a kernel that may make numbers infinite.
pub(super) fn types(kernel: &Kernel) -> Option<(Element, Element)> {
    match kernel {
        Kernel::Cast(cast) => cast.may_be_infinite().then_some((cast.from, cast.to)),
        Kernel::NormalizeNumbers(Numbers { from, to, .. }) => Some((*from, *to)),
        Kernel::Map(map) => map.may_be_infinite().then(|| (map.from(), map.to())),
        Kernel::NormalizeImages(_) | Kernel::FixedRow(_) => None,
    }
}

/// The type of floats that `column` has in the end, if a number may have
/// become infinite on the way.
pub(super) fn of_column(column: &SegmentColumn) -> Option<Element> {
    let mut kernels = column.kernels.iter();
    let may_be = kernels.any(|kernel| types(&kernel.kernel).is_some());
    let written = match &column.kernels.last()?.kernel {
        Kernel::Cast(cast) => cast.to,
        Kernel::NormalizeNumbers(numbers) => numbers.to,
        Kernel::Map(map) => map.to(),
        Kernel::NormalizeImages(_) | Kernel::FixedRow(_) => return None,
    };
    may_be.then_some(written)
}

/// The bits of the exponent of a type of floats, and all but its sign.
fn bits(element: Element) -> Option<(u64, u64)> {
    match element {
        Element::F16 => Some((0x7c00, 0x7fff)),
        Element::BF16 => Some((0x7f80, 0x7fff)),
        Element::F32 => Some((0x7f80_0000, 0x7fff_ffff)),
        Element::F64 => Some((0x7ff0_0000_0000_0000, 0x7fff_ffff_ffff_ffff)),
        _ => None,
    }
}

/// A number's bits.
fn word(number: &[u8]) -> u64 {
    let mut word = [0; 8];
    for (to, from) in word.iter_mut().zip(number) {
        *to = *from;
    }
    u64::from_le_bytes(word)
}

fn is_infinite(element: Element, number: &[u8]) -> bool {
    bits(element).is_some_and(|(exponent, all)| word(number) & all == exponent)
}

fn is_finite(element: Element, number: &[u8]) -> bool {
    bits(element).is_none_or(|(exponent, _)| word(number) & exponent != exponent)
}

/// Whether any number in `bytes` is infinite.
pub(super) fn any(element: Element, bytes: &[u8]) -> bool {
    /// The same with numbers of one width, so that many are looked at together.
    macro_rules! any {
        ($word:ty, $exponent:expr, $all:expr) => {
            bytes.chunks(BLOCK_BYTES).any(|block| {
                let (numbers, _) = block.as_chunks::<{ size_of::<$word>() }>();
                let is = |number: &[u8; size_of::<$word>()]| {
                    <$word>::from_le_bytes(*number) & $all == $exponent
                };
                numbers.iter().fold(false, |any, number| any | is(number))
            })
        };
    }
    match element {
        Element::F16 => any!(u16, 0x7c00, 0x7fff),
        Element::BF16 => any!(u16, 0x7f80, 0x7fff),
        Element::F32 => any!(u32, 0x7f80_0000, 0x7fff_ffff),
        Element::F64 => any!(u64, 0x7ff0_0000_0000_0000, 0x7fff_ffff_ffff_ffff),
        _ => false,
    }
}

/// How many numbers of `src` are finite and infinite in `dst`.
pub(super) fn count((from, to): (Element, Element), src: &[u8], dst: &[u8]) -> usize {
    let pairs = src
        .chunks_exact(from.len_bytes())
        .zip(dst.chunks_exact(to.len_bytes()));
    pairs
        .filter(|(before, after)| is_infinite(to, after) && is_finite(from, before))
        .count()
}

/// Puts the largest finite number in the place of each that a `cast` made
/// infinite; other kernels leave them so.
pub(super) fn saturate_cast(kernel: &Kernel, src: &[u8], dst: &mut [u8]) {
    match kernel {
        Kernel::Cast(cast) if cast.may_be_infinite() => saturate((cast.from, cast.to), src, dst),
        Kernel::Cast(_)
        | Kernel::Map(_)
        | Kernel::NormalizeImages(_)
        | Kernel::NormalizeNumbers(_)
        | Kernel::FixedRow(_) => {}
    }
}

/// Puts the largest finite number in the place of each that is finite in `src`
/// and infinite in `dst`.
fn saturate((from, to): (Element, Element), src: &[u8], dst: &mut [u8]) {
    let pairs = src
        .chunks_exact(from.len_bytes())
        .zip(dst.chunks_exact_mut(to.len_bytes()));
    for (before, after) in pairs {
        if is_infinite(to, after) && is_finite(from, before) {
            // The number before it, away from zero or not, has its bits less 1.
            let largest = (word(after) - 1).to_le_bytes();
            after.copy_from_slice(&largest[..to.len_bytes()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f32s(numbers: &[f32]) -> Vec<u8> {
        numbers.iter().flat_map(|x| x.to_le_bytes()).collect()
    }

    #[test]
    fn infinite_numbers_are_found_wherever_they_stand() {
        let mut numbers = vec![1.0_f32; 10_000];
        numbers[17] = f32::NAN;
        numbers[18] = f32::MAX;
        assert!(!any(Element::F32, &f32s(&numbers)));
        for at in [0, 4095, 4096, 9_999] {
            let mut numbers = numbers.clone();
            numbers[at] = f32::NEG_INFINITY;
            assert!(any(Element::F32, &f32s(&numbers)), "{at}");
        }
        assert!(any(Element::F16, &0xfc00_u16.to_le_bytes()));
        assert!(any(Element::BF16, &0x7f80_u16.to_le_bytes()));
        assert!(any(Element::F64, &f64::INFINITY.to_le_bytes()));
        assert!(!any(Element::U16, &0x7c00_u16.to_le_bytes()));
    }

    #[test]
    fn what_was_infinite_before_stays() {
        let types = (Element::F64, Element::F32);
        let before = [1e300, -1e300, f64::INFINITY, f64::NAN, 1.0];
        let src: Vec<u8> = before.iter().flat_map(|x| x.to_le_bytes()).collect();
        #[expect(clippy::cast_possible_truncation, reason = "that is what is tried")]
        let mut dst = f32s(&before.map(|x| x as f32));
        assert_eq!(count(types, &src, &dst), 2);
        saturate(types, &src, &mut dst);
        let after: Vec<f32> = dst
            .as_chunks()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect();
        assert_eq!(after[..3], [f32::MAX, f32::MIN, f32::INFINITY]);
        assert!(after[3].is_nan());
        assert_eq!(count(types, &src, &dst), 0);
    }
}
