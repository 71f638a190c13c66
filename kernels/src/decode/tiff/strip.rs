//! Unpacks a strip of a TIFF.

use flate2::{Decompress, FlushDecompress, Status};
use weezl::{BitOrder, decode::Decoder};

use super::super::error::DecodeError;
use super::super::format::ImageFormat;
use super::super::lzw;
use super::picture::{Packing, Picture};

fn cut_off() -> DecodeError {
    DecodeError::Truncated {
        format: ImageFormat::Tiff,
    }
}

/// Bytes that a packed one makes at most. Of LZW a code of twelve bits makes as
/// many as there are codes; of deflate two bits make 258.
pub(super) fn ratio(packing: Packing) -> u64 {
    match packing {
        Packing::None => 1,
        Packing::Lzw => 4096,
        Packing::Deflate => 1032,
    }
}

/// Unpacks the strip of this number; `dst` has the length of its rows.
pub(super) fn unpack(
    bytes: &[u8],
    picture: &Picture<'_>,
    index: usize,
    dst: &mut [u8],
) -> Result<(), DecodeError> {
    let begin = picture.offsets.get(index).ok_or_else(cut_off)? as usize;
    let from = bytes.get(begin..).ok_or_else(cut_off)?;
    if picture.packing == Packing::None {
        // What the file says of the length counts for nothing, as for Pillow.
        dst.copy_from_slice(from.get(..dst.len()).ok_or_else(cut_off)?);
        return Ok(());
    }
    let len = picture.lengths.get(index).ok_or_else(cut_off)? as usize;
    let packed = from.get(..len).ok_or_else(cut_off)?;
    if picture.packing == Packing::Lzw {
        let decoder = Decoder::with_tiff_size_switch(BitOrder::Msb, 8);
        lzw::fill(decoder, packed, dst, ImageFormat::Tiff)?;
    } else {
        inflate(packed, dst)?;
    }
    if picture.is_differences {
        add_up(picture, dst);
    }
    Ok(())
}

fn inflate(packed: &[u8], dst: &mut [u8]) -> Result<(), DecodeError> {
    let mut decoder = Decompress::new(true);
    loop {
        let (read, written) = (decoder.total_in() as usize, decoder.total_out() as usize);
        if written == dst.len() {
            return Ok(());
        }
        let status = decoder
            .decompress(&packed[read..], &mut dst[written..], FlushDecompress::None)
            .map_err(|error| DecodeError::damaged(ImageFormat::Tiff, error))?;
        let has_moved =
            decoder.total_out() as usize > written || decoder.total_in() as usize > read;
        let is_done = decoder.total_out() as usize == dst.len();
        if !is_done && (status == Status::StreamEnd || !has_moved) {
            return Err(cut_off());
        }
    }
}

/// Makes samples of what each differs from the one before it in its row.
fn add_up(picture: &Picture<'_>, rows: &mut [u8]) {
    let n = picture.n_samples as usize;
    for row in rows.chunks_exact_mut(picture.line_bytes() as usize) {
        if picture.bits == 8 {
            for at in n..row.len() {
                row[at] = row[at].wrapping_add(row[at - n]);
            }
            continue;
        }
        let (words, _) = row.as_chunks_mut::<2>();
        for at in n..words.len() {
            words[at] = if picture.is_big_endian {
                let sum =
                    u16::from_be_bytes(words[at]).wrapping_add(u16::from_be_bytes(words[at - n]));
                sum.to_be_bytes()
            } else {
                let sum =
                    u16::from_le_bytes(words[at]).wrapping_add(u16::from_le_bytes(words[at - n]));
                sum.to_le_bytes()
            };
        }
    }
}
