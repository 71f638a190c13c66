//! Samples an image at the projective image of each pixel: perspective, and affine maps
//! as the case in which the denominator is constant.
//!
//! A row read is an image of bytes, 1 to 4 channels in HWC or CHW; a row written is one
//! of the same channels and layout, whose sides the record says. The record is an inverse
//! map: it takes the middle of a pixel written to the place in the image read at which
//! that is sampled, where pixel `i` covers what lies from `i` to `i + 1`.
//!
//! Everything is integers. At column `x` and row `y` of what is written,
//!
//! ```text
//! X = x_across * x + x_down * y + x_first       Y and W alike
//! T = W with all but its 24 leading bits set to 0
//! u = floor(2^12 * X / T)                       v = floor(2^12 * Y / T)
//! ```
//!
//! are the place `(u, v)` in parts of 4096 of a pixel. It is outside, and has the fill
//! value of its channel, where `W <= 0` (on the horizon or behind it), `u` or `v` is
//! negative, `u >= 2^12 * width` or `v >= 2^12 * height`. Inside,
//!
//! - [nearest](WarpFilter::Nearest) takes the sample at column `u >> 12`, row `v >> 12`;
//! - [bilinear](WarpFilter::Bilinear) takes, with `a = u - 2048` and `b = v - 2048`, the
//!   four samples `p` at columns `a >> 12` and the next and rows `b >> 12` and the next,
//!   each held within the image. With `f` and `g`, the low 12 bits of `a` and `b`, it is
//!   `((4096 - g) * above + g * below + 2^23) >> 24`, halves rounded up, where `above` is
//!   `(4096 - f) * p00 + f * p01` and `below` the same of the next row.
//!
//! Which places are inside, and that no value beyond the edge is mixed in, is Pillow's
//! `Image.transform`. All channels are treated alike, alpha too.
//!
//! # Why nothing overflows
//!
//! A record is one only if, over all pixels written, the magnitudes of the three terms of
//! `X`, of `Y` and of `W` add up to less than 2^52. So `2^12 * X` fits 64 bits, and each of
//! them is a whole number that binary64 holds. `T` is a number `t < 2^24` shifted left by
//! `s <= 28`, and `floor(2^12 X / T) = floor(floor(2^12 X / 2^s) / t)`: dropping the low
//! bits of the dividend changes nothing. Sides are at most 65,535, so `u` inside is below
//! 2^28. The sum of the bilinear weights is 2^24, so it stays below 2^32.
//!
//! - Devices divide by `t` digit by digit: the remainder is below `t`, so with 8 bits of
//!   the dividend behind it it is below 2^32, four times over.
//! - SIMD levels divide in binary64 and correct the quotient by its exact remainder.
//!
//! # How exact it is
//!
//! [`WarpRow::new`] scales nine numbers of binary64 by a power of two, such that the
//! largest sum of magnitudes is from 2^50 to 2^51, and rounds them. A term of `X` or `W` is
//! off by half a unit for each column and row at most, `e = (x + y + 1) / 2` together, and
//! `T` by 2^-23 of it. So a coordinate `p` pixels from the origin is off by no more
//! than `2^-12 + p * 2^-23 + 1.001 * e * (1 + p) / W` pixels: for images of some thousand
//! pixels a side, a few parts of 4096.

mod column;
mod error;
mod row;
mod run;
mod scalar;
mod simd;

#[cfg(test)]
mod tests;

pub use column::{Warp, WarpConstants, WarpFilter};
pub use error::WarpError;
pub use row::WarpRow;
