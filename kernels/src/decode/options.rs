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
    /// One sample: the number of the pixel's colour in the file's palette, or its grey
    /// where there is no palette, as `numpy.asarray(Image.open(f))` has it for Pillow's
    /// modes `"P"`, `"L"` and, as 0 and 1, `"1"`. Files of colours are refused.
    Indices,
}

impl PixelMode {
    /// Samples of a pixel.
    #[must_use]
    pub fn channels(self) -> usize {
        match self {
            Self::Grey | Self::Indices => 1,
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
