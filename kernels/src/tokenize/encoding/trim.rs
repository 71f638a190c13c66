//! Spans without the white space that byte-level tokens have at their ends.

use super::types::{Encoding, Shown, TokenSpan};

/// How spans are trimmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TrimOffsets {
    Keep,
    Trim,
    /// Trim, but not the one space at the start of a text that the
    /// pre-tokenizer may have put there.
    TrimAllButPrefix,
}

/// A space, as byte-level tokens spell it.
const SPACE: char = '\u{120}';

impl TrimOffsets {
    /// Trims the spans of an encoding and of its overflowing parts; `shown` is
    /// the text of a token. White space counts in the unit of the spans, one
    /// for each character.
    pub(super) fn apply(self, encoding: &mut Encoding, shown: &Shown<'_>) {
        if self == Self::Keep {
            return;
        }
        for part in &mut encoding.overflowing {
            self.trim(part, shown);
        }
        self.trim(encoding, shown);
    }

    fn trim(self, encoding: &mut Encoding, shown: &Shown<'_>) {
        for (at, span) in encoding.spans.iter_mut().enumerate() {
            let text: &str = match &encoding.texts[at] {
                Some(text) => text,
                None => &shown(encoding.ids[at]).unwrap_or_default(),
            };
            *span = self.trimmed(at, *span, Margins::of(text));
        }
    }

    /// The span of the token at place `at` of its encoding.
    pub(super) fn trimmed(self, at: usize, (start, end): TokenSpan, margins: Margins) -> TokenSpan {
        let Margins {
            mut leading,
            trailing,
        } = margins;
        let is_first = at == 0 || start == 0;
        if self == Self::TrimAllButPrefix && is_first && leading == 1 {
            leading = 0;
        }
        let start = start.saturating_add(leading).min(end);
        let is_longer = end >= trailing;
        let end = if is_longer {
            (end - trailing).max(start)
        } else {
            end
        };
        (start, end)
    }
}

/// How many characters of white space a token begins and ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Margins {
    pub(super) leading: u32,
    pub(super) trailing: u32,
}

impl Margins {
    /// Of a token that is shown so.
    pub(super) fn of(text: &str) -> Self {
        Self {
            leading: count_space(text.chars()),
            trailing: count_space(text.chars().rev()),
        }
    }

    /// Of a token of a byte-level vocabulary that stands for these bytes, of which
    /// only spaces are spelled as such.
    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        let is_space = |byte: &&u8| **byte == b' ';
        Self {
            leading: bytes.iter().take_while(is_space).count() as u32,
            trailing: bytes.iter().rev().take_while(is_space).count() as u32,
        }
    }
}

fn count_space(chars: impl Iterator<Item = char>) -> u32 {
    let is_space = |c: &char| *c == SPACE || c.is_whitespace();
    chars.take_while(is_space).count() as u32
}
