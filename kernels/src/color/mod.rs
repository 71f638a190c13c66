//! Changes the colours of an image: brightness, contrast, saturation and hue, in any
//! order.
//!
//! A row read is an image of bytes, 1, 3 or 4 channels in HWC or CHW; a row written is
//! one of the same size. The record of a row names up to four [`Adjustment`]s, done one
//! after another as Pillow's `ImageEnhance` does them, each to bytes. A fourth channel
//! stays as it is, and an image of one channel is adjusted as three that are equal.
//!
//! With `L = (19595 R + 38470 G + 7471 B + 32768) >> 16`, Pillow's conversion to grey,
//! and `blend(a, b, f) = trunc(clip(a + f * (b - a), 0, 255))`, rounded twice as
//! [`crate::blend`] has it:
//!
//! - brightness by `f`: each sample `v` becomes `blend(0, v, f)`;
//! - contrast by `f`: `blend(m, v, f)`, where `m` is the mean of `L` over the whole
//!   image, rounded half up;
//! - saturation by `f`: `blend(L, v, f)`;
//! - hue by `n`: the pixel is converted to HSV of bytes, `n` is added to H, which
//!   wraps around, and it is converted back.
//!
//! # Hue in integers
//!
//! Pillow computes hue in floating point. With `V` the largest of the channels, `C` the
//! largest less the smallest, and `N` in `[0, 6 C)` what the other two say of the
//! sector, integers give the same bytes:
//!
//! - `S = floor(255 C / V)` and `H = floor(85 N / (2 C))`, but one less where that
//!   quotient is whole and one of 64 values at which Pillow's sum of rounded
//!   quotients stays below it;
//! - back, each channel is `V - floor((V S p + 10837) / 21675)`, where `p` of 85 parts is
//!   `170 - |2 H - 255|` for red, `|2 H - 170| - 85` for green and `|2 H - 340| - 85` for
//!   blue, brought into 0 to 85. In each sixth of the circle these are 0, 85, and the
//!   place within the sixth or the rest of it, as Pillow's `p`, `q` and `t` have them.
//!
//! The tests try all triples of bytes, against the formulas in floating point.
//!
//! # Two passes for contrast
//!
//! The mean is over an image that all adjustments before it have changed, so one of
//! them at most may be a contrast. On devices a group sums each image, and a second pass
//! does all adjustments; means of fewer than 2^26 pixels need no more than 32 bits:
//! halves of each `L` are summed apart, and divided one after the other.

mod column;
mod error;
mod hue;
mod luma;
mod row;
mod run;
mod scalar;
mod simd;

#[cfg(test)]
mod tests;

pub use column::{Color, ColorConstants};
pub use error::ColorError;
pub use row::{Adjustment, ColorRow};
