//! Decodes the first picture of a TIFF, strip by strip.

use super::super::error::DecodeError;
use super::super::format::ImageFormat;
use super::super::header::ImageHeader;
use super::super::palette::Palette;
use super::super::pixels::{Codec, DecodedPart, Flaws, Request, Samples};
use super::super::small::{spread, unpack};
use super::super::window::PixelWindow;
use super::picture::{Picture, PixelMeaning};
use super::strip;

/// The decoder of TIFFs.
#[derive(Debug, Default)]
pub(in super::super) struct Tiff {
    /// The rows of a strip.
    strip: Vec<u8>,
    /// Numbers of the colours of a row.
    indices: Vec<u8>,
}

impl Codec for Tiff {
    fn header(&self, bytes: &[u8]) -> Result<ImageHeader, DecodeError> {
        let picture = Picture::read(bytes)?;
        Ok(ImageHeader {
            format: ImageFormat::Tiff,
            height: picture.height,
            width: picture.width,
            // At most four, or the picture would be refused.
            channels: picture.n_samples as u8,
            bits: picture.bits,
            orientation: picture.orientation,
            has_icc: picture.has_icc,
            is_animated: picture.has_another,
        })
    }

    fn decode(
        &mut self,
        request: &Request<'_>,
        into: &mut Vec<u8>,
    ) -> Result<DecodedPart, DecodeError> {
        let picture = Picture::read(request.bytes)?;
        let samples = samples(picture.meaning);
        let line = u64::from(picture.width) * samples.channels() as u64;
        let strip_bytes = picture.line_bytes() * u64::from(picture.rows_per_strip);
        let need = line.saturating_mul(u64::from(picture.height));
        request.check_bytes(need.saturating_add(strip_bytes).saturating_add(line))?;

        let stored = picture
            .line_bytes()
            .saturating_mul(u64::from(picture.height));
        request.check_ratio(stored, strip::ratio(picture.packing))?;

        let palette = palette(&picture)?;
        into.resize(need as usize, 0);
        self.indices.resize(picture.width as usize, 0);
        let rows = picture.rows_per_strip as usize;
        let parts = into.chunks_mut(rows * line as usize).enumerate();
        for (index, part) in parts {
            let n_rows = part.len() / line as usize;
            self.strip.resize(n_rows * picture.line_bytes() as usize, 0);
            strip::unpack(request.bytes, &picture, index, &mut self.strip)?;
            let lines = self.strip.chunks_exact(picture.line_bytes() as usize);
            for (src, dst) in lines.zip(part.chunks_exact_mut(line as usize)) {
                pixels(&picture, &palette, src, (&mut self.indices, dst));
            }
        }
        Ok(DecodedPart {
            at: PixelWindow::whole([picture.height, picture.width]),
            samples,
            flaws: Flaws::default(),
        })
    }
}

fn samples(meaning: PixelMeaning) -> Samples {
    match meaning {
        PixelMeaning::Grey { .. } => Samples::Grey,
        PixelMeaning::GreyAlpha => Samples::GreyAlpha,
        PixelMeaning::Rgb | PixelMeaning::RgbAndMore | PixelMeaning::Palette => Samples::Rgb,
        PixelMeaning::Rgba => Samples::Rgba,
        PixelMeaning::Cmyk => Samples::Cmyk,
    }
}

/// The colours of a palette: all reds, greens and blues of 16 bits.
fn palette(picture: &Picture<'_>) -> Result<Palette, DecodeError> {
    let mut palette = Palette::blank();
    if picture.meaning != PixelMeaning::Palette {
        return Ok(palette);
    }
    let n = 1 << picture.bits;
    let colours = picture.colours.filter(|colours| colours.len() == 3 * n);
    let colours = colours
        .ok_or_else(|| DecodeError::damaged(ImageFormat::Tiff, "a palette of another length"))?;
    let part = |index: usize| (colours.get(index).unwrap_or(0) >> 8) as u8;
    for index in 0..n {
        palette.set_colour(index, [part(index), part(n + index), part(2 * n + index)]);
    }
    Ok(palette)
}

/// Makes the pixels of a row. A grey of 16 bits is clipped and a colour of 16
/// bits loses its low byte, as in Pillow.
fn pixels(
    picture: &Picture<'_>,
    palette: &Palette,
    src: &[u8],
    (indices, dst): (&mut [u8], &mut [u8]),
) {
    let high = usize::from(!picture.is_big_endian);
    match (picture.meaning, picture.bits) {
        (PixelMeaning::Palette, 8) => palette.look_up(src, dst),
        (PixelMeaning::Palette, bits) => {
            unpack(bits, 1, src, indices);
            palette.look_up(indices, dst);
        }
        (PixelMeaning::Grey { .. }, 16) => {
            let (words, _) = src.as_chunks::<2>();
            for (dst, word) in dst.iter_mut().zip(words) {
                *dst = if word[high] == 0 { word[1 - high] } else { 255 };
            }
        }
        (PixelMeaning::Grey { zero_is_white }, bits) => {
            match bits {
                8 => dst.copy_from_slice(src),
                _ => unpack(bits, spread(bits), src, dst),
            }
            if zero_is_white {
                for grey in dst {
                    *grey = 255 - *grey;
                }
            }
        }
        (meaning, bits) => {
            // The bytes of a colour, those that are its high ones.
            let bytes = usize::from(bits / 8);
            let first = if bytes == 2 { high } else { 0 };
            let n = samples(meaning).channels();
            let stored = src.chunks_exact(picture.n_samples as usize * bytes);
            for (dst, src) in dst.chunks_exact_mut(n).zip(stored) {
                for (at, part) in dst.iter_mut().enumerate() {
                    *part = src[at * bytes + first];
                }
            }
        }
    }
}
