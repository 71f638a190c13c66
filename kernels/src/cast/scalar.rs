//! The meaning of `cast`, plain and slow.

use super::Cast;
use crate::element::Element;
use crate::number::{Float, Integer, Number, with_number};

/// Numbers, one by one; the index of the first that did not fit.
pub(super) fn cast(cast: Cast, src: &[u8], dst: &mut [u8]) -> Option<usize> {
    let mut first = None;
    with_number!(cast.from, From => {
        let src = src.chunks_exact(size_of::<From>());
        let dst = dst.chunks_exact_mut(cast.to.len_bytes());
        for (index, (x, y)) in src.zip(dst).enumerate() {
            if !one((cast.from, cast.to), From::read(x), y) && first.is_none() {
                first = Some(index);
            }
        }
    });
    first
}

/// How many numbers do not fit.
pub(super) fn count_misfits(cast: Cast, src: &[u8]) -> usize {
    /// Room for a number of any type.
    const WIDEST: usize = 8;
    let mut dst = [0; WIDEST];
    let dst = &mut dst[..cast.to.len_bytes()];
    let mut n = 0;
    with_number!(cast.from, From => {
        for x in src.chunks_exact(size_of::<From>()) {
            n += usize::from(!one((cast.from, cast.to), From::read(x), dst));
        }
    });
    n
}

/// Writes `x` as a number of `to`; whether it fits.
pub(crate) fn one((from, to): (Element, Element), x: impl Number, dst: &mut [u8]) -> bool {
    match to {
        Element::U8 => whole::<u8>(x, dst),
        Element::I8 => whole::<i8>(x, dst),
        Element::U16 => whole::<u16>(x, dst),
        Element::I16 => whole::<i16>(x, dst),
        Element::U32 => whole::<u32>(x, dst),
        Element::I32 => whole::<i32>(x, dst),
        Element::U64 => whole::<u64>(x, dst),
        Element::I64 => whole::<i64>(x, dst),
        Element::F16 => float::<half::f16>(from, x, dst),
        Element::BF16 => float::<half::bf16>(from, x, dst),
        Element::F32 => float::<f32>(from, x, dst),
        Element::F64 => float::<f64>(from, x, dst),
    }
}

fn whole<To: Integer>(x: impl Number, dst: &mut [u8]) -> bool {
    let (value, fits) = match x.to_i128() {
        Some(value) => To::saturating(value),
        None => To::saturating(0),
    };
    value.write(dst);
    fits && x.to_i128().is_some()
}

/// Integers of 64 bits go to binary32 in one rounding, not by binary64.
fn float<To: Float>(from: Element, x: impl Number, dst: &mut [u8]) -> bool {
    if from == Element::F64 || size_of::<To>() == 8 {
        To::of_f64(x.to_f64()).write(dst);
    } else {
        To::of_f32(x.to_f32()).write(dst);
    }
    true
}
