//! The one tag of EXIF that changes pixels.

use super::orientation::Orientation;

const TAG: u16 = 0x0112;
/// Types of whole numbers of two and of four bytes, without and with a sign.
const SHORTS: [u16; 2] = [3, 8];
const LONGS: [u16; 2] = [4, 9];

/// Numbers of a TIFF, in the order of bytes it says.
#[derive(Clone, Copy)]
struct Tiff<'a> {
    bytes: &'a [u8],
    is_big_endian: bool,
}

impl Tiff<'_> {
    fn u16(self, at: usize) -> Option<u16> {
        let pair = *self.bytes.get(at..)?.first_chunk::<2>()?;
        Some(if self.is_big_endian {
            u16::from_be_bytes(pair)
        } else {
            u16::from_le_bytes(pair)
        })
    }

    fn u32(self, at: usize) -> Option<u32> {
        let four = *self.bytes.get(at..)?.first_chunk::<4>()?;
        Some(if self.is_big_endian {
            u32::from_be_bytes(four)
        } else {
            u32::from_le_bytes(four)
        })
    }
}

/// The orientation in a block of EXIF, which is a TIFF of its own; identity
/// where there is none or the block is damaged.
pub(super) fn orientation(block: &[u8]) -> Orientation {
    read(block).unwrap_or(Orientation::IDENTITY)
}

fn read(block: &[u8]) -> Option<Orientation> {
    // Some writers leave the name of the JPEG segment in.
    let bytes = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
    let is_big_endian = match bytes.get(..2)? {
        b"MM" => true,
        b"II" => false,
        _ => return None,
    };
    let tiff = Tiff {
        bytes,
        is_big_endian,
    };
    let directory = usize::try_from(tiff.u32(4)?).ok()?;
    let n_entries = usize::from(tiff.u16(directory)?);
    let mut found = None;
    for index in 0..n_entries {
        let Some(entry) = directory.checked_add(2 + 12 * index) else {
            break;
        };
        let Some(tag) = tiff.u16(entry) else {
            break;
        };
        if tag == TAG {
            // The last one counts, as in Pillow.
            found = number(tiff, entry);
        }
    }
    Orientation::of_tag(found?)
}

/// The one number of an entry.
fn number(tiff: Tiff<'_>, entry: usize) -> Option<u16> {
    let (kind, n) = (tiff.u16(entry + 2)?, tiff.u32(entry + 4)?);
    if n != 1 {
        return None;
    }
    if SHORTS.contains(&kind) {
        tiff.u16(entry + 8)
    } else if LONGS.contains(&kind) {
        u16::try_from(tiff.u32(entry + 8)?).ok()
    } else {
        None
    }
}
