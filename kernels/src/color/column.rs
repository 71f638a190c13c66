//! What all rows of a column share.

use super::{ColorError, ColorRow};
use crate::normalize::Layout;
use crate::twin::twin;

/// Bytes one row may take: offsets in it fit an `i32`.
const MAX_ROW_BYTES: usize = (1 << 31) - 1;

/// Pixels whose mean is found in 32 bits.
const MAX_MEAN_PIXELS: usize = 1 << 26;

/// `color` on a column; see the [contract](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Color {
    channels: u32,
    layout: Layout,
}

twin! {
    /// What a device is told about a [`Color`].
    pub struct ColorConstants: 8 {
        /// Channels of an image.
        pub channels: u32,
        /// 1 if images are CHW, 0 if HWC.
        pub is_chw: u32,
    }
}

impl Color {
    /// On images of this many channels.
    ///
    /// # Errors
    /// Where there are no such images, or these have no colours.
    pub fn new(channels: u32, layout: Layout) -> Result<Self, ColorError> {
        match channels {
            1 | 3 | 4 => Ok(Self { channels, layout }),
            got => Err(ColorError::Channels { got }),
        }
    }

    /// Channels of an image.
    #[must_use]
    pub fn channels(&self) -> u32 {
        self.channels
    }

    /// The axes of an image.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// What a device is told.
    #[must_use]
    pub fn constants(&self) -> ColorConstants {
        ColorConstants {
            channels: self.channels,
            is_chw: u32::from(self.layout == Layout::Chw),
        }
    }

    /// Whether a row of `src_len` bytes can be adjusted as `row` says; as many bytes are
    /// then written.
    ///
    /// # Errors
    /// Where it is no image of these channels below 2 GiB, one for a contrast has 2^26
    /// pixels or more, or the record is not one that the [contract](super) allows.
    pub fn check(&self, row: &ColorRow, src_len: usize) -> Result<usize, ColorError> {
        let adjustments = row.adjustments()?;
        let n_pixels = src_len / self.channels as usize;
        if !src_len.is_multiple_of(self.channels as usize) || src_len > MAX_ROW_BYTES {
            return Err(ColorError::Length {
                channels: self.channels,
                got: src_len,
            });
        }
        let has_mean = adjustments.iter().any(|it| it.needs_mean());
        if has_mean && n_pixels >= MAX_MEAN_PIXELS {
            return Err(ColorError::Pixels { got: n_pixels });
        }
        Ok(src_len)
    }
}
