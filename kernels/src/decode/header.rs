//! What a file says of itself before its pixels.

use super::options::Exif;
use super::orientation::Orientation;

/// A format of image files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ImageFormat {
    /// ITU T.81 with the pixels of libjpeg-turbo 3.1.
    Jpeg,
    /// Portable Network Graphics.
    Png,
    /// WebP with the pixels of libwebp.
    Webp,
    /// Windows bitmaps.
    Bmp,
    /// Tagged Image File Format.
    Tiff,
    /// Graphics Interchange Format.
    Gif,
}

impl ImageFormat {
    /// The format that a file of these first bytes has; the name of the file
    /// counts for nothing.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"\xff\xd8\xff") {
            return Some(Self::Jpeg);
        }
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Some(Self::Png);
        }
        if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            return Some(Self::Webp);
        }
        if bytes.starts_with(b"BM") {
            return Some(Self::Bmp);
        }
        if bytes.starts_with(b"II*\0") || bytes.starts_with(b"MM\0*") {
            return Some(Self::Tiff);
        }
        if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
            return Some(Self::Gif);
        }
        None
    }
}

impl std::fmt::Display for ImageFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Webp => "WebP",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
            Self::Gif => "GIF",
        })
    }
}

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
