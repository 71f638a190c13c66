//! Which part of a JPEG is decoded for a window of it.
//!
//! Chroma that was subsampled is interpolated between neighbours, and at the edge
//! of what is decoded there is none on one side. So one coded unit more is decoded
//! on each side of the window, and what is cut out of that has the bytes that the
//! whole picture has there.

use super::super::window::PixelWindow;
use super::frame::{Coding, JpegFrame};

/// A part of a JPEG that is decoded: whole coded units, or up to the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct JpegRegion {
    /// The first column.
    pub left: u32,
    /// Columns.
    pub width: u32,
    /// Rows, from the first of the picture on.
    pub height: u32,
}

impl JpegRegion {
    /// The whole picture.
    pub(super) fn whole(frame: &JpegFrame) -> Self {
        Self {
            left: 0,
            width: u32::from(frame.width),
            height: u32::from(frame.height),
        }
    }

    /// What must be decoded for a window.
    pub(super) fn around(window: PixelWindow, frame: &JpegFrame, bytes: &[u8]) -> Self {
        let whole = Self::whole(frame);
        if frame.n_components == 4 {
            return whole;
        }
        let [unit_rows, unit_cols] = frame.unit();
        let past = |end: u32, unit: u32, limit: u32| {
            let end = end.div_ceil(unit).saturating_add(1).saturating_mul(unit);
            end.min(limit)
        };
        let left = (window.left / unit_cols).saturating_sub(1) * unit_cols;
        let right = past(window.left + window.width, unit_cols, whole.width);
        let mut region = Self {
            left,
            width: right - left,
            height: whole.height,
        };
        // Rows are coded one after another, so those below need not be looked at:
        // if all are in one scan, its end shows that nothing was cut off, and there
        // is no doubt where the height stands.
        let is_one_scan = frame.coding == Coding::Sequential && frame.is_one_scan();
        if is_one_scan && frame.is_tidy && bytes.ends_with(b"\xff\xd9") {
            region.height = past(window.top + window.height, unit_rows, whole.height);
        }
        region
    }

    /// Where the part lies in the picture.
    pub(super) fn at(self) -> PixelWindow {
        PixelWindow {
            top: 0,
            left: self.left,
            height: self.height,
            width: self.width,
        }
    }
}
