//! `color` at the SIMD levels: a few pixels at a time go through all adjustments, each a
//! loop over channels that the compiler turns into vector instructions.
#![expect(
    clippy::cast_possible_truncation,
    clippy::inline_always,
    reason = "grey is a byte; loops are compiled anew for each level"
)]

use std::cell::Cell;

use super::row::{Adjustment, around_mean};
use super::{Color, hue, luma};
use crate::blend::blended_lane;
use crate::body::Body;
use crate::level::Dispatch;
use crate::normalize::Layout;
use crate::vector;

/// Pixels that are worked on together.
const N: usize = 64;

/// One channel of them.
type Lanes = [u8; N];

/// One row: with a contrast, what is before it goes over the image first.
pub(super) fn color(
    kind: Dispatch,
    color: Color,
    (src, adjustments): (&[u8], &[Adjustment]),
    dst: &mut [u8],
) {
    let (before, behind) = around_mean(adjustments);
    let sum = Cell::new(0);
    let pass = |adjustments, mean, writes| Pass {
        color,
        adjustments,
        mean,
        writes,
        sum: None,
    };
    if behind.is_empty() {
        vector::at(kind, &pass(before, 0, Writes::Image), src, dst);
        return;
    }
    let writes = match before {
        [] => Writes::Nothing,
        [..] => Writes::Image,
    };
    let first = Pass {
        sum: Some(&sum),
        ..pass(before, 0, writes)
    };
    vector::at(kind, &first, src, dst);
    let mean = luma::mean(sum.get(), dst.len() / color.channels() as usize);
    // What the first pass has written is read where it lies.
    let src = match writes {
        Writes::Nothing => src,
        Writes::Image => &[],
    };
    vector::at(kind, &pass(behind, mean, Writes::Image), src, dst);
}

/// What a pass leaves behind, beside the sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writes {
    Nothing,
    Image,
}

/// One pass over an image; over what is to be written if nothing else is read.
struct Pass<'a> {
    color: Color,
    adjustments: &'a [Adjustment],
    mean: u8,
    writes: Writes,
    /// Of the grey behind all adjustments, where it is wanted.
    sum: Option<&'a Cell<u64>>,
}

impl Body for Pass<'_> {
    #[inline(always)]
    fn run(&self, src: &[u8], dst: &mut [u8]) -> bool {
        let n_pixels = dst.len() / self.color.channels() as usize;
        for first in (0..n_pixels).step_by(N) {
            let n = N.min(n_pixels - first);
            let read = if src.is_empty() { &*dst } else { src };
            let mut lanes = self.load(read, first, n);
            for adjustment in self.adjustments {
                self.adjust(&mut lanes, *adjustment);
            }
            if let Some(sum) = self.sum {
                sum.set(sum.get() + u64::from(grey_sum(&lanes, n)));
            }
            if self.writes == Writes::Image {
                self.store(&lanes, (src, dst), (first, n));
            }
        }
        true
    }
}

impl Pass<'_> {
    /// The colours of `n` pixels from `first` on; one channel is all three.
    #[inline(always)]
    fn load(&self, image: &[u8], first: usize, n: usize) -> [Lanes; 3] {
        let mut lanes = [[0; N]; 3];
        let channels = self.color.channels() as usize;
        let n_pixels = image.len() / channels;
        match (self.color.layout(), channels) {
            (Layout::Hwc, 3) => unpack::<3>(&image[first * 3..(first + n) * 3], &mut lanes),
            (Layout::Hwc, 4) => unpack::<4>(&image[first * 4..(first + n) * 4], &mut lanes),
            (Layout::Hwc | Layout::Chw, _) => {
                for (channel, lanes) in lanes.iter_mut().enumerate() {
                    let begin = channel.min(channels - 1) * n_pixels + first;
                    lanes[..n].copy_from_slice(&image[begin..begin + n]);
                }
            }
        }
        lanes
    }

    #[inline(always)]
    fn store(
        &self,
        lanes: &[Lanes; 3],
        (src, dst): (&[u8], &mut [u8]),
        (first, n): (usize, usize),
    ) {
        let channels = self.color.channels() as usize;
        let n_pixels = dst.len() / channels;
        // A fourth channel stays as it is.
        match (self.color.layout(), channels) {
            (Layout::Hwc, 3) => pack::<3>(lanes, &mut dst[first * 3..(first + n) * 3]),
            (Layout::Hwc, 4) => {
                let place = first * 4..(first + n) * 4;
                if !src.is_empty() {
                    dst[place.clone()].copy_from_slice(&src[place.clone()]);
                }
                pack::<4>(lanes, &mut dst[place]);
            }
            (Layout::Hwc | Layout::Chw, _) => {
                for (channel, lanes) in lanes.iter().enumerate().take(channels) {
                    let begin = channel * n_pixels + first;
                    dst[begin..begin + n].copy_from_slice(&lanes[..n]);
                }
                if channels == 4 && !src.is_empty() {
                    let place = 3 * n_pixels + first..3 * n_pixels + first + n;
                    dst[place.clone()].copy_from_slice(&src[place]);
                }
            }
        }
    }

    #[inline(always)]
    fn adjust(&self, lanes: &mut [Lanes; 3], adjustment: Adjustment) {
        match adjustment {
            Adjustment::Brightness(factor) => {
                for channel in lanes {
                    blend(&[0; N], channel, factor);
                }
            }
            Adjustment::Contrast(factor) => {
                for channel in lanes {
                    blend(&[self.mean; N], channel, factor);
                }
            }
            Adjustment::Saturation(factor) => {
                let grey = greys(lanes);
                for channel in lanes {
                    blend(&grey, channel, factor);
                }
            }
            Adjustment::Hue(by) => hue::move_lanes(lanes, by),
        }
    }
}

/// From the grey or the mean on to each sample, or beyond it.
#[inline(always)]
fn blend(from: &Lanes, samples: &mut Lanes, factor: f32) {
    for (from, sample) in from.iter().zip(samples) {
        *sample = blended_lane(*from, *sample, factor);
    }
}

#[inline(always)]
fn greys([reds, greens, blues]: &[Lanes; 3]) -> Lanes {
    let mut grey = [0; N];
    for (((grey, r), g), b) in grey.iter_mut().zip(reds).zip(greens).zip(blues) {
        *grey = luma::luma([*r, *g, *b].map(u32::from)) as u8;
    }
    grey
}

/// The sum of the grey of the first `n`.
#[inline(always)]
fn grey_sum(lanes: &[Lanes; 3], n: usize) -> u32 {
    let greys = greys(lanes);
    match n {
        N => greys.iter().map(|grey| u32::from(*grey)).sum(),
        _ => greys.iter().take(n).map(|grey| u32::from(*grey)).sum(),
    }
}

/// The first three of `CHANNELS` that lie side by side.
#[inline(always)]
fn unpack<const CHANNELS: usize>(pixels: &[u8], [reds, greens, blues]: &mut [Lanes; 3]) {
    let (pixels, _) = pixels.as_chunks::<CHANNELS>();
    let all = reds.iter_mut().zip(greens).zip(blues);
    for (((r, g), b), pixel) in all.zip(pixels) {
        (*r, *g, *b) = (pixel[0], pixel[1], pixel[2]);
    }
}

#[inline(always)]
fn pack<const CHANNELS: usize>([reds, greens, blues]: &[Lanes; 3], pixels: &mut [u8]) {
    let (pixels, _) = pixels.as_chunks_mut::<CHANNELS>();
    for (((pixel, r), g), b) in pixels.iter_mut().zip(reds).zip(greens).zip(blues) {
        (pixel[0], pixel[1], pixel[2]) = (*r, *g, *b);
    }
}
