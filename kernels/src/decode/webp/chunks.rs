//! The chunks of a WebP.

use super::super::error::DecodeError;
use super::super::exif;
use super::super::format::ImageFormat;
use super::super::orientation::Orientation;

/// Behind `RIFF`, the length and `WEBP`.
const FIRST: usize = 12;

/// Behind the place, the size and the time of a frame of an animation.
const FLAGS: usize = 15;
const IN_FRAME: usize = 16;

/// What the chunks say.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the file")]
pub(super) struct Canvas {
    pub height: u32,
    pub width: u32,
    pub has_alpha: bool,
    pub is_animated: bool,
    pub has_icc: bool,
    pub orientation: Orientation,
    /// Where the flags of the first frame of an animation stand.
    pub flags_at: Option<usize>,
}

/// The file without what is behind the length that it names.
pub(super) fn within_length(bytes: &[u8]) -> Result<&[u8], DecodeError> {
    let len = u32_at(bytes, 4).ok_or_else(cut_off)? as usize;
    bytes.get(..len.saturating_add(8)).ok_or_else(cut_off)
}

fn cut_off() -> DecodeError {
    DecodeError::Truncated {
        format: ImageFormat::Webp,
    }
}

fn damaged(what: &'static str) -> DecodeError {
    DecodeError::damaged(ImageFormat::Webp, what)
}

impl Canvas {
    /// Reads the chunks, passing over the pixels.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let bytes = within_length(bytes)?;
        let (kind, body) = chunk(bytes, FIRST).ok_or_else(cut_off)?;
        match kind {
            b"VP8 " | b"VP8L" => {
                let [height, width] = frame_size(*kind, body)?;
                Ok(Self {
                    height,
                    width,
                    // The bit behind the two sides of 14 bits.
                    has_alpha: kind == b"VP8L" && body[4] & 0x10 != 0,
                    is_animated: false,
                    has_icc: false,
                    orientation: Orientation::IDENTITY,
                    flags_at: None,
                })
            }
            b"VP8X" => Self::of_many(bytes, body),
            _ => Err(damaged("it begins with a chunk that there is not")),
        }
    }

    /// A file of several chunks.
    fn of_many(bytes: &[u8], body: &[u8]) -> Result<Self, DecodeError> {
        let &[flags, _, _, _, w0, w1, w2, h0, h1, h2] = body
            .first_chunk::<10>()
            .ok_or_else(|| damaged("a header shorter than 10 bytes"))?;
        let mut canvas = Self {
            height: 1 + u32::from_le_bytes([h0, h1, h2, 0]),
            width: 1 + u32::from_le_bytes([w0, w1, w2, 0]),
            has_alpha: flags & 0x10 != 0,
            is_animated: flags & 0x02 != 0,
            has_icc: flags & 0x20 != 0,
            orientation: Orientation::IDENTITY,
            flags_at: None,
        };
        let mut at = FIRST;
        let mut is_checked = false;
        while let Some((kind, body)) = chunk(bytes, at) {
            match kind {
                b"VP8 " | b"VP8L" if !canvas.is_animated && !is_checked => {
                    check_size(*kind, body, [canvas.height, canvas.width])?;
                    is_checked = true;
                }
                b"ANMF" if canvas.is_animated && !is_checked => {
                    check_frame(body)?;
                    canvas.flags_at = Some(at + 8 + FLAGS);
                    is_checked = true;
                }
                b"EXIF" => canvas.orientation = exif::orientation(body),
                _ => {}
            }
            // A chunk of an odd length is followed by a byte of nothing.
            at += 8 + body.len() + body.len() % 2;
        }
        if !is_checked {
            return Err(damaged("no pixels within its length"));
        }
        Ok(canvas)
    }
}

/// Refuses a frame of an animation whose pixels are of another size than it
/// says. An alpha may stand before them where they are lossy.
fn check_frame(frame: &[u8]) -> Result<(), DecodeError> {
    let &[_, _, _, _, _, _, w0, w1, w2, h0, h1, h2] =
        frame.first_chunk::<12>().ok_or_else(cut_off)?;
    let size = [
        1 + u32::from_le_bytes([h0, h1, h2, 0]),
        1 + u32::from_le_bytes([w0, w1, w2, 0]),
    ];
    let first = chunk(frame, IN_FRAME);
    let pixels = match first {
        Some((b"ALPH", alpha)) => {
            let lossy = chunk(frame, IN_FRAME + 8 + alpha.len() + alpha.len() % 2);
            lossy.filter(|(kind, _)| *kind == b"VP8 ")
        }
        first => first.filter(|(kind, _)| matches!(*kind, b"VP8 " | b"VP8L")),
    };
    if let Some((kind, body)) = pixels {
        return check_size(*kind, body, size);
    }
    Err(damaged("a frame without pixels"))
}

/// Refuses coded pixels of another size: the outside crate would make room for
/// them before it looks.
fn check_size(kind: [u8; 4], body: &[u8], size: [u32; 2]) -> Result<(), DecodeError> {
    if frame_size(kind, body)? == size {
        return Ok(());
    }
    Err(damaged("its pixels are of another size than it says"))
}

/// Rows and columns of coded pixels.
fn frame_size(kind: [u8; 4], body: &[u8]) -> Result<[u32; 2], DecodeError> {
    let size = if kind == *b"VP8L" {
        let &[mark, b0, b1, b2, b3] = body.first_chunk::<5>().ok_or_else(cut_off)?;
        let sides = u32::from_le_bytes([b0, b1, b2, b3]);
        if mark != 0x2f {
            return Err(damaged("lossless pixels without their mark"));
        }
        [1 + ((sides >> 14) & 0x3fff), 1 + (sides & 0x3fff)]
    } else {
        let &[tag, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1] =
            body.first_chunk::<10>().ok_or_else(cut_off)?
        else {
            return Err(damaged("lossy pixels without their mark"));
        };
        if tag & 1 != 0 {
            return Err(damaged("pixels that change those of a frame before"));
        }
        let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
        [side(h0, h1), side(w0, w1)]
    };
    if size.contains(&0) {
        return Err(damaged("a side of 0"));
    }
    Ok(size)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk::<4>()?))
}

/// The chunk at `at`: what it is and what it holds.
fn chunk(bytes: &[u8], at: usize) -> Option<(&[u8; 4], &[u8])> {
    let (kind, _) = bytes.get(at..)?.split_first_chunk::<4>()?;
    let len = u32_at(bytes, at + 4)? as usize;
    let body = bytes.get(at + 8..)?.get(..len)?;
    Some((kind, body))
}
