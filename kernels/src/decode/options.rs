//! What a user asks of a decoder.

use super::limits::DecodeLimits;

/// What the samples of a decoded pixel are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PixelMode {
    /// One sample: of a colour `(19595 R + 38470 G + 7471 B + 32768) >> 16`,
    /// as Pillow's `"L"`.
    Grey,
    /// Red, green, blue. Transparency is left out, not blended.
    #[default]
    Rgb,
    /// Red, green, blue and opacity: 255 where the file has none.
    Rgba,
}

impl PixelMode {
    /// Samples of a pixel.
    #[must_use]
    pub fn channels(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

/// What becomes of the EXIF orientation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exif {
    /// The picture is turned as the camera was held.
    Apply,
    /// The pixels stay as they are stored.
    Ignore,
}

/// What a user asks of a decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeOptions {
    /// The samples of a pixel.
    pub mode: PixelMode,
    /// What becomes of the EXIF orientation.
    pub exif: Exif,
    /// What a file may ask for.
    pub limits: DecodeLimits,
}
