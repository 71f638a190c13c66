//! `BertNormalizer`.

use std::collections::VecDeque;

use unicode_normalization_alignments::UnicodeNormalization;

use super::super::aligned::AlignedText;
use super::super::tables;
use super::chars::{filter, lowercase, map};
use super::forms::NormalForm;
use crate::tokenize::error::EncodeError;

/// The parts of `BertNormalizer` that a file asks for, in the order in which
/// they are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the options of the file format"
)]
pub(crate) struct BertSteps {
    /// Control characters go, white space becomes spaces.
    pub(crate) clean_text: bool,
    /// Ideographs get spaces around them.
    pub(crate) handle_chinese_chars: bool,
    /// NFD, then nonspacing marks go.
    pub(crate) strip_accents: bool,
    pub(crate) lowercase: bool,
}

impl BertSteps {
    pub(super) fn apply(self, text: &mut AlignedText<'_>) -> Result<(), EncodeError> {
        if !text.is_tracked() {
            return text.rewrite(|piece, out| out.collect(self.all_at_once(piece.text())));
        }
        if self.clean_text {
            filter(text, |c| !tables::removed().contains(c))?;
            map(text, |c| if c.is_whitespace() { ' ' } else { c })?;
        }
        if self.handle_chinese_chars {
            space_out_ideographs(text)?;
        }
        if self.strip_accents {
            NormalForm::Nfd.apply(text)?;
            filter(text, |c| c < '\u{300}' || !tables::nonspacing().contains(c))?;
        }
        if self.lowercase {
            lowercase(text)?;
        }
        Ok(())
    }
}

impl BertSteps {
    /// What the steps make of a character by itself.
    pub(crate) fn one(self, c: char) -> String {
        let mut buffer = [0; 4];
        let changed = self.all_at_once(c.encode_utf8(&mut buffer));
        changed.map(|(c, _)| c).collect()
    }

    /// What the steps one after another make of a text, in one go: ASCII byte
    /// by byte, and what lies between by the same functions. A letter of ASCII
    /// starts anew in NFD, so that nothing reaches over one that stays.
    fn all_at_once(self, text: &str) -> impl Iterator<Item = (char, isize)> {
        let mut rest = text;
        let mut ready = VecDeque::new();
        std::iter::from_fn(move || {
            loop {
                if let Some(c) = ready.pop_front() {
                    return Some((c, 0));
                }
                rest = self.ahead(rest, &mut ready)?;
            }
        })
    }

    /// Puts out what becomes of the start of a text, and gives the rest of it.
    fn ahead<'t>(self, text: &'t str, out: &mut VecDeque<char>) -> Option<&'t str> {
        let first = *text.as_bytes().first()?;
        if first.is_ascii() {
            out.extend(self.ascii(first));
            return text.get(1..);
        }
        let end = text.bytes().position(|byte| self.ascii(byte).is_some());
        let (wide, rest) = text.split_at_checked(end.unwrap_or(text.len()))?;
        self.wide(wide, out);
        Some(rest)
    }

    /// What becomes of a byte of ASCII; `None` if it goes, or is none.
    fn ascii(self, byte: u8) -> Option<char> {
        let c = char::from(byte);
        match byte {
            0x80.. => None,
            b'\t' | b'\n' | b'\r' if self.clean_text => Some(' '),
            0..0x20 | 0x7f if self.clean_text => None,
            _ if self.lowercase => Some(c.to_ascii_lowercase()),
            _ => Some(c),
        }
    }

    fn wide(self, text: &str, out: &mut VecDeque<char>) {
        let cleaned = text
            .chars()
            .filter(|&c| !self.clean_text || !tables::removed().contains(c))
            .map(|c| {
                if self.clean_text && c.is_whitespace() {
                    ' '
                } else {
                    c
                }
            });
        let spaced = cleaned.flat_map(|c| {
            let is_spaced = self.handle_chinese_chars && is_ideograph(c);
            let parts = if is_spaced { [' ', c, ' '] } else { [c; 3] };
            parts.into_iter().take(if is_spaced { 3 } else { 1 })
        });
        let lower = |c: char| {
            let lower = self.lowercase.then(|| c.to_lowercase());
            let same = (!self.lowercase).then_some(c);
            lower.into_iter().flatten().chain(same)
        };
        if self.strip_accents {
            let whole = spaced.nfd().map(|(c, _)| c);
            let bare = whole.filter(|&c| c < '\u{300}' || !tables::nonspacing().contains(c));
            out.extend(bare.flat_map(lower));
        } else {
            out.extend(spaced.flat_map(lower));
        }
    }
}

/// The blocks that BERT calls Chinese; one of them, U+2B820 to U+2B91F, is
/// missing in Hugging Face.
fn is_ideograph(c: char) -> bool {
    matches!(c,
        '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{2a6df}'
        | '\u{2a700}'..='\u{2b81f}'
        | '\u{2b920}'..='\u{2ceaf}'
        | '\u{2f800}'..='\u{2fa1f}')
}

fn space_out_ideographs(text: &mut AlignedText<'_>) -> Result<(), EncodeError> {
    if text.stays(|text| !text.chars().any(is_ideograph)) {
        return Ok(());
    }
    text.rewrite(|piece, out| {
        let changed = piece.text().chars().flat_map(|c| {
            let spaced = [(' ', 0), (c, 1), (' ', 1)];
            if is_ideograph(c) {
                spaced.into_iter().take(3)
            } else {
                [(c, 0); 3].into_iter().take(1)
            }
        });
        out.transform(piece, changed, 0)
    })
}
