//! What all rows of a column share.

use super::{BlendError, BlendRow};
use crate::normalize::Layout;
use crate::twin::twin;

/// Bytes one row may take: offsets in it fit an `i32`.
const MAX_ROW_BYTES: u64 = (1 << 31) - 1;

/// `blend` on a column; see the [contract](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blend {
    channels: u32,
    layout: Layout,
}

twin! {
    /// What a device is told about a [`Blend`].
    pub struct BlendConstants: 8 {
        /// Channels of an image.
        pub channels: u32,
        /// 1 if images are CHW, 0 if HWC.
        pub is_chw: u32,
    }
}

impl Blend {
    /// On images of this many channels.
    ///
    /// # Errors
    /// Where there are no such images.
    pub fn new(channels: u32, layout: Layout) -> Result<Self, BlendError> {
        if !(1..=4).contains(&channels) {
            return Err(BlendError::Channels { got: channels });
        }
        Ok(Self { channels, layout })
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
    pub fn constants(&self) -> BlendConstants {
        BlendConstants {
            channels: self.channels,
            is_chw: u32::from(self.layout == Layout::Chw),
        }
    }

    /// Whether a row of `src_len` bytes can be blended as `row` says; how many bytes
    /// are then written.
    ///
    /// # Errors
    /// Where it is not two such images, these have 2 GiB or more, the rectangle
    /// reaches beyond them, or alpha is too large or not a number.
    pub fn check(&self, row: &BlendRow, src_len: usize) -> Result<usize, BlendError> {
        row.check()?;
        let BlendRow { height, width, .. } = *row;
        let pixels = u64::from(height) * u64::from(width);
        let two = pixels.checked_mul(2 * u64::from(self.channels));
        let two = two.filter(|two| *two <= MAX_ROW_BYTES);
        let two = two.ok_or(BlendError::Size { height, width })?;
        if two != src_len as u64 {
            return Err(BlendError::Length {
                expected: two,
                got: src_len,
            });
        }
        Ok(src_len / 2)
    }
}
