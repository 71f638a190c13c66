//! What a file may ask for, compared before anything is allocated.

use super::error::DecodeError;
use super::format::ImageFormat;

/// What a file may ask for.
///
/// The bytes of the file itself are the caller's and not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Pixels of the picture as stored. By default 178,956,970, from where
    /// on Pillow refuses a file as a decompression bomb.
    pub max_pixels: u64,
    /// Bytes that decoding takes at once, those of the pixels among them. By
    /// default 2 GiB.
    pub max_bytes: u64,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self {
            max_pixels: 178_956_970,
            max_bytes: 2 << 30,
        }
    }
}

impl DecodeLimits {
    /// Refuses a picture that has more pixels than the limit allows.
    pub(super) fn check_pixels(&self, [height, width]: [u32; 2]) -> Result<(), DecodeError> {
        if u64::from(height) * u64::from(width) <= self.max_pixels {
            return Ok(());
        }
        Err(DecodeError::Pixels {
            height,
            width,
            limit: self.max_pixels,
        })
    }

    /// Refuses a picture whose decoding would take `need` bytes.
    pub(super) fn check_bytes(&self, format: ImageFormat, need: u64) -> Result<(), DecodeError> {
        if need <= self.max_bytes {
            return Ok(());
        }
        Err(DecodeError::Memory {
            format,
            need,
            limit: self.max_bytes,
        })
    }
}
