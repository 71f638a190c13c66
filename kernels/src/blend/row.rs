//! The record of one row.

use super::BlendError;
use crate::twin::twin;

/// Magnitudes of alphas are at most this, so that no product overflows.
const MAX_ALPHA: f32 = 65_536.0;

twin! {
    /// How the two images of one row are blended; see the [contract](super).
    pub struct BlendRow: 32 {
        /// Rows of each image.
        pub height: u32,
        /// Columns of each image.
        pub width: u32,
        /// The first row of the rectangle.
        pub top: u32,
        /// The first column of the rectangle.
        pub left: u32,
        /// Rows of the rectangle.
        pub rows: u32,
        /// Columns of the rectangle.
        pub cols: u32,
        /// How far samples go from the first image to the second.
        pub alpha: f32,
        /// Not read; makes a record half as long as a line of the caches.
        pub pad: u32,
    }
}

impl BlendRow {
    /// All of two images of this size.
    #[must_use]
    pub fn whole([height, width]: [u32; 2], alpha: f32) -> Self {
        Self {
            height,
            width,
            top: 0,
            left: 0,
            rows: height,
            cols: width,
            alpha,
            pad: 0,
        }
    }

    /// Only this rectangle: top, left, height, width. Either side may be 0.
    #[must_use]
    pub fn within(self, [top, left, rows, cols]: [u32; 4]) -> Self {
        Self {
            top,
            left,
            rows,
            cols,
            ..self
        }
    }

    /// Whether the rectangle is the whole image.
    pub(super) fn is_whole(&self) -> bool {
        (self.rows, self.cols) == (self.height, self.width)
    }

    /// Whether it is one that the [contract](super) allows.
    pub(super) fn check(&self) -> Result<(), BlendError> {
        let fits =
            |start: u32, len: u32, whole: u32| u64::from(start) + u64::from(len) <= whole.into();
        if !fits(self.top, self.rows, self.height) || !fits(self.left, self.cols, self.width) {
            return Err(BlendError::Rectangle { got: *self });
        }
        // NaN is within no bounds.
        if !(-MAX_ALPHA..=MAX_ALPHA).contains(&self.alpha) {
            return Err(BlendError::Alpha { got: self.alpha });
        }
        Ok(())
    }
}
