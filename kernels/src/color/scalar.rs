//! The meaning of `color`, plain and slow.
#![expect(clippy::cast_possible_truncation, reason = "grey is a byte")]

use super::row::{Adjustment, around_mean};
use super::{Color, hue, luma};
use crate::blend::blended;
use crate::normalize::Layout;

/// One row, pixel by pixel: what is before the contrast, its mean, and what is behind.
pub(super) fn color(color: Color, src: &[u8], adjustments: &[Adjustment], dst: &mut [u8]) {
    let (before, behind) = around_mean(adjustments);
    dst.copy_from_slice(src);
    let mut sum = 0;
    each_pixel(color, dst, |pixel| {
        *pixel = before
            .iter()
            .fold(*pixel, |pixel, it| adjusted(pixel, *it, 0));
        sum += u64::from(luma::luma(pixel.map(u32::from)));
    });
    let mean = luma::mean(sum, dst.len() / color.channels() as usize);
    each_pixel(color, dst, |pixel| {
        *pixel = behind
            .iter()
            .fold(*pixel, |pixel, it| adjusted(pixel, *it, mean));
    });
}

/// Changes the colours of each pixel; those of one channel are three that are equal.
fn each_pixel(color: Color, image: &mut [u8], mut change: impl FnMut(&mut [u8; 3])) {
    let channels = color.channels() as usize;
    let n_pixels = image.len() / channels;
    for pixel in 0..n_pixels {
        let places = [0, 1, 2].map(|channel| {
            let channel = channel.min(channels - 1);
            match color.layout() {
                Layout::Hwc => pixel * channels + channel,
                Layout::Chw => channel * n_pixels + pixel,
            }
        });
        let mut samples = places.map(|at| image[at]);
        change(&mut samples);
        for (at, sample) in places.into_iter().zip(samples) {
            image[at] = sample;
        }
    }
}

/// One pixel behind one adjustment.
fn adjusted(pixel: [u8; 3], adjustment: Adjustment, mean: u8) -> [u8; 3] {
    match adjustment {
        Adjustment::Brightness(factor) => pixel.map(|sample| blended(0, sample, factor)),
        Adjustment::Contrast(factor) => pixel.map(|sample| blended(mean, sample, factor)),
        Adjustment::Saturation(factor) => {
            let grey = luma::luma(pixel.map(u32::from)) as u8;
            pixel.map(|sample| blended(grey, sample, factor))
        }
        Adjustment::Hue(by) => hue::moved(pixel, by),
    }
}
