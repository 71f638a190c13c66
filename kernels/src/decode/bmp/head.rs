//! The headers of a BMP.

use super::super::error::DecodeError;
use super::super::format::ImageFormat;

/// Behind the two letters, the size and the place of the pixels.
const INFO: usize = 14;

const CORE: u32 = 12;
const BITFIELDS: u32 = 3;

/// Where in the bytes of a pixel red, green, blue and opacity stand.
pub(super) type BytePlaces = [Option<u8>; 4];

/// How a pixel is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PixelLayout {
    /// Numbers of colours.
    Palette,
    /// Five bits each, blue lowest.
    Bits555,
    /// Five, six and five bits, blue lowest.
    Bits565,
    /// Bytes at these places.
    Bytes(BytePlaces),
}

/// What the headers say.
#[derive(Debug, Clone, Copy)]
pub(super) struct BmpHead<'a> {
    pub height: u32,
    pub width: u32,
    pub is_top_down: bool,
    pub bits: u16,
    pub layout: PixelLayout,
    /// The colours of a palette: blue, green, red, and `colour_bytes` apart.
    pub palette: &'a [u8],
    pub colour_bytes: usize,
    /// Where the pixels begin.
    pub pixels_at: usize,
}

fn cut_off() -> DecodeError {
    DecodeError::Truncated {
        format: ImageFormat::Bmp,
    }
}

fn damaged(what: &'static str) -> DecodeError {
    DecodeError::damaged(ImageFormat::Bmp, what)
}

fn unsupported(what: &'static str) -> DecodeError {
    DecodeError::unsupported(ImageFormat::Bmp, what)
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, DecodeError> {
    let rest = bytes.get(at..).ok_or_else(cut_off)?;
    Ok(u16::from_le_bytes(*rest.first_chunk().ok_or_else(cut_off)?))
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, DecodeError> {
    let rest = bytes.get(at..).ok_or_else(cut_off)?;
    Ok(u32::from_le_bytes(*rest.first_chunk().ok_or_else(cut_off)?))
}

impl<'a> BmpHead<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let header = u32_at(bytes, INFO)?;
        match header {
            CORE => Self::of_core(bytes),
            40 | 52 | 56 | 64 | 108 | 124 => Self::of_info(bytes, header as usize),
            _ => Err(unsupported("a header of a size that there is not")),
        }
    }

    fn of_core(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let head = Self {
            height: u32::from(u16_at(bytes, INFO + 6)?),
            width: u32::from(u16_at(bytes, INFO + 4)?),
            is_top_down: false,
            bits: u16_at(bytes, INFO + 10)?,
            layout: PixelLayout::Palette,
            palette: &[],
            colour_bytes: 3,
            pixels_at: u32_at(bytes, 10)? as usize,
        };
        let layout = plain_layout(head.bits)?;
        Self { layout, ..head }.with_palette(bytes, INFO + CORE as usize, 0)
    }

    fn of_info(bytes: &'a [u8], header: usize) -> Result<Self, DecodeError> {
        let (width, height) = (u32_at(bytes, INFO + 4)?, u32_at(bytes, INFO + 8)?);
        // Rows from the top down have a negative height, of which Pillow looks
        // at the highest byte.
        let is_top_down = height >> 24 == 0xff;
        let bits = u16_at(bytes, INFO + 14)?;
        let compression = u32_at(bytes, INFO + 16)?;
        let n_colours = u32_at(bytes, INFO + 32)?;
        let layout = match compression {
            0 => plain_layout(bits)?,
            BITFIELDS => layout_of_masks(bytes, bits, header)?,
            1 | 2 => return Err(unsupported("run-length coding")),
            _ => return Err(unsupported("a compression of its own")),
        };
        let head = Self {
            height: if is_top_down {
                height.wrapping_neg()
            } else {
                height
            },
            width,
            is_top_down,
            bits,
            layout,
            palette: &[],
            colour_bytes: 4,
            pixels_at: u32_at(bytes, 10)? as usize,
        };
        let masks = if compression == BITFIELDS && header == 40 {
            12
        } else {
            0
        };
        head.with_palette(bytes, INFO + header + masks, n_colours)
    }

    /// Checks the sides and finds the palette, which stands at `at`.
    fn with_palette(
        mut self,
        bytes: &'a [u8],
        at: usize,
        n_colours: u32,
    ) -> Result<Self, DecodeError> {
        if self.height == 0 || self.width == 0 {
            return Err(damaged("a side of 0"));
        }
        if self.height > i32::MAX as u32 || self.width > i32::MAX as u32 {
            return Err(damaged("a side beyond 31 bits"));
        }
        if self.pixels_at == 0 && self.layout != PixelLayout::Palette {
            self.pixels_at = at;
        }
        if self.layout == PixelLayout::Palette {
            let n_colours = match n_colours {
                0 => 1 << self.bits,
                n if n <= 1 << self.bits => n as usize,
                _ => return Err(unsupported("more colours than numbers for them")),
            };
            let end = at + n_colours * self.colour_bytes;
            self.palette = bytes.get(at..end).ok_or_else(cut_off)?;
            if self.pixels_at == 0 {
                self.pixels_at = end;
            }
            // Some writers forget the palette when they say where pixels begin.
            if self.pixels_at == at && self.colour_bytes == 4 {
                self.pixels_at = end;
            }
        }
        Ok(self)
    }
}

/// The layout where nothing else is said.
fn plain_layout(bits: u16) -> Result<PixelLayout, DecodeError> {
    match bits {
        1 | 4 | 8 => Ok(PixelLayout::Palette),
        16 => Ok(PixelLayout::Bits555),
        24 | 32 => Ok(PixelLayout::Bytes([Some(2), Some(1), Some(0), None])),
        _ => Err(unsupported("pixels of neither 1, 4, 8, 16, 24 nor 32 bits")),
    }
}

/// The layout that masks of red, green, blue and opacity stand for.
fn layout_of_masks(bytes: &[u8], bits: u16, header: usize) -> Result<PixelLayout, DecodeError> {
    // Behind a header of 40 bytes, or at the same place within a longer one.
    let at = |index: usize| u32_at(bytes, INFO + 40 + 4 * index);
    let colours = [at(0)?, at(1)?, at(2)?];
    let alpha = if header >= 56 { at(3)? } else { 0 };
    match (bits, colours, alpha) {
        (16, [0x7c00, 0x3e0, 0x1f], _) => Ok(PixelLayout::Bits555),
        (16, [0xf800, 0x7e0, 0x1f], _) => Ok(PixelLayout::Bits565),
        (24, [0xff_0000, 0xff00, 0xff], _) => {
            Ok(PixelLayout::Bytes([Some(2), Some(1), Some(0), None]))
        }
        (32, [0, 0, 0], 0) => Ok(PixelLayout::Bytes([Some(2), Some(1), Some(0), Some(3)])),
        (32, [r, g, b], alpha) => {
            let places = [r, g, b, alpha].map(place);
            let known = [
                [Some(2), Some(1), Some(0), None],
                [Some(3), Some(2), Some(1), None],
                [Some(3), Some(1), Some(0), None],
                [Some(3), Some(2), Some(1), Some(0)],
                [Some(0), Some(1), Some(2), Some(3)],
                [Some(2), Some(1), Some(0), Some(3)],
                [Some(3), Some(1), Some(0), Some(2)],
            ];
            let is_known = known.contains(&places) && (alpha == 0 || places[3].is_some());
            is_known
                .then_some(PixelLayout::Bytes(places))
                .ok_or_else(|| unsupported("masks that Pillow does not know"))
        }
        _ => Err(unsupported("masks that Pillow does not know")),
    }
}

/// The byte that a mask selects.
fn place(mask: u32) -> Option<u8> {
    (0..4).find(|&byte| mask == 0xff << (8 * u32::from(byte)))
}
