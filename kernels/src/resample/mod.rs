//! Resizes images along one axis, as Pillow 12 resizes images of bytes.
//!
//! A row read is an image of bytes, 1 to 4 channels in HWC or CHW; a row written is
//! a window of it whose columns ([`Axis::Horizontal`]) or rows ([`Axis::Vertical`])
//! have become so many others, as its record says. Each sample written is a weighted sum of samples of
//! the same channel along the axis. With `from` samples in the window and `to`
//! written,
//!
//! ```text
//! scale   = from / to                      stretch = max(scale, 1)
//! center  = (i + 0.5) * scale              reach   = support * stretch
//! first   = max(trunc(center - reach + 0.5), 0)
//! end     = min(trunc(center + reach + 0.5), from)
//! w(x)    = filter((x - center + 0.5) / stretch), divided by the sum of all
//! k(x)    = w(x) * 2^22, rounded to nearest, halves away from zero
//! y       = clip((2^21 + sum of k(x) * sample(x) for x from first to end) >> 22, 0, 255)
//! ```
//!
//! Weights are computed in binary64 on the host ([`Weights`]); the sum is one of 32
//! bits that wraps around, so devices need integers only, and the order of its terms
//! does not matter. What no sample before `first` or behind `end` can reach stays
//! within the window: so a window gives what cropping and then resizing gives.
//! Filters that shrink an image are as much wider (`stretch`), which is what others
//! call antialiasing.
//!
//! An image is resized along both axes by two such kernels, with bytes between them.
//! [`Axis::Horizontal`] is the first: that is the order of Pillow 12 and of all before
//! it, but for windows that are more than a hundred times as high as wide and become
//! lower. (Pillow 13 has the other order.) The record of a row says which axis is
//! meant, so either order is two records. What the second does not read need not be
//! made by the first: see [`Weights::reads`].
//!
//! The nearest neighbour is a table of one weight of 2^22: position `i` reads the
//! sample at `trunc(0.5 * scale + scale + ... + scale)`, with as many additions in
//! binary64 as `i` says, which is how Pillow walks.
//!
//! # Tables
//!
//! What a kernel needs of [`Weights`] are words: how many weights each position has,
//! then for each position the first sample that it reads, then its weights. Tables
//! lie behind the records of the rows, and a record says where; rows may share one.
//!
//! Pillow multiplies RGBA and LA images by their alpha before it resizes them and
//! divides after it; this treats all channels alike.

mod axis;
mod cache;
mod column;
mod copies;
mod filter;
mod image;
mod lines;
mod pass;
mod planes;
mod row;
mod run;
mod scalar;
#[cfg(target_arch = "x86_64")]
mod simd;
#[cfg(not(target_arch = "x86_64"))]
#[path = "no_simd.rs"]
mod simd;
mod taps;
mod weights;
mod window;

#[cfg(test)]
mod tests;

pub use axis::Axis;
pub use cache::WeightsCache;
pub use column::{Resample, ResampleConstants};
pub use filter::ResampleFilter;
pub use image::{ResampleImages, ResampleScratch};
pub use row::{ResampleRow, ResampleTables};
pub use weights::Weights;
pub use window::ResampleWindow;

/// Why an image cannot be resized so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResampleError {
    /// There are too few or too many channels.
    #[error("expected 1 to 4 channels, got {got}")]
    Channels {
        /// What came.
        got: u32,
    },
    /// There are no samples along an axis, or too many.
    #[error("expected sides of 1 to 16777215, got {from} to become {to}")]
    Sides {
        /// Samples read.
        from: u32,
        /// Samples written.
        to: u32,
    },
    /// The window is empty or reaches beyond the image.
    #[error("expected a window within {height} x {width}, got {window:?}")]
    Window {
        /// Rows of the image.
        height: u32,
        /// Columns of the image.
        width: u32,
        /// Top, left, height, width.
        window: [u32; 4],
    },
    /// A row does not have the length that it must have.
    #[error("expected {expected} bytes, got {got}")]
    Length {
        /// Bytes that were expected.
        expected: u64,
        /// Bytes that came.
        got: usize,
    },
    /// An image has 2 GiB or more.
    #[error("expected an image of less than 2 GiB, got {height} x {width}")]
    Size {
        /// Its rows.
        height: u32,
        /// Its columns.
        width: u32,
    },
    /// The table that a record names is not there, reads beyond the window, or has
    /// weights that no filter has.
    #[error("expected a table of weights for {from} samples to become {to} at word {at}")]
    Table {
        /// Where it was looked for.
        at: u32,
        /// Samples in the window.
        from: u32,
        /// Samples written.
        to: u32,
    },
}
