//! What becomes of a damaged JPEG.

use libjpeg_turbo_rs::{DecodeWarning, JpegError};

use super::super::error::DecodeError;
use super::super::format::ImageFormat;
use super::super::pixels::Flaws;
use super::frame::JpegFrame;

/// Whether the end of the image stands behind the coded data. Where it does not,
/// the file is cut off, and Pillow raises an error too.
pub(super) fn is_whole(bytes: &[u8], frame: &JpegFrame) -> bool {
    bytes
        .get(frame.data_at..)
        .is_some_and(|data| memchr::memmem::rfind(data, b"\xff\xd9").is_some())
}

/// What the markers behind the beginning of the first scan say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Markers {
    /// Restarts come in order, and then the end.
    InOrder,
    /// A restart has another number than it should have: one is lost, or was changed.
    OtherRestart,
    /// Another image begins before this one ends.
    OtherImage,
}

impl Markers {
    pub(super) fn read(bytes: &[u8], frame: &JpegFrame) -> Self {
        let coded = bytes.get(frame.data_at..).unwrap_or_default();
        let (mut next, mut found) = (0xd0, Self::InOrder);
        for at in memchr::memchr_iter(0xff, coded) {
            match coded.get(at + 1) {
                Some(0xd8) => return Self::OtherImage,
                Some(0xd9) => break,
                // Each scan has its own.
                Some(0xda) => next = 0xd0,
                Some(code @ 0xd0..=0xd7) => {
                    if *code != next {
                        found = Self::OtherRestart;
                    }
                    next = 0xd0 | (code + 1) & 7;
                }
                _ => {}
            }
        }
        found
    }
}

/// Whether an error lies in the coded pixels, so that they can be decoded past it
/// as libjpeg does.
pub(super) fn is_in_pixels(error: &JpegError) -> bool {
    matches!(error, JpegError::CorruptData(_) | JpegError::UnexpectedEof)
}

/// Whether there are no pixels but a grey in their place.
pub(super) fn is_blank(warnings: &[DecodeWarning]) -> bool {
    let is_blank =
        |warning: &DecodeWarning| matches!(warning, DecodeWarning::UnsupportedRecovered { .. });
    warnings.iter().any(is_blank)
}

/// What the warnings of a decoder come to.
pub(super) fn flaws(warnings: &[DecodeWarning]) -> Flaws {
    let is_stray =
        |warning: &DecodeWarning| matches!(warning, DecodeWarning::ExtraneousData { .. });
    Flaws {
        has_damage: warnings.iter().any(|warning| !is_stray(warning)),
        has_stray_bytes: warnings.iter().any(is_stray),
    }
}

/// An error of the outside crate as one of ours.
pub(super) fn error(error: JpegError) -> DecodeError {
    let format = ImageFormat::Jpeg;
    match error {
        JpegError::Unsupported(what) => DecodeError::unsupported(format, what),
        JpegError::UnexpectedEof => DecodeError::Truncated { format },
        error => DecodeError::damaged(format, error),
    }
}
