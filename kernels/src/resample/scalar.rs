//! The meaning of `resample`, plain and slow.
#![expect(clippy::cast_sign_loss, reason = "a sum is brought into 0 to 255")]

use super::lines::ImageLines;
use super::taps::{BITS, HALF, Taps};

/// Resizes each line: pixels of so many channels, one behind another.
pub(super) fn across(taps: Taps<'_>, channels: usize, lines: ImageLines<'_>, dst: &mut [u8]) {
    for (index, dst) in dst.chunks_exact_mut(taps.len() * channels).enumerate() {
        let line = lines.line(index);
        for (position, pixel) in dst.chunks_exact_mut(channels).enumerate() {
            for (channel, sample) in pixel.iter_mut().enumerate() {
                *sample = sum(taps, position, |x| line[x * channels + channel]);
            }
        }
    }
}

/// Resizes each column of bytes.
pub(super) fn down(taps: Taps<'_>, lines: ImageLines<'_>, dst: &mut [u8]) {
    for (position, dst) in dst.chunks_exact_mut(lines.len()).enumerate() {
        for (col, sample) in dst.iter_mut().enumerate() {
            *sample = sum(taps, position, |y| lines.line(y)[col]);
        }
    }
}

/// One sample.
fn sum(taps: Taps<'_>, position: usize, sample: impl Fn(usize) -> u8) -> u8 {
    let (start, weights) = taps.of(position);
    let mut sum = HALF;
    for (offset, weight) in weights.enumerate() {
        let term = weight.wrapping_mul(i32::from(sample(start + offset)));
        sum = sum.wrapping_add(term);
    }
    (sum >> BITS).clamp(0, 255) as u8
}
