//! Spans without the white space that byte-level tokens have at their ends.

use super::types::{Encoding, Shown};

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
        for (at, (start, end)) in encoding.spans.iter_mut().enumerate() {
            let text: &str = match &encoding.texts[at] {
                Some(text) => text,
                None => &shown(encoding.ids[at]).unwrap_or_default(),
            };
            let mut leading = count_space(text.chars());
            let trailing = count_space(text.chars().rev());
            let is_first = at == 0 || *start == 0;
            if self == Self::TrimAllButPrefix && is_first && leading == 1 {
                leading = 0;
            }
            *start = start.saturating_add(leading).min(*end);
            if *end >= trailing {
                *end = (*end - trailing).max(*start);
            }
        }
    }
}

fn count_space(chars: impl Iterator<Item = char>) -> u32 {
    let is_space = |c: &char| *c == SPACE || c.is_whitespace();
    chars.take_while(is_space).count() as u32
}
