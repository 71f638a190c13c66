//! Turns pixels into numbers, step by step.
#![expect(clippy::cast_possible_truncation, reason = "bytes of a lane are 16")]
#![expect(
    clippy::inline_always,
    clippy::needless_range_loop,
    reason = "vectors stay in registers only so"
)]

use super::constants::{PixelConstants, Terms};
use super::simd::{Simd, aligned, fetch_after, read, write};
use super::window::PixelOrder::{self, Backward, Forward};
use super::window::PixelRun;
use crate::normalize::Layout::{self, Chw, Hwc};

/// Pixels that there must be: those of one step at every level.
pub(super) const MIN_PIXELS: usize = 32;

/// Vectors of bytes of each channel that are written at once.
const STEPS: usize = 2;

/// Bytes of pixels that the smallest step reads at most.
const MAX_STEP_BYTES: usize = 64 * 2;

/// How numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stores {
    /// They stay in the caches.
    Cached,
    /// They go around them.
    Streamed,
}

/// Makes a vector of bytes of `N` vectors of numbers.
pub(super) trait Round<S: Simd, const N: usize>:
    Fn([S::Floats; N]) -> S::Bytes + Copy
{
}

impl<S: Simd, const N: usize, F: Fn([S::Floats; N]) -> S::Bytes + Copy> Round<S, N> for F {}

/// With what numbers are made, and how they are stored.
#[derive(Clone, Copy)]
pub(super) struct Means<'a, S, R> {
    pub(super) simd: S,
    pub(super) round: R,
    pub(super) constants: &'a PixelConstants,
    /// The channel of the constants that is the first of the pixels.
    pub(super) channel: usize,
    pub(super) stores: Stores,
}

/// Converts the pixels of `runs`, which have `C` channels and all are in this
/// order, to numbers of `dst`, which is a whole image. Pixels are put in order
/// only on the way to planes.
pub(super) fn convert<S: Simd, R: Round<S, N>, const N: usize, const C: usize>(
    means: Means<'_, S, R>,
    (src, runs): (&[u8], &mut dyn Iterator<Item = PixelRun>),
    (dst, to): (&mut [u8], Layout),
    order: PixelOrder,
) {
    means.simd.vectorize(
        #[inline(always)]
        // Known to each copy of the loop, layout and order cost nothing in it.
        || match (to, order) {
            (Chw, Forward) if C > 1 => {
                Converter::<S, R, N, C>::new(means, Chw, Forward).runs(src, runs, dst);
            }
            (Chw, Backward) if C > 1 => {
                Converter::<S, R, N, C>::new(means, Chw, Backward).runs(src, runs, dst);
            }
            _ => Converter::<S, R, N, C>::new(means, Hwc, Forward).runs(src, runs, dst),
        },
    );
}

/// What stays the same from pixel to pixel.
struct Converter<'a, S: Simd, R, const N: usize, const C: usize> {
    means: Means<'a, S, R>,
    to: Layout,
    order: PixelOrder,
    factor: S::Floats,
    /// Those of each channel of planes, or of vectors of pixels in turn.
    terms: [Terms<S::Floats>; C],
    /// Takes a channel of four pixels apart, one byte to 32 bits.
    orders: [S::Bytes; C],
}

impl<'a, S: Simd, R: Round<S, N>, const N: usize, const C: usize> Converter<'a, S, R, N, C> {
    /// Bytes of a number.
    const LEN_BYTES: usize = 4 / N;
    /// Numbers of a vector of them.
    const WIDTH: usize = 4 * S::LANES;
    /// Bytes of a vector.
    const VECTOR: usize = 16 * S::LANES;

    #[inline(always)]
    fn new(means: Means<'a, S, R>, to: Layout, order: PixelOrder) -> Self {
        let bytes = match order {
            Forward => const { orders::<C>(Forward) },
            Backward => const { orders::<C>(Backward) },
        };
        let mut all = Self {
            means,
            to,
            order,
            factor: means.simd.splat(means.constants.factor),
            terms: [Self::terms(means, to, 0); C],
            orders: [read(&bytes[0]); C],
        };
        for c in 1..C {
            all.terms[c] = Self::terms(means, to, c);
            all.orders[c] = read(&bytes[c]);
        }
        all
    }

    #[inline(always)]
    fn terms(means: Means<'_, S, R>, to: Layout, c: usize) -> Terms<S::Floats> {
        means.constants.pattern.map(
            #[inline(always)]
            |pattern| match to {
                Hwc if C > 1 => read(bytemuck::cast_slice(&pattern[c * Self::WIDTH..])),
                _ => means.simd.splat(pattern[means.channel + c]),
            },
        )
    }

    #[inline(always)]
    fn runs(&self, src: &[u8], runs: &mut dyn Iterator<Item = PixelRun>, dst: &mut [u8]) {
        for run in runs {
            let order = self.order;
            self.run(src, PixelRun { order, ..run }, dst);
        }
    }

    #[inline(always)]
    fn run(&self, src: &[u8], run: PixelRun, dst: &mut [u8]) {
        let width = N * Self::WIDTH;
        let mut x = 0;
        while x < run.n {
            if x + STEPS * width <= run.n
                && let Some(src) = Self::bytes(src, run.lowest(x, STEPS * width), STEPS * width)
            {
                fetch_after(src);
                self.step::<STEPS>(src, dst, run.at + x);
                x += STEPS * width;
                continue;
            }
            // The last step may do pixels of the one before once more.
            x = x.min(run.n - width);
            let first = run.lowest(x, width);
            if let Some(src) = Self::bytes(src, first, width) {
                self.step::<1>(src, dst, run.at + x);
            } else {
                let mut end = [0; MAX_STEP_BYTES];
                let src = &src[first * C..];
                end[..src.len()].copy_from_slice(src);
                self.step::<1>(&end, dst, run.at + x);
            }
            x += width;
        }
    }

    /// The bytes of `n` pixels from `first`, whole vectors of numbers, with what
    /// the last vector reads beyond them; if all are there.
    #[inline(always)]
    fn bytes(src: &[u8], first: usize, n: usize) -> Option<&[u8]> {
        let len = (n - Self::WIDTH) * C + Self::VECTOR;
        src.get(first * C..first * C + len)
    }

    /// `M` vectors of bytes of every channel, from pixel `at` of `dst`.
    #[inline(always)]
    fn step<const M: usize>(&self, src: &[u8], dst: &mut [u8], at: usize) {
        match self.to {
            Chw => self.planes::<M>(src, dst, at),
            Hwc => {
                let begin = at * C * Self::LEN_BYTES;
                self.pixels::<M>(src, &mut dst[begin..][..C * M * Self::VECTOR]);
            }
        }
    }

    #[inline(always)]
    fn planes<const M: usize>(&self, src: &[u8], dst: &mut [u8], at: usize) {
        let plane_len = dst.len() / C;
        let four_bytes = Self::WIDTH * C;
        let src = &src[..(M * N - 1) * four_bytes + Self::VECTOR];
        let mut floats = [[[self.factor; N]; M]; C];
        for index in 0..M * N {
            let fours = match self.order {
                Forward => self.fours(&src[index * four_bytes..]),
                Backward => {
                    let fours = self.fours(&src[(M * N - 1 - index) * four_bytes..]);
                    self.means.simd.lanes_reversed(fours)
                }
            };
            for c in 0..C {
                let bytes = self.means.simd.shuffle(fours, self.orders[c]);
                floats[c][index / N][index % N] =
                    self.values(self.means.simd.numbers(bytes), &self.terms[c]);
            }
        }
        for c in 0..C {
            let begin = c * plane_len + at * Self::LEN_BYTES;
            let dst = &mut dst[begin..][..M * Self::VECTOR];
            for m in 0..M {
                self.put(
                    (self.means.round)(floats[c][m]),
                    &mut dst[m * Self::VECTOR..],
                );
            }
        }
    }

    #[inline(always)]
    fn pixels<const M: usize>(&self, src: &[u8], dst: &mut [u8]) {
        let src = &src[..C * M * N * Self::WIDTH];
        for vector in 0..C * M {
            let mut floats = [self.factor; N];
            for n in 0..N {
                let index = vector * N + n;
                let bytes = self.means.simd.widen(&src[index * Self::WIDTH..]);
                // Vectors in which channels take turns are alike again after
                // three of them where there are three channels, else at once.
                let terms = if C == 3 { index % C } else { 0 };
                floats[n] = self.values(bytes, &self.terms[terms]);
            }
            let dst = &mut dst[vector * Self::VECTOR..];
            self.put((self.means.round)(floats), dst);
        }
    }

    /// Four pixels in each lane, and whatever follows them.
    #[inline(always)]
    fn fours(&self, src: &[u8]) -> S::Bytes {
        if C == 3 {
            self.means.simd.lanes_of_12(src)
        } else {
            self.means.simd.lanes(src, 4 * C)
        }
    }

    /// The values of bytes.
    #[inline(always)]
    fn values(&self, bytes: S::Floats, terms: &Terms<S::Floats>) -> S::Floats {
        let scaled = self.means.simd.multiply(bytes, self.factor);
        let shifted = self.means.simd.subtract(scaled, terms.mean);
        self.means.simd.divide(shifted, terms)
    }

    /// A vector to the first bytes of `dst`.
    #[inline(always)]
    fn put(&self, vector: S::Bytes, dst: &mut [u8]) {
        if self.means.stores == Stores::Streamed
            && let Some(dst) = aligned(dst)
        {
            return self.means.simd.stream(vector, dst);
        }
        write(vector, dst);
    }
}

/// For each channel, where its bytes are in four pixels, each followed by three
/// zeros; the same for every lane.
const fn orders<const C: usize>(order: PixelOrder) -> [[u8; 64]; C] {
    let mut orders = [[0x80; 64]; C];
    let mut number = 0;
    while number < 16 * C {
        let (byte, lane) = (number % (4 * C), number / (4 * C));
        let pixel = match order {
            Forward => byte / C,
            Backward => 3 - byte / C,
        };
        orders[byte % C][16 * lane + 4 * pixel] = byte as u8;
        number += 1;
    }
    orders
}
