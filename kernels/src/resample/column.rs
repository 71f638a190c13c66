//! What all rows of a column share.

use super::{ResampleError, ResampleRow};
use crate::normalize::Layout;
use crate::twin::twin;

/// Bytes one row may take: offsets in it fit an `i32`.
const MAX_ROW_BYTES: u64 = (1 << 31) - 1;

/// `resample` on a column, along the axis that the record of a row says; see the
/// [contract](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resample {
    channels: u32,
    layout: Layout,
}

twin! {
    /// What a device is told about a [`Resample`].
    pub struct ResampleConstants: 8 {
        /// Channels of an image.
        pub channels: u32,
        /// 1 if images are CHW, 0 if HWC.
        pub is_chw: u32,
    }
}

impl Resample {
    /// On images of this many channels.
    ///
    /// # Errors
    /// Where there are no such images.
    pub fn new(channels: u32, layout: Layout) -> Result<Self, ResampleError> {
        if !(1..=4).contains(&channels) {
            return Err(ResampleError::Channels { got: channels });
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
    pub fn constants(&self) -> ResampleConstants {
        ResampleConstants {
            channels: self.channels,
            is_chw: u32::from(self.layout == Layout::Chw),
        }
    }

    /// Whether a row of `src_len` bytes can be resized as `row` says, with a table
    /// among these; how many bytes are then written.
    ///
    /// # Errors
    /// Where it is no such image, it or what it becomes has 2 GiB or more, the window
    /// is empty or reaches beyond it, or there is no such table.
    pub fn check(
        &self,
        row: &ResampleRow,
        tables: &[u32],
        src_len: usize,
    ) -> Result<usize, ResampleError> {
        row.taps(tables)?;
        let read = self.len_bytes([row.height, row.width])?;
        let written = self.len_bytes(row.sides())?;
        if read != src_len {
            return Err(ResampleError::Length {
                expected: read as u64,
                got: src_len,
            });
        }
        Ok(written)
    }

    /// Bytes of an image.
    fn len_bytes(self, [height, width]: [u32; 2]) -> Result<usize, ResampleError> {
        let pixels = u64::from(height) * u64::from(width);
        let bytes = pixels.checked_mul(u64::from(self.channels));
        let bytes = bytes.filter(|bytes| *bytes <= MAX_ROW_BYTES);
        let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
        bytes.ok_or(ResampleError::Size { height, width })
    }
}
