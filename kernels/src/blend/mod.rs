//! Blends two images: each sample goes some way from the first to the second.
//!
//! A row read is an image of bytes followed by another of the same size, 1 to 4
//! channels in HWC or CHW; a row written is one such image. With `a` and `b` the
//! samples of the two images at one place, what is written there is
//!
//! ```text
//! trunc(clip(a + alpha * (b - a), 0, 255))
//! ```
//!
//! in binary32: `b - a` is exact, the product is rounded to nearest even, then the
//! sum is rounded so, brought into 0 to 255, and its fraction is cut off. This is
//! Pillow's `Image.blend(a, b, alpha)`, for alphas below 0 and above 1 too. The
//! record of a row has `alpha` and a rectangle: outside of it stays `a`.
//!
//! # Nothing is fused
//!
//! A multiplication that is fused with the addition behind it would round once
//! where this rounds twice. Rust never fuses them; in CUDA they are `__fmul_rn` and
//! `__fadd_rn`, which are never fused. WGSL allows it, so the product is made of
//! integers there: a significand of 24 bits times a difference of 8 bits fits 32
//! bits, and these are rounded to 24 by shifts. An addition alone is left, which
//! WGSL rounds correctly. The sum is cut off by its bits.
//!
//! Subnormal numbers count for nothing, so it does not matter what a device makes
//! of them: an alpha below 2^-126 leaves a product below 2^-118, which vanishes
//! beside an `a` from 1 on, and beside 0 is cut off or brought to 0. Every other
//! product is at least as large as its alpha. A sum that is not 0 is a multiple of
//! the last place of its smaller part, which no cancellation makes subnormal.

mod column;
mod row;
mod run;
mod scalar;
mod simd;

#[cfg(test)]
mod tests;

pub use column::{Blend, BlendConstants};
pub use row::BlendRow;
pub(crate) use scalar::blended;
pub(crate) use simd::lane as blended_lane;

/// Why images cannot be blended so.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BlendError {
    /// There are too few or too many channels.
    #[error("expected 1 to 4 channels, got {got}")]
    Channels {
        /// What came.
        got: u32,
    },
    /// The rectangle reaches beyond the image.
    #[error("expected a rectangle within the image, got {got:?}")]
    Rectangle {
        /// The record.
        got: BlendRow,
    },
    /// The alpha is not a number, or too large.
    #[error("expected an alpha from -65536 to 65536, got {got}")]
    Alpha {
        /// What came.
        got: f32,
    },
    /// A row does not have the length that it must have.
    #[error("expected {expected} bytes, got {got}")]
    Length {
        /// Bytes that were expected.
        expected: u64,
        /// Bytes that came.
        got: usize,
    },
    /// Two images have 2 GiB or more.
    #[error("expected two images of less than 2 GiB, got {height} x {width}")]
    Size {
        /// Rows of one.
        height: u32,
        /// Columns of one.
        width: u32,
    },
}
