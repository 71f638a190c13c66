//! Makes bytes of the samples of a PNG, as Pillow does when it opens one.

use super::super::convert::convert;
use super::super::options::PixelMode;
use super::super::palette::Palette;
use super::super::pixels::Samples;
use super::super::small::{spread, unpack};
use super::chunks::{Colour, PngHead};

/// How the rows of a PNG become pixels.
#[derive(Debug)]
pub(super) struct Unpacking {
    colour: Colour,
    bits: u8,
    width: usize,
    /// The colours of a palette, with their opacity.
    palette: Option<Palette>,
    /// The colour that is transparent, as far as Pillow looks at it.
    key: Option<[u8; 3]>,
    /// What samples of fewer bits than a byte are times.
    factor: u8,
    /// What comes out.
    pub samples: Samples,
}

impl Unpacking {
    pub(super) fn new(head: &PngHead<'_>, mode: PixelMode) -> Self {
        let wants_alpha = mode == PixelMode::Rgba && head.transparency.is_some();
        let key = head.transparency.filter(|_| wants_alpha);
        let key = key.and_then(|bytes| key_of(head, bytes));
        let is_numbers = mode == PixelMode::Indices;
        let has_palette = head.colour == Colour::Palette && !is_numbers;
        let samples = match head.colour {
            Colour::Palette if is_numbers => Samples::Grey,
            Colour::Palette if wants_alpha => Samples::Rgba,
            Colour::Grey | Colour::Rgb if key.is_some() => Samples::Rgba,
            Colour::Grey => Samples::Grey,
            Colour::GreyAlpha => Samples::GreyAlpha,
            Colour::Palette | Colour::Rgb => Samples::Rgb,
            Colour::Rgba => Samples::Rgba,
        };
        Self {
            colour: head.colour,
            bits: head.bits,
            width: head.width as usize,
            palette: has_palette.then(|| palette_of(head, samples)),
            key,
            factor: match head.colour {
                _ if head.bits >= 8 => 1,
                Colour::Palette => 1,
                // Pillow has no bytes for two greys, but what is true.
                Colour::Grey if is_numbers && head.bits == 1 => 1,
                Colour::Grey | Colour::Rgb | Colour::GreyAlpha | Colour::Rgba => spread(head.bits),
            },
            samples,
        }
    }

    /// Whether the samples of the file are the pixels.
    pub(super) fn is_identity(&self) -> bool {
        self.bits == 8 && self.palette.is_none() && self.key.is_none()
    }

    /// Makes pixels of all rows, `line_bytes` each.
    pub(super) fn run(&self, rows: &[u8], line_bytes: usize, dst: &mut [u8]) {
        let lines = rows.chunks_exact(line_bytes);
        let out = dst.chunks_exact_mut(self.width * self.samples.channels());
        let stored = self.stored();
        let mut samples = vec![0; self.width * stored.channels()];
        for (src, dst) in lines.zip(out) {
            match (&self.palette, self.key) {
                (Some(palette), _) if self.bits == 8 => palette.look_up(src, dst),
                (Some(palette), _) => {
                    unpack(self.bits, 1, src, &mut samples);
                    palette.look_up(&samples, dst);
                }
                (None, Some(key)) => {
                    self.bytes(src, &mut samples);
                    convert(stored, &samples, PixelMode::Rgba, dst);
                    make_transparent(key, dst);
                }
                (None, None) => self.bytes(src, dst),
            }
        }
    }

    /// What the file holds, without what transparency adds.
    fn stored(&self) -> Samples {
        match self.colour {
            Colour::Grey | Colour::Palette => Samples::Grey,
            Colour::GreyAlpha => Samples::GreyAlpha,
            Colour::Rgb => Samples::Rgb,
            Colour::Rgba => Samples::Rgba,
        }
    }

    /// Bytes of samples: those of fewer bits are spread, a grey of 16 bits is
    /// clipped and a colour of 16 bits loses its low byte.
    fn bytes(&self, src: &[u8], dst: &mut [u8]) {
        match (self.bits, self.colour) {
            (8, _) => dst.copy_from_slice(src),
            (16, Colour::Grey) => pairs(src, dst, |high, low| if high == 0 { low } else { 255 }),
            (16, _) => pairs(src, dst, |high, _| high),
            (bits, _) => unpack(bits, self.factor, src, dst),
        }
    }
}

fn pairs(src: &[u8], dst: &mut [u8], of: impl Fn(u8, u8) -> u8) {
    let (pairs, _) = src.as_chunks::<2>();
    for (dst, &[high, low]) in dst.iter_mut().zip(pairs) {
        *dst = of(high, low);
    }
}

/// The palette with its opacity.
fn palette_of(head: &PngHead<'_>, samples: Samples) -> Palette {
    let mut palette = Palette::blank();
    palette.set_colours(head.palette.unwrap_or_default());
    for (index, &alpha) in head.transparency.unwrap_or_default().iter().enumerate() {
        palette.set_alpha(index, alpha);
    }
    palette.samples = samples;
    palette
}

/// The transparent colour: of each sample Pillow compares the low byte, and of
/// black and white whether it is 0.
fn key_of(head: &PngHead<'_>, bytes: &[u8]) -> Option<[u8; 3]> {
    match (head.colour, head.bits, bytes) {
        (Colour::Grey, 1, &[high, low, ..]) => {
            Some(if high | low == 0 { [0; 3] } else { [255; 3] })
        }
        (Colour::Grey, _, &[_, grey, ..]) => Some([grey; 3]),
        (Colour::Rgb, _, &[_, r, _, g, _, b, ..]) => Some([r, g, b]),
        _ => None,
    }
}

fn make_transparent(key: [u8; 3], pixels: &mut [u8]) {
    let (pixels, _) = pixels.as_chunks_mut::<4>();
    for [r, g, b, alpha] in pixels {
        if [*r, *g, *b] == key {
            *alpha = 0;
        }
    }
}
