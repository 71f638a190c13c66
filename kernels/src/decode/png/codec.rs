//! Decodes a PNG as a whole.

use std::io::{Cursor, ErrorKind};

use png::{DecodeOptions as CrateOptions, Decoder, DecodingError, Limits};

use super::super::error::DecodeError;
use super::super::format::ImageFormat;
use super::super::header::ImageHeader;
use super::super::pixels::{Codec, DecodedPart, Flaws, Request};
use super::super::window::PixelWindow;
use super::chunks::{Colour, PngHead};
use super::unpack::Unpacking;

/// Bytes that the outside crate takes besides the rows: its window of what was
/// inflated.
const MAX_OVERHEAD: u64 = 1 << 20;

/// Bytes that deflate makes of one at most: 258 of two bits.
const RATIO: u64 = 1032;

/// The decoder of PNGs.
#[derive(Debug, Default)]
pub(in super::super) struct Png {
    /// Rows as they are stored.
    rows: Vec<u8>,
}

impl Codec for Png {
    fn header(&self, bytes: &[u8]) -> Result<ImageHeader, DecodeError> {
        let head = PngHead::read(bytes)?;
        Ok(ImageHeader {
            format: ImageFormat::Png,
            height: head.height,
            width: head.width,
            channels: head.colour.channels(),
            bits: head.bits,
            orientation: head.orientation,
            has_icc: head.has_icc,
            is_animated: head.is_animated,
        })
    }

    fn decode(
        &mut self,
        request: &Request<'_>,
        into: &mut Vec<u8>,
    ) -> Result<DecodedPart, DecodeError> {
        let head = PngHead::read(request.bytes)?;
        if head.colour == Colour::Palette && head.palette.is_none() {
            return Err(DecodeError::damaged(ImageFormat::Png, "no palette"));
        }
        let unpacking = Unpacking::new(&head, request.mode);
        let bits = u64::from(head.bits) * u64::from(head.colour.channels());
        let line_bytes = (u64::from(head.width) * bits).div_ceil(8);
        let height = u64::from(head.height);
        let line = u64::from(head.width) * unpacking.samples.channels() as u64;
        let n_bytes = line.saturating_mul(height);
        let stored = if unpacking.is_identity() {
            0
        } else {
            line_bytes.saturating_mul(height)
        };
        // Some rows more lie in the decoder.
        let need = n_bytes
            .saturating_add(stored)
            .saturating_add(8 * line_bytes);
        request.check_bytes(need.saturating_add(MAX_OVERHEAD))?;

        request.check_ratio(line_bytes.saturating_mul(height), RATIO)?;

        // All fit the memory that is allowed.
        let [n_bytes, stored, line_bytes] = [n_bytes, stored, line_bytes].map(|n| n as usize);
        into.resize(n_bytes, 0);
        if unpacking.is_identity() {
            read(request.bytes, line_bytes, into)?;
        } else {
            // Bits of an interlaced picture are put together there: from 0.
            self.rows.clear();
            self.rows.resize(stored, 0);
            read(request.bytes, line_bytes, &mut self.rows)?;
            unpacking.run(&self.rows, line_bytes, into);
        }
        Ok(DecodedPart {
            at: PixelWindow::whole([head.height, head.width]),
            samples: unpacking.samples,
            flaws: Flaws::default(),
        })
    }
}

/// Reads all rows as they are stored.
fn read(bytes: &[u8], line_bytes: usize, rows: &mut [u8]) -> Result<(), DecodeError> {
    let mut options = CrateOptions::default();
    options.set_ignore_text_chunk(true);
    options.set_ignore_iccp_chunk(true);
    options.set_skip_ancillary_crc_failures(false);
    options.set_ignore_adler32(false);
    let mut decoder = Decoder::new_with_options(Cursor::new(bytes), options);
    decoder.set_limits(Limits {
        bytes: 4 * line_bytes + MAX_OVERHEAD as usize,
    });
    let mut reader = decoder.read_info().map_err(error)?;
    let info = reader.next_frame(rows).map_err(error)?;
    if info.line_size != line_bytes || info.line_size * info.height as usize != rows.len() {
        return Err(DecodeError::damaged(
            ImageFormat::Png,
            "its first frame is smaller than the picture",
        ));
    }
    Ok(())
}

fn error(error: DecodingError) -> DecodeError {
    let format = ImageFormat::Png;
    match error {
        DecodingError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            DecodeError::Truncated { format }
        }
        error => DecodeError::damaged(format, error),
    }
}
