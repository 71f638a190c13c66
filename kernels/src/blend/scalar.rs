//! The meaning of `blend`, plain and slow.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a sum is brought into 0 to 255, and its fraction is cut off"
)]

use super::{Blend, BlendRow};
use crate::normalize::Layout;

/// One row, sample by sample.
pub(super) fn blend(blend: Blend, (a, b): (&[u8], &[u8]), row: &BlendRow, dst: &mut [u8]) {
    let [height, width] = [row.height as usize, row.width as usize];
    let rows = row.top as usize..(row.top + row.rows) as usize;
    let cols = row.left as usize..(row.left + row.cols) as usize;
    for (index, sample) in dst.iter_mut().enumerate() {
        let pixel = match blend.layout() {
            Layout::Hwc => index / blend.channels() as usize,
            Layout::Chw => index % (height * width),
        };
        let is_inside = rows.contains(&(pixel / width)) && cols.contains(&(pixel % width));
        *sample = if is_inside {
            blended(a[index], b[index], row.alpha)
        } else {
            a[index]
        };
    }
}

/// One sample. The conversion brings what is beyond the bounds to them.
pub(crate) fn blended(a: u8, b: u8, alpha: f32) -> u8 {
    let product = alpha * f32::from(i16::from(b) - i16::from(a));
    let sum = f32::from(a) + product;
    sum as u8
}
