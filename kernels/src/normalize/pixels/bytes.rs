//! Moves bytes: pixels apart into planes, and planes together into pixels.
#![expect(clippy::cast_possible_truncation, reason = "bytes of a lane are 16")]
#![expect(clippy::inline_always, reason = "vectors stay in registers only so")]

use super::simd::Simd;
use super::tile::BUFFER;
use super::window::Order;

/// A lane the other way round.
const BACKWARD: [u8; 16] = [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0];

/// Channels an image has at most.
pub(super) const MAX_CHANNELS: usize = 4;

/// A tile of each channel.
pub(super) type Planes = [[u8; BUFFER]; MAX_CHANNELS];

/// Pixels of `C` channels to planes, from `at`.
#[inline(always)]
pub(super) fn split<S: Simd, const C: usize>(
    simd: S,
    src: &[u8],
    (planes, at): (&mut [[u8; BUFFER]], usize),
    order: Order,
) {
    let orders = const { split_orders::<C>() };
    let width = 16 * S::LANES;
    let n = src.len() / C;
    let mut x = 0;
    while n >= width && x < n {
        // The last step may do pixels of the one before once more.
        x = x.min(n - width);
        let mut pixels = [simd.load_lanes(&src[x * C..], 16 * C); C];
        for k in 1..C {
            pixels[k] = simd.load_lanes(&src[x * C + 16 * k..], 16 * C);
        }
        for c in 0..C {
            let mut plane = simd.shuffle(pixels[0], &orders[c][0]);
            for k in 1..C {
                plane = simd.or(plane, simd.shuffle(pixels[k], &orders[c][k]));
            }
            match order {
                Order::Forward => simd.store(plane, &mut planes[c][at + x..]),
                Order::Backward => {
                    let plane = simd.lanes_reversed(simd.shuffle(plane, &BACKWARD));
                    simd.store(plane, &mut planes[c][at + n - width - x..]);
                }
            }
        }
        x += width;
    }
    while x < n {
        let to = match order {
            Order::Forward => at + x,
            Order::Backward => at + n - 1 - x,
        };
        for c in 0..C {
            planes[c][to] = src[x * C + c];
        }
        x += 1;
    }
}

/// The first pixels of `C` planes to `dst`.
#[inline(always)]
pub(super) fn join<S: Simd, const C: usize>(simd: S, planes: &Planes, dst: &mut [u8]) {
    let orders = const { join_orders::<C>() };
    let width = 16 * S::LANES;
    let n = dst.len() / C;
    let mut x = 0;
    while n >= width && x < n {
        x = x.min(n - width);
        let mut channels = [simd.load(&planes[0][x..]); C];
        for c in 1..C {
            channels[c] = simd.load(&planes[c][x..]);
        }
        for k in 0..C {
            let mut pixels = simd.shuffle(channels[0], &orders[k][0]);
            for c in 1..C {
                pixels = simd.or(pixels, simd.shuffle(channels[c], &orders[k][c]));
            }
            simd.store_lanes(pixels, &mut dst[x * C + 16 * k..], 16 * C);
        }
        x += width;
    }
    while x < n {
        for c in 0..C {
            dst[x * C + c] = planes[c][x];
        }
        x += 1;
    }
}

/// For plane `c` and the `k`th 16 bytes of 16 pixels: where the plane's bytes
/// are in them.
const fn split_orders<const C: usize>() -> [[[u8; 16]; C]; C] {
    let mut orders = [[[0x80; 16]; C]; C];
    let mut byte = 0;
    while byte < 16 * C {
        orders[byte % C][byte / 16][byte / C] = (byte % 16) as u8;
        byte += 1;
    }
    orders
}

/// For the `k`th 16 bytes of 16 pixels and channel `c`: which pixel's byte
/// each is.
const fn join_orders<const C: usize>() -> [[[u8; 16]; C]; C] {
    let mut orders = [[[0x80; 16]; C]; C];
    let mut byte = 0;
    while byte < 16 * C {
        orders[byte / 16][byte % C][byte % 16] = (byte / C) as u8;
        byte += 1;
    }
    orders
}
