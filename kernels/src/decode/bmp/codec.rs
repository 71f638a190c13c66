//! Decodes a BMP as a whole.

use super::super::error::DecodeError;
use super::super::format::ImageFormat;
use super::super::header::ImageHeader;
use super::super::orientation::Orientation;
use super::super::palette::Palette;
use super::super::pixels::{Codec, DecodedPart, Flaws, Request, Samples};
use super::super::small::unpack;
use super::super::window::PixelWindow;
use super::head::{BmpHead, BytePlaces, PixelLayout};

/// The decoder of BMPs.
#[derive(Debug, Default)]
pub(in super::super) struct Bmp {
    /// Numbers of the colours of a row.
    indices: Vec<u8>,
}

impl Codec for Bmp {
    fn header(&self, bytes: &[u8]) -> Result<ImageHeader, DecodeError> {
        let head = BmpHead::read(bytes)?;
        let (channels, bits) = match head.layout {
            PixelLayout::Palette => (1, head.bits as u8),
            PixelLayout::Bits555 | PixelLayout::Bits565 | PixelLayout::Bytes([.., None]) => (3, 8),
            PixelLayout::Bytes([.., Some(_)]) => (4, 8),
        };
        Ok(ImageHeader {
            format: ImageFormat::Bmp,
            height: head.height,
            width: head.width,
            channels,
            bits,
            orientation: Orientation::IDENTITY,
            has_icc: false,
            is_animated: false,
        })
    }

    fn decode(
        &mut self,
        request: &Request<'_>,
        into: &mut Vec<u8>,
    ) -> Result<DecodedPart, DecodeError> {
        let head = BmpHead::read(request.bytes)?;
        let [height, width] = [head.height as usize, head.width as usize];
        let samples = match head.layout {
            PixelLayout::Bytes([.., Some(_)]) => Samples::Rgba,
            _ => Samples::Rgb,
        };
        // A row fills words of 32 bits.
        let line_bytes = (width as u64 * u64::from(head.bits)).div_ceil(32) * 4;
        let n_pixels = height as u64 * width as u64;
        request.check_bytes(n_pixels * samples.channels() as u64 + width as u64)?;
        let rows = stored_rows(request.bytes, &head, line_bytes)?;

        into.resize(height * width * samples.channels(), 0);
        let out = into.chunks_exact_mut(width * samples.channels());
        let lines = rows.chunks(line_bytes as usize);
        if head.is_top_down {
            self.rows(&head, lines, out);
        } else {
            self.rows(&head, lines, out.rev());
        }
        Ok(DecodedPart {
            at: PixelWindow::whole([head.height, head.width]),
            samples,
            flaws: Flaws::default(),
        })
    }
}

/// The bytes of all rows; those that fill up the last may be missing.
fn stored_rows<'a>(
    bytes: &'a [u8],
    head: &BmpHead<'_>,
    line_bytes: u64,
) -> Result<&'a [u8], DecodeError> {
    let used = (u64::from(head.width) * u64::from(head.bits)).div_ceil(8);
    let need = (u64::from(head.height) - 1) * line_bytes + used;
    let rows = bytes.get(head.pixels_at..).unwrap_or_default();
    if (rows.len() as u64) < need {
        return Err(DecodeError::Truncated {
            format: ImageFormat::Bmp,
        });
    }
    let end = need
        .max(line_bytes * u64::from(head.height))
        .min(rows.len() as u64);
    Ok(&rows[..end as usize])
}

impl Bmp {
    fn rows<'a, 'b>(
        &mut self,
        head: &BmpHead<'_>,
        lines: impl Iterator<Item = &'a [u8]>,
        out: impl Iterator<Item = &'b mut [u8]>,
    ) {
        let mut palette = Palette::blank();
        for (index, colour) in head.palette.chunks_exact(head.colour_bytes).enumerate() {
            palette.set_colour(index, [colour[2], colour[1], colour[0]]);
        }
        self.indices.resize(head.width as usize, 0);
        for (src, dst) in lines.zip(out) {
            match head.layout {
                PixelLayout::Palette if head.bits == 8 => palette.look_up(src, dst),
                PixelLayout::Palette => {
                    unpack(head.bits as u8, 1, src, &mut self.indices);
                    palette.look_up(&self.indices, dst);
                }
                PixelLayout::Bits555 => words(src, dst, [10, 5, 0], [31, 31, 31]),
                PixelLayout::Bits565 => words(src, dst, [11, 5, 0], [31, 63, 31]),
                PixelLayout::Bytes(places) => bytes(src, dst, usize::from(head.bits / 8), places),
            }
        }
    }
}

/// Spreads the parts of words over 0 to 255, rounding down.
fn words(src: &[u8], dst: &mut [u8], shifts: [u32; 3], masks: [u32; 3]) {
    let (words, _) = src.as_chunks::<2>();
    let (pixels, _) = dst.as_chunks_mut::<3>();
    for (pixel, &word) in pixels.iter_mut().zip(words) {
        let word = u32::from(u16::from_le_bytes(word));
        let part = |at: usize| (((word >> shifts[at]) & masks[at]) * 255 / masks[at]) as u8;
        *pixel = [part(0), part(1), part(2)];
    }
}

/// Takes bytes from their places.
fn bytes(src: &[u8], dst: &mut [u8], pixel_bytes: usize, places: BytePlaces) {
    let n = if places[3].is_some() { 4 } else { 3 };
    for (pixel, src) in dst.chunks_exact_mut(n).zip(src.chunks_exact(pixel_bytes)) {
        for (part, place) in pixel.iter_mut().zip(places) {
            *part = src[usize::from(place.unwrap_or(0))];
        }
    }
}
