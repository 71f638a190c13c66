//! Moves the samples of images: crops, pads, flips, turns, and changes of
//! layout and channels, all as one reading of the input.
//!
//! An image is bytes, one a sample, in HWC or CHW. A [`Gather`] holds what all
//! items of a column share: channels, layouts, and the [`Border`] that decides
//! what lies outside. A [`GatherRow`] is the record of one item: sizes, where
//! the output begins in the input, and which way it runs. Sample (y, x, c) of
//! the output is the input's at
//!
//! - row `top + y * row_down + x * row_right`,
//! - column `left + y * col_down + x * col_right`,
//! - channel `first + c * step`.
//!
//! Each of the four directions is -1, 0 or 1, and exactly one of those of the
//! row and the other one of those of the column is not 0: the output is the
//! input mirrored and turned by quarters, never scaled.
//!
//! # Border
//!
//! Only a window of the input counts. A row or column outside of it is brought
//! back, each for itself, as `numpy.pad` does in the modes of these names:
//!
//! | border | `dcb\|abcd\|cba` and its like, for a window `abcd` |
//! |---|---|
//! | [`Border::Constant`] | `kkk\|abcd\|kkk`, with one `k` for each channel written |
//! | [`Border::Edge`] | `aaa\|abcd\|ddd` |
//! | [`Border::Reflect`] | `dcb\|abcd\|cba`; a window of one row or column repeats it |
//! | [`Border::Symmetric`] | `cba\|abcd\|dcb` |
//! | [`Border::Wrap`] | `bcd\|abcd\|abc` |
//!
//! The rule goes on beyond the width of the window. An empty window has nothing
//! to bring back, so it is refused with any border but the constant one, which
//! then fills the whole output.
//!
//! # Composition
//!
//! The methods of [`GatherRow`] change the image as it is so far, so a chain of
//! them reads as the steps do. Flips, turns, transposition and crops always
//! compose; a crop may keep padding. A pad reads what it adds from the image as
//! it is so far, and is refused where one window cannot express that. Each axis
//! of the input counts for itself, and only if the pad adds something along it:
//!
//! - the image shows only the window there, all of it or a part: the window
//!   shrinks to what is shown, with any border;
//! - it also shows earlier padding: the constant and the edge border compose;
//!   the others repeat with another period than before, and are refused;
//! - it is empty there: only the constant border can pad it.
//!
//! # Limits
//!
//! Sides and coordinates stay below 2^30 and items below 2 GiB, so that
//! differences of coordinates, and periods, fit 32 bits with a sign.
//! [`Gather::check`] holds any record against this, wherever it comes from.

mod border;
mod column;
mod lines;
mod row;
mod run;
mod scalar;

#[cfg(test)]
mod tests;

pub use border::Border;
pub use column::{ChannelMap, Gather, GatherConstants};
pub use row::GatherRow;

/// Why images cannot be gathered so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GatherError {
    /// There are too few or too many channels, or one is not there.
    #[error("expected {expected}, got {got}")]
    Channels {
        /// What was expected.
        expected: &'static str,
        /// What came.
        got: i64,
    },
    /// A crop, a pad or a record cannot be used.
    #[error("expected {expected}, got {got}")]
    Geometry {
        /// What was expected.
        expected: &'static str,
        /// What came.
        got: String,
    },
    /// An item is not as long as its record says.
    #[error("expected {expected} bytes, got {got}")]
    Length {
        /// Bytes by the record.
        expected: u64,
        /// Bytes that there are.
        got: usize,
    },
}
