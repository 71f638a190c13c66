//! The new text of an [`AlignedText`] while it is written.

use std::borrow::Cow;
use std::ops::Range;

use super::aligned::{AlignedPiece, AlignedText, Bounds, ByteOrigin, ByteOrigins};
use crate::tokenize::error::EncodeError;

/// How much longer than the original text may become: a file may replace each
/// character by a novel, one component after another.
const GROWTH_MAX: usize = 256;
/// What short texts may grow to.
const LEN_ALWAYS: usize = 1 << 20;

/// Text and origins under construction, piece after piece.
#[derive(Debug)]
pub(super) struct Rewriter {
    text: String,
    /// `None` where they are not tracked.
    origins: Option<Vec<ByteOrigin>>,
    /// Where the original of the piece under work starts.
    original_start: u32,
    len_original: u32,
    len_max: usize,
}

impl Rewriter {
    /// What will replace the text of `old`.
    pub(super) fn new(old: &AlignedText<'_>) -> Self {
        let len = old.text.len();
        Self {
            text: String::with_capacity(len + len / 8),
            origins: match old.origins {
                ByteOrigins::Untracked => None,
                ByteOrigins::Verbatim(_) | ByteOrigins::Each(_) => {
                    Some(Vec::with_capacity(len + len / 8))
                }
            },
            original_start: 0,
            len_original: old.len_original,
            len_max: len_max(old.len_original),
        }
    }

    /// Starts the next piece and tells where it lies in the new text.
    pub(super) fn begin(&mut self, original_start: u32) -> Result<u32, EncodeError> {
        self.original_start = original_start;
        self.len()
    }

    /// How long the new text is.
    pub(super) fn len(&self) -> Result<u32, EncodeError> {
        let len_bytes = self.text.len();
        match u32::try_from(len_bytes) {
            Ok(len) if len_bytes <= self.len_max => Ok(len),
            _ => Err(EncodeError::Grown {
                len_bytes: self.len_original as usize,
                limit: self.len_max,
            }),
        }
    }

    /// Puts the new text, cut into `pieces`, in the place of the old.
    pub(super) fn store(self, old: &mut AlignedText<'_>, pieces: Vec<Bounds>) {
        old.text = Cow::Owned(self.text);
        old.origins = match self.origins {
            Some(origins) => ByteOrigins::Each(origins),
            None => ByteOrigins::Untracked,
        };
        old.pieces = pieces;
    }

    /// Takes over a part of a piece as it is.
    pub(super) fn copy(&mut self, piece: &AlignedPiece<'_>, range: Range<usize>) {
        self.text
            .push_str(piece.text().get(range.clone()).unwrap_or_default());
        if let Some(origins) = &mut self.origins {
            piece.origins_into(range, origins);
        }
    }

    /// Writes `content` for the text that ends at `end` of the piece. All of it
    /// stands for what the last character before `end` does, or for nothing
    /// if there is none.
    pub(super) fn put_after(
        &mut self,
        piece: &AlignedPiece<'_>,
        end: usize,
        content: &str,
    ) -> Result<(), EncodeError> {
        if self.origins.is_some() && !content.is_empty() {
            let origin = self.origin_before(piece, end);
            self.stamp(origin, content.len());
        }
        self.text.push_str(content);
        self.len().map(|_| ())
    }

    /// Writes the piece as `changed` has it, Hugging Face's `transform`: each
    /// character comes with a number, which is 0 where it replaces the next
    /// old character, 1 where it is put in after that, and -n where it
    /// replaces one old character and n more after it go. The first
    /// `n_removed` old characters go before all that.
    ///
    /// The numbers alone decide where characters come from; where they
    /// do not add up, as those of `Precompiled` do not for text that goes from
    /// the very start, origins are shifted as they are in Hugging Face. (It
    /// panics where text before the first character stands for nothing, as an
    /// empty `Prepend` makes it; here that is like any other text.)
    pub(super) fn transform(
        &mut self,
        piece: &AlignedPiece<'_>,
        changed: impl Iterator<Item = (char, isize)>,
        n_removed: usize,
    ) -> Result<(), EncodeError> {
        if self.origins.is_none() {
            return self.collect(changed);
        }
        let mut old = piece.text().chars();
        let mut at = skip(&mut old, n_removed);
        for (c, change) in changed {
            let origin = if change > 0 {
                self.origin_before(piece, at)
            } else {
                // Past the end Hugging Face panics.
                let last = piece.text().len().saturating_sub(1);
                let origin = piece.byte(at.min(last));
                at += skip(&mut old, 1 + change.unsigned_abs());
                origin.unwrap_or(self.nothing())
            };
            self.stamp(origin, c.len_utf8());
            self.text.push(c);
            if self.text.len() > self.len_max {
                break;
            }
        }
        self.len().map(|_| ())
    }

    /// Writes characters whose origins are not tracked.
    pub(super) fn collect(
        &mut self,
        changed: impl Iterator<Item = (char, isize)>,
    ) -> Result<(), EncodeError> {
        for (c, _) in changed {
            self.text.push(c);
            if self.text.len() > self.len_max {
                break;
            }
        }
        self.len().map(|_| ())
    }

    fn nothing(&self) -> ByteOrigin {
        ByteOrigin {
            start: self.original_start,
            end: self.original_start,
        }
    }

    fn origin_before(&self, piece: &AlignedPiece<'_>, at: usize) -> ByteOrigin {
        let last = at.checked_sub(1).and_then(|last| piece.byte(last));
        last.unwrap_or(self.nothing())
    }

    fn stamp(&mut self, origin: ByteOrigin, len: usize) {
        if let Some(origins) = &mut self.origins {
            origins.extend(std::iter::repeat_n(origin, len));
        }
    }
}

impl AlignedText<'_> {
    /// Writes each piece anew through `write`; pieces that become empty go.
    ///
    /// # Errors
    /// `Grown` if the text becomes far longer than the original.
    pub(super) fn rewrite(
        &mut self,
        mut write: impl FnMut(&AlignedPiece<'_>, &mut Rewriter) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let mut out = Rewriter::new(self);
        let mut pieces = Vec::with_capacity(self.pieces.len());
        for bounds in &self.pieces {
            let start = out.begin(bounds.original.start)?;
            write(&self.piece(bounds), &mut out)?;
            let end = out.len()?;
            if start != end {
                pieces.push(Bounds {
                    text: start..end,
                    original: bounds.original.clone(),
                });
            }
        }
        out.store(self, pieces);
        Ok(())
    }
}

/// The length that a text with an original of `len` bytes may grow to: places in it
/// are counted in 32 bits.
fn len_max(len: u32) -> usize {
    let len = (len as usize).saturating_mul(GROWTH_MAX) + LEN_ALWAYS;
    len.min(u32::MAX as usize)
}

/// Takes `n` characters and tells how many bytes they have.
fn skip(chars: &mut std::str::Chars<'_>, n: usize) -> usize {
    let before = chars.as_str().len();
    if n > 0 {
        chars.nth(n - 1);
    }
    before - chars.as_str().len()
}

#[cfg(test)]
mod tests {
    use super::super::aligned::Track;
    use super::*;

    type Origin = (char, Range<usize>);

    fn rewritten(
        text: &str,
        write: impl Fn(&AlignedPiece<'_>, &mut Rewriter) -> Result<(), EncodeError>,
    ) -> Vec<Origin> {
        let mut aligned = AlignedText::new(text, 0, Track::Origins).unwrap();
        aligned.rewrite(write).unwrap();
        aligned
            .pieces()
            .flat_map(|piece| {
                let chars = piece.text().char_indices();
                chars
                    .map(|(at, c)| (c, piece.origin(at..at + c.len_utf8())))
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    #[test]
    fn numbers_say_where_characters_come_from() {
        let found = rewritten("éab", |piece, out| {
            out.transform(piece, [('e', 0), ('!', 1), ('x', -1)].into_iter(), 0)
        });
        assert_eq!(found, [('e', 0..2), ('!', 0..2), ('x', 2..3)]);
    }

    #[test]
    fn characters_go_from_the_start() {
        let found = rewritten("éab", |piece, out| {
            out.transform(piece, [('b', 0)].into_iter(), 2)
        });
        assert_eq!(found, [('b', 3..4)]);
    }

    #[test]
    fn text_before_the_first_character_stands_for_nothing() {
        let found = rewritten("a", |piece, out| {
            out.put_after(piece, 0, "▁")?;
            out.copy(piece, 0..1);
            Ok(())
        });
        assert_eq!(found, [('▁', 0..0), ('a', 0..1)]);
    }

    #[test]
    fn numbers_that_ask_for_more_than_there_is_do_no_harm() {
        let found = rewritten("a", |piece, out| {
            out.transform(piece, [('x', -9), ('y', 0), ('z', 1)].into_iter(), 7)
        });
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn growth_has_a_limit() {
        let mut aligned = AlignedText::new("abc", 0, Track::TextOnly).unwrap();
        let novel = "n".repeat(LEN_ALWAYS + 3 * GROWTH_MAX + 1);
        let error = aligned
            .rewrite(|piece, out| out.put_after(piece, 3, &novel))
            .unwrap_err();
        assert_eq!(
            error,
            EncodeError::Grown {
                len_bytes: 3,
                limit: LEN_ALWAYS + 3 * GROWTH_MAX,
            }
        );
    }
}
