//! Why a file gives no pixels.

use std::borrow::Cow;

use super::format::ImageFormat;
use super::window::PixelWindow;

/// Why a file gives no pixels.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// There are no bytes.
    #[error("expected an image, got no bytes")]
    Empty,
    /// The bytes begin like no format that is known.
    #[error("expected a JPEG, PNG, WebP, BMP, TIFF or GIF, got {begin:02x?}")]
    Unknown {
        /// The first bytes, up to eight.
        begin: Box<[u8]>,
    },
    /// The file ends before its pixels do.
    #[error("the {format} ends before its pixels do")]
    Truncated {
        /// What the file is.
        format: ImageFormat,
    },
    /// The file breaks the rules of its format.
    #[error("damaged {format}: {source}")]
    Damaged {
        /// What the file is.
        format: ImageFormat,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file holds something that is not decoded.
    #[error("this {format} is not decoded: {what}")]
    Unsupported {
        /// What the file is.
        format: ImageFormat,
        /// What it holds.
        what: Cow<'static, str>,
    },
    /// The picture has more pixels than the limit allows.
    #[error("expected at most {limit} pixels, got {height} rows of {width}")]
    Pixels {
        /// Rows, as the header says.
        height: u32,
        /// Columns, as the header says.
        width: u32,
        /// The limit.
        limit: u64,
    },
    /// Decoding would take more memory than the limit allows.
    #[error("expected at most {limit} bytes of memory, this {format} takes {need}")]
    Memory {
        /// What the file is.
        format: ImageFormat,
        /// Bytes that decoding would take.
        need: u64,
        /// The limit.
        limit: u64,
    },
    /// The window is empty or reaches beyond the picture.
    #[error("expected a window within {height} rows of {width}, got {window:?}")]
    Window {
        /// Rows of the picture as the user sees it.
        height: u32,
        /// Columns of the picture as the user sees it.
        width: u32,
        /// What was asked for.
        window: PixelWindow,
    },
    /// The decoder failed in a way it should not.
    #[error("the decoder of {format} failed: {message}")]
    Failed {
        /// What the file is.
        format: ImageFormat,
        /// What the panic said.
        message: Box<str>,
    },
}

impl DecodeError {
    /// What the file holds is not decoded.
    pub(super) fn unsupported(format: ImageFormat, what: impl Into<Cow<'static, str>>) -> Self {
        Self::Unsupported {
            format,
            what: what.into(),
        }
    }

    /// Damage that `what` describes.
    pub(super) fn damaged(
        format: ImageFormat,
        what: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Damaged {
            format,
            source: what.into(),
        }
    }
}
