//! `warp` at the SIMD levels: the places of a few pixels at a time are found in lanes of
//! binary64, in a loop that the compiler turns into vector instructions; samples are then
//! fetched pixel by pixel, and those around a place that lies within the image without
//! looking at its edges.
//!
//! Binary64 gives the integers of the contract. `X`, `Y` and `W` are whole numbers below
//! 2^52, so sums and products are exact; `T` is `W` with the low 29 bits of its mantissa
//! set to 0. `floor(2^12 X * (1 / T))` is the quotient, or one more or less where that is
//! below 2^29. Its product with `T` has 53 bits at most, and the remainder, which says what
//! to correct, is a multiple of `T`'s last bit or of 2^12 and below `2 T`: both are exact. A
//! quotient that is larger stays above all sides, whatever it is corrected by.
#![expect(
    clippy::cast_possible_truncation,
    clippy::inline_always,
    clippy::cast_precision_loss,
    reason = "mixed bytes are bytes, sums are below 2^52, and loops are compiled anew for each level"
)]

use super::row::Linear;
use super::{Warp, WarpFilter, WarpRow};
use crate::body::Body;
use crate::level::Dispatch;
use crate::normalize::Layout;
use crate::vector;

/// Pixels whose places are found together.
const N: usize = 64;

/// Bits of a place behind the point.
const PART_BITS: u32 = 12;

/// Parts of a pixel.
const PARTS: u32 = 1 << PART_BITS;

/// What a pixel has for a place outside.
const OUTSIDE: u32 = u32::MAX;

/// Bits of the mantissa of `W` that `T` has.
const DIVISOR_MASK: u64 = !((1 << 29) - 1);

/// Half of what a sum is divided by, in either half of 64 bits.
const HALVES: u64 = 1 << 23 | 1 << 55;

/// 2^52: a whole number below 2^32 added to it has that number in its low bits.
const WHOLE: f64 = 4_503_599_627_370_496.0;

/// One row.
pub(super) fn warp(kind: Dispatch, of: Warp, (src, row): (&[u8], &WarpRow), dst: &mut [u8]) {
    let image = WarpedImage { of, row: *row };
    vector::at(kind, &image, src, dst);
}

/// An image on its way to another.
struct WarpedImage {
    of: Warp,
    row: WarpRow,
}

/// Where a few pixels of a line are sampled.
struct Places {
    u: [u32; N],
    v: [u32; N],
}

/// Lines of an image, pixels of `CHANNELS` samples side by side, and what is outside.
struct Pixels<'a, const CHANNELS: usize> {
    all: &'a [[u8; CHANNELS]],
    sides: [u32; 2],
    fill: [u8; CHANNELS],
}

impl Body for WarpedImage {
    #[inline(always)]
    fn run(&self, src: &[u8], dst: &mut [u8]) -> bool {
        match (self.of.layout(), self.of.channels()) {
            (Layout::Hwc, 2) => self.side_by_side::<2>(src, dst),
            (Layout::Hwc, 3) => self.side_by_side::<3>(src, dst),
            (Layout::Hwc, 4) => self.side_by_side::<4>(src, dst),
            (Layout::Hwc | Layout::Chw, _) => self.planes(src, dst),
        }
        true
    }
}

impl WarpedImage {
    /// An image of pixels of `CHANNELS` samples side by side.
    #[inline(always)]
    fn side_by_side<const CHANNELS: usize>(&self, src: &[u8], dst: &mut [u8]) {
        let fill = std::array::from_fn(|channel| self.of.fill()[channel]);
        let pixels = Pixels::<CHANNELS>::new(src, &self.row, fill);
        let (dst, _) = dst.as_chunks_mut();
        self.blocks(|places, begin, n| {
            pixels.fetch(self.of.filter(), places, &mut dst[begin..begin + n]);
        });
    }

    /// An image whose channels lie one behind another.
    #[inline(always)]
    fn planes(&self, src: &[u8], dst: &mut [u8]) {
        let len = |height: u32, width: u32| height as usize * width as usize;
        let read = len(self.row.src_height, self.row.src_width);
        let written = len(self.row.dst_height, self.row.dst_width);
        let (dst, _) = dst.as_chunks_mut();
        self.blocks(|places, begin, n| {
            for channel in 0..self.of.channels() as usize {
                let src = &src[channel * read..(channel + 1) * read];
                let pixels = Pixels::<1>::new(src, &self.row, [self.of.fill()[channel]]);
                let begin = channel * written + begin;
                pixels.fetch(self.of.filter(), places, &mut dst[begin..begin + n]);
            }
        });
    }

    /// Hands `each` the places of a few pixels of a line, the index of the first of them
    /// and how many there are.
    #[inline(always)]
    fn blocks(&self, mut each: impl FnMut(&Places, usize, usize)) {
        let mut places = Places {
            u: [0; N],
            v: [0; N],
        };
        let width = self.row.dst_width as usize;
        for y in 0..self.row.dst_height {
            for begin in (0..width).step_by(N) {
                self.find([begin as u32, y], &mut places);
                let n = N.min(width - begin);
                each(&places, y as usize * width + begin, n);
            }
        }
    }

    /// The places of the pixels from this column on.
    #[inline(always)]
    fn find(&self, [begin, y]: [u32; 2], places: &mut Places) {
        let along = |line: Linear| {
            let first = line.first as f64 + line.down as f64 * f64::from(y);
            (line.across as f64, first)
        };
        let [
            (x_across, x_first),
            (y_across, y_first),
            (w_across, w_first),
        ] = self.row.lines().map(along);
        let ends = [self.row.src_width, self.row.src_height];
        let [u_end, v_end] = ends.map(|side| f64::from(side) * f64::from(PARTS));
        for (lane, (u, v)) in places.u.iter_mut().zip(&mut places.v).enumerate() {
            let column = f64::from(begin + lane as u32);
            let across = x_first + x_across * column;
            let down = y_first + y_across * column;
            let divisor = w_first + w_across * column;
            let divisor = f64::from_bits(divisor.to_bits() & DIVISOR_MASK);
            let part = |dividend: f64| quotient(dividend * f64::from(PARTS), divisor);
            let (across_part, down_part) = (part(across), part(down));
            let is_inside = divisor > 0.0
                && (across >= 0.0)
                && (down >= 0.0)
                && (across_part < u_end)
                && (down_part < v_end);
            let bits = |part: f64| (part + WHOLE).to_bits() as u32;
            *u = if is_inside {
                bits(across_part)
            } else {
                OUTSIDE
            };
            *v = bits(down_part);
        }
    }
}

/// The whole quotient, if it is below 2^29.
#[inline(always)]
fn quotient(dividend: f64, divisor: f64) -> f64 {
    let near = (dividend * (1.0 / divisor)).floor();
    let rest = dividend - near * divisor;
    let less = if rest < 0.0 { 1.0 } else { 0.0 };
    let more = if rest >= divisor { 1.0 } else { 0.0 };
    near - less + more
}

impl<'a, const CHANNELS: usize> Pixels<'a, CHANNELS> {
    /// The image that a row reads, or one plane of it.
    #[inline(always)]
    fn new(src: &'a [u8], row: &WarpRow, fill: [u8; CHANNELS]) -> Self {
        let (all, _) = src.as_chunks();
        Self {
            all,
            sides: [row.src_height, row.src_width],
            fill,
        }
    }

    /// The pixels at the first few places.
    #[inline(always)]
    fn fetch(&self, filter: WarpFilter, places: &Places, dst: &mut [[u8; CHANNELS]]) {
        let all = dst.iter_mut().zip(&places.u).zip(&places.v);
        match filter {
            WarpFilter::Nearest => {
                for ((pixel, u), v) in all {
                    *pixel = self.nearest(*u, *v);
                }
            }
            WarpFilter::Bilinear => {
                for ((pixel, u), v) in all {
                    *pixel = self.bilinear(*u, *v);
                }
            }
        }
    }

    #[inline(always)]
    fn nearest(&self, u: u32, v: u32) -> [u8; CHANNELS] {
        if u == OUTSIDE {
            return self.fill;
        }
        self.all[self.index(u >> PART_BITS, v >> PART_BITS)]
    }

    #[inline(always)]
    fn bilinear(&self, u: u32, v: u32) -> [u8; CHANNELS] {
        if u == OUTSIDE {
            return self.fill;
        }
        let [height, width] = self.sides;
        let from_middles = [u, v].map(|part| part.cast_signed() - (PARTS / 2).cast_signed());
        let shares = from_middles.map(|part| part.cast_unsigned() % PARTS);
        // Half a pixel from an edge, the first is before it and wraps around.
        let [x, y] = from_middles.map(|part| (part >> PART_BITS).cast_unsigned());
        if x < width - 1 && y < height - 1 {
            let at = self.index(x, y);
            let (above, below) = (&self.all[at..at + 2], &self.all[at + width as usize..]);
            let below = &below[..2];
            return mixed([above[0], above[1], below[0], below[1]], shares);
        }
        let held = |at: u32, side: u32| {
            let next = at.wrapping_add(1).min(side - 1);
            [if at < side { at } else { 0 }, next]
        };
        let ([left, right], [top, bottom]) = (held(x, width), held(y, height));
        let four = [(left, top), (right, top), (left, bottom), (right, bottom)];
        mixed(four.map(|(x, y)| self.all[self.index(x, y)]), shares)
    }

    #[inline(always)]
    fn index(&self, x: u32, y: u32) -> usize {
        y as usize * self.sides[1] as usize + x as usize
    }
}

/// Four pixels weighed by how far the place is from the first: two channels at a time, each
/// in half of 64 bits, which no sum leaves.
#[inline(always)]
fn mixed<const CHANNELS: usize>(four: [[u8; CHANNELS]; 4], [f, g]: [u32; 2]) -> [u8; CHANNELS] {
    let [f, g] = [f, g].map(u64::from);
    let [less_f, less_g] = [f, g].map(|part| u64::from(PARTS) - part);
    let mut out = [0; CHANNELS];
    for first in (0..CHANNELS).step_by(2) {
        let [p00, p01, p10, p11] = four.map(|pixel| {
            let second = pixel.get(first + 1).copied().unwrap_or(0);
            u64::from(pixel[first]) | u64::from(second) << 32
        });
        let above = less_f * p00 + f * p01;
        let below = less_f * p10 + f * p11;
        let sum = less_g * above + g * below + HALVES;
        out[first] = (sum >> 24) as u8;
        if let Some(second) = out.get_mut(first + 1) {
            *second = (sum >> 56) as u8;
        }
    }
    out
}
