//! The normal forms of Unicode, of version 9 as in Hugging Face.

use unicode_normalization_alignments::{
    IsNormalized, UnicodeNormalization, is_nfc_quick, is_nfd_quick, is_nfkc_quick, is_nfkd_quick,
};

use super::super::aligned::AlignedText;
use crate::tokenize::error::EncodeError;

/// A normal form of Unicode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NormalForm {
    Nfc,
    Nfd,
    Nfkc,
    Nfkd,
}

impl NormalForm {
    pub(super) fn apply(self, text: &mut AlignedText<'_>) -> Result<(), EncodeError> {
        if text.stays(|text| self.holds(text)) {
            return Ok(());
        }
        text.rewrite(|piece, out| {
            let text = piece.text();
            match self {
                Self::Nfc => out.transform(piece, text.nfc(), 0),
                Self::Nfd => out.transform(piece, text.nfd(), 0),
                Self::Nfkc => out.transform(piece, text.nfkc(), 0),
                Self::Nfkd => out.transform(piece, text.nfkd(), 0),
            }
        })
    }

    /// Whether the text has this form, where that is quickly seen.
    fn holds(self, text: &str) -> bool {
        if text.is_ascii() {
            return true;
        }
        let chars = text.chars();
        IsNormalized::Yes
            == match self {
                Self::Nfc => is_nfc_quick(chars),
                Self::Nfd => is_nfd_quick(chars),
                Self::Nfkc => is_nfkc_quick(chars),
                Self::Nfkd => is_nfkd_quick(chars),
            }
    }
}
