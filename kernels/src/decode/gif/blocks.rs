//! The blocks of a GIF up to its first frame.

use super::super::error::DecodeError;
use super::super::format::ImageFormat;

const EXTENSION: u8 = 0x21;
const IMAGE: u8 = 0x2c;
const TRAILER: u8 = 0x3b;
const GRAPHIC_CONTROL: u8 = 0xf9;

/// The first frame of a GIF.
#[derive(Debug, Clone, Copy)]
pub(super) struct GifFrame<'a> {
    /// Rows and columns of the canvas, which holds the frame.
    pub canvas: [u32; 2],
    /// The first row and column of the frame in the canvas.
    pub place: [u32; 2],
    /// Rows and columns of the frame.
    pub size: [u32; 2],
    /// Red, green and blue of each colour; none where they are the greys.
    pub palette: Option<&'a [u8]>,
    pub transparent: Option<u8>,
    pub is_interlaced: bool,
    /// Bits of the smallest code.
    pub code_bits: u8,
    /// Where the first piece of the coded pixels begins.
    pub data_at: usize,
}

fn cut_off() -> DecodeError {
    DecodeError::Truncated {
        format: ImageFormat::Gif,
    }
}

fn take<const N: usize>(bytes: &[u8], at: usize) -> Result<&[u8; N], DecodeError> {
    bytes
        .get(at..)
        .and_then(<[u8]>::first_chunk::<N>)
        .ok_or_else(cut_off)
}

impl<'a> GifFrame<'a> {
    /// Reads the blocks up to the pixels of the first frame.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let &[w0, w1, h0, h1, flags, _, _] = take::<7>(bytes, 6)?;
        let mut canvas = [[h0, h1], [w0, w1]].map(|side| u32::from(u16::from_le_bytes(side)));
        let (global, mut at) = palette(bytes, 13, flags)?;
        let mut transparent = None;
        loop {
            let &[kind] = take::<1>(bytes, at)?;
            match kind {
                EXTENSION => {
                    let &[label] = take::<1>(bytes, at + 1)?;
                    let (piece, next) = piece(bytes, at + 2)?;
                    if let (GRAPHIC_CONTROL, &[flags, _, _, index, ..]) = (label, piece) {
                        transparent = (flags & 1 != 0).then_some(index);
                    }
                    at = if piece.is_empty() {
                        next
                    } else {
                        past(bytes, next)?
                    };
                }
                IMAGE => break,
                TRAILER => return Err(DecodeError::damaged(ImageFormat::Gif, "no frame")),
                _ => at += 1,
            }
        }
        let &[x0, x1, y0, y1, w0, w1, h0, h1, flags] = take::<9>(bytes, at + 1)?;
        let place = [[y0, y1], [x0, x1]].map(|side| u32::from(u16::from_le_bytes(side)));
        let size = [[h0, h1], [w0, w1]].map(|side| u32::from(u16::from_le_bytes(side)));
        for axis in 0..2 {
            canvas[axis] = canvas[axis].max(place[axis] + size[axis]);
        }
        if canvas.contains(&0) {
            return Err(DecodeError::damaged(ImageFormat::Gif, "a side of 0"));
        }
        let (local, at) = palette(bytes, at + 10, flags)?;
        let &[code_bits] = take::<1>(bytes, at)?;
        let has_colours = |palette: Option<&[u8]>| palette.is_some_and(|it| !are_greys(it));
        if local.is_some() && !has_colours(local) && has_colours(global) {
            return Err(DecodeError::unsupported(
                ImageFormat::Gif,
                "greys for its first frame beside colours for all",
            ));
        }
        Ok(Self {
            canvas,
            place,
            size,
            palette: local.or(global).filter(|colours| !are_greys(colours)),
            transparent,
            is_interlaced: flags & 0x40 != 0,
            code_bits,
            data_at: at + 1,
        })
    }

    /// Puts the pieces of the coded pixels together in `into`.
    pub(super) fn data(&self, bytes: &[u8], into: &mut Vec<u8>) -> Result<(), DecodeError> {
        into.clear();
        let mut at = self.data_at;
        // The end may be missing, if the pixels are not.
        while at < bytes.len() {
            let (piece, next) = piece(bytes, at)?;
            if piece.is_empty() {
                return Ok(());
            }
            into.extend_from_slice(piece);
            at = next;
        }
        Ok(())
    }

    /// Whether another frame follows. Without one, or where the file is cut off,
    /// there is no animation.
    pub(super) fn has_another(&self, bytes: &[u8]) -> bool {
        let next = || -> Result<bool, DecodeError> {
            let mut at = past(bytes, self.data_at)?;
            loop {
                match *take::<1>(bytes, at)? {
                    [EXTENSION] => at = past(bytes, at + 2)?,
                    [kind] => return Ok(kind == IMAGE),
                }
            }
        };
        next().unwrap_or(false)
    }
}

/// Colours, if there are any, and where they end.
type Colours<'a> = (Option<&'a [u8]>, usize);

/// The palette at `at`, if the flags say that there is one, and where it ends.
fn palette(bytes: &[u8], at: usize, flags: u8) -> Result<Colours<'_>, DecodeError> {
    if flags & 0x80 == 0 {
        return Ok((None, at));
    }
    let end = at + (3 << ((flags & 7) + 1));
    let colours = bytes.get(at..end).ok_or_else(cut_off)?;
    Ok((Some(colours), end))
}

/// Whether each colour is the grey of its own number.
fn are_greys(colours: &[u8]) -> bool {
    let (colours, _) = colours.as_chunks::<3>();
    let mut colours = colours.iter().enumerate();
    colours.all(|(index, colour)| colour.iter().all(|&part| usize::from(part) == index))
}

/// A piece of data, empty at the end of them, and where the next begins.
fn piece(bytes: &[u8], at: usize) -> Result<(&[u8], usize), DecodeError> {
    let &[len] = take::<1>(bytes, at)?;
    let end = at + 1 + usize::from(len);
    let piece = bytes.get(at + 1..end).ok_or_else(cut_off)?;
    Ok((piece, end))
}

/// Past all pieces from `at` on.
fn past(bytes: &[u8], mut at: usize) -> Result<usize, DecodeError> {
    loop {
        let (piece, next) = piece(bytes, at)?;
        at = next;
        if piece.is_empty() {
            return Ok(at);
        }
    }
}
