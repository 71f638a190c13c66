//! Spans of tokens that are the whole of a text together, from where they end. Those
//! that begin or end within a character have all of it, as in Hugging Face.

use std::ops::Range;

use super::chars::count_starts;
use super::options::OffsetUnit;
use super::trim::{Margins, TrimOffsets};
use super::types::TokenSpan;

/// A text that byte-level tokens are the whole of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WholeText<'t> {
    text: &'t str,
    is_ascii: bool,
    unit: OffsetUnit,
    trim: TrimOffsets,
}

/// A place between tokens.
#[derive(Debug, Clone, Copy)]
struct Place {
    byte: usize,
    /// How many characters start before it.
    n_chars: u32,
}

impl<'t> WholeText<'t> {
    pub(crate) fn new(text: &'t str, unit: OffsetUnit, trim: TrimOffsets) -> Self {
        Self {
            text,
            is_ascii: text.is_ascii(),
            unit,
            trim,
        }
    }

    /// Appends the spans of the tokens `kept`, of which `ends` says where they end.
    /// They are those of an encoding of these tokens alone. `is_added` tells tokens
    /// that are shown as their text.
    pub(crate) fn put(
        self,
        ends: &[u32],
        kept: Range<usize>,
        is_added: impl Fn(usize) -> bool,
        to: &mut Vec<TokenSpan>,
    ) {
        let start = kept.start.checked_sub(1).and_then(|last| ends.get(last));
        let start = start.map_or(0, |&start| start);
        let own = ends.get(kept.clone()).unwrap_or_default();
        if self.is_ascii && self.trim == TrimOffsets::Keep {
            to.extend(own.first().map(|&end| (start, end)));
            to.extend(own.windows(2).map(|ends| (ends[0], ends[1])));
            return;
        }
        let mut place = self.after(
            Place {
                byte: 0,
                n_chars: 0,
            },
            start as usize,
        );
        for (at, &end) in own.iter().enumerate() {
            let next = self.after(place, end as usize);
            let span = (self.start_at(place), self.end_at(next));
            to.push(match self.trim {
                TrimOffsets::Keep => span,
                trim => {
                    let bytes = place.byte..next.byte;
                    let margins = self.margins(bytes, || is_added(kept.start + at));
                    match self.unit {
                        OffsetUnit::Bytes if !self.is_ascii => {
                            trim.trimmed_in(self.text, at, span, margins)
                        }
                        OffsetUnit::Bytes | OffsetUnit::Chars => trim.trimmed(at, span, margins),
                    }
                }
            });
            place = next;
        }
    }

    /// The place at `byte`, behind another one.
    fn after(self, place: Place, byte: usize) -> Place {
        let between = match self.unit {
            OffsetUnit::Bytes => &[],
            OffsetUnit::Chars => self.bytes(place.byte..byte),
        };
        Place {
            byte,
            n_chars: place.n_chars + count_starts(between),
        }
    }

    /// Where a token starts that does so here: where the character does that its
    /// first byte is of.
    fn start_at(self, place: Place) -> u32 {
        match self.unit {
            OffsetUnit::Bytes => self.text.floor_char_boundary(place.byte) as u32,
            OffsetUnit::Chars => {
                let is_within = !self.text.is_char_boundary(place.byte);
                place.n_chars - u32::from(is_within)
            }
        }
    }

    /// Where a token ends that does so here: where the character does that its last
    /// byte is of.
    fn end_at(self, place: Place) -> u32 {
        match self.unit {
            OffsetUnit::Bytes => self.text.ceil_char_boundary(place.byte) as u32,
            OffsetUnit::Chars => place.n_chars,
        }
    }

    /// The white space of a token. Only for added ones more than spaces count.
    fn margins(self, range: Range<usize>, is_added: impl FnOnce() -> bool) -> Margins {
        let margins = Margins::of_bytes(self.bytes(range.clone()));
        let inner = range.start + margins.leading as usize..range.end - margins.trailing as usize;
        let inner = self.bytes(inner);
        let is_plain = |byte: Option<&u8>| matches!(byte, Some(0x21..0x7f));
        match self.text.get(range) {
            Some(text) if !(is_plain(inner.first()) && is_plain(inner.last())) && is_added() => {
                Margins::of(text)
            }
            _ => margins,
        }
    }

    fn bytes(self, range: Range<usize>) -> &'t [u8] {
        self.text.as_bytes().get(range).unwrap_or_default()
    }
}
