//! `BertNormalizer`.

use super::super::aligned::Aligned;
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
    pub(super) fn apply(self, text: &mut Aligned<'_>) -> Result<(), EncodeError> {
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

fn space_out_ideographs(text: &mut Aligned<'_>) -> Result<(), EncodeError> {
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
