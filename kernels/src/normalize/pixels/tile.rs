//! A tile: so many pixels, put together in the order they are written, that all
//! of them stay in the nearest cache.
#![expect(clippy::cast_possible_truncation, reason = "bytes of a lane are 16")]
#![expect(clippy::inline_always, reason = "vectors stay in registers only so")]

use super::simd::{Simd, fetch_after, read, write};
use super::sse41::Sse41;
use super::window::PixelOrder::{self, Backward, Forward};
use super::window::PixelRun;
use crate::normalize::Layout::{self, Chw, Hwc};

/// Pixels of a tile.
pub(super) const TILE: usize = 2048;

/// Pixels that vectors may read beyond those of a tile.
const BEYOND: usize = 64;

/// Pixels moved at once: a lane of each channel. Wider vectors hardly gain
/// anything, as most of the time goes to the numbers.
const STEP: usize = 16;

/// For the `k`th 16 bytes written of a step, and the `j`th read: which of these
/// each is, or 0x80 for none.
type Orders<const C: usize> = [[[u8; 16]; C]; C];

/// Pixels of `C` channels.
pub(super) struct PixelTile<const C: usize>([[u8; C]; TILE + BEYOND]);

impl<const C: usize> PixelTile<C> {
    pub(super) fn new() -> Self {
        Self([[0; C]; TILE + BEYOND])
    }

    /// The pixels, and those beyond them.
    pub(super) fn pixels(&self) -> &[u8] {
        self.0.as_flattened()
    }

    /// Puts the pixels of `runs`, which all are in this order, where they say;
    /// `src` is a whole image.
    pub(super) fn fill<S: Simd>(
        &mut self,
        (simd, sse41): (S, Sse41),
        (src, from): (&[u8], Layout),
        runs: impl Iterator<Item = PixelRun>,
        order: PixelOrder,
    ) {
        let dst = self.0.as_flattened_mut();
        // Known to each copy of the loop, layout and order cost nothing in it.
        simd.vectorize(
            #[inline(always)]
            || {
                for run in runs {
                    let dst = &mut dst[run.at * C..][..run.n * C];
                    match (from, order) {
                        (Hwc, Forward) => dst.copy_from_slice(&src[run.first * C..][..run.n * C]),
                        (Hwc, Backward) => put::<C>(sse41, (src, Hwc), (run, Backward), dst),
                        (Chw, Forward) => put::<C>(sse41, (src, Chw), (run, Forward), dst),
                        (Chw, Backward) => put::<C>(sse41, (src, Chw), (run, Backward), dst),
                    }
                }
            },
        );
    }
}

/// The pixels of `run` to `dst`.
#[inline(always)]
fn put<const C: usize>(
    simd: Sse41,
    (src, from): (&[u8], Layout),
    (run, order): (PixelRun, PixelOrder),
    dst: &mut [u8],
) {
    let run = PixelRun { order, ..run };
    // From a byte to the same one of the next channel or 16 bytes on.
    let (pixel, next) = match from {
        Hwc => (C, STEP),
        Chw => (1, src.len() / C),
    };
    let mut x = 0;
    while run.n >= STEP && x < run.n {
        // The last step may do pixels of the one before once more.
        x = x.min(run.n - STEP);
        let src = &src[run.lowest(x, STEP) * pixel..];
        step::<C>(simd, (src, next), (from, order), &mut dst[x * C..]);
        x += STEP;
    }
    for (x, bytes) in dst.chunks_exact_mut(C).enumerate().skip(x) {
        for (c, byte) in bytes.iter_mut().enumerate() {
            let channel = if from == Hwc { c } else { c * next };
            *byte = src[run.lowest(x, 1) * pixel + channel];
        }
    }
}

/// The first pixels of `src` to those of `dst`; 16 bytes more are `next` bytes on.
#[inline(always)]
fn step<const C: usize>(
    simd: Sse41,
    (src, next): (&[u8], usize),
    (from, order): (Layout, PixelOrder),
    dst: &mut [u8],
) {
    let orders = const {
        [
            [orders::<C>(Hwc, Forward), orders::<C>(Hwc, Backward)],
            [orders::<C>(Chw, Forward), orders::<C>(Chw, Backward)],
        ]
    };
    let orders = &orders[from as usize][order as usize];
    let dst = &mut dst[..STEP * C];
    let mut bytes = [read(src); C];
    for j in 0..C {
        let src = &src[j * next..][..STEP];
        fetch_after(src);
        bytes[j] = read(src);
    }
    for k in 0..C {
        let mut moved = simd.shuffle(bytes[0], read(&orders[k][0]));
        for j in 1..C {
            // One of the two is zero in every byte.
            moved = simd.add(moved, simd.shuffle(bytes[j], read(&orders[k][j])));
        }
        write(moved, &mut dst[16 * k..]);
    }
}

/// How the pixels of a step are moved.
const fn orders<const C: usize>(from: Layout, order: PixelOrder) -> Orders<C> {
    let mut orders = [[[0x80; 16]; C]; C];
    let mut byte = 0;
    while byte < STEP * C {
        let (x, c) = (byte / C, byte % C);
        let x = match order {
            Forward => x,
            Backward => STEP - 1 - x,
        };
        let at = match from {
            Hwc => x * C + c,
            Chw => c * STEP + x,
        };
        orders[byte / 16][at / 16][byte % 16] = (at % 16) as u8;
        byte += 1;
    }
    orders
}
