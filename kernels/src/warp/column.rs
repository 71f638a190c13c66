//! What all rows of a column share.

use super::{WarpError, WarpRow};
use crate::normalize::Layout;
use crate::twin::twin;

/// Bytes one row may take: offsets in it fit an `i32`.
const MAX_ROW_BYTES: u64 = (1 << 31) - 1;

/// How a place between samples becomes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarpFilter {
    /// The sample whose pixel it lies in.
    Nearest,
    /// The four around it, the nearer ones the more.
    Bilinear,
}

impl WarpFilter {
    /// Its name, as Pillow has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Nearest => "nearest",
            Self::Bilinear => "bilinear",
        }
    }
}

/// `warp` on a column; see the [contract](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Warp {
    channels: u32,
    layout: Layout,
    filter: WarpFilter,
    fill: [u8; 4],
}

twin! {
    /// What a device is told about a [`Warp`].
    pub struct WarpConstants: 16 {
        /// Channels of an image.
        pub channels: u32,
        /// 1 if images are CHW, 0 if HWC.
        pub is_chw: u32,
        /// 1 if the four samples around a place are mixed, 0 if the nearest is taken.
        pub is_bilinear: u32,
        /// What is outside, a byte a channel from the lowest on.
        pub fill: u32,
    }
}

impl Warp {
    /// On images of this many channels, with what is outside of them; values of channels
    /// that there are not are not looked at.
    ///
    /// # Errors
    /// Where there are no such images.
    pub fn new(
        channels: u32,
        layout: Layout,
        (filter, fill): (WarpFilter, [u8; 4]),
    ) -> Result<Self, WarpError> {
        if !(1..=4).contains(&channels) {
            return Err(WarpError::Channels { got: channels });
        }
        Ok(Self {
            channels,
            layout,
            filter,
            fill,
        })
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

    /// How a place between samples becomes one.
    #[must_use]
    pub fn filter(&self) -> WarpFilter {
        self.filter
    }

    /// What each channel has outside.
    #[must_use]
    pub fn fill(&self) -> [u8; 4] {
        self.fill
    }

    /// What a device is told.
    #[must_use]
    pub fn constants(&self) -> WarpConstants {
        WarpConstants {
            channels: self.channels,
            is_chw: u32::from(self.layout == Layout::Chw),
            is_bilinear: u32::from(self.filter == WarpFilter::Bilinear),
            fill: u32::from_le_bytes(self.fill),
        }
    }

    /// Whether a row of `src_len` bytes can be sampled as `row` says; how many bytes are
    /// then written.
    ///
    /// # Errors
    /// Where it is no such image, it or what it becomes has more than 65,535 rows or
    /// columns or 2 GiB or more, or the record leads beyond what the
    /// [contract](super) allows.
    pub fn check(&self, row: &WarpRow, src_len: usize) -> Result<usize, WarpError> {
        row.check()?;
        let read = self.len_bytes([row.src_height, row.src_width])?;
        let written = self.len_bytes([row.dst_height, row.dst_width])?;
        if read != src_len {
            return Err(WarpError::Length {
                expected: read,
                got: src_len,
            });
        }
        Ok(written)
    }

    /// Bytes of an image.
    fn len_bytes(self, [height, width]: [u32; 2]) -> Result<usize, WarpError> {
        let bytes = u64::from(height) * u64::from(width) * u64::from(self.channels);
        let bytes = Some(bytes).filter(|bytes| *bytes <= MAX_ROW_BYTES);
        let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
        bytes.ok_or(WarpError::Size { height, width })
    }
}
