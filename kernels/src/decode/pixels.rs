//! What a codec hands on, and what every codec is.

use crate::level::Level;

use super::error::DecodeError;
use super::header::ImageHeader;
use super::limits::DecodeLimits;
use super::options::PixelMode;
use super::window::PixelWindow;

/// What the bytes of a pixel are as a codec hands them on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Samples {
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
    /// Cyan, magenta, yellow, black: 0 is no ink.
    Cmyk,
}

impl Samples {
    pub(super) fn channels(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }

    pub(super) fn are(self, mode: PixelMode) -> bool {
        matches!(
            (self, mode),
            (Self::Grey, PixelMode::Grey | PixelMode::Indices)
                | (Self::Rgb, PixelMode::Rgb)
                | (Self::Rgba, PixelMode::Rgba)
        )
    }
}

/// What was wrong with a file that was decoded all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flaws {
    /// Coded pixels were wrong or missing in the middle, and what stands in
    /// their place is made up.
    pub has_damage: bool,
    /// There were bytes between the segments that belong to none.
    pub has_stray_bytes: bool,
}

impl Flaws {
    /// Whether anything was wrong.
    #[must_use]
    pub fn any(self) -> bool {
        self.has_damage || self.has_stray_bytes
    }
}

/// What is asked of a codec.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    /// The file.
    pub bytes: &'a [u8],
    /// What its header says.
    pub header: ImageHeader,
    /// The part that is needed, as stored.
    pub window: PixelWindow,
    /// What the pixels will be made into; a codec may ignore it.
    pub mode: PixelMode,
    /// What the file may ask for.
    pub limits: DecodeLimits,
    /// Bytes that the decoder takes besides the codec.
    pub taken: u64,
    /// The vector instructions that may be used.
    pub level: Level,
}

impl Request<'_> {
    /// Refuses a file for which a codec would take `need` bytes.
    pub(super) fn check_bytes(&self, need: u64) -> Result<(), DecodeError> {
        let need = need.saturating_add(self.taken);
        self.limits.check_bytes(self.header.format, need)
    }

    /// Refuses a file that is too short for `need` bytes, of which a byte of it
    /// makes at most `ratio`: before room is made for what is not there.
    pub(super) fn check_ratio(&self, need: u64, ratio: u64) -> Result<(), DecodeError> {
        if need <= ratio.saturating_mul(self.bytes.len() as u64) {
            return Ok(());
        }
        Err(DecodeError::Truncated {
            format: self.header.format,
        })
    }
}

/// Where the pixels lie that a codec has decoded.
#[derive(Debug, Clone, Copy)]
pub(super) struct DecodedPart {
    /// The part of the stored picture; the window asked for is within.
    pub at: PixelWindow,
    /// What the bytes of a pixel are.
    pub samples: Samples,
    /// What was wrong.
    pub flaws: Flaws,
}

/// A format that can be decoded.
pub(super) trait Codec {
    /// What a file says of itself. Allocates nothing that the file asks for.
    ///
    /// # Errors
    /// If the header is cut off, damaged, or says what is not decoded.
    fn header(&self, bytes: &[u8]) -> Result<ImageHeader, DecodeError>;

    /// Decodes at least the window into `into`, which gets the length of the
    /// part.
    ///
    /// # Errors
    /// If the file is cut off or damaged, holds what is not decoded, or asks
    /// for more memory than allowed.
    fn decode(
        &mut self,
        request: &Request<'_>,
        into: &mut Vec<u8>,
    ) -> Result<DecodedPart, DecodeError>;
}
