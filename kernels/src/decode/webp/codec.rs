//! Decodes a WebP as a whole.

use std::io::{Cursor, ErrorKind};

use image_webp::{DecodingError, WebPDecoder};

use super::super::error::DecodeError;
use super::super::format::ImageFormat;
use super::super::header::ImageHeader;
use super::super::pixels::{Codec, DecodedPart, Flaws, Request, Samples};
use super::super::window::PixelWindow;
use super::chunks::{Canvas, within_length};

/// The flag of a frame that is not blended with what is below it.
const IS_OPAQUE: u8 = 2;

/// The decoder of `WebP`s.
#[derive(Debug, Default)]
pub(in super::super) struct Webp {
    /// An animation whose first frame is not blended.
    changed: Vec<u8>,
}

impl Codec for Webp {
    fn header(&self, bytes: &[u8]) -> Result<ImageHeader, DecodeError> {
        let canvas = Canvas::read(bytes)?;
        Ok(ImageHeader {
            format: ImageFormat::Webp,
            height: canvas.height,
            width: canvas.width,
            channels: if canvas.has_alpha { 4 } else { 3 },
            bits: 8,
            orientation: canvas.orientation,
            has_icc: canvas.has_icc,
            is_animated: canvas.is_animated,
        })
    }

    fn decode(
        &mut self,
        request: &Request<'_>,
        into: &mut Vec<u8>,
    ) -> Result<DecodedPart, DecodeError> {
        let canvas = Canvas::read(request.bytes)?;
        let n_pixels = u64::from(canvas.height) * u64::from(canvas.width);
        // The pixels, those of a frame and a canvas in four channels, and the
        // file again in pieces.
        request.check_bytes(n_pixels * 12 + 2 * request.bytes.len() as u64)?;
        let bytes = self.with_first_opaque(within_length(request.bytes)?, &canvas);
        let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(error)?;
        let samples = if decoder.has_alpha() {
            Samples::Rgba
        } else {
            Samples::Rgb
        };
        let is_as_said = decoder.dimensions() == (canvas.width, canvas.height)
            && decoder.is_animated() == canvas.is_animated;
        if !is_as_said {
            return Err(DecodeError::damaged(
                ImageFormat::Webp,
                "chunks that contradict one another",
            ));
        }
        into.resize(n_pixels as usize * samples.channels(), 0);
        decoder.read_image(into).map_err(error)?;
        Ok(DecodedPart {
            at: PixelWindow::whole([canvas.height, canvas.width]),
            samples,
            flaws: Flaws::default(),
        })
    }
}

impl Webp {
    /// The file, its first frame not blended: below it is nothing, and libwebp
    /// takes its pixels as they are.
    fn with_first_opaque<'a>(&'a mut self, bytes: &'a [u8], canvas: &Canvas) -> &'a [u8] {
        let Some(at) = canvas.flags_at else {
            return bytes;
        };
        self.changed.clear();
        self.changed.extend_from_slice(bytes);
        self.changed[at] |= IS_OPAQUE;
        &self.changed
    }
}

fn error(error: DecodingError) -> DecodeError {
    let format = ImageFormat::Webp;
    match error {
        DecodingError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            DecodeError::Truncated { format }
        }
        error => DecodeError::damaged(format, error),
    }
}
