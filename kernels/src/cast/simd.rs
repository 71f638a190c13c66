//! `cast` at the SIMD levels: one loop for each pair of types, compiled for
//! each level.
#![expect(
    clippy::inline_always,
    reason = "loops are compiled anew for each level"
)]

use std::marker::PhantomData;

use super::{Cast, scalar};
use crate::binary16;
use crate::body::Body;
use crate::element::Element;
use crate::lane::{Convert, LaneNumber, with_lane};
use crate::level::Dispatch;
use crate::vector::{self, TILE, Tile, tiles};

/// Whole numbers; the index of the first that did not fit.
pub(super) fn cast(kind: Dispatch, cast: Cast, src: &[u8], dst: &mut [u8]) -> Option<usize> {
    let mut first = None;
    let mut wide = Tile([0; TILE * 4]);
    let lens = (cast.from.len_bytes(), cast.to.len_bytes());
    tiles((src, dst), lens, |index, src, dst| {
        let wide = &mut wide.0[..src.len() / lens.0 * 4];
        if !tile(kind, (cast.from, cast.to), (src, dst), wide) && first.is_none() {
            first = scalar::cast(cast, src, dst).map(|inside| index + inside);
        }
    });
    first
}

/// One tile, binary16 by way of `wide`; whether all numbers fit.
pub(crate) fn tile(
    kind: Dispatch,
    (from, to): (Element, Element),
    (src, dst): (&[u8], &mut [u8]),
    wide: &mut [u8],
) -> bool {
    match (from, to) {
        (Element::F32, Element::F16) => binary16::narrow(kind, src, dst),
        (Element::F16, Element::F32) => binary16::widen(kind, src, dst),
        (Element::F16, Element::F16) => {
            binary16::widen(kind, src, wide);
            binary16::narrow(kind, wide, dst);
        }
        (_, Element::F16) => {
            convert(kind, (from, Element::F32), src, wide);
            binary16::narrow(kind, wide, dst);
        }
        (Element::F16, _) => {
            binary16::widen(kind, src, wide);
            return convert(kind, (Element::F32, to), wide, dst);
        }
        _ => return convert(kind, (from, to), src, dst),
    }
    true
}

fn convert(kind: Dispatch, (from, to): (Element, Element), src: &[u8], dst: &mut [u8]) -> bool {
    with_lane!(from, From => with_lane!(to, To => {
        vector::at(kind, &Pair::<From, To>(PhantomData), src, dst)
    }))
}

struct Pair<From, To>(PhantomData<(From, To)>);

impl<From: Convert<To>, To: LaneNumber> Body for Pair<From, To> {
    #[inline(always)]
    fn run(&self, src: &[u8], dst: &mut [u8]) -> bool {
        let src: &[From::Bytes] = bytemuck::cast_slice(src);
        let dst: &mut [To::Bytes] = bytemuck::cast_slice_mut(dst);
        let mut misfits = false;
        for (x, y) in src.iter().zip(dst) {
            let (value, fits) = From::load(*x).convert();
            *y = value.store();
            misfits |= !fits;
        }
        !misfits
    }
}
