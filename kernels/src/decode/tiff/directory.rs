//! The directory of a TIFF: tags and their numbers.

use super::super::error::DecodeError;
use super::super::format::ImageFormat;

const BYTE: u16 = 1;
const SHORT: u16 = 3;
const LONG: u16 = 4;

/// The first directory of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Directory<'a> {
    bytes: &'a [u8],
    is_big_endian: bool,
    entries_at: usize,
    n_entries: usize,
}

/// The numbers of a tag.
#[derive(Debug, Clone, Copy)]
pub(super) struct TagNumbers<'a> {
    bytes: &'a [u8],
    width: usize,
    is_big_endian: bool,
}

impl TagNumbers<'_> {
    pub(super) fn len(&self) -> usize {
        self.bytes.len() / self.width
    }

    pub(super) fn get(&self, index: usize) -> Option<u32> {
        let begin = index.checked_mul(self.width)?;
        let bytes = self.bytes.get(begin..begin.checked_add(self.width)?)?;
        match *bytes {
            [byte] => Some(u32::from(byte)),
            [a, b] if self.is_big_endian => Some(u32::from(u16::from_be_bytes([a, b]))),
            [a, b] => Some(u32::from(u16::from_le_bytes([a, b]))),
            [a, b, c, d] if self.is_big_endian => Some(u32::from_be_bytes([a, b, c, d])),
            [a, b, c, d] => Some(u32::from_le_bytes([a, b, c, d])),
            _ => None,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

fn cut_off() -> DecodeError {
    DecodeError::Truncated {
        format: ImageFormat::Tiff,
    }
}

impl<'a> Directory<'a> {
    /// Finds the first directory of a file.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut directory = Self {
            bytes,
            is_big_endian: bytes.starts_with(b"MM"),
            entries_at: 0,
            n_entries: 0,
        };
        let at = directory.number(4, 4).ok_or_else(cut_off)? as usize;
        let n_entries = directory.number(at, 2).ok_or_else(cut_off)? as usize;
        directory.entries_at = at + 2;
        directory.n_entries = n_entries;
        if bytes.len() < directory.entries_at + 12 * n_entries {
            return Err(cut_off());
        }
        Ok(directory)
    }

    pub(super) fn is_big_endian(&self) -> bool {
        self.is_big_endian
    }

    /// Whether another directory follows, which holds another picture.
    pub(super) fn has_another(&self) -> bool {
        let at = self.entries_at + 12 * self.n_entries;
        self.number(at, 4).is_some_and(|next| next != 0)
    }

    /// The numbers of a tag; none where it is missing.
    pub(super) fn numbers(&self, tag: u16) -> Result<Option<TagNumbers<'a>>, DecodeError> {
        let entries = (0..self.n_entries).map(|index| self.entries_at + 12 * index);
        let mut found = entries.filter(|&at| self.number(at, 2) == Some(u32::from(tag)));
        let Some(at) = found.next() else {
            return Ok(None);
        };
        if found.next().is_some() {
            return Err(DecodeError::damaged(
                ImageFormat::Tiff,
                "a tag that stands there twice",
            ));
        }
        let kind = self.number(at + 2, 2).ok_or_else(cut_off)? as u16;
        let n = self.number(at + 4, 4).ok_or_else(cut_off)? as usize;
        let width = match kind {
            BYTE => 1,
            SHORT => 2,
            LONG => 4,
            _ => {
                return Err(DecodeError::damaged(
                    ImageFormat::Tiff,
                    "a tag whose numbers are neither bytes, shorts nor longs",
                ));
            }
        };
        let len = n.checked_mul(width).ok_or_else(cut_off)?;
        // Four bytes have room in the entry itself.
        let place = match len {
            0..=4 => at + 8,
            _ => self.number(at + 8, 4).ok_or_else(cut_off)? as usize,
        };
        let bytes = self.bytes.get(place..).and_then(|rest| rest.get(..len));
        Ok(Some(TagNumbers {
            bytes: bytes.ok_or_else(cut_off)?,
            width,
            is_big_endian: self.is_big_endian,
        }))
    }

    /// The one number of a tag, or what it is where the tag is missing.
    pub(super) fn one(&self, tag: u16, default: u32) -> Result<u32, DecodeError> {
        let numbers = self.numbers(tag)?;
        Ok(numbers
            .and_then(|numbers| numbers.get(0))
            .unwrap_or(default))
    }

    fn number(&self, at: usize, width: usize) -> Option<u32> {
        let bytes = self.bytes.get(at..at.checked_add(width)?)?;
        let numbers = TagNumbers {
            bytes,
            width,
            is_big_endian: self.is_big_endian,
        };
        numbers.get(0)
    }
}
