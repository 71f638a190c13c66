//! Pixels to planes of numbers in one go, without a place between.
#![expect(clippy::cast_possible_truncation, reason = "bytes of a lane are 16")]
#![expect(clippy::inline_always, reason = "vectors stay in registers only so")]

use super::simd::Simd;
use super::values::{Channels, Constants, Held, Run};
use super::window::Order;
use crate::element::Element;

/// Pixels that a row must have: those of one step at every level.
pub(super) const MIN_PIXELS: usize = 32;

/// Vectors of bytes of each channel that are written at once.
const STEPS: usize = 2;

/// Bytes of pixels that one step reads at most, and those read beyond them.
const MAX_STEP_BYTES: usize = 64 * 2;

/// Pixels of an image that lie one behind another, and their order.
#[derive(Clone, Copy)]
pub(super) struct Pixels<'a> {
    /// The whole image.
    pub(super) src: &'a [u8],
    /// The lowest of the pixels.
    pub(super) first: usize,
    /// How many they are, [`MIN_PIXELS`] or more.
    pub(super) n: usize,
    pub(super) order: Order,
}

impl Pixels<'_> {
    /// The lowest of the `n` pixels of which the `x`th is written first.
    #[inline(always)]
    fn lowest(&self, x: usize, n: usize) -> usize {
        match self.order {
            Order::Forward => self.first + x,
            Order::Backward => self.first + self.n - x - n,
        }
    }

    /// The bytes of `n` pixels, whole vectors of numbers, from the `x`th
    /// written, with what the last vector reads beyond them; if all are there.
    #[inline(always)]
    fn bytes<S: Simd, const C: usize>(&self, x: usize, n: usize) -> Option<&[u8]> {
        if x + n > self.n {
            return None;
        }
        let begin = self.lowest(x, n) * C;
        let end = begin + (n - 4 * S::LANES) * C + 16 * S::LANES;
        self.src.get(begin..end)
    }
}

/// Pixels of `C` channels to numbers of `dst`, which holds the planes one
/// behind another; the first is number `at` of each plane.
#[inline(always)]
pub(super) fn direct<S: Simd, const C: usize>(
    simd: S,
    (run, constants): (Run<'_>, &Constants),
    pixels: Pixels<'_>,
    dst: &mut [u8],
    at: usize,
) {
    // Known to each copy of the loop, the order costs nothing in it.
    match pixels.order {
        Order::Forward => {
            ordered::<S, C>(simd, (run, constants), (pixels, Order::Forward), dst, at);
        }
        Order::Backward => {
            ordered::<S, C>(simd, (run, constants), (pixels, Order::Backward), dst, at);
        }
    }
}

#[inline(always)]
fn ordered<S: Simd, const C: usize>(
    simd: S,
    (run, constants): (Run<'_>, &Constants),
    (pixels, order): (Pixels<'_>, Order),
    dst: &mut [u8],
    at: usize,
) {
    let pixels = Pixels { order, ..pixels };
    let step = Step::<S, C>::new(simd, (run, constants), order);
    match run.table.element() {
        Element::F32 => step.all::<1>(
            pixels,
            (dst, at),
            #[inline(always)]
            |[v]| simd.singles(v),
        ),
        Element::F16 => step.all::<2>(
            pixels,
            (dst, at),
            #[inline(always)]
            |v| simd.halves(v),
        ),
        _ => step.all::<2>(
            pixels,
            (dst, at),
            #[inline(always)]
            |v| simd.brains(v),
        ),
    }
}

/// What every step needs.
struct Step<'a, S: Simd, const C: usize> {
    simd: S,
    run: Run<'a>,
    factor: S::Floats,
    held: [Held<S::Floats>; C],
    /// Takes a channel of four pixels apart, one byte to 32 bits.
    orders: [[u8; 16]; C],
}

impl<'a, S: Simd, const C: usize> Step<'a, S, C> {
    #[expect(
        clippy::needless_range_loop,
        reason = "iterators keep arrays out of registers"
    )]
    #[inline(always)]
    fn new(simd: S, (run, constants): (Run<'a>, &Constants), order: Order) -> Self {
        let mut held = [Held::of(simd, constants, Channels::One(0), 0); C];
        for c in 1..C {
            held[c] = Held::of(simd, constants, Channels::One(c), 0);
        }
        Self {
            simd,
            run,
            factor: simd.floats(&[constants.factor(); 16]),
            held,
            orders: match order {
                Order::Forward => const { orders::<C>(Order::Forward) },
                Order::Backward => const { orders::<C>(Order::Backward) },
            },
        }
    }

    /// All pixels.
    #[inline(always)]
    fn all<const N: usize>(
        &self,
        pixels: Pixels<'_>,
        (dst, at): (&mut [u8], usize),
        round: impl Fn([S::Floats; N]) -> S::Bytes + Copy,
    ) {
        let width = 4 * S::LANES * N;
        let mut x = 0;
        while x < pixels.n {
            let wide = pixels.bytes::<S, C>(x, STEPS * width);
            if let Some(src) = wide {
                self.steps::<N, STEPS>((src, pixels.order), (dst, at + x), round);
                x += STEPS * width;
                continue;
            }
            // The last step may do pixels of the one before once more.
            x = x.min(pixels.n - width);
            if let Some(src) = pixels.bytes::<S, C>(x, width) {
                self.steps::<N, 1>((src, pixels.order), (dst, at + x), round);
            } else {
                let mut end = [0; MAX_STEP_BYTES];
                let src = &pixels.src[pixels.lowest(x, width) * C..];
                end[..src.len()].copy_from_slice(src);
                self.steps::<N, 1>((&end, pixels.order), (dst, at + x), round);
            }
            x += width;
        }
    }

    /// `M` vectors of bytes of every channel, each made of `N` vectors of
    /// numbers, from number `at` of each plane.
    #[expect(
        clippy::needless_range_loop,
        reason = "iterators keep arrays out of registers"
    )]
    #[inline(always)]
    fn steps<const N: usize, const M: usize>(
        &self,
        (src, order): (&[u8], Order),
        (dst, at): (&mut [u8], usize),
        round: impl Fn([S::Floats; N]) -> S::Bytes + Copy,
    ) {
        let len_bytes = self.run.table.element().len_bytes();
        let plane_len = dst.len() / C;
        let width = 4 * S::LANES;
        let src = &src[..(M * N - 1) * width * C + 16 * S::LANES];
        let mut floats = [[[self.factor; N]; M]; C];
        for index in 0..M * N {
            let four = match order {
                Order::Forward => self.simd.pixels::<C>(&src[index * width * C..]),
                Order::Backward => {
                    let src = &src[(M * N - 1 - index) * width * C..];
                    self.simd.lanes_reversed(self.simd.pixels::<C>(src))
                }
            };
            for c in 0..C {
                let bytes = self.simd.shuffle(four, &self.orders[c]);
                let bytes = self.simd.numbers(bytes);
                floats[c][index / N][index % N] =
                    self.held[c].values(self.simd, bytes, self.factor);
            }
        }
        for c in 0..C {
            let dst = &mut dst[c * plane_len + at * len_bytes..][..16 * S::LANES * M];
            for m in 0..M {
                let bytes = round(floats[c][m]);
                let dst = &mut dst[16 * S::LANES * m..];
                self.run.stores.put(self.simd, bytes, dst);
            }
        }
    }
}

/// For each channel, where its bytes are in four pixels, each followed by three
/// zeros.
const fn orders<const C: usize>(order: Order) -> [[u8; 16]; C] {
    let mut orders = [[0x80; 16]; C];
    let mut byte = 0;
    while byte < 4 * C {
        let pixel = match order {
            Order::Forward => byte / C,
            Order::Backward => 3 - byte / C,
        };
        orders[byte % C][4 * pixel] = byte as u8;
        byte += 1;
    }
    orders
}
