//! Places in a text in characters rather than bytes.

use super::types::{Encoding, TokenSpan};

/// Bytes between places whose character is known.
const STEP: usize = 64;

/// Finds the number of the character that a byte is of.
pub(crate) struct CharOffsets<'t> {
    text: &'t [u8],
    /// How many characters start before byte `STEP * i`.
    starts: Vec<u32>,
    /// How many characters there are, where the end of the text is a place too.
    end: Option<u32>,
}

impl<'t> CharOffsets<'t> {
    /// For the text that spans are of.
    pub(crate) fn new(text: &'t str) -> Self {
        let text = text.as_bytes();
        let mut n_chars = 0;
        let mut starts = Vec::with_capacity(text.len() / STEP + 1);
        for block in text.chunks(STEP) {
            starts.push(n_chars);
            n_chars += count_starts(block);
        }
        Self {
            text,
            starts,
            end: None,
        }
    }

    /// The same with a span at the end of the text in characters as well, which
    /// Hugging Face leaves in bytes.
    pub(crate) fn with_end(self) -> Self {
        let last = self.text.len().checked_sub(1);
        let n_chars = last.map_or(0, |last| {
            self.char_of(last as u32).map_or(0, |last| last + 1)
        });
        Self {
            end: Some(n_chars),
            ..self
        }
    }

    /// The number of the character of a byte of the text.
    fn char_of(&self, byte: u32) -> Option<u32> {
        let byte = byte as usize;
        if byte >= self.text.len() {
            return self.end;
        }
        let block = byte / STEP;
        let before = self.text.get(block * STEP..=byte).unwrap_or_default();
        // The character that the byte is of has started.
        Some(self.starts[block] + count_starts(before) - 1)
    }

    /// A span in characters, as Hugging Face makes it of one in bytes: an end
    /// within a character counts as its start, and a span that starts at the
    /// end of the text is left as it is.
    pub(crate) fn convert(&self, span: TokenSpan) -> TokenSpan {
        let Some(start) = self.char_of(span.0) else {
            return span;
        };
        let end = self.char_of(span.1).unwrap_or_else(|| {
            let last = span.1.checked_sub(1).and_then(|last| self.char_of(last));
            last.unwrap_or(start + 1) + 1
        });
        (start, end)
    }
}

/// How many characters start among bytes of UTF-8.
pub(super) fn count_starts(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .map(|byte| u32::from(byte & 0xc0 != 0x80))
        .sum()
}

impl Encoding {
    /// Turns spans in bytes into spans in characters. It is for the tokens of
    /// one text, before [`super::finish`].
    pub(crate) fn spans_to_chars(&mut self, offsets: &CharOffsets<'_>) {
        for span in &mut self.spans {
            *span = offsets.convert(*span);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn equals_a_map_of_bytes(text in "[aé\u{4e00}\u{1f600}]{0,90}", spans: [(u8, u8); 40]) {
            let of_byte: Vec<u32> = (0..)
                .zip(text.chars())
                .flat_map(|(at, c)| std::iter::repeat_n(at, c.len_utf8()))
                .collect();
            let offsets = CharOffsets::new(&text);
            for (start, len) in spans {
                let start = usize::from(start) % (text.len() + 1);
                let end = (start + usize::from(len) % 9).min(text.len());
                let expected = match (of_byte.get(start), of_byte.get(end)) {
                    (Some(start), Some(end)) => (*start, *end),
                    (Some(start), None) => (*start, of_byte[end - 1] + 1),
                    _ => (start as u32, end as u32),
                };
                prop_assert_eq!(offsets.convert((start as u32, end as u32)), expected);
                let at = |byte: usize| text.get(..byte).unwrap().chars().count() as u32;
                if text.is_char_boundary(start) && text.is_char_boundary(end) {
                    let span = CharOffsets::new(&text).with_end().convert((start as u32, end as u32));
                    prop_assert_eq!(span, (at(start), at(end)));
                }
            }
        }
    }
}
