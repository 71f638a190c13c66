//! `blend` at the SIMD levels: one loop over samples, compiled for each level.

use super::{Blend, BlendRow};
use crate::body::Body;
use crate::lane::FloatTarget;
use crate::level::Dispatch;
use crate::normalize::Layout;
use crate::vector;

/// One row: all samples in one loop, or line by line of the rectangle.
pub(super) fn blend(
    kind: Dispatch,
    blend: Blend,
    ((a, b), row): ((&[u8], &[u8]), &BlendRow),
    dst: &mut [u8],
) {
    if row.is_whole() {
        line(kind, (a, b), row.alpha, dst);
        return;
    }
    dst.copy_from_slice(a);
    let channels = blend.channels() as usize;
    // Planes of lines of so many samples a column.
    let (n_planes, per_col) = match blend.layout() {
        Layout::Hwc => (1, channels),
        Layout::Chw => (channels, 1),
    };
    let pitch = row.width as usize * per_col;
    for plane in 0..n_planes {
        for down in 0..row.rows as usize {
            let begin = (plane * row.height as usize + row.top as usize + down) * pitch
                + row.left as usize * per_col;
            let samples = begin..begin + row.cols as usize * per_col;
            let lines = (&a[samples.clone()], &b[samples.clone()]);
            line(kind, lines, row.alpha, &mut dst[samples]);
        }
    }
}

/// Samples that follow one another.
fn line(kind: Dispatch, (a, b): (&[u8], &[u8]), alpha: f32, dst: &mut [u8]) {
    vector::at(kind, &Loop { b, alpha }, a, dst);
}

/// The samples of the second image, and how far to go to them.
struct Loop<'a> {
    b: &'a [u8],
    alpha: f32,
}

impl Body for Loop<'_> {
    #[expect(
        clippy::inline_always,
        reason = "the loop is compiled anew for each level"
    )]
    #[inline(always)]
    fn run(&self, src: &[u8], dst: &mut [u8]) -> bool {
        for ((a, b), y) in src.iter().zip(self.b).zip(dst) {
            *y = lane(*a, *b, self.alpha);
        }
        true
    }
}

/// One sample, as loops have it that become vector instructions.
#[expect(
    clippy::inline_always,
    reason = "loops are compiled anew for each level"
)]
#[inline(always)]
pub(crate) fn lane(a: u8, b: u8, alpha: f32) -> u8 {
    let product = alpha * f32::from(i16::from(b) - i16::from(a));
    let (sample, _) = u8::of_f32(f32::from(a) + product);
    sample
}
