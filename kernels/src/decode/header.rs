//! What a file says of itself before its pixels.

use super::format::ImageFormat;
use super::options::Exif;
use super::orientation::Orientation;

/// What a file says of itself before its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageHeader {
    /// What the file is, by its first bytes.
    pub format: ImageFormat,
    /// Rows as stored, at least 1.
    pub height: u32,
    /// Columns as stored, at least 1.
    pub width: u32,
    /// Samples of a pixel as stored: 1 to 4; 1 for a palette.
    pub channels: u8,
    /// Bits of a sample as stored: 1 to 16.
    pub bits: u8,
    /// The EXIF orientation, [`Orientation::IDENTITY`] where there is none.
    pub orientation: Orientation,
    /// Whether there is a colour profile; it is not applied.
    pub has_icc: bool,
    /// Whether there are several frames; the first is decoded.
    pub is_animated: bool,
}

impl ImageHeader {
    /// Rows and columns of the picture as the user sees it.
    #[must_use]
    pub fn size(&self, exif: Exif) -> [u32; 2] {
        match exif {
            Exif::Apply => self.orientation.size([self.height, self.width]),
            Exif::Ignore => [self.height, self.width],
        }
    }
}
