//! Pixels to planes of numbers in one go, without a place between.

use super::Order;
use super::simd::Simd;
use super::values::{Channels, Constants, Held, Run};
use crate::element::Element;

/// Pixels that a row must have: those of one step at every level.
pub(super) const MIN_PIXELS: usize = 32;

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
    let step = Step::<S, C>::new(simd, (run, constants), pixels.order);
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
    #[inline(always)]
    fn new(simd: S, (run, constants): (Run<'a>, &Constants), order: Order) -> Self {
        let mut held = [Held::of(simd, constants, Channels::One(0), 0); C];
        for (channel, held) in held.iter_mut().enumerate().skip(1) {
            *held = Held::of(simd, constants, Channels::One(channel), 0);
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

    /// All pixels, `N` vectors of every channel at a step.
    #[inline(always)]
    fn all<const N: usize>(
        &self,
        pixels: Pixels<'_>,
        (dst, at): (&mut [u8], usize),
        round: impl Fn([S::Floats; N]) -> S::Bytes,
    ) {
        let len_bytes = self.run.table.element().len_bytes();
        let plane_len = dst.len() / C;
        let width = 4 * S::LANES;
        let mut x = 0;
        while x < pixels.n {
            // The last step may do pixels of the one before once more.
            x = x.min(pixels.n - N * width);
            let mut floats = [[self.factor; N]; C];
            for k in 0..N {
                let four = self.load(pixels, x + k * width);
                for c in 0..C {
                    let bytes = self.simd.shuffle(four, &self.orders[c]);
                    let bytes = self.simd.numbers(bytes);
                    floats[c][k] = self.held[c].values(self.simd, bytes, self.factor);
                }
            }
            for c in 0..C {
                let dst = &mut dst[c * plane_len + (at + x) * len_bytes..];
                self.run.stores.put(self.simd, round(floats[c]), dst);
            }
            x += N * width;
        }
    }

    /// As many pixels as a vector has numbers, from the `x`th written.
    #[inline(always)]
    fn load(&self, pixels: Pixels<'_>, x: usize) -> S::Bytes {
        let first = match pixels.order {
            Order::Forward => pixels.first + x,
            Order::Backward => pixels.first + pixels.n - x - 4 * S::LANES,
        };
        let src = &pixels.src[first * C..];
        let four = if src.len() >= 16 * S::LANES {
            self.simd.pixels::<C>(src)
        } else {
            let mut end = [0; 64];
            end[..src.len()].copy_from_slice(src);
            self.simd.pixels::<C>(&end)
        };
        match pixels.order {
            Order::Forward => four,
            Order::Backward => self.simd.lanes_reversed(four),
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
