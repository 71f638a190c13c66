//! The normal forms of Unicode, of version 9 as in Hugging Face.

use unicode_normalization_alignments::char::canonical_combining_class;
use unicode_normalization_alignments::{
    IsNormalized, UnicodeNormalization, is_nfc_quick, is_nfd_quick, is_nfkc_quick, is_nfkd_quick,
};

use super::super::aligned::AlignedText;
use super::standing::CharStanding;
use crate::tokenize::error::EncodeError;

/// The most characters that the normal form of one has: U+FDFA has them.
pub(super) const GROWTH: usize = 18;

/// Whether normal forms leave a character where it is among its neighbours.
pub(crate) fn is_starter(c: char) -> bool {
    canonical_combining_class(c) == 0
}

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

    /// How what a text of few characters becomes stands to others.
    pub(super) fn standing(self, text: &str) -> Option<CharStanding> {
        let chars = || text.chars();
        let is_quick = |c| self.is_quick([c].into_iter());
        let first = chars().next();
        if chars().eq(first) && first.is_some_and(|c| !is_starter(c) && is_quick(c)) {
            // Marks side by side may change places.
            return Some(CharStanding::LoneMark);
        }
        let normal = self.of(text);
        let is_settled = normal.chars().all(|c| is_starter(c) && is_quick(c));
        is_settled.then_some(if normal.chars().count() == 1 {
            CharStanding::Open
        } else {
            CharStanding::NoMarks
        })
    }

    fn of(self, text: &str) -> String {
        match self {
            Self::Nfc => text.nfc().map(|(c, _)| c).collect(),
            Self::Nfd => text.nfd().map(|(c, _)| c).collect(),
            Self::Nfkc => text.nfkc().map(|(c, _)| c).collect(),
            Self::Nfkd => text.nfkd().map(|(c, _)| c).collect(),
        }
    }

    /// Whether the text has this form, where that is quickly seen.
    fn holds(self, text: &str) -> bool {
        if text.is_ascii() {
            return true;
        }
        self.is_quick(text.chars())
    }

    fn is_quick(self, chars: impl Iterator<Item = char>) -> bool {
        IsNormalized::Yes
            == match self {
                Self::Nfc => is_nfc_quick(chars),
                Self::Nfd => is_nfd_quick(chars),
                Self::Nfkc => is_nfkc_quick(chars),
                Self::Nfkd => is_nfkd_quick(chars),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_is_longer_than_that_of_one_character() {
        let longest = (char::MIN..=char::MAX).map(|c| [c].into_iter().nfkd().count());
        assert_eq!(longest.max(), Some(GROWTH));
    }
}
