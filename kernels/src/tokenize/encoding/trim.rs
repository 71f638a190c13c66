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
    /// the text of a token, and `texts` are those that spans in bytes are of.
    pub(super) fn apply(
        self,
        encoding: &mut Encoding,
        shown: &Shown<'_>,
        texts: Option<[&str; 2]>,
    ) {
        if self == Self::Keep {
            return;
        }
        for part in &mut encoding.overflowing {
            self.trim(part, shown, texts);
        }
        self.trim(encoding, shown, texts);
    }

    fn trim(self, encoding: &mut Encoding, shown: &Shown<'_>, texts: Option<[&str; 2]>) {
        let sequence = encoding.sequences.keys().next();
        let sequence = sequence.map_or(0, |&sequence| sequence as usize);
        let of_span = texts.and_then(|texts| texts.get(sequence).copied());
        for (at, span) in encoding.spans.iter_mut().enumerate() {
            let text: &str = match &encoding.texts[at] {
                Some(text) => text,
                None => &shown(encoding.ids[at]).unwrap_or_default(),
            };
            let margins = Margins::of(text);
            *span = match of_span {
                Some(of_span) => self.trimmed_in(of_span, at, *span, margins),
                None => self.trimmed(at, *span, margins),
            };
        }
    }

    /// As [`Self::trimmed`], of a span in bytes of `text`, which loses whole
    /// characters: what is left is in bytes what it is in characters.
    pub(super) fn trimmed_in(
        self,
        text: &str,
        at: usize,
        span: TokenSpan,
        margins: Margins,
    ) -> TokenSpan {
        let bytes = span.0 as usize..span.1 as usize;
        let (Some(before), Some(own)) = (text.get(..bytes.start), text.get(bytes)) else {
            return self.trimmed(at, span, margins);
        };
        // Beyond so many, it makes no difference how many are before the span.
        let most = margins.trailing as usize + 1;
        let n_before = before.chars().take(most).count() as u32;
        let n_own = own.chars().count() as u32;
        let (start, end) = self.trimmed(at, (n_before, n_before + n_own), margins);
        let place = |n_chars: u32| {
            let mut chars = own.char_indices().skip((n_chars - n_before) as usize);
            span.0 + chars.next().map_or(own.len(), |(at, _)| at) as u32
        };
        (place(start), place(end))
    }

    /// The span of the token at place `at` of its encoding; white space counts one
    /// for each character.
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
