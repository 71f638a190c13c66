//! `normalize` on numbers at the SIMD levels: one loop for each pair of types,
//! compiled for each level.
#![expect(
    clippy::inline_always,
    reason = "loops are compiled anew for each level"
)]
#![expect(
    clippy::cast_possible_truncation,
    reason = "constants of narrow numbers are rounded to binary32 already"
)]

use std::marker::PhantomData;

use half::bf16;

use super::Numbers;
use crate::binary16;
use crate::body::Body;
use crate::element::Element;
use crate::lane::{Convert, LaneNumber};
use crate::level::Dispatch;
use crate::vector::{self, TILE, Tile, tiles};

/// Whole numbers from `src` to `dst`.
pub(super) fn numbers(kind: Dispatch, numbers: &Numbers, src: &[u8], dst: &mut [u8]) {
    let mut halves = Tile([0; TILE * 4]);
    let mut result = Tile([0; TILE * 4]);
    let lens = (numbers.from.len_bytes(), numbers.to.len_bytes());
    tiles((src, dst), lens, |_, src, dst| {
        let n = src.len() / lens.0;
        let src = if numbers.from == Element::F16 {
            let wide = &mut halves.0[..n * 4];
            binary16::widen(kind, src, wide);
            wide
        } else {
            src
        };
        if numbers.to == Element::F16 {
            let wide = &mut result.0[..n * 4];
            tile(kind, numbers, src, wide);
            binary16::narrow(kind, wide, dst);
        } else {
            tile(kind, numbers, src, dst);
        }
    });
}

/// One tile; binary16 is read and written as binary32.
fn tile(kind: Dispatch, numbers: &Numbers, src: &[u8], dst: &mut [u8]) {
    match numbers.from {
        Element::U8 => narrow::<u8>(kind, numbers, src, dst),
        Element::I8 => narrow::<i8>(kind, numbers, src, dst),
        Element::U16 => narrow::<u16>(kind, numbers, src, dst),
        Element::I16 => narrow::<i16>(kind, numbers, src, dst),
        Element::U32 => narrow::<u32>(kind, numbers, src, dst),
        Element::I32 => narrow::<i32>(kind, numbers, src, dst),
        Element::U64 => wide::<u64>(kind, numbers, src, dst),
        Element::I64 => wide::<i64>(kind, numbers, src, dst),
        Element::BF16 => narrow::<bf16>(kind, numbers, src, dst),
        Element::F16 | Element::F32 => narrow::<f32>(kind, numbers, src, dst),
        Element::F64 => wide::<f64>(kind, numbers, src, dst),
    }
}

fn narrow<From: LaneNumber>(kind: Dispatch, numbers: &Numbers, src: &[u8], dst: &mut [u8]) {
    macro_rules! step {
        ($Step:ident) => {{
            let step = $Step {
                mean: numbers.mean as f32,
                factor: numbers.factor as f32,
                low: numbers.low as f32,
                high: numbers.high as f32,
            };
            match numbers.to {
                Element::BF16 => run::<From, _, bf16>(kind, step, src, dst),
                _ => run::<From, _, f32>(kind, step, src, dst),
            }
        }};
    }
    if may_be_tiny(numbers) {
        step!(Narrow);
    } else {
        step!(NarrowApart);
    }
}

fn wide<From: LaneNumber>(kind: Dispatch, numbers: &Numbers, src: &[u8], dst: &mut [u8]) {
    macro_rules! step {
        ($Step:ident) => {{
            let step = $Step {
                mean: numbers.mean,
                factor: numbers.factor,
                low: numbers.low,
                high: numbers.high,
            };
            match numbers.to {
                Element::BF16 => run::<From, _, bf16>(kind, step, src, dst),
                Element::F64 => run::<From, _, f64>(kind, step, src, dst),
                _ => run::<From, _, f32>(kind, step, src, dst),
            }
        }};
    }
    if may_be_tiny(numbers) {
        step!(Wide);
    } else {
        step!(WideApart);
    }
}

/// Whether tiny numbers, or tiny differences from the mean, make results that
/// differ from those of zeros.
///
/// They do not where the mean is large beside the least normal number *t*:
/// here at least 2^26 *t*, so that its neighbours are at least 4 *t* away. A
/// number of at most *t* is then less than half of what separates the mean
/// from its neighbours and vanishes; and numbers that leave a small difference
/// are at least half the mean, hence whole multiples of 4 *t*, and so is the
/// difference. For binary64 the bound is taken for its digits: 2^62 *t*.
///
/// Integers and binary16 are zero or far above *t*, as is a mean that is not
/// zero itself: none of the differences is tiny.
fn may_be_tiny(numbers: &Numbers) -> bool {
    let least = match numbers.from {
        Element::F64 => f64::MIN_POSITIVE * f64::from(1u32 << 31) * f64::from(1u32 << 31),
        Element::F32 | Element::BF16 => f64::from(f32::MIN_POSITIVE) * f64::from(1 << 26),
        _ => return false,
    };
    numbers.mean.abs() < least
}

/// What is computed, in one type.
trait Step {
    type Real: Copy;
    fn real(number: impl LaneNumber) -> Self::Real;
    fn step(&self, x: Self::Real) -> Self::Real;
}

macro_rules! step {
    ($Step:ident, $real:ident, $load:ident, $flush_difference:expr) => {
        struct $Step {
            mean: $real,
            factor: $real,
            low: $real,
            high: $real,
        }

        impl Step for $Step {
            type Real = $real;

            #[inline(always)]
            fn real(number: impl LaneNumber) -> $real {
                number.$load()
            }

            #[inline(always)]
            fn step(&self, x: $real) -> $real {
                let flush = |x: $real| {
                    if x.abs() <= $real::MIN_POSITIVE {
                        $real::copysign(0.0, x)
                    } else {
                        x
                    }
                };
                let difference = if $flush_difference {
                    flush(flush(x) - self.mean)
                } else {
                    x - self.mean
                };
                let y = flush(difference * self.factor);
                let y = if y < self.low { self.low } else { y };
                if y > self.high { self.high } else { y }
            }
        }
    };
}

step!(Narrow, f32, to_f32, true);
step!(NarrowApart, f32, to_f32, false);
step!(Wide, f64, to_f64, true);
step!(WideApart, f64, to_f64, false);

struct Loop<From, S, To>(S, PhantomData<(From, To)>);

fn run<From, S, To>(kind: Dispatch, step: S, src: &[u8], dst: &mut [u8])
where
    From: LaneNumber,
    S: Step<Real: Convert<To>>,
    To: LaneNumber,
{
    let body = Loop::<From, S, To>(step, PhantomData);
    vector::at(kind, &body, src, dst);
}

impl<From, S, To> Body for Loop<From, S, To>
where
    From: LaneNumber,
    S: Step<Real: Convert<To>>,
    To: LaneNumber,
{
    #[inline(always)]
    fn run(&self, src: &[u8], dst: &mut [u8]) -> bool {
        let src: &[From::Bytes] = bytemuck::cast_slice(src);
        let dst: &mut [To::Bytes] = bytemuck::cast_slice_mut(dst);
        for (x, y) in src.iter().zip(dst) {
            let result = self.0.step(S::real(From::load(*x)));
            *y = result.convert().0.store();
        }
        true
    }
}
