//! The chunks of a PNG that say how its pixels are to be read.

use super::super::error::DecodeError;
use super::super::exif;
use super::super::format::ImageFormat;
use super::super::orientation::Orientation;

/// Behind the signature of eight bytes.
const FIRST: usize = 8;

/// What a pixel holds, by the header's colour type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    Grey,
    Rgb,
    Palette,
    GreyAlpha,
    Rgba,
}

impl Colour {
    fn of(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Grey),
            2 => Some(Self::Rgb),
            3 => Some(Self::Palette),
            4 => Some(Self::GreyAlpha),
            6 => Some(Self::Rgba),
            _ => None,
        }
    }

    fn allows(self, bits: u8) -> bool {
        match self {
            Self::Grey => matches!(bits, 1 | 2 | 4 | 8 | 16),
            Self::Palette => matches!(bits, 1 | 2 | 4 | 8),
            Self::Rgb | Self::GreyAlpha | Self::Rgba => matches!(bits, 8 | 16),
        }
    }

    /// Samples of a pixel.
    pub(super) fn channels(self) -> u8 {
        match self {
            Self::Grey | Self::Palette => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

/// What the chunks say.
#[derive(Debug, Clone, Copy)]
pub(super) struct PngHead<'a> {
    pub height: u32,
    pub width: u32,
    pub bits: u8,
    pub colour: Colour,
    pub palette: Option<&'a [u8]>,
    pub transparency: Option<&'a [u8]>,
    pub orientation: Orientation,
    pub has_icc: bool,
    pub is_animated: bool,
}

fn cut_off() -> DecodeError {
    DecodeError::Truncated {
        format: ImageFormat::Png,
    }
}

fn damaged(what: &'static str) -> DecodeError {
    DecodeError::damaged(ImageFormat::Png, what)
}

impl<'a> PngHead<'a> {
    /// Reads the chunks, passing over the pixels.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let (kind, body, mut at) = chunk(bytes, FIRST).ok_or_else(cut_off)?;
        if kind != b"IHDR" {
            return Err(damaged("it does not begin with its header"));
        }
        let mut head = Self::of(body)?;
        let mut is_before_pixels = true;
        // What is cut off behind the header is missed when pixels are decoded.
        while let Some((kind, body, next)) = chunk(bytes, at) {
            match kind {
                b"PLTE" if is_before_pixels => head.palette = Some(body),
                b"tRNS" if is_before_pixels => head.transparency = Some(body),
                b"iCCP" => head.has_icc = true,
                b"acTL" => head.is_animated = true,
                b"eXIf" => head.orientation = exif::orientation(body),
                b"IDAT" => is_before_pixels = false,
                b"IEND" => break,
                _ => {}
            }
            at = next;
        }
        Ok(head)
    }

    fn of(header: &[u8]) -> Result<Self, DecodeError> {
        let &[w3, w2, w1, w0, h3, h2, h1, h0, bits, colour, _, _, _] =
            header
                .first_chunk::<13>()
                .ok_or_else(|| damaged("a header shorter than 13 bytes"))?;
        let colour = Colour::of(colour)
            .filter(|colour| colour.allows(bits))
            .ok_or_else(|| damaged("a colour type or depth that there is not"))?;
        let height = u32::from_be_bytes([h3, h2, h1, h0]);
        let width = u32::from_be_bytes([w3, w2, w1, w0]);
        if height == 0 || width == 0 {
            return Err(damaged("a side of 0"));
        }
        Ok(Self {
            height,
            width,
            bits,
            colour,
            palette: None,
            transparency: None,
            orientation: Orientation::IDENTITY,
            has_icc: false,
            is_animated: false,
        })
    }
}

/// What a chunk is, what it holds, and where the next begins.
type Chunk<'a> = (&'a [u8; 4], &'a [u8], usize);

/// The chunk at `at`.
fn chunk(bytes: &[u8], at: usize) -> Option<Chunk<'_>> {
    let rest = bytes.get(at..)?;
    let len = u32::from_be_bytes(*rest.first_chunk::<4>()?) as usize;
    let (kind, body) = rest.get(4..)?.split_first_chunk::<4>()?;
    // Behind the body stand four bytes of a checksum.
    let next = at.checked_add(len)?.checked_add(12)?;
    Some((kind, body.get(..len)?, next))
}
