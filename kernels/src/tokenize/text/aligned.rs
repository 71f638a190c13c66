//! Text under change, with the place in the original of each of its bytes.
//!
//! This is what Hugging Face calls a `NormalizedString` and, once it is cut, a
//! `PreTokenizedString`: one buffer of text, cut into pieces, and for each byte
//! the range of the original that it stands for. Text that nothing has changed
//! stores no origins, and a caller that wants ids alone need not track any.

use std::borrow::Cow;
use std::ops::Range;

use crate::tokenize::error::EncodeError;

/// Whether the origin of each byte is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Track {
    /// [`AlignedPiece::origin`] tells where text comes from.
    Origins,
    /// Only text is kept. A `TextCutter` that `needs_origins` must not meet
    /// such text.
    TextOnly,
}

/// The bytes of the original that a byte of text stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ByteOrigin {
    pub(super) start: u32,
    pub(super) end: u32,
}

/// The origins of all bytes of a buffer.
#[derive(Debug, Clone)]
pub(super) enum ByteOrigins {
    /// They are not kept.
    Untracked,
    /// The buffer is the original from this byte on; the origin of a byte is
    /// its whole character.
    Verbatim(u32),
    /// One for each byte.
    Each(Vec<ByteOrigin>),
}

/// Where a piece lies in the buffer, and which part of the original it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) text: Range<u32>,
    pub(super) original: Range<u32>,
}

/// A text under change, cut into pieces that are not empty.
#[derive(Debug, Clone)]
pub(crate) struct AlignedText<'t> {
    pub(super) text: Cow<'t, str>,
    pub(super) origins: ByteOrigins,
    pub(super) pieces: Vec<Bounds>,
    /// Length of the original of all pieces, which limits growth.
    pub(super) len_original: u32,
}

impl<'t> AlignedText<'t> {
    /// A text that starts at byte `start` of the original, as one piece (none
    /// if it is empty).
    ///
    /// # Errors
    /// `TooLong` if it does not end before 4 GiB of the original.
    pub(crate) fn new(text: &'t str, start: usize, track: Track) -> Result<Self, EncodeError> {
        let end = start.saturating_add(text.len());
        let too_long = |_| EncodeError::TooLong { len_bytes: end };
        let original =
            u32::try_from(start).map_err(too_long)?..u32::try_from(end).map_err(too_long)?;
        let len_original = original.end - original.start;
        let piece = Bounds {
            text: 0..len_original,
            original: original.clone(),
        };
        Ok(Self {
            text: Cow::Borrowed(text),
            origins: match track {
                Track::Origins => ByteOrigins::Verbatim(original.start),
                Track::TextOnly => ByteOrigins::Untracked,
            },
            pieces: if text.is_empty() {
                Vec::new()
            } else {
                vec![piece]
            },
            len_original,
        })
    }

    /// The pieces in their order, none empty.
    pub(crate) fn pieces(&self) -> impl ExactSizeIterator<Item = AlignedPiece<'_>> {
        self.pieces.iter().map(|bounds| self.piece(bounds))
    }

    pub(super) fn piece<'a>(&'a self, bounds: &Bounds) -> AlignedPiece<'a> {
        let range = bounds.text.start as usize..bounds.text.end as usize;
        AlignedPiece {
            text: self.text.get(range.clone()).unwrap_or_default(),
            origins: match &self.origins {
                ByteOrigins::Untracked => PieceOrigins::Untracked,
                ByteOrigins::Verbatim(start) => PieceOrigins::Verbatim(start + bounds.text.start),
                ByteOrigins::Each(all) => PieceOrigins::Each(all.get(range).unwrap_or_default()),
            },
            original: bounds.original.clone(),
        }
    }

    /// Whether origins are kept.
    pub(super) fn is_tracked(&self) -> bool {
        !matches!(self.origins, ByteOrigins::Untracked)
    }

    /// Whether a normalizer changes no piece, by what `keeps` says of its text.
    pub(super) fn stays(&self, keeps: impl Fn(&str) -> bool) -> bool {
        self.pieces().all(|piece| keeps(piece.text()))
    }

    /// Bytes of all pieces together.
    pub(super) fn len_bytes(&self) -> usize {
        self.pieces().map(|piece| piece.text().len()).sum()
    }

    /// Cuts each piece where `cut` says: it appends ranges of the piece's text
    /// to a list. Those that are empty are dropped.
    ///
    /// # Errors
    /// Those of `cut`.
    pub(super) fn split(
        &mut self,
        mut cut: impl FnMut(&AlignedPiece<'_>, &mut Vec<Range<usize>>) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let mut pieces = Vec::with_capacity(self.pieces.len());
        let mut ranges = Vec::new();
        for bounds in &self.pieces {
            ranges.clear();
            let piece = self.piece(bounds);
            cut(&piece, &mut ranges)?;
            for range in ranges.iter().filter(|range| !range.is_empty()) {
                let start = bounds.text.start;
                pieces.push(Bounds {
                    text: start + range.start as u32..start + range.end as u32,
                    original: piece.origin_in_u32(range),
                });
            }
        }
        self.pieces = pieces;
        Ok(())
    }
}

/// The origins of the bytes of one piece.
#[derive(Debug, Clone, Copy)]
enum PieceOrigins<'a> {
    Untracked,
    Verbatim(u32),
    Each(&'a [ByteOrigin]),
}

/// One piece of an [`AlignedText`].
#[derive(Debug, Clone)]
pub(crate) struct AlignedPiece<'a> {
    text: &'a str,
    origins: PieceOrigins<'a>,
    original: Range<u32>,
}

impl<'a> AlignedPiece<'a> {
    /// Its text as it stands now.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// The bytes of the original that it covers; without meaning where
    /// origins are not tracked.
    pub(crate) fn original(&self) -> Range<usize> {
        self.original.start as usize..self.original.end as usize
    }

    /// The bytes of the original that `range` of its text stands for: from
    /// where its first byte comes from to where its last one does. An empty
    /// range counts from the start of the piece, as in Hugging Face; one that
    /// is not within the text gives the whole piece.
    pub(crate) fn origin(&self, range: Range<usize>) -> Range<usize> {
        let origin = self.origin_in_u32(&range);
        origin.start as usize..origin.end as usize
    }

    /// A part of its text as a text of its own.
    pub(crate) fn part(&self, range: Range<usize>) -> AlignedText<'a> {
        let text = self.text.get(range.clone()).unwrap_or_default();
        let len = text.len() as u32;
        let original = self.origin_in_u32(&range);
        let piece = Bounds {
            text: 0..len,
            original: original.clone(),
        };
        AlignedText {
            text: Cow::Borrowed(text),
            origins: match self.origins {
                PieceOrigins::Untracked => ByteOrigins::Untracked,
                PieceOrigins::Verbatim(start) => ByteOrigins::Verbatim(start + range.start as u32),
                PieceOrigins::Each(all) => {
                    ByteOrigins::Each(all.get(range).unwrap_or_default().to_vec())
                }
            },
            pieces: if text.is_empty() {
                Vec::new()
            } else {
                vec![piece]
            },
            len_original: original.end - original.start,
        }
    }

    fn origin_in_u32(&self, range: &Range<usize>) -> Range<u32> {
        if range.is_empty() {
            let at = self.original.start.saturating_add(range.start as u32);
            return at..at;
        }
        match (self.byte(range.start), self.byte(range.end - 1)) {
            (Some(first), Some(last)) => first.start..last.end,
            _ => self.original.clone(),
        }
    }

    /// Appends the origins of the bytes of a range that starts and ends at
    /// characters.
    pub(super) fn origins_into(&self, range: Range<usize>, out: &mut Vec<ByteOrigin>) {
        match self.origins {
            PieceOrigins::Untracked => {}
            PieceOrigins::Each(all) => out.extend_from_slice(all.get(range).unwrap_or_default()),
            PieceOrigins::Verbatim(start) => {
                let mut start = start + range.start as u32;
                for c in self.text.get(range).unwrap_or_default().chars() {
                    let end = start + c.len_utf8() as u32;
                    out.extend(std::iter::repeat_n(ByteOrigin { start, end }, c.len_utf8()));
                    start = end;
                }
            }
        }
    }

    /// The origin of the byte at `at`; `None` outside the text and where
    /// origins are not tracked.
    #[inline]
    pub(super) fn byte(&self, at: usize) -> Option<ByteOrigin> {
        match self.origins {
            PieceOrigins::Verbatim(start) if at < self.text.len() => {
                let first = self.text.floor_char_boundary(at);
                let end = self.text.ceil_char_boundary(at + 1);
                Some(ByteOrigin {
                    start: start + first as u32,
                    end: start + end as u32,
                })
            }
            PieceOrigins::Untracked | PieceOrigins::Verbatim(_) => None,
            PieceOrigins::Each(all) => all.get(at).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(aligned: &AlignedText<'_>) -> Vec<Range<usize>> {
        let piece = aligned.pieces().next().unwrap();
        (0..piece.text().len())
            .map(|at| piece.origin(at..at + 1))
            .collect()
    }

    #[test]
    fn untouched_bytes_stand_for_their_characters() {
        let aligned = AlignedText::new("aé", 5, Track::Origins).unwrap();
        assert_eq!(origins(&aligned), [5..6, 6..8, 6..8]);
    }

    #[test]
    fn pieces_know_their_part_of_the_original() {
        let mut aligned = AlignedText::new("aéb", 1, Track::Origins).unwrap();
        aligned
            .split(|_, ranges| {
                ranges.extend([0..1, 1..1, 1..4]);
                Ok(())
            })
            .unwrap();
        let all: Vec<_> = aligned.pieces().map(|p| (p.text(), p.original())).collect();
        assert_eq!(all, [("a", 1..2), ("éb", 2..5)]);
        let last = aligned.pieces().last().unwrap();
        assert_eq!(last.origin(2..3), 4..5);
        assert_eq!(last.origin(1..1), 3..3);
    }

    #[test]
    fn an_empty_text_has_no_piece() {
        let aligned = AlignedText::new("", 0, Track::Origins).unwrap();
        assert_eq!(aligned.pieces().len(), 0);
    }

    #[test]
    fn a_text_past_4_gib_is_refused() {
        let error = AlignedText::new("ab", u32::MAX as usize - 1, Track::TextOnly).unwrap_err();
        assert_eq!(error, EncodeError::TooLong { len_bytes: 1 << 32 });
    }
}
